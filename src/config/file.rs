//! Files that the configuration is made of.

use crate::system;
use std::io::{self, ErrorKind};
use std::path::Path;

/// The longest configuration, or file with a secret, in octets: ten thousand pairs fit in.
const OCTETS_MAX: u64 = 1024 * 1024;

/// Reads a file.
///
/// # Errors
/// [`io::Error`]: it cannot be read, is no regular file, is longer than a megabyte, or is no text.
pub(super) fn read(path: &Path) -> io::Result<String> {
    let octets = system::read_file(path, OCTETS_MAX)?;
    String::from_utf8(octets).map_err(|error| {
        let (octets, end) = (error.as_bytes(), error.utf8_error().valid_up_to());
        let before = octets.get(..end).unwrap_or_default();
        let line = before.iter().filter(|octet| **octet == b'\n').count();
        let why = format!(
            "line {} is not UTF-8; save it as UTF-8",
            line.saturating_add(1)
        );
        io::Error::new(ErrorKind::InvalidData, why)
    })
}
