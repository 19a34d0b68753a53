//! `examples/stanzamail.service`: the service is closed in, and can do its work nevertheless.

use std::collections::BTreeMap;
use std::process::Command;

use super::servers::process::{Folder, find};
use super::text::{file, readme_commands, replaced};

const UNIT: &str = "examples/stanzamail.service";

/// Key and values, in order.
fn directives() -> BTreeMap<String, Vec<String>> {
    let mut directives = BTreeMap::<String, Vec<String>>::new();
    for line in file(UNIT).lines().filter(|line| !line.starts_with('#')) {
        if let Some((key, value)) = line.split_once('=') {
            directives
                .entry(key.to_owned())
                .or_default()
                .push(value.to_owned());
        }
    }
    directives
}

/// What `systemd-analyze security` counts, for machines that have none.
#[test]
fn nothing_is_left_open_that_it_does_not_need() {
    let directives = directives();
    let yes = "ProtectHome PrivateTmp PrivateDevices PrivateUsers ProtectHostname ProtectClock ProtectKernelTunables \
        ProtectKernelModules ProtectKernelLogs ProtectControlGroups NoNewPrivileges RestrictSUIDSGID \
        RestrictNamespaces RestrictRealtime LockPersonality MemoryDenyWriteExecute RemoveIPC";
    for key in yes.split_whitespace() {
        assert_eq!(directives.get(key), Some(&vec!["yes".to_owned()]), "{key}");
    }
    for (key, value) in [
        ("ProtectSystem", "strict"),
        ("ProtectProc", "invisible"),
        ("ProcSubset", "pid"),
        ("CapabilityBoundingSet", ""),
        ("AmbientCapabilities", ""),
        ("RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX"),
        ("SystemCallArchitectures", "native"),
        ("UMask", "0077"),
    ] {
        assert_eq!(directives[key], [value], "{key}");
    }
    assert_eq!(
        directives["SystemCallFilter"],
        ["@system-service", "~@privileged @resources"]
    );
}

/// What the long soak (tests/chaos/soak.rs) was measured with.
#[test]
fn malloc_is_told_to_keep_little() {
    let expected = "MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=131072";
    assert_eq!(directives()["Environment"], [expected]);
}

#[test]
fn its_user_can_read_what_it_needs() {
    let directives = directives();
    assert_eq!(directives["User"], ["stanzamail"]);
    assert!(!directives.contains_key("DynamicUser"));
    assert_eq!(directives["StateDirectory"], ["stanzamail"]);
    // It would give the folder of the secrets the mode 0755.
    assert!(!directives.contains_key("ConfigurationDirectory"));
    let commands = readme_commands();
    for command in [
        "useradd --system --user-group --no-create-home --home-dir /var/lib/stanzamail",
        "install -d -m 750 -g stanzamail /etc/stanzamail",
        "install -m 640 -g stanzamail /dev/stdin /etc/stanzamail/$secret",
    ] {
        assert!(
            commands.iter().any(|line| line.contains(command)),
            "the README does not say: {command}"
        );
    }
    assert_eq!(
        directives["ExecStart"],
        ["/usr/local/bin/stanzamail --config /etc/stanzamail/stanzamail.toml run"]
    );
    // EX_CONFIG, see src/cli/mod.rs.
    assert_eq!(directives["RestartPreventExitStatus"], ["78"]);
}

/// Where systemd is installed, it has the last word.
#[test]
fn systemd_understands_it() {
    let Some(analyze) = find("systemd-analyze") else {
        // The two tests above do not need it.
        return;
    };
    let folder = Folder::new("systemd");
    let text = replaced(&file(UNIT), &[("/usr/local/bin/stanzamail", "/bin/true")]);
    let unit = folder.write("stanzamail.service", &text);
    for arguments in [
        &["verify", "--man=no"][..],
        // Tenths: 2.0.
        &["security", "--offline=true", "--threshold=20", "--no-pager"],
    ] {
        let output = Command::new(&analyze)
            .args(arguments)
            .arg(&unit)
            .output()
            .unwrap();
        let (said, wrong) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert!(output.status.success(), "{said}\n{wrong}");
        // verify warns of other units of the machine, too.
        assert!(!wrong.contains("stanzamail.service"), "{wrong}");
    }
}
