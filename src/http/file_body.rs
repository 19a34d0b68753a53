//! A file on its way out, of which only a piece is in memory.

use hyper::body::{Body, Bytes, Frame, SizeHint};
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Pieces that have so many octets together.
pub struct FileBody {
    length: usize,
    left: usize,
    pieces: Box<dyn Iterator<Item = io::Result<Vec<u8>>> + Send>,
}

impl FileBody {
    /// These, of which the length is known.
    pub fn of(
        length: usize,
        pieces: impl Iterator<Item = io::Result<Vec<u8>>> + Send + 'static,
    ) -> Self {
        Self {
            length,
            left: length,
            pieces: Box::new(pieces),
        }
    }

    pub(super) fn nothing() -> Self {
        Self::of(0, std::iter::empty())
    }

    pub(super) fn length(&self) -> usize {
        self.length
    }
}

impl fmt::Debug for FileBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sent").field(&self.length).finish()
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(self.pieces.next().map(|piece| {
            let piece = piece?;
            self.left = self.left.saturating_sub(piece.len());
            Ok(Frame::data(piece.into()))
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(u64::try_from(self.left).unwrap_or(u64::MAX))
    }
}
