//! The spool by itself.

use super::*;
use crate::core::address::MailAddress;
use crate::core::id::MessageId;
use record::key_of;
use segment::Name;
use std::os::unix::fs::PermissionsExt;
use torn::where_is;

mod long;

fn mail(name: &str, sequence: u64) -> ComposedMail {
    let message_id = MessageId::parse(&format!("{name}@mail.example")).unwrap();
    let job = Job {
        id: JobId::derive(&message_id),
        message_id,
        ordering_key: "alice carol".to_owned(),
        sequence,
        from: Some(MailAddress::parse("alice@mail.example").unwrap()),
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
    let bytes = format!("Subject: {name}\r\n\r\n{}\r\n", "x".repeat(2000)).into_bytes();
    ComposedMail { job, bytes }
}

/// The segments.
fn segments(dir: &Path) -> Vec<PathBuf> {
    let mut files = files_in(&dir.join("journal")).unwrap();
    files.sort();
    files
}

/// The names in the folder for what is damaged.
fn aside(dir: &Path) -> Vec<String> {
    let files = files_in(&dir.join("damaged")).unwrap();
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    files.iter().map(name).collect()
}

/// Opens a spool again that was just closed: the thread of its last operation may hold it for a moment longer.
fn reopen(dir: &Path) -> Result<(Spool, Vec<Job>), SpoolError> {
    let began = std::time::Instant::now();
    loop {
        match Spool::open(dir) {
            Err(SpoolError::InUse(_)) if began.elapsed().as_secs() < 5 => {
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
            Err(error) => return Err(error),
            Ok((spool, briefs)) => {
                let jobs = Spool::look(dir)?;
                let same: Vec<Brief> = jobs.iter().map(Brief::from).collect();
                assert_eq!(briefs, same);
                return Ok((spool, jobs));
            }
        }
    }
}

#[tokio::test]
async fn what_was_accepted_is_there_after_a_restart_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, jobs) = reopen(dir.path()).unwrap();
    assert!(jobs.is_empty());
    let mails: Vec<ComposedMail> = (0..70).rev().map(|n| mail(&format!("m{n}"), n)).collect();
    spool.accept(mails.clone()).await.unwrap();
    drop(spool);
    let (spool, jobs) = reopen(dir.path()).unwrap();
    let sequences: Vec<u64> = jobs.iter().map(|job| job.sequence).collect();
    assert_eq!(sequences, (0..70).collect::<Vec<_>>());
    for one in &mails {
        assert_eq!(spool.read_mail(&one.job).await.unwrap(), one.bytes);
        assert!(jobs.contains(&one.job));
    }
}

#[tokio::test]
async fn accepting_twice_leaves_one_mail() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = Spool::open(dir.path()).unwrap();
    spool.accept(vec![mail("a", 1)]).await.unwrap();
    spool
        .accept(vec![mail("a", 1), mail("a", 1)])
        .await
        .unwrap();
    assert_eq!(Spool::look(dir.path()).unwrap().len(), 1);
}

#[tokio::test]
async fn an_update_keeps_the_mail_and_a_removal_is_idempotent() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = Spool::open(dir.path()).unwrap();
    let mut one = mail("a", 1);
    spool.accept(vec![one.clone()]).await.unwrap();
    (one.job.attempts, one.job.delay_told) = (7, true);
    spool.update(&one.job).await.unwrap();
    assert_eq!(spool.read_mail(&one.job).await.unwrap(), one.bytes);
    assert_eq!(Spool::look(dir.path()).unwrap(), [one.job.clone()]);
    spool.remove(&one.job).await.unwrap();
    spool.remove(&one.job).await.unwrap();
    let gone = SpoolError::Gone(one.job.id.clone());
    assert_eq!(spool.read_mail(&one.job).await, Err(gone.clone()));
    assert_eq!(spool.update(&one.job).await, Err(gone));
    assert!(Spool::look(dir.path()).unwrap().is_empty());
}

fn presence(sequence: u64, text: &str) -> ComposedMail {
    let mut mail = mail(text, sequence);
    mail.job.id = JobId::of_name(&["presence", "alice@mail.example", "x.example"]);
    mail.job.replaceable = true;
    mail
}

#[tokio::test]
async fn the_end_of_a_replaced_mail_leaves_the_newer_one_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = Spool::open(dir.path()).unwrap();
    let (mut old, new) = (presence(1, "old"), presence(2, "new"));
    spool.accept(vec![old.clone()]).await.unwrap();
    assert_eq!(spool.read_mail(&old.job).await.unwrap(), old.bytes);
    old.job.attempts = 1;
    spool.update(&old.job).await.unwrap();
    spool.accept(vec![new.clone()]).await.unwrap();
    let replaced = SpoolError::Replaced(old.job.id.clone());
    assert_eq!(spool.read_mail(&old.job).await, Err(replaced.clone()));
    assert_eq!(spool.update(&old.job).await, Err(replaced));
    assert_eq!(spool.remove(&old.job).await, Ok(()));
    assert_eq!(spool.read_mail(&new.job).await.unwrap(), new.bytes);
    assert_eq!(
        Spool::look(dir.path()).unwrap(),
        std::slice::from_ref(&new.job)
    );
    spool.remove(&new.job).await.unwrap();
    assert_eq!(spool.remove(&old.job).await, Ok(()));
    assert!(Spool::look(dir.path()).unwrap().is_empty());
}

#[tokio::test]
async fn a_newer_mail_is_never_lost_to_the_end_of_the_older_one_however_they_meet() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = Spool::open(dir.path()).unwrap();
    for round in 0..150 {
        let (old, new) = (presence(2 * round, "old"), presence(2 * round + 1, "new"));
        spool.accept(vec![old.clone()]).await.unwrap();
        let end = async {
            if round % 2 == 0 {
                spool.remove(&old.job).await
            } else {
                spool.update(&old.job).await
            }
        };
        let (accepted, ended) = tokio::join!(spool.accept(vec![new.clone()]), end);
        assert_eq!(accepted, Ok(()));
        assert!(matches!(ended, Ok(()) | Err(SpoolError::Replaced(_))));
        assert_eq!(spool.read_mail(&new.job).await.unwrap(), new.bytes);
    }
}

#[tokio::test]
async fn the_same_stanza_twice_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = Spool::open(dir.path()).unwrap();
    let first = mail("a", 1);
    spool.accept(vec![first.clone()]).await.unwrap();
    spool.accept(vec![mail("a", 2)]).await.unwrap();
    // The queue has left the second one out.
    spool.remove(&first.job).await.unwrap();
    assert!(Spool::look(dir.path()).unwrap().is_empty());
}

#[test]
fn a_job_that_was_written_before_there_were_presences_is_read() {
    let job = mail("a", 1).job;
    let mut json = serde_json::to_value(&job).unwrap();
    for field in ["silent", "expires", "replaceable"] {
        assert!(json.as_object_mut().unwrap().remove(field).is_some());
    }
    assert_eq!(serde_json::from_value::<Job>(json).unwrap(), job);
}

#[test]
fn sequences_rise_over_restarts_even_if_the_clock_was_set_back() {
    let dir = tempfile::tempdir().unwrap();
    let far = micros_now() + 3_600_000_000;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (spool, _) = Spool::open(dir.path()).unwrap();
    let first = spool.next_sequence();
    assert!(spool.next_sequence() > first);
    runtime
        .block_on(spool.accept(vec![mail("a", far)]))
        .unwrap();
    drop(spool);
    assert_eq!(reopen(dir.path()).unwrap().0.next_sequence(), far + 1);
}

#[test]
fn a_second_gateway_is_told_that_the_spool_is_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let (first, _) = Spool::open(dir.path()).unwrap();
    let error = Spool::open(dir.path()).err();
    assert_eq!(
        error,
        Some(SpoolError::InUse(dir.path().display().to_string()))
    );
    drop(first);
    assert!(reopen(dir.path()).is_ok());
}

#[test]
fn a_full_disk_is_told_from_a_broken_one() {
    let error = |kind| broken("write", Path::new("/x"))(io::Error::from(kind));
    for kind in [
        io::ErrorKind::StorageFull,
        io::ErrorKind::QuotaExceeded,
        io::ErrorKind::FileTooLarge,
    ] {
        assert!(matches!(error(kind), SpoolError::Full { .. }));
    }
    assert!(matches!(
        error(io::ErrorKind::Other),
        SpoolError::Broken { .. }
    ));
}

/// A record as it is written.
fn write(mail: &ComposedMail, (salt, at, durable): (u64, u64, u64), to: &mut Vec<u8>) {
    let front = Encoded::of(&mail.job, mail.bytes.clone().into()).unwrap();
    front.write_front(salt, at, durable, to);
    to.extend(&mail.bytes);
}

/// A spool is closed that had these.
fn closed(dir: &Path, mails: &[ComposedMail]) {
    let (spool, _) = reopen(dir).unwrap();
    block_on(spool.accept(mails.to_vec())).unwrap();
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.build().unwrap().block_on(work)
}

#[test]
fn however_a_record_is_damaged_it_is_kept_aside_and_its_job_is_known_if_that_is_whole() {
    let (good, bad, last) = (mail("good", 1), mail("bad", 2), mail("last", 3));
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path(), &[good.clone(), bad.clone(), last.clone()]);
    let lies = where_is(dir.path(), &bad.job.id);
    let whole = fs::read(&lies.segment).unwrap();
    for flip in (lies.head.start..lies.mail.end).filter(|at| at % 7 == 0 || *at < lies.job.end) {
        let copy = tempfile::tempdir().unwrap();
        fs::create_dir(copy.path().join("journal")).unwrap();
        let segment = copy
            .path()
            .join("journal")
            .join(lies.segment.file_name().unwrap());
        fs::write(&segment, &whole).unwrap();
        torn::flip(&segment, flip);
        let (spool, jobs) = reopen(copy.path()).unwrap();
        let is_known = lies.mail.contains(&flip);
        assert_eq!(jobs.len(), if is_known { 3 } else { 2 }, "flipped {flip}");
        for one in [&good, &last] {
            assert_eq!(block_on(spool.read_mail(&one.job)).unwrap(), one.bytes);
        }
        if is_known {
            // The mail's own checksum is looked at when the mail is read.
            let read = block_on(spool.read_mail(&bad.job));
            assert!(matches!(read, Err(SpoolError::Damaged { .. })), "{read:?}");
        }
        let name = match lies.head.contains(&flip) {
            true => format!("{:016x}-{}", 1, lies.head.start),
            false => bad.job.id.to_string(),
        };
        assert_eq!(aside(copy.path()), [name]);
        if is_known {
            block_on(spool.remove(&bad.job)).unwrap();
        }
        drop(spool);
        assert_eq!(reopen(copy.path()).unwrap().1.len(), 2);
        assert_eq!(aside(copy.path()).len(), 1);
    }
}

#[test]
fn wherever_a_segment_is_cut_off_what_is_before_is_there_and_the_rest_is_missed() {
    let mails: Vec<ComposedMail> = (0..5).map(|n| mail(&format!("m{n}"), n)).collect();
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path(), &mails);
    let segment = segments(dir.path()).remove(0);
    let whole = fs::read(&segment).unwrap();
    let ends: Vec<u64> = mails
        .iter()
        .map(|mail| where_is(dir.path(), &mail.job.id).mail.end)
        .collect();
    for cut in (0..ends[4]).step_by(41) {
        let copy = tempfile::tempdir().unwrap();
        fs::create_dir(copy.path().join("journal")).unwrap();
        let octets = &whole[..usize::try_from(cut).unwrap()];
        let file = copy
            .path()
            .join("journal")
            .join(segment.file_name().unwrap());
        fs::write(file, octets).unwrap();
        let (spool, jobs) = reopen(copy.path()).unwrap();
        let expected: Vec<&ComposedMail> = mails
            .iter()
            .zip(&ends)
            .filter(|(_, end)| **end <= cut)
            .map(|(mail, _)| mail)
            .collect();
        assert_eq!(jobs.len(), expected.len(), "cut at {cut}");
        for one in expected {
            assert_eq!(block_on(spool.read_mail(&one.job)).unwrap(), one.bytes);
        }
    }
}

#[test]
fn what_stands_behind_the_durable_end_and_is_torn_was_never_accepted() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path(), &[mail("a", 1)]);
    let segment = segments(dir.path()).remove(0);
    let lies = where_is(dir.path(), &mail("a", 1).job.id);
    let name = Name::parse(segment.file_name().unwrap().to_str().unwrap()).unwrap();
    // As after a power cut over two mails, of which the first is torn.
    let mut octets = fs::read(&segment).unwrap();
    octets.truncate(usize::try_from(lies.mail.end).unwrap());
    let durable = lies.mail.end;
    let mut ends = Vec::new();
    for number in [2, 3] {
        let one = mail(&format!("m{number}"), number);
        let at = u64::try_from(octets.len()).unwrap();
        write(&one, (name.salt, at, durable), &mut octets);
        ends.push(octets.len());
    }
    octets[ends[0] - 10] ^= 1;
    fs::write(&segment, &octets).unwrap();
    let (_, jobs) = reopen(dir.path()).unwrap();
    let sequences: Vec<u64> = jobs.iter().map(|job| job.sequence).collect();
    assert_eq!(sequences, [1, 3]);
    assert!(aside(dir.path()).is_empty());
    // What could be lost yet was written once more, and what is torn is never missed.
    for _ in 0..2 {
        assert_eq!(reopen(dir.path()).unwrap().1.len(), 2);
        assert!(aside(dir.path()).is_empty());
    }
    assert_ne!(where_is(dir.path(), &jobs[1].id).segment, segment);
}

/// It was tried again each second for ever, and what could be read was not made durable either.
#[test]
fn what_a_start_found_and_cannot_be_read_is_kept_and_tried_after_longer_and_longer_pauses() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = Spool::open(dir.path()).unwrap();
    let (good, bad) = (mail("good", 1), mail("bad", 2));
    for one in [&good, &bad] {
        block_on(spool.accept(vec![one.clone()])).unwrap();
    }
    let journal = &spool.journal;
    let (first, lies) = (
        where_is(dir.path(), &good.job.id).head.start,
        where_is(dir.path(), &bad.job.id),
    );
    journal.rest();
    assert_eq!(journal.restless_after(), None);
    let doubtful = [&good, &bad].map(|one| key_of(&one.job.id)).to_vec();
    journal.writer().doubtful = doubtful;
    torn::flip(&lies.segment, lies.head.start + 8);
    let mut pauses = Vec::new();
    for _ in 0..20 {
        journal.rest();
        assert_eq!(journal.writer().doubtful, [key_of(&bad.job.id)]);
        let pause = journal.restless_after().unwrap();
        // Not before that is over.
        journal.rest();
        assert!(journal.restless_after().unwrap() <= pause);
        pauses.push(pause.as_secs_f64().round());
        journal.writer().unread.as_mut().unwrap().end();
    }
    assert_eq!(pauses[..4], [1.0, 2.0, 4.0, 8.0]);
    assert_eq!(pauses[19], 3600.0);
    let place = journal.index().live[&key_of(&good.job.id)];
    assert_ne!(place.at, first, "the other one has its copy");
    // What can be read again is as any other.
    torn::flip(&lies.segment, lies.head.start + 8);
    journal.rest();
    assert!(journal.writer().doubtful.is_empty());
    assert_eq!(journal.restless_after(), None);
    for one in [&good, &bad] {
        assert_eq!(block_on(spool.read_mail(&one.job)).unwrap(), one.bytes);
    }
}

/// A journal in which so many mails lie that a start would write once more, and one of them cannot be read.
fn with_one_unread(dir: &Path, count: u64) -> (Spool, Vec<ComposedMail>, ComposedMail) {
    let (spool, _) = Spool::open(dir).unwrap();
    let good: Vec<_> = (0..count).map(|n| mail(&format!("g{n}"), n)).collect();
    let bad = mail("bad", count);
    block_on(spool.accept(good.iter().chain([&bad]).cloned().collect())).unwrap();
    let journal = &spool.journal;
    journal.rest();
    let all = good.iter().chain([&bad]);
    journal.writer().doubtful = all.map(|one| key_of(&one.job.id)).collect();
    let lies = where_is(dir, &bad.job.id);
    torn::flip(&lies.segment, lies.head.start + 8);
    (spool, good, bad)
}

/// Each of the others had a write and a sync of its own, and the start waited for them.
#[test]
fn what_cannot_be_read_costs_others_few_syncs() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, good, bad) = with_one_unread(dir.path(), 300);
    let journal = &spool.journal;
    journal.rest();
    assert_eq!(journal.writer().doubtful, [key_of(&bad.job.id)]);
    let durable = good.iter().map(|one| {
        let place = journal.index().live[&key_of(&one.job.id)];
        let (name, path) = journal.path_of(&place).unwrap();
        let octets = fs::read(path).unwrap();
        let rest = &octets[usize::try_from(place.at).unwrap()..];
        match record::RecordHead::parse(rest, name.salt, place.at) {
            record::Parsed::Head(head) => (place.segment, head.durable),
            _ => panic!("no record at {place:?}"),
        }
    });
    // Each sync is known to the records behind it.
    let syncs: std::collections::HashSet<_> = durable.collect();
    assert!(syncs.len() <= 10, "{}", syncs.len());
}

/// While something could not be read, nothing that nobody waits for became durable as long as there was work: after a power cut all
/// mails that had left meanwhile would have left once more.
#[test]
fn what_cannot_be_read_does_not_keep_marks_from_becoming_durable() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, good, _) = with_one_unread(dir.path(), 3);
    let journal = &spool.journal;
    journal.rest();
    assert!(journal.restless_after().is_some());
    let long_ago = std::time::Instant::now() - tidying::UNSYNCED_FOR;
    block_on(spool.remove(&good[0].job)).unwrap();
    let mut writer = journal.writer();
    assert!(writer.tail.as_ref().unwrap().is_unsynced());
    writer.unsynced_since = Some(long_ago);
    drop(writer);
    journal.serve(Vec::new());
    assert!(!journal.writer().tail.as_ref().unwrap().is_unsynced());
}

/// No segment left before the pause was over, which may be an hour.
#[test]
fn what_cannot_be_read_and_is_settled_keeps_nothing_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _, bad) = with_one_unread(dir.path(), 3);
    let journal = &spool.journal;
    for _ in 0..12 {
        journal.rest();
        journal.writer().unread.as_mut().unwrap().end();
    }
    journal.rest();
    assert!(journal.restless_after().unwrap() > std::time::Duration::from_secs(3000));
    block_on(spool.remove(&bad.job)).unwrap();
    journal.rest();
    assert!(journal.writer().doubtful.is_empty());
    assert_eq!(journal.restless_after(), None);
}

/// Where the disk was full when the pause was over, the next attempt came without any: the thread of the spool never rested.
#[test]
fn what_is_tried_again_never_keeps_the_thread_busy() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _, _) = with_one_unread(dir.path(), 1);
    let journal = &spool.journal;
    journal.rest();
    // As it is after an attempt for which there was no room.
    journal.writer().unread.as_mut().unwrap().end();
    assert!(journal.restless_after().unwrap() >= tidying::UNSYNCED_FOR);
}

#[test]
fn a_mail_that_holds_records_is_only_a_mail() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path(), &[mail("first", 1)]);
    let forged = mail("forged", 9);
    let mut carrier = mail("carrier", 2);
    carrier.bytes.clear();
    for salt in [0, 1, u64::MAX] {
        write(&forged, (salt, 72, 0), &mut carrier.bytes);
    }
    closed(dir.path(), &[carrier.clone()]);
    let lies = where_is(dir.path(), &carrier.job.id);
    torn::flip(&lies.segment, lies.head.start + 20);
    let (_, jobs) = reopen(dir.path()).unwrap();
    assert_eq!(jobs, [mail("first", 1).job]);
}

#[tokio::test]
async fn segments_leave_and_what_stays_long_keeps_none() {
    const SEGMENT: u64 = 16 * 1024;
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = Spool::open_with(dir.path(), SEGMENT).unwrap();
    let stays: Vec<ComposedMail> = (0..10).map(|n| mail(&format!("stays{n}"), n)).collect();
    let live = 10 * 2600;
    let mut most = 0;
    for round in 0..300 {
        let goes = mail(&format!("goes{round}"), 100 + round);
        let mut mails = vec![goes.clone()];
        mails.extend(stays.get(usize::try_from(round / 7).unwrap()).cloned());
        spool.accept(mails).await.unwrap();
        spool.remove(&goes.job).await.unwrap();
        let octets = |it: &PathBuf| fs::metadata(it).map_or(0, |it| it.len());
        most = most.max(segments(dir.path()).iter().map(octets).sum());
    }
    // Beside that bound, the segment that is written to, what is on its way, and room in the last one; in the one before it as
    // well, where that is just being left.
    let bound = 2 * live + 2 * SEGMENT + 2 * SEGMENT + 2 * 64 * 1024;
    assert!(most <= bound, "{most} of {bound}");
    println!("{most} octets at most where {live} wait");
    drop(spool);
    let (spool, jobs) = reopen(dir.path()).unwrap();
    assert_eq!(
        jobs,
        stays
            .iter()
            .map(|mail| mail.job.clone())
            .collect::<Vec<_>>()
    );
    for one in &stays {
        assert_eq!(spool.read_mail(&one.job).await.unwrap(), one.bytes);
        spool.remove(&one.job).await.unwrap();
    }
    drop(spool);
    assert!(reopen(dir.path()).unwrap().1.is_empty());
    assert!(segments(dir.path()).len() <= 1);
}

#[tokio::test]
async fn a_mail_longer_than_a_segment_has_one_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = Spool::open_with(dir.path(), 8 * 1024).unwrap();
    let mut long = mail("long", 2);
    long.bytes = vec![b'x'; 300_000];
    let mails = [mail("a", 1), long, mail("b", 3)];
    for one in &mails {
        spool.accept(vec![one.clone()]).await.unwrap();
    }
    drop(spool);
    let (spool, _) = reopen(dir.path()).unwrap();
    for one in &mails {
        assert_eq!(spool.read_mail(&one.job).await.unwrap(), one.bytes);
    }
}

#[tokio::test]
async fn who_comes_while_a_sync_runs_shares_the_next_one() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = Spool::open(dir.path()).unwrap();
    let mails: Vec<ComposedMail> = (0..200).map(|n| mail(&format!("m{n}"), n)).collect();
    let accepted = mails.iter().map(|mail| spool.accept(vec![mail.clone()]));
    for result in futures::future::join_all(accepted).await {
        assert_eq!(result, Ok(()));
    }
    let removed = mails.iter().map(|mail| spool.remove(&mail.job));
    for result in futures::future::join_all(removed).await {
        assert_eq!(result, Ok(()));
    }
    assert!(Spool::look(dir.path()).unwrap().is_empty());
}

#[test]
fn an_older_spool_is_taken_over_whenever_the_power_fails() {
    let dir = tempfile::tempdir().unwrap();
    let (queue, tmp) = (dir.path().join("queue"), dir.path().join("tmp"));
    fs::create_dir(&queue).unwrap();
    fs::create_dir(&tmp).unwrap();
    let file =
        |mail: &ComposedMail| aside::framed(&serde_json::to_vec(&mail.job).unwrap(), &mail.bytes);
    let put = |mail: &ComposedMail, octets: &[u8]| {
        fs::write(queue.join(mail.job.id.as_str()), octets).unwrap();
    };
    let mails: Vec<ComposedMail> = (0..600).map(|n| mail(&format!("m{n}"), n)).collect();
    for one in &mails {
        put(one, &file(one));
    }
    let (torn_mail, torn_job) = (mail("tornmail", 601), mail("tornjob", 602));
    let octets = file(&torn_mail);
    put(&torn_mail, &octets[..octets.len() - 5]);
    put(&torn_job, &file(&torn_job)[..60]);
    fs::write(queue.join("notes.txt"), "hello").unwrap();
    fs::write(tmp.join("half"), "stanzamail 1 ").unwrap();
    // Who looks sees them before.
    assert_eq!(Spool::look(dir.path()).unwrap().len(), 601);
    assert_eq!(Spool::look_at_mails(dir.path()).unwrap().len(), 600);

    let (spool, jobs) = reopen(dir.path()).unwrap();
    assert_eq!(jobs.len(), 601);
    assert!(!queue.exists() && !tmp.exists());
    for one in &mails {
        assert_eq!(block_on(spool.read_mail(&one.job)).unwrap(), one.bytes);
    }
    let read = block_on(spool.read_mail(&torn_mail.job));
    assert!(matches!(read, Err(SpoolError::Damaged { .. })), "{read:?}");
    let mut names = aside(dir.path());
    names.sort();
    let mut expected = vec![
        "notes.txt".to_owned(),
        torn_mail.job.id.to_string(),
        torn_job.job.id.to_string(),
    ];
    expected.sort();
    assert_eq!(names, expected);
    // The power failed before some of them were removed: they are no other mails.
    drop(spool);
    fs::create_dir(&queue).unwrap();
    for one in mails.iter().take(50) {
        put(one, &file(one));
    }
    let (spool, jobs) = reopen(dir.path()).unwrap();
    assert_eq!(jobs.len(), 601);
    assert!(!queue.exists());
    block_on(spool.remove(&mails[0].job)).unwrap();
    drop(spool);
    assert_eq!(reopen(dir.path()).unwrap().1.len(), 600);
}

#[test]
fn strangers_are_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    drop(Spool::open(dir.path()).unwrap());
    fs::write(dir.path().join("journal/notes.txt"), "hello").unwrap();
    let (_spool, jobs) = Spool::open(dir.path()).unwrap();
    assert!(jobs.is_empty());
    assert!(dir.path().join("damaged/notes.txt").exists());
}

#[test]
fn what_a_newer_version_has_written_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path(), &[mail("a", 1)]);
    let segment = segments(dir.path()).remove(0);
    let mut octets = fs::read(&segment).unwrap();
    octets[13] += 1;
    let sum = crc32fast::hash(&octets[12..72]).to_le_bytes();
    octets[8..12].copy_from_slice(&sum);
    fs::write(&segment, &octets).unwrap();
    let error = Spool::open(dir.path()).err().unwrap();
    assert!(error.to_string().contains("newer stanzamail"), "{error}");
    assert_eq!(fs::read(&segment).unwrap(), octets);

    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("queue")).unwrap();
    let path = dir.path().join("queue/00000000000000000000000000000000");
    fs::write(&path, "stanzamail 2 whatever\n").unwrap();
    let error = Spool::open(dir.path()).err().unwrap();
    assert!(error.to_string().contains("newer stanzamail"), "{error}");
    assert!(path.exists());
}

#[tokio::test]
async fn only_the_owner_may_read_it() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("spool");
    let (spool, _) = Spool::open(&root).unwrap();
    spool.accept(vec![mail("a", 1)]).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&root), 0o700);
    assert_eq!(mode(&root.join("journal")), 0o700);
    assert_eq!(mode(&root.join("damaged")), 0o700);
    assert_eq!(mode(&segments(&root)[0]), 0o600);
}

#[tokio::test]
async fn when_a_batch_cannot_be_accepted_none_of_it_stays() {
    let dir = tempfile::tempdir().unwrap();
    // What cannot be made is the next segment.
    let (spool, _) = Spool::open_with(dir.path(), 8 * 1024).unwrap();
    let (old, new) = (mail("old", 1), mail("new", 2));
    spool.accept(vec![old.clone()]).await.unwrap();
    let journal = dir.path().join("journal");
    let away = dir.path().join("away");
    fs::rename(&journal, &away).unwrap();
    let batch = vec![
        old.clone(),
        new.clone(),
        mail("newer", 3),
        mail("newest", 4),
    ];
    let result = spool.accept(batch).await;
    assert!(
        matches!(result, Err(SpoolError::Broken { .. })),
        "{result:?}"
    );
    fs::rename(&away, &journal).unwrap();
    // After one failure of the disk there is nothing more.
    assert!(spool.accept(vec![new]).await.is_err());
    drop(spool);
    let (spool, jobs) = reopen(dir.path()).unwrap();
    assert_eq!(jobs, std::slice::from_ref(&old.job));
    assert_eq!(spool.read_mail(&old.job).await.unwrap(), old.bytes);
}

#[tokio::test]
async fn a_backlog_is_read_again_while_it_changes() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = Spool::open_with(dir.path(), 8 * 1024).unwrap();
    let stays = mail("stays", 1);
    spool.accept(vec![stays.clone()]).await.unwrap();
    let looks = {
        let path = dir.path().to_owned();
        let id = stays.job.id.clone();
        std::thread::spawn(move || {
            for _ in 0..200 {
                let jobs = Spool::look(&path).unwrap();
                assert!(jobs.iter().any(|job| job.id == id), "{jobs:?}");
            }
        })
    };
    let mut number = 2;
    while !looks.is_finished() {
        let goes = mail(&format!("m{number}"), number);
        spool.accept(vec![goes.clone()]).await.unwrap();
        spool.remove(&goes.job).await.unwrap();
        assert_eq!(spool.read_mail(&stays.job).await.unwrap(), stays.bytes);
        number += 1;
    }
    looks.join().unwrap();
}
