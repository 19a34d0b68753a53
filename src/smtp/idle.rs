//! Whether the mail server is there while no mail needs it, for whoever asks how the gateway is.

use super::SmtpConfig;
use super::probe::probe;
use crate::net::trouble::OngoingTrouble;
use std::fmt;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// Whoever watches the gateway waits for no longer.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// A server that was there is not asked again for so long: those who watch ask every minute, and each time is a login.
const GOOD_FOR: Duration = Duration::from_secs(5 * 60);
/// And one that was not.
const BAD_FOR: Duration = Duration::from_secs(5);

/// Asks the mail server now and then, and no more than once at a time.
pub struct IdleProbe {
    config: SmtpConfig,
    last: Mutex<Option<(Instant, Option<OngoingTrouble>)>>,
}

impl fmt::Debug for IdleProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdleProbe").finish_non_exhaustive()
    }
}

impl IdleProbe {
    /// Of this server, which nobody has asked yet.
    pub fn new(config: SmtpConfig) -> Self {
        Self {
            config,
            last: Mutex::new(None),
        }
    }

    /// Why it cannot be reached, or does not let us in, as far as is known since a short time.
    pub async fn trouble(&self) -> Option<OngoingTrouble> {
        let mut last = self.last.lock().await;
        if let Some((asked, known)) = last.as_ref() {
            let holds = if known.is_some() { BAD_FOR } else { GOOD_FOR };
            if asked.elapsed() < holds {
                return known.clone();
            }
        }
        let why = match timeout(ANSWER_MAX, probe(self.config.clone())).await {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(format!("no answer within {} s", ANSWER_MAX.as_secs())),
        };
        let since = last.take().and_then(|(_, known)| Some(known?.since));
        let trouble = why.map(|why| OngoingTrouble {
            since: since.unwrap_or_else(Instant::now),
            why,
        });
        *last = Some((Instant::now(), trouble.clone()));
        trouble
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smtp::fake::{Fake, Say};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[tokio::test]
    async fn a_server_is_asked_now_and_then_and_its_trouble_is_told() {
        let is_bad = Arc::new(AtomicBool::new(false));
        let bad = Arc::clone(&is_bad);
        let fake = Fake::start(move |_, line| match line {
            line if line.starts_with("EHLO") && bad.load(Ordering::Relaxed) => {
                Say::Reply("421 4.3.2 not now\r\n")
            }
            _ => Say::Usual,
        })
        .await;
        let probe = IdleProbe::new(fake.config());
        assert_eq!(probe.trouble().await, None);
        let asked = fake.seen_with("EHLO").len();
        is_bad.store(true, Ordering::Relaxed);
        assert_eq!(probe.trouble().await, None, "it was asked just before");
        assert_eq!(fake.seen_with("EHLO").len(), asked);
        let long_ago = Instant::now().checked_sub(GOOD_FOR).unwrap();
        *probe.last.lock().await = Some((long_ago, None));
        let trouble = probe.trouble().await.unwrap();
        assert!(trouble.why.contains("not now"), "{}", trouble.why);
        assert_eq!(probe.trouble().await, Some(trouble.clone()));
        // The trouble is as old as it was.
        *probe.last.lock().await = Some((long_ago, Some(trouble.clone())));
        assert_eq!(probe.trouble().await.unwrap().since, trouble.since);
    }

    #[tokio::test]
    async fn nothing_there_is_trouble_at_once() {
        let config = Fake::start(|_, _| Say::Usual).await.config();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let probe = IdleProbe::new(SmtpConfig { port, ..config });
        assert!(probe.trouble().await.is_some());
    }
}
