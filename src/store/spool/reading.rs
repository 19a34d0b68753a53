//! Reading what the journal holds, while it is written to.

use super::journal::{Journal, Work};
use super::record::{HEAD_OCTETS, JobKey, Parsed, RecordHead, key_of};
use super::replay::{JournalPlace, parse_job, replay, segments_in};
use super::segment::Name;
use super::source::MailSource;
use super::{Generation, READING, SpoolError, broken, damaged, old};
use crate::core::id::JobId;
use crate::core::job::Job;
use crate::store::handles;
use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How often the journal is read again by who looks at it while it changes.
const LOOKS_MAX: usize = 1000;
/// A mail with more than so many octets is left where it lies until its octets are wanted.
const MEMORY_OCTETS: u32 = 1024 * 1024;

/// What is read of a job.
pub(super) enum ReadJob {
    /// All of it.
    Whole(Box<Job>),
    /// Nothing that can be used: it is to leave the journal.
    Lost(Box<(Work, SpoolError)>),
}

impl Journal {
    /// Where a job lies.
    fn find(&self, generation: &Generation) -> Result<JournalPlace, SpoolError> {
        let place = self.index().live.get(&key_of(&generation.id)).copied();
        let place = place.ok_or_else(|| SpoolError::Gone(generation.id.clone()))?;
        generation.check(place.sequence).map(|()| place)
    }

    pub(super) fn has(&self, id: &JobId) -> bool {
        self.index().live.contains_key(&key_of(id))
    }

    /// How many octets a mail has; 0 where it is not there.
    pub(super) fn octets_of(&self, id: &JobId) -> u64 {
        let index = self.index();
        let place = index.live.get(&key_of(id));
        place.map_or(0, |place| place.mail_octets.into())
    }

    /// All ids, in the order in which they lie there.
    pub(super) fn keys(&self) -> Vec<JobKey> {
        let index = self.index();
        let mut keys: Vec<_> = index
            .live
            .iter()
            .map(|(key, place)| (*place, *key))
            .collect();
        keys.sort_unstable();
        keys.into_iter().map(|(_, key)| key).collect()
    }

    /// The segment in which this lies, and its path. `None` where that is not so any more.
    pub(super) fn path_of(&self, place: &JournalPlace) -> Option<(Name, PathBuf)> {
        let index = self.index();
        let name = index.segments.get(&place.segment)?.name;
        Some((name, name.path(&self.folder)))
    }

    /// Reads a record, be it moved on meanwhile.
    fn read(&self, generation: &Generation) -> Result<(JournalPlace, SpoolRecord), SpoolError> {
        loop {
            let place = self.find(generation)?;
            let Some((name, path)) = self.path_of(&place) else {
                continue;
            };
            match SpoolRecord::read(&path, name, place) {
                Err(SpoolError::Gone(_)) if self.find(generation) != Ok(place) => {}
                Err(SpoolError::Gone(_)) => return Err(SpoolError::Gone(generation.id.clone())),
                read => return Ok((place, read?)),
            }
        }
    }

    /// A job. Where it cannot be read it is set aside: nobody knows any more whom it concerns.
    pub(super) fn read_job(&self, generation: &Generation) -> Result<ReadJob, SpoolError> {
        let (place, record) = self.read(generation)?;
        let key = key_of(&generation.id);
        match record.job(key) {
            Ok(job) => Ok(ReadJob::Whole(Box::new(job))),
            Err(why) => {
                let error = damaged(&record.path, &why);
                self.set_aside(&generation.id, &record);
                tracing::error!(job = %generation.id, "a mail in the spool is damaged and was set aside, it is not sent: {why}");
                Ok(ReadJob::Lost(Box::new((Work::Lose(key, place), error))))
            }
        }
    }

    /// The mail of a job, whose checksum fits. A long one is read once for that, and then from where it lies: its segment is never
    /// changed there, and may be removed meanwhile.
    pub(super) fn open_mail(&self, generation: &Generation) -> Result<MailSource, SpoolError> {
        let (_, record) = self.read(generation)?;
        if let Some(mail) = record.whole_mail(key_of(&generation.id))? {
            return Ok(mail);
        }
        // Its record is forgotten when its sender was told.
        self.set_aside(&generation.id, &record);
        let why = "the mail does not match its length and its checksum";
        Err(damaged(&record.path, why))
    }

    /// As far as it can be read.
    fn set_aside(&self, id: &JobId, record: &SpoolRecord) {
        match record.mail.clone().unchecked().whole() {
            Ok(mail) => self.aside.record(id, record.job_octets(), &mail),
            Err(error) => tracing::error!("what is damaged cannot be copied: {error}"),
        }
    }
}

/// All jobs in the order of acceptance, with where they lie if that is the journal.
pub(super) fn look(dir: &Path) -> Result<Vec<(Job, Option<JournalPlace>)>, SpoolError> {
    let folder = dir.join("journal");
    let mut jobs = Vec::new();
    if folder.try_exists().map_err(broken(READING, &folder))? {
        let looks = (0..LOOKS_MAX).map(|_| replay(&folder, |job| job));
        let mut looks = looks.filter_map(Result::transpose);
        let replayed = looks.next().transpose()?.unwrap_or_default();
        let live = replayed.live.into_values();
        jobs.extend(live.map(|(place, job)| (job, Some(place))));
    }
    let taken: HashSet<JobId> = jobs.iter().map(|(job, _)| job.id.clone()).collect();
    let old = old::jobs(&dir.join("queue"))?;
    let old = old.into_iter().filter(|job| !taken.contains(&job.id));
    jobs.extend(old.map(|job| (job, None)));
    jobs.sort_by(|(a, _), (b, _)| (a.sequence, &a.id).cmp(&(b.sequence, &b.id)));
    Ok(jobs)
}

/// The mail at this place of the journal in this folder, which somebody else may be writing to.
pub(super) fn mail_at(
    folder: &Path,
    id: &JobId,
    place: JournalPlace,
) -> Result<Vec<u8>, SpoolError> {
    let (names, _) = segments_in(folder)?;
    let name = names.into_iter().find(|name| name.number == place.segment);
    let name = name.ok_or_else(|| SpoolError::Gone(id.clone()))?;
    let path = name.path(folder);
    let record = SpoolRecord::read(&path, name, place)?;
    match record.whole_mail(key_of(id))? {
        Some(mail) => mail.whole().map_err(broken(READING, &path)),
        None => Err(damaged(&path, "the mail does not match its checksum")),
    }
}

/// A record as it lies on the disk.
pub(super) struct SpoolRecord {
    /// Its head and its job.
    front: Vec<u8>,
    /// As far as it is there, with the checksum that the head has, if there is one.
    pub(super) mail: MailSource,
    name: Name,
    place: JournalPlace,
    pub(super) path: PathBuf,
}

impl SpoolRecord {
    /// [`SpoolError::Gone`], of whatever job, where the segment is.
    pub(super) fn read(path: &Path, name: Name, place: JournalPlace) -> Result<Self, SpoolError> {
        let front = HEAD_OCTETS.saturating_add(place.job_octets.into());
        let read = || {
            let file = handles::patiently(|| File::open(path))?;
            let there = file.metadata()?.len().saturating_sub(place.at);
            let is_long = place.mail_octets > MEMORY_OCTETS && there >= place.octets();
            let wanted = if is_long { front } else { place.octets() };
            let length = usize::try_from(wanted.min(there)).map_err(io::Error::other)?;
            let mut octets = vec![0; length];
            file.read_exact_at(&mut octets, place.at)?;
            Ok((octets, is_long.then_some(file)))
        };
        let (mut octets, file) = read().map_err(|error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => SpoolError::Gone(JobId::of_name(&[])),
            _ => broken(READING, path)(error),
        })?;
        let rest = usize::try_from(front).unwrap_or(usize::MAX);
        let rest = octets.split_off(rest.min(octets.len()));
        let head = RecordHead::parse(&octets, name.salt, place.at);
        let sum = match head {
            Parsed::Head(head) => head.mail_sum,
            _ => 0,
        };
        let mail = match file {
            Some(file) => {
                let at = place.at.saturating_add(front);
                MailSource::of_file(Arc::new(file), at, place.mail_octets.into(), sum)
            }
            None => MailSource::with_sum(rest, sum),
        };
        Ok(Self {
            front: octets,
            mail,
            name,
            place,
            path: path.to_owned(),
        })
    }

    pub(super) fn head(&self, key: JobKey) -> Option<RecordHead> {
        match RecordHead::parse(&self.front, self.name.salt, self.place.at) {
            Parsed::Head(head)
                if head.key == key
                    && self.place == JournalPlace::of(self.place.segment, self.place.at, &head) =>
            {
                Some(head)
            }
            _ => None,
        }
    }

    /// The mail, if it is what was written.
    fn whole_mail(&self, key: JobKey) -> Result<Option<MailSource>, SpoolError> {
        if self.head(key).is_none() {
            return Ok(None);
        }
        let is_whole = self.mail.is_whole();
        let is_whole = is_whole.map_err(broken(READING, &self.path))?;
        Ok(is_whole.then(|| self.mail.clone()))
    }

    pub(super) fn job_octets(&self) -> &[u8] {
        let from = usize::try_from(HEAD_OCTETS).unwrap_or(0);
        self.front.get(from..).unwrap_or_default()
    }

    fn job(&self, key: JobKey) -> Result<Job, String> {
        let head = self
            .head(key)
            .ok_or("it does not begin as a mail of the spool does")?;
        match crc32fast::hash(self.job_octets()) == head.job_sum {
            true => parse_job(self.job_octets(), key),
            false => Err("the job does not match its checksum".to_owned()),
        }
    }
}
