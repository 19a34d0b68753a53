//! What commands say beside their output, on the standard error.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

/// A pipe from which nobody reads.
fn unread() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

/// Empty lists say so there; the command panicked where whoever reads both (`|& head`) had gone.
#[test]
fn an_empty_list_is_no_failure_where_nobody_reads_that_it_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    let private = |path: &std::path::Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    for secret in ["component-secret", "smtp-password", "imap-password"] {
        fs::write(folder.path().join(secret), "a secret").unwrap();
        private(&folder.path().join(secret), 0o600);
    }
    let store = folder.path().join("store");
    fs::create_dir(&store).unwrap();
    private(&store, 0o700);
    let example = include_str!("../config.example.toml");
    let path = "#path = \"/var/lib/stanzamail\"";
    assert!(example.contains(path));
    let config = folder.path().join("stanzamail.toml");
    let own = format!("path = {store:?}");
    fs::write(&config, example.replace(path, &own)).unwrap();
    for (list, said) in [
        (["map", "list"], "no pair is saved"),
        (["queue", "list"], "nothing waits"),
        (["users", "list"], "nothing is stored"),
    ] {
        let run = |stderr: Stdio| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_stanzamail"));
            command.arg("--config").arg(&config).args(list);
            command.stderr(stderr).output().unwrap()
        };
        let read = run(Stdio::piped());
        let words = String::from_utf8(read.stderr).unwrap();
        assert!(words.contains(said), "{list:?}: {words}");
        let ended = run(unread());
        assert_eq!(ended.status.code(), Some(0), "{list:?}");
        assert_eq!(ended.stdout, b"");
    }
    // What is wrong keeps its exit code.
    let mut command = Command::new(env!("CARGO_BIN_EXE_stanzamail"));
    command.arg("--config").arg(folder.path().join("none"));
    let ended = command.args(["map", "list"]).stderr(unread()).status();
    assert_eq!(ended.unwrap().code(), Some(78));
}
