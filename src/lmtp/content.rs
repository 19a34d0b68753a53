//! A mail as it comes after DATA (RFC 5321 §4.1.1.4, §4.5.2): up to the line that is a dot alone, with the dots taken away that
//! were put before others.
//!
//! Lines end with CRLF and with nothing else. A server that takes a bare line feed for an end sees another end of the mail than
//! the one before it, and whoever writes a mail could then write the next command, too.

/// Where in a line it is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    /// At the beginning of a line.
    #[default]
    Begin,
    /// After a dot there.
    Dot,
    /// After a dot and a carriage return there.
    DotCr,
    /// After a carriage return.
    Cr,
    /// Anywhere else.
    Within,
}

/// Reads one mail, piece by piece.
#[derive(Debug)]
pub(super) struct ContentReader {
    at: At,
    /// What nobody has taken yet.
    octets: Vec<u8>,
    /// What came so far, in octets.
    length: usize,
    octets_max: usize,
    /// Longer than is taken: the rest is read and thrown away.
    is_over: bool,
}

impl ContentReader {
    /// One of so many octets at most, that begins with these.
    pub(super) fn new(beginning: Vec<u8>, octets_max: usize) -> Self {
        Self {
            at: At::Begin,
            length: beginning.len(),
            octets: beginning,
            octets_max,
            is_over: false,
        }
    }

    /// Takes a piece; answers how many octets of it were the mail's, and whether it is complete.
    pub(super) fn take(&mut self, piece: &[u8]) -> (usize, bool) {
        for (count, octet) in (1_usize..).zip(piece) {
            if self.take_one(*octet) {
                return (count, true);
            }
        }
        (piece.len(), false)
    }

    fn take_one(&mut self, octet: u8) -> bool {
        self.at = match (self.at, octet) {
            (At::Begin, b'.') => At::Dot,
            (At::Dot, b'\r') => At::DotCr,
            (At::DotCr, b'\n') => return true,
            (before, octet) => {
                if before == At::DotCr {
                    self.push(b'\r');
                }
                self.push(octet);
                match (before, octet) {
                    (_, b'\r') => At::Cr,
                    (At::Cr | At::DotCr, b'\n') => At::Begin,
                    _ => At::Within,
                }
            }
        };
        false
    }

    fn push(&mut self, octet: u8) {
        if self.length < self.octets_max {
            self.length = self.length.saturating_add(1);
            self.octets.push(octet);
        } else if !self.is_over {
            self.give_up();
        }
    }

    /// Keeps nothing of it, and reads to its end.
    pub(super) fn give_up(&mut self) {
        self.is_over = true;
        self.octets = Vec::new();
        self.length = 0;
        self.octets_max = 0;
    }

    /// Whether all that comes is thrown away.
    pub(super) fn is_given_up(&self) -> bool {
        self.is_over
    }

    /// Octets that came so far.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// How many of them nobody has taken yet.
    pub(super) fn waiting(&self) -> usize {
        self.octets.len()
    }

    /// What nobody has taken yet.
    pub(super) fn take_waiting(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.octets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &[u8], piece: usize) -> (Option<Vec<u8>>, Vec<u8>) {
        let mut content = ContentReader::new(Vec::new(), 100);
        let mut rest = input;
        loop {
            assert!(!rest.is_empty(), "the mail has no end");
            let (count, is_complete) = content.take(&rest[..piece.min(rest.len())]);
            rest = &rest[count..];
            if is_complete {
                let mail = (!content.is_given_up()).then(|| content.take_waiting());
                return (mail, rest.to_vec());
            }
        }
    }

    #[test]
    fn a_mail_ends_with_a_dot_between_two_line_ends_and_with_nothing_else() {
        for (input, mail) in [
            ("a\r\n.\r\nQUIT\r\n", "a\r\n"),
            (".\r\nQUIT\r\n", ""),
            ("..\r\n.\r\nQUIT\r\n", ".\r\n"),
            ("...\r\n..b\r\n.\r\nQUIT\r\n", "..\r\n.b\r\n"),
            ("a.\r\n.\r\nQUIT\r\n", "a.\r\n"),
            // What others take for an end.
            ("a\n.\nb\r\n.\r\nQUIT\r\n", "a\n.\nb\r\n"),
            ("a\n.\r\nb\r\n.\r\nQUIT\r\n", "a\n.\r\nb\r\n"),
            ("a\r.\rb\r\n.\r\nQUIT\r\n", "a\r.\rb\r\n"),
            ("a\r\n.\rb\r\n.\r\nQUIT\r\n", "a\r\n\rb\r\n"),
            ("a\r\n.\nb\r\n.\r\nQUIT\r\n", "a\r\n\nb\r\n"),
            ("a\r\n.\r\r\n.\r\nQUIT\r\n", "a\r\n\r\r\n"),
        ] {
            for piece in 1..=input.len() {
                let (read, rest) = read(input.as_bytes(), piece);
                assert_eq!(read.unwrap(), mail.as_bytes(), "{input:?} by {piece}");
                assert_eq!(rest, b"QUIT\r\n", "{input:?} by {piece}");
            }
        }
    }

    #[test]
    fn what_is_over_the_limit_is_read_to_its_end_and_not_kept() {
        for (octets, is_taken) in [(98, true), (99, false), (100_000, false)] {
            let mail = format!("{}\r\n.\r\nQUIT\r\n", "x".repeat(octets));
            let (read, rest) = read(mail.as_bytes(), 64);
            assert_eq!(read.is_some(), is_taken, "{octets}");
            assert_eq!(rest, b"QUIT\r\n");
        }
    }
}
