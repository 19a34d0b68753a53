//! What the process is at work on, in a file that outlives it. So the next process knows on what the last one died, whatever
//! it died of: an abort, want of memory, the watchdog; nothing in a process catches those.
//!
//! ```text
//! <store>/in-hand      lines, each appended by one write
//! <store>/in-hand.new  being written
//!
//! ? KEY POINTS TIME    this was in hand when a process died
//! + N KEY KEY …        the hold N begins, at work on these
//! ~ N                  it waits for a disk or a server
//! - N                  it has ended
//! ! KEY                is no longer suspected
//! ```
//! Nothing is synced: what the kernel has taken outlives a process, and a power cut is no event's fault.
//!
//! What was in hand at a death is *suspected*, and from then on taken alone, while nothing else is in hand. Only who was alone
//! at a death at work gets a point, and [`ASIDE`] points are enough: two deaths, and one more where the first was in company.
//!
//! A kill from outside looks the same, and a storm of them must not count out the innocent. So a death while a disk or a server
//! is awaited counts for nothing: the work was done and the process alive; with that all points are gone, but for those of what
//! was set aside without being decided about. And a suspect is not
//! taken in the first moments of a process ([`SETTLING`], and with a point already [`SETTLING_OF_ONE`]), in which kills that
//! follow each other would find the same one again.

use crate::core::id::JobId;
use crate::core::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// With so many points something is set aside instead of being decided about.
const ASIDE: u8 = 2;
/// And with so many it is not even looked into for whom it concerns.
const UNREAD: u8 = 3;
/// How long a process is alive before it takes a suspect.
const SETTLING: Duration = Duration::from_millis(200);
/// And before it takes one that the next death would set aside.
const SETTLING_OF_ONE: Duration = Duration::from_secs(2);
/// How long something is suspected.
const REMEMBERED: Duration = Duration::from_secs(7 * 24 * 3600);
/// The most that are suspected; then the oldest are no longer.
const SUSPECTS_MAX: usize = 1000;
/// The file is written anew when it is longer, in octets.
const OCTETS_MAX: usize = 1024 * 1024;
/// A longer one is not ours, in octets.
const READ_OCTETS_MAX: u64 = 16 * 1024 * 1024;
/// How many may be in hand at the same time: parts of the gateway, not events.
const PERMITS: u32 = 1 << 20;
/// How long a suspect waits until nothing else is in hand.
const ALONE_WAIT: Duration = Duration::from_secs(30);

/// What is to become of an event by how often a process died with it in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suspicion {
    /// It is decided about, perhaps alone.
    Fine,
    /// It is set aside; whom it concerns may be looked for in its header.
    Deadly,
    /// It is set aside, and a process has died of looking for whom it concerns.
    Unreadable,
}

/// The file, and what it says.
#[derive(Debug)]
pub struct InHand {
    state: Mutex<InHandState>,
    permits: Arc<Semaphore>,
    began: Instant,
}

#[derive(Debug, Default)]
struct InHandState {
    path: PathBuf,
    /// `None` where it cannot be written: then nothing is known of deaths, and all else goes on.
    file: Option<File>,
    octets: usize,
    said: HoldLog,
}

/// What lines say.
#[derive(Debug, Default)]
struct HoldLog {
    last_hold: u64,
    holds: BTreeMap<u64, Hold>,
    suspects: BTreeMap<JobId, Suspect>,
}

#[derive(Debug, Default)]
struct Hold {
    keys: BTreeSet<JobId>,
    waits: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Suspect {
    points: u8,
    since: Timestamp,
}

/// Some events in hand, until it is dropped.
#[derive(Debug)]
pub struct EventsInHand {
    of: Arc<InHand>,
    hold: Option<u64>,
    keys: Vec<JobId>,
    permit: Option<Arc<OwnedSemaphorePermit>>,
}

impl InHand {
    /// That of the store in this folder. What it says was in hand has died with the last process; how much that was, is
    /// answered too.
    pub fn of_store(store: &Path, now: Timestamp) -> (Arc<Self>, usize) {
        let path = store.join("in-hand");
        let mut said = read(&path).unwrap_or_else(|error| {
            tracing::warn!(file = %path.display(), %error, "what the last process had in hand cannot be read");
            HoldLog::default()
        });
        let died = said.count_deaths(now);
        let mut state = InHandState {
            path,
            said,
            ..InHandState::default()
        };
        state.rewrite();
        let in_hand = Self {
            state: Mutex::new(state),
            permits: Arc::new(Semaphore::new(PERMITS as usize)),
            began: Instant::now(),
        };
        (Arc::new(in_hand), died)
    }

    /// Divides events into what may be taken together: a suspect comes alone.
    pub fn runs<'a>(&self, keys: &'a [JobId]) -> Vec<&'a [JobId]> {
        let suspects = &self.state().said.suspects;
        if suspects.is_empty() || keys.is_empty() {
            return vec![keys];
        }
        keys.chunk_by(|a, b| !suspects.contains_key(a) && !suspects.contains_key(b))
            .collect()
    }

    /// What is to become of this one.
    pub fn standing(&self, key: &JobId) -> Suspicion {
        let points = self.state().said.suspects.get(key).map(|one| one.points);
        match points.unwrap_or(0) {
            UNREAD.. => Suspicion::Unreadable,
            ASIDE.. => Suspicion::Deadly,
            _ => Suspicion::Fine,
        }
    }

    /// Notes that these are in hand. A suspect waits until nothing else is.
    pub async fn take(self: &Arc<Self>, keys: &[JobId]) -> EventsInHand {
        let points = {
            let suspects = &self.state().said.suspects;
            let suspects = keys.iter().filter_map(|key| suspects.get(key));
            suspects.map(|one| one.points).max()
        };
        let permits = Arc::clone(&self.permits);
        let permit = match points {
            Some(points) => {
                let settling = if points == 0 {
                    SETTLING
                } else {
                    SETTLING_OF_ONE
                };
                tokio::time::sleep_until(self.began + settling).await;
                let all = permits.acquire_many_owned(PERMITS);
                // Who waits in vain goes on: together with others, it gets no points that set it aside.
                let all = tokio::time::timeout(ALONE_WAIT, all).await;
                all.ok().and_then(Result::ok)
            }
            None => permits.acquire_owned().await.ok(),
        };
        let hold = self.state().begin(keys);
        EventsInHand {
            of: Arc::clone(self),
            hold,
            keys: keys.to_vec(),
            permit: permit.map(Arc::new),
        }
    }

    /// An admin wants it to be tried again.
    pub fn forgive(&self, key: &JobId) {
        self.state().clear(std::slice::from_ref(key));
    }

    fn state(&self) -> MutexGuard<'_, InHandState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventsInHand {
    /// The work is done, and the process is alive; from now on a disk or a server is awaited.
    pub fn waits(&self) {
        if let Some(hold) = self.hold {
            self.of.state().wait(hold);
        }
    }

    /// Others are taken up beside these, by who has these in hand: who waited for a permit of their own could wait for somebody
    /// who waits until these are done. None of them may be suspected.
    pub fn and(&self, keys: &[JobId]) -> Self {
        let hold = self.of.state().begin(keys);
        Self {
            of: Arc::clone(&self.of),
            hold,
            keys: keys.to_vec(),
            permit: self.permit.clone(),
        }
    }

    /// Their names.
    pub fn keys(&self) -> &[JobId] {
        &self.keys
    }

    /// All is done, and the process is alive: these are suspected no longer.
    pub fn done(self) {
        self.of.state().clear(&self.keys);
    }
}

impl Drop for EventsInHand {
    fn drop(&mut self) {
        if let Some(hold) = self.hold {
            self.of.state().end(hold);
        }
    }
}

impl InHandState {
    fn begin(&mut self, keys: &[JobId]) -> Option<u64> {
        if keys.is_empty() {
            return None;
        }
        let hold = self.said.last_hold.saturating_add(1);
        self.said.last_hold = hold;
        let mut line = format!("+ {hold}");
        for key in keys {
            line.push(' ');
            line.push_str(key.as_str());
        }
        let keys = keys.iter().cloned().collect();
        self.said.holds.insert(hold, Hold { keys, waits: false });
        self.append(&line);
        Some(hold)
    }

    fn wait(&mut self, hold: u64) {
        if let Some(held) = self.said.holds.get_mut(&hold) {
            held.waits = true;
            acquit(&mut self.said.suspects, &held.keys);
            self.append(&format!("~ {hold}"));
        }
    }

    fn end(&mut self, hold: u64) {
        if self.said.holds.remove(&hold).is_some() {
            self.append(&format!("- {hold}"));
        }
    }

    fn clear(&mut self, keys: &[JobId]) {
        for key in keys {
            if self.said.suspects.remove(key).is_some() {
                self.append(&format!("! {key}"));
            }
        }
    }

    fn append(&mut self, line: &str) {
        let Some(file) = &mut self.file else { return };
        let line = format!("{line}\n");
        self.octets = self.octets.saturating_add(line.len());
        if let Err(error) = file.write_all(line.as_bytes()) {
            self.give_up(&error);
        } else if self.octets > OCTETS_MAX {
            self.rewrite();
        }
    }

    /// Writes what counts into a new file.
    fn rewrite(&mut self) {
        match self.written() {
            Ok((file, octets)) => {
                self.file = Some(file);
                self.octets = octets;
            }
            Err(error) => self.give_up(&error),
        }
    }

    fn written(&self) -> io::Result<(File, usize)> {
        let text = self.said.to_text();
        let new = self.path.with_extension("new");
        match fs::remove_file(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(text.as_bytes())?;
        fs::rename(&new, &self.path)?;
        Ok((file, text.len()))
    }

    /// Nothing is noted until the next start.
    fn give_up(&mut self, error: &io::Error) {
        self.file = None;
        tracing::warn!(
            file = %self.path.display(), %error,
            "what is in hand cannot be noted until the next start: should the gateway die of a mail or a stanza, it will not \
             know of which"
        );
    }
}

impl HoldLog {
    fn take_line(&mut self, line: &str) -> Option<()> {
        let mut words = line.split(' ');
        match words.next()? {
            "?" => {
                let key = JobId::parse(words.next()?)?;
                let points = words.next()?.parse().ok()?;
                let since = Timestamp::from_millis(words.next()?.parse().ok()?);
                self.suspects.insert(key, Suspect { points, since });
            }
            "+" => {
                let hold = words.next()?.parse().ok()?;
                let keys = words.filter_map(JobId::parse).collect();
                self.last_hold = self.last_hold.max(hold);
                self.holds.insert(hold, Hold { keys, waits: false });
            }
            "~" => {
                let hold = self.holds.get_mut(&words.next()?.parse().ok()?)?;
                hold.waits = true;
                acquit(&mut self.suspects, &hold.keys);
            }
            "-" => {
                self.holds.remove(&words.next()?.parse().ok()?);
            }
            "!" => {
                self.suspects.remove(&JobId::parse(words.next()?)?);
            }
            _ => {}
        }
        Some(())
    }

    /// What is in hand was so when a process died. Answers how much that is.
    fn count_deaths(&mut self, now: Timestamp) -> usize {
        let holds = std::mem::take(&mut self.holds).into_values();
        let died = holds.filter(|hold| !hold.waits).flat_map(|hold| hold.keys);
        let died: BTreeSet<JobId> = died.collect();
        let count = died.len();
        for key in died {
            let before = self.suspects.get(&key).map_or(0, |one| one.points);
            // Of several one may be the cause; the others are not.
            let more = u8::from(count == 1);
            let suspect = Suspect {
                points: before.saturating_add(more),
                since: now,
            };
            self.suspects.insert(key, suspect);
        }
        let is_recent = |one: &Suspect| now.since(one.since) < REMEMBERED;
        self.suspects.retain(|_, one| is_recent(one));
        while self.suspects.len() > SUSPECTS_MAX {
            let oldest = self.suspects.iter().min_by_key(|(_, one)| one.since);
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else {
                break;
            };
            self.suspects.remove(&oldest);
        }
        count
    }

    fn to_text(&self) -> String {
        let mut text = String::new();
        for (key, Suspect { points, since }) in &self.suspects {
            let _ = writeln!(text, "? {key} {points} {}", since.millis());
        }
        for (hold, Hold { keys, waits }) in &self.holds {
            let keys: Vec<&str> = keys.iter().map(JobId::as_str).collect();
            let _ = writeln!(text, "+ {hold} {}", keys.join(" "));
            if *waits {
                let _ = writeln!(text, "~ {hold}");
            }
        }
        text
    }
}

/// These were decided about and the process is alive, so it did not die of them. Of what was set aside that says nothing.
fn acquit(suspects: &mut BTreeMap<JobId, Suspect>, keys: &BTreeSet<JobId>) {
    for key in keys {
        if let Some(suspect) = suspects.get_mut(key)
            && suspect.points < ASIDE
        {
            suspect.points = 0;
        }
    }
}

fn read(path: &Path) -> io::Result<HoldLog> {
    let mut said = HoldLog::default();
    let octets = match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(said),
        data => data?.len(),
    };
    if octets > READ_OCTETS_MAX {
        return Err(io::Error::other("it is too long to be the gateway's"));
    }
    let text = fs::read(path)?;
    for line in String::from_utf8_lossy(&text).lines() {
        said.take_line(line);
    }
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::{TempDir, tempdir};

    const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

    fn keys(names: &[&str]) -> Vec<JobId> {
        names.iter().map(|name| JobId::of_name(&[name])).collect()
    }

    fn open(folder: &TempDir) -> Arc<InHand> {
        InHand::of_store(folder.path(), NOW).0
    }

    /// A process dies with these in hand.
    async fn dies(folder: &TempDir, names: &[&str], waits: bool) {
        let held = open(folder).take(&keys(names)).await;
        if waits {
            held.waits();
        }
        std::mem::forget(held);
    }

    fn standing(folder: &TempDir, name: &str) -> Suspicion {
        open(folder).standing(&JobId::of_name(&[name]))
    }

    #[tokio::test]
    async fn of_what_a_process_died_twice_is_deadly_and_what_was_beside_it_is_not() {
        let folder = tempdir().unwrap();
        dies(&folder, &["a", "b", "c"], false).await;
        let in_hand = open(&folder);
        let all = keys(&["x", "a", "y", "z", "c", "b"]);
        let runs: Vec<usize> = in_hand.runs(&all).iter().map(|run| run.len()).collect();
        assert_eq!(runs, [1, 1, 2, 1, 1]);
        in_hand.take(&keys(&["a"])).await.done();
        drop(in_hand);
        dies(&folder, &["b"], false).await;
        assert_eq!(standing(&folder, "b"), Suspicion::Fine);
        dies(&folder, &["b"], false).await;
        assert_eq!(standing(&folder, "a"), Suspicion::Fine);
        assert_eq!(standing(&folder, "b"), Suspicion::Deadly);
        assert_eq!(standing(&folder, "c"), Suspicion::Fine);
        dies(&folder, &["b"], false).await;
        assert_eq!(standing(&folder, "b"), Suspicion::Unreadable);
        let later = NOW.plus(REMEMBERED);
        let (later, died) = InHand::of_store(folder.path(), later);
        assert_eq!(
            (died, later.standing(&keys(&["b"])[0])),
            (0, Suspicion::Fine)
        );
    }

    #[tokio::test]
    async fn however_often_it_dies_of_several_none_of_them_is_set_aside() {
        let folder = tempdir().unwrap();
        for _ in 0..5 {
            let in_hand = open(&folder);
            let one = in_hand.take(&keys(&["a"])).await;
            in_hand.permits.add_permits(PERMITS as usize); // As if it had waited in vain.
            std::mem::forget((one, in_hand.take(&keys(&["b"])).await));
        }
        assert_eq!(standing(&folder, "a"), Suspicion::Fine);
        assert_eq!(standing(&folder, "b"), Suspicion::Fine);
    }

    #[tokio::test]
    async fn kills_while_a_server_is_awaited_count_for_nothing_and_clear_who_was_suspected() {
        let folder = tempdir().unwrap();
        dies(&folder, &["a"], false).await;
        for _ in 0..5 {
            dies(&folder, &["a"], true).await;
            assert_eq!(standing(&folder, "a"), Suspicion::Fine);
        }
        dies(&folder, &["a"], false).await;
        assert_eq!(standing(&folder, "a"), Suspicion::Fine);
        dies(&folder, &["a"], false).await;
        assert_eq!(standing(&folder, "a"), Suspicion::Deadly);
    }

    #[tokio::test]
    async fn a_kill_while_that_is_awaited_which_was_set_aside_does_not_begin_the_count_anew() {
        let folder = tempdir().unwrap();
        for waits in [false, false, true, true] {
            dies(&folder, &["a"], waits).await;
        }
        assert_eq!(standing(&folder, "a"), Suspicion::Deadly);
        dies(&folder, &["b"], false).await;
        assert_eq!(standing(&folder, "a"), Suspicion::Deadly);
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_that_has_just_begun_takes_no_suspect() {
        let folder = tempdir().unwrap();
        dies(&folder, &["a", "b"], false).await;
        dies(&folder, &["c"], false).await;
        let (in_hand, began) = (open(&folder), Instant::now());
        in_hand.take(&keys(&["x"])).await.done();
        assert!(began.elapsed() < SETTLING);
        in_hand.take(&keys(&["a"])).await.done();
        assert!(began.elapsed() >= SETTLING);
        assert!(began.elapsed() < SETTLING_OF_ONE);
        in_hand.take(&keys(&["c"])).await.done();
        assert!(began.elapsed() >= SETTLING_OF_ONE);
    }

    #[tokio::test]
    async fn what_ends_in_whatever_way_is_no_death_and_what_is_done_is_forgiven() {
        let folder = tempdir().unwrap();
        dies(&folder, &["a"], false).await;
        let in_hand = open(&folder);
        drop(in_hand.take(&keys(&["a"])).await);
        assert_eq!(in_hand.runs(&keys(&["a", "a"])).len(), 2);
        in_hand.take(&keys(&["a"])).await.done();
        assert_eq!(in_hand.runs(&keys(&["a", "a"])).len(), 1);
        let (_, died) = InHand::of_store(folder.path(), NOW);
        assert_eq!(died, 0);
        dies(&folder, &["b"], false).await;
        open(&folder).forgive(&keys(&["b"])[0]);
        dies(&folder, &["b"], false).await;
        assert_eq!(standing(&folder, "b"), Suspicion::Fine);
    }

    #[tokio::test]
    async fn a_suspect_is_alone_in_hand() {
        let folder = tempdir().unwrap();
        dies(&folder, &["a"], false).await;
        let in_hand = open(&folder);
        let other = in_hand.take(&keys(&["x"])).await;
        let suspected = keys(&["a"]);
        let mut alone = std::pin::pin!(in_hand.take(&suspected));
        assert!(futures::poll!(&mut alone).is_pending());
        drop(other);
        let alone = alone.await;
        let others = keys(&["y"]);
        let mut other = std::pin::pin!(in_hand.take(&others));
        assert!(futures::poll!(&mut other).is_pending());
        drop(alone);
        other.await.done();
    }

    #[tokio::test]
    async fn the_file_stays_small_and_nonsense_in_it_is_passed_over() {
        let folder = tempdir().unwrap();
        dies(&folder, &["a"], false).await;
        let in_hand = open(&folder);
        let many = vec![JobId::of_name(&["x"]); 200];
        let held = in_hand.take(&keys(&["b"])).await;
        for _ in 0..1000 {
            drop(in_hand.take(&many).await);
        }
        std::mem::forget((held, in_hand));
        let path = folder.path().join("in-hand");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.len() < OCTETS_MAX + 10_000, "{}", text.len());
        fs::write(
            &path,
            format!("?\n+ x\n\u{fffd}\n- \n~ 9\n! z\n{text}+ 7 zz"),
        )
        .unwrap();
        dies(&folder, &["a"], false).await;
        assert_eq!(standing(&folder, "a"), Suspicion::Deadly);
        assert_eq!(standing(&folder, "b"), Suspicion::Fine);
    }
}
