//! Files that an admin names: read line by line, within limits.

use crate::cli::door::{CommandError, written};
use crate::core::time::Timestamp;
use crate::store::tables::Record;
use crate::store::transfer;
use std::fs::{self, File};
use std::io::{BufRead, Read};
use std::path::Path;

/// The longest line of an export, in octets: a message to a thousand recipients, and some more.
const LINE_OCTETS_MAX: usize = 1024 * 1024;

/// Opens a file with an end. A pipe without a writer would be waited for without a word, and a device may have no end.
pub(super) fn open(path: &Path) -> Result<File, CommandError> {
    let name = path.display().to_string();
    if !fs::metadata(path).map_err(written(&name))?.is_file() {
        return Err(CommandError::Refused(format!(
            "{name} is no regular file; name one (`stanzamail map import -` reads the standard input)"
        )));
    }
    File::open(path).map_err(written(&name))
}

/// The rows of an export or a CSV.
pub(super) struct Lines<'a, R> {
    input: R,
    name: &'a str,
    line: Vec<u8>,
    number: usize,
}

/// The number of a line from 1, and its row if it has one, or what is wrong with it.
pub(super) type FileRow = (usize, Result<Option<Record>, String>);

impl<'a, R: BufRead> Lines<'a, R> {
    pub(super) fn of(input: R, name: &'a str) -> Self {
        Self {
            input,
            name,
            line: Vec::new(),
            number: 0,
        }
    }

    /// The next line; `None` at the end. What follows one that is too long is not looked for.
    pub(super) fn next(&mut self, now: Timestamp) -> Result<Option<FileRow>, CommandError> {
        self.line.clear();
        let most = u64::try_from(LINE_OCTETS_MAX.saturating_add(1)).unwrap_or(u64::MAX);
        let read = self
            .input
            .by_ref()
            .take(most)
            .read_until(b'\n', &mut self.line);
        if read.map_err(written(self.name))? == 0 {
            return Ok(None);
        }
        self.number = self.number.saturating_add(1);
        if self.line.len() > LINE_OCTETS_MAX {
            let reason = format!("it has more than {LINE_OCTETS_MAX} octets, which no row has");
            return Ok(Some((self.number, Err(reason))));
        }
        let text = std::str::from_utf8(&self.line).map_err(|error| error.to_string());
        let row = text.and_then(|text| transfer::from_line(text, now).map_err(|e| e.to_string()));
        Ok(Some((self.number, row)))
    }

    /// What the last line has.
    pub(super) fn octets(&self) -> usize {
        self.line.len()
    }
}
