//! What lies in a store and its spool, made and looked at without a gateway.

use std::path::Path;

use stanzamail::core::address::MailAddress;
use stanzamail::core::context::Write;
use stanzamail::core::id::{JobId, MessageId};
use stanzamail::core::job::{ComposedMail, Job};
use stanzamail::core::record::{Cursor, Pair, PairOrigin};
use stanzamail::core::time::Timestamp;
use stanzamail::store::spool::{MailSource, Spool, SpoolError};
use stanzamail::store::{Store, StoreError};

/// A few mails have room in it.
const SEGMENT_OCTETS: u64 = 32 * 1024;

pub const MAILBOX: &str = "bridge@chat.a.example/INBOX";

/// A configuration with its store in this folder; nothing listens where it points.
pub fn config(store: &Path) -> String {
    format!(
        "[xmpp]\nserver = \"127.0.0.1:1\"\ndomain = \"gateway.a.example\"\nsecret = \"secret\"\n\
         [users]\ndomains = [\"a.example\"]\n\
         [[address]]\njid = \"{{local}}@a.example\"\nmail = \"{{local}}@chat.a.example\"\n\
         [smtp]\nhost = \"127.0.0.1\"\nport = 1\ntls = \"none\"\n\
         [[mailbox]]\nhost = \"127.0.0.1\"\nport = 1\ntls = \"none\"\nusername = \"bridge@chat.a.example\"\n\
         password = \"password\"\n[store]\npath = {:?}\n",
        store
    )
}

pub fn mail(number: u64) -> ComposedMail {
    let message_id = MessageId::parse(&format!("m{number}@chat.a.example")).unwrap();
    let job = Job {
        id: JobId::derive(&message_id),
        message_id,
        ordering_key: format!("alice {}", number % 7),
        sequence: number,
        from: Some(MailAddress::parse("alice@chat.a.example").unwrap()),
        to: vec![MailAddress::parse("carol@mail.example").unwrap()],
        origin: None,
        accepted: Timestamp::from_secs(1),
        attempts: 0,
        next_attempt: Timestamp::from_secs(1),
        delay_told: false,
        last_reply: None,
        certain: true,
        silent: false,
        expires: None,
        replaceable: false,
        files: Vec::new(),
        draft: None,
    };
    // Some longer than a page of the disk.
    let text = "x".repeat(300 + usize::try_from(number % 5).unwrap() * 2500);
    let bytes = format!("Subject: {number}\r\n\r\n{text}\r\n").into_bytes();
    ComposedMail { job, bytes }
}

/// One that is written in pieces, and never read whole; as it comes when a file was put into it.
pub fn long_mail(number: u64) -> (Job, Vec<u8>) {
    let ComposedMail { job, mut bytes } = mail(number);
    let line = |line: u64| format!("{number} {line:070}\r\n").into_bytes();
    bytes.extend((0..15_000).flat_map(line));
    (job, bytes)
}

/// Accepts that.
pub async fn accept_long(queue: &Spool, (job, bytes): &(Job, Vec<u8>)) {
    let (start, rest) = bytes.split_at(2000);
    let mut file = queue.scratch().file();
    for piece in rest.chunks(300_000) {
        file.take(piece).await.expect("there is room");
    }
    let source = MailSource::joined([start.to_vec().into(), file.done()]);
    queue
        .accept_long(job, source)
        .await
        .expect("it is accepted");
}

pub fn pair(number: u64) -> Write {
    let name = match number % 10 {
        3 => Some("a name that is long ".repeat(200)),
        _ => None,
    };
    Write::Pair(Pair {
        jid: format!("u{number:06}@a.example").parse().unwrap(),
        mail: MailAddress::parse(&format!("m{number}@b.example")).unwrap(),
        name,
        origin: PairOrigin::Verified,
        saved: Timestamp::from_secs(1),
    })
}

pub fn seen(number: u64) -> Write {
    let id = MessageId::parse(&format!("in{number}@mail.example")).unwrap();
    Write::Seen("alice@a.example".parse().unwrap(), id, Timestamp::now())
}

pub fn cursor(uid_next: u64) -> Write {
    let cursor = Cursor {
        uid_validity: 7,
        uid_next: u32::try_from(uid_next).unwrap() + 1,
        since: Timestamp::from_secs(1_790_000_000),
        again: None,
    };
    Write::Cursor(MAILBOX.to_owned(), cursor)
}

/// As far as it goes, on a runtime of its own.
pub fn wait<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(work)
}

pub fn save(store: &impl Store, writes: Vec<Write>) {
    wait(store.commit(Timestamp::now(), writes)).expect("the disk is good");
}

/// Opens a spool; the one before may have been closed in this moment. Its segments are short, so that there are many.
pub fn spool(folder: &Path) -> (Spool, Vec<Job>) {
    for _ in 0..1000 {
        match Spool::open_with(folder, SEGMENT_OCTETS) {
            Err(SpoolError::InUse(_)) => std::thread::sleep(std::time::Duration::from_millis(2)),
            opened => {
                let (spool, _) = opened.expect("the spool opens");
                return (spool, Spool::look(folder).expect("the spool can be read"));
            }
        }
    }
    panic!("the spool stays in use");
}

/// The same of a store. A program that another test has just begun to start still has its lock, until it is one.
pub fn store(folder: &Path) -> Result<impl Store + std::fmt::Debug + use<>, StoreError> {
    for _ in 0..1000 {
        match stanzamail::store::open(folder) {
            Err(StoreError::InUse(_)) => std::thread::sleep(std::time::Duration::from_millis(2)),
            opened => return opened,
        }
    }
    panic!("the store stays in use");
}

/// All rows of an export.
pub fn rows(store: &impl Store) -> Vec<String> {
    let rows = wait(store.page(None, None, usize::MAX)).unwrap();
    let line = |(_, record)| stanzamail::store::transfer::to_line(&record).unwrap();
    rows.into_iter().map(line).collect()
}
