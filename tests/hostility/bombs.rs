//! C7: mails that are small to write and great to read. Each is read in a process of its own, so that its memory and its
//! time are its own.

use super::dice::cases;
use super::house::House;
use super::process::{peak_memory, processor};
use std::process::Command;
use std::time::Duration;

/// The variable that says to the process which bomb is its.
const VARIABLE: &str = "STANZAMAIL_BOMB";
const NAME: &str = "bombs::c7_reads_one_bomb";
const MEMORY_MAX_MIB: u64 = 300;

/// Two seconds of a processor for the greatest; an unoptimised build is so slow that it has those for a hundred kilobytes.
fn time_max() -> Duration {
    match cfg!(debug_assertions) {
        true => Duration::from_secs(octets() as u64 / 50_000),
        false => Duration::from_secs(2),
    }
}

const BOMBS: [&str; 10] = [
    "parts of one octet",
    "nested multiparts",
    "nested mails",
    "encoded words",
    "one field",
    "fields",
    "base64 of nothing",
    "escapes",
    "tags",
    "one line",
];

fn bomb(name: &str, octets: usize) -> Vec<u8> {
    let head = "From: carol@mail.example\r\nTo: alice@chat.a.example\r\nDelivered-To: alice@chat.a.example\r\n";
    let many = |piece: &str| piece.repeat(octets / piece.len());
    let mixed = "Content-Type: multipart/mixed; boundary=x\r\n\r\n";
    let text = match name {
        "parts of one octet" => format!("{head}{mixed}{}--x--\r\n", many("--x\r\n\r\na\r\n")),
        "nested multiparts" => {
            let level = |n: usize| {
                format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n")
            };
            let levels: String = (0..octets / 60).map(level).collect();
            format!("{head}{levels}\r\nhello\r\n")
        }
        "nested mails" => format!("{head}{}", many("Content-Type: message/rfc822\r\n\r\n")),
        "encoded words" => format!(
            "{head}Subject: {}\r\n\r\nhello\r\n",
            many("=?utf-8?b?4oCu?= ")
        ),
        "one field" => format!("{head}X-A: {}\r\n\r\nhello\r\n", many("a")),
        "fields" => format!("{head}{}\r\nhello\r\n", many("A: b\r\n")),
        "base64 of nothing" => format!(
            "{head}Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            many("=\r\n")
        ),
        "escapes" => format!(
            "{head}Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n{}\r\n",
            many("\u{1b}$B\u{1b}(B")
        ),
        "tags" => format!(
            "{head}Content-Type: text/html\r\n\r\n{}\r\n",
            many("<table><tr><td>")
        ),
        "one line" => format!(
            "{head}Content-Type: text/plain; format=flowed\r\n\r\n{}\r\n",
            many("> ")
        ),
        other => panic!("no such bomb: {other}"),
    };
    text.into_bytes()
}

/// Ten times the size with `STANZAMAIL_HOSTILITY`; 32 MiB are the most that are ever read of a mail.
fn octets() -> usize {
    let is_long = cases(0) > 0;
    if is_long { 20_000_000 } else { 2_000_000 }
}

#[test]
fn c7_no_bomb_takes_more_than_its_share_of_time_and_memory() {
    for name in BOMBS {
        let program = std::env::current_exe().expect("this program has a path");
        let output = Command::new(program)
            .args(["--exact", NAME, "--ignored", "--nocapture"])
            .env(VARIABLE, name)
            .output()
            .expect("it runs again");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{name}: {said}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let line = said
            .lines()
            .find(|line| line.contains("MiB"))
            .expect("it reports");
        eprintln!("C7: {} octets of {line}", octets());
    }
}

#[test]
#[ignore = "runs in a process of its own, which the test above starts"]
fn c7_reads_one_bomb() {
    let name = std::env::var(VARIABLE).expect("which bomb");
    let raw = bomb(&name, octets());
    let before = processor();
    let decided = House::new().raw_mail(&raw);
    let took = processor().saturating_sub(before);
    let peak = peak_memory("self") / 1024;
    let became = match decided {
        Some((decision, _)) if !decision.stanzas.is_empty() => "shown",
        Some(_) => "not shown",
        None => "refused",
    };
    println!("{name}: {took:.1?}, {peak} MiB, {became}");
    assert_eq!(became, "shown");
    assert!(took < time_max(), "{took:?}");
    assert!(peak < MEMORY_MAX_MIB, "{peak} MiB");
}
