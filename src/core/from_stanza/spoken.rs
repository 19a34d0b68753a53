//! What of a message is for people, as text: the body in its language, without what stands in it for programs, and what clients
//! show that is in no body: files, places, messages that are sent on, invitations to rooms.

use crate::core::language::Language;
use crate::core::limits;
use crate::core::notice::sent_on as words;
use crate::core::text::{clean, html};
use minidom::Element;
use rxml::Namespace;
use xmpp_parsers::ns;

/// XEP-0428 Fallback Indication.
const FALLBACK: &str = "urn:xmpp:fallback:0";
/// XEP-0382 Spoiler Messages.
const SPOILER: &str = "urn:xmpp:spoiler:0";
/// XEP-0447 Stateless File Sharing.
const FILE: &str = "urn:xmpp:sfs:0";
/// XEP-0446 File Metadata Element.
const FILE_METADATA: &str = "urn:xmpp:file:metadata:0";
/// XEP-0103 URL Address Information.
const URL_DATA: &str = "http://jabber.org/protocol/url-data";
/// XEP-0372 References, in which XEP-0385 (SIMS) puts files.
const REFERENCE: &str = "urn:xmpp:reference:0";
/// XEP-0385 Stateless Inline Media Sharing.
const MEDIA: &str = "urn:xmpp:sims:1";
/// XEP-0080 User Location.
const PLACE: &str = "http://jabber.org/protocol/geoloc";
/// XEP-0071 XHTML-IM.
const XHTML_IM: &str = "http://jabber.org/protocol/xhtml-im";
/// XEP-0249 Direct MUC Invitations.
const ROOM: &str = "jabber:x:conference";
/// Fallbacks for these say in words what is not for people, or is told in another way; those for what nobody knows yet are
/// the best that there is.
const STRIPPED: [&str; 7] = [
    "urn:xmpp:message-retract:",
    "urn:xmpp:reactions:",
    "urn:xmpp:omemo:",
    "urn:xmpp:openpgp:",
    "urn:xmpp:sfs:",
    "urn:xmpp:sims:",
    "jabber:x:oob",
];
/// What an OTR client sends that nobody else can read (OTR version 3, “Details of the protocol”).
const OTR: &str = "?OTR";
/// An address of a file, in octets; browsers take no longer ones.
const LINK_OCTETS_MAX: usize = 2000;
/// Parts of one message beside its body that become text.
const PARTS_MAX: usize = 20;
/// Lines between the hint of a spoiler and what it hides: more than a list of mails shows.
const SPOILER_LINES: usize = 6;

/// The text of a message for people; `None` where there is none.
pub(super) fn text(language: Language, message: &Element) -> Option<String> {
    let body = body(message).or_else(|| xhtml(message)).unwrap_or_default();
    let mut text = body.clone();
    let parts = message.children().filter_map(|child| part(language, child));
    for part in parts.take(PARTS_MAX) {
        if !part.is_said_in(&body) {
            text.truncate(text.trim_end().len());
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&part.text);
        }
    }
    if text.trim().is_empty() {
        return None;
    }
    Some(match message.get_child("spoiler", SPOILER) {
        Some(spoiler) => hidden(language, &spoiler.text(), &text),
        None => text,
    })
}

/// Whether the body is one of an OTR conversation.
pub(super) fn is_otr(message: &Element) -> bool {
    let bodies = message
        .children()
        .filter(|child| child.is("body", ns::COMPONENT));
    bodies
        .into_iter()
        .any(|body| body.text().trim_start().starts_with(OTR))
}

/// Of children of one name, the one in the language of the stanza, else the first (RFC 6121 §5.2.3).
pub(super) fn in_language<'a>(message: &'a Element, name: &str) -> Option<&'a Element> {
    let wanted = message.attr_ns(&Namespace::XML, "lang");
    let is_named =
        |child: &&Element| child.is(name, ns::COMPONENT) && !child.text().trim().is_empty();
    let is_own = |child: &&Element| {
        let lang = child.attr_ns(&Namespace::XML, "lang");
        lang.is_none() || lang == wanted
    };
    let named = || message.children().filter(is_named);
    named().find(is_own).or_else(|| named().next())
}

fn body(message: &Element) -> Option<String> {
    let body = in_language(message, "body")?.text();
    let fallbacks = message
        .children()
        .filter(|child| child.is("fallback", FALLBACK));
    let mut ranges: Vec<(usize, usize)> = fallbacks
        .filter(|fallback| is_stripped(fallback, message))
        .map(range)
        .collect();
    if ranges.is_empty() {
        return Some(clean::for_xml(&body));
    }
    ranges.sort_unstable();
    let mut ranges = ranges.into_iter().peekable();
    let mut end = 0_usize;
    let own = body.chars().enumerate().filter(|(at, _)| {
        while let Some((_, to)) = ranges.next_if(|(from, _)| from <= at) {
            end = end.max(to);
        }
        *at >= end
    });
    let own: String = own.map(|(_, c)| c).collect();
    Some(clean::for_xml(&own)).filter(|own| !own.trim().is_empty())
}

/// One that names nothing is about what the message holds.
fn is_stripped(fallback: &Element, message: &Element) -> bool {
    let is_known = |namespace: &str| STRIPPED.iter().any(|start| namespace.starts_with(start));
    match fallback.attr("for") {
        Some(namespace) => is_known(namespace),
        None => message.children().any(|child| {
            is_known(&child.ns()) || child.children().any(|inner| is_known(&inner.ns()))
        }),
    }
}

/// From which character to which (XEP-0428 §3); the whole body where it does not say.
fn range(fallback: &Element) -> (usize, usize) {
    let body = fallback.children().find(|child| child.name() == "body");
    let number = |name: &str| body.and_then(|body| body.attr(name)?.parse().ok());
    match (number("start"), number("end")) {
        (Some(start), Some(end)) => (start, end),
        _ => (0, usize::MAX),
    }
}

/// Text without a body, as old clients format it.
fn xhtml(message: &Element) -> Option<String> {
    let html = message.get_child("html", XHTML_IM)?;
    let (text, _) = html::to_text(&String::from(html));
    (!text.is_empty()).then_some(text)
}

/// Something beside the body.
struct SpokenPart {
    text: String,
    /// Where this stands in the body, the body says it.
    mark: SaidBy,
}

/// By what the body shows that it says a part.
enum SaidBy {
    /// An address, which nobody types by chance.
    Address(String),
    /// Words: they are often short ones. They stand there in lines of their own, as clients write them that know of no such part.
    Lines(String),
}

impl SpokenPart {
    fn is_said_in(&self, body: &str) -> bool {
        match &self.mark {
            SaidBy::Address(address) => body.contains(address),
            SaidBy::Lines(words) => unquoted(body).contains(&unquoted(words)),
        }
    }
}

/// Each line between two line ends, without the marks of a quotation.
fn unquoted(text: &str) -> String {
    let mut all = String::from("\n");
    for line in text.lines() {
        all.push_str(line.trim_start_matches(['>', ' ']).trim_end());
        all.push('\n');
    }
    all
}

fn part(language: Language, child: &Element) -> Option<SpokenPart> {
    let namespace = child.ns();
    match (child.name(), namespace.as_str()) {
        ("x", ns::OOB) => {
            let content = |name| child.get_child(name, ns::OOB).map(Element::text);
            link(&content("url")?, content("desc").as_deref())
        }
        ("file-sharing", FILE) => {
            let source = child.get_child("sources", FILE)?;
            let url = source.children().find(|one| one.is("url-data", URL_DATA))?;
            let file = child.get_child("file", FILE_METADATA);
            link(url.attr("target")?, of_file(file, FILE_METADATA).as_deref())
        }
        ("reference", REFERENCE) => {
            let media = child.get_child("media-sharing", MEDIA)?;
            let sources = media.get_child("sources", MEDIA)?;
            let mut sources = sources.children().filter_map(|one| one.attr("uri"));
            let file = media.children().find(|one| one.name() == "file");
            let name = file.and_then(|file| of_file(Some(file), &file.ns()));
            sources.find_map(|uri| link(uri, name.as_deref()))
        }
        ("geoloc", PLACE) => place(child),
        ("forwarded", ns::FORWARD) => sent_on(language, child),
        ("x", ROOM) => room(language, child),
        _ => None,
    }
}

/// What a file is called, or described as.
fn of_file(file: Option<&Element>, namespace: &str) -> Option<String> {
    let content = |name| file?.get_child(name, namespace).map(Element::text);
    content("desc").or_else(|| content("name"))
}

fn link(url: &str, words: Option<&str>) -> Option<SpokenPart> {
    let url = url.trim();
    let is_url = url.len() <= LINK_OCTETS_MAX
        && url.contains(':')
        && url
            .chars()
            .all(|c| !c.is_whitespace() && !clean::is_dangerous(c));
    let words = words.and_then(line);
    let text = match words {
        Some(words) => format!("{words}: {url}"),
        None => url.to_owned(),
    };
    is_url.then(|| SpokenPart {
        text: clean::for_xml(&text),
        mark: SaidBy::Address(url.to_owned()),
    })
}

fn line(text: &str) -> Option<String> {
    let line = clean::for_header(text, limits::HEADER_TEXT_CHARS_MAX);
    (!line.is_empty()).then_some(line)
}

/// RFC 5870.
fn place(place: &Element) -> Option<SpokenPart> {
    let content = |name: &str| place.get_child(name, PLACE).map(Element::text);
    let degrees = |name: &str, max: f64| {
        let degrees: f64 = content(name)?.trim().parse().ok()?;
        (degrees.abs() <= max).then_some(degrees)
    };
    let words = [
        "text",
        "description",
        "building",
        "street",
        "locality",
        "country",
    ];
    let words: Vec<String> = words
        .into_iter()
        .filter_map(|name| line(&content(name)?))
        .collect();
    let words = words.join(", ");
    match (degrees("lat", 90.0), degrees("lon", 180.0)) {
        (Some(lat), Some(lon)) => Some(SpokenPart {
            // However exactly it is written there.
            mark: SaidBy::Address(format!("geo:{}", lat.trunc())),
            text: match words.as_str() {
                "" => format!("geo:{lat},{lon}"),
                words => format!("{words}: geo:{lat},{lon}"),
            },
        }),
        _ => (!words.is_empty()).then(|| SpokenPart {
            mark: SaidBy::Lines(words.clone()),
            text: words,
        }),
    }
}

/// The words of a message that is sent on, as a quotation: who wrote them is what the user says.
fn sent_on(language: Language, forwarded: &Element) -> Option<SpokenPart> {
    let message = forwarded
        .children()
        .find(|child| child.name() == "message")?;
    let said = message
        .children()
        .find(|child| child.name() == "body")?
        .text();
    let said = clean::for_xml(said.trim());
    let from = message
        .attr("from")
        .and_then(|from| from.split('/').next())
        .and_then(line);
    let stamp = forwarded
        .get_child("delay", ns::DELAY)
        .and_then(|delay| line(delay.attr("stamp")?));
    let mut text = words::forwarded(language, from.as_deref(), stamp.as_deref());
    for line in said.lines() {
        text.push_str("\n> ");
        text.push_str(line);
    }
    (!said.is_empty()).then_some(SpokenPart {
        text,
        mark: SaidBy::Lines(said),
    })
}

fn room(language: Language, invitation: &Element) -> Option<SpokenPart> {
    let room = line(invitation.attr("jid")?)?;
    let room = room.split('/').next().unwrap_or_default().to_owned();
    let detail = |name: &str| invitation.attr(name).and_then(line);
    let reason = detail("reason").map(|reason| format!(": {reason}"));
    let password = detail("password");
    let password = password.map(|word| format!("\n{}", words::password(language, &word)));
    let text = format!(
        "{}{}\nxmpp:{}?join{}",
        words::room(language, &room),
        reason.unwrap_or_default(),
        room.replace(' ', "%20"),
        password.unwrap_or_default()
    );
    (!room.is_empty()).then_some(SpokenPart {
        text,
        mark: SaidBy::Address(room),
    })
}

/// The hint, and the text where nobody sees it who does not look for it.
fn hidden(language: Language, hint: &str, text: &str) -> String {
    let hint = line(hint).map(|hint| format!(": {hint}"));
    let lines = ".\n".repeat(SPOILER_LINES);
    let spoiler = words::spoiler(language);
    format!("{spoiler}{}\n{lines}{text}", hint.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(content: &str) -> Option<String> {
        let message = format!(
            "<message xmlns='{}' xml:lang='en'>{content}</message>",
            ns::COMPONENT
        );
        text(Language::ENGLISH, &message.parse().unwrap())
    }

    #[test]
    fn what_people_meant_for_people_has_a_text() {
        #[rustfmt::skip]
        let table = [
            ("<x xmlns='jabber:x:oob'><url>https://u.example/p.jpg</url><desc>The plan</desc></x>", "The plan: https://u.example/p.jpg"),
            ("<body>https://u.example/p.jpg</body><x xmlns='jabber:x:oob'><url>https://u.example/p.jpg</url></x>", "https://u.example/p.jpg"),
            ("<body>Look</body><x xmlns='jabber:x:oob'><url>https://u.example/p.jpg</url></x>", "Look\nhttps://u.example/p.jpg"),
            ("<body>https://u.example/f</body><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:sfs:0'><body/></fallback><file-sharing xmlns='urn:xmpp:sfs:0' disposition='inline'><file xmlns='urn:xmpp:file:metadata:0'><name>a b.pdf</name></file><sources><url-data xmlns='http://jabber.org/protocol/url-data' target='https://u.example/f'/></sources></file-sharing>", "a b.pdf: https://u.example/f"),
            ("<reference xmlns='urn:xmpp:reference:0' type='data'><media-sharing xmlns='urn:xmpp:sims:1'><file xmlns='urn:xmpp:jingle:apps:file-transfer:5'><name>p.jpg</name></file><sources><reference xmlns='urn:xmpp:reference:0' type='data' uri='https://u.example/p.jpg'/></sources></media-sharing></reference>", "p.jpg: https://u.example/p.jpg"),
            ("<geoloc xmlns='http://jabber.org/protocol/geoloc'><lat>52.5</lat><lon>-13.25</lon><text>At the gate</text></geoloc>", "At the gate: geo:52.5,-13.25"),
            ("<body>My geo: is on</body><geoloc xmlns='http://jabber.org/protocol/geoloc'><lat>52.5</lat><lon>13</lon></geoloc>", "My geo: is on\ngeo:52.5,13"),
            ("<body>ok, he says ok</body><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='bob@b.example/x'><body>ok</body></message></forwarded>", "ok, he says ok\nForwarded message from bob@b.example:\n> ok"),
            ("<body>He says:\n> one\n> two</body><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='bob@b.example/x'><body>one\ntwo</body></message></forwarded>", "He says:\n> one\n> two"),
            ("<body>Here: geo:52.5,13</body><geoloc xmlns='http://jabber.org/protocol/geoloc'><lat>52.5</lat><lon>13</lon></geoloc>", "Here: geo:52.5,13"),
            ("<geoloc xmlns='http://jabber.org/protocol/geoloc'><lat>520</lat><lon>x</lon><locality>Ulm</locality></geoloc>", "Ulm"),
            ("<body>See</body><forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='2026-11-02T09:00:00Z'/><message xmlns='jabber:client' from='bob@b.example/x'><body>one\ntwo</body></message></forwarded>", "See\nForwarded message from bob@b.example of 2026-11-02T09:00:00Z:\n> one\n> two"),
            ("<x xmlns='jabber:x:conference' jid='garden@conference.example' reason='Garden party' password='x1'/>", "Invitation to the chat room garden@conference.example: Garden party\nxmpp:garden@conference.example?join\nPassword: x1"),
            ("<html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'><p>Hi <b>Carol</b></p></body></html>", "Hi Carol"),
            ("<body>He dies.</body><spoiler xmlns='urn:xmpp:spoiler:0'>Film ending</spoiler>", "Spoiler: Film ending\n.\n.\n.\n.\n.\n.\nHe dies."),
            ("<body>Hm.</body><spoiler xmlns='urn:xmpp:spoiler:0'/>", "Spoiler\n.\n.\n.\n.\n.\n.\nHm."),
            ("<body xml:lang='de'>Hallo</body><body xml:lang='en'>Hello</body>", "Hello"),
            ("<body xml:lang='de'>Hallo</body><body xml:lang='fr'>Salut</body>", "Hallo"),
            ("<body xml:lang='de'>Hallo</body><body>Hello</body>", "Hello"),
            // A fallback that is the best for a reader who has a mail program only.
            ("<body>Alice asks: soup?</body><fallback xmlns='urn:xmpp:fallback:0' for='urn:example:polls:0'/>", "Alice asks: soup?"),
            ("<body>> nine?\nten</body><reply xmlns='urn:xmpp:reply:0' id='x'/><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' end='8'/></fallback>", "> nine?\nten"),
        ];
        for (content, expected) in table {
            assert_eq!(said(content).as_deref(), Some(expected), "{content}");
        }
    }

    #[test]
    fn what_clients_meant_for_clients_has_none() {
        for content in [
            "",
            "<body> </body>",
            "<body>This person attempted to retract.</body><fallback xmlns='urn:xmpp:fallback:0'/><apply-to xmlns='urn:xmpp:fasten:0' id='q'><retract xmlns='urn:xmpp:message-retract:0'/></apply-to>",
            "<body>/me retracted</body><retract xmlns='urn:xmpp:message-retract:1' id='q'/><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:message-retract:1'/>",
            "<body>> nine\n👍</body><reactions xmlns='urn:xmpp:reactions:0' id='q'/><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reactions:0'><body/></fallback>",
            "<x xmlns='jabber:x:oob'><url>no link</url></x>",
            "<active xmlns='http://jabber.org/protocol/chatstates'/>",
        ] {
            assert_eq!(said(content), None, "{content}");
        }
    }

    #[test]
    fn only_the_range_of_a_fallback_is_left_out() {
        let body = "<body>> ü: nine?\nyes 👍 done</body>";
        for (ranges, expected) in [
            (&[(0, 11)][..], Some("yes 👍 done")),
            (&[(11, 15), (0, 11)], Some("👍 done")),
            (&[(0, 999)], None),
            (&[(5, 2)], Some("> ü: nine?\nyes 👍 done")),
        ] {
            let fallbacks: String = ranges
                .iter()
                .map(|(start, end)| format!("<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:sfs:0'><body start='{start}' end='{end}'/></fallback>"))
                .collect();
            assert_eq!(
                said(&format!("{body}{fallbacks}")).as_deref(),
                expected,
                "{ranges:?}"
            );
        }
    }

    #[test]
    fn what_the_gateway_says_of_it_is_in_the_language_of_the_user() {
        let content = "<message xmlns='jabber:component:accept'><body>See</body><forwarded xmlns='urn:xmpp:forward:0'>\
            <delay xmlns='urn:xmpp:delay' stamp='2026-11-02'/><message xmlns='jabber:client' from='bob@b.example/x'><body>one</body></message>\
            </forwarded><x xmlns='jabber:x:conference' jid='r@c.example' password='p'/><spoiler xmlns='urn:xmpp:spoiler:0'/></message>";
        let message: Element = content.parse().unwrap();
        let german = text(Language::of_tag("de").unwrap(), &message).unwrap();
        for words in [
            "Spoiler\n",
            "Weitergeleitete Nachricht von bob@b.example vom 2026-11-02:\n> one",
            "Einladung in den Chatraum r@c.example\n",
            "Passwort: p",
        ] {
            assert!(german.contains(words), "{german}");
        }
    }
}
