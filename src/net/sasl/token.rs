//! A token from a command: a program that an admin names, which knows how to get one from Google, Microsoft or whoever gives
//! them, and prints it. It is run without a shell, for a limited time, and what it prints is said to the server and to nobody
//! else.

use crate::system::blocking;
use secrecy::{ExposeSecret, SecretString};
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout_at};

/// How long the command may take: it asks a server elsewhere for a new token, most often.
const LIMIT: Duration = Duration::from_secs(30);
/// What it may print, in octets. Tokens of Microsoft have some 2,000.
const OUTPUT_OCTETS_MAX: usize = 16 * 1024;
/// How often it is looked whether the command has ended, once it has closed its output.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is not there, or may not be run.
    #[error(
        "token_command cannot be run: {program}: {why}; name a program that the gateway's user may run, by its whole path"
    )]
    Missing {
        /// The program.
        program: String,
        /// The system's words.
        why: String,
    },
    /// It ended otherwise than with 0.
    #[error(
        "token_command failed ({program}: {status}); run it yourself as the gateway's user to see why"
    )]
    Failed {
        /// The program.
        program: String,
        /// How it ended.
        status: String,
    },
    /// It did not end.
    #[error(
        "token_command did not end within {seconds} s ({program}) and was killed; run it yourself as the gateway's user: does it wait for somebody to type?"
    )]
    Slow {
        /// The program.
        program: String,
        /// How long it had.
        seconds: u64,
    },
    /// It ended well and printed nothing.
    #[error("token_command printed nothing ({program}); it must print the token alone")]
    Empty {
        /// The program.
        program: String,
    },
    /// What it printed can be no token.
    #[error(
        "token_command printed what is no token ({program}): {what}; it must print one line, the token alone"
    )]
    NoToken {
        /// The program.
        program: String,
        /// What is wrong with it, without showing any of it.
        what: &'static str,
    },
}

/// A command that prints a token, and the last one that it printed. All connections of a login share it, so that a burst of
/// them runs it once.
#[derive(Debug)]
pub(super) struct TokenCommand {
    program: String,
    arguments: Vec<String>,
    limit: Duration,
    kept: Mutex<Option<SecretString>>,
}

impl TokenCommand {
    pub(super) fn new(command: &[String]) -> Self {
        let (program, arguments) = command.split_first().map_or_else(
            || (String::new(), Vec::new()),
            |(program, arguments)| (program.clone(), arguments.to_vec()),
        );
        Self {
            program,
            arguments,
            limit: LIMIT,
            kept: Mutex::default(),
        }
    }

    /// The token that was not refused yet, or a new one.
    pub(super) async fn token(&self) -> Result<SecretString, TokenError> {
        let mut kept = self.kept.lock().await;
        if let Some(token) = &*kept {
            return Ok(token.clone());
        }
        let token = self.run().await?;
        *kept = Some(token.clone());
        Ok(token)
    }

    /// A new token after this one was refused; `None` where the command prints the same one again.
    pub(super) async fn other_than(
        &self,
        refused: &SecretString,
    ) -> Result<Option<SecretString>, TokenError> {
        let is_other = |token: &SecretString| token.expose_secret() != refused.expose_secret();
        let mut kept = self.kept.lock().await;
        // Another connection may have been told before.
        if let Some(token) = kept.as_ref().filter(|token| is_other(token)) {
            return Ok(Some(token.clone()));
        }
        *kept = None;
        let token = self.run().await?;
        if !is_other(&token) {
            return Ok(None);
        }
        *kept = Some(token.clone());
        Ok(Some(token))
    }

    async fn run(&self) -> Result<SecretString, TokenError> {
        let missing = |why: String| TokenError::Missing {
            program: self.program.clone(),
            why,
        };
        let (program, arguments) = (self.program.clone(), self.arguments.clone());
        let started = blocking(move || start(&program, &arguments)).await;
        let mut child = started
            .map_err(|error| missing(error.to_string()))?
            .map_err(|error| missing(error.to_string()))?;
        let ended = self.read(&mut child).await;
        if ended.is_err() {
            let _ = child.kill();
            // Nobody else asks how it ended. It was killed, so that this takes no time.
            let _ = blocking(move || child.wait()).await;
        }
        self.token_in(ended?)
    }

    /// What it prints until it ends, in time.
    async fn read(&self, child: &mut Child) -> Result<Vec<u8>, TokenError> {
        let deadline = Instant::now() + self.limit;
        let reading = async {
            let output = child.stdout.take().map(OwnedFd::from);
            let output = output.ok_or_else(|| io::Error::other("it has no output"))?;
            let most = u64::try_from(OUTPUT_OCTETS_MAX).unwrap_or(u64::MAX);
            let mut printed = Vec::new();
            let output = pipe::Receiver::from_owned_fd(output)?;
            output
                .take(most.saturating_add(1))
                .read_to_end(&mut printed)
                .await?;
            if printed.len() > OUTPUT_OCTETS_MAX {
                return Ok((printed, None));
            }
            loop {
                if let Some(status) = child.try_wait()? {
                    return Ok((printed, Some(status)));
                }
                sleep(LOOK_EVERY).await;
            }
        };
        let read: io::Result<(Vec<u8>, Option<ExitStatus>)> = timeout_at(deadline, reading)
            .await
            .map_err(|_| TokenError::Slow {
            program: self.program.clone(),
            seconds: self.limit.as_secs(),
        })?;
        let failed = |status: String| TokenError::Failed {
            program: self.program.clone(),
            status,
        };
        match read {
            Ok((printed, Some(status))) if status.success() => Ok(printed),
            Ok((_, Some(status))) => Err(failed(status.to_string())),
            Ok((_, None)) => Err(self.no_token("it is too long")),
            Err(error) => Err(failed(error.to_string())),
        }
    }

    /// RFC 6750 §2.1, `b64token`; what servers give is made of these, too.
    fn token_in(&self, printed: Vec<u8>) -> Result<SecretString, TokenError> {
        let text = String::from_utf8(printed).map_err(|_| self.no_token("it is no text"))?;
        let token = text.trim_end_matches(['\r', '\n']);
        if token.is_empty() {
            return Err(TokenError::Empty {
                program: self.program.clone(),
            });
        }
        if token.contains(['\r', '\n']) {
            return Err(self.no_token("it has several lines"));
        }
        if !token.bytes().all(|octet| octet.is_ascii_graphic()) {
            return Err(self.no_token("it has a blank or another character that tokens have not"));
        }
        Ok(token.into())
    }

    fn no_token(&self, what: &'static str) -> TokenError {
        TokenError::NoToken {
            program: self.program.clone(),
            what,
        }
    }
}

fn start(program: &str, arguments: &[String]) -> io::Result<Child> {
    // What it says beside the token may have secrets in it, and nobody types anything.
    Command::new(Path::new(program))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(script: &str) -> TokenCommand {
        let words = ["/bin/sh", "-c", script].map(str::to_owned);
        let mut command = TokenCommand::new(&words);
        command.limit = Duration::from_millis(500);
        command
    }

    async fn error(script: &str) -> String {
        command(script).token().await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn a_token_is_asked_for_once_and_again_when_it_was_refused() {
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path().join("runs");
        let script = format!(
            "echo x >>{0}; wc -l <{0} | tr -d ' \\n'; echo",
            runs.display()
        );
        let command = command(&script);
        let first = command.token().await.unwrap();
        assert_eq!(first.expose_secret(), "1");
        assert_eq!(command.token().await.unwrap().expose_secret(), "1");
        let second = command.other_than(&first).await.unwrap().unwrap();
        assert_eq!(second.expose_secret(), "2");
        // A second connection that was refused the first one, too.
        let same = command.other_than(&first).await.unwrap().unwrap();
        assert_eq!(same.expose_secret(), "2");
        assert_eq!(command.token().await.unwrap().expose_secret(), "2");
    }

    #[tokio::test]
    async fn a_command_that_prints_the_same_again_has_no_other_one() {
        let command = command("echo same");
        let first = command.token().await.unwrap();
        assert!(command.other_than(&first).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn what_is_wrong_with_the_command_is_said_and_nothing_of_what_it_prints() {
        let missing = TokenCommand::new(&["/nonexistent/token".to_owned()]);
        let missing = missing.token().await.unwrap_err().to_string();
        assert!(
            missing.contains("/nonexistent/token: No such file"),
            "{missing}"
        );
        for (script, says) in [
            ("echo canary; exit 3", "exit status: 3"),
            ("echo canary >&2; exit 1", "exit status: 1"),
            ("true", "printed nothing"),
            ("echo", "printed nothing"),
            ("echo canary; echo canary", "several lines"),
            ("echo 'canary canary'", "a blank"),
            ("printf 'canary\\001'", "a blank or another"),
            ("printf 'canary\\377'", "is no text"),
            ("yes canary", "is too long"),
            ("exec sleep 60", "did not end within"),
            ("echo canary; exec sleep 60", "did not end within"),
            ("exec >&-; exec sleep 60", "did not end within"),
            // Whoever it has started may hold its output open.
            ("sleep 60 & echo canary", "did not end within"),
        ] {
            let said = error(script).await;
            assert!(said.contains(says), "{script}: {said}");
            assert!(!said.contains("canary"), "{said}");
        }
    }

    #[tokio::test]
    async fn a_command_that_does_not_end_is_killed_and_leaves_no_zombie() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let script = format!("echo $$ >{}; exec sleep 60", file.display());
        assert!(error(&script).await.contains("was killed"));
        let pid = std::fs::read_to_string(file).unwrap();
        assert!(!Path::new(&format!("/proc/{}", pid.trim())).exists());
    }
}
