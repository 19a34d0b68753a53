//! What of a mail can be spilled while it comes: the lines of a big file in base64, but for its beginning, which tells what it is.
//! Nobody reads more of such a part than its octets, piece by piece ([`super::Inside`]).

use super::raw::{RawMail, SpillFile, SpilledLines};
use super::transfer_encoding::is_base64;
use super::{smime, tnef};
use std::io;
use std::sync::Arc;

/// So many digits of a file stay in memory: more than is looked at to see what it is ([`crate::core::file`]).
const KEPT_DIGITS: u64 = 384 * 1024;
/// A longer line is no line of base64, in octets (RFC 5322 §2.1.1).
const LINE_OCTETS_MAX: usize = 998;

/// Whose lines come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PartKind {
    /// One that nobody reads but as a file.
    File,
    /// A `Content-Type:` that says nothing in its own line.
    Unsaid,
    Other,
}

/// Reads a mail as it comes, and says what of it stays in memory.
#[derive(Debug)]
pub struct MailSplitter {
    /// What stays.
    kept: Vec<u8>,
    lines: Vec<SpilledLines>,
    /// What is to be spilled, until somebody takes it.
    out: Vec<u8>,
    /// How much was taken.
    taken: u64,
    /// A line that is not complete; empty within one that is too long.
    line: Vec<u8>,
    is_long: bool,
    /// A line that is spilled if another one follows: the last one stays, since what follows it ends the part, and is to do so there.
    held: Vec<u8>,
    kind: PartKind,
    /// The digits of the lines of base64 before this one.
    digits: u64,
    /// Nothing more is spilled.
    is_over: bool,
}

impl Default for MailSplitter {
    fn default() -> Self {
        Self {
            kept: Vec::new(),
            lines: Vec::new(),
            out: Vec::new(),
            taken: 0,
            line: Vec::new(),
            is_long: false,
            held: Vec::new(),
            kind: PartKind::Other,
            digits: 0,
            is_over: false,
        }
    }
}

impl MailSplitter {
    /// The next octets of the mail.
    pub fn take(&mut self, piece: &[u8]) {
        for part in piece.split_inclusive(|octet| *octet == b'\n') {
            let is_end = part.ends_with(b"\n");
            if self.line.is_empty() && is_end && !self.is_long {
                self.whole_line(part);
                continue;
            }
            self.line.extend_from_slice(part);
            if self.is_long || self.line.len() > LINE_OCTETS_MAX.saturating_add(2) {
                self.is_long = !is_end;
                self.digits = 0;
                self.kept.append(&mut self.held);
                self.kept.append(&mut self.line);
            } else if is_end {
                let line = std::mem::take(&mut self.line);
                self.whole_line(&line);
                // Its room is used again.
                self.line = line;
                self.line.clear();
            }
        }
    }

    fn whole_line(&mut self, line: &[u8]) {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if is_line_of_base64(text) {
            let digits = u64::try_from(text.len()).unwrap_or(0);
            self.digits = self.digits.saturating_add(digits);
            if self.kind == PartKind::File && self.digits > KEPT_DIGITS && !self.is_over {
                let before = std::mem::take(&mut self.held);
                self.spill(&before);
                self.held = before;
                self.held.clear();
                self.held.extend_from_slice(line);
                return;
            }
        } else {
            self.digits = 0;
            self.kind = kind_after(self.kind, text);
        }
        self.kept.append(&mut self.held);
        self.kept.extend_from_slice(line);
    }

    fn spill(&mut self, line: &[u8]) {
        if line.is_empty() {
            return;
        }
        let digits = line.iter().filter(|octet| is_base64(**octet)).count();
        let digits = u64::try_from(digits).unwrap_or(0);
        let octets = u64::try_from(line.len()).unwrap_or(0);
        let waiting = u64::try_from(self.out.len()).unwrap_or(0);
        let place = self.taken.saturating_add(waiting);
        self.out.extend_from_slice(line);
        match self.lines.last_mut() {
            Some(lines) if lines.at == self.kept.len() => {
                lines.octets = lines.octets.saturating_add(octets);
                lines.digits = lines.digits.saturating_add(digits);
            }
            _ => self.lines.push(SpilledLines {
                at: self.kept.len(),
                place,
                octets,
                digits,
            }),
        }
    }

    /// How much of the mail is in memory, in octets.
    pub fn kept(&self) -> usize {
        self.kept.len().saturating_add(self.out.len())
    }

    /// What is to be written to the file next.
    pub fn to_spill(&self) -> &[u8] {
        &self.out
    }

    /// That was written.
    pub fn is_spilled(&mut self) {
        let octets = u64::try_from(self.out.len()).unwrap_or(0);
        self.taken = self.taken.saturating_add(octets);
        self.out.clear();
    }

    /// It could not be written: all of it comes back into memory, and stays there.
    ///
    /// # Errors
    /// [`io::Error`]: nor can be read what was written before.
    pub fn without_spill(self, file: Option<Arc<dyn SpillFile>>) -> io::Result<Self> {
        let file = WrittenAndNot {
            file,
            taken: self.taken,
            out: self.out,
        };
        let whole = RawMail::spilled(self.kept, self.lines, Arc::new(file)).whole()?;
        Ok(Self {
            kept: whole.octets().to_vec(),
            lines: Vec::new(),
            out: Vec::new(),
            is_over: true,
            ..self
        })
    }

    /// The mail, when all of it was taken and written; `file` is where that lies. Give it to [`super::unless_read`] next.
    pub fn into_mail(mut self, file: Option<Arc<dyn SpillFile>>) -> RawMail {
        self.kept.append(&mut self.held);
        self.kept.append(&mut self.line);
        match file.filter(|_| !self.lines.is_empty()) {
            Some(file) => RawMail::spilled(self.kept, self.lines, file),
            None => self.kept.into(),
        }
    }
}

/// What is written, and what was to be.
#[derive(Debug)]
struct WrittenAndNot {
    file: Option<Arc<dyn SpillFile>>,
    taken: u64,
    out: Vec<u8>,
}

impl SpillFile for WrittenAndNot {
    fn read_at(&self, place: u64, octets: &mut [u8]) -> io::Result<()> {
        let written = usize::try_from(self.taken.saturating_sub(place)).unwrap_or(usize::MAX);
        let (from_file, from_memory) = match octets.split_at_mut_checked(written) {
            Some(split) => split,
            None => (octets, Default::default()),
        };
        if !from_file.is_empty() {
            let file = self.file.as_ref().ok_or(io::ErrorKind::UnexpectedEof)?;
            file.read_at(place, from_file)?;
        }
        let begin = usize::try_from(place.saturating_sub(self.taken)).unwrap_or(usize::MAX);
        let end = begin.saturating_add(from_memory.len());
        let waiting = self
            .out
            .get(begin..end)
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        from_memory.copy_from_slice(waiting);
        Ok(())
    }
}

/// Whether these are digits and nothing else, and whole groups of them.
fn is_line_of_base64(text: &[u8]) -> bool {
    !text.is_empty()
        && text.len() <= LINE_OCTETS_MAX
        && text.len().is_multiple_of(4)
        && text.iter().all(|octet| is_base64(*octet))
}

/// What the lines after this one belong to.
fn kind_after(before: PartKind, line: &[u8]) -> PartKind {
    const NAME: &[u8] = b"content-type:";
    let is_begin = line.get(..NAME.len());
    if is_begin.is_some_and(|begin| begin.eq_ignore_ascii_case(NAME)) {
        let value = line.get(NAME.len()..).unwrap_or_default().trim_ascii();
        return match value.is_empty() {
            true => PartKind::Unsaid,
            false => kind_of(value),
        };
    }
    match before {
        _ if line.starts_with(b"--") => PartKind::Other,
        PartKind::Unsaid if line.starts_with(b" ") || line.starts_with(b"\t") => {
            kind_of(line.trim_ascii())
        }
        PartKind::Unsaid => PartKind::Other,
        before => before,
    }
}

fn kind_of(value: &[u8]) -> PartKind {
    let value = String::from_utf8_lossy(value).to_ascii_lowercase();
    let kind = value.split(|c: char| c == ';' || c.is_whitespace()).next();
    match kind.is_some_and(is_file) {
        true => PartKind::File,
        false => PartKind::Other,
    }
}

/// Whether something is a file and nothing else, whatever is in it.
pub(super) fn is_file(media_type: &str) -> bool {
    let families = ["image/", "audio/", "video/", "application/"];
    let is_of_one = families.iter().any(|family| media_type.starts_with(family));
    let is_xml = media_type.ends_with("+xml") || media_type.ends_with("/xml");
    is_of_one
        && !is_xml
        && !smime::is_opaque(media_type)
        && !tnef::is_tnef(media_type, None)
        && media_type != "application/ics"
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::core::from_mail::{self, Attachment};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;
    use std::sync::Mutex;

    #[derive(Debug, Default)]
    struct InMemory(Mutex<Vec<u8>>);

    impl SpillFile for InMemory {
        fn read_at(&self, place: u64, octets: &mut [u8]) -> io::Result<()> {
            let all = self.0.lock().unwrap();
            let begin = usize::try_from(place).unwrap();
            let there = all.get(begin..begin + octets.len());
            octets.copy_from_slice(there.ok_or(io::ErrorKind::UnexpectedEof)?);
            Ok(())
        }
    }

    /// As it is when it came in pieces of so many octets; after `fails` writes the disk is full.
    fn received(mail: &[u8], piece: usize, fails: usize) -> RawMail {
        let file = Arc::new(InMemory::default());
        let mut splitter = MailSplitter::default();
        let mut writes = 0;
        for piece in mail.chunks(piece) {
            splitter.take(piece);
            if splitter.to_spill().is_empty() {
                continue;
            }
            writes += 1;
            if writes > fails {
                splitter = splitter
                    .without_spill(Some(Arc::clone(&file) as _))
                    .unwrap();
            } else {
                file.0
                    .lock()
                    .unwrap()
                    .extend_from_slice(splitter.to_spill());
                splitter.is_spilled();
            }
        }
        from_mail::unless_read(splitter.into_mail(Some(file))).unwrap()
    }

    fn all_of(mail: &RawMail) -> Vec<u8> {
        mail.pieces().flat_map(Result::unwrap).collect()
    }

    fn file(octets: usize) -> Vec<u8> {
        (0..octets).map(|at| (at / 3 * 7) as u8).collect()
    }

    fn encoded(octets: &[u8], line: usize, end: &str) -> String {
        let digits = STANDARD.encode(octets);
        let lines = digits.as_bytes().chunks(line);
        lines
            .map(|line| format!("{}{end}", std::str::from_utf8(line).unwrap()))
            .collect()
    }

    fn mail(parts: &[(&str, String)]) -> String {
        let mut mail = "Message-ID: <one@a.example>\r\nFrom: c@d.example\r\nSubject: x\r\n\
                        Content-Type: multipart/mixed; boundary=b\r\n\r\n"
            .to_owned();
        for (kind, body) in parts {
            mail += &format!("--b\r\nContent-Type: {kind}\r\n");
            if !kind.starts_with("text/plain") {
                mail += "Content-Transfer-Encoding: base64\r\n";
            }
            mail += &format!("\r\n{body}\r\n");
        }
        mail + "--b--\r\n"
    }

    fn text() -> (&'static str, String) {
        ("text/plain", "Look".to_owned())
    }

    const BIG: usize = 450_000;

    /// What is read of it is what is read of one that is in memory, and so are its files.
    fn assert_is_read_alike(mail: &[u8], raw: &RawMail) {
        assert!(all_of(raw) == mail);
        assert_eq!(raw.length(), u64::try_from(mail.len()).unwrap());
        let whole = RawMail::from(mail.to_vec());
        let read = from_mail::read_raw(raw, &[], false).unwrap();
        assert_eq!(read, from_mail::read(mail, &[], false).unwrap());
        let contents = |raw: &RawMail| {
            let files = from_mail::attachments(raw).into_iter();
            let content = |file: Attachment| file.content.map(|one| one.whole().unwrap());
            files.map(content).collect::<Vec<_>>()
        };
        assert!(contents(raw) == contents(&whole));
    }

    #[test]
    fn big_files_are_spilled_and_read_as_if_they_were_not() {
        let files = [file(BIG), file(BIG + 1), file(100)];
        for (line, end, piece) in [(76, "\r\n", 1000), (60, "\n", 65_536)] {
            let mail = mail(&[
                text(),
                ("image/png; name=a.png", encoded(&files[0], line, end)),
                ("application/zip; name=b.zip", encoded(&files[1], line, end)),
                (
                    "application/octet-stream; name=c",
                    encoded(&files[2], line, end),
                ),
            ]);
            let raw = received(mail.as_bytes(), piece, usize::MAX);
            let kept = raw.octets().len();
            assert!(!raw.is_whole() && kept < 820_000, "{kept} by {piece}");
            assert_is_read_alike(mail.as_bytes(), &raw);
        }
    }

    /// What is understood is in memory as a whole, whatever it is called.
    #[test]
    fn what_is_read_is_not_spilled() {
        let plain = "All work and no play. ".repeat(BIG / 20).into_bytes();
        let cases = [
            ("text/plain", "x".repeat(76).add_lines()),
            ("text/html; name=a.html", encoded(&plain, 76, "\r\n")),
            ("application/pkcs7-mime", encoded(&plain, 76, "\r\n")),
            ("application/ms-tnef", encoded(&plain, 76, "\r\n")),
            (
                "application/octet-stream; name=winmail.dat",
                encoded(&plain, 76, "\r\n"),
            ),
            ("message/rfc822", encoded(&plain, 76, "\r\n")),
            // Lines that are no groups of four digits, and one that is too long for a mail.
            ("image/png; name=a.png", encoded(&plain, 75, "\r\n")),
            ("image/png; name=a.png", encoded(&plain, 10_000, "\r\n")),
            // Not to the letter.
            ("image/png; name=a.png", encoded(&plain, 76, "\r\n") + "!"),
        ];
        for (kind, body) in cases {
            let mail = mail(&[text(), (kind, body)]);
            let raw = received(mail.as_bytes(), 65_536, usize::MAX);
            assert!(raw.is_whole(), "{kind}");
            assert_is_read_alike(mail.as_bytes(), &raw);
        }
        // A mail whose id or signature is about all of it.
        let one = mail(&[("image/png; name=a.png", encoded(&file(BIG), 76, "\r\n"))]);
        for other in [
            one.replace("Message-ID: <one@a.example>\r\n", ""),
            one.replace(
                "Subject:",
                &format!("{}: x\r\nSubject:", crate::core::signature::FIELD),
            ),
        ] {
            assert!(!received(one.as_bytes(), 65_536, usize::MAX).is_whole());
            assert!(received(other.as_bytes(), 65_536, usize::MAX).is_whole());
        }
    }

    /// A log of a machine, in words of two octets a letter: where its middle is missing, half of a letter may be.
    #[test]
    fn words_of_a_machine_stay_words() {
        let words = |octets: usize| "x".to_owned() + &"Лог ".repeat(octets / 7) + "\n";
        for octets in [BIG, BIG + 1, BIG + 2, BIG + 57] {
            let mail = format!(
                "Message-ID: <one@a.example>\r\nFrom: c@d.example\r\nSubject: x\r\n\
                 Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
                encoded(words(octets).as_bytes(), 76, "\r\n")
            );
            let raw = received(mail.as_bytes(), 65_536, usize::MAX);
            assert!(raw.is_whole());
            assert_is_read_alike(mail.as_bytes(), &raw);
            let file = mail.replacen("eNCb", "AAAB", 1);
            assert_ne!(file, mail);
            let raw = received(file.as_bytes(), 65_536, usize::MAX);
            assert!(!raw.is_whole());
            assert_is_read_alike(file.as_bytes(), &raw);
        }
    }

    #[test]
    fn what_is_told_of_the_files_beside_is_the_same() {
        let beside =
            encoded(&file(1_000), 76, "\r\n") + "-- \r\nSent to the list by its server\r\n";
        let mail = mail(&[
            text(),
            ("image/png; name=a.png", encoded(&file(BIG), 76, "\r\n")),
            ("application/pdf; name=b.pdf", beside),
        ]);
        let raw = received(mail.as_bytes(), 65_536, usize::MAX);
        assert!(!raw.is_whole());
        assert_is_read_alike(mail.as_bytes(), &raw);
    }

    trait Lines {
        fn add_lines(self) -> String;
    }

    impl Lines for String {
        fn add_lines(self) -> String {
            format!("{self}\r\n").repeat(BIG / 76)
        }
    }

    #[test]
    fn a_disk_that_is_full_leaves_the_mail_in_memory() {
        let parts = [
            text(),
            ("image/png", encoded(&file(BIG), 76, "\r\n")),
            ("image/gif", encoded(&file(BIG), 64, "\n")),
        ];
        let mail = mail(&parts);
        for fails in [0, 1, 5] {
            let raw = received(mail.as_bytes(), 65_536, fails);
            assert!(raw.is_whole());
            assert_is_read_alike(mail.as_bytes(), &raw);
        }
    }

    #[test]
    fn a_file_that_ends_too_early_is_an_error() {
        let mail = mail(&[("image/png", encoded(&file(BIG), 76, "\r\n"))]);
        let mut splitter = MailSplitter::default();
        splitter.take(mail.as_bytes());
        let empty = Arc::new(InMemory::default());
        let raw = splitter.into_mail(Some(empty));
        assert!(raw.whole().is_err() && raw.pieces().any(|piece| piece.is_err()));
        assert!(from_mail::unless_read(raw).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]
        /// Nothing is lost of what anybody writes.
        #[test]
        fn whatever_comes_is_kept(
            lines in prop::collection::vec((0_usize..7, 1_usize..4000), 1..60),
            piece in 1_usize..70_000,
        ) {
            let mut mail = b"Message-ID: <a@b.example>\r\nFrom: c@d.example\r\n".to_vec();
            for (kind, count) in lines {
                let line: &[u8] = match kind {
                    0 => b"Content-Type: image/png\r\n",
                    1 => b"content-type:\r\n\tvideo/mp4; x=y\n",
                    2 => b"--b\r\n",
                    3 => b"\r\n",
                    4 => b"Hello, world\r\r\n",
                    _ => b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAx\r\n",
                };
                mail.extend(line.repeat(if kind < 5 { 1 } else { count }));
            }
            let file = Arc::new(InMemory::default());
            let mut splitter = MailSplitter::default();
            for piece in mail.chunks(piece) {
                splitter.take(piece);
                file.0.lock().unwrap().extend_from_slice(splitter.to_spill());
                splitter.is_spilled();
            }
            let raw = splitter.into_mail(Some(file));
            prop_assert!(all_of(&raw) == mail);
            prop_assert!(raw.whole().unwrap().octets() == mail);
            assert_is_read_alike(&mail, &from_mail::unless_read(raw).unwrap());
        }
    }
}
