//! Mails that are too long to be in memory.

use super::*;
use std::os::unix::fs::FileExt;

/// More than is read into memory at once, in octets.
const LONG: usize = 1_500_000;

/// Of octets of which no two blocks are the same.
fn long(name: &str, sequence: u64) -> ComposedMail {
    let mut mail = mail(name, sequence);
    let lines = (0..LONG / 20).map(|line| format!("{sequence} {line:016}\r\n"));
    mail.bytes.extend(lines.collect::<String>().into_bytes());
    mail
}

/// The same as it comes: some of it in a file, some in memory.
async fn source_of(spool: &Spool, mail: &ComposedMail) -> MailSource {
    let (start, rest) = mail.bytes.split_at(1000);
    let mut file = spool.scratch().file();
    for piece in rest.chunks(100_000) {
        file.take(piece).await.unwrap();
    }
    MailSource::joined([start.to_vec().into(), file.done(), Vec::new().into()])
}

async fn accept(spool: &Spool, mail: &ComposedMail) {
    let source = source_of(spool, mail).await;
    spool.accept_long(&mail.job, source).await.unwrap();
}

/// Whether that is the mail, and it does not come in memory.
async fn is_there(spool: &Spool, mail: &ComposedMail) {
    let opened = spool.open_mail(&mail.job).await.unwrap();
    let opened = opened.into_memory().expect_err("it is not in memory");
    assert!(opened.whole().unwrap() == mail.bytes);
    assert!(spool.read_mail(&mail.job).await.unwrap() == mail.bytes);
}

#[tokio::test]
async fn it_is_accepted_updated_and_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = Spool::open(dir.path()).unwrap();
    let (small, mut one) = (mail("small", 1), long("long", 2));
    spool.accept(vec![small.clone()]).await.unwrap();
    accept(&spool, &one).await;
    is_there(&spool, &one).await;
    let octets = spool.octets_of(vec![one.job.id.clone()]).await;
    assert_eq!(octets, [u64::try_from(one.bytes.len()).unwrap()]);
    // Whoever began to read it goes on, whatever becomes of it.
    let earlier = spool.open_mail(&one.job).await.unwrap();
    for attempts in 1..4 {
        one.job.attempts = attempts;
        spool.update(&one.job).await.unwrap();
        is_there(&spool, &one).await;
    }
    drop(spool);
    let (spool, jobs) = reopen(dir.path()).unwrap();
    assert_eq!(jobs, [small.job.clone(), one.job.clone()]);
    is_there(&spool, &one).await;
    let looked = Spool::look_at_mails(dir.path()).unwrap();
    assert!(looked.contains(&one));
    spool.remove(&one.job).await.unwrap();
    spool.remove(&small.job).await.unwrap();
    drop(spool);
    assert!(reopen(dir.path()).unwrap().1.is_empty());
    assert!(segments(dir.path()).len() <= 1);
    assert!(earlier.whole().unwrap() == one.bytes);
    assert!(aside(dir.path()).is_empty());
}

/// What stays is written to the end of the journal once more, and is the same there.
#[tokio::test]
async fn it_keeps_no_segment_and_is_read_while_it_is_moved() {
    const SEGMENT: u64 = 64 * 1024;
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = Spool::open_with(dir.path(), SEGMENT).unwrap();
    let stays = long("stays", 1);
    accept(&spool, &stays).await;
    let first = where_is(dir.path(), &stays.job.id).segment;
    let began = spool.open_mail(&stays.job).await.unwrap();
    let mut reader = began.reader();
    let mut read = Vec::new();
    assert!(reader.append_next(&mut read).unwrap());
    // As much as it has and more, which goes.
    for number in 2..6 {
        let goes = long(&format!("goes{number}"), number);
        accept(&spool, &goes).await;
        spool.remove(&goes.job).await.unwrap();
    }
    let lies = where_is(dir.path(), &stays.job.id).segment;
    assert!(lies != first && !first.exists(), "it was moved on");
    is_there(&spool, &stays).await;
    while reader.append_next(&mut read).unwrap() {}
    assert!(read == stays.bytes);
    drop(spool);
    let (spool, jobs) = reopen(dir.path()).unwrap();
    assert_eq!(jobs, std::slice::from_ref(&stays.job));
    is_there(&spool, &stays).await;
}

#[tokio::test]
async fn one_octet_of_it_that_is_damaged_is_told_and_all_of_it_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = Spool::open_with(dir.path(), 64 * 1024).unwrap();
    let one = long("long", 1);
    accept(&spool, &one).await;
    let lies = where_is(dir.path(), &one.job.id);
    let opened = spool.open_mail(&one.job).await.unwrap();
    torn::flip(&lies.segment, lies.mail.start + 777_777);
    // Whoever had looked at it before does not come to its end.
    assert!(opened.whole().is_err());
    for _ in 0..2 {
        let read = spool.open_mail(&one.job).await;
        assert!(matches!(read, Err(SpoolError::Damaged { .. })), "{read:?}");
    }
    let updated = spool.update(&one.job).await;
    assert!(matches!(updated, Err(SpoolError::Damaged { .. })));
    assert_eq!(aside(dir.path()), [one.job.id.to_string()]);
    let kept = dir.path().join("damaged").join(one.job.id.as_str());
    let kept = fs::metadata(kept).unwrap().len();
    assert!(kept > u64::try_from(one.bytes.len()).unwrap());
    // It is damaged, not gone, wherever it is moved to.
    for number in 2..6 {
        let goes = long(&format!("goes{number}"), number);
        accept(&spool, &goes).await;
        spool.remove(&goes.job).await.unwrap();
    }
    assert_ne!(where_is(dir.path(), &one.job.id).segment, lies.segment);
    let read = spool.open_mail(&one.job).await;
    assert!(matches!(read, Err(SpoolError::Damaged { .. })), "{read:?}");
    // Another mail takes its place.
    accept(&spool, &one).await;
    is_there(&spool, &one).await;
}

/// Also where nothing was written behind it that could say that it was durable.
#[test]
fn one_that_is_damaged_while_nobody_has_it_open_is_missed() {
    let (dir, one) = (tempfile::tempdir().unwrap(), long("long", 1));
    let (spool, _) = reopen(dir.path()).unwrap();
    block_on(accept(&spool, &one));
    drop(spool);
    let lies = where_is(dir.path(), &one.job.id);
    torn::flip(&lies.segment, lies.mail.end - 5);
    let (spool, jobs) = reopen(dir.path()).unwrap();
    assert_eq!(jobs, std::slice::from_ref(&one.job));
    let read = block_on(spool.open_mail(&one.job));
    assert!(matches!(read, Err(SpoolError::Damaged { .. })), "{read:?}");
}

/// A power cut, or the end of the process, between two blocks: the mail was never accepted, and what was before is there.
#[test]
fn one_that_is_torn_was_never_accepted() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path(), &[mail("a", 1)]);
    let segment = segments(dir.path()).remove(0);
    let lies = where_is(dir.path(), &mail("a", 1).job.id);
    let name = Name::parse(segment.file_name().unwrap().to_str().unwrap()).unwrap();
    let mut before = fs::read(&segment).unwrap();
    before.truncate(usize::try_from(lies.mail.end).unwrap());
    let (one, mut octets) = (long("long", 2), before.clone());
    write(&one, (name.salt, lies.mail.end, lies.mail.end), &mut octets);
    let length = octets.len();
    let begin = before.len();
    for (from, to) in [
        (begin + 300_000, length),
        (begin + 300_000, begin + 600_000),
        (begin + 100, begin + 70_000),
        (length - 1, length),
        (begin + 30, length),
        (begin, begin + 262_144),
    ] {
        // There is room, and nothing in it.
        let mut torn = octets.clone();
        torn[from..to].fill(0);
        let copy = tempfile::tempdir().unwrap();
        fs::create_dir(copy.path().join("journal")).unwrap();
        let file = copy.path().join("journal").join(name.file());
        fs::write(&file, &torn).unwrap();
        for _ in 0..2 {
            let (spool, jobs) = reopen(copy.path()).unwrap();
            assert_eq!(jobs, [mail("a", 1).job], "{from} to {to}");
            assert!(aside(copy.path()).is_empty(), "{from} to {to}");
            drop(spool);
        }
        // And what comes next has its place.
        let (spool, _) = reopen(copy.path()).unwrap();
        block_on(accept(&spool, &one));
        block_on(is_there(&spool, &one));
        drop(spool);
        assert_eq!(reopen(copy.path()).unwrap().1.len(), 2);
    }
}

/// The one mail is not what it was when it was put together: it is not accepted, and others at the same time are.
#[tokio::test]
async fn a_source_that_changes_costs_only_its_own_mail() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = Spool::open(dir.path()).unwrap();
    let (bad, good) = (long("bad", 1), mail("good", 2));
    let path = dir.path().join("source");
    fs::write(&path, &bad.bytes).unwrap();
    let file = || {
        OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .unwrap()
    };
    let (octets, sum) = (bad.bytes.len(), crc32fast::hash(&bad.bytes));
    let source = || {
        let octets = u64::try_from(octets).unwrap();
        MailSource::of_file(Arc::new(file()), 0, octets, sum)
    };
    let harms: [&dyn Fn(); 2] = [&|| file().write_all_at(b"?", 999_999).unwrap(), &|| {
        file().set_len(700_000).unwrap()
    }];
    for harm in harms {
        harm();
        let encoded = |mail: &ComposedMail, source| Encoded::of(&mail.job, source).unwrap();
        let work = [
            Work::Accept(vec![encoded(&bad, source())]),
            Work::Accept(vec![encoded(&good, good.bytes.clone().into())]),
            Work::Nothing,
        ];
        let (requests, told): (Vec<_>, Vec<_>) = work
            .into_iter()
            .map(|work| {
                let (done, told) = oneshot::channel();
                (WriteRequest { work, done }, told)
            })
            .unzip();
        spool.journal.serve(requests);
        let mut results = Vec::new();
        for told in told {
            results.push(told.await.unwrap());
        }
        let [Err(SpoolError::Damaged { .. }), Ok(()), Ok(())] = results[..] else {
            panic!("{results:?}");
        };
        assert_eq!(spool.read_mail(&good.job).await.unwrap(), good.bytes);
        let gone = spool.open_mail(&bad.job).await;
        assert!(matches!(gone, Err(SpoolError::Gone(_))), "{gone:?}");
    }
    drop(spool);
    let (spool, jobs) = reopen(dir.path()).unwrap();
    assert_eq!(jobs, std::slice::from_ref(&good.job));
    assert!(aside(dir.path()).is_empty());
    accept(&spool, &bad).await;
    is_there(&spool, &bad).await;
}

/// A disk gives no more of it when it is to be written to the end of the journal once more: that is not tried again and again, and all
/// else goes on.
#[tokio::test]
async fn one_that_cannot_be_moved_on_stays_where_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = Spool::open_with(dir.path(), 64 * 1024).unwrap();
    let (one, good) = (long("one", 1), mail("good", 2));
    accept(&spool, &one).await;
    let lies = where_is(dir.path(), &one.job.id);
    let path = dir.path().join("source");
    fs::write(&path, &one.bytes[..700_000]).unwrap();
    let octets = u64::try_from(one.bytes.len()).unwrap();
    let file = Arc::new(fs::File::open(&path).unwrap());
    let cut_off = MailSource::of_file(file, 0, octets, crc32fast::hash(&one.bytes)).unchecked();
    let copy = Encoded::of(&one.job, cut_off).unwrap();
    let first = spool.journal.index().segments.keys().next().copied();
    let moved = {
        let mut writer = spool.journal.writer();
        let copies = [copy];
        let moved = spool
            .journal
            .put_behind(&mut writer, first.unwrap(), &copies);
        (moved, writer.stuck)
    };
    assert_eq!(moved, (Ok(()), first));
    is_there(&spool, &one).await;
    assert_eq!(where_is(dir.path(), &one.job.id).segment, lies.segment);
    spool.accept(vec![good.clone()]).await.unwrap();
    drop(spool);
    let (spool, jobs) = reopen(dir.path()).unwrap();
    assert_eq!(jobs.len(), 2);
    is_there(&spool, &one).await;
}
