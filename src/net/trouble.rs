//! Why a server is not reached, and since when: for whoever asks how the gateway is.

use std::fmt::Display;
use tokio::sync::watch;
use tokio::time::Instant;

/// What is wrong with a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OngoingTrouble {
    /// When it began.
    pub since: Instant,
    /// What the last attempt came to, without secrets.
    pub why: String,
}

impl OngoingTrouble {
    /// Another attempt failed; the trouble is as old as it was.
    pub fn again(trouble: &watch::Sender<Option<Self>>, why: impl Display) {
        trouble.send_modify(|trouble| {
            let since = trouble.as_ref().map(|trouble| trouble.since);
            *trouble = Some(Self {
                since: since.unwrap_or_else(Instant::now),
                why: why.to_string(),
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn trouble_is_as_old_as_its_first_failure() {
        let (trouble, seen) = watch::channel(None);
        let began = Instant::now();
        for why in ["refused", "silent"] {
            OngoingTrouble::again(&trouble, why);
            let seen = seen.borrow().clone().unwrap();
            assert_eq!((seen.since, seen.why.as_str()), (began, why));
            tokio::time::advance(Duration::from_secs(60)).await;
        }
        trouble.send_replace(None);
        OngoingTrouble::again(&trouble, "refused");
        assert_eq!(
            seen.borrow().as_ref().unwrap().since,
            began + Duration::from_secs(120)
        );
    }
}
