//! The schedule in a time that stands still.

use super::*;
use crate::smtp::command::Which;
use crate::smtp::fake::mail;
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_secs(1000);

fn entry(queue: &str, sequence: u64, due: i64, is_backlog: bool) -> ScheduledJob {
    let mut job = mail(&format!("{queue}.{sequence}"), queue, sequence, &[]).job;
    (job.accepted, job.next_attempt) = (NOW, Timestamp::from_secs(due));
    let fresh = ScheduledJob::fresh(job, None);
    ScheduledJob {
        is_backlog,
        ..fresh
    }
}

fn job(queue: &str, sequence: u64) -> Job {
    entry(queue, sequence, 0, false).whole.unwrap().job
}

fn again(job: Job) -> ScheduledJob {
    ScheduledJob::again(job, false, false, NOW)
}

/// The next one, which is whole.
fn claim(schedule: &mut Schedule, now: Timestamp) -> Option<Job> {
    schedule.claim(now).map(|found| match found {
        FoundJob::Whole(whole) => whole.job,
        FoundJob::Brief(recall) => panic!("{:?} is not whole", recall.brief),
    })
}

fn claimed(schedule: &mut Schedule) -> Option<(String, u64)> {
    claim(schedule, NOW).map(|job| (job.ordering_key, job.sequence))
}

#[test]
fn one_job_is_hastened_with_those_before_it_and_no_other() {
    let mut schedule = Schedule::default();
    for (queue, sequence) in [("a", 1), ("a", 2), ("a", 3), ("b", 4)] {
        schedule.insert(entry(queue, sequence, 5000, false));
    }
    assert!(claimed(&mut schedule).is_none());
    let second = job("a", 2);
    assert!(schedule.hasten_one(&second.id, NOW));
    for sequence in [1, 2] {
        assert_eq!(claimed(&mut schedule), Some(("a".to_owned(), sequence)));
        schedule.release(&job("a", sequence));
    }
    assert!(claimed(&mut schedule).is_none());
    assert!(!schedule.hasten_one(&second.id, NOW), "it does not wait");
    let left: Vec<u64> = schedule.waiting().map(|it| it.brief.sequence).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn a_job_is_withdrawn_if_it_waits_and_lets_the_next_one_go() {
    let mut schedule = Schedule::default();
    for sequence in [1, 2, 3] {
        schedule.insert(entry("a", sequence, 0, false));
    }
    let job = |sequence| job("a", sequence);
    assert_eq!(claimed(&mut schedule), Some(("a".to_owned(), 1)));
    assert!(schedule.withdraw(&job(1).id).is_none(), "it is under way");
    let withdrawn = schedule.withdraw(&job(2).id);
    assert!(matches!(withdrawn, Some(FoundJob::Whole(whole)) if whole.job == job(2)));
    assert!(schedule.withdraw(&job(2).id).is_none());
    assert!(
        !schedule.insert(entry("a", 2, 0, false)),
        "not yet forgotten"
    );
    assert!(claimed(&mut schedule).is_none(), "the queue is still busy");
    schedule.release(&job(1));
    assert_eq!(claimed(&mut schedule), Some(("a".to_owned(), 3)));
    schedule.forget(&job(2));
    assert!(schedule.insert(entry("a", 2, 0, false)));
}

#[test]
fn a_lane_goes_in_order_one_at_a_time_whatever_order_it_came_in() {
    let mut schedule = Schedule::default();
    for sequence in [3, 1, 2] {
        assert!(schedule.insert(entry("a", sequence, 0, false)));
    }
    for sequence in 1..=3 {
        assert_eq!(claimed(&mut schedule), Some(("a".to_owned(), sequence)));
        assert_eq!(claimed(&mut schedule), None);
        schedule.release(&job("a", sequence));
    }
    assert!(schedule.queues.is_empty() && schedule.next_due().is_none());
}

#[test]
fn later_jobs_wait_behind_a_deferred_one_and_other_lanes_do_not() {
    let mut schedule = Schedule::default();
    schedule.insert(entry("a", 1, 0, false));
    schedule.insert(entry("a", 2, 0, false));
    schedule.insert(entry("b", 3, 0, false));
    let mut first = claim(&mut schedule, NOW).unwrap();
    first.next_attempt = Timestamp::from_secs(1060);
    schedule.put_back(again(first));
    assert_eq!(claimed(&mut schedule), Some(("b".to_owned(), 3)));
    assert_eq!(claimed(&mut schedule), None);
    assert_eq!(schedule.next_due(), Some(Timestamp::from_secs(1060)));
    let later = claim(&mut schedule, Timestamp::from_secs(1060)).unwrap();
    assert_eq!(later.sequence, 1);
}

#[test]
fn new_mail_and_backlog_take_turns() {
    let mut schedule = Schedule::default();
    for n in 0..10 {
        schedule.insert(entry(&format!("old{n}"), n, 0, true));
    }
    for n in 10..13 {
        schedule.insert(entry(&format!("new{n}"), n, 999, false));
    }
    let order: Vec<u64> = std::iter::from_fn(|| claimed(&mut schedule))
        .map(|c| c.1)
        .collect();
    assert_eq!(order, [10, 0, 11, 1, 12, 2, 3, 4, 5, 6, 7, 8, 9]);
}

/// A21: the mail server was away, so that only the first of each queue was deferred.
#[test]
fn a21_what_waits_behind_a_deferred_one_takes_turns_with_new_mail_too() {
    let mut schedule = Schedule::default();
    for sequence in 1..=2 {
        schedule.insert(entry("a", sequence, 0, false));
    }
    let first = claim(&mut schedule, NOW).unwrap();
    schedule.put_back(again(first));
    for sequence in 3..=4 {
        schedule.insert(entry("a", sequence, 0, false));
    }
    for sequence in 5..=6 {
        schedule.insert(entry(&format!("new{sequence}"), sequence, 900, false));
    }
    let mut order = Vec::new();
    while let Some(next) = claim(&mut schedule, NOW) {
        order.push(next.sequence);
        schedule.release(&next);
    }
    assert_eq!(order, [1, 5, 2, 6, 3, 4]);
}

#[test]
fn a_job_is_there_once_until_it_is_forgotten() {
    let mut schedule = Schedule::default();
    assert!(schedule.insert(entry("a", 1, 0, false)));
    assert!(!schedule.insert(entry("a", 1, 0, false)));
    let job = claim(&mut schedule, NOW).unwrap();
    assert!(!schedule.insert(entry("a", 1, 0, false)));
    schedule.release(&job);
    assert_eq!(claimed(&mut schedule), None);
    assert!(!schedule.insert(entry("a", 1, 0, false)));
    schedule.forget(&job);
    assert!(schedule.insert(entry("a", 1, 0, false)));
}

/// Jobs with one id: the presence of a user for a domain.
fn presence(sequence: u64, due: i64) -> ScheduledJob {
    let mut entry = entry("p", sequence, due, false);
    let whole = entry.whole.as_mut().unwrap();
    whole.job.id = JobId::of_name(&["presence"]);
    whole.job.replaceable = true;
    let job = entry.whole.unwrap().job;
    ScheduledJob::fresh(job, None)
}

#[test]
fn one_that_waits_is_replaced_and_stays_where_it_was_not() {
    let mut schedule = Schedule::default();
    assert!(schedule.insert(entry("p", 1, 0, false)));
    assert!(schedule.insert(presence(2, 0)));
    assert!(schedule.insert(entry("p", 2, 0, false)));
    assert!(!schedule.insert(presence(4, 10)));
    assert!(!schedule.insert(presence(3, 10)));
    assert!(!schedule.insert(presence(4, 10)));
    let mut order = Vec::new();
    while let Some(entry) = claim(&mut schedule, NOW) {
        order.push(entry.sequence);
        schedule.release(&entry);
        schedule.forget(&entry);
    }
    assert_eq!(order, [1, 2, 4]);
    assert!(schedule.queues.is_empty() && schedule.known.is_empty());
}

#[test]
fn one_that_was_deferred_leaves_its_schedule_to_the_one_that_replaces_it() {
    for is_held in [false, true] {
        let mut schedule = Schedule::default();
        schedule.insert(presence(1, 0));
        let mut old = claim(&mut schedule, NOW).unwrap();
        (old.attempts, old.next_attempt) = (3, Timestamp::from_secs(1300));
        assert!(schedule.put_back(ScheduledJob::again(old, is_held, false, NOW)));
        assert!(!schedule.insert(presence(2, 1000)));
        assert!(claim(&mut schedule, NOW).is_none());
        assert_eq!(schedule.next_due(), Some(Timestamp::from_secs(1300)));
        schedule.hasten(NOW, true);
        assert_eq!(claim(&mut schedule, NOW).is_some(), is_held);
        let later = claim(&mut schedule, Timestamp::from_secs(1300));
        assert_eq!(later.is_some(), !is_held);
        assert!(later.is_none_or(|entry| (entry.sequence, entry.attempts) == (2, 3)));
    }
}

#[test]
fn what_replaces_one_under_way_waits_for_its_end() {
    let mut schedule = Schedule::default();
    schedule.insert(presence(1, 0));
    schedule.insert(entry("p", 2, 0, false));
    let old = claim(&mut schedule, NOW).unwrap();
    assert!(schedule.insert(presence(4, 0)));
    assert!(!schedule.insert(presence(5, 0)));
    assert!(!schedule.insert(presence(3, 0)));
    assert!(claim(&mut schedule, NOW).is_none());
    schedule.release(&old);
    assert_eq!(claim(&mut schedule, NOW).unwrap().sequence, 2);
    schedule.release(&job("p", 2));
    assert_eq!(claim(&mut schedule, NOW).unwrap().sequence, 5);
    // The older one is settled late.
    schedule.forget(&old);
    assert!(!schedule.insert(presence(5, 0)));
    assert!(schedule.insert(presence(6, 0)));
}

#[test]
fn what_replaces_one_that_comes_back_deferred_goes_in_its_place() {
    let mut schedule = Schedule::default();
    schedule.insert(presence(1, 0));
    let mut old = claim(&mut schedule, NOW).unwrap();
    assert!(schedule.insert(presence(2, 0)));
    (old.attempts, old.next_attempt) = (1, Timestamp::from_secs(1060));
    assert!(!schedule.put_back(again(old)));
    assert!(claim(&mut schedule, NOW).is_none());
    let new = claim(&mut schedule, Timestamp::from_secs(1060)).unwrap();
    assert_eq!((new.sequence, new.attempts), (2, 1));
    // Had no attempt been made, there would be no reason to wait.
    let mut untried = presence(2, 0);
    untried.brief.next_attempt = Timestamp::from_secs(5000);
    assert!(schedule.insert(presence(3, 0)));
    assert!(!schedule.put_back(untried));
    assert_eq!(claim(&mut schedule, NOW).unwrap().sequence, 3);
}

#[test]
fn what_replaces_one_that_is_being_settled_does_not_wait() {
    let mut schedule = Schedule::default();
    schedule.insert(presence(1, 0));
    let old = claim(&mut schedule, NOW).unwrap();
    schedule.release(&old);
    assert!(schedule.insert(presence(2, 0)));
    assert!(claim(&mut schedule, NOW).is_some());
    schedule.forget(&old);
    assert!(!schedule.insert(presence(2, 0)));
}

#[test]
fn a_deferred_job_is_due_when_it_is_of_no_use_any_more() {
    let mut schedule = Schedule::default();
    let mut late = entry("a", 1, 5000, true).whole.unwrap().job;
    late.expires = Some(Timestamp::from_secs(1010));
    schedule.insert(again(late));
    assert!(claim(&mut schedule, NOW).is_none());
    let then = Timestamp::from_secs(1010);
    assert_eq!(schedule.next_due(), Some(then));
    assert!(claim(&mut schedule, then).unwrap().is_outdated(then));
}

#[test]
fn hastening_the_held_ones_leaves_the_others_alone() {
    let mut schedule = Schedule::default();
    let mut held = entry("a", 1, 5000, true);
    held.is_held = true;
    schedule.insert(held);
    schedule.insert(entry("b", 2, 5000, true));
    schedule.hasten(NOW, true);
    assert_eq!(claimed(&mut schedule), Some(("a".to_owned(), 1)));
    assert_eq!(claimed(&mut schedule), None);
    schedule.hasten(NOW, false);
    assert_eq!(claimed(&mut schedule), Some(("b".to_owned(), 2)));
}

fn recall(schedule: &mut Schedule, now: Timestamp) -> Option<Recall> {
    schedule.claim(now).and_then(|found| match found {
        FoundJob::Whole(_) => None,
        FoundJob::Brief(recall) => Some(recall),
    })
}

#[test]
fn what_was_found_in_the_spool_is_asked_for_when_it_is_its_turn() {
    let mut schedule = Schedule::default();
    for sequence in [1, 2] {
        schedule.insert(ScheduledJob::found(Brief::from(&job("a", sequence)), NOW));
    }
    schedule.insert(ScheduledJob::found(entry("b", 3, 5000, true).brief, NOW));
    let asked = recall(&mut schedule, NOW).unwrap();
    assert_eq!((&*asked.brief.ordering_key, asked.brief.sequence), ("a", 1));
    // Its queue waits for it, and the other one for its time.
    assert!(schedule.claim(NOW).is_none());
    let mut written = job("a", 1);
    (written.sequence, written.attempts) = (9, 9);
    schedule.recalled(&asked, written);
    assert_eq!(claim(&mut schedule, NOW), Some(job("a", 1)));
    schedule.release(&job("a", 1));
    let asked = recall(&mut schedule, NOW).unwrap();
    assert_eq!(asked.brief.sequence, 2);
    schedule.recall_later(&asked, Timestamp::from_secs(1060));
    assert_eq!(schedule.next_due(), Some(Timestamp::from_secs(1060)));
    let asked = recall(&mut schedule, Timestamp::from_secs(1060)).unwrap();
    assert!(schedule.recalled_in_vain(&asked));
    assert!(!schedule.known.contains_key(&job("a", 2).id));
    assert_eq!(schedule.weight, 0);
}

#[test]
fn what_is_replaced_while_it_is_asked_for_is_not_sent() {
    let mut schedule = Schedule::default();
    schedule.insert(ScheduledJob::found(presence(1, 0).brief, NOW));
    let asked = recall(&mut schedule, NOW).unwrap();
    assert!(!schedule.insert(presence(2, 0)));
    assert!(schedule.claim(NOW).is_none());
    schedule.recalled(&asked, presence(1, 0).whole.unwrap().job);
    assert_eq!(claim(&mut schedule, NOW).unwrap().sequence, 2);
    // The file was of the newer one already when the older one was asked for.
    let mut schedule = Schedule::default();
    schedule.insert(ScheduledJob::found(presence(1, 0).brief, NOW));
    let asked = recall(&mut schedule, NOW).unwrap();
    assert!(!schedule.insert(presence(2, 0)));
    assert!(!schedule.recalled_in_vain(&asked));
    assert_eq!(claim(&mut schedule, NOW).unwrap().sequence, 2);
    assert_eq!(schedule.weight, 0);
}

#[test]
fn an_admin_takes_out_what_is_not_whole_when_it_has_been_read() {
    let mut schedule = Schedule::default();
    for sequence in [1, 2] {
        schedule.insert(ScheduledJob::found(Brief::from(&job("a", sequence)), NOW));
    }
    let id = job("a", 2).id;
    let Some(FoundJob::Brief(asked)) = schedule.withdraw(&id) else {
        panic!("it is not whole");
    };
    // Its queue goes on meanwhile.
    let first = recall(&mut schedule, NOW).unwrap();
    schedule.recalled(&first, job("a", 1));
    assert_eq!(claim(&mut schedule, NOW).unwrap().sequence, 1);
    schedule.recalled(&asked, job("a", 2));
    assert!(matches!(schedule.withdraw(&id), Some(FoundJob::Whole(_))));
    // While the first one was under way, nothing else of the queue may go.
    schedule.insert(entry("a", 3, 0, false));
    assert!(schedule.claim(NOW).is_none());
    schedule.release(&job("a", 1));
    assert_eq!(claim(&mut schedule, NOW).unwrap().sequence, 3);
}

/// A21: of a backlog little is in memory, but for what cannot be read again.
#[test]
fn a21_so_many_jobs_are_whole_and_no_more() {
    let mut schedule = Schedule::default();
    for n in 0..WHOLE_MAX as u64 * 2 {
        schedule.insert(entry(&format!("queue{}", n % 7), n, 0, false));
    }
    assert_eq!(schedule.weight, WHOLE_MAX);
    let is_whole = |it: &&ScheduledJob| it.whole.is_some();
    assert_eq!(schedule.waiting().filter(is_whole).count(), WHOLE_MAX);
    let ahead = job("b", 1_000_000);
    schedule.insert(ScheduledJob::again(ahead.clone(), false, true, NOW));
    assert_eq!(schedule.waiting().filter(is_whole).count(), WHOLE_MAX + 1);
    let mut sent = Vec::new();
    while let Some(found) = schedule.claim(NOW) {
        let whole = match found {
            FoundJob::Whole(whole) => whole.job,
            FoundJob::Brief(recall) => {
                let n = recall.brief.sequence;
                schedule.recalled(&recall, job(&recall.brief.ordering_key, n));
                continue;
            }
        };
        schedule.release(&whole);
        schedule.forget(&whole);
        sent.push(whole.sequence);
    }
    assert_eq!(sent.len(), WHOLE_MAX * 2 + 1);
    assert_eq!((schedule.weight, schedule.known.len()), (0, 0));
}

/// What this thread has had of a processor so far: on a busy machine the clock goes on without it (proc(5): schedstat).
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds = text.split(' ').next().unwrap().parse().unwrap();
    Duration::from_nanos(nanoseconds)
}

#[test]
fn a_hundred_thousand_jobs_are_no_trouble() {
    let mut schedule = Schedule::default();
    let start = processor_time();
    for n in 0..100_000 {
        schedule.insert(entry(&format!("queue{}", n % 5000), n, 0, true));
    }
    let mut last = HashMap::new();
    let mut count = 0;
    while let Some(found) = schedule.claim(NOW) {
        let job = match found {
            FoundJob::Whole(whole) => whole.job,
            FoundJob::Brief(recall) => {
                let Brief {
                    ordering_key: queue,
                    sequence,
                    ..
                } = &recall.brief;
                schedule.recalled(&recall, job(queue, *sequence));
                continue;
            }
        };
        let before = last.insert(job.ordering_key.clone(), job.sequence);
        assert!(before < Some(job.sequence));
        schedule.release(&job);
        schedule.forget(&job);
        count += 1;
    }
    assert_eq!(count, 100_000);
    assert!(schedule.known.is_empty());
    let took = processor_time() - start;
    assert!(took < Duration::from_secs(30), "{took:?}");
}

#[test]
fn a_reserved_job_stays_where_it_is_and_another_version_takes_its_place() {
    let mut schedule = Schedule::default();
    for sequence in [1, 2] {
        schedule.insert(entry("a", sequence, 0, false));
    }
    let reserved = |schedule: &mut Schedule, which: Which| match schedule.reserve(&which) {
        Some(FoundJob::Whole(found)) => Some(found.job.sequence),
        _ => None,
    };
    let (first, last) = (job("a", 1), Which::LastOf("a".to_owned()));
    assert_eq!(reserved(&mut schedule, last), Some(2));
    assert_eq!(
        reserved(&mut schedule, Which::Id(first.id.clone())),
        Some(1)
    );
    assert!(claimed(&mut schedule).is_none(), "neither goes");
    let mut other = entry("a", 1, 0, false);
    if let Some(whole) = &mut other.whole {
        whole.job.silent = true;
    }
    assert!(!schedule.insert(other), "not one job more");
    let job = claim(&mut schedule, NOW).unwrap();
    assert!(job.sequence == 1 && job.silent, "{job:?}");
    let under_way = Which::Id(first.id.clone());
    assert_eq!(reserved(&mut schedule, under_way), None, "it does not wait");
    schedule.release(&job);
    assert!(
        claimed(&mut schedule).is_none(),
        "the second is still reserved"
    );
    schedule.unreserve(&self::job("a", 2).id);
    assert_eq!(claimed(&mut schedule), Some(("a".to_owned(), 2)));
}

#[test]
fn a_job_that_is_taken_back_lets_the_next_one_go() {
    let mut schedule = Schedule::default();
    for sequence in [1, 2] {
        schedule.insert(entry("a", sequence, 0, false));
    }
    let first = job("a", 1).id;
    assert!(schedule.reserve(&Which::Id(first.clone())).is_some());
    assert!(schedule.take_back(&first) && !schedule.take_back(&first));
    assert_eq!(claimed(&mut schedule), Some(("a".to_owned(), 2)));
}

#[test]
fn what_a_former_process_may_have_sent_is_not_reserved() {
    let mut schedule = Schedule::default();
    let found = |sequence: u64, due: i64| {
        let ScheduledJob { brief, .. } = entry("a", sequence, due, true);
        ScheduledJob::found(brief, NOW)
    };
    schedule.insert(found(1, 999));
    schedule.insert(found(2, 1001));
    let mut reserve = |sequence| {
        schedule
            .reserve(&Which::Id(job("a", sequence).id))
            .is_some()
    };
    assert!(!reserve(1) && reserve(2));
}
