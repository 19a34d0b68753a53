//! Reads the journal from its beginning: what waits, and what of it is torn.
//!
//! Where a segment's records are known to have been durable, by what later ones say or by there being a later segment, and one
//! of them cannot be read, the disk has damaged it: that is told, and kept. What cannot be read behind that place is what was being
//! written when the power failed; nobody was told that it had been accepted.

use super::record::{HEAD_OCTETS, JobKey, Parsed, RecordHead, RecordKind, id_of};
use super::segment::Name;
use super::{READING, SpoolError, broken, files_in};
use crate::core::job::Job;
use crate::store::handles;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// How much is compared with zeros at once.
const ZEROS: [u8; 4096] = [0; 4096];

/// Where a mail lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct JournalPlace {
    /// The number of its segment.
    pub(super) segment: u64,
    pub(super) at: u64,
    /// Of its job.
    pub(super) sequence: u64,
    pub(super) job_octets: u32,
    pub(super) mail_octets: u32,
}

impl JournalPlace {
    pub(super) fn of(segment: u64, at: u64, head: &RecordHead) -> Self {
        Self {
            segment,
            at,
            sequence: head.sequence,
            job_octets: head.job_octets,
            mail_octets: head.mail_octets,
        }
    }

    /// Of the whole record.
    pub(super) fn octets(&self) -> u64 {
        HEAD_OCTETS
            .saturating_add(self.job_octets.into())
            .saturating_add(self.mail_octets.into())
    }

    pub(super) fn end(&self) -> u64 {
        self.at.saturating_add(self.octets())
    }
}

/// What a journal holds.
pub(super) struct Replayed<T> {
    /// Of each job that waits: where it lies, and what was wanted of it.
    pub(super) live: HashMap<JobKey, (JournalPlace, T)>,
    /// All segments, with up to where they are known to be durable.
    pub(super) segments: BTreeMap<u64, (Name, u64)>,
    /// Those in which there never was anything.
    pub(super) empty: Vec<Name>,
    /// Those of them of which it is not known that they are durable.
    pub(super) doubtful: HashSet<JobKey>,
    pub(super) damages: Vec<Damage>,
}

impl<T> Default for Replayed<T> {
    fn default() -> Self {
        Self {
            live: HashMap::new(),
            segments: BTreeMap::new(),
            empty: Vec::new(),
            doubtful: HashSet::new(),
            damages: Vec::new(),
        }
    }
}

/// What cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Damage {
    pub(super) segment: Name,
    pub(super) octets: Range<u64>,
    /// Whose it was, if that is known.
    pub(super) key: Option<JobKey>,
    pub(super) why: String,
}

/// The segments in a folder in their order, and what else is there.
pub(super) fn segments_in(folder: &Path) -> Result<(Vec<Name>, Vec<PathBuf>), SpoolError> {
    let (mut names, mut others) = (Vec::new(), Vec::new());
    for path in files_in(folder)? {
        let name = path.file_name().and_then(|name| name.to_str());
        match name.and_then(Name::parse) {
            Some(name) => names.push(name),
            None => others.push(path),
        }
    }
    names.sort_unstable();
    Ok((names, others))
}

/// Reads all segments. `None`: one of them was removed meanwhile, so that what lay in it lies in one that was not there yet.
pub(super) fn replay<T>(
    folder: &Path,
    of: impl Fn(Job) -> T,
) -> Result<Option<Replayed<T>>, SpoolError> {
    let (names, _) = segments_in(folder)?;
    let mut reader = SegmentReader {
        of,
        replayed: Replayed::default(),
        bad: HashMap::new(),
        replaceable: HashSet::new(),
    };
    let mut before: Option<(Name, Vec<u8>, Walk)> = None;
    for name in names {
        let path = name.path(folder);
        let octets = match handles::patiently(|| std::fs::read(&path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(broken(READING, &path))?,
        };
        let walk = Walk::over(&octets, name.salt);
        if let Some(found) = walk.newer {
            return Err(SpoolError::Newer {
                path: path.display().to_string(),
                found: found.into(),
                known: super::record::FORMAT.into(),
            });
        }
        if let Some((earlier, octets, found)) = before.take() {
            let durable = match walk.end_before(earlier.number) {
                Some(end) => end,
                None if walk.records.is_empty() => found.durable,
                None => found.end(),
            };
            reader.take(earlier, &octets, &found, durable);
        }
        before = Some((name, octets, walk));
    }
    if let Some((name, octets, walk)) = before {
        reader.take(name, &octets, &walk, walk.durable);
    }
    let mut replayed = reader.replayed;
    replayed.damages.extend(reader.bad.into_values());
    Ok(Some(replayed))
}

/// What lies in a segment.
struct Walk {
    records: Vec<(u64, RecordHead)>,
    /// What is neither a record nor empty.
    holes: Vec<Range<u64>>,
    durable: u64,
    newer: Option<u8>,
}

impl Walk {
    fn over(octets: &[u8], salt: u64) -> Self {
        let mut walk = Self {
            records: Vec::new(),
            holes: Vec::new(),
            durable: 0,
            newer: None,
        };
        let used = used(octets);
        let mut at = 0;
        while at < used {
            let rest = octets.get(at..).unwrap_or_default();
            let place = u64::try_from(at).unwrap_or(u64::MAX);
            match RecordHead::parse(rest, salt, place) {
                Parsed::Head(head) => {
                    let length = usize::try_from(head.octets()).unwrap_or(usize::MAX);
                    let is_whole = rest.len() >= length;
                    if head.kind != RecordKind::Begin {
                        walk.durable = walk.durable.max(head.durable);
                    }
                    walk.records.push((place, head));
                    // Where it is cut off, others may have been written over its end.
                    let head_alone = usize::try_from(HEAD_OCTETS).unwrap_or(0);
                    at = at.saturating_add(if is_whole { length } else { head_alone });
                }
                Parsed::Newer(format) => {
                    walk.newer = Some(format);
                    return walk;
                }
                Parsed::Nothing => {
                    let searched = used.saturating_sub(at);
                    let next = at.saturating_add(next_head(rest, searched, salt, place));
                    let end = u64::try_from(next).unwrap_or(u64::MAX);
                    walk.holes.push(place..end);
                    at = next;
                }
            }
        }
        walk
    }

    /// Where the last record ends.
    fn end(&self) -> u64 {
        let ends = self.records.iter();
        ends.map(|(at, head)| at.saturating_add(head.octets()))
            .max()
            .unwrap_or(0)
    }

    /// Where the segment with this number ends, as this one says, which comes after it.
    fn end_before(&self, number: u64) -> Option<u64> {
        let (_, first) = self.records.first()?;
        (first.kind == RecordKind::Begin && first.sequence == number).then_some(first.durable)
    }
}

/// How many octets there are without the zeros at the end.
fn used(octets: &[u8]) -> usize {
    let mut used = octets.len();
    let is_zero = |piece: &[u8]| ZEROS.get(..piece.len()) == Some(piece);
    for piece in octets.rchunks(ZEROS.len()) {
        if !is_zero(piece) {
            let last = piece.iter().rposition(|octet| *octet != 0);
            let zeros = piece
                .len()
                .saturating_sub(last.unwrap_or(0).saturating_add(1));
            return used.saturating_sub(zeros);
        }
        used = used.saturating_sub(piece.len());
    }
    used
}

/// How many octets there are before the next head that begins among so many; all of those where none does.
fn next_head(octets: &[u8], searched: usize, salt: u64, at: u64) -> usize {
    let salt_octets = salt.to_le_bytes();
    let mut from = 1;
    while let Some(rest) = octets.get(from..searched) {
        let found = rest
            .windows(salt_octets.len())
            .position(|it| it == salt_octets);
        let Some(found) = found else {
            break;
        };
        let skipped = from.saturating_add(found);
        let place = at.saturating_add(u64::try_from(skipped).unwrap_or(u64::MAX));
        let there = octets.get(skipped..).unwrap_or_default();
        if !matches!(RecordHead::parse(there, salt, place), Parsed::Nothing) {
            return skipped;
        }
        from = skipped.saturating_add(1);
    }
    searched
}

struct SegmentReader<T, F: Fn(Job) -> T> {
    of: F,
    replayed: Replayed<T>,
    /// Damaged mails that were not settled or replaced since.
    bad: HashMap<JobKey, Damage>,
    /// Jobs that may be replaced by others with the same id.
    replaceable: HashSet<JobKey>,
}

impl<T, F: Fn(Job) -> T> SegmentReader<T, F> {
    /// Takes in a segment that is durable up to there.
    fn take(&mut self, name: Name, octets: &[u8], walk: &Walk, durable: u64) {
        let damage = |octets: Range<u64>, key, why: &str| Damage {
            segment: name,
            octets,
            key,
            why: why.to_owned(),
        };
        for hole in walk.holes.iter().filter(|hole| hole.start < durable) {
            let why = "what lay there cannot be read: a mail, or that one is settled";
            self.replayed.damages.push(damage(hole.clone(), None, why));
        }
        let mut end = 0;
        for (at, head) in &walk.records {
            end = at.saturating_add(head.octets());
            match head.kind {
                RecordKind::Begin | RecordKind::Synced => {}
                RecordKind::Gone => self.forget(head.key),
                RecordKind::Mail => {
                    let place = JournalPlace::of(name.number, *at, head);
                    let is_durable = place.end() <= durable;
                    match read(octets, *at, head, is_durable) {
                        Ok(job) => self.keep(head.key, place, job, is_durable),
                        Err(why) if is_durable => {
                            let range = place.at..place.end();
                            let found = damage(range, Some(head.key), &why);
                            self.lose(head, found);
                        }
                        // Torn, and never accepted.
                        Err(_) => {}
                    }
                }
            }
        }
        let holes = walk.holes.last().map_or(0, |hole| hole.end);
        if end.max(holes) < durable {
            let why = "its end is missing";
            self.replayed.damages.push(damage(end..durable, None, why));
        }
        let is_nothing = |(_, head): &(u64, RecordHead)| {
            matches!(head.kind, RecordKind::Begin | RecordKind::Synced)
        };
        if walk.records.iter().all(is_nothing)
            && walk.holes.iter().all(|hole| hole.start >= durable)
        {
            return self.replayed.empty.push(name);
        }
        let end = end.max(holes).min(durable);
        self.replayed.segments.insert(name.number, (name, end));
    }

    fn keep(&mut self, key: JobKey, place: JournalPlace, job: Job, is_durable: bool) {
        self.forget(key);
        if job.replaceable {
            self.replaceable.insert(key);
        }
        if !is_durable {
            self.replayed.doubtful.insert(key);
        }
        self.replayed.live.insert(key, (place, (self.of)(job)));
    }

    fn forget(&mut self, key: JobKey) {
        self.replayed.live.remove(&key);
        self.replayed.doubtful.remove(&key);
        self.replaceable.remove(&key);
        self.bad.remove(&key);
    }

    /// What was known of a mail before its last attempt is better than nothing. Not so what was replaced.
    fn lose(&mut self, head: &RecordHead, damage: Damage) {
        let live = self.replayed.live.get(&head.key);
        let is_other = live.is_some_and(|(place, _)| place.sequence != head.sequence);
        if is_other && self.replaceable.contains(&head.key) {
            self.forget(head.key);
        }
        self.bad.insert(head.key, damage);
    }
}

/// The job of a record, if that is whole; and the mail, where it is not said that it once was.
fn read(octets: &[u8], at: u64, head: &RecordHead, is_durable: bool) -> Result<Job, String> {
    let part = |from: u64, length: u32| {
        let from = usize::try_from(from).ok()?;
        let end = from.checked_add(usize::try_from(length).ok()?)?;
        octets.get(from..end)
    };
    let job_at = at.saturating_add(HEAD_OCTETS);
    let json = part(job_at, head.job_octets).filter(|json| crc32fast::hash(json) == head.job_sum);
    let json = json.ok_or("the job does not match its checksum")?;
    if !is_durable {
        let mail = part(
            job_at.saturating_add(head.job_octets.into()),
            head.mail_octets,
        );
        mail.filter(|mail| crc32fast::hash(mail) == head.mail_sum)
            .ok_or("the mail does not match its checksum")?;
    }
    parse_job(json, head.key)
}

/// The job of a record, by its JSON.
pub(super) fn parse_job(json: &[u8], key: JobKey) -> Result<Job, String> {
    let job: Job = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    match id_of(key) == Some(job.id.clone()) {
        true => Ok(job),
        false => Err("its id is not the one of its job".to_owned()),
    }
}
