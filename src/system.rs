//! What the operating system does for the gateway: TCP connections, threads for work that blocks, small files. In the tests of this
//! crate a simulated world may stand in for the first two.

#[cfg(test)]
pub(crate) use crate::simulated::network::{OwnedReadHalf, OwnedWriteHalf, TcpStream};
#[cfg(not(test))]
pub(crate) use tokio::net::TcpStream;
#[cfg(not(test))]
pub(crate) use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use tokio::task::{JoinError, spawn_blocking};

/// A socket that can be told to acknowledge at once what it has received.
pub(crate) trait Acknowledge {
    /// Sends the acknowledgement that the system would hold back, for 40 ms on Linux, until something is written or more
    /// comes. Holds for what was received so far; best effort.
    fn acknowledge(&self);
}

/// TCP_QUICKACK (`man 7 tcp`) is not permanent: it is asked for again after each read.
impl Acknowledge for tokio::net::TcpStream {
    fn acknowledge(&self) {
        #[cfg(target_os = "linux")]
        let _ = rustix::net::sockopt::set_tcp_quickack(self, true);
    }
}

impl Acknowledge for tokio::net::tcp::OwnedReadHalf {
    fn acknowledge(&self) {
        self.as_ref().acknowledge();
    }
}

/// Does work that may block, where it may. It is finished even if the caller goes away.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, JoinError> {
    #[cfg(test)]
    if crate::simulated::is_here() {
        return Ok(work());
    }
    spawn_blocking(work).await
}

/// Whether the disk of a folder has room for so many octets; also where it does not say.
pub(crate) fn has_room(folder: &Path, octets: u64) -> bool {
    rustix::fs::statvfs(folder).map_or(true, |disk| {
        disk.f_blocks == 0 || disk.f_bavail.saturating_mul(disk.f_frsize) >= octets
    })
}

/// Reads a regular file. A pipe could be waited for in vain, and a device has no end.
///
/// # Errors
/// [`io::Error`]: it cannot be read, is something else, or has more than so many octets.
pub(crate) fn read_file(path: &Path, octets_max: u64) -> io::Result<Vec<u8>> {
    let is_file = std::fs::metadata(path)?.is_file();
    if !is_file {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut octets = Vec::new();
    let file = File::open(path)?;
    file.take(octets_max.saturating_add(1))
        .read_to_end(&mut octets)?;
    if u64::try_from(octets.len()).is_ok_and(|length| length <= octets_max) {
        return Ok(octets);
    }
    let text = format!("it has more than {octets_max} octets");
    Err(io::Error::new(io::ErrorKind::FileTooLarge, text))
}
