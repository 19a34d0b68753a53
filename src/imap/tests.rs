//! The whole reader against the fake server.

use super::fake::{Fake, Fault, TODAY, mail};
use super::*;
use crate::core::quota::{Conversation, Demand, Demands, SharedQuotas};
use crate::core::record::Cursor;
use crate::core::settings::Allowance;
use crate::core::time::Timestamp;
use crate::inbound::{Batch, InboundMail, Left, Verdict, held};
use jid::BareJid;
use std::collections::BTreeSet;
use std::future::Future;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

mod unreliable;

/// A gateway's side: a reader of the fake's mailbox and what it handed over.
struct Gateway {
    batches: mpsc::Receiver<Batch>,
    reader: JoinHandle<()>,
    stop: CancellationToken,
    /// As a store would have it.
    stored: Option<Cursor>,
    /// Raw mails, each once, in the order in which they came.
    seen: Vec<String>,
    repeats: usize,
}

/// For tests of what becomes of a server that says nothing.
fn config_of_the_impatient(fake: &Fake, after: After) -> MailboxConfig {
    let short = Duration::from_millis(300);
    let config = config(fake, after);
    MailboxConfig {
        timings: ImapTimings {
            connect: short,
            silence: short,
            done: short,
            ..config.timings
        },
        ..config
    }
}

/// With short pauses, and time for all that a busy machine does.
fn config(fake: &Fake, after: After) -> MailboxConfig {
    let patience = Duration::from_secs(10);
    MailboxConfig {
        name: "bridge@mail.example/INBOX".to_owned(),
        host: "127.0.0.1".to_owned(),
        port: fake.port,
        tls: TlsMode::Plain,
        ca_file: None,
        login: Login::by_password("bridge", "secret"),
        folder: "INBOX".to_owned(),
        idle: true,
        poll: Duration::from_millis(20),
        after,
        left_keyword: left_keyword("gateway.a.example"),
        octets_max: 10_000,
        spill_folder: std::env::temp_dir(),
        first_start: FirstStart::All,
        timings: ImapTimings {
            connect: patience,
            silence: patience,
            command: Duration::from_secs(5),
            idle: Duration::from_secs(5),
            idle_first: Duration::from_secs(5),
            done: patience,
            keepalive: Duration::from_millis(50),
            files: Duration::from_millis(10),
            waiting: Duration::from_millis(200),
            retry: Duration::from_millis(1),
            retry_max: Duration::from_millis(5),
        },
    }
}

impl Gateway {
    fn start(config: MailboxConfig, stored: Option<Cursor>) -> Self {
        Self::with(config, stored, &Allowance::default())
    }

    fn with(config: MailboxConfig, stored: Option<Cursor>, allowance: &Allowance) -> Self {
        let (sender, batches) = mpsc::channel(1);
        let stop = CancellationToken::new();
        let quotas = SharedQuotas::new(allowance);
        let reader = MailboxReader::new(config, stored, quotas, sender, Reports::default());
        let reader = tokio::spawn(reader.run(stop.clone()));
        Self {
            batches,
            reader,
            stop,
            stored,
            seen: Vec::new(),
            repeats: 0,
        }
    }

    async fn next(&mut self) -> Batch {
        timeout(Duration::from_secs(10), self.batches.recv())
            .await
            .expect("a batch in time")
            .expect("a reader")
    }

    fn handle(&mut self, batch: Batch, verdict: Verdict) {
        self.stored = batch.cursor;
        let verdicts = batch.mails.iter().map(|_| verdict.clone()).collect();
        for mail in batch.mails {
            let raw = String::from_utf8(mail.raw.octets().to_vec()).unwrap();
            if self.seen.contains(&raw) {
                self.repeats += 1;
            } else {
                self.seen.push(raw);
            }
        }
        let _ = batch.answer.send(verdicts);
    }

    /// Handles batches until this many different mails have come.
    async fn handle_until(&mut self, count: usize) {
        while self.seen.len() < count {
            let batch = self.next().await;
            self.handle(batch, Verdict::Handled);
        }
    }

    /// Handles batches until this holds.
    async fn handle_while_not(&mut self, holds: impl Fn() -> bool) {
        let wait = async {
            while !holds() {
                tokio::select! {
                    batch = self.batches.recv() => {
                        let batch = batch.expect("a reader");
                        self.handle(batch, Verdict::Handled);
                    }
                    () = sleep(Duration::from_millis(5)) => {}
                }
            }
        };
        timeout(Duration::from_secs(10), wait)
            .await
            .expect("in time");
    }

    async fn stop(self) -> Option<Cursor> {
        self.stop.cancel();
        self.reader.await.unwrap();
        self.stored
    }
}

fn mails(numbers: impl IntoIterator<Item = u32>) -> Vec<String> {
    numbers.into_iter().map(mail).collect()
}

fn cursor(uid_validity: u32, uid_next: u32) -> Cursor {
    Cursor {
        uid_validity,
        uid_next,
        since: Timestamp::from_xep0082("2026-11-22T00:00:00Z").unwrap(),
        again: None,
    }
}

async fn eventually<F: Future<Output = bool>>(holds: impl Fn() -> F) {
    let wait = async {
        while !holds().await {
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(Duration::from_secs(10), wait)
        .await
        .expect("in time");
}

#[tokio::test]
async fn what_is_there_and_what_comes_later_is_handed_over_once_and_in_order() {
    let fake = Fake::start().await;
    fake.deliver(1..=450);
    let mut gateway = Gateway::start(config(&fake, After::Keep), None);
    gateway.handle_until(450).await;
    for number in 451..=470 {
        fake.deliver([number]);
        gateway.handle_until(number as usize).await;
    }
    assert_eq!(gateway.seen, mails(1..=470));
    assert_eq!(gateway.repeats, 0);
    assert_eq!(gateway.stored.unwrap().uid_next, 471);
    eventually(async || fake.saw("IDLE")).await;
    assert!(fake.state().mails.values().all(|m| m.flags.is_empty()));
}

#[tokio::test]
async fn a_connection_that_ends_after_any_octet_of_a_fetch_loses_no_mail() {
    let answer_octets = mails(1..=4).concat().len() + 4 * 50;
    for cut in 0..answer_octets {
        let fake = Fake::start().await;
        fake.deliver(1..=4);
        fake.fault("UID FETCH 1:4 (UID BODY", Fault::Cut(cut));
        let mut gateway = Gateway::start(config(&fake, After::Keep), None);
        gateway.handle_until(4).await;
        assert_eq!(gateway.seen, mails(1..=4), "cut at {cut}");
        assert_eq!(gateway.stored.unwrap().uid_next, 5);
    }
}

#[tokio::test]
async fn a_connection_that_ends_after_any_octet_of_a_list_loses_no_mail() {
    for cut in 0..330 {
        let fake = Fake::start().await;
        fake.deliver(1..=4);
        fake.fault("UID FETCH 1:4 (UID RFC822.SIZE", Fault::Cut(cut));
        let mut gateway = Gateway::start(config(&fake, After::Keep), None);
        gateway.handle_until(4).await;
        assert_eq!(gateway.seen, mails(1..=4), "cut at {cut}");
    }
}

#[tokio::test]
async fn a_fetch_or_list_that_ends_with_no_passes_over_nothing() {
    for command in ["UID FETCH 1:3 (UID BODY", "UID FETCH 1:3 (UID RFC822"] {
        let fake = Fake::start().await;
        fake.deliver(1..=3);
        let text = "* 1 FETCH (UID 1 BODY[] {1}\r\nx)\r\n%T NO [SERVERBUG] sorry\r\n";
        fake.fault(command, Fault::Instead(text.to_owned()));
        let mut gateway = Gateway::start(config(&fake, After::Keep), None);
        gateway.handle_until(3).await;
        assert_eq!(gateway.seen, mails(1..=3));
    }
}

#[tokio::test]
async fn mails_that_nobody_asked_for_are_not_handed_over() {
    let fake = Fake::start().await;
    fake.deliver(1..=2);
    let unasked = "* 9 FETCH (UID 9 BODY[] {4}\r\nevil)\r\n* 1 FETCH (UID 1 FLAGS (\\Seen))\r\n* 1 FETCH (UID 1 BODY[TEXT] {4}\r\nevil)\r\n";
    fake.fault("UID FETCH 1:2 (UID BODY", Fault::Before(unasked.to_owned()));
    fake.fault(
        "UID FETCH 1:2 (UID RFC822",
        Fault::Before("* 9 FETCH (UID 9 RFC822.SIZE 4)\r\n".to_owned()),
    );
    let mut gateway = Gateway::start(config(&fake, After::Keep), None);
    gateway.handle_until(2).await;
    assert_eq!(gateway.seen, mails(1..=2));
    assert_eq!(gateway.stored.unwrap().uid_next, 3);
}

#[tokio::test]
async fn a_mail_whose_flags_alone_are_told_is_read_whole_all_the_same() {
    let fake = Fake::start().await;
    fake.deliver(1..=2);
    let flags = "* 1 FETCH (UID 1 RFC822.SIZE 46 FLAGS ())\r\n* 2 FETCH (UID 2 FLAGS (\\Flagged))\r\n%T OK done\r\n";
    fake.fault(
        "UID FETCH 1:2 (UID RFC822",
        Fault::Instead(flags.to_owned()),
    );
    let mut gateway = Gateway::start(config(&fake, After::Keep), None);
    gateway.handle_until(2).await;
    assert_eq!(gateway.seen, mails(1..=2));
}

#[tokio::test]
async fn mails_that_another_client_expunged_are_passed_over_and_the_rest_is_not() {
    let fake = Fake::start().await;
    fake.deliver(1..=4);
    let first = mail(1);
    let without_some = format!(
        "* 1 FETCH (UID 1 BODY[] {{{}}}\r\n{first})\r\n* 2 FETCH (UID 2 BODY[] NIL)\r\n* 3 FETCH (UID 3 BODY[] \"\")\r\n%T OK [EXPUNGEISSUED] done\r\n",
        first.len()
    );
    fake.fault("UID FETCH 1:4 (UID BODY", Fault::Instead(without_some));
    let mut gateway = Gateway::start(config(&fake, After::Keep), None);
    gateway.handle_until(1).await;
    fake.deliver([5]);
    gateway.handle_until(2).await;
    assert_eq!(gateway.seen, mails([1, 5]));
    assert_eq!(gateway.stored.unwrap().uid_next, 6);
}

#[tokio::test]
async fn the_ends_of_idle_by_bye_eof_and_refusal_lose_no_mail() {
    let faults = [
        Fault::Instead("+ idling\r\n* BYE shutting down\r\n".to_owned()),
        Fault::Cut(0),
        Fault::Cut(10),
        Fault::Instead("%T NO not today\r\n".to_owned()),
        Fault::Instead("%T BAD what\r\n".to_owned()),
        Fault::Instead("%T OK done already\r\n".to_owned()),
        Fault::Silence,
    ];
    for fault in faults {
        let fake = Fake::start().await;
        fake.fault("IDLE", fault);
        let mut gateway = Gateway::start(
            config_of_the_impatient(&fake, After::Keep),
            Some(cursor(7, 1)),
        );
        eventually(async || fake.saw("IDLE")).await;
        fake.deliver([1]);
        gateway.handle_until(1).await;
    }
}

#[tokio::test]
async fn a_server_that_refuses_idle_is_polled_on_the_same_connection() {
    let fake = Fake::start().await;
    fake.fault("IDLE", Fault::Instead("%T NO not today\r\n".to_owned()));
    let mut gateway = Gateway::start(config(&fake, After::Keep), Some(cursor(7, 1)));
    eventually(async || fake.saw("IDLE")).await;
    for number in 1..=5 {
        fake.deliver([number]);
        gateway.handle_until(number as usize).await;
    }
    assert_eq!(fake.state().connections, 1);
    let idles = fake
        .state()
        .commands
        .iter()
        .filter(|c| *c == "IDLE")
        .count();
    assert_eq!(idles, 1);
}

#[tokio::test]
async fn mail_that_is_told_of_just_before_idle_is_seen_without_waiting_for_idle_to_end() {
    for command in ["NOOP", "UID FETCH 2:*", "IDLE"] {
        let fake = Fake::start().await;
        fake.deliver([1]);
        fake.fault(command, Fault::Arrives(2));
        let mut config = config(&fake, After::Keep);
        // Longer than the test waits for a batch.
        config.timings.idle = Duration::from_secs(300);
        config.timings.idle_first = Duration::from_secs(300);
        let mut gateway = Gateway::start(config, None);
        gateway.handle_until(2).await;
        assert_eq!(fake.state().connections, 1, "{command}");
    }
}

#[tokio::test]
async fn mail_that_the_server_forgets_to_tell_of_is_found_soon() {
    let fake = Fake::start().await;
    fake.deliver([1]);
    fake.fault("NOOP", Fault::Forgets(2));
    let mut config = config(&fake, After::Keep);
    config.timings.idle = Duration::from_secs(300);
    config.timings.idle_first = Duration::from_millis(200);
    let mut gateway = Gateway::start(config, None);
    gateway.handle_until(2).await;
    assert_eq!(fake.state().connections, 1);
}

#[tokio::test]
async fn a_short_idle_that_ends_late_is_no_silence_of_the_server() {
    let fake = Fake::start().await;
    let mut config = config(&fake, After::Keep);
    config.timings.idle = Duration::from_millis(50);
    config.timings.idle_first = Duration::from_millis(50);
    let mut gateway = Gateway::start(config, Some(cursor(7, 1)));
    for _ in 0..3 {
        fake.state().commands.clear();
        eventually(async || fake.saw("IDLE")).await;
        // The server has answered, and the gateway waits.
        sleep(Duration::from_millis(10)).await;
        // A busy machine: no task of this process runs for ten times as long as the IDLE was to last.
        std::thread::sleep(Duration::from_millis(500));
    }
    fake.deliver([1]);
    gateway.handle_until(1).await;
    assert_eq!(fake.state().connections, 1);
}

#[tokio::test]
async fn another_uidvalidity_delivers_what_is_new_and_not_what_is_older_than_the_gateway() {
    let fake = Fake::start().await;
    fake.state().uid_validity = 8;
    fake.state().deliver(mail(1), "01-Nov-2026 12:00:00 +0000");
    fake.state().deliver(mail(2), TODAY);
    fake.state().deliver(mail(3), "20-Nov-2026 12:00:00 +0000");
    let mut gateway = Gateway::start(config(&fake, After::Delete), Some(cursor(7, 50)));
    let mut batch = gateway.next().await;
    let again = batch.cursor.unwrap().again;
    batch.cursor.as_mut().unwrap().again = None;
    assert_eq!(
        batch.cursor.unwrap(),
        cursor(7, 50),
        "a restart now reads again"
    );
    assert!(again.is_some_and(|again| again.uid_validity == 8 && again.uid_next > 2));
    gateway.handle(batch, Verdict::Handled);
    let batch = gateway.next().await;
    assert!(batch.mails.is_empty());
    assert_eq!(batch.cursor.unwrap(), cursor(8, 4));
    gateway.handle(batch, Verdict::Handled);
    assert_eq!(gateway.seen, mails([2]));
    eventually(async || fake.saw("IDLE")).await;
    assert_eq!(
        fake.state().mails.keys().copied().collect::<Vec<_>>(),
        [1, 3]
    );
}

#[tokio::test]
async fn a_restart_in_the_middle_of_reading_again_goes_on_there() {
    let fake = Fake::start().await;
    fake.state().uid_validity = 8;
    fake.deliver(1..=500);
    let settings = config(&fake, After::Keep);
    let mut gateway = Gateway::start(settings.clone(), Some(cursor(7, 50)));
    let batch = gateway.next().await;
    gateway.handle(batch, Verdict::Handled);
    let first = gateway.seen.clone();
    let stored = gateway.stop().await;
    assert!(!first.is_empty() && first.len() < 300, "{}", first.len());
    let mut gateway = Gateway::start(settings.clone(), stored);
    gateway.handle_until(500 - first.len()).await;
    assert_eq!(
        (gateway.repeats, first.len() + gateway.seen.len()),
        (0, 500)
    );
    let batch = gateway.next().await;
    assert_eq!(batch.cursor.unwrap(), cursor(8, 501));
    gateway.handle(batch, Verdict::Handled);
    gateway.stop().await;
}

#[tokio::test]
async fn uids_that_begin_anew_under_the_same_uidvalidity_are_read_again() {
    let fake = Fake::start().await;
    fake.deliver(1..=2);
    let mut gateway = Gateway::start(config(&fake, After::Keep), Some(cursor(7, 50)));
    gateway.handle_until(2).await;
    fake.deliver([3]);
    gateway.handle_until(3).await;
    while gateway.stored != Some(cursor(7, 4)) {
        let batch = gateway.next().await;
        gateway.handle(batch, Verdict::Handled);
    }
    assert_eq!(gateway.seen, mails(1..=3));
}

#[tokio::test]
async fn the_first_start_commits_where_it_begins_and_mail_that_comes_while_it_is_down_is_delivered()
{
    let fake = Fake::start().await;
    fake.deliver(1..=3);
    let mut settings = config(&fake, After::Keep);
    settings.first_start = FirstStart::New;
    let mut gateway = Gateway::start(settings.clone(), None);
    let batch = gateway.next().await;
    assert!(batch.mails.is_empty());
    assert_eq!(batch.cursor.unwrap().uid_next, 4);
    gateway.handle(batch, Verdict::Handled);
    let stored = gateway.stop().await;
    fake.deliver(4..=5);
    let mut gateway = Gateway::start(settings, stored);
    gateway.handle_until(2).await;
    assert_eq!(gateway.seen, mails(4..=5));
}

#[tokio::test]
async fn a_server_that_does_not_tell_uidnext_is_asked_for_it() {
    let fake = Fake::start().await;
    fake.state().tells_uid_next = false;
    fake.deliver(1..=2);
    for refusal in [None, Some("%T NO never\r\n")] {
        if let Some(text) = refusal {
            fake.fault("STATUS", Fault::Instead(text.to_owned()));
        }
        let mut settings = config(&fake, After::Keep);
        settings.first_start = FirstStart::New;
        let mut gateway = Gateway::start(settings, None);
        assert_eq!(gateway.next().await.cursor.unwrap().uid_next, 3);
    }
}

#[tokio::test]
async fn a_batch_that_was_not_handled_comes_again_and_nothing_after_it_comes_before() {
    let fake = Fake::start().await;
    fake.deliver(1..=300);
    let mut gateway = Gateway::start(config(&fake, After::Delete), None);
    for _ in 0..3 {
        let batch = gateway.next().await;
        assert_eq!(batch.mails.first().unwrap().uid, 1);
        assert_eq!(batch.mails.len(), 200);
    }
    assert_eq!(fake.state().mails.len(), 300);
    gateway.handle_until(300).await;
    assert_eq!(gateway.seen, mails(1..=300));
    assert_eq!(fake.state().connections, 1);
}

#[tokio::test]
async fn a_slow_pipeline_keeps_the_connection_and_gets_nothing_twice() {
    let fake = Fake::start().await;
    fake.deliver([1]);
    let mut gateway = Gateway::start(config_of_the_impatient(&fake, After::Delete), None);
    let batch = gateway.next().await;
    sleep(Duration::from_millis(400)).await;
    eventually(async || fake.saw("NOOP")).await;
    gateway.handle(batch, Verdict::Handled);
    eventually(async || fake.state().mails.is_empty()).await;
    assert_eq!(fake.state().connections, 1);
    assert_eq!(gateway.repeats, 0);
}

#[tokio::test]
async fn a_connection_lost_while_the_pipeline_works_waits_for_its_answer_and_disposes_then() {
    let fake = Fake::start().await;
    fake.deliver(1..=2);
    let mut gateway = Gateway::start(config(&fake, After::Delete), None);
    let batch = gateway.next().await;
    fake.fault("NOOP", Fault::Cut(0));
    eventually(async || fake.state().connections >= 2).await;
    sleep(Duration::from_millis(100)).await;
    assert!(
        gateway.batches.try_recv().is_err(),
        "not while it is being handled"
    );
    gateway.handle(batch, Verdict::Handled);
    // Disposed of as leftovers, which the pipeline recognises.
    gateway
        .handle_while_not(|| fake.state().mails.is_empty())
        .await;
    assert_eq!(gateway.seen, mails(1..=2));
}

#[tokio::test]
async fn each_way_to_dispose_is_for_handled_mails_and_left_ones_stay_marked() {
    for after in [
        After::Keep,
        After::Seen,
        After::Move("Done".to_owned()),
        After::Delete,
    ] {
        for capabilities in [
            "IMAP4rev1 IDLE UIDPLUS MOVE",
            "IMAP4rev1 IDLE UIDPLUS",
            "IMAP4rev1 IDLE",
        ] {
            let fake = Fake::start().await;
            fake.state().capabilities = capabilities.to_owned();
            fake.deliver(1..=2);
            let mut gateway = Gateway::start(config(&fake, after.clone()), None);
            let batch = gateway.next().await;
            let _ = batch
                .answer
                .send(vec![Verdict::Handled, Verdict::Left(Left::Nobody)]);
            eventually(async || fake.saw("IDLE")).await;
            check_disposal(&fake, &after, capabilities);
        }
    }
}

fn check_disposal(fake: &Fake, after: &After, capabilities: &str) {
    let state = fake.state();
    let flags = |uid: u32| {
        state
            .mails
            .get(&uid)
            .map(|m| m.flags.iter().map(String::as_str).collect::<Vec<_>>())
    };
    assert_eq!(flags(2).unwrap(), ["$StanzamailLeft-gateway.a.example"]);
    let handled = match after {
        After::Keep => Some(vec![]),
        After::Seen => Some(vec!["\\Seen"]),
        _ if capabilities.contains("UIDPLUS") => None,
        _ => Some(vec!["\\Deleted"]),
    };
    assert_eq!(flags(1), handled, "{after:?} with {capabilities}");
    let moved = if matches!(after, After::Move(_)) {
        mails([1])
    } else {
        vec![]
    };
    assert_eq!(state.moved, moved);
    assert_eq!(
        state.folders.contains("\"Done\""),
        matches!(after, After::Move(_))
    );
    assert!(!state.commands.iter().any(|c| c == "EXPUNGE"));
}

#[tokio::test]
async fn what_was_committed_and_not_disposed_of_is_handed_over_again_and_disposed_of() {
    for after in [After::Seen, After::Move("Done".to_owned()), After::Delete] {
        let fake = Fake::start().await;
        fake.state().deliver(mail(1), "01-Nov-2026 12:00:00 +0000");
        fake.state().deliver(mail(2), TODAY);
        fake.state().deliver(mail(3), TODAY);
        fake.state()
            .mails
            .get_mut(&3)
            .unwrap()
            .flags
            .insert(left_keyword("gateway.a.example"));
        fake.deliver([4]);
        let mut gateway = Gateway::start(config(&fake, after.clone()), Some(cursor(7, 4)));
        let batch = gateway.next().await;
        assert_eq!(batch.cursor.unwrap(), cursor(7, 4), "the cursor stays");
        gateway.handle(batch, Verdict::Handled);
        gateway.handle_until(2).await;
        assert_eq!(gateway.seen, mails([2, 4]));
        eventually(async || fake.saw("IDLE")).await;
        let is_undone = |m: &super::fake::Stored| m.flags.is_empty();
        let undone: Vec<u32> = fake
            .state()
            .mails
            .iter()
            .filter(|(_, m)| is_undone(m))
            .map(|(uid, _)| *uid)
            .collect();
        assert_eq!(undone, [1], "older than the gateway");
    }
}

#[tokio::test]
async fn a_connection_lost_between_flagging_and_expunging_leaves_no_mail_behind() {
    let fake = Fake::start().await;
    fake.deliver(1..=3);
    fake.fault("UID EXPUNGE", Fault::Instead("* BYE\r\n".to_owned()));
    let mut gateway = Gateway::start(config(&fake, After::Delete), None);
    gateway
        .handle_while_not(|| fake.state().mails.is_empty())
        .await;
    assert_eq!(gateway.seen, mails(1..=3));
    assert_eq!(fake.state().connections, 2);
}

pub(super) fn conversation(contact: &str, user: &str) -> Conversation {
    let jid = |name: &str, domain| BareJid::new(&format!("{name}@{domain}")).unwrap();
    Conversation {
        user: jid(user, "a.example"),
        contact: jid(contact, "gateway.a.example"),
        is_believed: true,
    }
}

/// Whoever waits gets in line: the first mails of each conversation that wait are brought again, in their order, and none
/// of theirs that came after overtakes them.
#[tokio::test]
async fn mails_that_wait_are_brought_again_and_tell_who_waits() {
    let alice = conversation("carol", "alice");
    let later = || waits(&alice);
    let fake = Fake::start().await;
    fake.deliver(1..=3);
    let mut gateway = Gateway::start(config(&fake, After::Move("Done".to_owned())), None);
    let batch = gateway.next().await;
    assert!(batch.waiting.is_empty() && batch.may_wait);
    let _ = batch.answer.send(vec![Verdict::Handled, later(), later()]);
    fake.deliver([4]);
    let batch = gateway.next().await;
    assert_eq!(
        batch.waiting,
        BTreeSet::from([alice.clone()]),
        "4 comes after 2 and 3"
    );
    assert_eq!(batch.mails.len(), 1);
    let _ = batch.answer.send(vec![later()]);
    // While they wait another client takes one away.
    fake.state().mails.remove(&3);

    let batch = gateway.next().await;
    assert!(batch.waiting.is_empty(), "it is their turn");
    let admitted = BTreeSet::from([alice.clone()]);
    assert_eq!(batch.admitted.get(&2), Some(&admitted));
    let uids: Vec<u32> = batch.mails.iter().map(|mail| mail.uid).collect();
    assert_eq!(uids, [2, 4]);
    let _ = batch.answer.send(vec![Verdict::Handled, later()]);
    let batch = gateway.next().await;
    assert_eq!(batch.mails[0].uid, 4);
    let _ = batch.answer.send(vec![Verdict::Handled]);
    eventually(async || fake.state().mails.is_empty()).await;
    fake.deliver([5]);
    let batch = gateway.next().await;
    assert!(batch.waiting.is_empty(), "nobody waits any more");
}

fn waits(conversation: &Conversation) -> Verdict {
    let demand = Demand {
        messages: 1,
        is_acquainted: true,
    };
    Verdict::Later(Demands::from([(conversation.clone(), demand)]))
}

/// What waits is fetched again when there is room for it, however often the connection breaks meanwhile.
#[tokio::test]
async fn e7_mails_that_wait_are_not_fetched_before_there_is_room_for_them() {
    for after in [After::Keep, After::Seen, After::Move("Done".to_owned())] {
        let fake = Fake::start().await;
        fake.deliver(1..=50);
        let allowance = Allowance {
            shown_per_minute: Some(3),
            ..Allowance::default()
        };
        let mut gateway = Gateway::with(config(&fake, after), None, &allowance);
        let bodies = || {
            let state = fake.state();
            let is_fetch = |command: &&String| command.contains("BODY.PEEK[]");
            state.commands.iter().filter(is_fetch).count()
        };
        let batch = gateway.next().await;
        let each = |mail: &InboundMail| waits(&conversation(&format!("c{}", mail.uid), "alice"));
        let verdicts = batch.mails.iter().map(each).collect();
        let _ = batch.answer.send(verdicts);
        let batch = gateway.next().await;
        let uids: Vec<u32> = batch.mails.iter().map(|mail| mail.uid).collect();
        assert_eq!(uids, [1, 2, 3], "as many as may be shown, the oldest");
        assert_eq!(batch.admitted.len(), 3);
        let _ = batch.answer.send(vec![Verdict::Handled; 3]);
        let before = bodies();
        for connections in 2..=5 {
            fake.fault("NOOP", Fault::Cut(0));
            fake.fault("DONE", Fault::Cut(0));
            fake.deliver([50 + u32::try_from(connections).unwrap()]);
            let new = async {
                loop {
                    let batch = gateway.next().await;
                    let is_new = |mail: &InboundMail| mail.uid > 50;
                    assert!(batch.mails.iter().all(is_new), "{:?}", batch.mails);
                    let count = batch.mails.len();
                    let _ = batch.answer.send(vec![Verdict::Handled; count]);
                    if count > 0 {
                        return;
                    }
                }
            };
            new.await;
            eventually(async || fake.state().connections >= connections).await;
        }
        sleep(Duration::from_millis(500)).await;
        assert!(bodies() <= before + 8, "{} more", bodies() - before);
        let state = fake.state();
        let is_of_those =
            |command: &&String| command.contains("BODY.PEEK[]") && command.contains("UID FETCH 4:");
        assert_eq!(state.commands.iter().filter(is_of_those).count(), 0);
    }
}

/// What one gateway leaves may be for the users of another that reads the same mailbox.
#[tokio::test]
async fn e26_two_gateways_on_one_mailbox_pass_over_nothing_that_the_other_left() {
    for after in [
        After::Keep,
        After::Seen,
        After::Move("Done".to_owned()),
        After::Delete,
    ] {
        let fake = Fake::start().await;
        fake.deliver(1..=3);
        let mut one = Gateway::start(config(&fake, after.clone()), None);
        let batch = one.next().await;
        one.handle(batch, Verdict::Left(Left::Nobody));
        let left = |gateway: &str, first: u32| {
            let keyword = left_keyword(gateway);
            let state = fake.state();
            let mails = state.mails.range(first..).map(|(_, mail)| mail);
            mails.filter(|mail| mail.flags.contains(&keyword)).count()
        };
        eventually(async || left("gateway.a.example", 1) == 3).await;
        let other = MailboxConfig {
            left_keyword: left_keyword("gateway.b.example"),
            ..config(&fake, after.clone())
        };
        // It reads them for the first time, or has read them and not come to dispose of them.
        let mut new = Gateway::start(other.clone(), None);
        new.handle_until(1).await;
        assert_eq!(new.seen, mails(1..=3));
        new.stop().await;
        if after != After::Keep {
            fake.deliver(4..=5);
            while one.seen.len() < 5 {
                let batch = one.next().await;
                one.handle(batch, Verdict::Left(Left::Nobody));
            }
            eventually(async || left("gateway.a.example", 4) == 2).await;
            let mut again = Gateway::start(other, Some(cursor(7, 6)));
            let has_both = |seen: &[String]| mails(4..=5).iter().all(|one| seen.contains(one));
            while !has_both(&again.seen) {
                let batch = again.next().await;
                again.handle(batch, Verdict::Left(Left::Nobody));
            }
            eventually(async || left("gateway.b.example", 4) == 2).await;
        }
    }
}

#[test]
fn e26_the_keyword_of_a_gateway_is_one_that_a_server_keeps() {
    let plain = left_keyword("bridge.example.org");
    assert_eq!(plain, "$StanzamailLeft-bridge.example.org");
    let long = format!("{}.example.org", "b".repeat(60));
    for odd in ["brücke.example", "[::1]", "*", "a b", "a)b", &long] {
        let keyword = left_keyword(odd);
        let is_atom = |c: char| c.is_ascii_alphanumeric() || "$-".contains(c);
        assert!(keyword.chars().all(is_atom), "{keyword}");
        assert!(
            keyword.len() <= 50 && keyword != left_keyword("other"),
            "{keyword}"
        );
    }
}

/// Two worlds in 16,000 came to that.
#[tokio::test]
async fn a_server_that_does_not_say_which_mails_wait_is_asked_again_before_new_ones_are_read() {
    for (refusals, expected) in [(1, mails(1..=3)), (9, mails([3]))] {
        let fake = Fake::start().await;
        fake.deliver(1..=3);
        for _ in 0..refusals {
            let refused = Fault::Instead("%T NO try again\r\n".to_owned());
            fake.fault("UID SEARCH", refused);
        }
        let mut gateway = Gateway::start(config(&fake, After::Seen), Some(cursor(7, 3)));
        gateway.handle_until(expected.len()).await;
        assert_eq!(gateway.seen, expected);
    }
}

/// Only the cursor knows then which mails are handled: it stays before the first that waits, over any break of the connection.
#[tokio::test]
async fn where_the_mailbox_does_not_tell_what_is_handled_the_cursor_stays_before_what_waits() {
    let later = || waits(&conversation("carol", "alice"));
    let uids = |batch: &Batch| -> Vec<u32> { batch.mails.iter().map(|mail| mail.uid).collect() };
    let fake = Fake::start().await;
    fake.deliver(1..=4);
    let mut gateway = Gateway::start(config(&fake, After::Keep), Some(cursor(7, 1)));
    let batch = gateway.next().await;
    assert!(batch.is_kept && batch.may_wait);
    let verdicts = vec![Verdict::Handled, later(), Verdict::Handled, later()];
    let all = uids(&batch);
    let stored = held(batch.cursor.unwrap(), all.into_iter().zip(&verdicts));
    assert_eq!((batch.cursor.unwrap().uid_next, stored.uid_next), (5, 2));
    let _ = batch.answer.send(verdicts);

    let batch = gateway.next().await;
    assert_eq!(
        (uids(&batch), batch.cursor.unwrap().uid_next),
        (vec![2, 4], 2)
    );
    let _ = batch.answer.send(vec![Verdict::Handled, later()]);
    let batch = gateway.next().await;
    assert_eq!((uids(&batch), batch.cursor.unwrap().uid_next), (vec![], 4));
    // The connection breaks when it is their turn again.
    fake.fault("UID FETCH", Fault::Cut(0));
    let _ = batch.answer.send(vec![]);
    let batch = gateway.next().await;
    assert!(batch.waiting.is_empty());
    assert_eq!((uids(&batch), batch.cursor.unwrap().uid_next), (vec![4], 4));
    let _ = batch.answer.send(vec![later()]);
    fake.deliver([5]);
    let batch = gateway.next().await;
    assert_eq!((uids(&batch), batch.cursor.unwrap().uid_next), (vec![5], 4));
    let _ = batch.answer.send(vec![Verdict::Handled]);
    let batch = gateway.next().await;
    assert_eq!(uids(&batch), [4]);
    let _ = batch.answer.send(vec![Verdict::Handled]);
    let batch = gateway.next().await;
    assert_eq!((uids(&batch), batch.cursor.unwrap().uid_next), (vec![], 6));
    let _ = batch.answer.send(vec![]);
    eventually(async || fake.saw("IDLE")).await;
    assert_eq!(fake.state().connections, 2);
}

#[tokio::test]
async fn a_server_without_keywords_gets_left_mails_handed_over_once() {
    let fake = Fake::start().await;
    fake.state().permanent_flags = "\\Seen \\Deleted".to_owned();
    fake.deliver([1]);
    let mut gateway = Gateway::start(config(&fake, After::Delete), None);
    let batch = gateway.next().await;
    gateway.handle(batch, Verdict::Left(Left::Nobody));
    eventually(async || fake.saw("IDLE")).await;
    fake.fault("NOOP", Fault::Cut(0));
    fake.deliver([2]);
    gateway.handle_until(2).await;
    assert_eq!((gateway.seen.clone(), gateway.repeats), (mails(1..=2), 0));
    eventually(async || fake.state().mails.keys().eq([&1])).await;
}

#[tokio::test]
async fn a_server_that_refuses_to_dispose_does_not_stop_the_mail() {
    let fake = Fake::start().await;
    fake.fault(
        "UID MOVE",
        Fault::Instead("%T NO [OVERQUOTA] full\r\n".to_owned()),
    );
    fake.deliver([1]);
    let mut gateway = Gateway::start(config(&fake, After::Move("Done".to_owned())), None);
    gateway
        .handle_while_not(|| fake.state().moved.len() == 1)
        .await;
    fake.deliver([2]);
    gateway.handle_until(2).await;
    assert_eq!(fake.state().connections, 1);
}

#[tokio::test]
async fn of_a_mail_over_the_limit_only_the_header_is_read() {
    let fake = Fake::start().await;
    fake.deliver([1]);
    fake.state()
        .deliver(format!("Subject: big\r\n\r\n{}", "x".repeat(20_000)), TODAY);
    let mut gateway = Gateway::start(config(&fake, After::Keep), None);
    let batch = gateway.next().await;
    let [small, big] = batch.mails.as_slice() else {
        panic!("{batch:?}")
    };
    assert_eq!(
        (small.header_only, small.raw.octets()),
        (false, mail(1).as_bytes())
    );
    assert_eq!((big.header_only, big.octets), (true, 20_016));
    assert_eq!(big.raw.octets(), b"Subject: big\r\n\r\n");
    assert_eq!(
        big.internal_date,
        Timestamp::from_xep0082("2026-11-22T12:00:00Z")
    );
    assert!(!fake.saw("UID FETCH 2 (UID BODY.PEEK[])"));
}

#[tokio::test]
async fn a_big_mail_is_fetched_in_pieces_and_is_whole() {
    const PIECE: usize = 1024 * 1024;
    for octets in [PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 5 * PIECE / 2] {
        let fake = Fake::start().await;
        let letters = (0..octets).map(|at| char::from(b'a' + u8::try_from(at / 7 % 26).unwrap()));
        let raw: String = "Subject: big\r\n\r\n"
            .chars()
            .chain(letters)
            .take(octets)
            .collect();
        fake.state().deliver(raw.clone(), TODAY);
        let big = MailboxConfig {
            octets_max: 10 * PIECE,
            ..config(&fake, After::Keep)
        };
        let mut gateway = Gateway::start(big, None);
        let batch = gateway.next().await;
        let [mail] = batch.mails.as_slice() else {
            panic!("{batch:?}")
        };
        assert!(mail.raw.octets() == raw.as_bytes(), "{octets}");
        assert_eq!(fake.saw("UID FETCH 1 (UID BODY.PEEK[]<0."), octets > PIECE);
    }
}

/// Another client has expunged it, or the server is not well: it is not taken for a shorter one.
/// RFC 9738. A list that is not whole is told in any case.
#[tokio::test]
async fn a_server_that_does_few_mails_at_a_time_is_asked_for_the_rest() {
    let moved = || After::Move("Done".to_owned());
    for (after, offered, mails_max) in [
        (After::Keep, "", 7),
        (After::Seen, "", 7),
        (After::Seen, " MESSAGELIMIT=1", 1),
        (moved(), " MESSAGELIMIT=7", 7),
        (After::Delete, " MESSAGELIMIT=7", 7),
    ] {
        let fake = Fake::start().await;
        fake.state().capabilities += offered;
        fake.state().mails_max = mails_max;
        fake.deliver(1..=40);
        let mut gateway = Gateway::start(config(&fake, after.clone()), None);
        gateway.handle_until(40).await;
        assert_eq!(gateway.seen, mails(1..=40), "{after:?} with {offered}");
        eventually(async || fake.saw("IDLE")).await;
        let state = fake.state();
        let seen = state.mails.values();
        let seen = seen.filter(|mail| mail.flags.contains("\\Seen")).count();
        let expected = match after {
            After::Keep => (40, 0, 0),
            After::Seen => (40, 40, 0),
            After::Move(_) => (0, 0, 40),
            After::Delete => (0, 0, 0),
        };
        let found = (state.mails.len(), seen, state.moved.len());
        assert_eq!(found, expected, "{after:?} with {offered}");
    }
}

#[tokio::test]
async fn a_mail_of_which_a_piece_is_missing_is_fetched_again() {
    let fake = Fake::start().await;
    let raw = format!("Subject: big\r\n\r\n{}", "x".repeat(3_000_000));
    fake.state().deliver(raw.clone(), TODAY);
    fake.fault(
        "UID FETCH 1 (UID BODY.PEEK[]<1048576.",
        Fault::Instead("%T OK done\r\n".to_owned()),
    );
    let big = MailboxConfig {
        octets_max: 10_000_000,
        ..config(&fake, After::Keep)
    };
    let mut gateway = Gateway::start(big, None);
    let batch = gateway.next().await;
    assert!(batch.mails[0].raw.octets() == raw.as_bytes());
    assert_eq!(fake.state().connections, 2);
}

#[tokio::test]
async fn a_mail_that_cannot_be_fetched_does_not_stop_the_others() {
    let fake = Fake::start().await;
    fake.deliver(1..=5);
    fake.fault("UID FETCH 1:5 (UID BODY.PEEK[]", Fault::Cut(100));
    for _ in 0..20 {
        fake.fault(
            "UID FETCH 3 (UID BODY.PEEK[]",
            Fault::Instead("* 3 FETCH (((((\r\n".to_owned()),
        );
    }
    let mut gateway = Gateway::start(config(&fake, After::Keep), None);
    gateway.handle_until(5).await;
    let header = "Message-ID: <3@mail.example>\r\n\r\n".to_owned();
    assert_eq!(
        gateway.seen,
        [mails([1, 2]), vec![header], mails([4, 5])].concat()
    );
}

#[tokio::test]
async fn servers_that_misbehave_lose_the_session_and_nothing_else() {
    let floods = [
        "* 1 FETCH (UID 1 BODY[] {2147483647}\r\n".to_owned(),
        "* OK [ALERT]\u{e9}\r\n".to_owned(),
        format!("* 1 FETCH (BODYSTRUCTURE {})\r\n", "(".repeat(100_000)),
        "* 1 WEIRD (((\r\n".to_owned(),
        "* BYE bye\r\n".to_owned(),
    ];
    for flood in floods {
        let fake = Fake::start().await;
        fake.deliver(1..=3);
        fake.fault("UID FETCH 1:3 (UID BODY", Fault::Instead(flood.clone()));
        let mut gateway = Gateway::start(config(&fake, After::Keep), None);
        gateway.handle_until(3).await;
        assert_eq!(gateway.seen, mails(1..=3));
        assert_eq!(fake.state().connections, 2, "{:.60}", flood);
    }
}

#[tokio::test]
async fn silence_ends_the_session_wherever_it_falls() {
    for command in [
        "LOGIN",
        "SELECT",
        "NOOP",
        "UID FETCH 1:2 (UID RFC",
        "UID FETCH 1:2 (UID BODY",
        "UID STORE",
    ] {
        let fake = Fake::start().await;
        fake.deliver(1..=2);
        fake.fault(command, Fault::Silence);
        let mut gateway = Gateway::start(config_of_the_impatient(&fake, After::Seen), None);
        gateway
            .handle_while_not(|| {
                let state = fake.state();
                state.connections == 2 && state.mails.values().all(|m| m.flags.contains("\\Seen"))
            })
            .await;
        assert_eq!(gateway.seen, mails(1..=2), "{command}");
    }
}

#[tokio::test]
async fn the_login_is_by_what_the_server_offers() {
    let proof = "AGJyaWRnZQBzZWNyZXQ=";
    let cases = [
        ("IMAP4rev1", "LOGIN \"bridge\" \"secret\"".to_owned()),
        (
            "IMAP4rev1 AUTH=PLAIN SASL-IR",
            format!("AUTHENTICATE PLAIN {proof}"),
        ),
        (
            "IMAP4rev1 LOGINDISABLED AUTH=PLAIN SASL-IR",
            format!("AUTHENTICATE PLAIN {proof}"),
        ),
    ];
    for (capabilities, command) in cases {
        let fake = Fake::start().await;
        fake.state().capabilities = capabilities.to_owned();
        probe(&config(&fake, After::Keep)).await.unwrap();
        assert!(fake.saw(&command), "{:?}", fake.state().commands);
    }
    let fake = Fake::start().await;
    fake.state().capabilities = "IMAP4rev1 AUTH=PLAIN".to_owned();
    fake.fault("AUTHENTICATE PLAIN", Fault::Instead("+ \r\n".to_owned()));
    // The fake takes the proof for a line of its own and ends the connection: it has no blank in it.
    let error = probe(&config(&fake, After::Keep)).await.unwrap_err();
    assert!(matches!(error, ImapError::Lost(_)), "{error}");
}

#[tokio::test]
async fn what_an_admin_has_to_mend_is_told() {
    let expect = async |fake: &Fake, after: After, sentence: &str| {
        let error = probe(&config(fake, after)).await.unwrap_err();
        assert_eq!(error.to_string(), sentence);
        assert!(error.needs_a_person());
    };
    let fake = Fake::start().await;
    fake.fault(
        "LOGIN",
        Fault::Instead("%T NO [AUTHENTICATIONFAILED] no\r\n".to_owned()),
    );
    expect(&fake, After::Keep, "127.0.0.1 refuses the login of bridge ([AUTHENTICATIONFAILED] no); see username and password of [[mailbox]]").await;
    fake.state().folders.clear();
    expect(
        &fake,
        After::Keep,
        "the folder “INBOX” cannot be opened (no such folder); create it, or correct folder of [[mailbox]]",
    )
    .await;
    fake.state().folders.insert("\"INBOX\"".to_owned());
    expect(
        &fake,
        After::Move("Inbox".to_owned()),
        "handled mails of “Inbox” would be moved to the same folder; correct move_to of [[mailbox]]",
    )
    .await;
    fake.fault("CREATE", Fault::Instead("%T NO no right\r\n".to_owned()));
    expect(&fake, After::Move("Done".to_owned()), "the folder “Done”, where handled mails go, is not there and cannot be created (no right); create it, or correct move_to of [[mailbox]]").await;
    fake.state().capabilities = "IMAP4rev1 LOGINDISABLED".to_owned();
    expect(&fake, After::Keep, "127.0.0.1 lets nobody log in with a password here; use TLS, or allow AUTH=SCRAM-SHA-256, AUTH=PLAIN or LOGIN on the server").await;
}

#[tokio::test]
async fn before_starttls_nothing_is_said_and_nothing_is_believed() {
    let cases = [
        ("* PREAUTH welcome", "S0 OK go\r\n", "Tampered"),
        (
            "* OK ready",
            "%T OK go\r\n* CAPABILITY IMAP4rev1\r\n",
            "Tampered",
        ),
        ("* OK ready", "%T NO no TLS\r\n", "NoStartTls"),
        ("* OK ready", "%T BAD what\r\n", "NoStartTls"),
        ("* OK ready", "* BYE\r\n", "NoStartTls"),
        ("* BYE full", "", "Greeting"),
        ("* OK ready", "%T OK go\r\n", "Tls"),
    ];
    for (greeting, answer, error) in cases {
        let fake = Fake::start().await;
        fake.state().greeting = greeting.to_owned();
        fake.fault("STARTTLS", Fault::Instead(answer.to_owned()));
        let mut settings = config(&fake, After::Keep);
        settings.tls = TlsMode::StartTls;
        let found = format!("{:?}", probe(&settings).await.unwrap_err());
        assert!(found.starts_with(error), "{found}");
        let commands: BTreeSet<String> = fake.state().commands.iter().cloned().collect();
        assert!(commands.is_empty() || commands.first().unwrap() == "STARTTLS");
        assert!(!found.contains("secret"));
    }
}

#[tokio::test]
async fn the_reader_ends_when_nobody_takes_batches() {
    let fake = Fake::start().await;
    let gateway = Gateway::start(config(&fake, After::Keep), Some(cursor(7, 1)));
    eventually(async || fake.saw("IDLE")).await;
    drop(gateway.batches);
    timeout(Duration::from_secs(5), gateway.reader)
        .await
        .unwrap()
        .unwrap();
}
