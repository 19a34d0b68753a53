//! `make deps` (tests/install.sh) on machines that lack something: stand-ins for the programs that would change this one say
//! what they were asked for.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Command;

use super::servers::process::Folder;
use super::text::file;

/// As `cargo --version` says it.
const OLD: &str = "cargo 1.85.0 (d73d2caf9 2024-12-31)";
const GOOD: &str = "cargo 1.999.0 (0123456 2030-01-01)";
/// What a stand-in does: `$CALLED` is the file in which calls are written down.
const NOTES: &str = "echo \"$(basename \"$0\") $*\" >>\"$CALLED\"\n";

/// A machine with every package that the tests need, and these programs of its own.
struct Machine {
    folder: Folder,
}

/// How it went.
struct Run {
    is_done: bool,
    said: String,
    called: String,
}

impl Machine {
    fn new(system: &str) -> Machine {
        let folder = Folder::new("machine");
        let bin = folder.create("bin");
        let of_ours = ["cargo", "rustc", "rustup", "mvn", "curl", "apt-get", "sudo"];
        for from in ["/usr/bin", "/usr/sbin"] {
            for entry in std::fs::read_dir(from).unwrap().flatten() {
                let name = entry.file_name();
                if !of_ours.iter().any(|ours| name == *ours) {
                    // One name may be in both.
                    let _ = symlink(entry.path(), bin.join(name));
                }
            }
        }
        let machine = Machine { folder };
        let (id, version) = system.split_once(' ').unwrap();
        let release = format!("ID={id}\nVERSION_ID=\"{version}\"\nNAME=Any\n");
        machine.folder.write("os-release", &release);
        machine.has("sudo", "shift; exec \"$@\"");
        machine.has("apt-get", NOTES);
        machine.has("curl", NOTES);
        machine
    }

    fn has(&self, name: &str, script: &str) {
        let path = format!("bin/{name}");
        let _ = std::fs::remove_file(self.folder.join(&path));
        let path = self.folder.write(&path, &format!("#!/bin/sh\n{script}\n"));
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
    }

    fn lacks(&self, name: &str) {
        std::fs::remove_file(self.folder.join(&format!("bin/{name}"))).unwrap();
    }

    /// With the GreenMail that is there for the tests, unless one is asked for.
    fn runs(&self, more: &[(&str, &str)]) -> Run {
        let place = |name: &str| self.folder.join(name);
        let called = place("called");
        let output = Command::new("/bin/sh")
            .arg(format!("{}/tests/install.sh", env!("CARGO_MANIFEST_DIR")))
            .env_clear()
            .env("PATH", place("bin"))
            .env("HOME", place("home"))
            .env("CARGO_HOME", place("cargo"))
            .env("XDG_CACHE_HOME", cache())
            .env("OS_RELEASE", place("os-release"))
            .env("CALLED", &called)
            .envs(more.iter().copied())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        Run {
            is_done: output.status.success(),
            said: String::from_utf8_lossy(&said).into_owned(),
            called: std::fs::read_to_string(called).unwrap_or_default(),
        }
    }
}

/// Where the real GreenMail lies.
fn cache() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from)
}

fn jar(cache: &std::path::Path) -> PathBuf {
    cache.join("stanzamail-test/greenmail-standalone-2.1.13.jar")
}

#[test]
fn a_machine_with_all_of_it_is_left_alone() {
    let machine = Machine::new("debian 12");
    machine.has("cargo", &format!("echo '{GOOD}'"));
    let run = machine.runs(&[]);
    assert!(run.is_done && run.said.is_empty(), "{}", run.said);
    assert_eq!(run.called, "");
}

#[test]
fn debian_12_gets_rust_by_its_own_installer() {
    for before in ["exit 127".to_owned(), format!("echo '{OLD}'")] {
        let machine = Machine::new("debian 12");
        machine.has("cargo", &before);
        // The installer, which puts a cargo where it always does.
        let installs = format!(
            "{NOTES}echo 'echo \"installer $*\" >>\"$CALLED\"; mkdir -p \"$CARGO_HOME/bin\"'
             echo \"printf '#!/bin/sh\\necho \\\"{GOOD}\\\"\\n' >\\\"\\$CARGO_HOME/bin/cargo\\\"\"
             echo 'chmod 755 \"$CARGO_HOME/bin/cargo\"'"
        );
        machine.has("curl", &installs);
        let run = machine.runs(&[]);
        assert!(run.is_done, "{}", run.said);
        assert_eq!(
            run.called,
            "curl --proto =https --tlsv1.2 -sSf https://sh.rustup.rs\n\
             installer -y --no-modify-path --profile minimal --component clippy --component rustfmt\n"
        );
        assert!(
            run.said.contains("by rustup's own installer"),
            "{}",
            run.said
        );
    }
}

#[test]
fn debian_13_gets_rust_by_its_package() {
    let machine = Machine::new("debian 13");
    machine.has("cargo", &format!("echo '{OLD}'"));
    let rustup = format!(
        "{NOTES}case $1$2 in defaultstable) printf '#!/bin/sh\\necho \"{GOOD}\"\\n' >\"$BIN/cargo\" ;; esac"
    );
    machine
        .folder
        .write("rustup", &format!("#!/bin/sh\n{rustup}\n"));
    machine.has(
        "apt-get",
        &format!("{NOTES}case $* in *rustup) cp \"$BIN/../rustup\" \"$BIN/rustup\"; chmod 755 \"$BIN/rustup\" ;; esac"),
    );
    let bin = machine.folder.join("bin").to_string_lossy().into_owned();
    let run = machine.runs(&[("BIN", &bin)]);
    assert!(run.is_done, "{}", run.said);
    let options = "apt-get -q -o DPkg::Lock::Timeout=600";
    let expected = format!(
        "{options} update\n{options} install -y --no-install-recommends rustup\n\
         rustup toolchain install stable --profile minimal --component clippy --component rustfmt\n\
         rustup default\nrustup default stable\n"
    );
    assert_eq!(run.called, expected);
    assert!(run.said.contains("the one here is 1.85.0"), "{}", run.said);
    assert!(
        run.said.contains("by Debian's package rustup"),
        "{}",
        run.said
    );
}

#[test]
fn a_chosen_toolchain_is_brought_up_to_date_and_not_changed() {
    let machine = Machine::new("fedora 41");
    machine.has(
        "cargo",
        &format!("[ -e \"$CALLED\" ] && echo '{GOOD}' || echo '{OLD}'"),
    );
    machine.has(
        "rustup",
        &format!("{NOTES}[ $1 != default ] || echo 'stable-x (default)'"),
    );
    let run = machine.runs(&[]);
    assert!(run.is_done, "{}", run.said);
    assert_eq!(
        run.called,
        "rustup toolchain install stable --profile minimal --component clippy --component rustfmt\nrustup default\n"
    );
}

#[test]
fn rust_can_be_forbidden() {
    for system in ["debian 12", "debian 13"] {
        let machine = Machine::new(system);
        machine.has("cargo", &format!("echo '{OLD}'"));
        let run = machine.runs(&[("RUST", "no")]);
        assert!(!run.is_done);
        assert_eq!(run.called, "");
        let expected = "is needed, the one here is 1.85.0, and RUST=no forbids to install it: see https://rustup.rs";
        assert!(run.said.contains(expected), "{}", run.said);
    }
}

#[test]
fn another_system_is_told_what_to_install() {
    for system in ["fedora 41", "debian 14"] {
        let machine = Machine::new(system);
        machine.has("cargo", "exit 127");
        machine.lacks("swaks");
        let run = machine.runs(&[]);
        assert!(!run.is_done);
        assert_eq!(run.called, "");
        let wanted = [
            "is known for Debian 12 and 13 only, and this is ",
            system,
            "what Debian calls swaks; and Rust 1.",
            "or later (https://rustup.rs); then run this again",
        ];
        for words in wanted {
            assert!(run.said.contains(words), "{words:?}: {}", run.said);
        }
        assert_eq!(run.said.lines().count(), 1, "{}", run.said);
    }
}

/// The one that lies there for the tests is the right one.
#[test]
fn greenmail_is_taken_only_if_it_is_the_right_one() {
    let machine = Machine::new("debian 12");
    machine.has("cargo", &format!("echo '{GOOD}'"));
    let fetched = machine.folder.join("fetched");
    // It is called with -DoutputDirectory=…
    let mvn = format!(
        "{NOTES}for word; do case $word in -DoutputDirectory=*) cp '{}' \"${{word#*=}}/greenmail-standalone-2.1.13.jar\" ;; \
         esac; done",
        fetched.display()
    );
    machine.has("mvn", &mvn);
    let cache = machine.folder.create("cache");
    let cache_of = cache.to_string_lossy().into_owned();
    let wanted = [("MAIL", "greenmail"), ("XDG_CACHE_HOME", cache_of.as_str())];

    std::fs::write(&fetched, "another one").unwrap();
    let run = machine.runs(&wanted);
    assert!(
        !run.is_done && run.said.contains("is not it (SHA-256)"),
        "{}",
        run.said
    );
    assert!(!jar(&cache).exists());

    std::fs::copy(jar(&self::cache()), &fetched).expect("MAIL=greenmail make deps");
    let run = machine.runs(&wanted);
    assert!(run.is_done, "{}", run.said);
    assert!(jar(&cache).exists());
    assert!(
        run.called
            .contains("-Dartifact=com.icegreen:greenmail-standalone:2.1.13"),
        "{}",
        run.called
    );
}

/// A mirror that an admin has configured is used: nothing here says where packages come from.
#[test]
fn no_registry_is_named() {
    for name in [
        "tests/install.sh",
        "tests/debian13.sh",
        "Makefile",
        "README.md",
    ] {
        let text = file(name);
        let hosts = text.split("https://").skip(1);
        let hosts: Vec<&str> = hosts
            .filter_map(|rest| rest.split(['/', ' ', ')', '"', ':']).next())
            .collect();
        let known = ["rustup.rs", "sh.rustup.rs"];
        assert!(
            hosts.iter().all(|host| known.contains(host)),
            "{name}: {hosts:?}"
        );
    }
}
