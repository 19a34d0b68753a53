//! The private key with which a gateway signs its mails: a file in the store's folder, made once and never changed, for
//! the peers have its public half in their configuration.
//!
//! ```text
//! # The private key …
//! <base64 of 32 octets>
//! ```

use crate::core::signature::Signer;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::rand::{SecureRandom, SystemRandom};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// The name of the file in the store's folder.
pub const FILE: &str = "signing.key";
/// What stands above the key.
const COMMENT: &str = "# The private key with which this gateway signs its mails (Ed25519). Keep it secret and in your backup. A new one \
     must be told to every peer; `stanzamail key` prints its public half.";
/// The longest file that is read, in octets.
const FILE_OCTETS_MAX: u64 = 4096;
/// The mode bits of those who are neither owner nor group.
const EVERYBODY: u32 = 0o007;

/// Why there is no key. Each says what to do; a file that is there is never changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningKeyError {
    /// The file or its folder cannot be read or made.
    #[error("cannot {doing} {path}: {cause}; it must belong to the user that the gateway runs as")]
    Broken {
        /// A verb.
        doing: &'static str,
        /// The file or folder.
        path: String,
        /// The system's words.
        cause: String,
    },
    /// Everybody can read the key.
    #[error("everybody can read the private key {0}; take that away: `chmod 600 {0}`")]
    Open(String),
    /// What is in the file is no key.
    #[error(
        "{path} holds no private key ({why}); bring it back from a backup, or move it away and tell the peers the new key \
         that `stanzamail key` then prints"
    )]
    Garbled {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The system has no random numbers.
    #[error("the system gives no random numbers, so no key can be made; check /dev/urandom")]
    Random,
}

/// Whether the store in this folder has a key, good or bad.
pub fn is_there(store: &Path) -> bool {
    store.join(FILE).symlink_metadata().is_ok()
}

/// The key of the store in this folder. Where there is none, it is made and durable when this returns; of several who do so
/// at once, all get the same. Blocks.
///
/// # Errors
/// [`SigningKeyError`] says what to do.
pub fn open(store: &Path) -> Result<Signer, SigningKeyError> {
    let path = store.join(FILE);
    match read(&path) {
        Err(SigningKeyError::Broken { .. }) if !is_there(store) => {
            make(store, &path)?;
            read(&path)
        }
        result => result,
    }
}

fn read(path: &Path) -> Result<Signer, SigningKeyError> {
    let mut text = String::new();
    let file = File::open(path).map_err(broken("read", path))?;
    let mode = file.metadata().map_err(broken("read", path))?.permissions();
    if mode.mode() & EVERYBODY != 0 {
        return Err(SigningKeyError::Open(path.display().to_string()));
    }
    let garbled = |why| SigningKeyError::Garbled {
        path: path.display().to_string(),
        why,
    };
    match file.take(FILE_OCTETS_MAX).read_to_string(&mut text) {
        Ok(_) => signer(&text).map_err(garbled),
        Err(error) if error.kind() == ErrorKind::InvalidData => Err(garbled("it is no text")),
        Err(error) => Err(broken("read", path)(error)),
    }
}

/// # Errors
/// What is wrong with the text.
fn signer(text: &str) -> Result<Signer, &'static str> {
    let lines = text.lines().map(str::trim);
    let mut lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return Err("one line of it must be a key");
    };
    let octets = BASE64_STANDARD.decode(line);
    let octets = octets.map_err(|_| "its line is not base64")?;
    let seed = <[u8; 32]>::try_from(octets).map_err(|_| "a key has 32 octets")?;
    Signer::from_seed(&seed).map_err(|_| "no key can be made of it")
}

/// Writes a new key under a name of its own and then links it, which never takes the place of a file and shows a whole one.
fn make(store: &Path, path: &Path) -> Result<(), SigningKeyError> {
    let mut folder = DirBuilder::new();
    let folder = folder.recursive(true).mode(0o700);
    folder.create(store).map_err(broken("make", store))?;
    let random = SystemRandom::new();
    let (mut seed, mut name) = ([0; 32], [0; 8]);
    for octets in [&mut seed[..], &mut name[..]] {
        random.fill(octets).map_err(|_| SigningKeyError::Random)?;
    }
    let new = store.join(format!("{FILE}.{:016x}", u64::from_be_bytes(name)));
    let text = format!("{COMMENT}\n{}\n", BASE64_STANDARD.encode(seed));
    let made = write(&new, &text).and_then(|()| match std::fs::hard_link(&new, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        result => result,
    });
    // Whatever became of it, a key must not lie around under another name.
    let removed = std::fs::remove_file(&new);
    made.and(removed).map_err(broken("make", path))?;
    let synced = File::open(store).and_then(|folder| folder.sync_all());
    synced.map_err(broken("sync", store))
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn broken(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SigningKeyError {
    let path = path.display().to_string();
    move |error| SigningKeyError::Broken {
        doing,
        path,
        cause: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::path::PathBuf;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        (folder, path)
    }

    #[test]
    fn a_key_is_made_once_and_for_its_owner_only() {
        let (folder, _) = folder();
        let store = folder.path().join("a/store");
        let first = open(&store).unwrap();
        assert_eq!(open(&store).unwrap().public(), first.public());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&store.join(FILE)), 0o600);
        assert_eq!(mode(&store), 0o700);
        assert_eq!(fs::read_dir(&store).unwrap().count(), 1);
        let other = open(&folder.path().join("b")).unwrap();
        assert_ne!(other.public(), first.public());
    }

    #[test]
    fn all_who_make_a_key_at_once_get_the_same() {
        let (folder, _) = folder();
        let keys: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| open(folder.path())))
                .collect();
            let keys = threads.into_iter().map(|thread| thread.join().unwrap());
            keys.map(|key| key.unwrap().public()).collect()
        });
        assert!(keys.windows(2).all(|pair| pair[0] == pair[1]));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_file_says_what_it_is_and_may_hold_comments() {
        let (folder, path) = folder();
        let key = open(folder.path()).unwrap().public();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# The private key"));
        fs::write(
            &path,
            format!("# mine\r\n\r\n  {}\r\n\n", text.lines().last().unwrap()),
        )
        .unwrap();
        assert_eq!(open(folder.path()).unwrap().public(), key);
    }

    #[test]
    fn what_is_no_key_is_told_and_kept() {
        let (folder, path) = folder();
        for (text, why) in [
            (&b""[..], "one line of it must be a key"),
            (b"# nothing\n", "one line of it must be a key"),
            (b"AAAA\nAAAA\n", "one line of it must be a key"),
            (b"AAAA\n", "a key has 32 octets"),
            (b"-----\n", "its line is not base64"),
            (b"\xff\xfe", "it is no text"),
        ] {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            let error = open(folder.path()).unwrap_err();
            let path = path.display().to_string();
            assert_eq!(
                error,
                SigningKeyError::Garbled {
                    path: path.clone(),
                    why
                }
            );
            assert!(error.to_string().contains("backup"));
            assert_eq!(fs::read(&path).unwrap(), text);
        }
    }

    #[test]
    fn a_key_that_everybody_can_read_is_refused() {
        let (folder, path) = folder();
        open(folder.path()).unwrap();
        for (mode, fits) in [(0o604, false), (0o644, false), (0o640, true), (0o400, true)] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            assert_eq!(open(folder.path()).is_ok(), fits, "{mode:o}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_neither_replaced_nor_made() {
        let (folder, path) = folder();
        fs::create_dir(&path).unwrap();
        let error = open(folder.path()).unwrap_err();
        assert!(error.to_string().contains("signing.key"), "{error}");
        fs::remove_dir(&path).unwrap();
        std::os::unix::fs::symlink("/nowhere/at/all", &path).unwrap();
        let error = open(folder.path()).unwrap_err();
        assert!(matches!(error, SigningKeyError::Broken { .. }), "{error}");
        // A file where the folder should be.
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = open(&file).unwrap_err();
        assert!(matches!(error, SigningKeyError::Broken { .. }), "{error}");
    }
}
