//! Whoever gives OAuth tokens: an HTTP server that Dovecot asks whom a token is for (RFC 7662), and a command that prints the
//! token of the moment.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub struct Tokens {
    pub port: u16,
    /// The one token that is good.
    good: Arc<Mutex<String>>,
    task: JoinHandle<()>,
}

impl Drop for Tokens {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Tokens {
    /// Its tokens are for this user.
    pub async fn start(username: &str) -> Tokens {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let good = Arc::new(Mutex::new(String::new()));
        let (shared, username) = (good.clone(), username.to_owned());
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (reader, mut writer) = stream.split();
                let mut lines = BufReader::new(reader).lines();
                let mut asked = String::new();
                while let Ok(Some(line)) = lines.next_line().await {
                    if let Some((name, token)) = line.split_once(": Bearer ")
                        && name.eq_ignore_ascii_case("Authorization")
                    {
                        asked = token.to_owned();
                    }
                    if line.is_empty() {
                        break;
                    }
                }
                let is_good = !asked.is_empty() && *shared.lock().unwrap() == asked;
                let json = match is_good {
                    true => format!("{{\"active\":true,\"username\":\"{username}\"}}"),
                    false => "{\"active\":false}".to_owned(),
                };
                let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close";
                let answer = format!("{head}\r\nContent-Length: {}\r\n\r\n{json}", json.len());
                let _ = writer.write_all(answer.as_bytes()).await;
            }
        });
        Tokens { port, good, task }
    }

    /// From now on this token is good, and no other one.
    pub fn only(&self, token: &str) {
        *self.good.lock().unwrap() = token.to_owned();
    }
}

/// A program in this folder that prints what its file `token` holds, and counts how often it was run.
pub fn command(folder: &Path) -> PathBuf {
    let program = folder.join("token-command");
    let (token, runs) = (folder.join("token"), folder.join("token-runs"));
    let script = format!(
        "#!/bin/sh\necho \"$1\" >>{}\nexec cat {}\n",
        runs.display(),
        token.display()
    );
    std::fs::write(&program, script).expect("the folder is there");
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("it is ours");
    program
}
