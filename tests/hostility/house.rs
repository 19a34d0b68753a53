//! The gateway of a.example without its servers: what it decides, with its rows in memory.

use super::decided::{arrived, decided, settings};
use minidom::Element;
use stanzamail::core::context::{Context, Missing};
use stanzamail::core::decide::incoming::Fate;
use stanzamail::core::decide::{self, Decision};
use stanzamail::core::quota::Quotas;
use stanzamail::core::settings::Settings;
use stanzamail::core::time::Timestamp;
use stanzamail::core::{from_mail, from_stanza};
use stanzamail::xmpp::codec::{Decoder, encode};

pub const ALICE: &str = "alice@a.example/phone";
pub const CAROL: &str = "carol\\40mail.example@gateway.a.example";
pub const NS: &str = "jabber:component:accept";

pub struct House {
    pub settings: Settings,
    pub context: Context,
    pub now: Timestamp,
}

impl House {
    pub fn new() -> Self {
        Self {
            settings: settings(),
            context: Context::new(),
            now: Timestamp::from_xep0082("2026-11-22T12:00:00Z").unwrap(),
        }
    }

    fn ask<T>(
        &mut self,
        decide: impl Fn(&Settings, &Context, Timestamp) -> Result<T, Missing>,
    ) -> T {
        let (settings, now) = (&self.settings, self.now);
        decided(&mut self.context, |context| decide(settings, context, now))
    }

    /// What becomes of an element of the stream.
    pub fn element(&mut self, element: Element) -> Decision {
        let decision = match from_stanza::read(element) {
            Ok(stanza) => {
                self.ask(|settings, context, now| decide::stanza(settings, context, &stanza, now))
            }
            Err(malformed) => Decision::answer(malformed.answer.map(|answer| *answer)),
        };
        self.context.apply(&decision.writes);
        decision
    }

    /// What becomes of a stanza, where its sender may do only so much.
    pub fn allowed(&mut self, quotas: &mut Quotas, xml: &str) -> Decision {
        let element = Decoder::default().parse(xml.as_bytes()).unwrap();
        let stanza = from_stanza::read(element).unwrap_or_else(|_| panic!("malformed: {xml}"));
        let decision =
            self.ask(|settings, context, now| decide::stanza(settings, context, &stanza, now));
        let refusal = quotas.refusal(&stanza, &decision, self.now);
        let decision = refusal.unwrap_or(decision);
        self.context.apply(&decision.writes);
        decision
    }

    /// The same as [`House::element`], as it stands on the stream.
    pub fn stanza(&mut self, xml: &str) -> Decision {
        let element = Decoder::default().parse(xml.as_bytes());
        self.element(element.unwrap_or_else(|error| panic!("{error}: {xml}")))
    }

    /// What becomes of a mail; `None` where it cannot be read.
    pub fn mail(&mut self, raw: &[u8]) -> Option<(Decision, Fate)> {
        let mail = from_mail::read(raw, &self.settings.recipient_headers, false).ok()?;
        let arrived = arrived(&mail, raw);
        let (decision, fate) = self.ask(|settings, context, now| {
            decide::incoming::decide(settings, context, &arrived, now)
        });
        self.context.apply(&decision.writes);
        Some((decision, fate))
    }
}

/// A message with these children and their texts, which may hold anything.
pub fn message(id: &str, children: &[(&str, &str, &str)]) -> Element {
    let mut message = Element::bare("message", NS);
    for (name, value) in [("from", ALICE), ("to", CAROL), ("type", "chat"), ("id", id)] {
        set(&mut message, name, value);
    }
    for (name, namespace, text) in children {
        let mut child = Element::bare(*name, *namespace);
        child.append_text(*text);
        message.append_child(child);
    }
    message
}

pub fn set(element: &mut Element, name: &str, value: &str) {
    let name: rxml::NcName = name.to_owned().try_into().unwrap();
    element.set_attr(rxml::Namespace::NONE, name, value);
}

/// A stanza as it goes onto the stream, which the server's parser takes.
pub fn written(stanza: &Element) -> String {
    let mut octets = Vec::new();
    encode(stanza, &mut octets).expect("a stanza that can be written");
    let again = Decoder::default().parse(&octets);
    again.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&octets)));
    String::from_utf8(octets).unwrap()
}

/// The names of a mail's fields in their order, and its body.
pub fn fields_and_body(mail: &[u8]) -> (Vec<String>, String) {
    let text = String::from_utf8_lossy(mail).into_owned();
    let (header, body) = text.split_once("\r\n\r\n").expect("a header and a body");
    let names = header
        .split("\r\n")
        .filter(|line| !line.starts_with([' ', '\t']))
        .map(|line| line.split(':').next().unwrap_or_default().to_lowercase())
        .collect();
    (names, body.to_owned())
}
