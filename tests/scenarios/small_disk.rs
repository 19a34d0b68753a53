//! A disk of a few megabytes under the gateway's store, which a test can really fill: a tmpfs that only the gateway sees,
//! in a mount namespace that outlives it. That needs no root where the system lets everybody have user namespaces.

use std::fs::{File, create_dir_all, read_dir, remove_file, set_permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::servers::PATIENCE;
use super::servers::process::{Folder, Process, Rights, program, root};
use super::servers::{Flavour, Gateway};
use super::world::{Options, PROGRAM, World, config};

/// More than an empty store and what is in it after some messages.
const SIZE: &str = "16m";
const FILLER: &str = "filler";

/// The mount, for as long as this value lives.
pub struct SmallDisk {
    /// Where the test sees it.
    path: PathBuf,
    /// Holds the namespace.
    _keeper: Process,
    _folder: Folder,
}

impl SmallDisk {
    /// A gateway that is not started yet, with its store on a disk of its own.
    pub async fn under(options: Options) -> (World, SmallDisk) {
        let mut world = World::prepare(Flavour::Prosody, options.clone()).await;
        let folder = Folder::new("disk");
        let wrapper = folder.join("stanzamail");
        let ports = (world.mail.smtp_port, world.mail.imap_port);
        world.gateway = Gateway::prepare(&wrapper, &config(&world.xmpp, ports, &options));
        let store = world.gateway.folder().join("store");
        create_dir_all(&store).expect("the gateway's folder is ours");

        let namespaces = namespaces();
        let keeper = keep(&folder, &namespaces, &store).await;
        let enter = format!(
            "#!/bin/sh\nexec {} --preserve-credentials {} --target {} --wdns=\"$PWD\" -- {PROGRAM} \"$@\"\n",
            program("nsenter").display(),
            namespaces.join(" ").replace(" --map-root-user", ""),
            keeper.pid()
        );
        folder.write("stanzamail", &enter);
        set_permissions(&wrapper, PermissionsExt::from_mode(0o755)).expect("the file is ours");
        let inside = format!("/proc/{}/root{}", keeper.pid(), store.display());
        let disk = SmallDisk {
            path: inside.into(),
            _keeper: keeper,
            _folder: folder,
        };
        (world, disk)
    }

    /// Not one octet more has room in a new file.
    pub fn fill(&self) {
        let mut filler = File::create(self.path.join(FILLER)).expect("a name has room");
        let mut piece = vec![b'x'; 64 * 1024];
        while !piece.is_empty() {
            if filler.write_all(&piece).is_err() {
                piece.truncate(piece.len() / 2);
            }
        }
    }

    /// What lies in a folder of the store.
    pub fn names_in(&self, folder: &str) -> Vec<String> {
        let entries = read_dir(self.path.join(folder)).expect("it is there");
        let names = entries.map(|entry| entry.expect("it can be read").file_name());
        names
            .map(|name| name.to_string_lossy().into_owned())
            .collect()
    }

    pub fn free(&self) {
        remove_file(self.path.join(FILLER)).expect("it was filled");
    }
}

/// Which ones we may have.
fn namespaces() -> Vec<&'static str> {
    let of_a_user = ["--user", "--map-root-user", "--mount"];
    let mut trial = Command::new(program("unshare"));
    trial.args(of_a_user).arg("true").stderr(Stdio::null());
    if trial.status().is_ok_and(|status| status.success()) {
        return of_a_user.to_vec();
    }
    assert!(
        root(),
        "a full disk needs a mount of its own: run the tests as root, or let users have namespaces \
         (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone)"
    );
    vec!["--mount"]
}

/// Mounts the disk in new namespaces and holds them.
async fn keep(folder: &Folder, namespaces: &[&str], store: &Path) -> Process {
    let script = format!(
        "mount -t tmpfs -o size={SIZE},mode=700 none \"$1\" && echo mounted && exec sleep 1d"
    );
    let mut command = Command::new(program("unshare"));
    command.args(namespaces);
    command.args(["sh", "-c", &script, "sh"]).arg(store);
    let mut keeper = Process::start("the small disk", folder, command, Rights::Own);
    keeper
        .ready(PATIENCE, |keeper| keeper.output().contains("mounted"))
        .await;
    keeper
}
