//! What the core fails on by a defect, hurts nobody but itself: it is set aside, whom it concerns is told, and the loop
//! goes on. Nothing is tried a second time but by an admin.

use super::decided::or_by_defect;
use super::{Decided, Fatal, Pipeline};
use crate::core::context::Context;
use crate::core::decide::Decider;
use crate::core::decide::decision::Decision;
use crate::core::decide::inbound::arrived::Arrived;
use crate::core::from_mail::{self, UnreadableMail};
use crate::core::id::JobId;
use crate::core::language::Language;
use crate::core::notice::{self, KeptAt};
use crate::core::time::Timestamp;
use crate::core::to_stanza::{self, Condition};
use crate::core::xml;
use crate::inbound;
use crate::panics;
use crate::smtp::Settle;
use crate::store::Store;
use crate::store::quarantine::{Note, QuarantineKind};
use jid::BareJid;
use minidom::{Element, Node};
use rxml::Namespace;
use std::borrow::Cow;
use std::sync::Arc;

/// Why something is set aside that nothing has failed on.
pub(super) const DEADLY: &str = "the process died twice while it was at work on this";

/// Children of a stanza by which the same one differs each time that it is sent.
const CHANGING: [&str; 3] = ["origin-id", "stanza-id", "delay"];

/// Why a mail could not be read.
#[derive(Debug)]
pub enum Unread {
    /// It is none.
    Unreadable(UnreadableMail),
    /// Reading it failed by a defect.
    Poison(String),
    /// The process has died of it twice. What its header says, if that was no cause.
    Deadly(Option<Box<from_mail::ParsedMail>>),
}

impl<S: Store> Pipeline<S> {
    /// Its sender gets an error, where one is due.
    pub(super) async fn set_stanza_aside(&self, element: &Element, why: &str) -> Decided {
        let content = xml::write(element).unwrap_or_default().into_bytes();
        self.keep(stanza_note(element, why), content).await;
        let words = notice::failed(self.language_in(element));
        let answer = panics::caught(|| {
            to_stanza::error_reply(element, Condition::UndefinedCondition, &words)
        });
        Decided {
            refusal: None,
            decision: Decision::answer(answer.unwrap_or_default()),
        }
    }

    /// What a stanza says of its language, without a look at anything else.
    fn language_in(&self, element: &Element) -> Language {
        let tag = element.attr_ns(&Namespace::XML, "lang");
        tag.and_then(Language::of_tag)
            .unwrap_or(self.settings.language)
    }

    /// A mail that could not be read. Whom it is for is known where the mailbox is somebody's.
    pub(super) async fn unread(
        &self,
        mailbox: &str,
        fetched: &inbound::InboundMail,
        unread: &Unread,
    ) -> Option<Decision> {
        let kept = match fetched.envelope {
            Some(_) => KeptAt::Nowhere,
            None => KeptAt::Mailbox,
        };
        match unread {
            Unread::Unreadable(error) => {
                let what = kept.left();
                tracing::warn!(mailbox, uid = fetched.uid, %error, "a mail {what}");
                None
            }
            Unread::Poison(_) | Unread::Deadly(_) => {
                let why = match unread {
                    Unread::Poison(why) => why,
                    _ => DEADLY,
                };
                self.set_mail_aside(mailbox, fetched, None, why).await;
                let bound = self.mailboxes.get(mailbox);
                let bound = bound.and_then(|meaning| meaning.bound.as_ref());
                let id = format!("not-shown-{}", fetched.uid);
                let told = bound.map(|user| {
                    let language = self.settings.language;
                    let words = notice::not_shown(language, None, kept);
                    let from_to = (self.settings.gateway.as_str(), user.as_str());
                    to_stanza::notice(language, from_to, &id, &words)
                });
                Some(Decision::answer(told))
            }
        }
    }

    /// The mail itself stays in the mailbox.
    pub(super) async fn set_mail_aside(
        &self,
        mailbox: &str,
        fetched: &inbound::InboundMail,
        mail: Option<&from_mail::ParsedMail>,
        why: &str,
    ) {
        let from = mail.and_then(|mail| mail.from.as_ref());
        let to = mail.and_then(|mail| mail.to.first());
        let address = |person: &from_mail::Person| person.address.to_string();
        let note = Note {
            kind: QuarantineKind::Mail,
            at: Timestamp::now(),
            why: why.to_owned(),
            from: from.map(address).unwrap_or_default(),
            to: to.map(address).unwrap_or_default(),
            mailbox: Some(mailbox.to_owned()),
            envelope: fetched
                .envelope
                .as_ref()
                .map(|all| all.iter().map(ToString::to_string).collect()),
            octets: fetched.octets,
            header_only: fetched.header_only,
        };
        let raw = fetched.raw.clone();
        let content = crate::system::blocking(move || raw.whole()).await;
        match content {
            Ok(Ok(content)) => self.keep(note, content.octets().to_vec()).await,
            Ok(Err(error)) => {
                tracing::error!(%error, "a mail cannot be set aside: what of it lies on the disk cannot be read");
            }
            Err(_) => {}
        }
    }

    pub(super) async fn tell_of_failure(
        &self,
        context: &mut Context,
        arrived: &Arrived<'_>,
        now: Timestamp,
    ) -> Result<Decision, Fatal> {
        let decide =
            |context: &Context| Decider::new(&self.settings, context, now).failed_mail(arrived);
        let told = self.decided(context, decide).await;
        or_by_defect(told, |why| {
            tracing::error!("nor can its recipients be told ({why})");
            Decision::nothing()
        })
    }

    async fn keep(&self, note: Note, content: Vec<u8>) {
        let (kind, why) = (note.kind, note.why.clone());
        let quarantine = Arc::clone(&self.quarantine);
        let put = crate::system::blocking(move || quarantine.put(&note, &content)).await;
        let kept = put.unwrap_or_else(|error| Err(error.into()));
        let what = match kind {
            QuarantineKind::Stanza => "stanza",
            QuarantineKind::Mail => "mail",
        };
        match kept {
            Ok(kept) => tracing::error!(
                kept,
                "the gateway failed on a {what} and has set it aside; this is a defect, please report it \
                 (`stanzamail queue list` shows it, and when the cause is mended `stanzamail queue retry` tries it again): {why}"
            ),
            Err(error) => tracing::error!(
                %error,
                "the gateway failed on a {what} and could not even keep it; this is a defect, please report it: {why}"
            ),
        }
    }
}

/// What is to be known of a stanza that is set aside.
pub fn stanza_note(element: &Element, why: &str) -> Note {
    let attribute = |name| element.attr(name).unwrap_or_default().to_owned();
    Note {
        kind: QuarantineKind::Stanza,
        at: Timestamp::now(),
        why: why.to_owned(),
        from: attribute("from"),
        to: attribute("to"),
        mailbox: None,
        envelope: None,
        octets: 0,
        header_only: false,
    }
}

/// A stanza by what it says, so that it is known when it is sent again under another id.
pub fn stanza_key(element: &Element) -> JobId {
    let attribute = |name| element.attr(name).unwrap_or_default();
    let from = attribute("from").split('/').next().unwrap_or_default();
    let mut said: Vec<Cow<'_, str>> = vec!["stanza".into(), element.name().into(), from.into()];
    said.extend(["to", "type"].map(|name| Cow::from(attribute(name))));
    said.extend(element.nodes().filter_map(|node| match node {
        Node::Element(child) if CHANGING.contains(&child.name()) => None,
        Node::Element(child) => Some(text_of(child).into()),
        Node::Text(text) => Some(text.into()),
    }));
    JobId::of_name(&said.iter().map(AsRef::as_ref).collect::<Vec<&str>>())
}

/// In place of a decision about what became of a mail.
pub(super) fn nothing_of_job(settle: &Settle) -> impl FnOnce(String) -> Decision {
    move |why| {
        tracing::error!(job = %settle.job.id, "the gateway failed on what became of a mail, which is a defect, please report it: nobody is told ({why})");
        Decision::nothing()
    }
}

/// In place of a decision that is not about something that came, and that failed by a defect.
pub(super) fn nothing_of<T: Default>(user: &BareJid) -> impl FnOnce(String) -> T {
    move |why| {
        tracing::error!(user = %user.domain(), "the gateway failed on a presence, which is a defect, please report it: nothing is told ({why})");
        T::default()
    }
}

/// All that a stanza says.
pub(super) fn text_of(element: &Element) -> String {
    xml::write(element).unwrap_or_default()
}
