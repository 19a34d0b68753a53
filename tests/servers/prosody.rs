//! Prosody: how it is configured and started.

use std::process::Command;

use super::process::{Folder, Process, Rights, program, render};
use super::xmpp_server::{Flavour, XmppOptions, XmppServer};

/// The name to start it by: `Prosody::start(XmppOptions::a())`.
pub struct Prosody;

impl Prosody {
    pub async fn start(options: XmppOptions) -> XmppServer {
        XmppServer::start(Flavour::Prosody, options).await
    }
}

/// Writes configuration and accounts.
pub(super) fn prepare(server: &XmppServer, folder: &Folder) {
    let options = &server.options;
    let hosts: String = options
        .domains
        .iter()
        .map(|domain| format!("VirtualHost \"{domain}\"\n{}", privileges(options)))
        .collect();
    let components: String = options
        .gateways
        .iter()
        .map(|domain| component(domain, options))
        .collect();
    let upload_port = options.uploads.port.unwrap_or(server.http_port);
    let config = render(
        include_str!("config/prosody.cfg.lua"),
        &[
            ("DIR", &folder.path().to_string_lossy()),
            ("DOMAIN", &server.domain),
            ("C2S", &server.c2s_port.to_string()),
            ("COMPONENT", &server.component_port.to_string()),
            ("HTTP", &server.http_port.to_string()),
            ("UPLOAD", &upload_port.to_string()),
            ("MEBIBYTES", &options.uploads.mebibytes_max.to_string()),
            ("LIMITS", if options.limits { "\"limits\";" } else { "" }),
            ("HOSTS", &hosts),
            ("COMPONENTS", &components),
            (
                "UPLOADERS",
                &quoted(options.domains.iter().chain(options.uploaders())),
            ),
        ],
    );
    folder.write("prosody.cfg.lua", &config);
    for (jid, password) in &options.users {
        account(folder, jid, password);
    }
    for (jid, contacts) in &options.rosters {
        roster(folder, jid, contacts);
    }
}

fn component(domain: &str, options: &XmppOptions) -> String {
    let conflict = if options.kick_old {
        "kick_old"
    } else {
        "kick_new"
    };
    let secret = &options.secret;
    format!(
        "Component \"{domain}\"\n\tcomponent_secret = \"{secret}\"\n\tcomponent_conflict_resolve = \"{conflict}\"\n{}",
        if options.privileged { PRIVILEGED } else { "" }
    )
}

const PRIVILEGED: &str = "\tmodules_enabled = { \"privilege\" }\n";

/// What a domain lets the components do.
fn privileges(options: &XmppOptions) -> String {
    if !options.privileged {
        return String::new();
    }
    let entities = options
        .gateways
        .iter()
        .map(|domain| format!("\t\t[\"{domain}\"] = {{ roster = \"both\"; }};\n"));
    let entities: String = entities.collect();
    format!("{PRIVILEGED}\tprivileged_entities = {{\n{entities}\t}}\n")
}

/// An account as Prosody's internal storage keeps it.
fn account(folder: &Folder, jid: &str, password: &str) {
    let record = format!("return {{ [\"password\"] = \"{password}\" }};\n");
    record_of(folder, "accounts", jid, &record);
}

/// The same for a roster.
fn roster(folder: &Folder, jid: &str, contacts: &[String]) {
    let mut record = "return { [false] = { [\"version\"] = 1; [\"pending\"] = {}; };\n".to_owned();
    for contact in contacts {
        let contact = contact.replace('\\', "\\\\");
        record.push_str(&format!(
            "[\"{contact}\"] = {{ [\"subscription\"] = \"both\"; [\"groups\"] = {{}}; }};\n"
        ));
    }
    record.push_str("};\n");
    record_of(folder, "roster", jid, &record);
}

/// `data/a%2eexample/accounts/alice.dat`.
fn record_of(folder: &Folder, kind: &str, jid: &str, record: &str) {
    let (local, domain) = jid.split_once('@').expect("a user is a bare JID");
    let escape = |text: &str| -> String {
        let byte = |b: u8| {
            if b.is_ascii_alphanumeric() {
                char::from(b).to_string()
            } else {
                format!("%{b:02x}")
            }
        };
        text.bytes().map(byte).collect()
    };
    let place = format!("data/{}/{kind}", escape(domain));
    folder.create(&place);
    folder.write(&format!("{place}/{}.dat", escape(local)), record);
}

fn quoted<'a>(words: impl Iterator<Item = &'a String>) -> String {
    words.map(|word| format!("\"{word}\"; ")).collect()
}

pub(super) fn launch(folder: &Folder) -> Process {
    let mut command = Command::new(program("prosody"));
    command
        .arg("--config")
        .arg(folder.join("prosody.cfg.lua"))
        .arg("-F");
    Process::start("prosody", folder, command, Rights::Dropped)
}
