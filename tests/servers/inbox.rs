//! What a client received: every stanza is kept, looked at when a test asks, and given out once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use minidom::Element;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::stanza::parse;

/// Filled by whoever reads the connection, emptied by the test.
#[derive(Default)]
pub struct Inbox {
    stanzas: Mutex<Stanzas>,
    messages: AtomicUsize,
    ended: OnceLock<()>,
    news: Notify,
}

#[derive(Default)]
struct Stanzas {
    all: Vec<Stanza>,
    /// All before this one are taken.
    first: usize,
}

/// A stanza, parsed when somebody looks at it.
struct Stanza {
    xml: String,
    element: OnceLock<Option<Element>>,
    taken: bool,
}

impl Inbox {
    // --- the reader's side -------------------------------------------------------------------------------------------

    /// Adds a stanza. Whoever waits learns of it by [`Inbox::announce`].
    pub fn put(&self, xml: String) {
        let message = xml.starts_with("<message");
        self.lock().all.push(Stanza {
            xml,
            element: OnceLock::new(),
            taken: false,
        });
        if message {
            self.messages.fetch_add(1, Ordering::Release);
        }
    }

    /// Wakes whoever waits.
    pub fn announce(&self) {
        self.news.notify_waiters();
    }

    /// Nothing more will come.
    pub fn close(&self) {
        let _ = self.ended.set(());
        self.announce();
    }

    // --- the test's side ---------------------------------------------------------------------------------------------

    /// Takes the first stanza, there already or within `limit`, that no earlier call took and that `wanted` is true for.
    pub async fn wait(
        &self,
        wanted: impl Fn(&Element) -> bool + Send,
        limit: Duration,
    ) -> Option<Element> {
        let end = Instant::now() + limit;
        loop {
            let news = self.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            if let Some(stanza) = self.take(&wanted) {
                return Some(stanza);
            }
            if self.closed() || timeout_at(end, news).await.is_err() {
                return self.take(&wanted);
            }
        }
    }

    /// The same without waiting.
    pub fn take(&self, wanted: &impl Fn(&Element) -> bool) -> Option<Element> {
        let mut stanzas = self.lock();
        let first = stanzas.first;
        let found = stanzas
            .all
            .iter_mut()
            .skip(first)
            .find(|s| !s.taken && s.element().is_some_and(wanted))?;
        found.taken = true;
        let element = found.element().cloned();
        stanzas.first += stanzas.all[first..].iter().take_while(|s| s.taken).count();
        element
    }

    /// Every stanza so far, taken or not, in order.
    pub fn all(&self) -> Vec<Element> {
        self.lock()
            .all
            .iter()
            .filter_map(|stanza| stanza.element().cloned())
            .collect()
    }

    /// How many message stanzas arrived, taken or not, without parsing them.
    pub fn count_messages(&self) -> usize {
        self.messages.load(Ordering::Acquire)
    }

    pub fn closed(&self) -> bool {
        self.ended.get().is_some()
    }

    /// Every stanza so far, as text.
    pub fn transcript(&self) -> String {
        let stanzas = self.lock();
        let lines = stanzas
            .all
            .iter()
            .map(|s| format!("  {} {}\n", if s.taken { "taken" } else { "  -  " }, s.xml));
        let end = if self.closed() {
            "  (the connection was closed)\n"
        } else {
            ""
        };
        format!("received:\n{}{end}", lines.collect::<String>())
    }

    fn lock(&self) -> MutexGuard<'_, Stanzas> {
        // A test that failed while it looked has poisoned nothing: the list only grows.
        self.stanzas
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Stanza {
    fn element(&self) -> Option<&Element> {
        self.element.get_or_init(|| parse(&self.xml)).as_ref()
    }
}
