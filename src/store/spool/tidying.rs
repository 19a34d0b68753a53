//! What is done with the journal though nobody asks for it: what was only written becomes durable, segments leave, and what stays
//! long is moved on.

use super::index::Segment;
use super::journal::{Journal, JournalWriter};
use super::pause::UnreadPause;
use super::reading::SpoolRecord;
use super::record::{Encoded, HEAD_OCTETS, JobKey};
use super::segment::{Name, Tail};
use super::source::MailSource;
use super::{SpoolError, broken, damaged, sync_folder};
use crate::failpoints::{self, DiskStep};
use std::collections::VecDeque;
use std::fs;
use std::io;
use std::time::Duration;

/// How much is moved on between two groups of what others wait for, in octets.
const MOVED_AT_ONCE: u64 = 256 * 1024;
/// How long something may stand in the journal before it is made durable though nobody waits for that.
pub(super) const UNSYNCED_FOR: Duration = Duration::from_secs(1);

impl Journal {
    /// Makes durable what has waited for that, whoever wanted it; removes segments in which nothing lives any more, and moves on
    /// what keeps others.
    pub(super) fn tidy(&self, writer: &mut JournalWriter) -> Result<(), SpoolError> {
        // First: what cannot be read may stay so, and marks of mails that have left are not to wait for that.
        let waited = writer.unsynced_since.map(|since| since.elapsed());
        if waited.is_some_and(|waited| waited >= UNSYNCED_FOR) {
            self.sync(writer)?;
        }
        self.write_doubtful(writer)?;
        if !writer.doubtful.is_empty() {
            return Ok(());
        }
        self.remove_dead(writer)?;
        match self.move_on(writer) {
            Err(SpoolError::Full { .. } | SpoolError::NoHandle { .. }) => Ok(()),
            moved => moved,
        }
    }

    fn sync(&self, writer: &mut JournalWriter) -> Result<(), SpoolError> {
        writer.unsynced_since = None;
        match writer.tail.as_mut().filter(|tail| tail.is_unsynced()) {
            Some(tail) => tail.sync(),
            None => Ok(()),
        }
    }

    /// What cannot be read costs nothing else its copy, and is tried again after longer and longer pauses: nobody would be helped by
    /// doing so each second, and by its turn the queue finds it as well.
    fn write_doubtful(&self, writer: &mut JournalWriter) -> Result<(), SpoolError> {
        if writer.unread.is_some() {
            // What is settled meanwhile is not waited for: the pause may be an hour.
            let index = self.index();
            writer.doubtful.retain(|key| index.live.contains_key(key));
        }
        let waits = |unread: &UnreadPause| !unread.left().is_zero();
        if writer.doubtful.is_empty() {
            writer.unread = None;
            return Ok(());
        }
        if writer.unread.as_ref().is_some_and(waits) {
            return Ok(());
        }
        let keys = writer.doubtful.clone();
        let error = match self.write_copies(writer, &keys) {
            Ok(()) => {
                (writer.doubtful, writer.unread) = (Vec::new(), None);
                return Ok(());
            }
            Err(error) => error,
        };
        if matches!(error, SpoolError::Full { .. } | SpoolError::NoHandle { .. }) {
            return Ok(());
        }
        if !is_unread(&error) {
            return Err(error);
        }
        let mut left = Vec::new();
        self.write_halves(writer, &keys, &mut left)?;
        if writer.unread.is_none() {
            tracing::error!(folder = %self.folder.display(), %error, records = left.len(), "what was found at the start of the spool cannot be read; it is kept, and no segment is removed until it can be read or its mails are settled");
        }
        let pause = UnreadPause::after(writer.unread.as_ref());
        writer.unread = Some(pause).filter(|_| !left.is_empty());
        writer.doubtful = left;
        Ok(())
    }

    /// Writes each half of what cannot be written together, as far as it can be read: a write and a sync for each record would keep
    /// a start waiting. What is left is to be tried again.
    fn write_halves(
        &self,
        writer: &mut JournalWriter,
        keys: &[JobKey],
        left: &mut Vec<JobKey>,
    ) -> Result<(), SpoolError> {
        for half in keys.chunks(keys.len().div_ceil(2).max(1)) {
            match self.write_copies(writer, half) {
                Ok(()) => {}
                Err(SpoolError::Full { .. } | SpoolError::NoHandle { .. }) => left.extend(half),
                Err(error) if !is_unread(&error) => return Err(error),
                Err(_) if half.len() == 1 => left.extend(half),
                Err(_) => self.write_halves(writer, half, left)?,
            }
        }
        Ok(())
    }

    fn write_copies(&self, writer: &mut JournalWriter, keys: &[JobKey]) -> Result<(), SpoolError> {
        let copies = self.copies(keys)?;
        self.append(writer, &copies.iter().collect::<Vec<_>>(), true)
    }

    /// Removes the first segments, as far as nothing in them lives. Only when all that took the place of what was in them is
    /// durable; and one after the other, so that no power cut brings back a mail and not the mark that it is settled.
    fn remove_dead(&self, writer: &JournalWriter) -> Result<(), SpoolError> {
        let tail = writer.tail.as_ref();
        if tail.is_some_and(Tail::is_unsynced) {
            return Ok(());
        }
        loop {
            let first = {
                let index = self.index();
                let first = index.segments.first_key_value();
                let is_dead = |segment: &Segment| {
                    segment.live == 0 && tail.is_none_or(|tail| tail.name != segment.name)
                };
                first
                    .map(|(_, it)| it)
                    .filter(|it| is_dead(it))
                    .map(|it| it.name)
            };
            let Some(name) = first else {
                return Ok(());
            };
            self.unlink(name)?;
            self.index().segments.remove(&name.number);
        }
    }

    fn unlink(&self, name: Name) -> Result<(), SpoolError> {
        let path = name.path(&self.folder);
        match failpoints::disk(DiskStep::Write).and_then(|()| fs::remove_file(&path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(broken("remove", &path)(error))
            }
            _ => sync_folder(&self.folder),
        }
    }

    /// Where the journal is more than twice as long as what waits in it, and two segments more, what lives in the first one is
    /// written to the end, a little at a time.
    fn move_on(&self, writer: &mut JournalWriter) -> Result<(), SpoolError> {
        let first = {
            let index = self.index();
            let bound = index.octets.saturating_mul(2);
            let bound = bound.saturating_add(self.segment_octets.saturating_mul(2));
            let first = index.segments.first_key_value().map(|(number, _)| *number);
            first.filter(|_| index.taken() > bound)
        };
        let tail = writer.tail.as_ref().map(|tail| tail.name.number);
        let moving = writer.moving.take();
        let Some(first) = first.filter(|it| Some(*it) != tail && Some(*it) != writer.stuck) else {
            return Ok(());
        };
        let (_, mut keys) = match moving {
            Some(moving) if moving.0 == first => moving,
            _ => (first, self.keys_in(first)),
        };
        let (mut some, mut octets) = (Vec::new(), 0);
        while octets < MOVED_AT_ONCE {
            let Some(key) = keys.pop_front() else {
                break;
            };
            if let Some(place) = self.index().live.get(&key).filter(|it| it.segment == first) {
                octets = place.octets().saturating_add(octets);
                some.push(key);
            }
        }
        match self.copies(&some) {
            Ok(copies) => self.put_behind(writer, first, &copies)?,
            Err(error) => self.keep_stuck(writer, first, &error),
        }
        if writer.stuck == Some(first) {
            return Ok(());
        }
        if !keys.is_empty() {
            writer.moving = Some((first, keys));
        }
        Ok(())
    }

    /// Writes copies of what is in a segment behind all else. Of long mails all but the beginning is read only now, so that it is found
    /// now, too, if that cannot be read.
    pub(super) fn put_behind(
        &self,
        writer: &mut JournalWriter,
        segment: u64,
        copies: &[Encoded],
    ) -> Result<(), SpoolError> {
        let moved = self.append(writer, &copies.iter().collect::<Vec<_>>(), false);
        match moved {
            Err(error) if error.is_of_what_is_read() => {
                self.keep_stuck(writer, segment, &error);
                Ok(())
            }
            moved => moved,
        }
    }

    /// It would be tried again and again.
    fn keep_stuck(&self, writer: &mut JournalWriter, segment: u64, error: &SpoolError) {
        tracing::error!(folder = %self.folder.display(), %error, "a segment of the spool cannot be read; it is kept until its mails are settled");
        writer.stuck = Some(segment);
    }

    fn keys_in(&self, segment: u64) -> VecDeque<JobKey> {
        let index = self.index();
        let there = index
            .live
            .iter()
            .filter(|(_, place)| place.segment == segment);
        let mut keys: Vec<_> = there.map(|(key, place)| (place.at, *key)).collect();
        keys.sort_unstable();
        keys.into_iter().map(|(_, key)| key).collect()
    }

    /// Of these records, as they are: what is damaged stays so.
    fn copies(&self, keys: &[JobKey]) -> Result<Vec<Encoded>, SpoolError> {
        let mut copies = Vec::with_capacity(keys.len());
        for key in keys {
            let Some(place) = self.index().live.get(key).copied() else {
                continue;
            };
            let Some((name, path)) = self.path_of(&place) else {
                continue;
            };
            let record = SpoolRecord::read(&path, name, place)?;
            let why = "a record that was whole at the start cannot be read";
            let head = record.head(*key).ok_or_else(|| damaged(&path, why))?;
            let job = record.job_octets().to_vec();
            if u32::try_from(job.len()) != Ok(head.job_octets) {
                return Err(damaged(&path, why));
            }
            let mail = match record.mail.into_memory() {
                Ok(mut mail) => {
                    // Where the end of its segment is missing, it stays as long as it says, and does not match its checksum.
                    mail.resize(usize::try_from(head.mail_octets).unwrap_or(0), 0);
                    MailSource::with_sum(mail, head.mail_sum)
                }
                Err(long) => long.unchecked(),
            };
            copies.push(Encoded { head, job, mail });
        }
        Ok(copies)
    }

    /// The disk is full: what nobody needs any more is removed.
    pub(super) fn make_room(&self, writer: &mut JournalWriter) -> Result<(), SpoolError> {
        let made = self.sync(writer).and_then(|()| {
            let tail = writer.tail.as_ref().map(|tail| tail.name.number);
            let is_dead = |number| {
                let index = self.index();
                let segment = index.segments.get(&number);
                segment.is_some_and(|it| it.live == 0 && it.end > HEAD_OCTETS)
            };
            if tail.is_some_and(is_dead) && writer.doubtful.is_empty() {
                writer.tail = None;
            }
            match writer.doubtful.is_empty() {
                true => self.remove_dead(writer),
                false => Ok(()),
            }
        });
        self.note(made)
    }

    /// Makes the segment for what will come, so that the first mail need not wait for that. Where there is no room, it may be there
    /// later.
    pub(super) fn begin(&self) {
        let mut writer = self.writer();
        let begun = match self.tail_for(&mut writer, 0) {
            Err(SpoolError::Full { .. } | SpoolError::NoHandle { .. }) => Ok(()),
            Err(error) => Err(error),
            Ok(tail) => tail.sync(),
        };
        let _ = self.note(begun);
        drop(writer);
        self.rest();
    }

    /// Nobody wants anything now: all becomes durable, and that is noted.
    pub(super) fn rest(&self) {
        let mut writer = self.writer();
        if self.broken.check().is_err() {
            return;
        }
        let rested = self.sync(&mut writer);
        let rested = rested.and_then(|()| self.tidy(&mut writer));
        if self.note(rested).is_ok() {
            if let Some(tail) = writer.tail.as_mut() {
                tail.note_durable();
            }
            let is_unsynced = writer.tail.as_ref().is_some_and(Tail::is_unsynced);
            writer.is_rested = writer.moving.is_none() && !is_unsynced;
        }
    }

    /// After how long [`Journal::rest`] has something to do, if nobody wants anything until then; `None`: it has nothing to do.
    pub(super) fn restless_after(&self) -> Option<Duration> {
        if self.broken.check().is_err() {
            return None;
        }
        let writer = self.writer();
        match writer.is_rested {
            false => Some(UNSYNCED_FOR),
            // A pause that is over and was followed by no other, as where the disk was full, leaves the thread time all the same.
            true => {
                let left = writer.unread.as_ref().map(UnreadPause::left);
                left.map(|left| left.max(UNSYNCED_FOR))
            }
        }
    }
}

/// Also where its segment is not there any more.
fn is_unread(error: &SpoolError) -> bool {
    error.is_of_what_is_read() || matches!(error, SpoolError::Gone(_))
}
