//! Whose the files of the store are: what one user makes, another one may not be able to read.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// So many files are looked at; a store with more of them is looked at in part.
const FILES_MAX: usize = 10_000;

/// Who we are.
fn me() -> Option<u32> {
    Some(fs::metadata("/proc/self").ok()?.uid())
}

/// Whether a store would be made as root, for nobody else to read.
pub(super) fn is_made_as_root(store: &Path) -> bool {
    me() == Some(0) && !store.exists()
}

/// Who owns the store and who we are, where these are two.
pub(super) fn of_another(store: &Path) -> Option<(u32, u32)> {
    let (owner, me) = (fs::metadata(store).ok()?.uid(), me()?);
    (owner != me).then_some((owner, me))
}

/// A file in the store that is not of whose the store is, and whose; links are not followed. Who looks makes no difference:
/// that may be root.
pub(super) fn foreign_file(store: &Path) -> Option<(PathBuf, u32)> {
    let us = fs::metadata(store).ok()?.uid();
    let mut folders = vec![store.to_owned()];
    let mut seen = 0_usize;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            seen = seen.saturating_add(1);
            let Ok(found) = entry.metadata() else {
                continue;
            };
            if found.uid() != us {
                return Some((entry.path(), found.uid()));
            }
            if seen > FILES_MAX {
                return None;
            }
            if found.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    None
}

/// What gives all of the store to whose it is.
pub(super) fn give_back(store: &Path, (file, owner): &(PathBuf, u32)) -> String {
    let us = fs::metadata(store).map_or_else(|_| String::new(), |store| called(store.uid()));
    format!(
        "{} belongs to {}, so that the gateway cannot use it; as root: chown -R {us}: {}",
        file.display(),
        called(*owner),
        store.display()
    )
}

/// Makes the folder of the store for whom the gateway runs as.
pub(super) fn make(store: &Path) -> String {
    let user = gateways_user();
    format!(
        "as root: install -d -m 700 -o {user} -g {user} {}",
        store.display()
    )
}

/// Who we are, unless that is root: then it is who the README makes.
fn gateways_user() -> String {
    match me() {
        None | Some(0) => "stanzamail".to_owned(),
        Some(me) => called(me),
    }
}

/// What is to be done with a store that this process cannot use, as far as it can be seen from here.
pub(super) fn remedy(store: &Path) -> Option<String> {
    if let Some(found) = foreign_file(store) {
        return Some(give_back(store, &found));
    }
    match of_another(store) {
        Some((owner, me)) if me != 0 => {
            let (path, user, me) = (store.display(), called(owner), called(me));
            // Nobody is told to run it as root.
            let or = match owner {
                0 => String::new(),
                _ => format!("run it as {user}, or "),
            };
            Some(format!(
                "{path} belongs to {user}, and this runs as {me}; {or}give it the folder, as root: chown -R {me}: {path}"
            ))
        }
        None if !store.exists() => {
            Some(format!("{} is not there; {}", store.display(), make(store)))
        }
        _ => None,
    }
}

/// How a command is run as a user.
pub(super) fn run_as(user: u32) -> String {
    match name_of(user) {
        Some(name) => format!("runuser -u {name} --"),
        None => format!("sudo -u '#{user}'"),
    }
}

/// By name, where it is known.
pub(super) fn called(user: u32) -> String {
    name_of(user).unwrap_or_else(|| user.to_string())
}

/// As passwd(5) has it.
fn name_of(user: u32) -> Option<String> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let found = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let id: u32 = fields.nth(1)?.parse().ok()?;
        (id == user).then_some(name)
    });
    found.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_somebody_else_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("db/snap");
        fs::create_dir_all(&inner).unwrap();
        fs::write(inner.join("a"), "").unwrap();
        assert_eq!(foreign_file(folder.path()), None);
        if me() != Some(0) {
            // Nobody else can give files away.
            return;
        }
        std::os::unix::fs::chown(inner.join("a"), Some(12345), None).unwrap();
        let found = foreign_file(folder.path()).unwrap();
        assert_eq!(found, (inner.join("a"), 12345));
        let remedy = give_back(folder.path(), &found);
        let end = format!(
            "belongs to 12345, so that the gateway cannot use it; as root: chown -R root: {}",
            folder.path().display()
        );
        assert!(remedy.ends_with(&end), "{remedy}");
        // Root looks at what is the gateway's own.
        for own in [folder.path(), &folder.path().join("db"), &inner] {
            std::os::unix::fs::chown(own, Some(12345), None).unwrap();
        }
        assert_eq!(foreign_file(folder.path()), None);
    }

    #[test]
    fn what_is_to_be_done_with_a_store_is_said() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(remedy(folder.path()), None);
        let missing = folder.path().join("store");
        let said = remedy(&missing).unwrap();
        let user = gateways_user();
        let end = format!(
            "is not there; as root: install -d -m 700 -o {user} -g {user} {}",
            missing.display()
        );
        assert!(said.ends_with(&end), "{said}");
        assert_eq!(is_made_as_root(&missing), me() == Some(0));
        assert!(!is_made_as_root(folder.path()));
        // Root's own folder, which those who are not root meet.
        if me() != Some(0) {
            let said = remedy(Path::new("/")).unwrap();
            assert!(
                said.contains("belongs to root")
                    && said.contains("; give it the folder, as root: chown -R "),
                "{said}"
            );
        }
    }

    #[test]
    fn users_are_called_by_their_names() {
        assert_eq!(run_as(0), "runuser -u root --");
        assert_eq!(run_as(4_000_000_000), "sudo -u '#4000000000'");
    }
}
