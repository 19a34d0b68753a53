//! Pings (XEP-0199) to the server and the answers to them. A stream is processed in order (RFC 6120 §10.1), so an answer
//! proves that the server has taken all that was sent before the ping.

use super::codec;
use super::event::XmppConfig;
use jid::Jid;
use minidom::Element;
use rxml::xml_ncname;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;
use xmpp_parsers::ns;

/// Our pings on one connection that are not answered yet.
#[derive(Debug)]
pub(super) struct Pings {
    from: String,
    to: String,
    /// Of our ids; nobody else can guess it.
    id_prefix: String,
    count: AtomicU64,
    waiting: Mutex<HashMap<String, oneshot::Sender<()>>>,
}

/// With what ids of ours begin; nobody else can guess it.
pub(super) fn id_prefix(kind: &str) -> String {
    format!("{kind}-{:016x}-", RandomState::new().hash_one(0u8))
}

impl Pings {
    /// None yet, from the component to the server that this configuration names.
    pub(super) fn new(config: &XmppConfig) -> Self {
        Self {
            from: config.domain.to_string(),
            to: config.ping_target.to_string(),
            id_prefix: id_prefix("ping"),
            count: AtomicU64::new(0),
            waiting: Mutex::default(),
        }
    }

    /// The id of a new ping, and what comes to know of its answer.
    pub(super) fn begin(&self) -> (String, oneshot::Receiver<()>) {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let id = format!("{}{number}", self.id_prefix);
        let (answered, is_answered) = oneshot::channel();
        self.waiting().insert(id.clone(), answered);
        (id, is_answered)
    }

    /// The stanza.
    pub(super) fn encode(&self, id: &str) -> Option<Vec<u8>> {
        let iq = Element::builder("iq", ns::COMPONENT)
            .attr(xml_ncname!("type").to_ncname(), "get")
            .attr(xml_ncname!("id").to_ncname(), id)
            .attr(xml_ncname!("from").to_ncname(), self.from.as_str())
            .attr(xml_ncname!("to").to_ncname(), self.to.as_str())
            .append(Element::bare("ping", ns::PING))
            .build();
        let mut octets = Vec::new();
        codec::encode(&iq, &mut octets).ok()?;
        Some(octets)
    }

    /// Whether this stanza answers one of our pings, even one that nobody waits for any more. Whoever does is told.
    pub(super) fn take_answer(&self, stanza: &Element) -> bool {
        let is_answer =
            stanza.name() == "iq" && matches!(stanza.attr("type"), Some("result" | "error"));
        let id = stanza.attr("id").unwrap_or_default();
        if !is_answer || !id.starts_with(&self.id_prefix) || !self.is_from_server(stanza) {
            return false;
        }
        if let Some(answered) = self.waiting().remove(id) {
            let _ = answered.send(());
        }
        true
    }

    fn is_from_server(&self, stanza: &Element) -> bool {
        let Some(from) = stanza.attr("from") else {
            return true;
        };
        from.eq_ignore_ascii_case(&self.to)
            || Jid::new(from).is_ok_and(|from| from.to_string() == self.to)
    }

    /// Nobody waits for this one any more.
    pub(super) fn forget(&self, id: &str) {
        self.waiting().remove(id);
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<()>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
