//! `stanzamail status`, `reload` and `log-level`: the gateway itself. Through the [`door`](super::door).

use crate::cli::door::{CommandError, Door, Output, unexpected, written};
use crate::cli::queue::age;
use crate::control::{ControlRequest, NeededServer, Response, ServerTrouble};
use crate::core::text::clean;
use std::io::Write;
use std::time::Duration;

/// How it is. Whoever watches the gateway is told by the exit code: see [`CommandError::Unwell`].
pub(super) fn show(door: &mut Door, output: &mut Output<'_>) -> Result<(), CommandError> {
    let Response::Status {
        version,
        is_running,
        is_attached,
        waiting,
        quarantined,
        troubles,
    } = ask(door, ControlRequest::Status)?
    else {
        return Err(unexpected(Response::Done));
    };
    let runs = match (is_running, is_attached) {
        (true, true) => format!("stanzamail {version} runs and is attached to the XMPP server"),
        (true, false) => {
            format!("stanzamail {version} runs, and is not attached to the XMPP server")
        }
        (false, _) => format!("no gateway runs; this is stanzamail {version}"),
    };
    say(output, &runs)?;
    for trouble in &troubles {
        say(output, &line_of(trouble))?;
    }
    say(output, &format!("mails that wait to be sent: {waiting}"))?;
    say(output, &format!("in quarantine: {quarantined}"))?;
    match is_attached && troubles.is_empty() {
        true => Ok(()),
        false => Err(CommandError::Unwell),
    }
}

fn line_of(trouble: &ServerTrouble) -> String {
    let time = age(Duration::from_secs(trouble.secs));
    let why = clean::for_header(&trouble.why, usize::MAX);
    match &trouble.server {
        NeededServer::Mailbox { name } => {
            format!("the mailbox {name} has not been read for {time}: {why}")
        }
        NeededServer::XmppServer => {
            format!("the XMPP server has not let the gateway in for {time}: {why}")
        }
        NeededServer::MailServer => {
            format!(
                "the mail server has not been reached for {time}; mails are kept and tried again: {why}"
            )
        }
    }
}

/// Reads the configuration again.
pub(super) fn reload(door: &mut Door, output: &mut Output<'_>) -> Result<(), CommandError> {
    done(door, ControlRequest::Reload)?;
    say(
        output,
        "the configuration is being read again; the log says what has changed, or what is wrong with it",
    )
}

/// Changes how much is logged.
pub(super) fn log_level(
    level: String,
    door: &mut Door,
    output: &mut Output<'_>,
) -> Result<(), CommandError> {
    let said = format!("the log has the level {level} until the configuration is read again");
    done(door, ControlRequest::Log { level })?;
    say(output, &said)
}

fn done(door: &mut Door, request: ControlRequest) -> Result<(), CommandError> {
    match ask(door, request)? {
        Response::Done => Ok(()),
        other => Err(unexpected(other)),
    }
}

/// The answer, unless it is a refusal.
fn ask(door: &mut Door, request: ControlRequest) -> Result<Response, CommandError> {
    match door.ask(request)? {
        refused @ Response::Refused { .. } => Err(unexpected(refused)),
        other => Ok(other),
    }
}

fn say(output: &mut Output<'_>, line: &str) -> Result<(), CommandError> {
    writeln!(output, "{line}").map_err(written("the standard output"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::door::tests::with_a_gateway;
    use std::path::Path;

    fn said(path: &Path) -> String {
        let mut door = Door::open(path).unwrap();
        let mut written = Vec::new();
        let mut output = Output::new(&mut written, false);
        let unwell = show(&mut door, &mut output).unwrap_err();
        assert!(matches!(unwell, CommandError::Unwell));
        let refused = reload(&mut door, &mut output).unwrap_err();
        assert_eq!(refused.to_string(), "no gateway runs");
        let refused = log_level("loud".to_owned(), &mut door, &mut output).unwrap_err();
        assert!(refused.to_string().starts_with("loud is no level"));
        String::from_utf8(written).unwrap()
    }

    /// What one that runs says, a scenario shows.
    #[test]
    fn where_none_runs_that_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let alone = said(folder.path());
        assert!(alone.starts_with("no gateway runs"), "{alone}");
        assert!(alone.ends_with("mails that wait to be sent: 0\nin quarantine: 0\n"));
        with_a_gateway(folder.path(), || assert_eq!(said(folder.path()), alone));
    }
}
