//! What a user reads of a mail.

use crate::core::decide::inbound::arrived::Arrived;
use crate::core::decide::inbound::trust::SenderTrust;
use crate::core::from_mail::{self, Attachment};
use crate::core::id::StanzaId;
use crate::core::language::Language;
use crate::core::limits::{LISTED_MAX, SHOWN_OCTETS_MAX};
use crate::core::notice::KeptAt;
use crate::core::record::{Quotes, Thread};
use crate::core::text::{clean, subject};
use crate::core::{notice, xml};
use jid::BareJid;

/// What the user reads.
pub(crate) struct ShownText {
    pub text: String,
    /// The mail says more: something was cut, simplified or is only named.
    pub is_less: bool,
}

/// What stands above the text.
#[derive(Clone, Copy)]
pub(crate) struct Above<'a> {
    /// What is said of the sender, on top of all.
    pub marks: &'a [String],
    pub subject: Option<&'a str>,
    /// Who else has the mail.
    pub to: Option<&'a str>,
    /// Where the whole of it lies, should this be less.
    pub kept: KeptAt,
}

/// What the user reads, not longer than servers take it.
pub(crate) fn shown_text(
    (language, quotes): (Language, Quotes),
    arrived: &Arrived<'_>,
    above: Above<'_>,
) -> ShownText {
    let text = text(language, arrived, quotes, above);
    let text = match above.marks {
        [] => text,
        marks => format!("{}\n{text}", marks.join("\n")),
    };
    let shown = xml::cut(&text, SHOWN_OCTETS_MAX);
    let is_cut = shown.len() < text.len();
    let is_less = is_cut || is_less(arrived, quotes);
    let text = match is_cut {
        true => format!(
            "{}\n{}",
            shown.trim_end(),
            notice::cut(language, arrived.octets, above.kept)
        ),
        false => text,
    };
    ShownText { text, is_less }
}

/// Whether a text is less than the mail, whatever its length.
fn is_less(arrived: &Arrived<'_>, quotes: Quotes) -> bool {
    let mail = arrived.mail;
    let is_quoting = quotes == Quotes::Cut && mail.own_text.is_some();
    let mut attachments = mail.attachments.iter().enumerate();
    // The logos of a text are part of its looks.
    let is_named = |(index, one): (usize, &Attachment)| {
        !one.is_ornament && arrived.files.outcome(index).is_err()
    };
    is_quoting
        || mail.text_cut
        || mail.is_simplified
        || !mail.enclosed.is_empty()
        || attachments.any(is_named)
}

/// The id of the message that a mail becomes: the same each time, and another one for each mail under one Message-ID.
pub(crate) fn stanza_id(
    mail: &from_mail::ParsedMail,
    user: &BareJid,
    trust: SenderTrust,
) -> StanzaId {
    let kind = format!("{} {}", trust.kind(), mail.digest);
    StanzaId::derive(&mail.message_id, user, &kind)
}

/// What the user reads: the subject in bold where it is shown, who else has it, the text, and what else the mail holds.
fn text(language: Language, arrived: &Arrived<'_>, quotes: Quotes, above: Above<'_>) -> String {
    let Above {
        subject, to, kept, ..
    } = above;
    let mail = arrived.mail;
    let own = mail.own_text.as_ref().filter(|_| quotes == Quotes::Cut);
    let mut blocks: Vec<String> = Vec::new();
    blocks.extend(subject.map(notice::subject_line));
    blocks.extend(to.map(str::to_owned));
    let introduction = blocks.len();
    match arrived.over {
        Some(max) => blocks.push(notice::too_large(language, arrived.octets, max)),
        None => {
            let text = own.unwrap_or(&mail.text);
            let text = mail.enclosed.told(text, language);
            blocks.extend((!clean::is_blank(&text)).then(|| text.into_owned()));
            // The author's own words are whole.
            let is_cut = mail.text_cut && own.is_none();
            blocks.extend(is_cut.then(|| notice::cut(language, arrived.octets, kept)));
            let is_named = |(index, one): &(usize, &Attachment)| {
                arrived.files.outcome(*index).is_err() || one.is_in_words()
            };
            let named = mail.attachments.iter().enumerate().filter(is_named);
            let named: Vec<(&Attachment, Option<String>)> = named
                .map(|(index, one)| {
                    let why = arrived.files.outcome(index).as_ref().err();
                    (
                        one,
                        why.and_then(|why| notice::not_hosted(language, why, kept)),
                    )
                })
                .collect();
            let (mut lines, more) = from_mail::attachment_lines(language, &named, LISTED_MAX);
            lines.extend((more > 0).then(|| notice::more_attachments(language, more, kept)));
            blocks.extend((!lines.is_empty()).then(|| lines.join("\n")));
        }
    }
    // A picture without words is no empty mail.
    let has_files = arrived.files.hosted().next().is_some();
    if blocks.len() == introduction && mail.is_subject_all {
        // Shown, even where the conversation has it.
        let all = mail.base_subject.clone().filter(|_| subject.is_none());
        blocks.extend(all);
    } else if blocks.len() == introduction && !has_files {
        blocks.push(notice::empty_mail(language));
    }
    blocks.join("\n")
}

/// A subject is shown where it opens a thread or changes one.
pub(crate) fn shown_subject(
    mail: &from_mail::ParsedMail,
    thread: Option<&Thread>,
) -> Option<String> {
    // A program that shows mails as a chat writes one for others.
    let base = mail.base_subject.as_deref().filter(|_| mail.chat.is_none());
    let base = base.filter(|base| !base.is_empty())?;
    let known = thread
        .and_then(|thread| thread.subject.as_deref())
        .map(subject::base);
    (known != Some(base)).then(|| base.to_owned())
}
