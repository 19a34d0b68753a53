//! Signals, from the first moment on: until one is listened to, it ends the process. What comes while the configuration is read and the
//! state opened is handled after that.

use super::{Stopped, no_signals};
use std::sync::Arc;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Those that mean something.
pub struct Signals {
    /// SIGHUP: the configuration is to be read again.
    pub(super) reload: Signal,
    /// SIGUSR1: all waiting mails are to be tried now.
    retry: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From now on none of them ends the process. In a runtime.
    ///
    /// # Errors
    /// [`Stopped`]: the system has no room for that.
    pub fn listen() -> Result<Self, Stopped> {
        let of = |kind| signal(kind).map_err(no_signals);
        Ok(Self {
            reload: of(SignalKind::hangup())?,
            retry: of(SignalKind::user_defined1())?,
            terminate: of(SignalKind::terminate())?,
            interrupt: of(SignalKind::interrupt())?,
        })
    }

    /// Stops what `stop` stops, and says that mails are to be tried; the reading of the configuration is another's.
    pub(super) fn obeyed(mut self, stop: CancellationToken, retry: Arc<Notify>) -> Signal {
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = self.terminate.recv() => break,
                    _ = self.interrupt.recv() => break,
                    Some(()) = self.retry.recv() => retry.notify_one(),
                }
            }
            tracing::info!("stopping");
            stop.cancel();
        });
        self.reload
    }
}
