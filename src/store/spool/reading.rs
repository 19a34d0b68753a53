//! Reading what the journal holds, while it is written to.

use super::journal::{Journal, Work};
use super::record::{HEAD_OCTETS, JobKey, Parsed, RecordHead, key_of};
use super::replay::{JournalPlace, parse_job, replay, segments_in};
use super::segment::Name;
use super::{Generation, READING, SpoolError, broken, damaged, old};
use crate::core::id::JobId;
use crate::core::job::Job;
use crate::store::handles;
use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// How often the journal is read again by who looks at it while it changes.
const LOOKS_MAX: usize = 1000;

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
                self.aside
                    .record(&generation.id, record.job_octets(), record.mail());
                tracing::error!(job = %generation.id, "a mail in the spool is damaged and was set aside, it is not sent: {why}");
                Ok(ReadJob::Lost(Box::new((Work::Lose(key, place), error))))
            }
        }
    }

    /// A job with its mail, whose checksum fits.
    pub(super) fn read_mail(&self, generation: &Generation) -> Result<Vec<u8>, SpoolError> {
        let (_, record) = self.read(generation)?;
        let why = match record.head(key_of(&generation.id)) {
            Some(head) if crc32fast::hash(record.mail()) == head.mail_sum => {
                return Ok(record.into_mail());
            }
            _ => "the mail does not match its length and its checksum",
        };
        // Its record is forgotten when its sender was told.
        self.aside
            .record(&generation.id, record.job_octets(), record.mail());
        Err(damaged(&record.path, why))
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
    match record.head(key_of(id)) {
        Some(head) if crc32fast::hash(record.mail()) == head.mail_sum => Ok(record.into_mail()),
        _ => Err(damaged(&path, "the mail does not match its checksum")),
    }
}

/// A record as it lies on the disk.
pub(super) struct SpoolRecord {
    octets: Vec<u8>,
    name: Name,
    place: JournalPlace,
    pub(super) path: PathBuf,
}

impl SpoolRecord {
    /// [`SpoolError::Gone`], of whatever job, where the segment is.
    pub(super) fn read(path: &Path, name: Name, place: JournalPlace) -> Result<Self, SpoolError> {
        let length = usize::try_from(place.octets()).unwrap_or(usize::MAX);
        let read = || {
            let file = handles::patiently(|| File::open(path))?;
            let there = file.metadata()?.len().saturating_sub(place.at);
            let there = usize::try_from(there).unwrap_or(usize::MAX);
            let mut octets = vec![0; length.min(there)];
            file.read_exact_at(&mut octets, place.at)?;
            Ok(octets)
        };
        let octets = read().map_err(|error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => SpoolError::Gone(JobId::of_name(&[])),
            _ => broken(READING, path)(error),
        })?;
        let path = path.to_owned();
        Ok(Self {
            octets,
            name,
            place,
            path,
        })
    }

    pub(super) fn head(&self, key: JobKey) -> Option<RecordHead> {
        match RecordHead::parse(&self.octets, self.name.salt, self.place.at) {
            Parsed::Head(head)
                if head.key == key
                    && self.place == JournalPlace::of(self.place.segment, self.place.at, &head) =>
            {
                Some(head)
            }
            _ => None,
        }
    }

    /// Where the mail begins.
    fn mail_at(&self) -> usize {
        let at = HEAD_OCTETS.saturating_add(self.place.job_octets.into());
        usize::try_from(at).unwrap_or(usize::MAX)
    }

    pub(super) fn job_octets(&self) -> &[u8] {
        let from = usize::try_from(HEAD_OCTETS).unwrap_or(0);
        let end = self.mail_at().min(self.octets.len());
        self.octets.get(from..end).unwrap_or_default()
    }

    pub(super) fn mail(&self) -> &[u8] {
        self.octets.get(self.mail_at()..).unwrap_or_default()
    }

    pub(super) fn into_mail(mut self) -> Vec<u8> {
        let at = self.mail_at().min(self.octets.len());
        self.octets.drain(..at);
        self.octets
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
