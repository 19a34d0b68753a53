//! An admin: a copy of the README and the examples with their own domain in it, and a shell in which its commands are run as
//! they stand. Only places are replaced, and what takes root or the machine's own servers has stand-ins.

use std::fs::{copy, create_dir_all, read_dir, read_to_string};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::servers::PATIENCE;
use super::servers::process::{Folder, Process, Rights};
use super::text::{block, commands, replaced};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// The first command of the README, for whoever has another domain.
const SED: &str = "sed -i 's/example\\.org/YOUR.DOMAIN/g' ";

pub struct Shell {
    folder: Folder,
}

impl Shell {
    /// With `domain` in place of `example.org`.
    pub fn of(domain: &str) -> Shell {
        let folder = Folder::new("admin");
        for name in [
            "",
            "docs",
            "examples",
            "examples/dovecot",
            "examples/lmtp",
            "bin",
        ] {
            let to = folder.create(name);
            if name != "bin" {
                copy_files(&Path::new(ROOT).join(name), &to);
            }
        }
        let readme = std::fs::read_to_string(format!("{ROOT}/README.md")).unwrap();
        let sed = commands(&readme, "$ ").into_iter();
        let sed = sed.filter(|line| line.starts_with(SED)).collect::<String>();
        assert!(!sed.is_empty(), "the README has the command");
        let done = Command::new("sh")
            .args(["-ec", &replaced(&sed, &[("YOUR.DOMAIN", domain)])])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
        Shell { folder }
    }

    /// One of the copied files.
    pub fn file(&self, name: &str) -> String {
        read_to_string(self.folder.join(name)).unwrap()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The only block of a language in a copied file that has these words.
    pub fn block(&self, file: &str, language: &str, words: &str) -> String {
        block(&self.file(file), language, words)
    }

    /// What is pasted as root: a block as it stands.
    pub fn pasted(&self, file: &str, words: &str) -> String {
        self.block(file, "sh", words)
    }

    /// Changes a copied file: places that are others in a test.
    pub fn change(&self, name: &str, changes: &[(&str, &str)]) {
        self.folder
            .write(name, &replaced(&self.file(name), changes));
    }

    /// A program that is another one in a test.
    pub fn stand_in(&self, name: &str, script: &str) {
        let path = self
            .folder
            .write(&format!("bin/{name}"), &format!("#!/bin/sh\n{script}\n"));
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
    }

    /// Types the commands, as the account that the servers run as. Answers what was said.
    pub async fn types(&self, commands: &str) -> String {
        let script = self.folder.write("typed.sh", &format!("{commands}\n"));
        self.folder.hand_over();
        let bin = self.folder.join("bin");
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("sh");
        command
            .arg(script)
            .env("PATH", format!("{}:{path}:/usr/sbin:/sbin", bin.display()));
        let output = Folder::new("typed");
        output.hand_over();
        let folder = self.folder.path().to_owned();
        command.env("HERE", &folder);
        let mut process =
            Process::start_in("the shell", &output, &folder, command, Rights::Dropped);
        let ended = process.wait(PATIENCE).await;
        assert!(ended.is_some(), "it hangs: {}", process.output());
        process.output()
    }
}

/// Those that an admin reads, not those of programs.
fn copy_files(from: &Path, to: &Path) {
    create_dir_all(to).unwrap();
    for entry in read_dir(from).unwrap().flatten() {
        if entry.path().is_file() {
            copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}
