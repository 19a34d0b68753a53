//! How a command reaches the store: a running gateway is asked by its socket; else the store is opened here. Both say the
//! same. And what every such command says of its own failures.

use crate::control::queue::Waiting;
use crate::control::{self, Client, ControlError, Request, Response};
use crate::core::address::AddressError;
use crate::core::record::UnknownFormat;
use crate::store::{SledStore, StoreError};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::MetadataExt;
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
    /// The store belongs to another user, whom files made by us would lock out.
    #[error(
        "the store {path} belongs to user {owner}, and this runs as user {me}; run it as that user: `sudo -u '#{owner}' \
         stanzamail …`"
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

/// Does a command with the store in this folder, on the standard output. Blocks; not to be called from within a tokio
/// runtime.
pub(super) fn through(
    store_path: &Path,
    command: impl FnOnce(&mut Door, &mut dyn Write) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    let mut door = Door::open(store_path)?;
    let mut output = BufWriter::new(io::stdout().lock());
    let done = command(&mut door, &mut output)
        .and_then(|()| output.flush().map_err(written("the standard output")));
    match done {
        // `stanzamail map list | head`: nobody reads on, and that is fine.
        Err(CommandError::File { cause, .. }) if cause.kind() == io::ErrorKind::BrokenPipe => {
            Ok(())
        }
        done => done,
    }
}

/// The way to the store.
pub(super) enum Door {
    Gateway(Client),
    Store(Box<SledStore>, Waiting, tokio::runtime::Runtime),
}

impl Door {
    /// The gateway's socket, or the store in this folder.
    pub(super) fn open(path: &Path) -> Result<Self, CommandError> {
        if let Some(client) = Client::connect(&path.join(SOCKET))? {
            return Ok(Self::Gateway(client));
        }
        check_owner(path)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        let runtime = runtime.map_err(written("the runtime"))?;
        let store = Box::new(SledStore::open(path)?);
        Ok(Self::Store(store, Waiting::resting(path), runtime))
    }

    /// Asks and waits for the answer.
    pub(super) fn ask(&mut self, request: Request) -> Result<Response, CommandError> {
        match self {
            Self::Gateway(client) => Ok(client.ask(&request)?),
            Self::Store(store, waiting, runtime) => {
                let answer = control::answer(store.as_ref(), waiting, request);
                Ok(runtime.block_on(answer))
            }
        }
    }
}

/// What was made as root, a gateway that is not root could not read.
pub(super) fn check_owner(path: &Path) -> Result<(), CommandError> {
    match other_owner(path) {
        None => Ok(()),
        Some((owner, me)) => Err(CommandError::Owner {
            path: path.display().to_string(),
            owner,
            me,
        }),
    }
}

/// Who owns the store and who we are, where these are two.
pub(super) fn other_owner(path: &Path) -> Option<(u32, u32)> {
    let store = std::fs::metadata(path).ok()?.uid();
    let me = std::fs::metadata("/proc/self").ok()?.uid();
    (store != me).then_some((store, me))
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

    /// Does this while a gateway answers on the socket in this folder.
    pub fn with_a_gateway(folder: &Path, work: impl FnOnce()) {
        let store = Arc::new(SledStore::open(folder).unwrap());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (stop, socket) = (CancellationToken::new(), folder.join(SOCKET));
        let token = stop.clone();
        let waiting = Arc::new(Waiting::resting(folder));
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
