//! Days of waiting, in moments: time and the wall clock stand still until the test moves them.

use super::tests::Running;
use super::*;
use crate::core::context::{Context, Missing};
use crate::core::decide::Decider;
use crate::core::decide::delivery::outcome;
use crate::core::id::StanzaId;
use crate::core::job::{ComposedMail, Origin, OriginKind};
use crate::core::rules::Rules;
use crate::core::settings::{Settings, Users};
use crate::core::time::clock;
use crate::smtp::fake::{Fake, Say, mail};
use crate::smtp::{JobStage, Settle, Settled, SmtpConfig, TimeLimits};
use minidom::Element;
use std::cell::Cell;
use std::rc::Rc;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Timers have whole milliseconds.
const TICK: Duration = Duration::from_millis(2);
/// Where a test has stopped time for longer than this, something hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Time passes only when the test says so: a task that blocks keeps the runtime from passing it by itself. The wall clock
/// follows, unless it is set.
struct Time {
    set_by: Rc<Cell<i64>>,
    _stopped: std::sync::mpsc::Sender<()>,
}

impl Time {
    fn stop() -> Self {
        tokio::time::pause();
        let (stopped, held) = std::sync::mpsc::channel();
        tokio::task::spawn_blocking(move || held.recv_timeout(PATIENCE));
        let (began, wall) = (Instant::now(), Timestamp::now());
        let set_by = Rc::new(Cell::new(0));
        let offset = Rc::clone(&set_by);
        clock::set(move || {
            let now = wall.plus(began.elapsed());
            Timestamp::from_millis(now.millis() + offset.get())
        });
        Self {
            set_by,
            _stopped: stopped,
        }
    }

    async fn pass(&self, time: Duration) {
        tokio::time::advance(time).await;
    }

    /// Up to a point of the wall clock.
    async fn pass_until(&self, then: Timestamp) {
        let wait = then.since(Timestamp::now());
        self.pass(wait + TICK).await;
    }

    /// Nothing but what the sockets bring happens meanwhile.
    async fn stands_still() {
        let moment = || std::thread::sleep(Duration::from_millis(1));
        tokio::task::spawn_blocking(moment).await.unwrap();
    }

    /// Somebody sets the wall clock.
    fn set_clock(&self, forward_millis: i64) {
        self.set_by.set(self.set_by.get() + forward_millis);
    }
}

fn usual(fake: &Fake) -> SmtpConfig {
    let limits = TimeLimits::default();
    SmtpConfig {
        limits,
        ..fake.config()
    }
}

/// A mail whose sender wants to know.
fn awaited(name: &str) -> ComposedMail {
    let mut mail = mail(name, name, 1, &["carol@x.example"]);
    mail.job.origin = Some(Origin {
        user: "alice@a.example/home".parse().unwrap(),
        contact: "carol\\40x.example@gateway.a.example".parse().unwrap(),
        stanza_id: StanzaId::parse("1"),
        language: None,
        kind: OriginKind::Message,
        receipt: true,
        confirm: false,
    });
    mail
}

/// Who tells the senders, as the pipeline does.
struct Teller {
    settings: Settings,
    told: Vec<Element>,
}

impl Teller {
    fn new(expire: Duration) -> Self {
        let rule = ("{local}@a.example", "{local}@mail.example");
        let rules = Rules::new(&[(rule.0.to_owned(), rule.1.to_owned())]).unwrap();
        let domain = |name: &str| jid::DomainPart::new(name).unwrap().into_owned();
        let users = Users {
            domains: vec![domain("a.example")],
            jids: Vec::new(),
            admins: Vec::new(),
        };
        let mut settings = Settings::with_defaults(domain("gateway.a.example"), rules, users);
        settings.expire = expire;
        Self {
            settings,
            told: Vec::new(),
        }
    }

    fn settle(&mut self, settle: Settle) -> (Job, JobVerdict) {
        let (now, mut context) = (Timestamp::now(), Context::new());
        let (job, verdict) = (settle.job, settle.verdict);
        let decision = loop {
            let attempt = &settle.attempt;
            match Decider::new(&self.settings, &context, now).outcome(&job, attempt, verdict) {
                Ok(decision) => break decision,
                Err(Missing(needs)) => needs
                    .into_iter()
                    .for_each(|need| context.insert(need, None)),
            }
        };
        self.told.extend(decision.stanzas);
        let is_deferred = matches!(verdict, JobVerdict::Deferred { .. });
        let delay_told = is_deferred && outcome::is_delay_due(&self.settings, &job, now);
        let _ = settle.done.send(Settled { delay_told });
        (job, verdict)
    }

    /// Notices about a delay, errors, and receipts.
    fn counts(&self) -> (usize, usize, usize) {
        let count = |what: &str| {
            let says = |stanza: &&Element| String::from(*stanza).contains(what);
            self.told.iter().filter(says).count()
        };
        (
            count("still waiting"),
            count("type=\"error\"") + count("type='error'"),
            count("received"),
        )
    }
}

async fn until_waiting(running: &Running, job: &Job) {
    while !matches!(
        running.queue.find(job.id.clone()).await.flatten(),
        Some(waiting) if waiting.stage == JobStage::Waits
    ) {
        tokio::task::yield_now().await;
    }
}

/// Settles what is told until every mail waits for its time. Twice: what was due when the first question was asked may
/// not have been under way yet.
async fn settle_all(running: &mut Running, teller: &mut Teller) -> Vec<(Job, JobVerdict)> {
    let (mut settled, mut quiet) = (Vec::new(), 0);
    while quiet < 3 {
        quiet += 1;
        while let Ok(settle) = running.told.try_recv() {
            settled.push(teller.settle(settle));
            quiet = 0;
        }
        let waiting = running.queue.page(None, 1000).await.unwrap();
        if waiting.iter().any(|one| one.stage != JobStage::Waits) {
            quiet = 0;
        }
        Time::stands_still().await;
    }
    settled
}

/// What the table of `core/retry.rs` says of the wait after this attempt, in both directions.
fn by_the_table(attempt: usize) -> std::ops::RangeInclusive<Duration> {
    let minutes = [1, 2, 5, 10, 20, 30].get(attempt - 1).unwrap_or(&60);
    let wait = Duration::from_secs(minutes * 60);
    wait * 9 / 10..=wait * 11 / 10 + 4 * TICK
}

/// A7: a server that defers a mail for three days.
#[tokio::test]
async fn a7_a_mail_is_tried_as_the_table_says_and_its_sender_told_once_of_the_delay_and_once_of_the_end()
 {
    let time = Time::stop();
    let fake = Fake::start(|_, line| match line {
        _ if line.starts_with("RCPT") => Say::Reply("450 4.2.0 later\r\n"),
        _ => Say::Usual,
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let mut running = Running::start(dir.path(), usual(&fake), 3 * DAY);
    let mut teller = Teller::new(3 * DAY);
    let mail = awaited("one");
    let accepted = mail.job.accepted;
    running.send(vec![mail]).await;

    let (mut waits, mut last, mut delay_told) = (Vec::new(), None, None);
    loop {
        let settle = running.next_unanswered().await;
        let now = Timestamp::now();
        waits.extend(last.replace(now).map(|last| now.since(last)));
        let (job, verdict) = teller.settle(settle);
        if teller.counts().0 > 0 {
            delay_told.get_or_insert(now.since(accepted));
        }
        match verdict {
            JobVerdict::Deferred { next } => {
                until_waiting(&running, &job).await;
                time.pass_until(next).await;
            }
            JobVerdict::Expired => break,
            JobVerdict::Done => panic!("nobody took it"),
        }
    }
    let (at_the_end, by_table) = waits.split_last().unwrap();
    for (attempt, wait) in (1..).zip(by_table) {
        assert!(
            by_the_table(attempt).contains(wait),
            "after attempt {attempt}: {wait:?}"
        );
    }
    assert!(at_the_end <= by_the_table(9).end());
    let lasted = Timestamp::now().since(accepted);
    assert!(
        (3 * DAY..3 * DAY + HOUR / 60).contains(&lasted),
        "{lasted:?}"
    );
    assert_eq!(fake.seen_with("RCPT").len(), waits.len() + 1);
    assert_eq!(teller.counts(), (1, 1, 0), "{:?}", teller.told);
    // With the first attempt after four hours.
    let told = delay_told.unwrap();
    assert!(
        (4 * HOUR..=4 * HOUR + *by_the_table(9).end()).contains(&told),
        "{told:?}"
    );
    time.pass(DAY).await;
    assert!(settle_all(&mut running, &mut teller).await.is_empty());
}

/// A7: a server that cannot be reached for six hours, at which the mail expires.
#[tokio::test]
async fn a7_a_server_that_is_away_is_probed_once_a_minute_and_the_mail_given_up_once() {
    let time = Time::stop();
    let fake = Fake::start(|_, _| Say::Close).await;
    let dir = tempfile::tempdir().unwrap();
    let mut running = Running::start(dir.path(), usual(&fake), 6 * HOUR);
    let mut teller = Teller::new(6 * HOUR);
    running.send(vec![awaited("one")]).await;
    let mut end = None;
    for minute in 0..7 * 60 {
        let settled = settle_all(&mut running, &mut teller).await;
        if settled
            .iter()
            .any(|(_, verdict)| *verdict == JobVerdict::Expired)
        {
            assert!(end.replace(minute).is_none(), "given up twice");
        }
        time.pass(HOUR / 60 + TICK).await;
    }
    assert!(matches!(end, Some(360..=427)), "{end:?}");
    assert_eq!(teller.counts(), (1, 1, 0), "{:?}", teller.told);
    // The first probes follow one another more closely.
    assert!(
        (350..=6 * 60 + 10).contains(&fake.connections()),
        "{}",
        fake.connections()
    );
}

/// A7: it comes back after five hours.
#[tokio::test]
async fn a7_a_server_that_comes_back_gets_everything_within_a_minute() {
    let time = Time::stop();
    let is_away = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let away = Arc::clone(&is_away);
    let fake = Fake::start(move |_, _| match away.load(Ordering::SeqCst) {
        true => Say::Close,
        false => Say::Usual,
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let mut running = Running::start(dir.path(), usual(&fake), DAY);
    let mut teller = Teller::new(DAY);
    running
        .send((0..20).map(|n| awaited(&format!("m{n}"))).collect())
        .await;
    for _ in 0..5 * 60 {
        settle_all(&mut running, &mut teller).await;
        time.pass(HOUR / 60 + TICK).await;
    }
    settle_all(&mut running, &mut teller).await;
    is_away.store(false, Ordering::SeqCst);
    time.pass(HOUR / 60 + TICK).await;
    while running.queue.depth() > 0 {
        settle_all(&mut running, &mut teller).await;
    }
    assert_eq!(fake.seen_with(".").len(), 20);
    assert_eq!(teller.counts(), (20, 0, 20));
}

/// A8: no reply after the final dot.
#[tokio::test]
async fn a8_a_server_that_is_silent_after_the_dot_is_left_after_600_s_and_gets_the_same_mail_again()
{
    let time = Time::stop();
    let fake = Fake::start(|connection, line| match line {
        _ if connection == 1 && line.starts_with('.') => Say::Hang,
        _ => Say::Usual,
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let mut running = Running::start(dir.path(), usual(&fake), DAY);
    let mut teller = Teller::new(DAY);
    running.send(vec![awaited("one")]).await;
    while fake.seen_with(".").is_empty() {
        Time::stands_still().await;
    }
    time.pass(Duration::from_secs(599)).await;
    for _ in 0..20 {
        Time::stands_still().await;
    }
    assert!(running.told.try_recv().is_err(), "it may still come");
    time.pass(Duration::from_secs(1) + TICK).await;
    let (job, verdict) = teller.settle(running.next_unanswered().await);
    let JobVerdict::Deferred { next } = verdict else {
        panic!("{verdict:?}");
    };
    assert!(!job.certain);
    until_waiting(&running, &job).await;
    time.pass_until(next).await;
    let (_, verdict) = teller.settle(running.next_unanswered().await);
    assert_eq!(verdict, JobVerdict::Done);
    let mails = fake.seen_with(".");
    assert!(mails.len() == 2 && mails[0] == mails[1]);
    assert!(mails[0].contains("Message-ID: <one@mail.example>"));
    assert_eq!(teller.counts(), (0, 0, 1));
}

/// A9: each recipient of one mail is answered otherwise.
#[tokio::test]
async fn a9_there_is_one_error_for_each_recipient_that_was_refused_and_none_for_the_others() {
    let time = Time::stop();
    let fake = Fake::start(|_, line| match line {
        _ if line.starts_with("RCPT TO:<none@") => Say::Reply("550 5.1.1 unknown\r\n"),
        _ if line.starts_with("RCPT TO:<full@") => Say::Reply("552 5.2.2 mailbox full\r\n"),
        _ if line.starts_with("RCPT TO:<filter@") => Say::Reply("550 5.5.0 unavailable\r\n"),
        _ if line.starts_with("RCPT TO:<grey@") => Say::Reply("451 4.7.1 later\r\n"),
        _ => Say::Usual,
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let mut running = Running::start(dir.path(), usual(&fake), DAY);
    let mut teller = Teller::new(DAY);
    let mut mail = awaited("one");
    let names = ["ok", "none", "filter", "full", "grey", "fine"];
    mail.job.to = names
        .map(|name| format!("{name}@x.example").parse().unwrap())
        .into();
    running.send(vec![mail]).await;
    for _ in 0..3 {
        let (job, verdict) = teller.settle(running.next_unanswered().await);
        let JobVerdict::Deferred { next } = verdict else {
            panic!("{verdict:?}");
        };
        let left: Vec<String> = job.to.iter().map(ToString::to_string).collect();
        assert_eq!(left, ["filter@x.example", "grey@x.example"]);
        assert_eq!(teller.counts(), (0, 2, 0), "{:?}", teller.told);
        until_waiting(&running, &job).await;
        time.pass_until(next).await;
    }
    let rcpt = |name: &str| fake.seen_with(&format!("RCPT TO:<{name}@")).len();
    assert_eq!(["ok", "none", "full", "fine"].map(rcpt), [1; 4]);
}

/// A18: somebody sets the clock a day forward, back, and further back.
#[tokio::test]
async fn a18_a_clock_that_jumps_costs_each_mail_one_attempt_and_makes_none_wait_for_longer() {
    const MAILS: usize = 20;
    let time = Time::stop();
    let fake = Fake::start(|_, line| match line {
        _ if line.starts_with("RCPT") => Say::Reply("450 4.2.0 later\r\n"),
        _ => Say::Usual,
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let mut running = Running::start(dir.path(), usual(&fake), 10 * DAY);
    let mut teller = Teller::new(10 * DAY);
    running
        .send((0..MAILS).map(|n| awaited(&format!("m{n}"))).collect())
        .await;
    // Until the waits are long.
    for _ in 0..5 * 60 {
        settle_all(&mut running, &mut teller).await;
        time.pass(HOUR / 60).await;
    }
    let day = i64::try_from(DAY.as_millis()).unwrap();
    for jump in [day, -day, -day, day, 2 * day, -3 * day] {
        let before = fake.seen_with("RCPT").len();
        time.set_clock(jump);
        time.pass(HOUR / 60 + TICK).await;
        settle_all(&mut running, &mut teller).await;
        let burst = fake.seen_with("RCPT").len() - before;
        assert!(burst <= MAILS, "{burst} attempts after a jump of {jump} ms");
        let before = fake.seen_with("RCPT").len();
        for _ in 0..66 {
            time.pass(HOUR / 60 + TICK).await;
            settle_all(&mut running, &mut teller).await;
        }
        let regular = fake.seen_with("RCPT").len() - before;
        assert!(
            (MAILS..=2 * MAILS).contains(&regular),
            "{regular} after a jump of {jump} ms"
        );
    }
    assert_eq!(running.queue.depth(), MAILS);
}

/// A18: the clock is set back while the outcome of an attempt is on its way to the sender.
#[tokio::test]
async fn a18_a_mail_in_the_middle_of_an_attempt_does_not_wait_for_the_clock_to_come_back() {
    let time = Time::stop();
    let fake = Fake::start(|_, line| match line {
        _ if line.starts_with("RCPT") => Say::Reply("450 4.2.0 later\r\n"),
        _ => Say::Usual,
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let mut running = Running::start(dir.path(), usual(&fake), 10 * DAY);
    let mut teller = Teller::new(10 * DAY);
    running.send(vec![awaited("one")]).await;
    let settle = running.next_unanswered().await;
    time.set_clock(-i64::try_from(DAY.as_millis()).unwrap());
    time.pass(HOUR / 60 + TICK).await;
    Time::stands_still().await;
    let (job, _) = teller.settle(settle);
    until_waiting(&running, &job).await;
    time.pass(*by_the_table(9).end()).await;
    running.next_unanswered().await;
}
