//! Cuts an XMPP stream into stanzas without parsing them: one pass over the bytes, fast enough for a bench.
//!
//! Enough for what a server sends: RFC 6120 §11.1 forbids comments, processing instructions and DTDs in a stream.

/// What was cut off the stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    /// `<stream:stream …>`
    Header(String),
    /// A child of the stream, whole.
    Stanza(String),
    /// `</stream:stream>`
    End,
}

/// The bytes of one stream that were not yet cut.
#[derive(Default)]
pub struct Frames {
    buffer: Vec<u8>,
    /// Where the next frame begins.
    start: usize,
    /// Where to go on looking.
    at: usize,
    depth: usize,
}

impl Frames {
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.at -= self.start;
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// Forgets the stream, for a restart after SASL (RFC 6120 §6.4.6).
    pub fn restart(&mut self) {
        *self = Frames::default();
    }

    /// The next frame, once it is complete.
    pub fn next(&mut self) -> Option<Frame> {
        loop {
            let open = self.at
                + self
                    .buffer
                    .get(self.at..)?
                    .iter()
                    .position(|b| *b == b'<')?;
            let end = open + tag_length(&self.buffer[open..])?;
            let tag = &self.buffer[open..end];
            let (closing, empty) = (tag.starts_with(b"</"), tag.ends_with(b"/>"));
            let declaration = tag.starts_with(b"<?");
            self.at = end;
            match (closing, empty, declaration) {
                (_, _, true) => continue,
                (true, _, _) => self.depth = self.depth.saturating_sub(1),
                (_, true, _) => {}
                _ => self.depth += 1,
            }
            match self.depth {
                0 => return Some(self.cut(end, |_| Frame::End)),
                1 if !closing && !empty => return Some(self.cut(end, Frame::Header)),
                1 => return Some(self.cut(end, Frame::Stanza)),
                _ => {}
            }
        }
    }

    fn cut(&mut self, end: usize, frame: impl FnOnce(String) -> Frame) -> Frame {
        let text = String::from_utf8_lossy(&self.buffer[self.start..end])
            .trim_start()
            .to_owned();
        self.start = end;
        frame(text)
    }
}

/// Length of the tag that the bytes begin with; a `>` within quotes does not end it.
fn tag_length(bytes: &[u8]) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in bytes.iter().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(*byte),
            (Some(open), close) if open == *close => quote = None,
            _ => {}
        }
    }
    None
}
