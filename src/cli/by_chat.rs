//! What administrators say to a running gateway by XMPP: the same commands as are typed, with the same answers, over the same
//! socket. Which of them may be said is decided by the core; it also sees to it that what was said is never read as an option.

use super::door::{self, CommandError, Output};
use super::{Args, on_store};
use crate::config::Config;
use crate::core::limits::COMMAND_OUTPUT_OCTETS_MAX;
use crate::pipeline::Commands;
use clap::Parser;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::slice;
use std::sync::Arc;

/// Runs them, by this configuration as it is then.
pub(super) fn commands(config: PathBuf) -> Commands {
    Arc::new(move |words| {
        let config = config.clone();
        Box::pin(async move {
            let ran = tokio::task::spawn_blocking(move || run(&config, words)).await;
            ran.unwrap_or_else(|error| Err(error.to_string()))
        })
    })
}

fn run(config: &Path, words: Vec<String>) -> Result<String, String> {
    let words = std::iter::once("stanzamail".to_owned()).chain(words);
    let args = Args::try_parse_from(words).map_err(|error| first_line(&error.to_string()))?;
    let config = Config::load(config).map_err(|errors| errors.to_string())?;
    let mut said = Bounded::default();
    let done = door::into(
        &config.store.path,
        Output::new(&mut said, true),
        |door, output| on_store(args.command, &config, door, output),
    );
    match done {
        // Said in full.
        Ok(()) | Err(CommandError::Unwell) => Ok(said.text()),
        Err(error) => Err(error.to_string()),
    }
}

/// What clap says is about a command line, of which nobody sees anything here.
fn first_line(error: &str) -> String {
    let line = error.lines().next().unwrap_or_default();
    line.trim_start_matches("error: ").to_owned()
}

/// What is said is shown with a line about what is left out.
const SHOWN_OCTETS_MAX: usize = COMMAND_OUTPUT_OCTETS_MAX - 200;
/// Lines that are left out are counted up to here.
const LEFT_OUT_MAX: usize = 10_000;

/// What fits into a message: the rest is left out and counted, and whoever writes too much of it stops there.
#[derive(Default)]
struct Bounded {
    octets: Vec<u8>,
    is_cut: bool,
    left_out: usize,
}

impl Bounded {
    /// To the last whole line.
    fn text(self) -> String {
        let text = String::from_utf8_lossy(&self.octets).into_owned();
        match (self.is_cut, text.rsplit_once('\n')) {
            (true, Some((whole, _))) => {
                let left_out = match self.left_out {
                    1 => "1 more line".to_owned(),
                    count if count > LEFT_OUT_MAX => format!("over {LEFT_OUT_MAX} more lines"),
                    count => format!("{count} more lines"),
                };
                format!("{whole}\n… and {left_out}, which the command line shows\n")
            }
            _ => text,
        }
    }
}

impl Write for Bounded {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        for octet in octets {
            // As a chat shows it.
            let shown = match octet {
                b'\t' => " · ".as_bytes(),
                _ => slice::from_ref(octet),
            };
            let octets = self.octets.len().saturating_add(shown.len());
            self.is_cut |= octets > SHOWN_OCTETS_MAX;
            match self.is_cut {
                false => self.octets.extend(shown),
                true if *octet == b'\n' => self.left_out = self.left_out.saturating_add(1),
                true => {}
            }
        }
        match self.left_out > LEFT_OUT_MAX {
            true => Err(ErrorKind::BrokenPipe.into()),
            false => Ok(octets.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_left_out_by_whole_lines() {
        let line = format!("{}\t{}\n", "x".repeat(500), "x".repeat(495));
        for (lines, left_out, ends) in [
            (17, "1 more line,", false),
            (1_000, "984 more lines,", false),
            (20_000, "over 10000 more lines,", true),
        ] {
            let mut said = Bounded::default();
            let ended = (0..lines).find_map(|_| said.write_all(line.as_bytes()).err());
            let ended = ended.map(|error| error.kind());
            assert_eq!(ended, ends.then_some(ErrorKind::BrokenPipe));
            let text = said.text();
            assert!(text.len() < COMMAND_OUTPUT_OCTETS_MAX);
            let last = text.lines().last().unwrap();
            assert!(last.starts_with(&format!("… and {left_out}")), "{last}");
            let whole = text.lines().filter(|line| line.len() == 999);
            assert_eq!(whole.count(), 16);
        }
    }

    #[test]
    fn what_is_no_command_is_refused_in_a_line() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let config = Path::new("/nonexistent/stanzamail.toml");
        let error = run(config, words("fly away")).unwrap_err();
        assert!(
            error.contains("unrecognized subcommand") && !error.contains('\n'),
            "{error}"
        );
        let error = run(config, words("queue list")).unwrap_err();
        assert!(error.contains("/nonexistent/stanzamail.toml"), "{error}");
    }
}
