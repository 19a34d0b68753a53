//! Unix sockets at which a gateway listens.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::Path;
use tokio::net::UnixListener;

/// Whether something other than a socket lies there, which is nobody's to replace.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] with a sentence.
pub(crate) fn is_free(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            let text = format!(
                "{} is there and is no socket; name another path",
                path.display()
            );
            Err(io::Error::new(ErrorKind::AlreadyExists, text))
        }
        _ => Ok(()),
    }
}

/// Listens at a path: makes the socket beside its place, closes it to others, and only then moves it there. What a process that
/// is gone has left there is replaced.
///
/// # Errors
/// [`io::Error`]: somebody answers there, or the system refuses.
pub(crate) fn listen(path: &Path, mode: u32) -> io::Result<UnixListener> {
    if UnixStream::connect(path).is_ok() {
        let text = format!("another gateway answers on {}", path.display());
        return Err(io::Error::new(ErrorKind::AddrInUse, text));
    }
    is_free(path)?;
    let new = path.with_extension("new");
    is_free(&new)?;
    match fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&new)?;
    fs::set_permissions(&new, Permissions::from_mode(mode))?;
    fs::rename(&new, path)?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_no_socket_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lmtp.sock");
        for file in ["lmtp.sock", "lmtp.new"] {
            let file = folder.path().join(file);
            fs::write(&file, "precious").unwrap();
            let error = listen(&path, 0o600).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AlreadyExists);
            assert!(error.to_string().contains("is no socket"), "{error}");
            assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
            fs::remove_file(&file).unwrap();
        }
        drop(listen(&path, 0o600).unwrap());
        listen(&path, 0o600).unwrap();
    }
}
