//! `stanzamail check --repair`: a store that is damaged is set aside, and a new one made.

use crate::cli::door::{self, CommandError, SOCKET, written};
use crate::config::Config;
use crate::control::Client;
use crate::core::record::Cursor;
use crate::core::time::Timestamp;
use crate::store::repair::{self, Repaired};
use crate::store::spool::Spool;
use crate::store::transfer::{self, Record};
use crate::store::{SledStore, StoreError};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// Opens the store, and repairs it where it is damaged. Prints what was found and done.
pub(super) fn run(config: &Config, export: Option<&Path>) -> Result<(), CommandError> {
    let store = &config.store.path;
    if Client::connect(&store.join(SOCKET))?.is_some() {
        return Err(CommandError::Refused(format!(
            "a gateway runs on the store {}, so it is whole; stop it first if you doubt that",
            store.display()
        )));
    }
    door::check_owner(store)?;
    let what = format!("store {}", store.display());
    let checked = SledStore::open(store).and_then(|opened| opened.check_rows());
    let cause = match checked {
        Ok(()) => {
            println!("ok     {what}: it is whole, nothing was changed");
            return Ok(());
        }
        Err(StoreError::Damaged { cause, .. }) => cause,
        Err(error) => return Err(error.into()),
    };
    println!("WRONG  {what}: it is damaged ({cause})");
    let export = export.map(read).transpose()?.unwrap_or_default();
    let mailboxes: Vec<String> = config.mailbox.iter().map(|one| one.name()).collect();
    let done = repair::repair(store, &mailboxes, export, Timestamp::now())?;
    // Not only made, but good.
    SledStore::open(store)?.check_rows()?;
    say(&done, store);
    Ok(())
}

fn say(done: &Repaired, store: &Path) {
    if let Some(aside) = &done.aside {
        println!("kept   the damaged database is {}", aside.display());
    }
    let unread = done.unread.as_ref();
    let unread = unread.map_or(String::new(), |why| {
        format!(" (no more can be read: {why})")
    });
    println!("rows   {} from the old database{unread}", done.salvaged);
    println!("rows   {} from the export", done.imported);
    for refused in &done.refused {
        println!("WRONG  {refused}");
    }
    for (name, cursor) in &done.cursors {
        println!("mail   {name}: {}", from_where(cursor));
    }
    if done.is_key_new {
        println!("WRONG  the key of derived ids is gone: mails that are read again get new ids");
    }
    match Spool::look(&store.join("spool")) {
        Ok(jobs) => println!(
            "queue  {} mails wait and are sent by the next start",
            jobs.len()
        ),
        Err(error) => println!("WRONG  the queue: {error}"),
    }
    println!("ok     a new store is in place; start the gateway");
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
    let lines = BufReader::new(File::open(file).map_err(written(&name))?).lines();
    let mut records = Vec::new();
    for (line, number) in lines.zip(1..) {
        let line = line.map_err(written(&name))?;
        let read = transfer::from_line(&line, Timestamp::now());
        records.extend(read.map_err(|reason| {
            CommandError::Refused(format!(
                "{name}, line {number}: {reason}. Nothing was changed; mend the line or take it out"
            ))
        })?);
    }
    Ok(records)
}
