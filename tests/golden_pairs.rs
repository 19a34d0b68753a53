//! Golden conversations: each folder of `tests/data/pairs` is one conversation of numbered files, `1.stanza.xml` or
//! `2.mail.eml`, and beside each what it became, `1.became` and `2.became`. `UPDATE_GOLDEN=1` writes these anew.

use crate::decided::World;
use stanzamail::core::decide::decision::Decision;
use stanzamail::core::record::Format;
use stanzamail::core::settings::PeerSettings;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[test]
fn every_conversation_becomes_what_it_became_before() {
    let mut failures = Vec::new();
    let folders = sorted(Path::new("tests/data/pairs"));
    assert!(!folders.is_empty());
    for folder in folders {
        play(&folder, &mut failures);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn play(folder: &Path, failures: &mut Vec<String>) {
    let mut world = World::new();
    if folder.ends_with("delta-chat") {
        world.settings.peers = vec![PeerSettings {
            who: "carol@mail.example".parse().unwrap(),
            format: Some(Format::Chat),
            key: None,
        }];
    }
    for step in sorted(folder) {
        let name = step.file_name().unwrap().to_str().unwrap().to_owned();
        if name.ends_with(".became") {
            continue;
        }
        world.wait(Duration::from_secs(10));
        let input = fs::read(&step).unwrap();
        let decision = if name.ends_with(".stanza.xml") {
            world.stanza(std::str::from_utf8(&input).unwrap())
        } else {
            world.raw_mail(&input).unwrap().0
        };
        let number = name.split('.').next().unwrap();
        compare(
            &folder.join(format!("{number}.became")),
            &shown(&decision),
            failures,
        );
    }
}

fn compare(golden: &Path, found: &str, failures: &mut Vec<String>) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(golden, found).unwrap();
        return;
    }
    let expected = fs::read_to_string(golden).unwrap_or_else(|error| format!("{error}\n"));
    if expected != found {
        failures.push(format!(
            "{}: expected\n{expected}\nfound\n{found}",
            golden.display()
        ));
    }
}

/// What a person compares: the transaction and the mail as it goes over the wire, the stanzas one line each, the notes.
fn shown(decision: &Decision) -> String {
    let mut text = String::new();
    for mail in &decision.mails {
        let from = mail
            .job
            .from
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        let to: Vec<String> = mail.job.to.iter().map(|to| format!("<{to}>")).collect();
        text += &format!("MAIL FROM:<{from}>\nRCPT TO:{}\n", to.join(" "));
        text += &String::from_utf8_lossy(&mail.bytes).replace("\r\n", "\n");
        text += "\n";
    }
    for stanza in &decision.stanzas {
        text += &String::from(stanza).replace(" xmlns='jabber:component:accept'", "");
        text += "\n";
    }
    for note in &decision.notes {
        text += &format!("note: {note}\n");
    }
    text
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
}
