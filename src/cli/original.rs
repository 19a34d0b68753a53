//! `stanzamail original ID`: a mail that was kept as it came. It is read from its file, whether a gateway runs or not.

use crate::cli::door::{CommandError, written};
use crate::config::Config;
use crate::core::text::clean;
use crate::core::time::Timestamp;
use crate::store::originals::Originals;
use std::io::{self, IsTerminal, Write};

/// How much of an id has to be written at least, in hexadecimal digits.
const ID_MIN: usize = 6;

/// Writes it to the standard output, octet for octet; on a terminal without what would control that.
pub(super) fn run(id: &str, config: &Config) -> Result<(), CommandError> {
    let raw = found(id, config, Timestamp::now())?;
    let shown = match io::stdout().is_terminal() {
        true => clean::for_terminal(&String::from_utf8_lossy(&raw)).into_bytes(),
        false => raw,
    };
    let mut output = io::stdout().lock();
    output
        .write_all(&shown)
        .map_err(written("the standard output"))
}

fn found(id: &str, config: &Config, now: Timestamp) -> Result<Vec<u8>, CommandError> {
    let refused = |why: String| Err(CommandError::Refused(why));
    let is_digit = |c: char| c.is_ascii_hexdigit() && !c.is_ascii_uppercase();
    if id.len() < ID_MIN || !id.chars().all(is_digit) {
        return refused(format!(
            "“{id}” is no id of a kept mail: the first {ID_MIN} of 32 hexadecimal digits, or all, as the names of the files in \
             originals/ begin"
        ));
    }
    let Some(limits) = config.originals() else {
        return refused("this gateway keeps no mails as they came ([store] originals)".to_owned());
    };
    let folder = config.store.path.join("originals");
    let shown = folder.display().to_string();
    let kept = Originals::look(&config.store.path, limits).map_err(written(&shown))?;
    let name = match kept.named(id).as_slice() {
        [name] => name.clone(),
        [] => return refused(format!("no mail is kept under {id}, or its time is over")),
        _ => {
            return refused(format!(
                "several mails are kept under {id}…: write more of it"
            ));
        }
    };
    match kept.read(&name, now).map_err(written(&shown))? {
        Some(kept) => Ok(kept.raw),
        None => refused(format!("no mail is kept under {id}, or its time is over")),
    }
}
