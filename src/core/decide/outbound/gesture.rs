//! What a client does to a message that is there already: a reaction to it, a correction, an answer that quotes it. To who has
//! a gateway these are stanzas; to people with a mail program they are words. What cannot be done by mail is in [`super::unsupported`].

use crate::core::context::Missing;
use crate::core::decide::decider::Decider;
use crate::core::decide::outbound::outgoing::{MessageStanza, OutgoingAddresses};
use crate::core::from_stanza::Stanza;
use crate::core::id::{StanzaId, content_digest};
use crate::core::language::Language;
use crate::core::limits::HEADER_TEXT_CHARS_MAX;
use crate::core::notice;
use crate::core::record::{self, Direction};
use crate::core::text::clean;
use crate::core::xml::{CORRECTION, FALLBACK, REACTIONS, REPLY};
use minidom::Element;

/// The longest reaction, in characters.
const EMOJI_CHARS_MAX: usize = 40;

/// What is done to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
enum GestureKind {
    /// XEP-0444, with the emoji; none: they are taken back.
    Reaction(Vec<String>),
    /// XEP-0308.
    Correction,
}

/// Something that is done to a message.
#[derive(Clone, Debug)]
pub(crate) struct Gesture {
    kind: GestureKind,
    /// The id of the message, as the client knows it.
    pub about: Option<StanzaId>,
}

/// What of it a person gets who has a mail program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InWords {
    /// A mail with this text.
    Mail(String),
    /// A mail as of a message that stands for itself: what it is about has never left.
    Alone,
    /// Nothing.
    Nothing,
}

impl Gesture {
    /// `None` for a message that stands for itself.
    pub(crate) fn of(stanza: &Element) -> Option<Self> {
        stanza.children().find_map(|child| {
            let namespace = child.ns();
            let kind = match (child.name(), namespace.as_str()) {
                ("reactions", REACTIONS) => GestureKind::Reaction(emoji(child)),
                ("replace", CORRECTION) => GestureKind::Correction,
                _ => return None,
            };
            let about = child.attr("id").and_then(StanzaId::parse);
            Some(Self { kind, about })
        })
    }

    /// The message that it corrects.
    pub(crate) fn corrects(&self) -> Option<&StanzaId> {
        let about = self.about.as_ref();
        about.filter(|_| self.kind == GestureKind::Correction)
    }

    /// The emoji of a reaction.
    pub(crate) fn emoji(&self) -> Option<String> {
        match &self.kind {
            GestureKind::Reaction(emoji) => Some(emoji.join(" ")),
            GestureKind::Correction => None,
        }
    }

    /// Whether it takes all reactions back.
    pub(crate) fn takes_back(&self) -> bool {
        matches!(&self.kind, GestureKind::Reaction(emoji) if emoji.is_empty())
    }

    /// [`content_digest`] of it: the same whether it changes what waits or goes in words, so that the same stanza, sent again, is
    /// never done in both ways.
    pub(crate) fn digest(&self, body: Option<&str>) -> String {
        let about = self.about.as_ref().map_or("", StanzaId::as_str);
        match &self.kind {
            GestureKind::Reaction(emoji) => {
                content_digest(&["reaction to", about, &emoji.join(" ")])
            }
            GestureKind::Correction => {
                content_digest(&["in place of", about, body.unwrap_or_default()])
            }
        }
    }

    /// What a contact with a mail program gets of it. `body` is what the message says.
    pub(crate) fn in_words(
        &self,
        decider: Decider<'_>,
        outgoing: &OutgoingAddresses,
        body: Option<&str>,
    ) -> Result<InWords, Missing> {
        let (user, contact) = (&outgoing.user, &outgoing.contact);
        let about = match &self.about {
            Some(id) => decider.rows.stanza(user, contact, id)?,
            None => None,
        };
        // What was taken back is said to nobody, nor quoted. What comes in its place, or in that of a command or of what was
        // refused, of which there is no row, is new to whoever reads it.
        let about = about.filter(|about| !about.sent.taken_back);
        let is_unseen = about.is_none();
        let before = about.map_or("", |about| about.sent.excerpt.as_str());
        Ok(match &self.kind {
            GestureKind::Reaction(emoji) if emoji.is_empty() => InWords::Nothing,
            GestureKind::Reaction(emoji) => {
                InWords::Mail(notice::reaction(decider.language, &emoji.join(" "), before))
            }
            GestureKind::Correction => match body {
                Some(_) if is_unseen => InWords::Alone,
                Some(body) => InWords::Mail(notice::corrected(decider.language, body, before)),
                None => InWords::Nothing,
            },
        })
    }
}

fn emoji(reactions: &Element) -> Vec<String> {
    let emoji = reactions
        .children()
        .map(|one| clean::for_header(&one.text(), EMOJI_CHARS_MAX));
    let mut all: Vec<String> = Vec::new();
    for one in emoji.filter(|one| !one.is_empty()) {
        let length: usize = all.iter().map(String::len).sum();
        if length.saturating_add(one.len()) <= HEADER_TEXT_CHARS_MAX && !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

/// The text of an answer as mail programs write it: who wrote what, where `name` says what the contact is called, the quotation, a
/// blank line, the answer. `None` where the client says of no part of the body that it is a quotation (XEP-0461 §3.1).
pub(crate) fn answer(
    language: Language,
    MessageStanza { stanza, message }: MessageStanza<'_>,
    answered: Option<&record::Message>,
    name: Option<&str>,
) -> Option<String> {
    let body = message.body.as_deref()?;
    let (start, end) = quotation(stanza, body)?;
    let quoted: String = body
        .chars()
        .skip(start)
        .take(end.saturating_sub(start))
        .collect();
    let before: String = body.chars().take(start).collect();
    let after: String = body.chars().skip(end).collect();
    let own = format!("{}{}", before.trim_end(), after.trim_start());
    // Whoever has the address of a mail can read all of it.
    let own = notice::without_whole_mail(&own);
    let mut quoted = unmarked(&quoted);
    let count = quoted.len();
    quoted.retain(|line| !notice::is_whole_mail_line(line));
    let is_link_alone = quoted.is_empty() && count > 0 && !own.trim().is_empty();
    // What this gateway says in a conversation is nobody's word, and in no row.
    let is_notice = answered.is_none() && quoted.first().is_some_and(|line| line.starts_with('['));
    if is_link_alone || is_notice {
        return Some(own);
    }
    let excerpt = answered.map_or("", |answered| answered.sent.excerpt.as_str());
    let quoted = of_author(unnamed(&quoted, excerpt));
    let lines: Vec<String> = match quoted {
        [line] if is_beginning(line, excerpt) => vec![as_quotation(excerpt)],
        lines => lines.iter().map(|line| as_quotation(line)).collect(),
    };
    let who = name.map(|name| match answered.map(|answered| answered.direction) {
        Some(Direction::Out) => format!("{}\n", notice::you_quote_yourself(language)),
        _ => format!("{}\n", notice::you_quote(language, name)),
    });
    let who = who.unwrap_or_default();
    let is_empty = lines.is_empty() || own.trim().is_empty();
    (!is_empty).then(|| format!("{who}{}\n\n{own}", lines.join("\n")))
}

/// From which character to which the body is a quotation, as the client says.
fn quotation(stanza: &Stanza, body: &str) -> Option<(usize, usize)> {
    let is_reply =
        |child: &&Element| child.is("fallback", FALLBACK) && child.attr("for") == Some(REPLY);
    let fallback = stanza.element.children().find(is_reply)?;
    let range = fallback.children().find(|child| child.name() == "body")?;
    let number = |name: &str| range.attr(name)?.parse::<usize>().ok();
    let (start, end) = (number("start")?, number("end")?);
    (start <= end && end <= body.chars().count()).then_some((start, end))
}

/// What the body quotes at its beginning, and what the user says below it.
pub(crate) fn quoted_and_own<'a>(stanza: &Stanza, body: &'a str) -> (&'a str, &'a str) {
    let (start, end) = quotation(stanza, body).unwrap_or_default();
    let octets = |chars: usize| {
        body.char_indices()
            .nth(chars)
            .map_or(body.len(), |(at, _)| at)
    };
    let before = body.get(..octets(start)).unwrap_or_default();
    match before.trim().is_empty() {
        true => body.split_at_checked(octets(end)).unwrap_or(("", body)),
        false => ("", body),
    }
}

/// The lines that are quoted, without the mark that clients put before each.
fn unmarked(quoted: &str) -> Vec<String> {
    let lines = || quoted.trim_end().lines();
    let is_marked = lines().all(|line| line.starts_with('>'));
    let unmark = |line: &str| match line.strip_prefix('>').filter(|_| is_marked) {
        Some(line) => line.strip_prefix(' ').unwrap_or(line).to_owned(),
        None => line.to_owned(),
    };
    lines().map(unmark).collect()
}

/// The lines without the name of their author, which Converse.js puts above them and `who` says.
fn unnamed<'a>(lines: &'a [String], excerpt: &str) -> &'a [String] {
    match lines {
        [name, rest @ ..]
            if name.ends_with(':') && !excerpt.is_empty() && !excerpt.starts_with(name) =>
        {
            rest
        }
        lines => lines,
    }
}

/// Whether a client has cut the line short of what is known of the message.
fn is_beginning(line: &str, excerpt: &str) -> bool {
    let begins = line.strip_suffix('…').map(str::trim_end);
    begins.is_some_and(|begins| begins.len() < excerpt.len() && excerpt.starts_with(begins))
}

/// What of the lines its author wrote: not the subject and the recipients, which this gateway has put above.
fn of_author(lines: &[String]) -> &[String] {
    let is_above = |line: &&String| {
        line.trim().is_empty() || notice::is_subject_line(line) || notice::is_recipients_line(line)
    };
    let above = lines.iter().take_while(is_above).count();
    match lines.get(above..) {
        Some([]) | None => lines,
        Some(rest) => rest,
    }
}

fn as_quotation(line: &str) -> String {
    match line.is_empty() || line.starts_with('>') {
        true => format!(">{line}"),
        false => format!("> {line}"),
    }
}

/// How a text begins, as it is named later: one line, without what it quotes.
pub(crate) fn excerpt(text: &str) -> String {
    let is_quoted = |line: &&str| line.starts_with('>');
    let after = text.lines().rev().take_while(|line| !is_quoted(line));
    let own: Vec<&str> = after.collect();
    let own: Vec<&str> = own.into_iter().rev().collect();
    let own = own.join(" ");
    let own = if own.trim().is_empty() { text } else { &own };
    let whole = clean::for_header(own, HEADER_TEXT_CHARS_MAX);
    let brief = clean::for_header(own, crate::core::limits::EXCERPT_CHARS_MAX);
    match whole.len() > brief.len() {
        true => format!("{brief}…"),
        false => brief,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::from_stanza::{self, StanzaKind};

    fn read(children: &str) -> Stanza {
        let xml = format!(
            "<message xmlns='jabber:component:accept' from='alice@a.example/x' to='carol\\40mail.example@gateway.a.example' id='2' type='chat'>{children}</message>"
        );
        from_stanza::read(xml.parse().unwrap()).unwrap()
    }

    fn answered(children: &str) -> Option<String> {
        let stanza = read(children);
        let StanzaKind::Message(message) = &stanza.kind else {
            panic!("{children}")
        };
        let source = MessageStanza {
            stanza: &stanza,
            message,
        };
        answer(Language::ENGLISH, source, None, Some("Carol"))
    }

    #[test]
    fn a_quotation_stands_above_the_answer_and_apart_from_it() {
        let reply = |start: &str, end: &str, body: &str| {
            answered(&format!(
                "<body>{body}</body><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='{start}' end='{end}'/></fallback>"
            ))
        };
        let said = reply("0", "12", "&gt; Ünchtime?\nYes");
        assert_eq!(said.as_deref(), Some("Carol wrote:\n> Ünchtime?\n\nYes"));
        let unmarked = reply("0", "7", "Lunch?\nYes");
        assert_eq!(unmarked.as_deref(), Some("Carol wrote:\n> Lunch?\n\nYes"));
        for (start, end) in [
            ("0", "99"),
            ("5", "3"),
            ("-1", "3"),
            ("", ""),
            ("0", "0"),
            ("0", "16"),
        ] {
            assert_eq!(
                reply(start, end, "&gt; Lunchtime?\nYes"),
                None,
                "{start}-{end}"
            );
        }
        assert_eq!(answered("<body>&gt; Lunch?\nYes</body>"), None);
    }

    #[test]
    fn gestures_are_known_by_what_they_are() {
        let kind = |children: &str| Gesture::of(&read(children).element).map(|one| one.kind);
        let emoji = |all: &[&str]| {
            Some(GestureKind::Reaction(
                all.iter().map(|one| (*one).to_owned()).collect(),
            ))
        };
        assert_eq!(kind("<body>x</body>"), None);
        assert_eq!(
            kind(
                "<reactions xmlns='urn:xmpp:reactions:0' id='1'><reaction>👍</reaction><reaction>👍</reaction><reaction> </reaction></reactions>"
            ),
            emoji(&["👍"])
        );
        assert_eq!(
            kind("<reactions xmlns='urn:xmpp:reactions:0' id='1'/>"),
            emoji(&[])
        );
        assert_eq!(
            kind("<body>x</body><replace xmlns='urn:xmpp:message-correct:0' id='1'/>"),
            Some(GestureKind::Correction)
        );
    }

    #[test]
    fn an_excerpt_is_one_short_line_of_ones_own() {
        assert_eq!(excerpt("Lunch at\nnoon?"), "Lunch at noon?");
        assert_eq!(excerpt("Carol wrote:\n> Lunch?\n\nYes"), "Yes");
        assert_eq!(excerpt("> Lunch?"), "> Lunch?");
        assert_eq!(excerpt(""), "");
        let long = excerpt(&"word ".repeat(50));
        assert!(long.ends_with('…') && long.chars().count() <= 61, "{long}");
    }
}
