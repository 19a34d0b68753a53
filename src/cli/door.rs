//! How a command reaches the store: a running gateway is asked by its socket; else the store is opened here. Both say the
//! same. And what every such command says of its own failures.

use crate::cli::owner;
use crate::control::queue::WaitingItems;
use crate::control::{self, ControlClient, ControlError, ControlRequest, Response};
use crate::core::address::AddressError;
use crate::core::record::UnknownFormat;
use crate::core::text::clean;
use crate::store::{self, StoreError};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

/// The name of the socket in the store's folder.
pub(super) const SOCKET: &str = "control.sock";

/// Why a command failed. Each is a sentence for the admin.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    /// The store could not be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The gateway could not be asked.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The store or the gateway refused.
    #[error("{0}")]
    Refused(String),
    /// No gateway runs, or one that does not reach a server. That was said in full.
    #[error("not all is well")]
    Unwell,
    /// No JID.
    #[error("“{0}” is not a bare JID such as alice@a.example")]
    Jid(String),
    /// No mail address and no domain.
    #[error(transparent)]
    Mail(#[from] AddressError),
    /// No format.
    #[error(transparent)]
    Format(#[from] UnknownFormat),
    /// A line of an import.
    #[error(
        "line {line}: {reason}. {saved} rows before it are imported, nothing after it; mend the line and import the \
         whole file again"
    )]
    Line {
        /// From 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
        /// Rows that are saved.
        saved: usize,
    },
    /// A file, or the standard input or output.
    #[error("{name}: {cause}")]
    File {
        /// Which.
        name: String,
        /// What happened.
        cause: io::Error,
    },
    /// No gateway runs that could be asked, and its store is not ours to open.
    #[error(
        "no gateway runs; its store belongs to {}, so to look into it without one: `{} stanzamail …`",
        owner::called(*owner), owner::run_as(*owner)
    )]
    NoGateway {
        /// Whose the store is.
        owner: u32,
    },
    /// The store belongs to another user, whom files made by us would lock out.
    #[error(
        "the store {path} belongs to {}, and this runs as {}; run it as that user: `{} stanzamail …`",
        owner::called(*owner), owner::called(*me), owner::run_as(*owner)
    )]
    Owner {
        /// The store.
        path: String,
        /// Whose it is.
        owner: u32,
        /// Who we are.
        me: u32,
    },
}

/// Says something to people beside the output. That nobody reads it any more (`|& head`) is no failure of the command.
pub(super) fn beside(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Where a command writes.
pub(super) struct Output<'a> {
    writer: &'a mut dyn Write,
    /// Somebody reads it as it stands: lists have a heading, and an empty one says so. Else it is for `cut`.
    pub(super) is_for_people: bool,
}

impl<'a> Output<'a> {
    pub(super) fn new(writer: &'a mut dyn Write, is_for_people: bool) -> Self {
        Self {
            writer,
            is_for_people,
        }
    }

    /// A line that only people want.
    pub(super) fn remark(&mut self, line: &str) -> Result<(), CommandError> {
        match self.is_for_people {
            true => writeln!(self, "{line}").map_err(written("the standard output")),
            false => Ok(()),
        }
    }

    /// That a list is empty. Where the standard output is for `cut`, it stays so, and people read it beside that.
    pub(super) fn nothing(&mut self, line: &str) -> Result<(), CommandError> {
        if !self.is_for_people {
            beside(line);
        }
        self.remark(line)
    }
}

impl Write for Output<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.writer.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Does a command with the store in this folder, on the standard output. Blocks; not to be called from within a tokio
/// runtime.
pub(super) fn through(
    store_path: &Path,
    command: impl FnOnce(&mut Door, &mut Output<'_>) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    let mut output = BufWriter::new(io::stdout().lock());
    let is_terminal = io::stdout().is_terminal();
    let mut tame = Tame(&mut output);
    match is_terminal {
        true => into(store_path, Output::new(&mut tame, true), command),
        false => into(store_path, Output::new(&mut output, false), command),
    }
}

/// The same, written elsewhere.
pub(super) fn into(
    store_path: &Path,
    mut output: Output<'_>,
    command: impl FnOnce(&mut Door, &mut Output<'_>) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    let mut door = Door::open(store_path)?;
    let done = command(&mut door, &mut output)
        .and_then(|()| output.flush().map_err(written("the standard output")));
    match done {
        // `stanzamail map list | head`: nobody reads on, and that is fine.
        Err(CommandError::File { cause, .. }) if cause.kind() == io::ErrorKind::BrokenPipe => {
            Ok(())
        }
        Err(CommandError::Unwell) => {
            let _ = output.flush();
            Err(CommandError::Unwell)
        }
        done => done,
    }
}

/// A terminal, which nobody is to control who has written a mail or a file. Written by whole lines and texts, each of which is
/// looked at by itself.
struct Tame<W>(W);

impl<W: Write> Write for Tame<W> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let tame = clean::for_terminal(&String::from_utf8_lossy(text));
        self.0.write_all(tame.as_bytes())?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The way to the store.
pub(super) enum Door {
    Gateway(ControlClient),
    Store(Box<dyn FnMut(ControlRequest) -> Response>),
}

impl Door {
    /// The gateway's socket, or the store in this folder.
    pub(super) fn open(path: &Path) -> Result<Self, CommandError> {
        if let Some(client) = ControlClient::connect(&path.join(SOCKET))? {
            return Ok(Self::Gateway(client));
        }
        if let Some((owner, _)) = owner::of_another(path) {
            return Err(CommandError::NoGateway { owner });
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        let runtime = runtime.map_err(written("the runtime"))?;
        let (store, waiting) = (store::open(path)?, WaitingItems::resting(path));
        Ok(Self::Store(Box::new(move |request| {
            runtime.block_on(control::answer(&store, &waiting, request))
        })))
    }

    /// Asks and waits for the answer.
    pub(super) fn ask(&mut self, request: ControlRequest) -> Result<Response, CommandError> {
        match self {
            Self::Gateway(client) => Ok(client.ask(&request)?),
            Self::Store(answer) => Ok(answer(request)),
        }
    }
}

/// What was made as root, a gateway that is not root could not read.
pub(super) fn check_owner(path: &Path) -> Result<(), CommandError> {
    match owner::of_another(path) {
        None => Ok(()),
        Some((owner, me)) => Err(CommandError::Owner {
            path: path.display().to_string(),
            owner,
            me,
        }),
    }
}

/// The error of a file with this name.
pub(super) fn written(name: &str) -> impl FnOnce(io::Error) -> CommandError {
    move |cause| CommandError::File {
        name: name.to_owned(),
        cause,
    }
}

/// The error of a refusal, or of an answer that does not belong to the request.
pub(super) fn unexpected(response: Response) -> CommandError {
    CommandError::Refused(match response {
        Response::Refused { reason, .. } => reason,
        _ => "the gateway gave an answer to another question; has it the version of this program?"
            .to_owned(),
    })
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use std::sync::Arc;
    use tokio_util::sync::CancellationToken;

    #[test]
    fn e21_a_terminal_is_controlled_by_nobody() {
        let mut written = Vec::new();
        let mut terminal = Tame(&mut written);
        let nasty = "\u{1b}[2J\u{9b}31m\u{202e}\r";
        writeln!(terminal, "a\tü{nasty}b").unwrap();
        terminal.write_all(b"\xff\x1b]0;x\x07\n").unwrap();
        assert_eq!(
            String::from_utf8(written).unwrap(),
            "a\tü\\u{1b}[2J\\u{9b}31m\\u{202e}\\rb\n\u{fffd}\\u{1b}]0;x\\u{7}\n"
        );
    }

    #[test]
    fn root_is_told_that_no_gateway_runs_before_whose_the_store_is() {
        let folder = tempfile::tempdir().unwrap();
        if std::os::unix::fs::chown(folder.path(), Some(4_000_000_000), None).is_err() {
            // Nobody else can give folders away.
            return;
        }
        let Err(error) = Door::open(folder.path()) else {
            panic!("root makes nothing in a store of somebody else");
        };
        assert_eq!(
            error.to_string(),
            "no gateway runs; its store belongs to 4000000000, so to look into it without one: `sudo -u '#4000000000' \
             stanzamail …`"
        );
    }

    /// Does this while a gateway answers on the socket in this folder.
    pub fn with_a_gateway(folder: &Path, work: impl FnOnce()) {
        let store = Arc::new(store::open(folder).unwrap());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (stop, socket) = (CancellationToken::new(), folder.join(SOCKET));
        let token = stop.clone();
        let waiting = Arc::new(WaitingItems::resting(folder));
        let running =
            runtime.spawn(async move { control::serve(&socket, store, waiting, token).await });
        while !folder.join(SOCKET).exists() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        work();
        stop.cancel();
        runtime.block_on(running).unwrap().unwrap();
    }
}
