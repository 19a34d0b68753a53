//! ejabberd: how it is configured, started, and given its users.

use std::path::PathBuf;
use std::process::Command;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::process::{Folder, Process, Rights, program, render};
use super::xmpp_server::{Flavour, XmppOptions, XmppServer};

/// The name to start it by: `Ejabberd::start(XmppOptions::b())`.
pub struct Ejabberd;

impl Ejabberd {
    pub async fn start(options: XmppOptions) -> XmppServer {
        XmppServer::start(Flavour::Ejabberd, options).await
    }
}

/// Writes the configuration.
pub(super) fn prepare(server: &XmppServer, folder: &Folder) {
    let options = &server.options;
    let hosts: String = options
        .domains
        .iter()
        .map(|domain| format!("  - {domain}\n"))
        .collect();
    let secret = &options.secret;
    let component =
        |domain: &String| format!("      \"{domain}\":\n        password: \"{secret}\"\n");
    let gateways: String = options.gateways.iter().map(component).collect();
    let uploaders: String = options
        .uploaders()
        .iter()
        .map(|domain| format!("      - {domain}\n"))
        .collect();
    let config = render(
        include_str!("config/ejabberd.yml"),
        &[
            ("DIR", &folder.path().to_string_lossy()),
            ("DOMAIN", &server.domain),
            ("C2S", &server.c2s_port.to_string()),
            ("COMPONENT", &server.component_port.to_string()),
            ("HTTP", &server.http_port.to_string()),
            ("SHAPER", if options.limits { "normal" } else { "none" }),
            ("HOSTS", &hosts),
            ("GATEWAYS", &gateways),
            ("UPLOADERS", &uploaders),
        ],
    );
    folder.write("ejabberd.yml", &config);
    folder.create("database");
    folder.create("upload");
}

/// The Erlang machine keeps a processor busy for a while where it has nothing to do, to be awake at once: other tests want it.
const NO_BUSY_WAIT: [&str; 6] = ["+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none"];

/// Runs the Erlang machine itself: without epmd, without distribution, under any account.
pub(super) fn launch(folder: &Folder) -> Process {
    let database = format!("\"{}\"", folder.join("database").display());
    let mut command = Command::new(program("erl"));
    command
        .args([
            "-noinput", "+K", "true", "+P", "250000", "-mnesia", "dir", &database, "-s", "ejabberd",
        ])
        .args(NO_BUSY_WAIT)
        .env("HOME", folder.path())
        .env("ERL_LIBS", libraries())
        .env("EJABBERD_CONFIG_PATH", folder.join("ejabberd.yml"))
        .env("EJABBERD_LOG_PATH", folder.join("ejabberd.log"))
        .env("ERL_CRASH_DUMP", folder.join("crash.dump"));
    Process::start("ejabberd", folder, command, Rights::Dropped)
}

/// The folder that holds `ejabberd-VERSION/ebin`: `/usr/lib/x86_64-linux-gnu` on Debian.
fn libraries() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let has_ejabberd = |folder: &PathBuf| {
        let mut names = std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.file_name());
        names.any(|name| name.to_string_lossy().starts_with("ejabberd-"))
    };
    let mut candidates = folders.filter(has_ejabberd);
    candidates
        .next()
        .expect("ejabberd is not installed: run `make deps`, which installs what the tests need")
}

/// Makes the accounts, by ejabberd's own API.
pub(super) async fn register(server: &XmppServer) {
    for (jid, password) in &server.options.users {
        let (user, host) = jid.split_once('@').expect("a user is a bare JID");
        let body =
            serde_json::json!({ "user": user, "host": host, "password": password }).to_string();
        let answer = post(server.http_port, "/api/register", &body).await;
        assert!(
            answer.starts_with("HTTP/1.1 200"),
            "ejabberd did not register {jid}: {answer}\n{}",
            server.log()
        );
    }
}

async fn post(port: u16, path: &str, body: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port))
        .await
        .expect("ejabberd's API answers");
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    stream
        .write_all(request.as_bytes())
        .await
        .expect("ejabberd's API takes a request");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}
