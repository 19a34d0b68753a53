//! The parts of a mail (RFC 2046) as one text and a list of attachments.

use super::attachment::{self, Attachment};
use super::mime::Part;
use crate::core::text::{charset, clean, flowed, html};
use crate::core::{carried, limits, xml};
use minidom::Element;

/// A text part below this length that speaks of HTML or a browser only says that there is an HTML part.
const STUB_CHARS_MAX: usize = 300;
/// RFC 6838 §4.2: 127 characters for a type and for a subtype.
const MEDIA_TYPE_CHARS_MAX: usize = 255;

/// Why stanzas are not read, for the log.
const AROUND: &str = "there is text before or behind the parts of the mail";

/// What the body of a mail holds.
#[derive(Debug, Default)]
pub struct Body {
    /// Cleaned, lines ended by `\n`.
    pub text: String,
    /// The text is shorter than what the mail holds.
    pub cut: bool,
    /// What else the mail holds, in order.
    pub attachments: Vec<Attachment>,
    /// As in [`super::Mail`].
    pub carried: Option<Element>,
    /// As in [`super::Mail`].
    pub carried_problem: Option<String>,
}

/// Reads the body: the best text for a chat, and everything else as attachments, so that nothing is passed over in
/// silence.
pub fn read(mail: &Part<'_>) -> Body {
    let mut reader = Reader {
        parts_left: limits::MIME_PARTS_MAX,
        body: Body::default(),
        has_text: false,
        is_all_parts: mail.is_all_parts(),
    };
    let found = reader.part(mail, Place::default());
    let text = tidy(&found.text);
    let shown = clean::cut(&text, limits::BODY_OCTETS_MAX);
    let mut body = reader.body;
    body.cut |= shown.len() < text.len();
    body.text = shown.trim_end().to_owned();
    if body.text.is_empty() && body.attachments.is_empty() && body.carried.is_none() {
        // HTML of which no text remains: an image, or a page that only scripts fill. Or stanzas that nobody reads.
        body.attachments.extend(found.unseen);
    }
    drop_nameless_invitation(&mut body.attachments);
    body
}

/// An invitation comes twice, among the alternatives and as a file: the file is shown.
fn drop_nameless_invitation(attachments: &mut Vec<Attachment>) {
    let is_calendar =
        |one: &Attachment| matches!(one.media_type.as_str(), "text/calendar" | "application/ics");
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
struct Found {
    text: String,
    is_html: bool,
    /// HTML that gave no text.
    unseen: Option<Attachment>,
}

/// Where a part stands.
#[derive(Clone, Copy, Default)]
struct Place {
    depth: usize,
    parent: Parent,
}

impl Place {
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

struct Reader {
    parts_left: usize,
    body: Body,
    /// A text was found in an earlier part, so that a named text is an attachment.
    has_text: bool,
    /// The mail is its parts and nothing else. Many mail servers sign a body without saying how it is to be read: with
    /// another boundary, what somebody has quoted or forwarded would be a part.
    is_all_parts: bool,
}

impl Reader {
    fn part(&mut self, part: &Part<'_>, place: Place) -> Found {
        let media_type = media_type(part, place);
        let found = if media_type.starts_with("multipart/") && place.depth < limits::MIME_DEPTH_MAX
        {
            self.multipart(part, &media_type, place)
        } else {
            self.leaf(part, media_type, place)
        };
        self.has_text |= !found.text.is_empty();
        found
    }

    fn multipart(&mut self, part: &Part<'_>, media_type: &str, place: Place) -> Found {
        // RFC 1847 §2.2: the parts of an encrypted one are of no use to a person.
        if media_type == "multipart/encrypted" {
            return self.attach(part, media_type.to_owned());
        }
        let children = part.parts(self.parts_left.saturating_add(1));
        if children.is_empty() {
            // The boundary is nowhere to be found: better all of it than nothing.
            return self.plain(part);
        }
        let allowed = children.len().min(self.parts_left);
        self.body.cut |= allowed < children.len();
        self.parts_left = self.parts_left.saturating_sub(allowed);
        let children = children.into_iter().take(allowed).map(Part::read);
        match media_type {
            "multipart/alternative" => {
                let children: Vec<Part<'_>> = children.collect();
                self.alternative(&children, place.inside(Parent::Alternative))
            }
            "multipart/digest" => self.sequence(children, place.inside(Parent::Digest)),
            "multipart/signed" => self.sequence(children, place.inside(Parent::Signed)),
            _ => self.sequence(children, place.inside(Parent::Other)),
        }
    }

    /// Parts one after the other: their texts with a blank line between.
    fn sequence<'a>(&mut self, children: impl Iterator<Item = Part<'a>>, place: Place) -> Found {
        let mut all = Found::default();
        for child in children {
            let found = self.part(&child, place);
            all.unseen = all.unseen.or(found.unseen);
            if found.text.is_empty() {
                continue;
            }
            if all.text.is_empty() {
                all.is_html = found.is_html;
            } else {
                all.text.truncate(all.text.trim_end().len());
                all.text.push_str("\n\n");
            }
            all.text.push_str(&found.text);
        }
        all
    }

    /// The same content in several forms (RFC 2046 §5.1.4): plain text where it is the content, else HTML. The last form of
    /// the whole mail may be the stanzas that it carries; what a list or a scanner has put inside something else is not
    /// taken for a gateway's own any more.
    fn alternative(&mut self, children: &[Part<'_>], place: Place) -> Found {
        let had_text = self.has_text;
        let (mut plain, mut html) = (Found::default(), Found::default());
        if let Some(last) = children.last().filter(|last| holds_stanzas(last))
            && place.depth == 1
        {
            match self.is_all_parts {
                true => self.stanzas(last),
                false => self.body.carried_problem = Some(AROUND.to_owned()),
            }
        }
        // Beside stanzas, an emoji for programs (RFC 9078) is not the text for people.
        let skips_reaction = children.iter().any(holds_stanzas);
        for child in children {
            if skips_reaction && child.disposition_is("reaction") {
                continue;
            }
            self.has_text = had_text;
            let found = self.part(child, place);
            let best = if found.is_html { &mut html } else { &mut plain };
            if best.text.is_empty() {
                *best = found;
            }
        }
        let use_html = !html.text.is_empty() && is_stub(&plain.text, &html.text);
        let unseen = plain.unseen.take().or(html.unseen.take());
        let best = if use_html { html } else { plain };
        Found { unseen, ..best }
    }

    /// Reads the root of a part of the type of RFC 3923.
    fn stanzas(&mut self, part: &Part<'_>) {
        let charset = part.content_type().and_then(|one| one.attribute("charset"));
        let is_utf8 = charset.is_none_or(|charset| {
            charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("us-ascii")
        });
        let read = match is_utf8 {
            true => xml::read(&part.decoded()).map_err(|error| error.to_string()),
            false => Err("it is not in UTF-8".to_owned()),
        };
        match read {
            Ok(root) => self.body.carried = Some(root),
            Err(problem) => self.body.carried_problem = Some(problem),
        }
    }

    fn leaf(&mut self, part: &Part<'_>, media_type: String, place: Place) -> Found {
        if holds_stanzas(part) && (place.parent == Parent::Alternative || place.depth == 0) {
            if place.depth == 0 {
                self.stanzas(part);
            }
            return Found {
                unseen: Some(attachment_of(part, media_type)),
                ..Found::default()
            };
        }
        let is_attachment = part.is_attachment() || part.file_name().is_some() && self.has_text;
        match (media_type.as_str(), place.parent) {
            ("text/plain", _) if !is_attachment => self.plain(part),
            ("text/html", _) if !is_attachment => self.html(part),
            (signature, Parent::Signed) if is_signature(signature) => Found::default(),
            (other, Parent::Alternative) if is_another_form(other) => Found::default(),
            _ => self.attach(part, media_type),
        }
    }

    fn plain(&mut self, part: &Part<'_>) -> Found {
        let text = self.decoded(part, false);
        let text = if part.parameter_is("format", "flowed") {
            flowed::unwrap(&text, part.parameter_is("delsp", "yes"))
        } else {
            text
        };
        Found {
            text: if text.trim().is_empty() {
                String::new()
            } else {
                text
            },
            ..Found::default()
        }
    }

    fn html(&mut self, part: &Part<'_>) -> Found {
        let source = self.decoded(part, true);
        let (text, _) = html::to_text(&source);
        let is_unseen = text.is_empty() && !source.trim().is_empty();
        Found {
            unseen: is_unseen.then(|| attachment_of(part, "text/html".to_owned())),
            text,
            is_html: true,
        }
    }

    /// The text of a part by its charset, or by the one that HTML names where the Content-Type names none.
    fn decoded(&mut self, part: &Part<'_>, is_html: bool) -> String {
        let bytes = part.decoded();
        let label = part
            .content_type()
            .and_then(|content_type| content_type.attribute("charset"))
            .map(str::to_owned)
            .or_else(|| charset::html_label(&bytes).filter(|_| is_html));
        let mut text = charset::decode(label.as_deref(), &bytes);
        let length = clean::cut(&text, limits::HTML_OCTETS_MAX).len();
        self.body.cut |= length < text.len();
        text.truncate(length);
        text
    }

    fn attach(&mut self, part: &Part<'_>, media_type: String) -> Found {
        self.body.attachments.push(attachment_of(part, media_type));
        Found::default()
    }
}

fn attachment_of(part: &Part<'_>, media_type: String) -> Attachment {
    let name = part.file_name().and_then(attachment::file_name);
    Attachment {
        name: name.or_else(|| subject_of(part, &media_type)),
        media_type: clean::for_header(&media_type, MEDIA_TYPE_CHARS_MAX),
        octets: part.octets(),
    }
}

/// The name of a mail inside the mail.
fn subject_of(part: &Part<'_>, media_type: &str) -> Option<String> {
    if !is_mail(media_type) {
        return None;
    }
    let bytes = part.decoded();
    let inner = Part::read(&bytes);
    inner.header()?.subject().and_then(attachment::name_of_mail)
}

fn is_mail(media_type: &str) -> bool {
    matches!(media_type, "message/rfc822" | "message/global")
}

/// Whether a part is for another gateway, not for people.
fn holds_stanzas(part: &Part<'_>) -> bool {
    part.media_type().as_deref() == Some(carried::MEDIA_TYPE) && !part.is_attachment()
}

/// The media type in lower case; RFC 2045 §5.2 or RFC 2046 §5.1.5 where there is none.
fn media_type(part: &Part<'_>, place: Place) -> String {
    let fallback = if place.parent == Parent::Digest {
        "message/rfc822"
    } else {
        "text/plain"
    };
    part.media_type().unwrap_or_else(|| fallback.to_owned())
}

/// The second part of a multipart/signed (RFC 3156 §5, RFC 8551 §3.5.3).
fn is_signature(media_type: &str) -> bool {
    matches!(
        media_type,
        "application/pgp-signature"
            | "application/pkcs7-signature"
            | "application/x-pkcs7-signature"
    )
}

/// Text types that, among alternatives, say the same again. An invitation or a contact card says more.
fn is_another_form(media_type: &str) -> bool {
    media_type.starts_with("text/")
        && !matches!(
            media_type,
            "text/calendar" | "text/vcard" | "text/x-vcard" | "text/directory"
        )
}

/// Whether a plain text is empty or only says that the mail is in HTML.
fn is_stub(plain: &str, html: &str) -> bool {
    let plain = plain.trim();
    if plain.is_empty() {
        return true;
    }
    if plain.chars().nth(STUB_CHARS_MAX).is_some() || html.len() < plain.len() {
        return false;
    }
    let plain = plain.to_lowercase();
    plain.contains("html") || plain.contains("browser")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(mail: &str) -> Body {
        read(&Part::read(mail.as_bytes()))
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

    fn carried_text(body: &Body) -> Option<String> {
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
