//! The replies of an SMTP server (RFC 5321 §4.2), read out of its octets and within limits. Pure.
//!
//! What servers really say is taken: a code alone (§4.2 asks clients to be prepared for it), and octets above 127 that are
//! no UTF-8, which become `?`. What would leave us out of step with the server is not: no code, two codes in one reply.

use crate::core::outcome::{Reply, enhanced_code};
use crate::core::text::clean;
use crate::smtp::outcome;

/// The longest line, in octets with its end. RFC 5321 §4.5.3.1.5 allows servers 512; Postfix reads as many as we do
/// (`line_length_limit`).
pub const LINE_OCTETS_MAX: usize = 2048;
/// Lines of one reply. One to `EHLO` has about twenty.
pub const LINES_MAX: usize = 200;
/// How much of what is no SMTP is shown, in characters.
const SHOWN_CHARS_MAX: usize = 80;

/// A whole reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerReply {
    /// Three digits: 200 to 559.
    pub code: u16,
    /// The text of each line, without code and line end; ASCII. At least one, which may be empty.
    pub lines: Vec<String>,
}

impl ServerReply {
    /// What it says about a mail. An enhanced code that each of its lines begins with (RFC 2034 §4) is read once.
    pub fn to_reply(&self) -> Reply {
        let first = self.lines.first().map_or("", String::as_str);
        let enhanced = first.split(' ').next().unwrap_or_default();
        let is_enhanced = enhanced_code(enhanced).is_some();
        let rest = self.lines.iter().skip(1).map(|line| {
            let again = line.strip_prefix(enhanced).filter(|_| is_enhanced);
            again
                .filter(|rest| rest.is_empty() || rest.starts_with(' '))
                .unwrap_or(line)
        });
        let texts: Vec<&str> = std::iter::once(first).chain(rest).collect();
        outcome::reply(self.code, &texts.join(" "))
    }
}

/// Why what came is no reply. Nothing that comes after it can be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// A line without an end.
    #[error("a line of its reply has over {LINE_OCTETS_MAX} octets")]
    LongLine,
    /// A reply without an end.
    #[error("its reply has over {LINES_MAX} lines")]
    ManyLines,
    /// The lines of a reply have the same code (RFC 5321 §4.2.1).
    #[error("its reply has two codes, {0} and {1}")]
    TwoCodes(u16, u16),
    /// No reply at all.
    #[error("it does not speak SMTP: “{0}”")]
    NotSmtp(String),
}

/// Puts replies together. Holds no more than one line and one reply within the limits above.
#[derive(Debug, Default)]
pub struct ReplyReader {
    /// A line whose end has not come yet.
    line: Vec<u8>,
    /// Of a reply that goes on.
    code: Option<u16>,
    lines: Vec<String>,
}

impl ReplyReader {
    /// Takes octets up to the end of a reply: how many, and the reply; or all of them, where it goes on.
    ///
    /// # Errors
    /// [`ReplyError`]. Then the conversation is over.
    pub fn push(&mut self, octets: &[u8]) -> Result<(usize, Option<ServerReply>), ReplyError> {
        let mut taken = 0_usize;
        for piece in octets.split_inclusive(|octet| *octet == b'\n') {
            if self.line.len().saturating_add(piece.len()) > LINE_OCTETS_MAX {
                return Err(ReplyError::LongLine);
            }
            self.line.extend_from_slice(piece);
            taken = taken.saturating_add(piece.len());
            if piece.ends_with(b"\n")
                && let Some(reply) = self.line_ends()?
            {
                return Ok((taken, Some(reply)));
            }
        }
        Ok((taken, None))
    }

    fn line_ends(&mut self) -> Result<Option<ServerReply>, ReplyError> {
        let line = text_of(&std::mem::take(&mut self.line));
        let not_smtp = || ReplyError::NotSmtp(clean::for_header(&line, SHOWN_CHARS_MAX));
        let (code, goes_on, text) = parts(&line).ok_or_else(not_smtp)?;
        if let Some(first) = self.code.filter(|first| *first != code) {
            return Err(ReplyError::TwoCodes(first, code));
        }
        if self.lines.len() >= LINES_MAX {
            return Err(ReplyError::ManyLines);
        }
        self.lines.push(text.to_owned());
        self.code = goes_on.then_some(code);
        Ok((!goes_on).then(|| ServerReply {
            code,
            lines: std::mem::take(&mut self.lines),
        }))
    }
}

/// A line without its end, in ASCII.
fn text_of(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let ascii = |octet: &u8| match octet.is_ascii() {
        true => char::from(*octet),
        false => '?',
    };
    line.iter().map(ascii).collect()
}

/// `Reply-line` of RFC 5321 §4.2: the code, whether another line follows, the text.
fn parts(line: &str) -> Option<(u16, bool, &str)> {
    let (code, rest) = line.split_at_checked(3)?;
    let is_code = matches!(code.as_bytes(), [b'2'..=b'5', b'0'..=b'5', b'0'..=b'9']);
    let code = code.parse().ok().filter(|_| is_code)?;
    match rest.split_at_checked(1) {
        None => Some((code, false, "")),
        Some((" ", text)) => Some((code, false, text)),
        Some(("-", text)) => Some((code, true, text)),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All replies, and why no more of them.
    fn read(octets: &[u8]) -> (Vec<ServerReply>, Option<ReplyError>) {
        let (mut reader, mut rest, mut replies) = (ReplyReader::default(), octets, Vec::new());
        loop {
            match reader.push(rest) {
                Ok((taken, Some(reply))) => {
                    replies.push(reply);
                    rest = &rest[taken..];
                }
                Ok((taken, None)) => {
                    assert_eq!(taken, rest.len());
                    return (replies, None);
                }
                Err(error) => return (replies, Some(error)),
            }
        }
    }

    fn reply(code: u16, lines: &[&str]) -> ServerReply {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        ServerReply { code, lines }
    }

    #[test]
    fn replies_as_servers_write_them() {
        let octets = b"220 mx ESMTP\r\n250-mx\r\n250-SIZE 10\r\n250 DSN\r\n354\r\n250 \r\n250 ok\n550 5.1.1 f\xfcr\r\n2";
        let expected = vec![
            reply(220, &["mx ESMTP"]),
            reply(250, &["mx", "SIZE 10", "DSN"]),
            reply(354, &[""]),
            reply(250, &[""]),
            reply(250, &["ok"]),
            reply(550, &["5.1.1 f?r"]),
        ];
        assert_eq!(read(octets), (expected, None));
    }

    #[test]
    fn what_is_no_reply_ends_the_conversation_and_is_shown() {
        for line in [
            "HTTP/1.1 400 Bad Request",
            "* OK IMAP",
            "999 x",
            "199 x",
            "260 x",
            "25",
            "",
            "250_ok",
            "250\tok",
            "+250 ok",
            " 250 ok",
        ] {
            let (replies, error) = read(format!("220 mx\r\n{line}\r\n250 ok\r\n").as_bytes());
            assert_eq!(replies.len(), 1, "{line}");
            let expected = ReplyError::NotSmtp(clean::for_header(line, 80));
            assert_eq!(error, Some(expected), "{line}");
        }
        let (_, error) = read(b"250-one\r\n550 two\r\n");
        assert_eq!(error, Some(ReplyError::TwoCodes(250, 550)));
        // The next reply may have another one.
        assert_eq!(read(b"250-one\r\n250 two\r\n550 three\r\n").1, None);
    }

    #[test]
    fn lines_and_replies_have_an_end() {
        let longest = format!("250 {}\r\n", "x".repeat(LINE_OCTETS_MAX - 6));
        assert_eq!(read(longest.as_bytes()).0.len(), 1);
        let longer = format!("250 {}\r\n", "x".repeat(LINE_OCTETS_MAX - 5));
        assert_eq!(read(longer.as_bytes()).1, Some(ReplyError::LongLine));
        let many = "250-x\r\n".repeat(LINES_MAX - 1) + "250 x\r\n";
        assert_eq!(read(many.repeat(3).as_bytes()).0.len(), 3);
        let more = "250-x\r\n".repeat(LINES_MAX) + "250 x\r\n";
        assert_eq!(read(more.as_bytes()).1, Some(ReplyError::ManyLines));
    }

    #[test]
    fn an_enhanced_code_on_each_line_is_read_once() {
        let twice = reply(
            550,
            &[
                "5.1.1 no such user;",
                "5.1.1 try others",
                "5.1.12 x",
                "5.1.1",
            ],
        );
        let twice = twice.to_reply();
        assert_eq!((twice.code, twice.enhanced), (Some(550), Some((5, 1, 1))));
        assert_eq!(twice.text, "no such user; try others 5.1.12 x");
        assert_eq!(reply(250, &["ok", "ok 2"]).to_reply().text, "ok ok 2");
        assert_eq!(reply(250, &[""]).to_reply().text, "");
    }

    proptest::proptest! {
        /// D5: wherever TCP cuts, the same is read, and no more is held than the limits say.
        #[test]
        fn d5_replies_are_the_same_however_their_octets_arrive(
            octets in proptest::collection::vec(proptest::prop_oneof![
                proptest::sample::select(b"250- \r\n4\xfc".to_vec()), proptest::prelude::any::<u8>(),
            ], 0..400),
            cuts in proptest::collection::vec(1_usize..40, 1..60),
        ) {
            let whole = read(&octets);
            let (mut reader, mut replies, mut error) = (ReplyReader::default(), Vec::new(), None);
            let (mut rest, mut cuts) = (octets.as_slice(), cuts.into_iter().cycle());
            while !rest.is_empty() && error.is_none() {
                let (mut piece, later) = rest.split_at(cuts.next().unwrap().min(rest.len()));
                rest = later;
                while !piece.is_empty() && error.is_none() {
                    match reader.push(piece) {
                        Ok((taken, reply)) => {
                            proptest::prop_assert!(taken > 0 && taken <= piece.len());
                            piece = &piece[taken..];
                            replies.extend(reply);
                        }
                        Err(why) => error = Some(why),
                    }
                    proptest::prop_assert!(reader.line.len() <= LINE_OCTETS_MAX);
                    proptest::prop_assert!(reader.lines.len() <= LINES_MAX);
                }
            }
            proptest::prop_assert_eq!((replies, error), whole);
        }

        /// Whatever a server may say is read as what it said, and nothing of it as another reply.
        #[test]
        fn what_is_written_is_read_again(
            said in proptest::collection::vec((200_u16..560, proptest::collection::vec("[ -~]{0,60}", 1..6)), 0..8),
        ) {
            let replies: Vec<ServerReply> = said.into_iter()
                .map(|(code, lines)| ServerReply { code: code - code % 100 + code % 60, lines })
                .collect();
            let mut written = String::new();
            for reply in &replies {
                for (index, line) in reply.lines.iter().enumerate() {
                    let mark = if index + 1 < reply.lines.len() { '-' } else { ' ' };
                    written.push_str(&format!("{}{mark}{line}\r\n", reply.code));
                }
            }
            proptest::prop_assert_eq!(read(written.as_bytes()), (replies, None));
        }
    }
}
