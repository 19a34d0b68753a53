//! What a program did to its files, as strace(1) has seen it: every call, when it began and when it returned.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Which file; names come and go.
pub type Inode = usize;

/// One change, and between which lines of the trace it was made.
pub struct Op {
    pub change: Change,
    pub began: usize,
    pub ended: usize,
}

pub enum Change {
    Folder(PathBuf),
    Make(PathBuf, Inode),
    Write(Inode, usize, Vec<u8>),
    Length(Inode, usize),
    Rename(PathBuf, PathBuf, Inode),
    Remove(PathBuf),
}

/// What a sync was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    File(Inode),
    Folder(PathBuf),
}

pub struct Sync {
    pub object: Object,
    pub began: usize,
    pub ended: usize,
}

/// All of it below one folder.
#[derive(Default)]
pub struct Trace {
    pub ops: Vec<Op>,
    pub syncs: Vec<Sync>,
    /// What the program wrote to its standard output, and when it began to.
    pub said: Vec<(usize, String)>,
    /// The last line.
    pub end: usize,
    names: BTreeMap<PathBuf, Inode>,
    open: BTreeMap<u32, Opened>,
    inodes: usize,
}

struct Opened {
    object: Object,
    position: usize,
}

/// The system calls that change files, or make that durable. What is not among them, such a program must not use.
pub const CALLS: &str = "openat,open,creat,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,rename,\
     renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,link,linkat,fsync,fdatasync,lseek,mmap,sendfile,copy_file_range";

impl Trace {
    /// Reads what strace has written, as far as it is about what lies below `root`.
    pub fn read(text: &str, root: &Path) -> Trace {
        let mut trace = Trace::default();
        let mut begun: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
        for (number, line) in text.lines().enumerate() {
            trace.end = number;
            let Some((thread, call)) = line.split_once(' ') else {
                continue;
            };
            let call = call.trim_start();
            if let Some(head) = call.strip_suffix(" <unfinished ...>") {
                begun.insert(thread, (number, head));
            } else if let Some((_, rest)) = call.split_once(" resumed>") {
                let (began, head) = begun.remove(thread).expect("it was begun");
                trace.take(&format!("{head}{rest}"), began, number, root);
            } else {
                trace.take(call, number, number, root);
            }
        }
        trace
    }

    fn take(&mut self, call: &str, began: usize, ended: usize, root: &Path) {
        let Some((call, result)) = call.rsplit_once(" = ") else {
            return; // A signal, or the end of a thread.
        };
        let Some((name, arguments)) = call.trim_end().trim_end_matches(')').split_once('(') else {
            return;
        };
        let result = result.split([' ', '<']).next().unwrap_or_default();
        let Ok(result) = result.parse::<u32>() else {
            return; // It failed, and changed nothing.
        };
        let arguments: Vec<&str> = arguments.split(", ").collect();
        let mut changes = Vec::new();
        match name {
            "openat" => changes.extend(self.opened(&arguments, result, root)),
            "write" if arguments[0].starts_with("1<") => {
                let text = String::from_utf8_lossy(&octets(arguments[1])).into_owned();
                self.said.push((began, text));
            }
            "write" => changes.extend(self.written(&arguments, None)),
            "pwrite64" => changes.extend(self.written(&arguments, Some(arguments[3]))),
            "ftruncate" => {
                if let Some((inode, _)) = self.file(arguments[0]) {
                    changes.push(Change::Length(inode, arguments[1].parse().unwrap()));
                }
            }
            "lseek" => {
                if let Some((_, opened)) = self.file(arguments[0]) {
                    opened.position = usize::try_from(result).unwrap();
                }
            }
            "rename" => changes.extend(self.renamed(path(arguments[0]), path(arguments[1]), root)),
            "unlink" => changes.extend(self.removed(path(arguments[0]), root)),
            "mkdir" if path(arguments[0]).starts_with(root) => {
                changes.push(Change::Folder(path(arguments[0])));
            }
            "fsync" | "fdatasync" => {
                if let Some(opened) = self.open.get(&number(arguments[0])) {
                    let object = opened.object.clone();
                    self.syncs.push(Sync {
                        object,
                        began,
                        ended,
                    });
                }
            }
            "mkdir" => {}
            // Of memory, and of folders that are looked at and removed.
            "mmap" => assert!(!call.contains("MAP_SHARED") || self.file(arguments[4]).is_none()),
            other => assert!(
                !call.contains(&hex(root)),
                "{other} is not known here: {call}"
            ),
        }
        let op = |change| Op {
            change,
            began,
            ended,
        };
        self.ops.extend(changes.into_iter().map(op));
    }

    fn file(&mut self, descriptor: &str) -> Option<(Inode, &mut Opened)> {
        let opened = self.open.get_mut(&number(descriptor))?;
        match opened.object {
            Object::File(inode) => Some((inode, opened)),
            Object::Folder(_) => None,
        }
    }

    fn opened(&mut self, arguments: &[&str], descriptor: u32, root: &Path) -> Option<Change> {
        let (path, flags) = (path(arguments[1]), arguments[2]);
        self.open.remove(&descriptor);
        if !path.starts_with(root) {
            return None;
        }
        assert!(!flags.contains("O_APPEND"), "positions are not known then");
        let known = self.names.get(&path).copied();
        let (object, change) = match known {
            Some(inode) if flags.contains("O_TRUNC") => {
                (Object::File(inode), Some(Change::Length(inode, 0)))
            }
            Some(inode) => (Object::File(inode), None),
            None if flags.contains("O_CREAT") => {
                let inode = self.inodes;
                self.inodes += 1;
                self.names.insert(path.clone(), inode);
                (Object::File(inode), Some(Change::Make(path, inode)))
            }
            None => (Object::Folder(path), None),
        };
        let position = 0;
        self.open.insert(descriptor, Opened { object, position });
        change
    }

    fn written(&mut self, arguments: &[&str], at: Option<&str>) -> Option<Change> {
        let octets = octets(arguments[1]);
        let (inode, opened) = self.file(arguments[0])?;
        let at = at.map_or(opened.position, |at| at.parse().unwrap());
        opened.position = at + octets.len();
        Some(Change::Write(inode, at, octets))
    }

    fn renamed(&mut self, from: PathBuf, to: PathBuf, root: &Path) -> Option<Change> {
        let inode = self.names.remove(&from);
        assert!(
            inode.is_some() || !from.starts_with(root),
            "{}",
            from.display()
        );
        let inode = inode?;
        self.names.insert(to.clone(), inode);
        Some(Change::Rename(from, to, inode))
    }

    fn removed(&mut self, path: PathBuf, root: &Path) -> Option<Change> {
        self.names.remove(&path);
        path.starts_with(root).then_some(Change::Remove(path))
    }
}

fn number(descriptor: &str) -> u32 {
    let digits = descriptor.split('<').next().unwrap_or_default();
    digits.parse().unwrap_or(u32::MAX)
}

fn path(text: &str) -> PathBuf {
    PathBuf::from(String::from_utf8(octets(text)).expect("a path of ours"))
}

/// `"\x61\x62"`.
fn octets(text: &str) -> Vec<u8> {
    let text = text.trim_matches('"');
    let digits = text.split("\\x").skip(1);
    digits
        .map(|two| u8::from_str_radix(two, 16).unwrap_or_else(|_| panic!("cut off: {two}")))
        .collect()
}

fn hex(path: &Path) -> String {
    let octets = path.as_os_str().as_encoded_bytes();
    octets
        .iter()
        .map(|octet| format!("\\x{octet:02x}"))
        .collect()
}
