//! A disk without room for a few octets more: what has left is not sent again for want of a note of that.

use std::path::Path;
use std::process::Command;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::process::Folder;
use super::state::{mail, spool, wait};

const WRITER: &str = "STANZAMAIL_TEST_HAS_ROOM_IN";
const MAILS: u64 = 10;
const REMOVED: u64 = 5;

/// Not a test by itself: the process that the next one starts. No file has room while it removes mails.
#[test]
fn removes_what_it_cannot_note() {
    let Some(folder) = std::env::var_os(WRITER) else {
        return;
    };
    let (queue, _) = spool(Path::new(&folder));
    wait(queue.accept((0..MAILS).map(mail).collect())).unwrap();
    let before = getrlimit(Resource::Fsize);
    let none = Rlimit {
        current: Some(0),
        maximum: before.maximum,
    };
    setrlimit(Resource::Fsize, none).unwrap();
    for number in 0..REMOVED {
        wait(queue.remove(&mail(number).job)).unwrap();
    }
    assert!(wait(queue.accept(vec![mail(MAILS)])).is_err(), "no room");
    setrlimit(Resource::Fsize, before).unwrap();
    wait(queue.accept(vec![mail(MAILS + 1)])).unwrap();
}

#[test]
fn what_was_removed_while_there_was_no_room_is_gone_when_there_is() {
    let folder = Folder::new("room");
    let spooled = folder.create("spool");
    let name = "room::removes_what_it_cannot_note";
    // Else the system ends a process that writes more than it may.
    let written = Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"])
        .arg(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(WRITER, &spooled)
        .output()
        .unwrap();
    assert!(written.status.success(), "{written:?}");
    let (_, waiting) = spool(&spooled);
    let mut waiting: Vec<u64> = waiting.iter().map(|job| job.sequence).collect();
    waiting.sort_unstable();
    let expected: Vec<u64> = (REMOVED..MAILS).chain([MAILS + 1]).collect();
    assert_eq!(waiting, expected);
}
