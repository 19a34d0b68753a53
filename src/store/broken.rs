//! The first failure of a disk. After it nothing may be acknowledged any more: the kernel reports a write that failed once
//! and then calls the lost pages clean, so that trying again proves nothing.

use tokio::sync::watch;

/// Whether a part of the disk has failed, for all who ask and for who waits for it.
#[derive(Clone, Debug)]
pub(super) struct Broken<E>(watch::Sender<Option<E>>);

impl<E: Clone> Broken<E> {
    pub(super) fn not() -> Self {
        Self(watch::Sender::new(None))
    }

    /// # Errors
    /// The first failure.
    pub(super) fn check(&self) -> Result<(), E> {
        self.0.borrow().clone().map_or(Ok(()), Err)
    }

    /// Remembers a failure; answers with the first one.
    pub(super) fn by(&self, error: E) -> E {
        let mut first = error;
        self.0.send_if_modified(|known| match known {
            Some(known) => {
                first = known.clone();
                false
            }
            None => {
                *known = Some(first.clone());
                true
            }
        });
        first
    }

    /// Ready when there is one.
    pub(super) async fn wait(&self) -> E {
        let mut told = self.0.subscribe();
        let failed = told.wait_for(Option::is_some).await;
        match failed.ok().and_then(|error| error.clone()) {
            Some(error) => error,
            None => std::future::pending().await,
        }
    }
}
