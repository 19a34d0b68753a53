//! A mail on its way to a server: in memory, or, where it is long, a block of it at a time.

use crate::smtp::content::{self, BLOCK_OCTETS, LineEnds, SeenMail, WireFacts};
use crate::store::spool::{MailSource, SourceReader};
use crate::system;
use std::borrow::Cow;
use std::io;
use std::slice::Chunks;

/// A mail that is not in memory, and what is known of it.
#[derive(Clone, Debug)]
pub(super) struct LongMail {
    source: MailSource,
    facts: WireFacts,
}

impl LongMail {
    /// Reads it once for that.
    pub(super) async fn of(source: MailSource) -> io::Result<Self> {
        let read = move || {
            let (mut ends, mut facts) = (LineEnds::default(), SeenMail::default());
            let (mut block, mut clean) = (Vec::new(), Vec::new());
            let mut reader = source.reader();
            while reader.append_next(&mut block)? {
                ends.take(&block, &mut clean);
                facts.take(&clean);
                block.clear();
                clean.clear();
            }
            ends.end(&mut clean);
            facts.take(&clean);
            let facts = facts.facts;
            Ok(Self { source, facts })
        };
        system::blocking(read).await.map_err(io::Error::other)?
    }
}

/// A mail with CRLF line ends only, whose last line has one, too.
pub(super) enum WireMail<'a> {
    Whole(Cow<'a, [u8]>, WireFacts),
    Long(&'a LongMail),
}

impl<'a> WireMail<'a> {
    pub(super) fn whole(mail: &'a [u8]) -> Self {
        let mail = content::whole_lines(mail);
        let facts = WireFacts::of(&mail);
        Self::Whole(mail, facts)
    }

    pub(super) fn facts(&self) -> WireFacts {
        match self {
            Self::Whole(_, facts) => *facts,
            Self::Long(mail) => mail.facts,
        }
    }

    /// All of it, unless it is long.
    pub(super) fn in_memory(&self) -> Option<&[u8]> {
        match self {
            Self::Whole(mail, _) => Some(mail),
            Self::Long(_) => None,
        }
    }

    /// As it is.
    pub(super) fn blocks(&self) -> WireBlocks<'_> {
        let from = match self {
            Self::Whole(mail, _) => BlocksFrom::Memory(mail.chunks(BLOCK_OCTETS)),
            Self::Long(mail) => {
                BlocksFrom::Source(Some((mail.source.reader(), LineEnds::default())))
            }
        };
        WireBlocks { from, before: None }
    }

    /// With a second dot where a line begins with one (RFC 5321 §4.5.2).
    pub(super) fn blocks_with_dots(&self) -> WireBlocks<'_> {
        WireBlocks {
            before: Some(b'\n'),
            ..self.blocks()
        }
    }
}

/// A mail in blocks.
pub(super) struct WireBlocks<'a> {
    from: BlocksFrom<'a>,
    /// The octet before the next block, where dots are doubled.
    before: Option<u8>,
}

enum BlocksFrom<'a> {
    Memory(Chunks<'a, u8>),
    /// `None` where it has come to its end, or cannot be read.
    Source(Option<(SourceReader, LineEnds)>),
}

impl<'a> WireBlocks<'a> {
    /// The next one, which is not empty.
    ///
    /// # Errors
    /// It cannot be read, or is not what was accepted; that is found before its last octets have come.
    pub(super) async fn next(&mut self) -> io::Result<Option<Cow<'a, [u8]>>> {
        let block = match &mut self.from {
            BlocksFrom::Memory(chunks) => chunks.next().map(Cow::Borrowed),
            BlocksFrom::Source(source) => read(source).await?.map(Cow::Owned),
        };
        let Some(block) = block else {
            return Ok(None);
        };
        let Some(before) = self.before else {
            return Ok(Some(block));
        };
        self.before = block.last().copied();
        let doubled = content::with_dots_doubled(&block, before);
        Ok(Some(doubled.map_or(block, Cow::Owned)))
    }
}

/// Reads where that may block.
async fn read(from: &mut Option<(SourceReader, LineEnds)>) -> io::Result<Option<Vec<u8>>> {
    let Some((mut reader, mut ends)) = from.take() else {
        return Ok(None);
    };
    let read = move || {
        let (mut block, mut clean) = (Vec::new(), Vec::new());
        while clean.is_empty() {
            block.clear();
            if !reader.append_next(&mut block)? {
                ends.end(&mut clean);
                return Ok((None, clean));
            }
            ends.take(&block, &mut clean);
        }
        Ok::<_, io::Error>((Some((reader, ends)), clean))
    };
    let (rest, clean) = system::blocking(read).await.map_err(io::Error::other)??;
    *from = rest;
    Ok((!clean.is_empty()).then_some(clean))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All blocks, behind each other.
    async fn all(mut blocks: WireBlocks<'_>) -> Vec<u8> {
        let mut octets = Vec::new();
        while let Some(block) = blocks.next().await.unwrap() {
            assert!(!block.is_empty() && block.len() <= 2 * BLOCK_OCTETS);
            octets.extend_from_slice(&block);
        }
        octets
    }

    /// Whatever stands at the border of two blocks, a long mail is the same as one in memory.
    #[tokio::test]
    async fn in_blocks_it_is_what_it_is_as_a_whole() {
        let header = b"Subject: x\r\n\r\n";
        for border in [
            "",
            "\r\n.\r\n",
            "\n.\n",
            "\r.\r",
            "\r\r\n\n..",
            "\r\n.",
            "\r",
        ] {
            for before in 0..border.len().max(1) {
                let filled = BLOCK_OCTETS - header.len() - before;
                let mail = [
                    header.as_slice(),
                    &vec![b'x'; filled],
                    border.as_bytes(),
                    &vec![b'y'; BLOCK_OCTETS],
                    border.as_bytes(),
                ]
                .concat();
                let (whole, long) = (
                    WireMail::whole(&mail),
                    LongMail::of(mail.clone().into()).await.unwrap(),
                );
                let long = WireMail::Long(&long);
                assert_eq!(long.facts(), whole.facts());
                let octets = all(long.blocks()).await;
                assert!(Some(octets.as_slice()) == whole.in_memory(), "{border:?}");
                assert_eq!(long.facts().octets, u64::try_from(octets.len()).unwrap());
                let dots = all(long.blocks_with_dots()).await;
                assert!(dots == all(whole.blocks_with_dots()).await, "{border:?}");
                assert!(dots.ends_with(b"\r\n"));
            }
        }
    }
}
