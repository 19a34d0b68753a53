//! The mail servers of a simulated world: one takes the gateway's mails to their contacts, one keeps its mailbox.

use super::gateway::{IMAP_PORT, SMTP_PORT};
use super::network::{self, dice};
use super::{TODAY, Trace};
use crate::imap::fake::{self as imap, Fault};
use crate::smtp::fake::{self as smtp, Say, Script};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::io::BufReader;
use tokio::time::sleep;

/// The longest pause between two mails of one conversation, in milliseconds.
const PAUSE_MAX: u64 = 20_000;

/// Up to how many mails a mailbox is rebuilt at any time. A bigger one must have grown by a tenth since: all of it is read
/// again, and a mailbox that keeps everything would be read for ever in a long life.
const REBUILT_MAX: usize = 2_000;

/// What contacts have got.
#[derive(Clone, Default)]
pub(super) struct Arrived {
    /// Texts in the order of their first arrival.
    pub texts: Vec<String>,
    /// The Message-IDs of each.
    pub ids: BTreeMap<String, BTreeSet<String>>,
    /// Texts that stood twice in one mail.
    pub doubled: Vec<String>,
    /// How many mails came in all.
    pub count: usize,
}

#[derive(Clone)]
pub(super) struct MailServers {
    arrived: Arc<Mutex<Arrived>>,
    mailbox: Arc<Mutex<imap::State>>,
    has_faults: Arc<AtomicBool>,
    /// How many mails the mailbox had when it was rebuilt.
    rebuilt: Arc<AtomicUsize>,
}

impl MailServers {
    pub(super) fn start(trace: Trace) -> Self {
        let mut mailbox = imap::State::new();
        mailbox.looks_every = Duration::from_millis(500);
        let servers = Self {
            arrived: Arc::default(),
            mailbox: Arc::new(Mutex::new(mailbox)),
            has_faults: Arc::new(AtomicBool::new(true)),
            rebuilt: Arc::default(),
        };
        let mut connections = network::listen(IMAP_PORT);
        let mailbox = Arc::clone(&servers.mailbox);
        tokio::spawn(async move {
            while let Some(stream) = connections.recv().await {
                tokio::spawn(imap::serve(stream, Arc::clone(&mailbox)));
            }
        });
        let mut connections = network::listen(SMTP_PORT);
        let script = servers.clone().script(trace);
        let count = AtomicUsize::new(0);
        tokio::spawn(async move {
            while let Some(stream) = connections.recv().await {
                let number = count.fetch_add(1, Ordering::Relaxed);
                let stream = BufReader::new(stream);
                tokio::spawn(smtp::serve(
                    stream,
                    number,
                    Arc::default(),
                    Arc::clone(&script),
                ));
            }
        });
        servers
    }

    pub(super) fn arrived(&self) -> Arrived {
        self.arrived.lock().unwrap().clone()
    }

    pub(super) fn mailbox(&self) -> MutexGuard<'_, imap::State> {
        self.mailbox.lock().unwrap()
    }

    /// From now on nothing is refused, broken or forgotten.
    pub(super) fn be_well(&self) {
        self.has_faults.store(false, Ordering::Relaxed);
        self.mailbox().faults.clear();
    }

    /// What the server says to a line of SMTP.
    fn script(self, trace: Trace) -> Script {
        Arc::new(move |_, line| {
            let luck = match self.has_faults.load(Ordering::Relaxed) {
                true => dice(100),
                false => 99,
            };
            let is_mail = line.starts_with('.');
            match (line.get(..4).unwrap_or(line), luck) {
                ("GREE", 0..5) => Say::Last("421 4.3.2 too many connections\r\n"),
                ("EHLO", 0..40) => Say::Reply(smtp::PIPELINING),
                ("MAIL", 0..3) => Say::Reply("451 4.3.0 not now\r\n"),
                ("RCPT", 0..4) => Say::Reply("450 4.2.1 later\r\n"),
                ("DATA", 0..2) => Say::Close,
                _ if is_mail && luck < 3 => Say::Reply("452 4.3.1 no room\r\n"),
                // Refused now and whenever it is tried again.
                _ if is_mail && texts_of(line).any(|text| text.ends_with('7')) => {
                    let texts: Vec<&str> = texts_of(line).collect();
                    trace.add(&format!("refused: {texts:?}"));
                    Say::Reply("554 5.7.1 not this one\r\n")
                }
                _ if is_mail => {
                    self.deliver(line, &trace);
                    match luck {
                        5..8 => Say::Close,
                        8..10 => Say::Hang,
                        10..20 => Say::Late(5000),
                        _ => Say::Usual,
                    }
                }
                _ => Say::Usual,
            }
        })
    }

    fn deliver(&self, mail: &str, trace: &Trace) {
        let id = mail
            .lines()
            .find_map(|line| line.strip_prefix("Message-ID: "));
        let id = id.expect("a mail has a Message-ID");
        let mut arrived = self.arrived.lock().unwrap();
        let mut lines = BTreeSet::new();
        for text in texts_of(mail) {
            if !lines.insert(text) {
                arrived.doubled.push(text.to_owned());
            }
            trace.add(&format!("the mail {id} says {text}"));
            if !arrived.ids.contains_key(text) {
                arrived.texts.push(text.to_owned());
            }
            let ids = arrived.ids.entry(text.to_owned()).or_default();
            ids.insert(id.to_owned());
        }
        arrived.count += 1;
    }

    /// Something goes wrong with the mailbox.
    pub(super) fn trouble(&self) {
        let fault = match dice(4) {
            0 => Fault::Silence,
            1 => Fault::Instead("%T NO try again\r\n".to_owned()),
            _ => Fault::Cut(dice(600) as usize),
        };
        self.mailbox().faults.push_back(("", fault));
    }

    /// The mailbox is rebuilt, if it may be: every mail has another UID.
    pub(super) fn number_anew(&self) -> bool {
        let mut mailbox = self.mailbox();
        let (count, before) = (mailbox.mails.len(), self.rebuilt.load(Ordering::Relaxed));
        if count > REBUILT_MAX && count < before + before / 10 {
            return false;
        }
        self.rebuilt.store(count, Ordering::Relaxed);
        mailbox.uid_validity += 1;
        let mails = std::mem::take(&mut mailbox.mails);
        mailbox.uid_next = dice(5) as u32 + 1;
        for mail in mails.into_values() {
            let uid = mailbox.uid_next;
            mailbox.mails.insert(uid, mail);
            mailbox.uid_next += 1;
        }
        true
    }
}

/// What our users have said in it: a mail holds what was said in one go. Nothing, where it holds only what was corrected later.
fn texts_of(mail: &str) -> impl Iterator<Item = &str> {
    let texts = mail.lines().filter(|line| line.contains(" to "));
    texts.map(|text| text.strip_prefix("Correction: ").unwrap_or(text))
}

/// A contact who writes to a user; some mails come twice, some have no Message-ID.
pub(super) async fn write(
    servers: MailServers,
    trace: Trace,
    (user, contact): (String, String),
    mails: usize,
) {
    for number in 0..mails {
        let id = match dice(10) {
            0 => String::new(),
            _ => format!("Message-ID: <{contact}-{user}-{number}@mail.example>\r\n"),
        };
        let mail = format!(
            "From: {contact}@mail.example\r\nTo: {user}@chat.a.example\r\n{id}\r\n{contact} to {user}: {number}\r\n"
        );
        for _ in 0..1 + dice(10) / 9 {
            trace.add(&format!("{contact} writes to {user}: {number}"));
            servers.mailbox().deliver(mail.clone(), TODAY);
        }
        sleep(Duration::from_millis(dice(PAUSE_MAX))).await;
    }
}
