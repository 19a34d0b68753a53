//! Where a mail lies in the journal, for tests that damage it.

use super::record::{HEAD_OCTETS, key_of};
use super::replay::replay;
use crate::core::id::JobId;
use std::fs::OpenOptions;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// The last record of a job.
pub(crate) struct Lies {
    pub(crate) segment: PathBuf,
    pub(crate) head: Range<u64>,
    pub(crate) job: Range<u64>,
    pub(crate) mail: Range<u64>,
}

/// Where it is in the spool in this folder.
pub(crate) fn where_is(dir: &Path, id: &JobId) -> Lies {
    let folder = dir.join("journal");
    let replayed = replay(&folder, drop).unwrap().unwrap();
    let place = replayed.live[&key_of(id)].0;
    let (name, _) = replayed.segments[&place.segment];
    let job = place.at + HEAD_OCTETS;
    let mail = job + u64::from(place.job_octets);
    Lies {
        segment: name.path(&folder),
        head: place.at..job,
        job: job..mail,
        mail: mail..place.end(),
    }
}

/// Flips a bit.
pub(crate) fn flip(file: &Path, at: u64) {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(file)
        .unwrap();
    let mut octet = [0];
    file.read_exact_at(&mut octet, at).unwrap();
    file.write_all_at(&[octet[0] ^ 1], at).unwrap();
}
