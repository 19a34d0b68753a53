//! The spool before it was a journal: a file for each mail, in `queue`. At the first start its mails are taken over.
//!
//! A file is one line `stanzamail 1 <job octets> <mail octets> <job CRC-32> <mail CRC-32>`, the job as JSON, a line feed, and the
//! mail. It is removed when its mail is durable in the journal, and all of that before anything is sent: whenever the power fails,
//! the next start takes over what is still there, and leaves out what the journal has.

use super::aside::{Aside, MAGIC, VERSION};
use super::journal::{Journal, Work, WriteRequest};
use super::record::Encoded;
use super::source::MailSource;
use super::{READING, SpoolError, broken, damaged, files_in, gone_or_broken, sync_folder};
use crate::core::job::Job;
use crate::store::handles;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use tokio::sync::oneshot;

/// The longest first line, in octets: two words and four numbers.
const FIRST_LINE_OCTETS_MAX: u64 = 100;
/// The longest JSON of a job that is believed, in octets: a thousand recipients need at most 400 kB.
const JOB_OCTETS_MAX: u64 = 1024 * 1024;
/// Files that are taken over in one go.
const FILES_AT_ONCE: usize = 256;
/// What they have together, in octets, but for the last of them.
const OCTETS_AT_ONCE: usize = 2 * 1024 * 1024;

/// The first line of a file.
struct OldHead {
    job_octets: u64,
    job_sum: u32,
    mail_sum: u32,
}

/// What an old spool has.
pub(super) fn jobs(queue: &Path) -> Result<Vec<Job>, SpoolError> {
    let mut jobs = Vec::new();
    for path in files(queue)? {
        match read_job(&path) {
            Ok(job) => jobs.push(job),
            Err(SpoolError::Damaged { .. } | SpoolError::Gone(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(jobs)
}

fn files(queue: &Path) -> Result<Vec<PathBuf>, SpoolError> {
    match queue.try_exists().map_err(broken(READING, queue))? {
        true => files_in(queue),
        false => Ok(Vec::new()),
    }
}

/// Takes over what is in an old spool below this folder, and removes it. Answers how many.
pub(super) fn take_over(dir: &Path, journal: &Journal, aside: &Aside) -> Result<usize, SpoolError> {
    let queue = dir.join("queue");
    if !queue.try_exists().map_err(broken(READING, &queue))? {
        return Ok(0);
    }
    let (mut mails, mut taken, mut octets, mut count) = (Vec::new(), Vec::new(), 0_usize, 0_usize);
    for path in files(&queue)? {
        match read(&path) {
            // An earlier start has taken it over, and could not remove it.
            Ok((job, ..)) if journal.has(&job.id) => {}
            Ok((job, mail, sum)) => {
                octets = octets.saturating_add(mail.len());
                let encoded = Encoded::of(&job, MailSource::with_sum(mail, sum));
                mails.push(encoded.map_err(|error| broken("encode", &path)(error.into()))?);
                count = count.saturating_add(1);
            }
            Err(SpoolError::Damaged { why, .. }) => {
                aside.file(&path, &why)?;
                continue;
            }
            Err(error) => return Err(error),
        }
        taken.push(path);
        if taken.len() >= FILES_AT_ONCE || octets >= OCTETS_AT_ONCE {
            accept(journal, std::mem::take(&mut mails), &mut taken)?;
            octets = 0;
        }
    }
    accept(journal, mails, &mut taken)?;
    // No power cut may bring them back when they are sent.
    sync_folder(&queue)?;
    let tmp = dir.join("tmp");
    if tmp.is_dir() {
        for path in files_in(&tmp)? {
            fs::remove_file(&path).map_err(broken("remove", &path))?;
        }
        fs::remove_dir(&tmp).map_err(broken("remove", &tmp))?;
    }
    fs::remove_dir(&queue).map_err(broken("remove", &queue))?;
    sync_folder(dir)?;
    if count > 0 {
        tracing::info!(mails = count, "the mails of an older spool were taken over");
    }
    Ok(count)
}

fn accept(
    journal: &Journal,
    mails: Vec<Encoded>,
    taken: &mut Vec<PathBuf>,
) -> Result<(), SpoolError> {
    let (done, mut told) = oneshot::channel();
    let work = Work::Accept(mails);
    journal.serve(vec![WriteRequest { work, done }]);
    if let Ok(result) = told.try_recv() {
        result?;
        for path in taken.drain(..) {
            fs::remove_file(&path).map_err(broken("remove", &path))?;
        }
    }
    Ok(())
}

/// The mail in a file, if it is whole.
pub(super) fn mail(path: &Path) -> Result<Vec<u8>, SpoolError> {
    let (_, mail, sum) = read(path)?;
    let wrong = "the mail does not match its length and its checksum";
    match crc32fast::hash(&mail) == sum {
        true => Ok(mail),
        false => Err(damaged(path, wrong)),
    }
}

/// A job, its mail whether or not that is whole, and the checksum of the whole one.
fn read(path: &Path) -> Result<(Job, Vec<u8>, u32), SpoolError> {
    let (mut reader, head) = open(path)?;
    let job = parse_job(&read_json(&mut reader, &head, path)?, path)?;
    let mut mail = Vec::new();
    let read = reader.read_to_end(&mut mail);
    read.map_err(broken(READING, path))?;
    Ok((job, mail, head.mail_sum))
}

fn read_job(path: &Path) -> Result<Job, SpoolError> {
    let (mut reader, head) = open(path)?;
    parse_job(&read_json(&mut reader, &head, path)?, path)
}

fn parse_job(json: &[u8], path: &Path) -> Result<Job, SpoolError> {
    let job: Job = serde_json::from_slice(json).map_err(|error| damaged(path, error))?;
    if path.file_name().and_then(|name| name.to_str()) != Some(job.id.as_str()) {
        return Err(damaged(path, "its name is not the one of its job"));
    }
    Ok(job)
}

fn open(path: &Path) -> Result<(BufReader<File>, OldHead), SpoolError> {
    let file = handles::patiently(|| File::open(path));
    let file = file.map_err(|error| gone_or_broken(path, error))?;
    let mut reader = BufReader::with_capacity(4096, file);
    let mut line = Vec::new();
    let read = (&mut reader)
        .take(FIRST_LINE_OCTETS_MAX)
        .read_until(b'\n', &mut line);
    read.map_err(broken(READING, path))?;
    let head = OldHead::parse(&line, path)?;
    Ok((reader, head))
}

impl OldHead {
    fn parse(line: &[u8], path: &Path) -> Result<Self, SpoolError> {
        let no_head = || damaged(path, "it does not begin as a mail of the spool does");
        let line = std::str::from_utf8(line).map_err(|_| no_head())?;
        let mut words = line.strip_suffix('\n').ok_or_else(no_head)?.split(' ');
        let mut next = || words.next().ok_or_else(no_head);
        if next()? != MAGIC {
            return Err(no_head());
        }
        let found: u32 = next()?.parse().map_err(|_| no_head())?;
        if found > VERSION {
            return Err(SpoolError::Newer {
                path: path.display().to_string(),
                found,
                known: VERSION,
            });
        }
        if found < VERSION {
            return Err(no_head());
        }
        let job_octets = next()?.parse().map_err(|_| no_head())?;
        let _mail_octets: u64 = next()?.parse().map_err(|_| no_head())?;
        let head = Self {
            job_octets,
            job_sum: u32::from_str_radix(next()?, 16).map_err(|_| no_head())?,
            mail_sum: u32::from_str_radix(next()?, 16).map_err(|_| no_head())?,
        };
        (head.job_octets <= JOB_OCTETS_MAX)
            .then_some(head)
            .ok_or_else(no_head)
    }
}

/// The job's JSON; leaves the reader at the first octet of the mail.
fn read_json(reader: &mut impl Read, head: &OldHead, path: &Path) -> Result<Vec<u8>, SpoolError> {
    let mut json = Vec::new();
    let read = reader
        .take(head.job_octets.saturating_add(1))
        .read_to_end(&mut json);
    read.map_err(broken(READING, path))?;
    if json.pop() != Some(b'\n') || crc32fast::hash(&json) != head.job_sum {
        return Err(damaged(path, "the job does not match its checksum"));
    }
    Ok(json)
}
