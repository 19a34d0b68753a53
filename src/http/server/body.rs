//! What stands below the header of an answer: octets, or a file that is read while it is sent.

use super::ServedMail;
use crate::system;
use futures::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Of a file that is sent, what is in memory at a time, in octets.
pub(super) const AT_ONCE: usize = 64 * 1024;

/// The body of an answer.
pub(super) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// A part of a file.
pub(super) struct FilePart {
    file: File,
    /// The first octet.
    pub start: u64,
    /// How many.
    pub length: u64,
}

impl FilePart {
    /// All of it.
    pub(super) fn all(mail: ServedMail) -> Self {
        Self {
            file: mail.file,
            start: 0,
            length: mail.octets,
        }
    }

    /// The next octets, and what is left then; `None` at the end. Blocks.
    fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        let wanted = usize::try_from(self.length).unwrap_or(AT_ONCE).min(AT_ONCE);
        if wanted == 0 {
            return Ok(None);
        }
        let mut octets = vec![0; wanted];
        self.file.read_exact_at(&mut octets, self.start)?;
        let read = u64::try_from(wanted).unwrap_or(self.length);
        self.start = self.start.saturating_add(read);
        self.length = self.length.saturating_sub(read);
        Ok(Some((Bytes::from(octets), self)))
    }
}

/// What there is already.
pub(super) fn of_octets<H: Send + Sync + 'static>(octets: Vec<u8>, held: H) -> Body {
    let octets = Bytes::from_owner(HeldOctets {
        octets,
        _held: held,
    });
    Full::new(octets)
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// A file, piece by piece, as fast as it is taken. One that is removed meanwhile is still there for who reads it.
pub(super) fn of_file<H: Send + Sync + 'static>(part: FilePart, held: H) -> Body {
    let pieces = stream::try_unfold((part, held), |(part, held)| async move {
        let read = system::blocking(move || part.next()).await;
        let next = read.map_err(io::Error::other)??;
        Ok(next.map(|(octets, part)| (Frame::data(octets), (part, held))))
    });
    BodyExt::boxed_unsync(StreamBody::new(pieces))
}

/// Octets, with what is given back when they are sent.
struct HeldOctets<H> {
    octets: Vec<u8>,
    _held: H,
}

impl<H> AsRef<[u8]> for HeldOctets<H> {
    fn as_ref(&self) -> &[u8] {
        &self.octets
    }
}
