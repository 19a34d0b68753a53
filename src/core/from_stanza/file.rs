//! Files that a message is about.

use crate::core::file::{self, FILES_PER_MESSAGE_MAX, FileLink, FileMeaning};
use crate::core::from_mail;
use crate::core::to_stanza::file::{METADATA, SHARING, URL_DATA};
use minidom::Element;
use xmpp_parsers::ns;

/// XEP-0385.
const SIMS: &str = "urn:xmpp:sims:1";
/// XEP-0234.
const JINGLE_FILE: &str = "urn:xmpp:jingle:apps:file-transfer:5";
/// XEP-0449.
const STICKERS: &str = "urn:xmpp:stickers:0";
/// The longest voice message that is called one: what is longer is a recording, in milliseconds.
const VOICE_MAX: u32 = 24 * 3600 * 1000;

/// In their order, each once. An address beside other words is a link in a text, not a file.
pub(super) fn files(message: &Element, body: Option<&str>) -> Vec<FileLink> {
    let mut files: Vec<FileLink> = Vec::new();
    let told = message.children().filter_map(shared);
    let out_of_band = message
        .children()
        .filter_map(|child| out_of_band(child, body));
    for link in told.chain(out_of_band) {
        if files.len() < FILES_PER_MESSAGE_MAX && files.iter().all(|known| known.url != link.url) {
            files.push(link);
        }
    }
    if let [alone] = files.as_mut_slice()
        && message.has_child("sticker", STICKERS)
    {
        alone.meant = Some(FileMeaning::Sticker);
    }
    files
}

/// XEP-0066: a file where the URL is the whole body, or there is none.
fn out_of_band(child: &Element, body: Option<&str>) -> Option<FileLink> {
    let url = child
        .get_child("url", ns::OOB)
        .filter(|_| child.is("x", ns::OOB))?
        .text();
    let is_all = body.is_none_or(|body| body.trim() == url.trim());
    is_all.then(|| link(&url, None)).flatten()
}

/// XEP-0447, or XEP-0385 as clients wrote it before.
fn shared(child: &Element) -> Option<FileLink> {
    if child.is("file-sharing", SHARING) {
        let sources = child.get_child("sources", SHARING)?;
        let url = sources.get_child("url-data", URL_DATA)?.attr("target")?;
        let file = child.get_child("file", METADATA);
        let is_inline = child.attr("disposition") == Some("inline");
        let link = link(url, file)?;
        return Some(FileLink {
            meant: file.filter(|_| is_inline).and_then(voice),
            ..link
        });
    }
    let media = child.get_child("media-sharing", SIMS)?;
    let sources = media.get_child("sources", SIMS)?;
    let url = sources.children().find_map(|source| source.attr("uri"))?;
    link(url, media.get_child("file", JINGLE_FILE))
}

/// A sound that is to be played where the message stands. One that is sent as a file is music, or whatever else.
fn voice(file: &Element) -> Option<FileMeaning> {
    let said = |name: &str| file.get_child(name, METADATA).map(Element::text);
    let media_type = said("media-type")?;
    let length = said("length").and_then(|length| length.trim().parse().ok());
    let length = length.filter(|length| (1..=VOICE_MAX).contains(length));
    media_type
        .starts_with("audio/")
        .then_some(FileMeaning::Voice(length))
}

fn link(url: &str, described: Option<&Element>) -> Option<FileLink> {
    let name = described.and_then(|file| file.children().find(|child| child.name() == "name"));
    let name = name.map(Element::text);
    Some(FileLink {
        url: file::url(url.trim())?,
        name: name.and_then(|name| from_mail::file_name(&name)),
        meant: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str, payload: &str) -> Vec<FileLink> {
        let xml = format!("<message xmlns='jabber:component:accept'>{payload}</message>");
        files(
            &xml.parse().unwrap(),
            Some(body).filter(|body| !body.is_empty()),
        )
    }

    #[test]
    fn a_file_is_told_in_three_ways_and_counts_once() {
        let url = "https://u.a.example/1/a%20b.png";
        let link = |name: Option<&str>| FileLink {
            url: url.to_owned(),
            name: name.map(str::to_owned),
            meant: None,
        };
        let oob = format!("<x xmlns='jabber:x:oob'><url>{url}</url></x>");
        let sfs = format!(
            "<file-sharing xmlns='{SHARING}'><file xmlns='{METADATA}'><name>../b.png</name></file><sources><url-data xmlns='{URL_DATA}' target='{url}'/></sources></file-sharing>"
        );
        let sims = format!(
            "<reference xmlns='urn:xmpp:reference:0' type='data'><media-sharing xmlns='{SIMS}'><file xmlns='{JINGLE_FILE}'><name>c.png</name></file><sources><reference xmlns='urn:xmpp:reference:0' type='data' uri='{url}'/></sources></media-sharing></reference>"
        );
        assert_eq!(read(url, &oob), [link(None)]);
        assert_eq!(read("", &oob), [link(None)]);
        assert_eq!(read("Look at this", &oob), []);
        assert_eq!(read("A caption", &sfs), [link(Some("b.png"))]);
        assert_eq!(read(url, &sims), [link(Some("c.png"))]);
        assert_eq!(
            read(url, &format!("{oob}{sims}{sfs}")),
            [link(Some("c.png"))]
        );
        assert_eq!(link(None).name(), "a b.png");
        let bad = oob.replace("https:", "file:");
        assert_eq!(read("", &bad), []);
    }

    #[test]
    fn a_voice_message_and_a_sticker_are_some_where_the_client_says_so() {
        let meant = |disposition: &str, file: &str, more: &str| {
            let url = "https://u.a.example/1/a";
            let shared = format!(
                "<file-sharing xmlns='{SHARING}'{disposition}><file xmlns='{METADATA}'>{file}</file><sources><url-data xmlns='{URL_DATA}' target='{url}'/></sources></file-sharing>{more}"
            );
            let files = read("Hm", &shared);
            assert_eq!(files.len(), 1, "{shared}");
            files[0].meant
        };
        let (inline, sound) = (
            " disposition='inline'",
            "<media-type>audio/ogg</media-type>",
        );
        let long = |length: &str| format!("{sound}<length>{length}</length>");
        assert_eq!(meant(inline, sound, ""), Some(FileMeaning::Voice(None)));
        assert_eq!(
            meant(inline, &long("2500"), ""),
            Some(FileMeaning::Voice(Some(2500)))
        );
        for odd in ["0", "-1", "86400001", "99999999999999999999", "x"] {
            assert_eq!(
                meant(inline, &long(odd), ""),
                Some(FileMeaning::Voice(None)),
                "{odd}"
            );
        }
        assert_eq!(meant("", sound, ""), None);
        assert_eq!(meant(" disposition='attachment'", sound, ""), None);
        let picture = "<media-type>image/png</media-type>";
        assert_eq!(meant(inline, picture, ""), None);
        let sticker = format!("<sticker xmlns='{STICKERS}' pack='p'/>");
        assert_eq!(meant("", picture, &sticker), Some(FileMeaning::Sticker));
    }

    #[test]
    fn ten_of_a_message_are_enough() {
        let many: String = (0..1000)
            .map(|n| format!("<x xmlns='jabber:x:oob'><url>https://u.a.example/{n}</url></x>"))
            .collect();
        assert_eq!(read("", &many).len(), FILES_PER_MESSAGE_MAX);
    }
}
