//! The runner against the fake server.

use super::*;
use crate::core::job::{ComposedMail, Origin, OriginKind};
use crate::smtp::fake::{BARE, Fake, PIPELINING, Say, config_at, mail};
use crate::smtp::{JobStage, Queue, Settle, Settled, SmtpConfig, SmtpConnector, WaitingJob};
use crate::store::spool::Spool;
use crate::store::spool::torn::{flip, where_is};
use jid::{BareJid, Jid};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Mutex;
use tokio::net::TcpSocket;
use tokio::task::JoinHandle;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// How long a busy machine may take for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// A queue that runs, and what it tells.
pub(super) struct Running {
    pub(super) queue: Queue,
    spool: Arc<Spool>,
    pub(super) told: mpsc::Receiver<Settle>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    pub(super) fn start(dir: &Path, config: SmtpConfig, expire: Duration) -> Self {
        let (spool, jobs) = Spool::open(dir).unwrap();
        let spool = Arc::new(spool);
        let (tell, told) = mpsc::channel(16);
        let connector = SmtpConnector::new(config).unwrap();
        let (queue, runner) = Queue::start(connector, Arc::clone(&spool), jobs, expire, tell);
        let stop = CancellationToken::new();
        let task = tokio::spawn(runner.run(stop.clone()));
        Self {
            queue,
            spool,
            told,
            stop,
            task,
        }
    }

    pub(super) async fn send(&self, mails: Vec<ComposedMail>) {
        self.spool.accept(mails.clone()).await.unwrap();
        for mail in mails {
            self.queue.push(mail.job, Some(mail.bytes));
        }
    }

    /// The next attempt, answered.
    async fn next(&mut self) -> (String, JobVerdict, Job) {
        let settle = self.next_unanswered().await;
        let _ = settle.done.send(Settled::default());
        (
            settle.job.message_id.to_string(),
            settle.verdict,
            settle.job,
        )
    }

    pub(super) async fn next_unanswered(&mut self) -> Settle {
        let next = tokio::time::timeout(PATIENCE, self.told.recv());
        next.await
            .expect("nothing was told")
            .expect("the runner ended")
    }

    async fn until_empty(&self) {
        until(async || self.queue.depth() == 0).await;
    }

    /// The queue is gone and the spool is closed.
    async fn stop(self) {
        self.stop.cancel();
        drop(self.told);
        self.task.await.unwrap();
    }
}

/// These mails lie in a spool that nobody has open.
async fn spooled(dir: &Path, mails: Vec<ComposedMail>) {
    let (spool, _) = Spool::open(dir).unwrap();
    spool.accept(mails).await.unwrap();
    drop(spool);
    is_closed(dir).await;
}

/// What had the spool open lets go of it soon.
async fn is_closed(dir: &Path) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while matches!(Spool::open(dir), Err(SpoolError::InUse(_))) {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn name(settled: &(String, JobVerdict, Job)) -> &str {
    settled.0.split('@').next().unwrap()
}

fn is_deferred(settled: &(String, JobVerdict, Job)) -> bool {
    matches!(settled.1, JobVerdict::Deferred { .. })
}

/// The names of the mails that the server took, in order.
fn taken(fake: &Fake) -> Vec<String> {
    let subject = |mail: &String| {
        let line = mail.lines().find_map(|line| line.strip_prefix("Subject: "));
        line.unwrap_or_default().to_owned()
    };
    fake.seen_with(".").iter().map(subject).collect()
}

/// Whoever finds it after a crash must not take it for certain that nobody has it.
#[tokio::test]
async fn what_goes_before_its_time_is_due_in_the_spool_before_that() {
    let (dir, fake) = (
        tempfile::tempdir().unwrap(),
        Fake::start(|_, _| Say::Usual).await,
    );
    let mut running = Running::start(dir.path(), fake.config(), DAY);
    let mut one = mail("one", "queue", 1, &["a@x.example"]);
    one.job.next_attempt = Timestamp::now().plus(DAY);
    running.send(vec![one.clone()]).await;
    let now = Timestamp::now();
    running.queue.leave_at(one.job.id.clone(), now);
    let _settle = running.next_unanswered().await;
    let jobs = Spool::look(dir.path()).unwrap();
    let due: Vec<Timestamp> = jobs.iter().map(|job| job.next_attempt).collect();
    assert_eq!(due, [now]);
}

/// The first one that is delivered, of which nothing is settled.
async fn done(running: &mut Running) -> Settle {
    loop {
        let settle = running.next_unanswered().await;
        match settle.verdict {
            JobVerdict::Done => return settle,
            _ => _ = settle.done.send(Settled::default()),
        }
    }
}

/// A disk that is full while the server was away could not be emptied otherwise.
#[tokio::test]
async fn what_has_waited_for_a_server_goes_without_being_written_anew() {
    let (nobody, config) = nobody();
    let dir = tempfile::tempdir().unwrap();
    let mut running = Running::start(dir.path(), config, DAY);
    let one = mail("one", "queue", 1, &["a@x.example"]);
    let due = one.job.next_attempt;
    running.send(vec![one]).await;
    assert!(is_deferred(&running.next().await));
    let _fake = Fake::start_at(nobody, |_, _| Say::Usual).await;
    let settle = done(&mut running).await;
    let jobs = Spool::look(dir.path()).unwrap();
    let noted: Vec<Timestamp> = jobs.iter().map(|job| job.next_attempt).collect();
    assert_eq!(noted, [due]);
    drop(settle);
}

#[tokio::test]
async fn the_file_goes_after_the_answer_and_not_before() {
    let (dir, fake) = (
        tempfile::tempdir().unwrap(),
        Fake::start(|_, _| Say::Usual).await,
    );
    let mut running = Running::start(dir.path(), fake.config(), DAY);
    let one = mail("one", "queue", 1, &["a@x.example"]);
    running.send(vec![one.clone()]).await;
    let settle = running.next_unanswered().await;
    assert_eq!(settle.verdict, JobVerdict::Done);
    assert!(matches!(settle.attempt[0].1, Outcome::Delivered(_)));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(running.queue.depth(), 1);
    assert!(running.spool.read_mail(&one.job).await.is_ok());
    settle.done.send(Settled::default()).unwrap();
    running.until_empty().await;
    let gone = SpoolError::Gone(one.job.id.clone());
    assert_eq!(running.spool.read_mail(&one.job).await, Err(gone));
}

#[tokio::test]
async fn a_lane_keeps_its_order_and_lanes_share_the_connections() {
    let fake = Fake::start(|_, line| match line {
        "DATA" => Say::Late(5),
        _ => Say::Usual,
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let mut running = Running::start(dir.path(), fake.config(), DAY);
    let mails = (0..60).map(|n| {
        mail(
            &format!("l{}-{n:02}", n % 6),
            &format!("queue{}", n % 6),
            n,
            &["a@x.example"],
        )
    });
    running.send(mails.collect()).await;
    for _ in 0..60 {
        running.next().await;
    }
    running.until_empty().await;
    let mut queues: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in taken(&fake) {
        queues.entry(name[..2].to_owned()).or_default().push(name);
    }
    assert_eq!(queues.len(), 6);
    for names in queues.values() {
        assert_eq!(names.len(), 10);
        assert!(names.is_sorted(), "{names:?}");
    }
    assert_eq!(fake.connections(), 5);
}

#[tokio::test]
async fn light_traffic_uses_one_connection_and_idle_ones_are_closed_with_quit() {
    let (dir, fake) = (
        tempfile::tempdir().unwrap(),
        Fake::start(|_, _| Say::Usual).await,
    );
    let mut config = fake.config();
    config.limits.idle = Duration::from_millis(300);
    let mut running = Running::start(dir.path(), config, DAY);
    for n in 0..5 {
        let queue = format!("queue{n}");
        running
            .send(vec![mail(&format!("m{n}"), &queue, n, &["a@x.example"])])
            .await;
        running.next().await;
    }
    assert_eq!(fake.connections(), 1);
    assert!(fake.seen_with("RSET").is_empty());
    until_seen(&fake, "QUIT", 1).await;
    until(async || fake.open.load(Ordering::SeqCst) == 0).await;
    assert_eq!((fake.seen_with("QUIT").len(), fake.connections()), (1, 1));
}

#[tokio::test]
async fn a_deferred_mail_holds_its_lane_and_goes_first_later() {
    let tries = AtomicUsize::new(0);
    let fake = Fake::start(move |_, line| {
        let is_first = line.starts_with("RCPT TO:<a@") && tries.fetch_add(1, Ordering::SeqCst) == 0;
        if is_first {
            Say::Reply("450 4.2.0 later\r\n")
        } else {
            Say::Usual
        }
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let mut running = Running::start(dir.path(), fake.config(), DAY);
    running
        .send(vec![
            mail("a1", "a", 1, &["a@x.example"]),
            mail("a2", "a", 2, &["a@x.example"]),
            mail("b1", "b", 3, &["b@x.example"]),
        ])
        .await;
    let first_two = [running.next().await, running.next().await];
    let deferred = first_two
        .iter()
        .find(|settled| name(settled) == "a1")
        .unwrap();
    assert!(is_deferred(deferred) && deferred.2.attempts == 1);
    assert_eq!(deferred.2.last_reply.as_ref().unwrap().code, Some(450));
    assert!(first_two.iter().any(|settled| name(settled) == "b1"));
    until(async || {
        let kept = Spool::look(dir.path()).unwrap();
        (kept[0].attempts, kept.len()) == (1, 2)
    })
    .await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(taken(&fake), ["b1"]);
    running.queue.flush_now();
    assert_eq!(name(&running.next().await), "a1");
    assert_eq!(name(&running.next().await), "a2");
    assert_eq!(taken(&fake), ["b1", "a1", "a2"]);
}

#[tokio::test]
async fn who_was_served_is_not_served_again() {
    let tries = AtomicUsize::new(0);
    let fake = Fake::start(move |_, line| {
        if line.starts_with("RCPT TO:<none@") {
            Say::Reply("550 5.1.1 unknown\r\n")
        } else if line.starts_with("RCPT TO:<later@") && tries.fetch_add(1, Ordering::SeqCst) == 0 {
            Say::Reply("451 later\r\n")
        } else {
            Say::Usual
        }
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let mut running = Running::start(dir.path(), fake.config(), DAY);
    let to = ["a@x.example", "none@x.example", "later@x.example"];
    running.send(vec![mail("one", "a", 1, &to)]).await;
    let settled = running.next().await;
    assert!(is_deferred(&settled));
    assert_eq!(settled.2.to.len(), 1);
    running.queue.flush_now();
    let settled = loop {
        // The first flush may come before the deferral is settled.
        match tokio::time::timeout(Duration::from_millis(200), running.told.recv()).await {
            Ok(Some(settle)) => break settle,
            _ => running.queue.flush_now(),
        }
    };
    assert_eq!(settled.verdict, JobVerdict::Done);
    assert_eq!(fake.seen_with("RCPT TO:<a@").len(), 1);
    assert_eq!(fake.seen_with("RCPT TO:<none@").len(), 1);
    assert_eq!(fake.seen_with("RCPT TO:<later@").len(), 2);
}

#[tokio::test]
async fn a_kept_connection_that_the_server_closed_costs_no_attempt() {
    let commands = ["MAIL FROM:<second@", "RCPT TO:<b@", "DATA"];
    let ends = [Say::Last("421 4.4.2 timeout\r\n"), Say::Close];
    for (command, say) in commands
        .into_iter()
        .flat_map(|command| ends.map(|end| (command, end)))
    {
        let mails = AtomicUsize::new(0);
        let fake = Fake::start(move |connection, line| {
            let is_first = line == "DATA" && mails.fetch_add(1, Ordering::SeqCst) == 0;
            match connection == 1 && line.starts_with(command) && !is_first {
                true => say,
                false => Say::Usual,
            }
        })
        .await;
        let dir = tempfile::tempdir().unwrap();
        let mut running = Running::start(dir.path(), fake.config(), DAY);
        running
            .send(vec![mail("one", "a", 1, &["a@x.example"])])
            .await;
        assert_eq!(running.next().await.1, JobVerdict::Done);
        let mut two = mail("two", "a", 2, &["b@x.example"]);
        two.job.from = Some("second@x.example".parse().unwrap());
        running.send(vec![two]).await;
        let settled = running.next().await;
        assert_eq!((settled.1, settled.2.attempts), (JobVerdict::Done, 1));
        assert_eq!(fake.connections(), 2);
    }
}

/// As Postfix: after ten errors without a mail it answers late, after twenty it hangs up.
#[tokio::test]
async fn whoever_writes_to_nobody_again_and_again_is_not_made_to_wait_for_it() {
    const MAILS: u64 = 40;
    for greeting in [BARE, PIPELINING] {
        let errors: Arc<Mutex<BTreeMap<usize, usize>>> = Arc::default();
        let counted = Arc::clone(&errors);
        let fake = Fake::start(move |connection, line| {
            let is_error = line.starts_with("RCPT") || line == "DATA";
            if is_error {
                *counted.lock().unwrap().entry(connection).or_default() += 1;
            }
            match line {
                _ if line.starts_with("EHLO") => Say::Reply(greeting),
                "DATA" => Say::Reply("554 5.5.1 no valid recipients\r\n"),
                _ if is_error => Say::Reply("550 5.1.1 no such user\r\n"),
                _ => Say::Usual,
            }
        })
        .await;
        let dir = tempfile::tempdir().unwrap();
        let mut running = Running::start(dir.path(), fake.config(), DAY);
        let to_nobody = |n| mail(&format!("m{n}"), "queue", n, &["nobody@x.example"]);
        running.send((1..=MAILS).map(to_nobody).collect()).await;
        for _ in 0..MAILS {
            assert_eq!(running.next().await.1, JobVerdict::Done);
        }
        let errors = errors.lock().unwrap();
        assert!(errors.values().all(|count| *count < 10), "{errors:?}");
        assert!(errors.len() <= 10, "{errors:?}");
    }
}

#[tokio::test]
async fn a_connection_lost_after_the_dot_leaves_a_doubt_and_repeats_the_same_mail() {
    let fake = Fake::start(|connection, line| match line {
        _ if connection == 1 && line.starts_with('.') => Say::Close,
        _ => Say::Usual,
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let mut running = Running::start(dir.path(), fake.config(), DAY);
    running
        .send(vec![mail("one", "a", 1, &["a@x.example"])])
        .await;
    let settled = running.next().await;
    assert!(is_deferred(&settled) && !settled.2.certain);
    running.stop().await;
    let mut running = Running::start(dir.path(), fake.config(), DAY);
    running.queue.flush_now();
    let settled = running.next().await;
    assert!(settled.1 == JobVerdict::Done && !settled.2.certain);
    let mails = fake.seen_with(".");
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0], mails[1]);
}

#[tokio::test]
async fn what_was_not_settled_before_a_crash_is_sent_after_the_restart() {
    let (dir, fake) = (
        tempfile::tempdir().unwrap(),
        Fake::start(|_, _| Say::Usual).await,
    );
    let mut running = Running::start(dir.path(), fake.config(), DAY);
    let mails = (0..20).map(|n| mail(&format!("m{n:02}"), "queue", n, &["a@x.example"]));
    running.send(mails.collect()).await;
    for _ in 0..5 {
        running.next().await;
    }
    // A crash: the task is gone in the middle of whatever it did.
    running.task.abort();
    let _ = (&mut running.task).await;
    drop(running);
    is_closed(dir.path()).await;
    let mut running = Running::start(dir.path(), fake.config(), DAY);
    while running.queue.depth() > 0 {
        let next = tokio::time::timeout(Duration::from_millis(200), running.told.recv());
        if let Ok(Some(settle)) = next.await {
            let _ = settle.done.send(Settled::default());
        }
    }
    let mut names = taken(&fake);
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 20);
    assert!(Spool::look(dir.path()).unwrap().is_empty());
}

#[tokio::test]
async fn without_a_server_everything_waits_and_goes_as_soon_as_there_is_one() {
    let (nobody, config) = nobody();
    let dir = tempfile::tempdir().unwrap();
    let mut running = Running::start(dir.path(), config, DAY);
    let mails = (0..30).map(|n| {
        mail(
            &format!("m{n:02}"),
            &format!("l{}", n % 10),
            n,
            &["a@x.example"],
        )
    });
    running.send(mails.collect()).await;
    for _ in 0..10 {
        let settled = running.next().await;
        assert!(is_deferred(&settled), "{settled:?}");
        assert!(settled.2.certain);
    }
    let fake = Fake::start_at(nobody, |_, _| Say::Usual).await;
    let mut done = 0;
    while done < 30 {
        let settled = running.next().await;
        done += usize::from(settled.1 == JobVerdict::Done);
    }
    running.until_empty().await;
    assert_eq!(taken(&fake).len(), 30);
}

#[tokio::test]
async fn a_refused_login_keeps_the_mails_and_does_not_hammer() {
    let fake = Fake::start(|_, line| match line {
        _ if line.starts_with("AUTH") => Say::Reply("535 5.7.8 authentication failed\r\n"),
        _ => Say::Usual,
    })
    .await;
    let mut config = fake.config();
    config.login = Some(crate::smtp::Login::by_password("gateway", "canary-secret"));
    let dir = tempfile::tempdir().unwrap();
    // Even where they would have expired long ago.
    let mut running = Running::start(dir.path(), config, Duration::ZERO);
    let mails = (0..50).map(|n| mail(&format!("m{n:02}"), &format!("l{n}"), n, &["a@x.example"]));
    running.send(mails.collect()).await;
    for _ in 0..50 {
        let settled = running.next().await;
        assert!(is_deferred(&settled));
        let told = format!("{:?}", settled.2.last_reply);
        assert!(!told.contains("535") && !told.contains("canary"), "{told}");
    }
    assert!(fake.connections() <= 10, "{}", fake.connections());
    assert_eq!(Spool::look(dir.path()).unwrap().len(), 50);
}

#[tokio::test]
async fn a_server_that_allows_two_connections_gets_no_more_and_loses_nobody() {
    let fake = Fake::start(|connection, line| match line {
        "GREETING" if connection > 2 => Say::Last("421 4.7.0 too many connections\r\n"),
        "DATA" => Say::Late(10),
        _ => Say::Usual,
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let mut running = Running::start(dir.path(), fake.config(), DAY);
    let mails = (0..60).map(|n| mail(&format!("m{n:02}"), &format!("l{n}"), n, &["a@x.example"]));
    running.send(mails.collect()).await;
    let mut deferred = 0;
    for _ in 0..60 {
        let settled = running.next().await;
        deferred += usize::from(is_deferred(&settled));
    }
    assert_eq!(deferred, 0);
    assert!(fake.connections() < 10, "{}", fake.connections());
}

#[tokio::test]
async fn a_mail_that_has_expired_is_given_up_after_one_more_attempt() {
    let fake = Fake::start(|_, line| match line {
        _ if line.starts_with("RCPT") => Say::Reply("450 later\r\n"),
        _ => Say::Usual,
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let mut running = Running::start(dir.path(), fake.config(), DAY);
    let mut old = mail("old", "a", 1, &["a@x.example"]);
    old.job.accepted = Timestamp::from_secs(1000);
    running
        .send(vec![old, mail("new", "a", 2, &["a@x.example"])])
        .await;
    let settled = running.next().await;
    assert_eq!((name(&settled), settled.1), ("old", JobVerdict::Expired));
    assert_eq!(settled.2.to.len(), 1);
    assert!(is_deferred(&running.next().await));
    until(async || Spool::look(dir.path()).unwrap().len() == 1).await;
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_does_not_stop_the_mails() {
    let (dir, fake) = (
        tempfile::tempdir().unwrap(),
        Fake::start(|_, _| Say::Usual).await,
    );
    let running = Running::start(dir.path(), fake.config(), DAY);
    let mails = (0..200).map(|n| {
        mail(
            &format!("m{n:03}"),
            &format!("l{}", n % 7),
            n,
            &["a@x.example"],
        )
    });
    running.send(mails.collect()).await;
    until(async || taken(&fake).len() == 200).await;
    assert_eq!(Spool::look(dir.path()).unwrap().len(), 200);
}

#[tokio::test]
async fn being_told_of_the_delay_is_remembered_over_a_restart() {
    let fake = Fake::start(|_, line| match line {
        _ if line.starts_with("RCPT") => Say::Reply("450 later\r\n"),
        _ => Say::Usual,
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let mut running = Running::start(dir.path(), fake.config(), DAY);
    running
        .send(vec![mail("one", "a", 1, &["a@x.example"])])
        .await;
    let settle = running.next_unanswered().await;
    settle.done.send(Settled { delay_told: true }).unwrap();
    running.stop().await;
    assert!(Spool::look(dir.path()).unwrap()[0].delay_told);
}

#[tokio::test]
async fn a_stop_lets_the_running_transaction_end() {
    let fake = Fake::start(|_, line| match line {
        _ if line.starts_with('.') => Say::Late(200),
        _ => Say::Usual,
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let mut running = Running::start(dir.path(), fake.config(), DAY);
    running
        .send(vec![
            mail("one", "a", 1, &["a@x.example"]),
            mail("two", "a", 2, &["a@x.example"]),
        ])
        .await;
    while fake.seen_with(".").is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    running.stop.cancel();
    assert_eq!(name(&running.next().await), "one");
    let Running { task, .. } = running;
    task.await.unwrap();
    assert_eq!(taken(&fake), ["one"]);
    assert_eq!(fake.seen_with("QUIT").len(), 1);
    assert_eq!(Spool::look(dir.path()).unwrap().len(), 1);
}

#[tokio::test]
async fn a_mail_that_an_admin_removed_is_not_sent() {
    let (dir, fake) = (
        tempfile::tempdir().unwrap(),
        Fake::start(|_, _| Say::Usual).await,
    );
    let mut running = Running::start(dir.path(), fake.config(), DAY);
    let (gone, kept) = (
        mail("gone", "a", 1, &["a@x.example"]),
        mail("kept", "a", 2, &["a@x.example"]),
    );
    running.spool.accept(vec![kept.clone()]).await.unwrap();
    running.queue.push(gone.job, None);
    running.queue.push(kept.job, None);
    assert_eq!(name(&running.next().await), "kept");
    running.until_empty().await;
    assert_eq!(taken(&fake), ["kept"]);
}

/// The presence of a user for a domain: whatever it says, it has the same id.
fn presence(name: &str, sequence: u64, to: &[&str]) -> ComposedMail {
    let mut mail = mail(name, "presence", sequence, to);
    mail.job.id = JobId::of_name(&["presence", "alice@mail.example", "x.example"]);
    (mail.job.silent, mail.job.replaceable) = (true, true);
    mail
}

async fn until_seen(fake: &Fake, start: &str, count: usize) {
    until(async || fake.seen_with(start).len() >= count).await;
}

/// Waits for what is to come about.
async fn until<F: Future<Output = bool>>(holds: impl Fn() -> F) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let within = tokio::time::timeout(PATIENCE, wait).await;
    within.expect("it does not come about");
}

/// Without a server nothing is sent: a port where nobody listens, and nobody else will as long as this one is held.
fn nobody() -> (TcpSocket, SmtpConfig) {
    let held = TcpSocket::new_v4().unwrap();
    held.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let config = config_at(held.local_addr().unwrap().port());
    (held, config)
}

#[tokio::test]
async fn nobody_is_told_of_a_silent_mail_and_it_leaves_the_spool_all_the_same() {
    let fake = Fake::start(|_, line| match line {
        _ if line.starts_with("RCPT TO:<none@") => Say::Reply("550 5.1.1 unknown\r\n"),
        _ => Say::Usual,
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let mut running = Running::start(dir.path(), fake.config(), DAY);
    let to = ["a@x.example", "none@x.example"];
    running.send(vec![presence("one", 1, &to)]).await;
    running.until_empty().await;
    assert_eq!(taken(&fake), ["one"]);
    assert!(Spool::look(dir.path()).unwrap().is_empty());
    assert!(running.told.try_recv().is_err());
}

#[tokio::test]
async fn a_presence_that_waits_is_replaced_and_only_the_last_one_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let (nobody, config) = nobody();
    let mut running = Running::start(dir.path(), config, DAY);
    let a = ["a@x.example"];
    running.send(vec![presence("p1", 1, &a)]).await;
    for n in 2..=5 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        running.send(vec![presence(&format!("p{n}"), n, &a)]).await;
    }
    running.send(vec![mail("m", "m", 6, &a)]).await;
    let fake = Fake::start_at(nobody, |_, _| Say::Usual).await;
    while running.next().await.1 != JobVerdict::Done {}
    running.until_empty().await;
    let mut names = taken(&fake);
    names.sort();
    assert_eq!(names, ["m", "p5"]);
    assert!(Spool::look(dir.path()).unwrap().is_empty());
}

#[tokio::test]
async fn a_presence_that_was_deferred_is_replaced_without_an_earlier_attempt() {
    let fake = Fake::start(|_, line| match line {
        _ if line.starts_with("RCPT TO:<later@") => Say::Reply("450 4.2.0 later\r\n"),
        _ => Say::Usual,
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(dir.path(), fake.config(), DAY);
    running
        .send(vec![presence("p1", 1, &["later@x.example"])])
        .await;
    until(async || Spool::look(dir.path()).unwrap()[0].attempts == 1).await;
    running
        .send(vec![presence("p2", 2, &["a@x.example"])])
        .await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(fake.seen_with("RCPT").len(), 1);
    running.queue.flush_now();
    running.until_empty().await;
    assert_eq!(taken(&fake), ["p2"]);
    assert_eq!(fake.seen_with("RCPT TO:<later@").len(), 1);
}

#[tokio::test]
async fn a_presence_goes_after_the_one_under_way_whatever_becomes_of_that() {
    for (say, first) in [
        (Say::Late(150), vec!["p1", "p3"]),
        (Say::Reply("554 5.7.1 no\r\n"), vec!["p1", "p3"]),
        (Say::Close, vec!["p1", "p3"]),
    ] {
        let fake = Fake::start(move |_, line| match line {
            "DATA" => Say::Late(150),
            _ if line.contains("Subject: p1") => say,
            _ => Say::Usual,
        })
        .await;
        let dir = tempfile::tempdir().unwrap();
        let running = Running::start(dir.path(), fake.config(), DAY);
        let a = ["a@x.example"];
        running.send(vec![presence("p1", 1, &a)]).await;
        until_seen(&fake, "DATA", 1).await;
        running.send(vec![presence("p2", 2, &a)]).await;
        running.send(vec![presence("p3", 3, &a)]).await;
        until_seen(&fake, ".", 1).await;
        tokio::time::sleep(Duration::from_millis(250)).await;
        // Where the older one was deferred, the newer one waits as it would have.
        running.queue.flush_now();
        running.until_empty().await;
        assert_eq!(taken(&fake), first);
        assert!(Spool::look(dir.path()).unwrap().is_empty());
    }
}

#[tokio::test]
async fn the_late_settling_of_a_presence_leaves_the_next_one_in_the_spool() {
    let (dir, fake) = (
        tempfile::tempdir().unwrap(),
        Fake::start(|_, _| Say::Usual).await,
    );
    let mut running = Running::start(dir.path(), fake.config(), DAY);
    let told = |name: &str, sequence| {
        let mut mail = presence(name, sequence, &["a@x.example"]);
        mail.job.silent = false;
        mail
    };
    running.send(vec![told("p1", 1)]).await;
    let first = running.next_unanswered().await;
    running.send(vec![told("p2", 2)]).await;
    let second = running.next_unanswered().await;
    assert_eq!((first.job.sequence, second.job.sequence), (1, 2));
    first.done.send(Settled::default()).unwrap();
    while running.queue.depth() > 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(running.spool.read_mail(&second.job).await.is_ok());
    second.done.send(Settled::default()).unwrap();
    running.until_empty().await;
    assert_eq!(taken(&fake), ["p1", "p2"]);
    assert!(Spool::look(dir.path()).unwrap().is_empty());
}

#[tokio::test]
async fn after_a_crash_with_one_under_way_and_one_behind_it_only_the_newer_is_sent() {
    let fake = Fake::start(|connection, line| match line {
        _ if connection == 1 && line.starts_with('.') => Say::Hang,
        _ => Say::Usual,
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let mut running = Running::start(dir.path(), fake.config(), DAY);
    let a = ["a@x.example"];
    running.send(vec![presence("p1", 1, &a)]).await;
    until_seen(&fake, ".", 1).await;
    running.send(vec![presence("p2", 2, &a)]).await;
    // A crash: the task is gone in the middle of whatever it did.
    running.task.abort();
    let _ = (&mut running.task).await;
    drop(running);
    is_closed(dir.path()).await;
    let running = Running::start(dir.path(), fake.config(), DAY);
    running.until_empty().await;
    // What the server was given before the crash, and what was sent after it.
    assert_eq!(taken(&fake), ["p1", "p2"]);
    assert!(Spool::look(dir.path()).unwrap().is_empty());
}

/// Of what was found at the start only a little is in memory; the rest is read when it is wanted.
#[tokio::test]
async fn a21_what_becomes_of_a_file_while_its_mail_waits_stops_nobody_and_admins_see_the_rest() {
    let (dir, fake) = (
        tempfile::tempdir().unwrap(),
        Fake::start(|_, _| Say::Usual).await,
    );
    let later = Timestamp::now().plus(Duration::from_secs(600));
    let mut mails = Vec::new();
    for (name, sequence) in [("gone", 1), ("torn", 2), ("dropped", 3), ("good", 4)] {
        let mut mail = mail(name, "queue", sequence, &["a@x.example"]);
        mail.job.next_attempt = later;
        mails.push(mail);
    }
    spooled(dir.path(), mails.clone()).await;
    let mut running = Running::start(dir.path(), fake.config(), DAY);
    let jobs = |waiting: Vec<WaitingJob>| waiting.into_iter().map(|it| it.job).collect::<Vec<_>>();
    let expected: Vec<Job> = mails.iter().map(|mail| mail.job.clone()).collect();
    let page = running.queue.page(None, 10).await.unwrap();
    assert_eq!(jobs(page), expected);
    let page = running.queue.page(Some(1), 2).await.unwrap();
    assert_eq!(jobs(page), expected[1..3]);

    let [gone, torn, dropped, good] = [0, 1, 2, 3].map(|n| expected[n].clone());
    running.spool.remove(&gone).await.unwrap();
    let lies = where_is(dir.path(), &torn.id);
    flip(&lies.segment, lies.job.start);
    assert_eq!(running.queue.find(gone.id.clone()).await, Some(None));
    let found = running.queue.find(good.id.clone()).await.unwrap().unwrap();
    assert_eq!((found.job, found.stage), (good, JobStage::Waits));
    let done = running.queue.withdraw(dropped.id.clone(), true).await;
    assert_eq!(done, Some(JobChange::Done));
    let unknown = running.queue.withdraw(gone.id.clone(), true).await;
    assert_eq!(unknown, Some(JobChange::Unknown));

    running.queue.flush_now();
    assert_eq!(name(&running.next().await), "good");
    running.until_empty().await;
    assert_eq!(taken(&fake), ["good"]);
    assert!(dir.path().join("damaged").join(torn.id.as_str()).exists());
}

/// Whoever asks for their own mails gets those, be they whole in memory or only in the spool, and nobody else's.
#[tokio::test]
async fn a_user_finds_the_own_mails_and_no_others() {
    let (dir, fake) = (
        tempfile::tempdir().unwrap(),
        Fake::start(|_, _| Say::Usual).await,
    );
    let later = Timestamp::now().plus(Duration::from_secs(600));
    let of = |user: &str, name: &str, queue: &str, sequence: u64| {
        let mut mail = mail(name, queue, sequence, &["a@x.example"]);
        mail.job.next_attempt = later;
        mail.job.origin = (!user.is_empty()).then(|| Origin {
            user: Jid::new(user).unwrap(),
            contact: BareJid::new("carol@gateway.a.example").unwrap(),
            stanza_id: None,
            language: None,
            kind: OriginKind::Message,
            receipt: false,
            confirm: false,
        });
        mail
    };
    let mails = vec![
        of(
            "alice@a.example/x",
            "one",
            "alice@a.example carol@m.example",
            1,
        ),
        of(
            "adam@a.example/x",
            "two",
            "adam@a.example carol@m.example",
            2,
        ),
        // A receipt, of whose fate nobody is told; and what lies in a queue that only looks like hers.
        of("", "three", "alice@a.example bob@b.example", 3),
        of("", "four", "alice@a.example presence b.example", 4),
        of(
            "mallory@a.example/x",
            "five",
            "alice@a.example dave@m.example",
            5,
        ),
        of(
            "alice@a.example/y",
            "six",
            "alice@a.example dave@m.example",
            6,
        ),
    ];
    spooled(dir.path(), mails).await;
    let running = Running::start(dir.path(), fake.config(), DAY);
    let found = async |user: &str| {
        let own = running.queue.of(BareJid::new(user).unwrap()).await.unwrap();
        let names = own.iter().map(|one| one.job.sequence);
        names.collect::<Vec<_>>()
    };
    assert_eq!(found("alice@a.example").await, [1, 6]);
    assert_eq!(found("adam@a.example").await, [2]);
    assert_eq!(found("al@a.example").await, [0; 0]);
}

#[tokio::test]
async fn a_mail_whose_file_is_damaged_is_told_to_its_sender_and_kept_aside() {
    let (dir, fake) = (
        tempfile::tempdir().unwrap(),
        Fake::start(|_, _| Say::Usual).await,
    );
    let one = mail("one", "queue", 1, &["a@x.example"]);
    let mut long = mail("long", "other", 2, &["a@x.example"]);
    long.bytes.resize(1_500_000, b'x');
    spooled(dir.path(), vec![one.clone(), long.clone()]).await;
    let lies = where_is(dir.path(), &one.job.id);
    flip(&lies.segment, lies.mail.end - 5);
    let lies = where_is(dir.path(), &long.job.id);
    flip(&lies.segment, lies.mail.end - 800_000);
    let mut running = Running::start(dir.path(), fake.config(), DAY);
    for _ in 0..2 {
        let settle = running.next_unanswered().await;
        assert_eq!(settle.verdict, JobVerdict::Done);
        match &settle.attempt[0].1 {
            Outcome::Refused(reply) => assert!(reply.text.contains("damaged"), "{reply:?}"),
            other => panic!("{other:?}"),
        }
        settle.done.send(Settled::default()).unwrap();
    }
    running.until_empty().await;
    assert!(Spool::look(dir.path()).unwrap().is_empty());
    for mail in [one, long] {
        let aside = dir.path().join("damaged").join(mail.job.id.as_str());
        assert!(aside.exists());
    }
    assert!(fake.seen_with("MAIL").is_empty());
}

/// Over two attempts, an update of its file between them and a restart.
#[tokio::test]
async fn a_long_mail_is_tried_again_and_is_the_same() {
    let fake = Fake::start(|connection, line| match line {
        _ if line.starts_with("EHLO") => Say::Reply("250-fake\r\n250 8BITMIME\r\n"),
        _ if connection <= 2 && line.starts_with('.') => Say::Last("421 4.3.0 later\r\n"),
        _ => Say::Usual,
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let mut long = mail("long", "queue", 1, &["a@x.example"]);
    let line = |number: usize| format!("{number:x<60}\r\n");
    long.bytes
        .extend((0..40_000).flat_map(|number| line(number).into_bytes()));
    spooled(dir.path(), vec![long.clone()]).await;
    for attempts in 1..=2 {
        let mut running = Running::start(dir.path(), fake.config(), DAY);
        running.queue.flush_now();
        assert!(is_deferred(&running.next().await));
        let is_noted = async || Spool::look(dir.path()).unwrap()[0].attempts == attempts;
        until(is_noted).await;
        running.stop().await;
        is_closed(dir.path()).await;
    }
    let mut running = Running::start(dir.path(), fake.config(), DAY);
    running.queue.flush_now();
    assert_eq!(running.next().await.1, JobVerdict::Done);
    running.until_empty().await;
    let expected = format!(".{}", String::from_utf8(long.bytes).unwrap());
    let seen = fake.seen_with(".");
    assert!(seen.len() == 3 && seen.iter().all(|mail| *mail == expected));
    assert!(Spool::look(dir.path()).unwrap().is_empty());
}

#[tokio::test]
async fn who_drops_a_mail_whose_file_cannot_be_read_is_told_that_and_may_try_again() {
    let (dir, fake) = (
        tempfile::tempdir().unwrap(),
        Fake::start(|_, _| Say::Usual).await,
    );
    let mut one = mail("one", "queue", 1, &["a@x.example"]);
    // Not due, so that nobody else reads it while it is what this test makes of it.
    one.job.next_attempt = Timestamp::now().plus(Duration::from_secs(600));
    spooled(dir.path(), vec![one.clone()]).await;
    let running = Running::start(dir.path(), fake.config(), DAY);
    // What a start cannot know to be durable is written once more, by a thread of its own: where the mail lies after that. No
    // task runs meanwhile, since this one holds the only thread of the runtime.
    let other = mail("other", "queue", 2, &["a@x.example"]);
    for _ in 0..2 {
        futures::executor::block_on(running.spool.accept(vec![other.clone()])).unwrap();
        futures::executor::block_on(running.spool.remove(&other.job)).unwrap();
    }
    let file = where_is(dir.path(), &one.job.id).segment;
    let octets = std::fs::read(&file).unwrap();
    // What stands there is a link to itself, which nobody can open: on every file system, and for root as well.
    std::fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink(&file, &file).unwrap();
    let id = &one.job.id;
    let done = running.queue.withdraw(id.clone(), true).await;
    assert_eq!(done, Some(JobChange::Unreadable));
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, octets).unwrap();
    let done = running.queue.withdraw(id.clone(), true).await;
    assert_eq!(done, Some(JobChange::Done));
}

#[tokio::test]
async fn a_presence_that_the_spool_has_replaced_already_is_not_read_for_the_older_one() {
    let (dir, fake) = (
        tempfile::tempdir().unwrap(),
        Fake::start(|_, _| Say::Usual).await,
    );
    let running = Running::start(dir.path(), fake.config(), DAY);
    let (old, new) = (
        presence("p1", 1, &["gone@x.example"]),
        presence("p2", 2, &["a@x.example"]),
    );
    running
        .spool
        .accept(vec![old.clone(), new.clone()])
        .await
        .unwrap();
    running.queue.push(old.job, None);
    running.until_empty().await;
    running.queue.push(new.job, None);
    running.until_empty().await;
    assert_eq!(taken(&fake), ["p2"]);
    assert!(fake.seen_with("RCPT TO:<gone@").is_empty());
}

#[tokio::test]
async fn a_mail_that_is_of_no_use_any_more_is_dropped_without_a_word() {
    let dir = tempfile::tempdir().unwrap();
    let (nobody, config) = nobody();
    let mut running = Running::start(dir.path(), config, DAY);
    let now = Timestamp::now();
    let expiring = |name: &str, sequence, millis| {
        let mut mail = presence(name, sequence, &["a@x.example"]);
        mail.job.id = JobId::of_name(&[name]);
        mail.job.ordering_key = name.to_owned();
        mail.job.expires = Some(Timestamp::from_millis(now.millis() + millis));
        mail
    };
    let mails = vec![
        expiring("past", 1, -1),
        expiring("soon", 2, 300),
        expiring("far", 3, 60_000),
    ];
    running.send(mails).await;
    until(async || running.queue.depth() == 1).await;
    let kept = Spool::look(dir.path()).unwrap();
    assert_eq!((kept.len(), kept[0].sequence), (1, 3));
    let fake = Fake::start_at(nobody, |_, _| Say::Usual).await;
    running.until_empty().await;
    assert_eq!(taken(&fake), ["far"]);
    assert!(running.told.try_recv().is_err());
}

#[tokio::test]
async fn a_server_that_takes_a_hundred_at_a_time_gets_all_thousand_at_once() {
    for is_strict in [false, true] {
        let count = AtomicUsize::new(0);
        let mails = AtomicUsize::new(0);
        let fake = Fake::start(move |_, line| {
            if line.starts_with("MAIL") {
                count.store(0, Ordering::SeqCst);
                // Some servers want a new connection for each mail.
                let is_again = mails.fetch_add(1, Ordering::SeqCst) % 2 == 1;
                if is_strict && is_again {
                    return Say::Last("421 4.7.0 one mail is enough\r\n");
                }
            }
            let is_late = line.starts_with("RCPT") && count.fetch_add(1, Ordering::SeqCst) >= 100;
            if is_late {
                Say::Reply("452 4.5.3 too many recipients\r\n")
            } else {
                Say::Usual
            }
        })
        .await;
        let dir = tempfile::tempdir().unwrap();
        let mut running = Running::start(dir.path(), fake.config(), DAY);
        let names: Vec<String> = (0..1000).map(|n| format!("u{n:04}@x.example")).collect();
        let to: Vec<&str> = names.iter().map(String::as_str).collect();
        running.send(vec![mail("one", "a", 1, &to)]).await;
        let settle = running.next_unanswered().await;
        assert_eq!((settle.verdict, settle.job.attempts), (JobVerdict::Done, 1));
        assert_eq!(settle.attempt.len(), 1000);
        let is_served = |outcome: &Outcome| matches!(outcome, Outcome::Delivered(_));
        assert!(settle.attempt.iter().all(|(_, outcome)| is_served(outcome)));
        settle.done.send(Settled::default()).unwrap();
        running.until_empty().await;
        assert_eq!(taken(&fake).len(), 10);
        assert_eq!(fake.connections(), if is_strict { 10 } else { 1 });
    }
}

#[tokio::test]
async fn draining_waits_for_what_can_be_sent_and_not_for_what_cannot() {
    let fake = Fake::start(|_, line| match line {
        _ if line.starts_with("RCPT TO:<later@") => Say::Reply("450 4.2.0 later\r\n"),
        "DATA" => Say::Late(100),
        _ => Say::Usual,
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(dir.path(), fake.config(), DAY);
    let limit = Duration::from_secs(10);
    assert!(running.queue.drained(limit).await);
    let mut deferred = presence("deferred", 1, &["later@x.example"]);
    deferred.job.id = JobId::of_name(&["other"]);
    deferred.job.ordering_key = "other".to_owned();
    running.send(vec![deferred]).await;
    let a = ["a@x.example"];
    running.send(vec![mail("m1", "queue", 2, &a)]).await;
    running.send(vec![mail("m2", "queue", 3, &a)]).await;
    running.send(vec![presence("away", 4, &a)]).await;
    running.send(vec![presence("unavailable", 5, &a)]).await;
    assert!(!running.queue.drained(Duration::from_millis(20)).await);
    assert!(running.queue.drained(limit).await);
    let names = taken(&fake);
    assert!(
        ["m1", "m2", "unavailable"]
            .iter()
            .all(|name| names.iter().any(|n| n == name))
    );
    assert!(!names.contains(&"deferred".to_owned()));
}

#[tokio::test]
async fn draining_does_not_wait_for_a_server_that_is_away_nor_for_a_queue_that_has_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let (_held, config) = nobody();
    let running = Running::start(dir.path(), config, DAY);
    let a = ["a@x.example"];
    running
        .send(vec![presence("p", 1, &a), mail("m", "m", 2, &a)])
        .await;
    let limit = Duration::from_secs(10);
    assert!(running.queue.drained(limit).await);
    assert_eq!(Spool::look(dir.path()).unwrap().len(), 2);
    let queue = running.queue.clone();
    running.stop().await;
    let since = Instant::now();
    assert!(!queue.drained(limit).await);
    assert!(since.elapsed() < limit);
}
