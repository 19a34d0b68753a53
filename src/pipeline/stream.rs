//! Events of the XMPP stream, and what becomes of those that come while something else is awaited.

use super::{CLOSE_WAIT, EVENTS_PER_BATCH};
use crate::xmpp::XmppEvent;
use minidom::Element;
use std::collections::VecDeque;
use tokio::sync::mpsc;

/// Events that are taken aside while an answer is awaited; then the stream waits.
const EVENTS_ASIDE_MAX: usize = 20_000;

/// Events of the stream. The reader that passes them on also reads the answers to pings, so while the loop waits for such
/// an answer it goes on taking events.
#[derive(Debug)]
pub struct Stream {
    events: mpsc::Receiver<XmppEvent>,
    waiting: VecDeque<XmppEvent>,
    /// What is being decided about.
    pub(super) in_hand: Vec<XmppEvent>,
}

impl Stream {
    /// These stanzas, which are left of an earlier stream, and then what comes.
    pub fn new(events: mpsc::Receiver<XmppEvent>, left: Vec<Element>) -> Self {
        Self {
            events,
            waiting: left.into_iter().map(XmppEvent::Stanza).collect(),
            in_hand: Vec::new(),
        }
    }

    /// Takes at least one event in hand, at most [`EVENTS_PER_BATCH`]; false when the stream has ended for good.
    pub(super) async fn next(&mut self) -> bool {
        let held = self.waiting.len().min(EVENTS_PER_BATCH);
        self.in_hand.extend(self.waiting.drain(..held));
        if self.in_hand.is_empty() {
            let taken = self.events.recv_many(&mut self.in_hand, EVENTS_PER_BATCH);
            taken.await;
        }
        !self.in_hand.is_empty()
    }

    /// After the loop has failed: the stanzas that it had in hand, and those that it had not, to the end of the stream.
    pub async fn left(mut self) -> (Vec<Element>, Vec<Element>) {
        let rest = async {
            while let Some(event) = self.events.recv().await {
                self.waiting.push_back(event);
            }
        };
        let _ = tokio::time::timeout(CLOSE_WAIT, rest).await;
        let stanza = |event| match event {
            XmppEvent::Stanza(element) => Some(element),
            XmppEvent::Online | XmppEvent::Offline { .. } => None,
        };
        (
            self.in_hand.into_iter().filter_map(stanza).collect(),
            self.waiting.into_iter().filter_map(stanza).collect(),
        )
    }

    /// Takes events aside while `work` goes on.
    pub(super) async fn aside<T>(&mut self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                event = self.events.recv(), if self.waiting.len() < EVENTS_ASIDE_MAX => match event {
                    Some(event) => self.waiting.push_back(event),
                    None => return work.await,
                },
            }
        }
    }
}

/// How many of these are not sent anew by themselves when a lost stream is back, as is who is there.
pub(super) fn said_once(stanzas: &[Element]) -> usize {
    let is_repeated = |stanza: &Element| {
        stanza.name() == "presence" && matches!(stanza.attr("type"), None | Some("unavailable"))
    };
    stanzas.iter().filter(|stanza| !is_repeated(stanza)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_there_is_said_again_and_an_answer_is_not() {
        let stanzas = |of: &[&str]| -> Vec<Element> {
            let stanza = |text: &&str| format!("<{text} xmlns='jabber:component:accept'/>");
            of.iter()
                .map(|text| stanza(text).parse().unwrap())
                .collect()
        };
        let presence = stanzas(&["presence", "presence type='unavailable'"]);
        assert_eq!(said_once(&presence), 0);
        let answers = [
            "message type='error'",
            "iq type='result'",
            "presence type='subscribed'",
        ];
        assert_eq!(said_once(&stanzas(&answers)), 3);
    }
}
