//! What a power cut leaves of the files of a trace.
//!
//! What was synced before it is there: the content of a file for which fsync or fdatasync returned, the names in a folder
//! for which fsync did. Of all other changes any may be there and any missing, each by itself: the system writes in its own
//! order. A write that was not synced may also be torn (any of its sectors may be missing), or have made the file longer and
//! left zeros; a file that was renamed may be there under both names.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::Dice;
use super::trace::{Change, Inode, Object, Op, Trace};

const SECTOR: usize = 512;

/// What becomes of changes that were not synced.
#[derive(Clone, Copy)]
enum Unsynced {
    Lost,
    Kept,
    /// As chance has it.
    Some,
    /// In their order, up to one of them.
    Begun(usize),
}

/// The files after the power failed at this line of the trace.
pub struct Image {
    contents: BTreeMap<Inode, Vec<u8>>,
    names: BTreeMap<PathBuf, Inode>,
    folders: Vec<PathBuf>,
}

impl Image {
    pub fn at(trace: &Trace, cut: usize, dice: &mut Dice) -> Image {
        let policy = match dice.below(8) {
            0 => Unsynced::Lost,
            1 => Unsynced::Kept,
            2 | 3 => Unsynced::Begun(cut - dice.below(cut.min(60))),
            _ => Unsynced::Some,
        };
        let mut image = Image {
            contents: BTreeMap::new(),
            names: BTreeMap::new(),
            folders: Vec::new(),
        };
        let synced = Synced::before(trace, cut);
        for op in trace.ops.iter().filter(|op| op.began < cut) {
            let is_durable = synced.has(op);
            let is_there = is_durable
                || match policy {
                    Unsynced::Lost => false,
                    Unsynced::Kept => true,
                    Unsynced::Some => dice.below(2) == 0,
                    Unsynced::Begun(end) => op.ended < end,
                };
            if is_there {
                image.apply(op, is_durable || matches!(policy, Unsynced::Kept), dice);
            }
        }
        image
    }

    fn apply(&mut self, op: &Op, is_whole: bool, dice: &mut Dice) {
        match &op.change {
            Change::Folder(path) => self.folders.push(path.clone()),
            Change::Make(path, inode) => {
                self.names.insert(path.clone(), *inode);
            }
            Change::Write(inode, at, octets) => {
                let content = self.contents.entry(*inode).or_default();
                let end = at + octets.len();
                content.resize(content.len().max(end), 0);
                if is_whole || dice.below(3) > 0 {
                    content[*at..end].copy_from_slice(octets);
                } else {
                    tear(&mut content[*at..end], octets, *at, dice);
                }
            }
            Change::Length(inode, length) => {
                self.contents.entry(*inode).or_default().resize(*length, 0);
            }
            // That it was made under the first name need not have been durable.
            Change::Rename(from, to, inode) => {
                self.names.insert(to.clone(), *inode);
                if is_whole || dice.below(4) > 0 {
                    self.names.remove(from);
                }
            }
            Change::Remove(path) => {
                self.names.remove(path);
            }
        }
    }

    /// Lays the files out below `to`.
    pub fn write(&self, root: &Path, to: &Path) {
        let place = |path: &Path| to.join(path.strip_prefix(root).unwrap());
        fs::create_dir_all(to).unwrap();
        for folder in &self.folders {
            fs::create_dir_all(place(folder)).unwrap();
        }
        let nothing = Vec::new();
        for (path, inode) in &self.names {
            // In a folder whose own name was not durable.
            if place(path).parent().is_some_and(Path::is_dir) {
                let content = self.contents.get(inode).unwrap_or(&nothing);
                fs::write(place(path), content).unwrap();
            }
        }
    }
}

fn tear(content: &mut [u8], octets: &[u8], at: usize, dice: &mut Dice) {
    if dice.below(3) == 0 {
        return; // The file is longer, and nothing was written.
    }
    let mut done = 0;
    while done < octets.len() {
        let sector = SECTOR - (at + done) % SECTOR;
        let next = octets.len().min(done + sector);
        if dice.below(2) == 0 {
            content[done..next].copy_from_slice(&octets[done..next]);
        }
        done = next;
    }
}

/// When each file and each folder was synced.
struct Synced<'a> {
    files: BTreeMap<Inode, Vec<usize>>,
    folders: BTreeMap<&'a Path, Vec<usize>>,
}

impl<'a> Synced<'a> {
    /// By syncs that had returned.
    fn before(trace: &'a Trace, cut: usize) -> Synced<'a> {
        let mut synced = Synced {
            files: BTreeMap::new(),
            folders: BTreeMap::new(),
        };
        for sync in trace.syncs.iter().filter(|sync| sync.ended < cut) {
            let times = match &sync.object {
                Object::File(inode) => synced.files.entry(*inode).or_default(),
                Object::Folder(path) => synced.folders.entry(path).or_default(),
            };
            times.push(sync.began);
        }
        synced
    }

    fn has(&self, op: &Op) -> bool {
        let times = match &op.change {
            Change::Write(inode, ..) | Change::Length(inode, _) => self.files.get(inode),
            Change::Folder(path) | Change::Make(path, _) | Change::Remove(path) => {
                path.parent().and_then(|parent| self.folders.get(parent))
            }
            Change::Rename(_, to, _) => to.parent().and_then(|parent| self.folders.get(parent)),
        };
        times.is_some_and(|times| times.iter().any(|began| *began > op.ended))
    }
}
