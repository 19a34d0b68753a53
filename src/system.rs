//! What the operating system does for the gateway: TCP connections, and threads for work that blocks. In the tests of this
//! crate a simulated world may stand in for both.

#[cfg(test)]
pub(crate) use crate::simulated::network::{OwnedReadHalf, OwnedWriteHalf, TcpStream};
#[cfg(not(test))]
pub(crate) use tokio::net::TcpStream;
#[cfg(not(test))]
pub(crate) use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use tokio::task::{JoinError, spawn_blocking};

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
