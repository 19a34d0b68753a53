//! The format of a file in the spool: written whole, read within limits.

use super::{READING, SpoolError, broken, damaged, gone_or_broken};
use crate::core::job::{Job, Mail};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// The first word of every file.
pub(super) const MAGIC: &str = "stanzamail";
/// The version of the format that is written, and the only one so far.
pub(super) const VERSION: u32 = 1;
/// The longest first line, in octets: two words and four numbers.
const FIRST_LINE_OCTETS_MAX: u64 = 100;
/// The longest JSON of a job that is believed, in octets: a thousand recipients need at most 400 kB.
const JOB_OCTETS_MAX: u64 = 1024 * 1024;

/// The first line of a file.
pub(super) struct Head {
    pub(super) job_octets: u64,
    pub(super) mail_octets: u64,
    pub(super) job_sum: u32,
    pub(super) mail_sum: u32,
    /// What follows the job, whatever the line says.
    pub(super) mail_octets_found: Option<u64>,
}

/// A file's content, see the description of the module.
pub(super) fn file_of(mail: &Mail) -> Result<Vec<u8>, serde_json::Error> {
    let job = serde_json::to_vec(&mail.job)?;
    let first_line = format!(
        "{MAGIC} {VERSION} {} {} {:08x} {:08x}\n",
        job.len(),
        mail.bytes.len(),
        crc32fast::hash(&job),
        crc32fast::hash(&mail.bytes)
    );
    Ok([first_line.as_bytes(), &job, b"\n", &mail.bytes].concat())
}

/// Reads a file's job and checks that its name is the job's; not the mail. Where only that is damaged, its sender can be
/// told.
pub(super) fn read_job(path: &Path) -> Result<Job, SpoolError> {
    let (mut reader, head) = open_file(path)?;
    parse_job(&read_json(&mut reader, &head, path)?, path)
}

pub(super) fn parse_job(json: &[u8], path: &Path) -> Result<Job, SpoolError> {
    let job: Job = serde_json::from_slice(json).map_err(|error| damaged(path, error))?;
    if path.file_name().and_then(|name| name.to_str()) != Some(job.id.as_str()) {
        return Err(damaged(path, "its name is not the one of its job"));
    }
    Ok(job)
}

pub(super) fn open_file(path: &Path) -> Result<(BufReader<File>, Head), SpoolError> {
    let file = File::open(path).map_err(|error| gone_or_broken(path, error))?;
    let octets = file.metadata().map_err(broken(READING, path))?.len();
    let mut reader = BufReader::with_capacity(4096, file);
    let mut line = Vec::new();
    let read = (&mut reader)
        .take(FIRST_LINE_OCTETS_MAX)
        .read_until(b'\n', &mut line);
    read.map_err(broken(READING, path))?;
    let mut head = Head::parse(&line, path)?;
    let before = u64::try_from(line.len())
        .ok()
        .and_then(|sum| sum.checked_add(head.job_octets)?.checked_add(1));
    head.mail_octets_found = before.and_then(|before| octets.checked_sub(before));
    Ok((reader, head))
}

impl Head {
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
            let path = path.display().to_string();
            return Err(SpoolError::Newer { path, found });
        }
        if found < VERSION {
            return Err(no_head());
        }
        let head = Self {
            job_octets: next()?.parse().map_err(|_| no_head())?,
            mail_octets: next()?.parse().map_err(|_| no_head())?,
            job_sum: u32::from_str_radix(next()?, 16).map_err(|_| no_head())?,
            mail_sum: u32::from_str_radix(next()?, 16).map_err(|_| no_head())?,
            mail_octets_found: None,
        };
        (head.job_octets <= JOB_OCTETS_MAX)
            .then_some(head)
            .ok_or_else(no_head)
    }
}

/// The job's JSON; leaves the reader at the first octet of the mail.
pub(super) fn read_json(
    reader: &mut impl Read,
    head: &Head,
    path: &Path,
) -> Result<Vec<u8>, SpoolError> {
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
