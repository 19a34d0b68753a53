//! The folder of the store.

use super::{CheckLine, CheckResult};
use crate::cli::owner;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// So much is written and synced: a disk that is full takes an empty file.
const TRIED_OCTETS: usize = 256 * 1024;
/// With less space than that, what waits may soon fill the disk, and then every message is refused.
const SPACE_MIN: u64 = 256 * 1024 * 1024;

/// The store's folder: there, ours, and closed to others; or about to be made.
pub(super) fn line(path: &Path) -> CheckLine {
    let what = format!("store {}", path.display());
    let finding = match std::fs::metadata(path) {
        Ok(folder) if !folder.is_dir() => {
            CheckResult::Wrong("is not a folder; remove it, or give another store.path".to_owned())
        }
        Ok(folder) => open_to_others(&folder).map_or_else(
            || match owner::foreign_file(path) {
                Some(found) => CheckResult::Wrong(owner::give_back(path, &found)),
                None => can_write(path),
            },
            |mode| {
                // A folder that root has made: to close it is not enough.
                let given =
                    owner::remedy(path).map_or_else(String::new, |remedy| format!("; {remedy}"));
                CheckResult::Wrong(format!(
                    "others may look into it (mode {mode:04o}); chmod 700 {}{given}",
                    path.display()
                ))
            },
        ),
        // Tried, since not every folder takes another one.
        Err(_) if parent_of(path).is_dir() => {
            match fs::create_dir(path).and_then(|()| fs::remove_dir(path)) {
                Ok(()) => CheckResult::Ok("will be made at the first start".to_owned()),
                Err(error) => CheckResult::Wrong(format!(
                    "cannot be made ({error}); make it for the gateway's user, {}",
                    owner::make(path)
                )),
            }
        }
        Err(error) => CheckResult::Wrong(format!(
            "cannot be reached ({error}); make it for the gateway's user, {}",
            owner::make(path)
        )),
    };
    CheckLine::new(what, finding)
}

/// That of `store` is where we are.
fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Writes as the store does, and says how much room is left.
fn can_write(folder: &Path) -> CheckResult {
    let file = folder.join(format!("check.{}", std::process::id()));
    let written = write_and_sync(&file);
    let removed = fs::remove_file(&file);
    if let Err(error) = written.and(removed) {
        return CheckResult::Wrong(match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                format!("cannot be written ({error}); every message is refused until there is room")
            }
            _ => {
                let remedy = owner::remedy(folder).unwrap_or_else(|| {
                    "run this as the gateway's user, and give the folder to it".to_owned()
                });
                format!("cannot be written ({error}); {remedy}")
            }
        });
    }
    let Ok(space) = rustix::fs::statvfs(folder) else {
        return CheckResult::Ok("can be written".to_owned());
    };
    let left = space.f_bavail.saturating_mul(space.f_frsize);
    let says = format!("can be written, {} MiB are free", left / (1024 * 1024));
    if left < SPACE_MIN {
        CheckResult::Note(format!(
            "{says}; that is little: when the disk is full, every message is refused"
        ))
    } else {
        CheckResult::Ok(says)
    }
}

fn write_and_sync(path: &Path) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(&vec![b'.'; TRIED_OCTETS])?;
    file.sync_all()
}

/// The mode of a folder that others than its owner may enter or read.
#[cfg(unix)]
fn open_to_others(folder: &std::fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = folder.permissions().mode() & 0o7777;
    (mode & 0o077 != 0).then_some(mode)
}

/// Elsewhere folders have no such mode.
#[cfg(not(unix))]
fn open_to_others(_: &std::fs::Metadata) -> Option<u32> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn says(path: &Path) -> String {
        line(path).to_string()
    }

    #[test]
    fn the_folder_of_the_store_must_be_ours_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        assert!(says(&path).ends_with("will be made at the first start"));
        assert!(says(Path::new("no-such-store")).ends_with("will be made at the first start"));
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let wrong = says(&path);
        assert!(wrong.starts_with("WRONG  store ") && wrong.contains("(mode 0755); chmod 700 "));
        let foreign = path.join("foreign");
        fs::write(&foreign, b"").unwrap();
        // Only root can give a file away.
        if std::os::unix::fs::chown(&foreign, Some(12_345), None).is_ok() {
            let wrong = says(&path);
            assert!(
                wrong.contains("(mode 0755); chmod 700 ") && wrong.contains("; as root: chown -R "),
                "{wrong}"
            );
        }
        fs::remove_file(&foreign).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        let can = says(&path);
        assert!(
            can.contains("can be written") && can.contains(" MiB are free"),
            "{can}"
        );
        assert_eq!(
            fs::read_dir(&path).unwrap().count(),
            0,
            "nothing is left behind"
        );
        fs::write(path.join("file"), b"").unwrap();
        assert!(says(&path.join("file")).contains("is not a folder"));
        assert!(says(&path.join("a/b")).contains("as root: install -d -m 700 -o "));
    }
}
