//! Mails as they came, kept for a while for users who are not shown all of them. Nothing depends on them: what is gone is no more
//! than that.
//!
//! ```text
//! <store>/originals/<id>-<when>-<user>.eml   the mail; <id> 32 hexadecimal digits, <when> in milliseconds since 1970, <user> the
//!                                            first half of the SHA-256 of the JID
//! <store>/originals/<id>.new                 being written
//! <store>/files/                             the same of files of mails that no upload service takes
//! ```
//! All that is known of one stands in its name, so that the folder is the index: it is read at the start, and what a crash has
//! left half is removed then. A mail for several users is one file with several names. Who has too much loses the oldest; where
//! all have too much together, whoever has most does.

use crate::core::decide::decision::KeepOriginal;
use crate::core::from_mail::{Inside, RawMail};
use crate::core::id::{JobId, OriginalId};
use crate::core::time::Timestamp;
use crate::failpoints;
use crate::store::handles;
use jid::BareJid;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How the names of finished files end.
const ENDING: &str = ".eml";
/// Originals of one user.
const COUNT_OF_ONE_MAX: usize = 5_000;
/// Of all that is kept, what is one user's is at most a part of this size.
const SHARE_OF_ONE: u64 = 5;
/// Originals of all users: each takes some hundred octets of memory.
const COUNT_MAX: usize = 50_000;

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OriginalsLimits {
    /// For how long.
    pub age: Duration,
    /// All together, in octets. What is one user's is at most a fifth of it.
    pub octets: u64,
}

/// A mail as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptMail {
    /// The mail.
    pub raw: Vec<u8>,
    /// When it was kept.
    pub at: Timestamp,
    /// Until when it is.
    pub until: Timestamp,
}

/// The same, open.
#[derive(Debug)]
pub struct OpenMail {
    /// The mail.
    pub file: File,
    /// Its size, in octets.
    pub octets: u64,
    /// Until when it is kept.
    pub until: Timestamp,
}

/// What a folder holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folder {
    /// Mails.
    Mails,
    /// Files of mails.
    Files,
}

impl Folder {
    fn of(self, store: &Path) -> PathBuf {
        store.join(match self {
            Self::Mails => "originals",
            Self::Files => "files",
        })
    }
}

/// The folder. Its functions block.
#[derive(Debug)]
pub struct Originals {
    folder: PathBuf,
    limits: OriginalsLimits,
    state: Mutex<OriginalsState>,
}

#[derive(Debug, Default)]
struct OriginalsState {
    all: BTreeMap<OriginalId, OriginalEntry>,
    users: BTreeMap<UserKey, OfUser>,
    octets: u64,
}

#[derive(Clone, Debug)]
struct OriginalEntry {
    at: Timestamp,
    user: UserKey,
    octets: u64,
}

/// What is one user's, the oldest first.
#[derive(Debug, Default)]
struct OfUser {
    octets: u64,
    order: BTreeSet<(Timestamp, OriginalId)>,
}

/// A hash of the JID, so that no name of a file says whose mail it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct UserKey(JobId);

impl UserKey {
    fn of(user: &BareJid) -> Option<Self> {
        let hash = Sha256::digest(user.as_str());
        let digits: String = hash
            .iter()
            .take(16)
            .map(|octet| format!("{octet:02x}"))
            .collect();
        JobId::parse(&digits).map(Self)
    }
}

/// What is written a piece after the other, since it may be big.
pub trait InPieces {
    /// Of all pieces together.
    fn octets_in_all(&self) -> u64;

    /// All of it, from its beginning.
    fn in_pieces(&self) -> Box<dyn Iterator<Item = io::Result<Vec<u8>>> + '_>;
}

impl<T: AsRef<[u8]>> InPieces for T {
    fn octets_in_all(&self) -> u64 {
        u64::try_from(self.as_ref().len()).unwrap_or(u64::MAX)
    }

    fn in_pieces(&self) -> Box<dyn Iterator<Item = io::Result<Vec<u8>>> + '_> {
        Box::new(std::iter::once(Ok(self.as_ref().to_vec())))
    }
}

impl InPieces for RawMail {
    fn octets_in_all(&self) -> u64 {
        self.length()
    }

    fn in_pieces(&self) -> Box<dyn Iterator<Item = io::Result<Vec<u8>>> + '_> {
        Box::new(self.pieces())
    }
}

impl InPieces for Inside {
    fn octets_in_all(&self) -> u64 {
        u64::try_from(self.length()).unwrap_or(u64::MAX)
    }

    fn in_pieces(&self) -> Box<dyn Iterator<Item = io::Result<Vec<u8>>> + '_> {
        Box::new(self.pieces())
    }
}

impl Originals {
    /// Those of the store in this folder, for the gateway that runs on it: what was left half is removed, and what is too much.
    ///
    /// # Errors
    /// [`io::Error`]: the folder cannot be made or read.
    pub fn of_store(store: &Path, limits: OriginalsLimits) -> io::Result<Self> {
        Self::of_folder(store, Folder::Mails, limits)
    }

    /// The same of one of the two folders.
    ///
    /// # Errors
    /// [`io::Error`]: the folder cannot be made or read.
    pub fn of_folder(store: &Path, folder: Folder, limits: OriginalsLimits) -> io::Result<Self> {
        let path = folder.of(store);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)?;
        for file in fs::read_dir(&path)? {
            let file = file?.path();
            if file.extension().is_some_and(|ending| ending == "new") {
                // Left by a crash: it is in nobody's way.
                if let Err(error) = fs::remove_file(&file) {
                    tracing::warn!(%error, file = %file.display(), "a partly written copy of a mail cannot be removed");
                }
            }
        }
        let originals = Self::read_folder(path, limits)?;
        originals.make_room(&mut originals.state());
        Ok(originals)
    }

    /// Removes all those of a store that is to keep none.
    ///
    /// # Errors
    /// [`io::Error`]: some are still there.
    pub fn forget_all(store: &Path, folder: Folder) -> io::Result<()> {
        match fs::remove_dir_all(folder.of(store)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The same for somebody who only looks, beside a gateway that may run.
    ///
    /// # Errors
    /// [`io::Error`]: the folder is there and cannot be read.
    pub fn look(store: &Path, limits: OriginalsLimits) -> io::Result<Self> {
        Self::read_folder(Folder::Mails.of(store), limits)
    }

    /// One of the two folders, for somebody who counts or forgets what is one user's while no gateway runs: how much may be kept
    /// is not looked at.
    ///
    /// # Errors
    /// [`io::Error`]: the folder is there and cannot be read.
    pub fn at_rest(store: &Path, folder: Folder) -> io::Result<Self> {
        let limits = OriginalsLimits {
            age: Duration::MAX,
            octets: u64::MAX,
        };
        Self::read_folder(folder.of(store), limits)
    }

    fn read_folder(folder: PathBuf, limits: OriginalsLimits) -> io::Result<Self> {
        let mut state = OriginalsState::default();
        let files = match fs::read_dir(&folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            files => Some(files?),
        };
        for file in files.into_iter().flatten() {
            let file = file?;
            let name = file.file_name();
            let Some((id, at, user)) = name.to_str().and_then(read_name) else {
                continue;
            };
            match file.metadata() {
                Ok(data) => {
                    let octets = data.len();
                    state.add(id, OriginalEntry { at, user, octets });
                }
                // It has just gone.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self {
            folder,
            limits,
            state: Mutex::new(state),
        })
    }

    /// What one user may have, in octets.
    pub fn octets_of_one(&self) -> u64 {
        self.limits.octets / SHARE_OF_ONE
    }

    /// Keeps a mail under all these names. It is durable when this returns. One that is there already stays as it is.
    ///
    /// # Errors
    /// [`io::Error`]: it is not kept, or not for all of them; [`ErrorKind::FileTooLarge`]: it alone is more than one user may
    /// have.
    pub fn keep(
        &self,
        originals: &[KeepOriginal],
        content: &dyn InPieces,
        now: Timestamp,
    ) -> io::Result<()> {
        let octets = content.octets_in_all();
        if octets > self.octets_of_one() {
            let text = "it is bigger than what one user may have";
            return Err(io::Error::new(ErrorKind::FileTooLarge, text));
        }
        // Held while something is written: a name is given once.
        let mut state = self.state();
        let mut first: Option<PathBuf> = None;
        for KeepOriginal { id, user } in originals {
            let Some(user) = UserKey::of(user).filter(|_| !state.all.contains_key(id)) else {
                continue;
            };
            let at = now;
            let entry = OriginalEntry { at, user, octets };
            let path = self.path(id, &entry);
            match &first {
                // Not every file system has links.
                Some(first) if fs::hard_link(first, &path).is_ok() => {}
                _ => self.write(&path, id, content)?,
            }
            first.get_or_insert(path);
            state.add(id.clone(), entry);
        }
        if first.is_some() {
            failpoints::point("originals: there, not yet durable");
            self.sync()?;
        }
        self.make_room(&mut state);
        match originals.iter().all(|one| state.all.contains_key(&one.id)) {
            true => Ok(()),
            // Others have less, and there is too much.
            false => Err(io::Error::new(ErrorKind::StorageFull, "there is no room")),
        }
    }

    /// Those whose names begin so: the first two of them.
    pub fn named(&self, begin: &str) -> Vec<OriginalId> {
        let state = self.state();
        let named = state.all.keys().filter(|id| id.as_str().starts_with(begin));
        named.take(2).cloned().collect()
    }

    /// One of them; `None` where it is not there, or no longer to be shown.
    ///
    /// # Errors
    /// [`io::Error`]: it is there and cannot be read.
    pub fn read(&self, id: &OriginalId, now: Timestamp) -> io::Result<Option<KeptMail>> {
        let Some(entry) = self.shown(id, now) else {
            return Ok(None);
        };
        match fs::read(self.path(id, &entry)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            raw => Ok(Some(KeptMail {
                raw: raw?,
                at: entry.at,
                until: entry.at.plus(self.limits.age),
            })),
        }
    }

    /// The same, for who reads it piece by piece.
    ///
    /// # Errors
    /// [`io::Error`]: it is there and cannot be opened.
    pub fn open(&self, id: &OriginalId, now: Timestamp) -> io::Result<Option<OpenMail>> {
        let Some(entry) = self.shown(id, now) else {
            return Ok(None);
        };
        match handles::patiently(|| File::open(self.path(id, &entry))) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            file => Ok(Some(OpenMail {
                file: file?,
                octets: entry.octets,
                until: entry.at.plus(self.limits.age),
            })),
        }
    }

    fn shown(&self, id: &OriginalId, now: Timestamp) -> Option<OriginalEntry> {
        let entry = self.state().all.get(id).cloned();
        entry.filter(|entry| now.since(entry.at) < self.limits.age)
    }

    /// Forgets one of them; false where it is not there.
    pub fn forget(&self, id: &OriginalId) -> bool {
        self.remove(&mut self.state(), id)
    }

    /// Forgets all of a user; answers how many.
    pub fn forget_user(&self, user: &BareJid) -> usize {
        let mut state = self.state();
        let ids = state.of_user(user);
        let gone = ids.iter().filter(|id| self.remove(&mut state, id)).count();
        if let Err(error) = self.sync() {
            tracing::warn!(%error, "deleted mails of a user may come back after a power cut");
        }
        gone
    }

    /// The same of these of a user, or of all; when this returns nothing brings them back, be it a power cut. What is somebody
    /// else's stays, and is not counted.
    ///
    /// # Errors
    /// [`io::Error`]: nobody is shown them any more, but a start may bring them back.
    pub fn revoke(&self, user: &BareJid, these: Option<&[OriginalId]>) -> io::Result<usize> {
        let mut state = self.state();
        let mut ids = state.of_user(user);
        ids.retain(|id| these.is_none_or(|these| these.contains(id)));
        for id in &ids {
            if let Some(entry) = state.remove(id) {
                match fs::remove_file(self.path(id, &entry)) {
                    Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
        if !ids.is_empty() {
            self.sync()?;
        }
        Ok(ids.len())
    }

    fn sync(&self) -> io::Result<()> {
        handles::patiently(|| File::open(&self.folder))?.sync_all()
    }

    /// Those of a user, the oldest first, with the time until which each is kept.
    pub fn of_user(&self, user: &BareJid) -> Vec<(OriginalId, Timestamp)> {
        let state = self.state();
        let until = |id: &OriginalId| Some(state.all.get(id)?.at.plus(self.limits.age));
        let ids = state.of_user(user).into_iter();
        ids.filter_map(|id| until(&id).map(|until| (id, until)))
            .collect()
    }

    /// How many are a user's.
    pub fn count_of(&self, user: &BareJid) -> usize {
        let state = self.state();
        let of_user = UserKey::of(user).and_then(|user| state.users.get(&user));
        of_user.map_or(0, |of_user| of_user.order.len())
    }

    /// Forgets what is older than it may be; answers how many.
    pub fn forget_old(&self, now: Timestamp) -> usize {
        let mut state = self.state();
        let is_old = |entry: &OriginalEntry| now.since(entry.at) >= self.limits.age;
        let old = state.all.iter().filter(|(_, entry)| is_old(entry));
        let old: Vec<OriginalId> = old.map(|(id, _)| id.clone()).collect();
        old.iter().filter(|id| self.remove(&mut state, id)).count()
    }

    fn state(&self) -> MutexGuard<'_, OriginalsState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, id: &OriginalId, entry: &OriginalEntry) -> PathBuf {
        let (id, at, user) = (id.as_str(), entry.at.millis(), entry.user.0.as_str());
        self.folder.join(format!("{id}-{at}-{user}{ENDING}"))
    }

    fn write(&self, path: &Path, id: &OriginalId, content: &dyn InPieces) -> io::Result<()> {
        let new = self.folder.join(format!("{}.new", id.as_str()));
        let mut writing = OpenOptions::new();
        writing.write(true).create(true).truncate(true).mode(0o600);
        let written = handles::patiently(|| writing.open(&new)).and_then(|mut file| {
            for piece in content.in_pieces() {
                file.write_all(&piece?)?;
            }
            file.sync_data()
        });
        failpoints::point("originals: written, without its name");
        let written = written.and_then(|()| fs::rename(&new, path));
        if written.is_err() {
            // Of a full disk.
            let _ = fs::remove_file(&new);
        }
        written
    }

    /// Removes the oldest of who has too much.
    fn make_room(&self, state: &mut OriginalsState) {
        let of_one_max = self.octets_of_one();
        let has_too_much = |of_user: &OfUser| {
            of_user.octets > of_one_max || of_user.order.len() > COUNT_OF_ONE_MAX
        };
        loop {
            let all = state.users.values();
            let of_one = all.clone().find(|of_user| has_too_much(of_user));
            let is_over = state.octets > self.limits.octets || state.all.len() > COUNT_MAX;
            let most = || all.clone().max_by_key(|of_user| of_user.octets);
            let loser = of_one.or_else(|| is_over.then(most).flatten());
            let oldest = loser.and_then(|of_user| of_user.order.first());
            let Some((_, id)) = oldest.cloned() else {
                return;
            };
            self.remove(state, &id);
        }
    }

    fn remove(&self, state: &mut OriginalsState, id: &OriginalId) -> bool {
        let Some(entry) = state.remove(id) else {
            return false;
        };
        match fs::remove_file(self.path(id, &entry)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                tracing::warn!(%error, "a kept mail cannot be removed; the next start tries it again");
            }
            _ => {}
        }
        true
    }
}

impl OriginalsState {
    fn of_user(&self, user: &BareJid) -> Vec<OriginalId> {
        let of_user = UserKey::of(user).and_then(|user| self.users.get(&user));
        let order = of_user.into_iter().flat_map(|of_user| &of_user.order);
        order.map(|(_, id)| id.clone()).collect()
    }

    fn add(&mut self, id: OriginalId, entry: OriginalEntry) {
        self.remove(&id);
        let of_user = self.users.entry(entry.user.clone()).or_default();
        of_user.octets = of_user.octets.saturating_add(entry.octets);
        of_user.order.insert((entry.at, id.clone()));
        self.octets = self.octets.saturating_add(entry.octets);
        self.all.insert(id, entry);
    }

    fn remove(&mut self, id: &OriginalId) -> Option<OriginalEntry> {
        let entry = self.all.remove(id)?;
        self.octets = self.octets.saturating_sub(entry.octets);
        if let Some(of_user) = self.users.get_mut(&entry.user) {
            of_user.octets = of_user.octets.saturating_sub(entry.octets);
            of_user.order.remove(&(entry.at, id.clone()));
            if of_user.order.is_empty() {
                self.users.remove(&entry.user);
            }
        }
        Some(entry)
    }
}

fn read_name(name: &str) -> Option<(OriginalId, Timestamp, UserKey)> {
    let mut pieces = name.strip_suffix(ENDING)?.splitn(3, '-');
    let id = OriginalId::parse(pieces.next()?)?;
    let at = Timestamp::from_millis(pieces.next()?.parse().ok()?);
    let user = UserKey(JobId::parse(pieces.next()?)?);
    Some((id, at, user))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::id::StanzaId;
    use std::slice;

    const LIMITS: OriginalsLimits = OriginalsLimits {
        age: Duration::from_secs(7 * 24 * 3600),
        octets: 5_000,
    };

    fn original(user: &str, message: &str) -> KeepOriginal {
        let user = BareJid::new(user).unwrap();
        let id = OriginalId::derive(&[7; 32], &user, &StanzaId::parse(message).unwrap());
        KeepOriginal { id, user }
    }

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(1_000_000 + secs)
    }

    fn names(store: &Path) -> Vec<String> {
        let files = fs::read_dir(store.join("originals")).unwrap();
        let name = |file: io::Result<fs::DirEntry>| file.unwrap().file_name().into_string();
        files.map(|file| name(file).unwrap()).collect()
    }

    #[test]
    fn a_mail_is_kept_for_each_user_as_one_file_and_is_there_after_a_start() {
        let folder = tempfile::tempdir().unwrap();
        let originals = Originals::of_store(folder.path(), LIMITS).unwrap();
        let (alice, adam) = (
            original("alice@a.example", "1"),
            original("adam@a.example", "1"),
        );
        assert_ne!(alice.id, adam.id);
        let both = [alice.clone(), adam.clone()];
        originals.keep(&both, b"From: c\r\n\r\nx", at(0)).unwrap();
        // Again, after a crash: nothing changes.
        originals.keep(&both, b"From: c\r\n\r\nx", at(9)).unwrap();
        for originals in [
            originals,
            Originals::look(folder.path(), LIMITS).unwrap(),
            Originals::of_store(folder.path(), LIMITS).unwrap(),
        ] {
            for one in &both {
                let kept = originals.read(&one.id, at(10)).unwrap().unwrap();
                assert_eq!(
                    (kept.raw.as_slice(), kept.at),
                    (&b"From: c\r\n\r\nx"[..], at(0))
                );
                assert_eq!(kept.until, at(7 * 24 * 3600));
            }
            let unknown = original("alice@a.example", "2").id;
            assert_eq!(originals.read(&unknown, at(10)).unwrap(), None);
        }
        let names = names(folder.path());
        assert_eq!(names.len(), 2);
        assert!(names.iter().all(|name| !name.contains("alice")));
        use std::os::unix::fs::MetadataExt;
        let path = folder.path().join("originals").join(&names[0]);
        assert_eq!(fs::metadata(path).unwrap().nlink(), 2);
    }

    #[test]
    fn what_is_old_is_not_shown_and_goes() {
        let folder = tempfile::tempdir().unwrap();
        let originals = Originals::of_store(folder.path(), LIMITS).unwrap();
        let one = original("alice@a.example", "1");
        originals.keep(slice::from_ref(&one), b"x", at(0)).unwrap();
        let week = 7 * 24 * 3600;
        assert!(originals.read(&one.id, at(week - 1)).unwrap().is_some());
        assert_eq!(originals.forget_old(at(week - 1)), 0);
        assert_eq!(originals.read(&one.id, at(week)).unwrap(), None);
        assert_eq!(originals.forget_old(at(week)), 1);
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn a_user_takes_one_away_or_all() {
        let folder = tempfile::tempdir().unwrap();
        let originals = Originals::of_store(folder.path(), LIMITS).unwrap();
        let mine: Vec<_> = ["1", "2", "3"]
            .map(|id| original("alice@a.example", id))
            .into();
        let other = original("adam@a.example", "1");
        for one in mine.iter().chain([&other]) {
            originals.keep(slice::from_ref(one), b"x", at(0)).unwrap();
        }
        assert!(originals.forget(&mine[0].id));
        assert!(!originals.forget(&mine[0].id));
        let resting = Originals::at_rest(folder.path(), Folder::Mails).unwrap();
        assert_eq!(resting.count_of(&mine[0].user), 2);
        assert_eq!(originals.forget_user(&mine[0].user), 2);
        assert_eq!(originals.count_of(&mine[0].user), 0);
        assert_eq!(names(folder.path()).len(), 1);
        assert!(originals.read(&other.id, at(1)).unwrap().is_some());
    }

    #[test]
    fn only_what_is_the_users_own_is_revoked() {
        let folder = tempfile::tempdir().unwrap();
        let originals = Originals::of_store(folder.path(), LIMITS).unwrap();
        let (alice, adam) = ("alice@a.example", "adam@a.example");
        let both = [original(alice, "1"), original(adam, "1")];
        originals.keep(&both, b"x", at(0)).unwrap();
        let other = original(alice, "2");
        originals
            .keep(slice::from_ref(&other), b"y", at(0))
            .unwrap();
        let ids = both.clone().map(|one| one.id);
        assert_eq!(originals.revoke(&both[0].user, Some(&ids)).unwrap(), 1);
        assert_eq!(originals.revoke(&both[0].user, Some(&ids)).unwrap(), 0);
        // The same mail, under the name that somebody else has for it.
        for originals in [
            originals,
            Originals::of_store(folder.path(), LIMITS).unwrap(),
        ] {
            let there = |one: &KeepOriginal| originals.read(&one.id, at(1)).unwrap().is_some();
            assert_eq!([&both[0], &both[1], &other].map(there), [false, true, true]);
        }
        let originals = Originals::of_store(folder.path(), LIMITS).unwrap();
        assert_eq!(originals.revoke(&both[0].user, None).unwrap(), 1);
        assert_eq!(names(folder.path()).len(), 1);
    }

    #[test]
    fn who_has_too_much_loses_the_oldest_and_nobody_else_does() {
        let folder = tempfile::tempdir().unwrap();
        let originals = Originals::of_store(folder.path(), LIMITS).unwrap();
        let there = |one: &KeepOriginal| originals.read(&one.id, at(99)).unwrap().is_some();
        let adam = original("adam@a.example", "1");
        originals
            .keep(slice::from_ref(&adam), &[0; 600], at(0))
            .unwrap();
        let mine: Vec<_> = ["1", "2", "3"]
            .map(|id| original("alice@a.example", id))
            .into();
        for (one, secs) in mine.iter().zip(1..) {
            originals
                .keep(slice::from_ref(one), &[0; 500], at(secs))
                .unwrap();
        }
        assert_eq!(
            mine.iter().map(there).collect::<Vec<_>>(),
            [false, true, true]
        );
        assert!(there(&adam));
        // All together: five more users with 900 each are more than 5,000.
        for user in ["b", "c", "d", "e", "f"] {
            let one = original(&format!("{user}@a.example"), "1");
            originals.keep(&[one], &[0; 900], at(9)).unwrap();
        }
        assert!(originals.state().octets <= 5_000);
        assert!(there(&adam), "alice had most");
        let too_big = originals.keep(&[adam], &[0; 1_001], at(9)).unwrap_err();
        assert_eq!(too_big.kind(), ErrorKind::FileTooLarge);
        // The next start has smaller limits.
        let smaller = OriginalsLimits {
            octets: 900,
            ..LIMITS
        };
        let originals = Originals::of_store(folder.path(), smaller).unwrap();
        assert!(originals.state().octets <= 900);
        let left = names(folder.path()).len();
        assert_eq!(left, originals.state().all.len());
    }

    #[test]
    fn what_a_crash_has_left_half_is_removed_and_what_is_not_ours_stays() {
        let folder = tempfile::tempdir().unwrap();
        let one = original("alice@a.example", "1");
        let path = folder.path().join("originals");
        fs::create_dir(&path).unwrap();
        fs::write(path.join(format!("{}.new", one.id.as_str())), "hal").unwrap();
        fs::write(path.join("README"), "").unwrap();
        fs::write(path.join("x-1-y.eml"), "").unwrap();
        let originals = Originals::of_store(folder.path(), LIMITS).unwrap();
        assert_eq!(originals.read(&one.id, at(0)).unwrap(), None);
        let mut names = names(folder.path());
        names.sort();
        assert_eq!(names, ["README", "x-1-y.eml"]);
    }
}
