//! The side of a command: asks a gateway that runs.

use super::connection::line_of;
use super::{ControlRequest, Response};
use std::io::{self, BufRead, ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a command waits for an answer: a thousand rows on a slow disk.
const ANSWER_TIME: Duration = Duration::from_secs(60);

/// Why a running gateway could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The socket is there and cannot be used.
    #[error("the gateway's socket {} cannot be used ({cause}); run this as the user that the gateway runs as", path.display())]
    Closed {
        /// The socket.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// The gateway ended or hangs.
    #[error(
        "the gateway took the request and did not answer ({0}); what it was to save may be saved or not: ask again"
    )]
    Silent(io::Error),
    /// An answer of another version.
    #[error("the gateway's answer is not understood ({0}); has it the version of this program?")]
    Strange(serde_json::Error),
}

/// A connection to a running gateway. Its functions block.
#[derive(Debug)]
pub struct ControlClient {
    stream: io::BufReader<UnixStream>,
}

impl ControlClient {
    /// Connects to the gateway that answers on this socket; `None` where none runs.
    ///
    /// # Errors
    /// [`ControlError::Closed`] where one may run and does not let us in.
    pub fn connect(path: &Path) -> Result<Option<Self>, ControlError> {
        let closed = |cause| ControlError::Closed {
            path: path.to_owned(),
            cause,
        };
        let stream = match UnixStream::connect(path) {
            Ok(stream) => stream,
            // InvalidInput: a path too long for a socket, on which no gateway can answer either.
            Err(error) => match error.kind() {
                ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::InvalidInput => {
                    return Ok(None);
                }
                _ => return Err(closed(error)),
            },
        };
        stream.set_read_timeout(Some(ANSWER_TIME)).map_err(closed)?;
        stream
            .set_write_timeout(Some(ANSWER_TIME))
            .map_err(closed)?;
        let stream = io::BufReader::new(stream);
        Ok(Some(Self { stream }))
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// [`ControlError::Silent`], [`ControlError::Strange`]: then it is not certain whether it was done.
    pub fn ask(&mut self, request: &ControlRequest) -> Result<Response, ControlError> {
        let mut writer = self.stream.get_ref();
        let written = writer.write_all(&line_of(request));
        let mut line = String::new();
        // A gateway that takes no request may have said why.
        let read = self.stream.read_line(&mut line);
        if !line.ends_with('\n') {
            let cause = written.and(read.map(drop)).err();
            let cause = cause.unwrap_or_else(|| ErrorKind::UnexpectedEof.into());
            return Err(ControlError::Silent(cause));
        }
        serde_json::from_str(&line).map_err(ControlError::Strange)
    }
}
