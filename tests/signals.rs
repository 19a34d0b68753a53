//! Signals that come while the gateway starts.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Whether the process has a handler for this signal (proc(5), `SigCgt`).
fn catches(child: &Child, signal: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id()));
    let status = status.unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    caught.is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
}

/// The handlers are there before the configuration is read, which takes a while where it is this long: it is refused then, and no
/// signal ends the process.
#[test]
fn a_signal_while_the_configuration_is_read_does_not_end_the_process() {
    const HUP: u32 = 1;
    const USR1: u32 = 10;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stanzamail.toml");
    let peers: String = (0..1_500)
        .map(|number| {
            format!("[[peer]]\naddress = \"user{number}@mail.example\"\nformat = \"x\"\n")
        })
        .collect();
    fs::write(&path, peers).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_stanzamail"))
        .arg("--config")
        .arg(&path)
        .arg("run")
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !(catches(&child, HUP) && catches(&child, USR1)) {
        let ended = child.try_wait().unwrap();
        assert_eq!(ended, None, "it has ended before it listened");
        std::thread::sleep(Duration::from_millis(1));
    }
    for signal in ["HUP", "USR1"] {
        let sent = Command::new("sh")
            .args(["-c", "kill -s \"$1\" \"$2\"", "kill", signal])
            .arg(child.id().to_string())
            .status();
        assert!(sent.unwrap().success(), "it had ended before the signal");
    }
    assert_eq!(child.wait().unwrap().code(), Some(78));
}
