//! The journal at work: one thread writes.

use super::aside::Aside;
use super::index::Index;
use super::pause::UnreadPause;
use super::record::{Encoded, HEAD_OCTETS, JobKey, RecordKind, key_of};
use super::replay::JournalPlace;
use super::segment::{Appended, Name, Tail};
use super::source::is_damage;
use super::{Generation, READING, SpoolError, broken, damaged};
use crate::failpoints;
use crate::panics;
use crate::store::broken::Broken;
use crate::system::has_room;
use std::collections::{HashMap, HashSet, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::oneshot;

/// A mail with more than so many octets is written in blocks that have not much more: of the others a group is one write.
const WRITE_OCTETS: usize = 256 * 1024;

/// What is wanted of the journal.
#[derive(Debug)]
pub(super) enum Work {
    /// All of them, durable.
    Accept(Vec<Encoded>),
    /// To take the place of an older state of the same job.
    Update(Generation, Encoded),
    Remove(Generation),
    /// The record at this place is damaged: it is not to be found any more.
    Lose(JobKey, JournalPlace),
    /// Nothing, when all before it is done.
    Nothing,
}

impl Work {
    /// What it takes of the journal, nearly.
    pub(super) fn octets(&self) -> u64 {
        match self {
            Self::Accept(mails) => {
                let octets = mails.iter().map(|mail| mail.head.octets());
                octets.fold(0, u64::saturating_add)
            }
            Self::Update(_, mail) => mail.head.octets(),
            _ => HEAD_OCTETS,
        }
    }
}

/// Something that is wanted, and who waits for it.
#[derive(Debug)]
pub(super) struct WriteRequest {
    pub(super) work: Work,
    pub(super) done: oneshot::Sender<Result<(), SpoolError>>,
}

/// The journal of a spool that is open.
#[derive(Debug)]
pub(super) struct Journal {
    pub(super) folder: PathBuf,
    pub(super) aside: Aside,
    /// How long segments become.
    pub(super) segment_octets: u64,
    index: Mutex<Index>,
    writer: Mutex<JournalWriter>,
    pub(super) broken: Broken<SpoolError>,
}

/// What only who writes knows.
#[derive(Debug, Default)]
pub(super) struct JournalWriter {
    pub(super) tail: Option<Tail>,
    /// Since when something is not durable.
    pub(super) unsynced_since: Option<Instant>,
    /// Of what was found by a start without being known to be durable: it is written once more, and until then nothing is
    /// removed.
    pub(super) doubtful: Vec<JobKey>,
    /// Some of it cannot be read.
    pub(super) unread: Option<UnreadPause>,
    /// Marks of settled mails for which there was no room.
    pub(super) owed: Vec<Encoded>,
    /// What is moved on out of the first segment.
    pub(super) moving: Option<(u64, VecDeque<JobKey>)>,
    /// Nothing was written since all was made durable and that was noted.
    pub(super) is_rested: bool,
    /// A segment that cannot be read, so that nothing can be moved on out of it.
    pub(super) stuck: Option<u64>,
}

/// What a group is going to write, and what becomes of each request.
#[derive(Default)]
struct WritePlan<'a> {
    records: Vec<&'a Encoded>,
    results: Vec<Result<(), SpoolError>>,
    /// What is where after what was planned so far: `None` for what is gone.
    ahead: HashMap<JobKey, Option<u64>>,
    /// Somebody waits for it to be durable.
    is_sync: bool,
}

impl Journal {
    pub(super) fn new(
        folder: PathBuf,
        aside: Aside,
        segment_octets: u64,
        index: Index,
        doubtful: HashSet<JobKey>,
    ) -> Self {
        let writer = JournalWriter {
            doubtful: doubtful.into_iter().collect(),
            ..JournalWriter::default()
        };
        Self {
            folder,
            aside,
            segment_octets,
            index: Mutex::new(index),
            writer: Mutex::new(writer),
            broken: Broken::not(),
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn writer(&self) -> MutexGuard<'_, JournalWriter> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what is wanted, in this order, with one write and one sync at most for all of it.
    pub(super) fn serve(&self, requests: Vec<WriteRequest>) {
        let (work, waiting): (Vec<Work>, Vec<_>) = requests
            .into_iter()
            .map(|request| (request.work, request.done))
            .unzip();
        let mut writer = self.writer();
        let results = match panics::caught(|| self.do_all(&mut writer, &work)) {
            Ok(results) => results,
            Err(words) => {
                let error = SpoolError::Broken {
                    doing: "work on",
                    path: self.folder.display().to_string(),
                    cause: words,
                };
                let error = self.broken.by(error);
                work.iter().map(|_| Err(error.clone())).collect()
            }
        };
        for (done, result) in waiting.into_iter().zip(results) {
            // Who no longer waits does not need to know.
            let _ = done.send(result);
        }
        if self.broken.check().is_ok() {
            let tidied = self.tidy(&mut writer);
            // Who asks next is told.
            let _ = self.note(tidied);
        }
    }

    fn do_all(&self, writer: &mut JournalWriter, work: &[Work]) -> Vec<Result<(), SpoolError>> {
        let mut done = self.do_together(writer, work);
        // Where nothing at all is left on the disk, others need more of it than this would give.
        let is_full = matches!(done, Err(SpoolError::Full { .. })) && has_room(&self.folder, 1);
        if is_full && self.make_room(writer).is_ok() {
            done = self.do_together(writer, work);
        }
        match done {
            Ok(results) => results,
            // What has room may have it, and what can be read.
            Err(error) if work.len() > 1 && is_of_one(&error) => {
                let alone = work.chunks(1).map(|one| self.do_alone(writer, one));
                alone.collect()
            }
            Err(error) => match work {
                [one] => vec![self.give_up(writer, one, error)],
                _ => work.iter().map(|_| Err(error.clone())).collect(),
            },
        }
    }

    fn do_alone(&self, writer: &mut JournalWriter, one: &[Work]) -> Result<(), SpoolError> {
        match self.do_together(writer, one) {
            Ok(results) => results.into_iter().next().unwrap_or(Ok(())),
            Err(error) => one
                .iter()
                .next()
                .map_or(Ok(()), |one| self.give_up(writer, one, error)),
        }
    }

    /// That something is settled is known even where there is no room to write it down: its segment can leave.
    fn give_up(
        &self,
        writer: &mut JournalWriter,
        work: &Work,
        error: SpoolError,
    ) -> Result<(), SpoolError> {
        let key = match work {
            Work::Remove(generation) => key_of(&generation.id),
            Work::Lose(key, _) => *key,
            _ => return Err(error),
        };
        if matches!(error, SpoolError::Broken { .. }) {
            return Err(error);
        }
        self.index().remove(key);
        writer.owed.push(Encoded::bare(RecordKind::Gone, key, 0));
        Ok(())
    }

    fn do_together(
        &self,
        writer: &mut JournalWriter,
        work: &[Work],
    ) -> Result<Vec<Result<(), SpoolError>>, SpoolError> {
        self.broken.check()?;
        let owed = std::mem::take(&mut writer.owed);
        let marks: Vec<Option<Encoded>> = work.iter().map(mark_of).collect();
        let mut plan = WritePlan::default();
        plan.records.extend(&owed);
        for (one, mark) in work.iter().zip(&marks) {
            self.plan(&mut plan, one, mark.as_ref());
        }
        let written = self.append(writer, &plan.records, plan.is_sync);
        let WritePlan { results, .. } = plan;
        if let Err(error) = written {
            writer.owed = owed;
            return Err(self
                .note(Err(error))
                .err()
                .unwrap_or_else(|| self.is_full()));
        }
        Ok(results)
    }

    /// Looks what a request comes to, by what lies there and what was planned before it.
    fn plan<'a>(&self, plan: &mut WritePlan<'a>, work: &'a Work, mark: Option<&'a Encoded>) {
        let mut result = Ok(());
        match work {
            Work::Nothing => {}
            Work::Accept(mails) => {
                plan.is_sync |= !mails.is_empty();
                plan.records.extend(mails);
                let sequences = mails.iter().map(|it| (it.head.key, Some(it.head.sequence)));
                plan.ahead.extend(sequences);
            }
            Work::Update(generation, mail) => match self.sequence_of(plan, generation) {
                Ok(()) => {
                    plan.records.push(mail);
                    plan.ahead.insert(mail.head.key, Some(mail.head.sequence));
                }
                Err(error) => result = Err(error),
            },
            // It is no error if it is not there, nor if it was replaced.
            Work::Remove(generation) => {
                if self.sequence_of(plan, generation).is_ok() {
                    plan.records.extend(mark);
                    plan.ahead.insert(key_of(&generation.id), None);
                }
            }
            Work::Lose(key, place) => {
                let is_there = self.index().live.get(key) == Some(place);
                if is_there && !plan.ahead.contains_key(key) {
                    plan.records.extend(mark);
                    plan.ahead.insert(*key, None);
                }
            }
        }
        plan.results.push(result);
    }

    /// Whether the job that is meant will lie there.
    fn sequence_of(&self, plan: &WritePlan, generation: &Generation) -> Result<(), SpoolError> {
        let key = key_of(&generation.id);
        let sequence = match plan.ahead.get(&key) {
            Some(ahead) => *ahead,
            None => self.index().live.get(&key).map(|place| place.sequence),
        };
        match sequence {
            Some(sequence) => generation.check(sequence),
            None => Err(SpoolError::Gone(generation.id.clone())),
        }
    }

    /// Writes records behind each other, makes them durable if that is wanted, and only then has them found.
    pub(super) fn append(
        &self,
        writer: &mut JournalWriter,
        records: &[&Encoded],
        is_sync: bool,
    ) -> Result<(), SpoolError> {
        if records.is_empty() {
            return Ok(());
        }
        let octets = records.iter().map(|record| record.head.octets());
        let octets = octets.fold(0, u64::saturating_add);
        // Whatever the journal took of the disk before: that is for marks, and for what waits already. A mail that is accepted where
        // nothing else can be written would end the gateway, since the store has to remember it.
        if is_sync && !has_room(&self.folder, octets) {
            return Err(self.is_full());
        }
        writer.is_rested = false;
        let tail = self.tail_for(writer, octets)?;
        let (name, durable) = (tail.name, tail.durable());
        let mut places = Vec::with_capacity(records.len());
        let mut at = tail.end;
        for record in records {
            places.push(JournalPlace::of(name.number, at, &record.head));
            at = at.saturating_add(record.head.octets());
        }
        tail.append(|appended| self.write(records, (name, durable), appended))?;
        if is_sync {
            failpoints::point("spool: written, not yet synced");
            tail.sync()?;
            failpoints::point("spool: synced, not yet told");
            writer.unsynced_since = None;
        } else {
            writer.unsynced_since.get_or_insert_with(Instant::now);
        }
        let mut index = self.index();
        if let Some(segment) = index.segments.get_mut(&name.number) {
            segment.end = places.last().map_or(segment.end, |place| place.end());
        }
        for (record, place) in records.iter().zip(places) {
            match record.head.kind {
                RecordKind::Mail => index.insert(record.head.key, place),
                RecordKind::Gone => index.remove(record.head.key),
                RecordKind::Begin | RecordKind::Synced => {}
            }
        }
        Ok(())
    }

    /// Writes records into this segment, which is durable up to there. Whoever reads a mail that is not what it was before is told so, and
    /// what was written of it does not stay.
    fn write(
        &self,
        records: &[&Encoded],
        (name, durable): (Name, u64),
        appended: &mut Appended<'_>,
    ) -> Result<(), SpoolError> {
        let octets = records.iter().map(|record| record.head.octets());
        let octets = octets.fold(0, u64::saturating_add);
        let octets = usize::try_from(octets).unwrap_or(usize::MAX);
        let mut text = Vec::with_capacity(octets.min(2 * WRITE_OCTETS));
        for record in records {
            let written = u64::try_from(text.len()).unwrap_or(u64::MAX);
            let at = appended.end.saturating_add(written);
            record.write_front(name.salt, at, durable, &mut text);
            let is_long =
                usize::try_from(record.mail.octets()).is_ok_and(|octets| octets > WRITE_OCTETS);
            let mut mail = record.mail.reader();
            while mail
                .append_next(&mut text)
                .map_err(|error| self.not_read(error))?
            {
                if is_long && text.len() >= WRITE_OCTETS {
                    appended.put(&text)?;
                    failpoints::point("spool: some of a long mail written");
                    text.clear();
                }
            }
        }
        appended.put(&text)
    }

    fn not_read(&self, error: io::Error) -> SpoolError {
        match is_damage(&error) {
            true => damaged(&self.folder, error),
            false => broken(READING, &self.folder)(error),
        }
    }

    /// The segment that has room for so much. A new one is begun where the present one would become too long; that is
    /// durable before anything is written to the next one.
    pub(super) fn tail_for<'a>(
        &self,
        writer: &'a mut JournalWriter,
        octets: u64,
    ) -> Result<&'a mut Tail, SpoolError> {
        let fits = |tail: &Tail| tail.end.saturating_add(octets) <= self.segment_octets;
        if let Some(tail) = writer.tail.as_mut().filter(|tail| fits(tail)) {
            tail.grow(octets)?;
        } else {
            let (number, before) = {
                let index = self.index();
                let last = index.segments.last_key_value();
                let before = last.map_or((0, 0), |(number, segment)| (*number, segment.end));
                (before.0.saturating_add(1), before)
            };
            let mut next = Tail::make(&self.folder, number, octets)?;
            let sealed = match writer.tail.take() {
                Some(mut full) => full.seal(),
                None => Ok(()),
            };
            // Only now: that it is there says that all of the one before is durable.
            let begun = sealed.and_then(|()| next.begin(before));
            if begun.is_err() {
                let _ = fs::remove_file(next.name.path(&self.folder));
            }
            begun?;
            self.index().add_segment(next.name, next.end);
            writer.tail = Some(next);
        }
        writer.tail.as_mut().ok_or_else(|| self.is_full())
    }

    fn is_full(&self) -> SpoolError {
        SpoolError::Full {
            path: self.folder.display().to_string(),
        }
    }

    /// A failure of the disk is one for ever; others pass.
    pub(super) fn note(&self, result: Result<(), SpoolError>) -> Result<(), SpoolError> {
        result.map_err(|error| match error {
            SpoolError::Broken { doing, .. } if doing != READING => {
                tracing::error!(%error, "nothing is acknowledged any more");
                self.broken.by(error)
            }
            error => error,
        })
    }
}

/// Whether an error may concern only one of those that are done together.
fn is_of_one(error: &SpoolError) -> bool {
    match error {
        SpoolError::Full { .. } | SpoolError::NoHandle { .. } => true,
        other => other.is_of_what_is_read(),
    }
}

fn mark_of(work: &Work) -> Option<Encoded> {
    match work {
        Work::Remove(generation) => {
            Some(Encoded::bare(RecordKind::Gone, key_of(&generation.id), 0))
        }
        Work::Lose(key, _) => Some(Encoded::bare(RecordKind::Gone, *key, 0)),
        _ => None,
    }
}
