//! Questions to servers and the answers to them (RFC 6120 §8.2.3).

use super::ping::id_prefix;
use minidom::Element;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Our questions on one connection that are not answered yet.
#[derive(Debug)]
pub(super) struct Questions {
    /// Of our ids; nobody else can guess it.
    id_prefix: String,
    count: AtomicU64,
    waiting: Mutex<HashMap<String, WaitingQuestion>>,
}

#[derive(Debug)]
struct WaitingQuestion {
    asked: String,
    answer: oneshot::Sender<Element>,
}

impl Default for Questions {
    fn default() -> Self {
        Self {
            id_prefix: id_prefix("ask"),
            count: AtomicU64::new(0),
            waiting: Mutex::default(),
        }
    }
}

impl Questions {
    /// The id of a new question, and what its answer comes by.
    pub(super) fn begin(&self, asked: &str) -> (String, oneshot::Receiver<Element>) {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let id = format!("{}{number}", self.id_prefix);
        let (answer, answered) = oneshot::channel();
        let asked = asked.to_owned();
        self.waiting()
            .insert(id.clone(), WaitingQuestion { asked, answer });
        (id, answered)
    }

    /// Takes a stanza that answers one of our questions, even one that nobody waits for any more; gives back what does not.
    pub(super) fn take_answer(&self, stanza: Element) -> Option<Element> {
        let is_answer =
            stanza.name() == "iq" && matches!(stanza.attr("type"), Some("result" | "error"));
        let id = stanza.attr("id").unwrap_or_default();
        if !is_answer || !id.starts_with(&self.id_prefix) {
            return Some(stanza);
        }
        let mut waiting = self.waiting();
        let is_asked = |one: &WaitingQuestion| {
            let from = stanza.attr("from");
            from.is_some_and(|from| from.eq_ignore_ascii_case(&one.asked))
        };
        if waiting.get(id).is_some_and(is_asked)
            && let Some(waiting) = waiting.remove(id)
        {
            let _ = waiting.answer.send(stanza);
        }
        None
    }

    /// Nobody waits for this one any more.
    pub(super) fn forget(&self, id: &str) {
        self.waiting().remove(id);
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<String, WaitingQuestion>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iq(kind: &str, id: &str, from: &str) -> Element {
        let xml =
            format!("<iq xmlns='jabber:component:accept' type='{kind}' id='{id}' from='{from}'/>");
        xml.parse().unwrap()
    }

    #[test]
    fn an_answer_is_from_whom_was_asked_and_goes_to_who_asked() {
        let questions = Questions::default();
        let (id, mut answered) = questions.begin("upload.a.example");
        let request = iq("get", &id, "upload.a.example");
        assert_eq!(questions.take_answer(request.clone()), Some(request));
        let other = iq("result", "1", "upload.a.example");
        assert_eq!(questions.take_answer(other.clone()), Some(other));
        assert_eq!(
            questions.take_answer(iq("result", &id, "eve@a.example")),
            None
        );
        assert!(answered.try_recv().is_err(), "somebody else's");
        let answer = iq("error", &id, "Upload.a.example");
        assert_eq!(questions.take_answer(answer.clone()), None);
        assert_eq!(answered.try_recv().unwrap(), answer);
        let (id, answered) = questions.begin("a.example");
        questions.forget(&id);
        assert_eq!(questions.take_answer(iq("result", &id, "a.example")), None);
        assert!(answered.blocking_recv().is_err());
    }
}
