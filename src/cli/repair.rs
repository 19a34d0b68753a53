//! `stanzamail check --repair`: a store that is damaged is set aside, and a new one made.

use crate::cli::door::{self, CommandError, SOCKET};
use crate::cli::file::{self, Lines};
use crate::config::Config;
use crate::control::ControlClient;
use crate::core::record::Cursor;
use crate::core::text::clean;
use crate::core::time::Timestamp;
use crate::store::repair::{self, Repaired};
use crate::store::spool::Spool;
use crate::store::tables::Record;
use crate::store::{self, StoreError};
use std::io::BufReader;
use std::path::Path;

/// Opens the store, and repairs it where it is damaged. Prints what was found and done.
pub(super) fn run(config: &Config, export: Option<&Path>) -> Result<(), CommandError> {
    let path = &config.store.path;
    if ControlClient::connect(&path.join(SOCKET))?.is_some() {
        return Err(CommandError::Refused(format!(
            "a gateway runs on the store {}, so it is whole; stop it first if you doubt that",
            path.display()
        )));
    }
    door::check_owner(path)?;
    let what = format!("store {}", path.display());
    let cause = match store::check(path) {
        Ok(()) => {
            say(&format!("ok     {what}: it is whole, nothing was changed"));
            return Ok(());
        }
        Err(StoreError::Damaged { cause, .. }) => cause,
        Err(error) => return Err(error.into()),
    };
    say(&format!("WRONG  {what}: it is damaged ({cause})"));
    let export = export.map(read).transpose()?.unwrap_or_default();
    let mailboxes: Vec<String> = config.mailbox.iter().map(|one| one.name()).collect();
    let done = repair::repair(path, &mailboxes, export, Timestamp::now())?;
    // Not only made, but good.
    store::check(path)?;
    tell(&done, path);
    Ok(())
}

/// Prints a line. What a damaged store and an export hold is not to write to the terminal.
fn say(line: &str) {
    println!("{}", clean::one_line(line));
}

fn tell(done: &Repaired, store: &Path) {
    if let Some(aside) = &done.aside {
        say(&format!(
            "kept   the damaged database is {}",
            aside.display()
        ));
    }
    let unread = done.unread.as_ref();
    let unread = unread.map_or(String::new(), |why| {
        format!(" (no more can be read: {why})")
    });
    say(&format!(
        "rows   {} from the old database{unread}",
        done.salvaged
    ));
    say(&format!("rows   {} from the export", done.imported));
    for refused in &done.refused {
        say(&format!("WRONG  {refused}"));
    }
    for (name, cursor) in &done.cursors {
        say(&format!("mail   {name}: {}", from_where(cursor)));
    }
    if done.is_key_new {
        say("WRONG  the key of derived ids is gone: mails that are read again get new ids");
    }
    match Spool::look(&store.join("spool")) {
        Ok(jobs) => say(&format!(
            "queue  {} mails wait and are sent by the next start",
            jobs.len()
        )),
        Err(error) => say(&format!("WRONG  the queue: {error}")),
    }
    say("ok     a new store is in place; start the gateway");
}

fn from_where(cursor: &Cursor) -> String {
    match cursor.uid_validity {
        0 => format!(
            "all that came since {} is read again",
            cursor.since.to_xep0082().unwrap_or_default()
        ),
        _ => format!("is read on from UID {}", cursor.uid_next),
    }
}

/// The rows of an export.
fn read(file: &Path) -> Result<Vec<Record>, CommandError> {
    let name = file.display().to_string();
    let mut lines = Lines::of(BufReader::new(file::open(file)?), &name);
    let mut records = Vec::new();
    while let Some((number, read)) = lines.next(Timestamp::now())? {
        records.extend(read.map_err(|reason| {
            CommandError::Refused(format!(
                "{name}, line {number}: {reason}. Nothing was changed; mend the line or take it out"
            ))
        })?);
    }
    Ok(records)
}
