//! The parts of a mail (RFC 2046) as one text and a list of attachments.

use super::attached_part::{MEDIA_TYPE_CHARS_MAX, attachment_of, is_calendar};
use super::attachment::Attachment;
use super::content::{
    begins_as_text, is_another_form, is_binary, is_html_source, is_signature, is_text,
    shows_more_than_words,
};
use super::enclosed::{self, Enclosed, TextPiece};
use super::inside::Contents;
use super::mime::MailPart;
use super::stub::is_stub;
use super::tnef::Tnef;
use super::{external, pictures, smime, tnef};
use crate::core::text::quotes::{self, Marked, QuoteContext};
use crate::core::text::{charset, clean, flowed, html};
use crate::core::{carried, limits, xml};
use minidom::Element;

/// What the Mac knows besides of the file that stands beside it (RFC 1740).
const RESOURCE_FORK: &str = "application/applefile";

/// Octets of which nothing is said.
const UNSAID: &str = "application/octet-stream";

/// Why stanzas are not read, for the log.
const AROUND: &str = "there is text before or behind the parts of the mail";
const TOO_MANY_PARTS: &str = "the mail has more parts than are read";
const HEADER_CUT: &str = "the header of its part is longer than is read";

/// What the body of a mail holds.
#[derive(Debug, Default)]
pub(super) struct MailBody {
    /// Cleaned, lines ended by `\n`.
    pub text: String,
    /// The text is shorter than what the mail holds.
    pub cut: bool,
    /// The text is that of a page which shows more than words, or has a line in place of what is encrypted.
    pub is_simplified: bool,
    /// The text without history and signature, where one was cut.
    pub own: Option<String>,
    /// What else the mail holds, in order.
    pub attachments: Vec<Attachment>,
    /// Files in the text itself, where a line stands in place of each.
    pub enclosed: Enclosed,
    /// As in [`super::ParsedMail`].
    pub carried: Option<Element>,
    /// As in [`super::ParsedMail`].
    pub carried_problem: Option<String>,
}

/// Reads the body: the best text for a chat, and everything else as attachments, so that nothing is passed over in
/// silence.
/// `charset`: what an encoded word of the header is in, for a text that does not say.
pub(super) fn read(
    mail: &MailPart<'_>,
    circumstances: &QuoteContext,
    charset: Option<&str>,
) -> MailBody {
    read_with(mail, circumstances, charset, Contents::Measured)
}

/// The same, with the contents of attachments where they are wanted.
pub(super) fn read_with(
    mail: &MailPart<'_>,
    circumstances: &QuoteContext,
    charset: Option<&str>,
    contents: Contents<'_>,
) -> MailBody {
    let mut reader = BodyReader {
        contents,
        parts_left: limits::MIME_PARTS_MAX,
        body: MailBody::default(),
        has_text: false,
        alternatives: 0,
        is_all_parts: mail.is_all_parts(),
        circumstances,
        charset,
        spare: None,
    };
    let mut found = reader.part(mail, PartPlace::default());
    let only = reader.body.attachments.len() == 1 && found.text.is_blank();
    if let Some(spare) = reader.spare.take().filter(|_| only) {
        // Of a phone: the text is a file, and there is nothing else.
        reader.body.attachments.clear();
        found.text = spare;
    }
    let own = found.own.as_ref().unwrap_or(&found.text);
    // What is not there could be the author's last words.
    let own = quotes::own(own, circumstances).filter(|_| !reader.body.cut);
    let whole = found.text.as_str();
    // No more of it can be shown, whatever white space there is.
    let start = clean::cut(whole, limits::BODY_OCTETS_MAX.saturating_mul(2));
    let text = tidy(start);
    let shown = xml::cut(&text, limits::BODY_OCTETS_MAX);
    let mut body = reader.body;
    body.is_simplified = found.is_rich;
    body.cut |= shown.len() < text.len() || start.len() < whole.len();
    body.text = shown.trim_end().to_owned();
    if body.text.is_empty() && body.attachments.is_empty() && body.carried.is_none() {
        // HTML of which no text remains: an image, or a page that only scripts fill. Or stanzas that nobody reads.
        body.attachments.extend(found.unseen);
    }
    drop_nameless_invitation(&mut body.attachments);
    let own = own.map(|own| tidy(&own.text).trim_end().to_owned());
    let own = own.filter(|own| !own.is_empty() || !body.attachments.is_empty());
    body.own = own.filter(|own| own.len() <= limits::BODY_OCTETS_MAX && *own != body.text);
    body
}

/// Whether a mail may be words of which its program says nothing: only all of them tell, since half of a letter is none.
pub(super) fn may_be_words(mail: &MailPart<'_>) -> bool {
    mail.media_type().as_deref() == Some(UNSAID) && begins_as_text(mail)
}

/// An invitation comes twice, among the alternatives and as a file: the file is shown.
fn drop_nameless_invitation(attachments: &mut Vec<Attachment>) {
    let is_calendar = |one: &Attachment| is_calendar(&one.media_type);
    if attachments
        .iter()
        .any(|one| is_calendar(one) && one.name.is_some())
    {
        attachments.retain(|one| !is_calendar(one) || one.name.is_some());
    }
}

/// Valid in XML, without white space at line ends (but a signature separator) and without blank lines in front.
fn tidy(text: &str) -> String {
    let text = clean::for_xml(text);
    let mut tidy = String::with_capacity(text.len());
    for line in text.lines() {
        let line = if line == "-- " { line } else { line.trim_end() };
        if !(line.is_empty() && tidy.is_empty()) {
            tidy.push_str(line);
            tidy.push('\n');
        }
    }
    tidy
}

/// Text of a part, or of the parts below it.
#[derive(Default)]
struct FoundText {
    text: Marked,
    /// Where it is another one: the form of the text that says more certainly what of it its author has written.
    own: Option<Marked>,
    is_html: bool,
    /// It shows more than words.
    is_rich: bool,
    /// HTML that gave no text.
    unseen: Option<Attachment>,
}

/// Whether a page says word for word what the text before it says: programs that do not know of alternatives.
fn says_the_same(text: &Marked, page: &Marked) -> bool {
    // Ends with the first word that differs: a mail may have many pages.
    let words = text.as_str().split_whitespace();
    words.eq(page.as_str().split_whitespace())
}

/// Where a part stands.
#[derive(Clone, Copy, Default)]
struct PartPlace {
    depth: usize,
    parent: Parent,
}

impl PartPlace {
    fn inside(self, parent: Parent) -> Self {
        Self {
            depth: self.depth.saturating_add(1),
            parent,
        }
    }
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Parent {
    #[default]
    Other,
    Alternative,
    Digest,
    Signed,
}

struct BodyReader<'a> {
    contents: Contents<'a>,
    circumstances: &'a QuoteContext,
    charset: Option<&'a str>,
    /// The first text that is a file.
    spare: Option<Marked>,
    parts_left: usize,
    body: MailBody,
    /// A text was found in an earlier part, so that a named text is an attachment.
    has_text: bool,
    /// In how many multiparts of alternatives the part stands.
    alternatives: usize,
    /// The mail is its parts and nothing else. Many mail servers sign a body without saying how it is to be read: with
    /// another boundary, what somebody has quoted or forwarded would be a part.
    is_all_parts: bool,
}

impl BodyReader<'_> {
    fn part(&mut self, part: &MailPart<'_>, place: PartPlace) -> FoundText {
        if place.depth == 0
            && let Some(inner) = part.misplaced()
        {
            return self.part(&inner, place.inside(Parent::Other));
        }
        let media_type = media_type(part, place);
        let found = if media_type.starts_with("multipart/") && place.depth < limits::MIME_DEPTH_MAX
        {
            self.multipart(part, &media_type, place)
        } else {
            self.leaf(part, media_type, place)
        };
        self.has_text |= !found.text.is_blank();
        found
    }

    fn multipart(&mut self, part: &MailPart<'_>, media_type: &str, place: PartPlace) -> FoundText {
        // RFC 1847 §2.2: the parts of an encrypted one are of no use to a person.
        if media_type == "multipart/encrypted" {
            return self.attach(part, media_type.to_owned());
        }
        let children = part.parts(self.parts_left.saturating_add(1));
        if children.is_empty() {
            let decoded = part.decoded();
            if let Some(part) = part.of_decoded(&decoded) {
                return self.part(&part, place.inside(place.parent));
            }
            // The boundary is nowhere to be found: better all of it than nothing.
            return self.plain(part);
        }
        let allowed = children.len().min(self.parts_left);
        self.body.cut |= allowed < children.len();
        self.parts_left = self.parts_left.saturating_sub(allowed);
        let is_cut = allowed < children.len();
        let charset = self.charset;
        let children = children.into_iter().take(allowed);
        let children = children.map(|raw| MailPart::read_near(raw, charset));
        let is_fork = |child: &MailPart<'_>| child.media_type().as_deref() == Some(RESOURCE_FORK);
        let children = children.filter(|child| !is_fork(child));
        match media_type {
            "multipart/alternative" => {
                let children: Vec<MailPart<'_>> = children.collect();
                let place = place.inside(Parent::Alternative);
                self.stanzas_among(&children, is_cut, place);
                self.alternative(&children, place)
            }
            "multipart/digest" => self.sequence(children, place.inside(Parent::Digest)),
            "multipart/signed" => self.sequence(children, place.inside(Parent::Signed)),
            _ => {
                let all = part.text_before_parts().into_iter().chain(children);
                self.sequence(all, place.inside(Parent::Other))
            }
        }
    }

    /// Parts one after the other: their texts with a blank line between.
    fn sequence<'a>(
        &mut self,
        children: impl Iterator<Item = MailPart<'a>>,
        place: PartPlace,
    ) -> FoundText {
        let mut all = FoundText::default();
        for child in children {
            let found = self.part(&child, place);
            all.unseen = all.unseen.or(found.unseen);
            if found.text.is_blank() || found.is_html && says_the_same(&all.text, &found.text) {
                continue;
            }
            if all.text.is_blank() {
                all.is_html = found.is_html;
            }
            all.is_rich |= found.is_rich;
            if found.own.is_some() {
                all.own.get_or_insert_with(|| all.text.clone());
            }
            if let Some(own) = &mut all.own {
                own.append(found.own.as_ref().unwrap_or(&found.text));
            }
            all.text.append(&found.text);
        }
        all
    }

    /// The last form of the whole mail may be the stanzas that it carries; what a list or a scanner has put inside something
    /// else is not taken for a gateway's own any more, nor what is the last only of those that are read.
    fn stanzas_among(&mut self, children: &[MailPart<'_>], is_cut: bool, place: PartPlace) {
        let last = children.last().filter(|last| holds_stanzas(last));
        let Some(last) = last.filter(|_| place.depth == 1) else {
            return;
        };
        let problem = match self.is_all_parts {
            false => Some(AROUND),
            true if is_cut => Some(TOO_MANY_PARTS),
            true => None,
        };
        match problem {
            Some(problem) => self.body.carried_problem = Some(problem.to_owned()),
            None => self.stanzas(last),
        }
    }

    /// The same content in several forms (RFC 2046 §5.1.4): plain text where it is the content, else HTML.
    fn alternative(&mut self, children: &[MailPart<'_>], place: PartPlace) -> FoundText {
        let had_text = self.has_text;
        let (mut plain, mut html) = (FoundText::default(), FoundText::default());
        // Beside stanzas, an emoji for programs (RFC 9078) is not the text for people.
        let skips_reaction = children.iter().any(holds_stanzas);
        for child in children {
            if skips_reaction && child.disposition_is("reaction") {
                continue;
            }
            self.has_text = had_text;
            self.alternatives = self.alternatives.saturating_add(1);
            let found = self.part(child, place);
            self.alternatives = self.alternatives.saturating_sub(1);
            let best = if found.is_html { &mut html } else { &mut plain };
            if best.text.is_blank() {
                *best = found;
            }
        }
        let use_html = !html.text.is_blank() && is_stub(plain.text.as_str(), html.text.as_str());
        let unseen = plain.unseen.take().or(html.unseen.take());
        if use_html {
            return FoundText { unseen, ..html };
        }
        plain.text.keep_answers_of(&html.text, self.circumstances);
        let own = plain.own.take().or_else(|| self.surer(&plain, html));
        FoundText {
            unseen,
            own,
            ..plain
        }
    }

    /// The HTML, where its structure shows a history that the plain text does not.
    fn surer(&self, plain: &FoundText, html: FoundText) -> Option<Marked> {
        let html = html.own.unwrap_or(html.text);
        let shows_history = |text: &Marked| {
            let own = quotes::own(text, self.circumstances);
            own.is_some_and(|own| own.is_without_history && !own.text.is_empty())
        };
        (!html.is_blank() && !shows_history(&plain.text) && shows_history(&html)).then_some(html)
    }

    /// Reads the root of a part of the type of RFC 3923.
    fn stanzas(&mut self, part: &MailPart<'_>) {
        let charset = part.content_type().and_then(|one| one.attribute("charset"));
        let is_utf8 = charset.is_none_or(|charset| {
            charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("us-ascii")
        });
        let read = match is_utf8 {
            _ if part.is_cut() => Err(HEADER_CUT.to_owned()),
            true => xml::read(&part.decoded()).map_err(|error| error.to_string()),
            false => Err("it is not in UTF-8".to_owned()),
        };
        match read {
            Ok(root) => self.body.carried = Some(root),
            Err(problem) => self.body.carried_problem = Some(problem),
        }
    }

    fn leaf(&mut self, part: &MailPart<'_>, media_type: String, place: PartPlace) -> FoundText {
        if holds_stanzas(part) && (place.parent == Parent::Alternative || place.depth == 0) {
            if place.depth == 0 {
                self.stanzas(part);
            }
            return FoundText {
                unseen: Some(attachment_of(part, media_type, self.contents)),
                ..FoundText::default()
            };
        }
        if smime::is_opaque(&media_type)
            && place.depth < limits::MIME_DEPTH_MAX
            && let Some(signed) = smime::signed_content(&part.decoded())
        {
            return self.part(&MailPart::read(&signed), place.inside(Parent::Other));
        }
        let is_tnef = tnef::is_tnef(&media_type, part.file_name());
        if let Some(tnef) = is_tnef.then(|| tnef::read(&part.decoded())).flatten() {
            return self.tnef(tnef);
        }
        let is_attachment = part.is_attachment() || part.file_name().is_some() && self.has_text;
        let may_be_all = || self.spare.is_none() && !is_binary(part, &part.decoded_text());
        if is_attachment && media_type == "text/plain" && may_be_all() {
            self.spare = Some(self.plain(part).text);
        }
        match (media_type.as_str(), place.parent) {
            ("text/plain", _) if !is_attachment => self.plain(part),
            // A machine's, that says nothing of what it sends.
            (UNSAID, _) if place.depth == 0 && is_text(part) => self.plain(part),
            ("text/html", _) if !is_attachment => self.html(part),
            ("message/external-body", _) => self.elsewhere(part, media_type),
            (signature, Parent::Signed) if is_signature(signature) => FoundText::default(),
            (other, Parent::Alternative) if is_another_form(other) => FoundText::default(),
            ("text/enriched" | "text/richtext", _) if !is_attachment && !self.has_text => {
                self.enriched(part)
            }
            (other, _)
                if !is_attachment
                    && !self.has_text
                    && is_another_form(other)
                    && other != "text/rtf" =>
            {
                self.plain(part)
            }
            _ => self.attach(part, media_type),
        }
    }

    /// A file that is not in the mail: its address, where it has one.
    fn elsewhere(&mut self, part: &MailPart<'_>, media_type: String) -> FoundText {
        match external::whereabouts(part) {
            Some(text) => FoundText {
                text: Marked::plain(text),
                ..FoundText::default()
            },
            None => self.attach(part, media_type),
        }
    }

    /// Its files in its place, and its text where there is no other: it says what the text beside it says.
    fn tnef(&mut self, tnef: Tnef) -> FoundText {
        let allowed = tnef.files.len().min(self.parts_left);
        self.body.cut |= allowed < tnef.files.len();
        self.parts_left = self.parts_left.saturating_sub(allowed);
        for file in tnef.files.into_iter().take(allowed) {
            self.body.attachments.push(Attachment {
                media_type: clean::for_header(&file.media_type, MEDIA_TYPE_CHARS_MAX),
                content: self.contents.beside(file.octets.clone()),
                ..Attachment::new(file.name, file.octets.len())
            });
        }
        let text = tnef.text.filter(|_| !self.has_text);
        let Some((mut text, is_html)) = text else {
            return FoundText::default();
        };
        let length = clean::cut(&text, limits::HTML_OCTETS_MAX).len();
        self.body.cut |= length < text.len();
        text.truncate(length);
        let is_rich = is_html && shows_more_than_words(&text);
        let text = match is_html {
            true => html::read(&text).0,
            false => Marked::plain(clean::for_xml(&text)),
        };
        FoundText {
            text,
            is_html,
            is_rich,
            ..FoundText::default()
        }
    }

    fn plain(&mut self, part: &MailPart<'_>) -> FoundText {
        let octets = part.decoded_text();
        // Of a text with a file in it the words are shown.
        if is_binary(part, &octets) && enclosed::pieces(&octets).is_none() {
            return self.attach(part, "application/octet-stream".to_owned());
        }
        let text = self.decoded(part, &octets, false);
        if is_html_source(&text) {
            let is_rich = shows_more_than_words(&text);
            let (text, _) = html::read(&text);
            return FoundText {
                text,
                is_html: true,
                is_rich,
                ..FoundText::default()
            };
        }
        let text = if part.parameter_is("format", "flowed") {
            flowed::unwrap(&text, part.parameter_is("delsp", "yes"))
        } else {
            text
        };
        let (text, is_rich) = match enclosed::without_armor(&text) {
            Some(bare) => (bare.text, bare.is_less),
            None => (text, false),
        };
        let text = pictures::without_pictures(text);
        FoundText {
            is_rich,
            text: if text.trim().is_empty() {
                Marked::default()
            } else {
                Marked::plain(clean::for_xml(&text))
            },
            ..FoundText::default()
        }
    }

    /// RFC 1896: marks in angle brackets around words.
    fn enriched(&mut self, part: &MailPart<'_>) -> FoundText {
        let source = self
            .decoded(part, &part.decoded_text(), false)
            .replace("\r\n", "\n");
        let (text, _) = html::read(&source.replace("\n\n", "<br><br>"));
        FoundText {
            text,
            ..FoundText::default()
        }
    }

    fn html(&mut self, part: &MailPart<'_>) -> FoundText {
        let source = self.decoded(part, &part.decoded_text(), true);
        let is_alone = self.alternatives == 0 && !self.has_text;
        let html::ReadPage {
            text, hides_words, ..
        } = match is_alone {
            true => html::read_alone(&source),
            false => html::read_page(&source),
        };
        let is_rich = shows_more_than_words(&source);
        let is_unseen = text.is_blank() && (hides_words || is_rich);
        FoundText {
            unseen: is_unseen.then(|| attachment_of(part, "text/html".to_owned(), self.contents)),
            text,
            own: None,
            is_html: true,
            is_rich,
        }
    }

    /// The text of a part by its charset, or by the one that HTML names where the Content-Type names none.
    fn decoded(&mut self, part: &MailPart<'_>, bytes: &[u8], is_html: bool) -> String {
        let label = part
            .content_type()
            .and_then(|content_type| content_type.attribute("charset"))
            .map(str::to_owned)
            .or_else(|| charset::html_label(bytes).filter(|_| is_html));
        let decode = |bytes: &[u8]| charset::decode_with(label.as_deref(), self.charset, bytes);
        let mut text = match enclosed::pieces(bytes).filter(|_| !is_html) {
            None => decode(bytes),
            Some(pieces) => {
                let pieces = pieces.into_iter().map(|piece| match piece {
                    TextPiece::Text(text) => decode(text),
                    TextPiece::File(file) => self.body.enclosed.line(*file),
                });
                pieces.collect()
            }
        };
        let length = clean::cut(&text, limits::HTML_OCTETS_MAX).len();
        self.body.cut |= length < text.len();
        text.truncate(length);
        text
    }

    fn attach(&mut self, part: &MailPart<'_>, media_type: String) -> FoundText {
        let attachment = attachment_of(part, media_type, self.contents);
        self.body.attachments.push(attachment);
        FoundText::default()
    }
}

/// Whether a part is for another gateway, not for people.
fn holds_stanzas(part: &MailPart<'_>) -> bool {
    part.media_type().as_deref() == Some(carried::MEDIA_TYPE) && !part.is_attachment()
}

/// The media type in lower case; RFC 2045 §5.2 or RFC 2046 §5.1.5 where there is none.
fn media_type(part: &MailPart<'_>, place: PartPlace) -> String {
    let fallback = if place.parent == Parent::Digest {
        "message/rfc822"
    } else {
        "text/plain"
    };
    let named = part.media_type().unwrap_or_else(|| fallback.to_owned());
    // `text/plain charset=utf-8`, without the semicolon.
    let mut words = named.split_whitespace();
    words.next().unwrap_or(fallback).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(mail: &str) -> MailBody {
        read(
            &MailPart::read(mail.as_bytes()),
            &QuoteContext::default(),
            None,
        )
    }

    /// A multipart of (header, body) parts.
    fn multipart(kind: &str, parts: &[(&str, &str)]) -> String {
        let parts: String = parts
            .iter()
            .map(|(header, body)| format!("--{kind}\n{header}\n\n{body}\n"))
            .collect();
        format!("Content-Type: multipart/{kind}; boundary={kind}\n\n{parts}--{kind}--\n")
    }

    const PLAIN: &str = "Content-Type: text/plain; charset=utf-8";
    const HTML: &str = "Content-Type: text/html; charset=utf-8";

    #[test]
    fn plain_text_is_chosen_unless_it_says_nothing() {
        let text = |plain: &str| {
            body(&multipart(
                "alternative",
                &[
                    (PLAIN, plain),
                    (HTML, "<p>The long and <b>real</b> content, with HTML.</p>"),
                ],
            ))
            .text
        };
        let html = "The long and real content, with HTML.";
        assert_eq!(text("Real"), "Real");
        assert_eq!(text(" \n\u{a0}\n"), html);
        assert_eq!(text("This message requires HTML."), html);
        assert_eq!(text("Bitte Browser benutzen"), html);
        let long = format!(
            "I wrote about HTML and browsers. {}",
            "More of it. ".repeat(30)
        );
        assert_eq!(text(&long), long.trim());
    }

    #[test]
    fn the_order_of_alternatives_makes_no_difference() {
        let mail = multipart("alternative", &[(HTML, "<p>html</p>"), (PLAIN, "plain")]);
        assert_eq!(body(&mail).text, "plain");
        assert!(body(&mail).attachments.is_empty());
    }

    const STANZAS: &str = "Content-Type: application/xmpp+xml; charset=utf-8";
    const CHAT: &str = "<xmpp xmlns='jabber:client'><message><body>hi</body></message></xmpp>";

    fn carried_text(body: &MailBody) -> Option<String> {
        body.carried.as_ref().map(Element::text)?;
        let message = body.carried.as_ref()?.children().next()?;
        message.children().next().map(Element::text)
    }

    #[test]
    fn stanzas_are_taken_from_the_last_alternative_of_the_whole_mail_or_from_the_whole_mail() {
        let alternative = multipart("alternative", &[(PLAIN, "plain"), (STANZAS, CHAT)]);
        for mail in [&alternative, &format!("{STANZAS}\n\n{CHAT}\n")] {
            let body = body(mail);
            assert_eq!(carried_text(&body).as_deref(), Some("hi"), "{mail}");
            assert_eq!((body.carried_problem, body.attachments.len()), (None, 0));
        }
        assert_eq!(body(&alternative).text, "plain");
        let footer = multipart("mixed", &[(alternative.trim_end(), ""), (PLAIN, "footer")])
            .replace("--alternative--\n\n\n", "--alternative--\n");
        let first = multipart("alternative", &[(STANZAS, CHAT), (PLAIN, "plain")]);
        for (mail, text) in [(footer, "plain\n\nfooter"), (first, "plain")] {
            let body = body(&mail);
            assert_eq!((body.carried, body.carried_problem), (None, None), "{mail}");
            assert_eq!((body.text.as_str(), body.attachments.len()), (text, 0));
        }
        let attached = format!("{STANZAS}\nContent-Disposition: attachment; filename=x.xml");
        let attached = body(&multipart(
            "alternative",
            &[(PLAIN, "plain"), (&attached, CHAT)],
        ));
        assert_eq!((attached.carried, attached.attachments.len()), (None, 1));
    }

    #[test]
    fn stanzas_that_cannot_be_read_leave_the_text_and_a_reason() {
        for xml in [
            "<xmpp xmlns='jabber:client'>",
            "<!DOCTYPE x [<!ENTITY a \"aa\">]><x>&a;</x>",
            "no xml",
            "",
        ] {
            let body = body(&multipart(
                "alternative",
                &[(PLAIN, "plain"), (STANZAS, xml)],
            ));
            assert_eq!((body.text.as_str(), body.attachments.len()), ("plain", 0));
            assert!(body.carried.is_none() && body.carried_problem.is_some());
        }
        let latin1 = STANZAS.replace("utf-8", "iso-8859-1");
        let latin1 = body(&multipart(
            "alternative",
            &[(PLAIN, "plain"), (&latin1, CHAT)],
        ));
        assert_eq!(
            latin1.carried_problem.as_deref(),
            Some("it is not in UTF-8")
        );
        // With no other word in the mail its reader is told at least that there was something.
        let alone = body(&format!("{STANZAS}\n\n<x>\n"));
        assert_eq!((alone.text.as_str(), alone.attachments.len()), ("", 1));
    }

    /// The Content-Type is often not signed. Whoever changes it must not find stanzas in what was quoted or forwarded.
    #[test]
    fn what_is_quoted_in_a_mail_becomes_no_part_of_it_under_another_boundary() {
        let quoted = multipart("alternative", &[(PLAIN, "plain"), (STANZAS, CHAT)]);
        assert!(body(&quoted).carried.is_some());
        let (head, parts) = quoted.split_once("\n\n").unwrap();
        for mail in [
            format!("{head}\n\nLook what I got:\n{parts}"),
            format!("{head}\n\n{parts}\n-- \nCarol\n"),
            format!("{head}\n\n--outer\n\n{parts}\n--outer--\n"),
        ] {
            let body = body(&mail);
            assert!(body.carried.is_none(), "{mail}");
            assert!(
                body.carried_problem
                    .is_some_and(|why| why.contains("before or behind"))
            );
            assert_eq!(body.text, "plain");
        }
    }

    #[test]
    fn beside_stanzas_a_reaction_is_not_the_text() {
        let reaction = format!("{PLAIN}\nContent-Disposition: reaction");
        let mut parts = vec![
            (reaction.as_str(), "+1"),
            (PLAIN, "Reaction: +1"),
            (STANZAS, CHAT),
        ];
        assert_eq!(body(&multipart("alternative", &parts)).text, "Reaction: +1");
        parts.pop();
        assert_eq!(body(&multipart("alternative", &parts)).text, "+1");
    }

    #[test]
    fn text_is_cut_at_the_limit_and_says_so() {
        let long = "äöü ".repeat(limits::BODY_OCTETS_MAX / 4);
        let body = body(&format!("{PLAIN}\n\n{long}"));
        assert!(body.cut);
        assert!(
            body.text.len() <= limits::BODY_OCTETS_MAX
                && body.text.len() > limits::BODY_OCTETS_MAX - 4
        );
        assert!(!self::body(&format!("{PLAIN}\n\nshort")).cut);
    }

    #[test]
    fn nesting_over_the_limit_is_an_attachment() {
        let mut mail = format!("{PLAIN}\n\ndeep");
        for level in 0..limits::MIME_DEPTH_MAX + 1 {
            mail = format!(
                "Content-Type: multipart/mixed; boundary=b{level}x\n\n--b{level}x\n{mail}\n--b{level}x--\n"
            );
        }
        let body = body(&mail);
        assert_eq!(body.text, "");
        assert_eq!(body.attachments.len(), 1);
        assert_eq!(
            body.attachments.first().map(|one| one.media_type.as_str()),
            Some("multipart/mixed")
        );
    }

    #[test]
    fn an_encoding_is_what_its_first_word_says() {
        let grüße = "R3LDvMOfZQo=";
        for encoding in [
            "base64",
            "BASE64 (a comment)",
            "base64;",
            " \"base64\"",
            "base64, x",
        ] {
            let mail = format!("{PLAIN}\nContent-Transfer-Encoding: {encoding}\n\n{grüße}\n");
            assert_eq!(body(&mail).text, "Grüße", "{encoding}");
        }
        let footer = "_______________\nfriends mailing list\nhttps://lists.example/friends";
        let mail = format!("{PLAIN}\nContent-Transfer-Encoding: base64\n\n{grüße}\n{footer}\n");
        assert_eq!(body(&mail).text, format!("Grüße\n\n{footer}"));
        // Of a file nothing is taken away: what is no base64 stands between its lines.
        let broken = format!(
            "{PLAIN}\nContent-Transfer-Encoding: base64\n\n{grüße}\n?! x\n{}\n",
            "QUJD".repeat(16)
        );
        assert!(body(&broken).text.contains("ABCABC"));
        for (encoding, inner) in [
            (
                "base64",
                "LS1iCkNvbnRlbnQtVHlwZTogdGV4dC9wbGFpbgoKSW5zaWRlLgotLWItLQo=",
            ),
            (
                "quoted-printable",
                "--b=0AContent-Type: text/plain=0A=0AInside.=0A--b--=0A",
            ),
        ] {
            let head = "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding";
            assert_eq!(
                body(&format!("{head}: {encoding}\n\n{inner}\n")).text,
                "Inside.",
                "{encoding}"
            );
        }
    }

    #[test]
    fn the_part_that_says_most_is_the_text() {
        let page = "<p>The invoice of twelve euros is due on Friday.</p>";
        for stub in [
            "Ihr Programm kann diese Nachricht nicht anzeigen.",
            "Zur Mail",
            "Votre logiciel ne peut pas afficher ce message.",
        ] {
            let mail = multipart("alternative", &[(PLAIN, stub), (HTML, page)]);
            assert_eq!(
                body(&mail).text,
                "The invoice of twelve euros is due on Friday.",
                "{stub}"
            );
        }
        let both = multipart(
            "mixed",
            &[
                (PLAIN, "It is  due\non Friday."),
                (HTML, "<p>It is due on Friday.</p>"),
            ],
        );
        assert_eq!(body(&both).text, "It is  due\non Friday.");
        let source = format!("{PLAIN}\n\n<div dir=\"ltr\">Hello <b>Alice</b>,<br>nine.</div>\n");
        assert_eq!(body(&source).text, "Hello Alice,\nnine.");
        for (kind, text) in [
            ("text/plain charset=utf-8", "Nine."),
            ("text/utf-8", "Nine."),
            ("application/octet-stream", "Nine."),
            ("text/enriched", "<bold>Nine</bold>."),
            (
                "text/plain; name=text_0.txt\nContent-Disposition: attachment; filename=text_0.txt",
                "Nine.",
            ),
        ] {
            let one = body(&format!("Content-Type: {kind}\n\n{text}\n"));
            assert_eq!(
                (one.text.as_str(), one.attachments.len()),
                ("Nine.", 0),
                "{kind}"
            );
        }
        let file = body("Content-Type: application/octet-stream; name=x.bin\n\nNine.\n");
        assert_eq!((file.text.as_str(), file.attachments.len()), ("", 1));
        let two = multipart(
            "mixed",
            &[
                (
                    "Content-Type: text/plain; name=a.txt\nContent-Disposition: attachment",
                    "a",
                ),
                (
                    "Content-Type: text/plain; name=b.txt\nContent-Disposition: attachment",
                    "b",
                ),
            ],
        );
        assert_eq!(
            (body(&two).text.as_str(), body(&two).attachments.len()),
            ("", 2)
        );
    }

    #[test]
    fn a_text_that_names_no_charset_may_be_in_that_of_the_subject() {
        let (morgen, _, _) = encoding_rs::WINDOWS_1251.encode("Завтра");
        let mail = [b"Content-Type: text/plain\n\n".as_slice(), &morgen].concat();
        let part = MailPart::read(&mail);
        let body = read(&part, &QuoteContext::default(), Some("windows-1251"));
        assert_eq!(body.text, "Завтра");
    }

    #[test]
    fn damage_to_the_structure_leaves_the_text() {
        let parts = "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThe plan.\r\n--b\r\n\
            Content-Type: application/pdf; name=plan.pdf\r\n\r\nPDF\r\n--b--\r\n";
        for head in [
            "Content-Type: multipart/mixed; boundary=\r\n \"b\"\r\n\r\n",
            "Content-Type: multipart/mixed; boundary=\r\n\t  b\r\n\r\n",
            "Content-Type: multipart/mixed\r\n\r\n",
            "Content-Type: multipart/mixed; boundary=\"\"\r\n\r\nThis is MIME.\r\n",
        ] {
            let body = body(&format!("{head}{parts}"));
            assert_eq!(
                (body.text.as_str(), body.attachments.len()),
                ("The plan.", 1),
                "{head}"
            );
        }
        for mail in [
            "From: a@b\r\nSubject: x\r\nThe plan: nine,\r\nat the gate.\r\n",
            "From: a@b\r\nSubject: x\r\nThe plan: nine,\r\nat the gate.\r\n\r\n",
        ] {
            assert_eq!(body(mail).text, "The plan: nine,\nat the gate.", "{mail:?}");
        }
        // What is a field for somebody is one for us.
        let hidden = "From: a@b\r\nnonsense\r\nTo: c@d\r\n\r\ntext";
        assert_eq!(body(hidden).text, "text");
        // A line that is none of a header, between parts.
        let part = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nNo header here, and\r\n\r\ntwo paragraphs.\r\n--b--\r\n";
        assert_eq!(body(part).text, "No header here, and\n\ntwo paragraphs.");
    }

    #[test]
    fn a_mail_without_any_content_has_neither_text_nor_attachments() {
        let body = body("Subject: x\n\n \n");
        assert!(body.text.is_empty() && body.attachments.is_empty() && !body.cut);
    }

    #[test]
    fn leading_blank_lines_and_trailing_spaces_go_and_indents_and_signatures_stay() {
        assert_eq!(
            body(&format!("{PLAIN}\n\n\n\n  a  \n\n-- \nb \n\n")).text,
            "  a\n\n-- \nb"
        );
    }
}
