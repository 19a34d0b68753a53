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
    String::from_utf8(octets).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
}
