//! What the core fails on by a defect, hurts nobody but itself: it is set aside, whom it concerns is told, and the loop
//! goes on. Nothing is tried a second time but by an admin.

use super::{Decided, Fatal, Pipeline};
use crate::core::context::Context;
use crate::core::decide::Decision;
use crate::core::decide::incoming::{self, Arrived};
use crate::core::from_mail::{self, Unreadable};
use crate::core::notice;
use crate::core::time::Timestamp;
use crate::core::to_stanza::{self, Condition};
use crate::core::xml;
use crate::crash;
use crate::imap::Fetched;
use crate::store::Store;
use crate::store::quarantine::{Kind, Note};
use jid::BareJid;
use minidom::Element;
use std::sync::Arc;

/// Why a mail could not be read.
#[derive(Debug)]
pub enum Unread {
    /// It is none.
    Unreadable(Unreadable),
    /// Reading it failed by a defect.
    Poison(String),
}

impl<S: Store> Pipeline<S> {
    /// Its sender gets an error, where one is due.
    pub(super) async fn set_stanza_aside(&self, element: &Element, why: &str) -> Decided {
        let content = xml::write(element).unwrap_or_default().into_bytes();
        self.keep(stanza_note(element, why), content).await;
        let words = notice::failed();
        let answer = crash::caught(|| {
            to_stanza::error_reply(element, Condition::UndefinedCondition, &words)
        });
        Decided {
            refusal: None,
            decision: Decision::answer(answer.unwrap_or_default()),
        }
    }

    /// A mail that could not be read. Whom it is for is known where the mailbox is somebody's.
    pub(super) async fn unread(
        &self,
        mailbox: &str,
        fetched: &Fetched,
        unread: &Unread,
    ) -> Option<Decision> {
        match unread {
            Unread::Unreadable(error) => {
                tracing::warn!(mailbox, uid = fetched.uid, %error, "left in the mailbox");
                None
            }
            Unread::Poison(why) => {
                self.set_mail_aside(mailbox, fetched, None, why).await;
                let bound = self.mailboxes.get(mailbox);
                let bound = bound.and_then(|meaning| meaning.bound.as_ref());
                let id = format!("not-shown-{}", fetched.uid);
                let told = bound.map(|user| {
                    let words = notice::not_shown(None);
                    to_stanza::notice(self.settings.gateway.as_str(), user.as_str(), &id, &words)
                });
                Some(Decision::answer(told))
            }
        }
    }

    /// The mail itself stays in the mailbox.
    pub(super) async fn set_mail_aside(
        &self,
        mailbox: &str,
        fetched: &Fetched,
        mail: Option<&from_mail::Mail>,
        why: &str,
    ) {
        let from = mail.and_then(|mail| mail.from.as_ref());
        let to = mail.and_then(|mail| mail.to.first());
        let address = |person: &from_mail::Person| person.address.to_string();
        let note = Note {
            kind: Kind::Mail,
            at: Timestamp::now(),
            why: why.to_owned(),
            from: from.map(address).unwrap_or_default(),
            to: to.map(address).unwrap_or_default(),
            mailbox: Some(mailbox.to_owned()),
            octets: fetched.octets,
            header_only: fetched.header_only,
        };
        self.keep(note, fetched.raw.clone()).await;
    }

    pub(super) async fn tell_of_failure(
        &self,
        context: &mut Context,
        arrived: &Arrived<'_>,
        now: Timestamp,
    ) -> Result<Decision, Fatal> {
        let decide = |context: &Context| incoming::not_shown(&self.settings, context, arrived, now);
        let told = self.decided(context, decide).await?;
        Ok(told.unwrap_or_else(|why| {
            tracing::error!("nor can its recipients be told ({why})");
            Decision::nothing()
        }))
    }

    async fn keep(&self, note: Note, content: Vec<u8>) {
        let (kind, why) = (note.kind, note.why.clone());
        let quarantine = Arc::clone(&self.quarantine);
        let put = crate::system::blocking(move || quarantine.put(&note, &content)).await;
        let kept = put.unwrap_or_else(|error| Err(error.into()));
        let what = match kind {
            Kind::Stanza => "stanza",
            Kind::Mail => "mail",
        };
        match kept {
            Ok(kept) => tracing::error!(
                kept,
                "the gateway failed on a {what} and has set it aside; this is a defect, please report it \
                 (`stanzamail queue list` shows it): {why}"
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
        kind: Kind::Stanza,
        at: Timestamp::now(),
        why: why.to_owned(),
        from: attribute("from"),
        to: attribute("to"),
        mailbox: None,
        octets: 0,
        header_only: false,
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
