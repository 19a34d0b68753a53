//! Counts what a server sends before anything parses or stores it.
//!
//! async-imap buffers a response of up to 512 MiB, sets that memory aside as soon as the size is announced, and parses
//! a BODYSTRUCTURE by recursion even if nobody asked for one. So sizes and nesting are checked here, on the octets.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// One response without its literals, in octets: a SEARCH that finds two million mails.
const LINE_OCTETS_MAX: u64 = 16 * 1024 * 1024;
/// A line from which on others get their turn between two reads.
const LONG_LINE_OCTETS: u64 = 64 * 1024;
/// Nesting of parentheses: a FETCH as it is asked for here has three levels.
const NESTING_MAX: u32 = 64;
/// The end of a line that can announce a literal: `{4294967295+}` and CR LF.
const ANNOUNCEMENT_OCTETS_MAX: usize = 16;

/// What a server sent too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Excess {
    /// A literal of more octets than could have been asked for.
    #[error("a literal of {0} octets")]
    Literal(u64),
    /// A line without an end.
    #[error("a line of over 16 MiB")]
    Line,
    /// Parentheses in parentheses.
    #[error("parentheses nested over 64 deep")]
    Nesting,
    /// More octets in answer to one command than it can have.
    #[error("over {0} octets in answer to one command")]
    Answer(u64),
}

/// A stream that fails with an [`Excess`] rather than hand on too much.
#[derive(Debug)]
pub(super) struct ImapGuard<S> {
    stream: S,
    meter: ImapMeter,
    has_yielded: bool,
}

impl<S> ImapGuard<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            meter: ImapMeter::default(),
            has_yielded: false,
        }
    }

    /// Sets what the answer to the next command may have: literals of `literal` octets and `answer` octets in all.
    pub(super) fn allow(&mut self, literal: u64, answer: u64) {
        self.meter.literal_max = literal;
        self.meter.answer_max = answer;
        self.meter.answer = 0;
    }

    /// Octets received since [`ImapGuard::allow`].
    pub(super) fn received(&self) -> u64 {
        self.meter.answer
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ImapGuard<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // async-imap reads on while there is something to read, and parses the line from its start each time: a server that
        // sends without a pause would keep the thread, and the time limits would never be looked at.
        this.has_yielded = !this.has_yielded && this.meter.line > LONG_LINE_OCTETS;
        if this.has_yielded {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        let fresh = buf.filled().get(before..).unwrap_or_default();
        Poll::Ready(this.meter.observe(fresh).map_err(io::Error::other))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ImapGuard<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// The framing of IMAP as far as lines, literals and parentheses go. It only watches: a quoted string full of
/// parentheses or a text that ends like a literal's announcement costs accuracy, never correctness.
#[derive(Debug)]
struct ImapMeter {
    literal_max: u64,
    answer_max: u64,
    answer: u64,
    /// Octets of the present literal that are still to come.
    literal: u64,
    line: u64,
    nesting: u32,
    /// The last octets of the present line.
    tail: Vec<u8>,
}

impl Default for ImapMeter {
    /// Before the first command: a greeting.
    fn default() -> Self {
        Self {
            literal_max: 0,
            answer_max: 64 * 1024,
            answer: 0,
            literal: 0,
            line: 0,
            nesting: 0,
            tail: Vec::new(),
        }
    }
}

impl ImapMeter {
    fn observe(&mut self, mut octets: &[u8]) -> Result<(), Excess> {
        self.answer = self.answer.saturating_add(len(octets));
        if self.answer > self.answer_max {
            return Err(Excess::Answer(self.answer_max));
        }
        while !octets.is_empty() {
            octets = if self.literal > 0 {
                self.skip_literal(octets)
            } else {
                self.read_line(octets)?
            };
        }
        Ok(())
    }

    fn skip_literal<'a>(&mut self, octets: &'a [u8]) -> &'a [u8] {
        let skipped = usize::try_from(self.literal).map_or(octets.len(), |n| n.min(octets.len()));
        let (inside, rest) = octets.split_at_checked(skipped).unwrap_or((octets, &[]));
        self.literal = self.literal.saturating_sub(len(inside));
        rest
    }

    /// Reads up to the end of the line, or all that there is of it.
    fn read_line<'a>(&mut self, octets: &'a [u8]) -> Result<&'a [u8], Excess> {
        let end = octets.iter().position(|octet| *octet == b'\n');
        let (line, rest) = end
            .and_then(|end| octets.split_at_checked(end.saturating_add(1)))
            .unwrap_or((octets, &[]));
        self.line = self.line.saturating_add(len(line));
        if self.line > LINE_OCTETS_MAX {
            return Err(Excess::Line);
        }
        self.count_nesting(line)?;
        self.keep_tail(line);
        if end.is_some() {
            self.end_line()?;
        }
        Ok(rest)
    }

    fn count_nesting(&mut self, line: &[u8]) -> Result<(), Excess> {
        for octet in line {
            match octet {
                b'(' => self.nesting = self.nesting.saturating_add(1),
                b')' => self.nesting = self.nesting.saturating_sub(1),
                _ => {}
            }
            if self.nesting > NESTING_MAX {
                return Err(Excess::Nesting);
            }
        }
        Ok(())
    }

    fn keep_tail(&mut self, line: &[u8]) {
        let kept = line.len().saturating_sub(ANNOUNCEMENT_OCTETS_MAX);
        self.tail.extend(line.get(kept..).unwrap_or_default());
        let surplus = self.tail.len().saturating_sub(ANNOUNCEMENT_OCTETS_MAX);
        self.tail.drain(..surplus);
    }

    /// Either a literal begins, in the middle of a response, or the response is complete.
    fn end_line(&mut self) -> Result<(), Excess> {
        match announced_literal(&self.tail) {
            Some(octets) if octets > self.literal_max => return Err(Excess::Literal(octets)),
            Some(octets) => self.literal = octets,
            None => {
                self.line = 0;
                self.nesting = 0;
            }
        }
        self.tail.clear();
        Ok(())
    }
}

/// RFC 3501 §4.3: the octets of the literal that a line announces with its last characters.
fn announced_literal(line_end: &[u8]) -> Option<u64> {
    let text = line_end.strip_suffix(b"}\r\n")?;
    let text = text.strip_suffix(b"+").unwrap_or(text);
    let brace = text.iter().rposition(|octet| *octet == b'{')?;
    let digits = text.get(brace.saturating_add(1)..)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn len(octets: &[u8]) -> u64 {
    u64::try_from(octets.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter(literal_max: u64, answer_max: u64) -> ImapMeter {
        ImapMeter {
            literal_max,
            answer_max,
            ..ImapMeter::default()
        }
    }

    /// Shows the same octets to a meter in pieces of every size.
    fn observe_in_all_pieces(octets: &[u8], literal_max: u64) -> Result<(), Excess> {
        let whole = meter(literal_max, 1 << 30).observe(octets);
        for size in 1..octets.len() {
            let mut pieces = meter(literal_max, 1 << 30);
            let in_pieces = octets
                .chunks(size)
                .try_for_each(|piece| pieces.observe(piece));
            assert_eq!(in_pieces, whole, "in pieces of {size}");
        }
        whole
    }

    #[test]
    fn a_literal_over_the_limit_is_refused_at_its_announcement() {
        let octets = b"* 1 FETCH (UID 1 BODY[] {2147483648}\r\n";
        assert_eq!(
            observe_in_all_pieces(octets, 1000),
            Err(Excess::Literal(2_147_483_648))
        );
    }

    #[test]
    fn what_is_inside_a_literal_is_not_looked_at() {
        let deep = "(".repeat(100);
        let octets =
            format!("* 1 FETCH (UID 1 BODY[] {{118}}\r\n{{999999999}}\r\n((((\r\n{deep})\r\n");
        assert_eq!(observe_in_all_pieces(octets.as_bytes(), 200), Ok(()));
    }

    #[test]
    fn parentheses_nested_too_deep_are_refused_across_literals_too() {
        let part = "(".repeat(40);
        let octets = format!("* 1 FETCH {part}{{1}}\r\nx{part}\r\n");
        assert_eq!(
            observe_in_all_pieces(octets.as_bytes(), 200),
            Err(Excess::Nesting)
        );
        let lines = format!("* {part}\r\n* {part}\r\n");
        assert_eq!(observe_in_all_pieces(lines.as_bytes(), 200), Ok(()));
    }

    #[test]
    fn an_endless_line_and_an_endless_answer_are_refused() {
        let mut endless = meter(0, u64::MAX);
        let result = (0..20).try_for_each(|_| endless.observe(&vec![b'x'; 1024 * 1024]));
        assert_eq!(result, Err(Excess::Line));
        let mut chatty = meter(0, 1000);
        let result = (0..1000).try_for_each(|_| chatty.observe(b"* OK still here\r\n"));
        assert_eq!(result, Err(Excess::Answer(1000)));
    }
}
