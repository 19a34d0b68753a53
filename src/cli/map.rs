//! `stanzamail map …`: the directory of JIDs and mail addresses, and export and import of the store. Through the
//! [`door`].

use crate::cli::door::{self, CommandError, Door, Output, unexpected, written};
use crate::cli::file::{self, Lines};
use crate::config::Config;
use crate::control::{ControlRequest, ROWS_MAX, Response};
use crate::core::address::MailAddress;
use crate::core::record::{Pair, PairOrigin};
use crate::core::rules::Rules;
use crate::core::settings::Users;
use crate::core::text::clean;
use crate::core::time::Timestamp;
use crate::store::tables::Record;
use crate::store::transfer;
use clap::{Args, Subcommand};
use jid::BareJid;
use std::fs::OpenOptions;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Above a list that people read.
const HEADING: &str = "JID\tADDRESS\tORIGIN\tNAME";

/// Rows are saved when their lines have as many octets: what one request may have is more.
const BATCH_OCTETS: usize = 8 * 1024 * 1024;

/// `stanzamail map`.
#[derive(Clone, Debug, Args)]
pub(super) struct MapArgs {
    /// What to do.
    #[command(subcommand)]
    command: MapCommand,
}

/// What to do with the directory.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum MapCommand {
    /// Save a pair: this mail address stands for this JID
    ///
    /// It has two uses. A user and the user's own address: mails of alice@a.example come from that address, and mail to it reaches
    /// alice@a.example. A contact and a short JID, carol@gateway.a.example for carol@mail.example: users write to that JID.
    Add {
        /// A bare JID: of a user (alice@a.example), or of a contact (carol@gateway.a.example)
        jid: String,
        /// A mail address, alice@chat.example
        mail: String,
        /// The name to show with it
        #[arg(long)]
        name: Option<String>,
    },
    /// Forget a pair
    Remove {
        /// Its JID or its mail address
        side: String,
    },
    /// Show all pairs: JID, address, origin, name
    List {
        /// As JSON, one pair a line
        #[arg(long)]
        json: bool,
    },
    /// Show the pair of a JID or of a mail address
    Find {
        /// A JID or a mail address
        side: String,
    },
    /// Save the pairs or rows in a file: lines of CSV (jid,mail or jid,mail,name) or of an export
    Import {
        /// The file; - is the standard input
        file: PathBuf,
    },
    /// Write all rows of the store, as JSON, one row a line
    Export {
        /// The file; the standard output where none is given
        file: Option<PathBuf>,
    },
}

/// Does what the command says with the store behind this door.
pub(super) fn run(
    args: MapArgs,
    config: &Config,
    door: &mut Door,
    output: &mut Output<'_>,
) -> Result<(), CommandError> {
    let (users, gateway) = (config.of_users(), config.xmpp.domain.as_str());
    let warning = match &args.command {
        MapCommand::Add { jid, mail, .. } => warning(jid, mail, config.rules(), (&users, gateway)),
        _ => None,
    };
    run_on(args.command, config.rules(), door, output)?;
    match warning {
        Some(warning) if output.is_for_people => output.remark(&warning),
        // From a script or over ssh the standard output is for `cut`, but a slip is one there, too.
        Some(warning) => {
            door::beside(&clean::one_line(&warning));
            Ok(())
        }
        None => Ok(()),
    }
}

/// What a pair means that was hardly meant so. It is saved all the same: who sets up a gateway may save pairs of users to come, and
/// which mails other servers take is theirs.
fn warning(
    jid: &str,
    mail: &str,
    rules: &Rules,
    (users, gateway): (&Users, &str),
) -> Option<String> {
    let (jid, mail) = (BareJid::new(jid).ok()?, MailAddress::parse(mail).ok()?);
    if jid.domain().as_str() == gateway {
        // A contact with the address of a user would be two people.
        let user = rules.user_of(&mail)?;
        return Some(format!(
            "warning: {mail} is the address of the user {user} by a rule of the configuration; now it is that of the contact {jid}, and \
             {user} has none"
        ));
    }
    if !users.allows(&jid) {
        return Some(format!(
            "warning: {jid} is no user of this gateway ([users]) and no contact of it (whose JIDs end in @{gateway}): as long as \
             that is so, nobody can use this pair"
        ));
    }
    (!rules.serves(&mail)).then(|| {
        format!(
            "warning: no rule of the configuration is about {}: mails of {jid} now claim to be from {mail}. Other mail servers may \
             refuse them, unless your mail server may send for {0}, and answers come only if mail to {mail} reaches this gateway",
            mail.domain()
        )
    })
}

fn run_on(
    command: MapCommand,
    rules: &Rules,
    door: &mut Door,
    output: &mut Output<'_>,
) -> Result<(), CommandError> {
    match command {
        MapCommand::Add { jid, mail, name } => {
            // A domain alone is a JID, and nobody's.
            let read = BareJid::new(&jid).ok().filter(|jid| jid.node().is_some());
            let jid = read.ok_or(CommandError::Jid(jid))?;
            let mail = MailAddress::parse(&mail)?;
            let pairs = ask_pairs(door, ControlRequest::Add { jid, mail, name })?;
            show(output, "saved\t", &pairs)
        }
        MapCommand::Remove { side } => {
            let pairs = ask_pairs(door, ControlRequest::Remove { side })?;
            show(output, "removed\t", &pairs)
        }
        MapCommand::Find { side } => {
            let pairs = ask_pairs(door, ControlRequest::Find { side: side.clone() })?;
            match pairs.is_empty() {
                true => by_rule(rules, &side, output),
                false => show(output, "", &pairs),
            }
        }
        MapCommand::List { json } => list(door, output, json),
        MapCommand::Import { file } => import_file(door, output, &file),
        MapCommand::Export { file: None } => export(door, output, None).map(|_| ()),
        MapCommand::Export { file: Some(file) } => export_file(door, output, &file),
    }
}

/// Whom a rule of the configuration gives the other side, where no pair does.
fn by_rule(rules: &Rules, side: &str, output: &mut Output<'_>) -> Result<(), CommandError> {
    let jid = BareJid::new(side).ok();
    let of_jid = jid.and_then(|jid| Some((jid.clone(), rules.mail_of(&jid)?)));
    let of_mail = || {
        let mail = MailAddress::parse(side).ok()?;
        Some((rules.user_of(&mail)?, mail))
    };
    match of_jid.or_else(of_mail) {
        Some((jid, mail)) => {
            writeln!(output, "{jid}\t{mail}\trule\t").map_err(written("the standard output"))
        }
        None => Err(CommandError::Refused(format!(
            "no pair has {side} as its JID or its address, and no rule of the configuration gives it any"
        ))),
    }
}

fn ask_pairs(door: &mut Door, request: ControlRequest) -> Result<Vec<Pair>, CommandError> {
    match door.ask(request)? {
        Response::Pairs { pairs } => Ok(pairs),
        other => Err(unexpected(other)),
    }
}

fn list(door: &mut Door, output: &mut Output<'_>, json: bool) -> Result<(), CommandError> {
    let mut after = None;
    loop {
        let is_first = after.is_none();
        let pairs = ask_pairs(door, ControlRequest::List { after })?;
        match (is_first, pairs.is_empty()) {
            (true, true) => {
                output.nothing("no pair is saved; the rules of the configuration hold")?
            }
            (true, false) if !json => output.remark(HEADING)?,
            _ => {}
        }
        after = match pairs.last() {
            Some(last) => Some(last.jid.clone()),
            None => return Ok(()),
        };
        if json {
            for pair in pairs {
                write_record(output, &Record::Pair(pair), "the standard output")?;
            }
        } else {
            show(output, "", &pairs)?;
        }
    }
}

/// One pair a line, divided by tabs, for people and for `cut`.
fn show(output: &mut dyn Write, before: &str, pairs: &[Pair]) -> Result<(), CommandError> {
    for pair in pairs {
        let name = pair.name.as_deref().unwrap_or_default();
        let name = name.replace(char::is_control, " ");
        let origin = match pair.origin {
            PairOrigin::Admin => "admin",
            PairOrigin::Verified => "verified",
        };
        writeln!(
            output,
            "{before}{}\t{}\t{origin}\t{name}",
            pair.jid, pair.mail
        )
        .map_err(written("the standard output"))?;
    }
    Ok(())
}

fn import_file(door: &mut Door, output: &mut dyn Write, file: &Path) -> Result<(), CommandError> {
    let count = if file == Path::new("-") {
        import(door, &mut io::stdin().lock(), "the standard input")?
    } else {
        let name = file.display().to_string();
        import(door, &mut BufReader::new(file::open(file)?), &name)?
    };
    writeln!(output, "{count} rows imported").map_err(written("the standard output"))
}

/// Imports line after line; answers how many rows.
fn import(door: &mut Door, input: &mut dyn BufRead, name: &str) -> Result<usize, CommandError> {
    let mut batch = ImportBatch::default();
    let mut lines = Lines::of(input, name);
    while let Some((line, read)) = lines.next(Timestamp::now())? {
        match read {
            Ok(Some(record)) => batch.add(door, (line, lines.octets()), record)?,
            Ok(None) => {}
            Err(reason) => {
                batch.save(door)?;
                let saved = batch.saved;
                return Err(CommandError::Line {
                    line,
                    reason,
                    saved,
                });
            }
        }
    }
    batch.save(door)?;
    Ok(batch.saved)
}

/// Rows on their way into the store.
#[derive(Default)]
struct ImportBatch {
    rows: Vec<Record>,
    /// The number of each row's line.
    lines: Vec<usize>,
    /// What their lines have.
    octets: usize,
    /// How many rows went before.
    saved: usize,
}

impl ImportBatch {
    fn add(
        &mut self,
        door: &mut Door,
        (line, octets): (usize, usize),
        row: Record,
    ) -> Result<(), CommandError> {
        self.rows.push(row);
        self.lines.push(line);
        self.octets = self.octets.saturating_add(octets);
        match self.rows.len() < ROWS_MAX && self.octets < BATCH_OCTETS {
            true => Ok(()),
            false => self.save(door),
        }
    }

    fn save(&mut self, door: &mut Door) -> Result<(), CommandError> {
        let rows = std::mem::take(&mut self.rows);
        let lines = std::mem::take(&mut self.lines);
        self.octets = 0;
        match door.ask(ControlRequest::Import { rows })? {
            Response::Imported { count } => {
                self.saved = self.saved.saturating_add(count);
                Ok(())
            }
            Response::Refused { done, reason } => Err(CommandError::Line {
                line: lines.get(done).copied().unwrap_or_default(),
                reason,
                saved: self.saved.saturating_add(done),
            }),
            other => Err(unexpected(other)),
        }
    }
}

fn export_file(door: &mut Door, output: &mut dyn Write, file: &Path) -> Result<(), CommandError> {
    let name = file.display().to_string();
    // It says who writes to whom.
    let opened = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(file)
        .map_err(written(&name))?;
    let mut writer = BufWriter::new(opened);
    let count = export(door, &mut writer, None)?;
    let file = writer
        .into_inner()
        .map_err(|e| written(&name)(e.into_error()))?;
    file.sync_all().map_err(written(&name))?;
    writeln!(output, "{count} rows exported").map_err(written("the standard output"))
}

/// Writes all rows, or those of a user, and says how many they are.
pub(super) fn export(
    door: &mut Door,
    output: &mut dyn Write,
    user: Option<&BareJid>,
) -> Result<usize, CommandError> {
    let mut after = None;
    let mut count = 0_usize;
    loop {
        let of = user.cloned();
        let rows = match door.ask(ControlRequest::Export { user: of, after })? {
            Response::Rows { rows } => rows,
            other => return Err(unexpected(other)),
        };
        after = match rows.last() {
            Some((place, _)) => Some(place.clone()),
            None => return Ok(count),
        };
        // A gateway that was started before this program was installed knows of no users here, and answers with everybody's.
        let is_wanted = |record: &&Record| user.is_none_or(|user| record.user() == Some(user));
        for record in rows.iter().map(|(_, record)| record).filter(is_wanted) {
            count = count.saturating_add(1);
            write_record(output, record, "the export")?;
        }
    }
}

fn write_record(output: &mut dyn Write, record: &Record, name: &str) -> Result<(), CommandError> {
    let line = transfer::to_shown_line(record).map_err(|e| written(name)(e.into()))?;
    writeln!(output, "{line}").map_err(written(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::door::tests::with_a_gateway;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        map: MapArgs,
    }

    fn run_line(line: &str, path: &Path) -> Result<String, String> {
        let words = std::iter::once("map").chain(line.split(' '));
        let command = Line::try_parse_from(words).unwrap().map.command;
        let mut door = Door::open(path).map_err(|e| e.to_string())?;
        let mut output = Vec::new();
        let mut into = Output::new(&mut output, false);
        run_on(command, &Rules::default(), &mut door, &mut into).map_err(|e| e.to_string())?;
        Ok(String::from_utf8(output).unwrap())
    }

    /// One that was started before users were known here answers with all rows.
    #[test]
    fn an_older_gateway_gives_nobody_the_rows_of_another() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["alice", "bob"] {
            run_line(
                &format!("add {name}@a.example {name}@m.example"),
                folder.path(),
            )
            .unwrap();
        }
        let mut all = Door::open(folder.path()).unwrap();
        let mut older = Door::Store(Box::new(move |request| {
            let request = match request {
                ControlRequest::Export { after, .. } => {
                    ControlRequest::Export { user: None, after }
                }
                other => other,
            };
            all.ask(request).unwrap()
        }));
        let (mut output, alice) = (Vec::new(), BareJid::new("alice@a.example").unwrap());
        assert_eq!(export(&mut older, &mut output, Some(&alice)).unwrap(), 1);
        let output = String::from_utf8(output).unwrap();
        assert!(
            output.contains("alice@") && !output.contains("bob@"),
            "{output}"
        );
    }

    /// Everything that an admin does, against the store in this folder.
    fn a_day_of_an_admin(path: &Path) -> Vec<Result<String, String>> {
        let csv = path.join("in.csv");
        std::fs::write(
            &csv,
            "jid,mail,name\nbob@a.example,bob@m.example,Bob\n\ncarol@a.example,carol@m.example\n",
        )
        .unwrap();
        let wrong = path.join("wrong.csv");
        std::fs::write(
            &wrong,
            "dora@a.example,dora@m.example\neve@a.example,BOB@m.example\nfay@a.example,fay@m.example\n",
        )
        .unwrap();
        let broken = path.join("broken.csv");
        std::fs::write(&broken, b"gil@a.example,gil@m.example\n\xff\n").unwrap();
        let [csv, wrong, broken] = [csv, wrong, broken].map(|p| p.display().to_string());
        [
            "add alice@a.example Alice@m.example --name Alice",
            "add alice@a.example other@m.example",
            "add not@a@jid other@m.example",
            "add alice other@m.example",
            "add x@a.example nonsense",
            &format!("import {csv}"),
            &format!("import {csv}"),
            &format!("import {wrong}"),
            &format!("import {broken}"),
            "import /nonexistent",
            "find BOB@M.example",
            "find nobody@m.example",
            "remove carol@m.example",
            "remove carol@m.example",
            "list",
        ]
        .map(|line| run_line(line, path))
        .to_vec()
    }

    fn check_day(day: &[Result<String, String>], path: &Path) {
        let shown = path.display().to_string();
        let got: Vec<String> = day
            .iter()
            .map(|result| match result {
                Ok(text) => text.replace('\t', " "),
                Err(text) => format!("error: {}", text.replace(&shown, "DIR")),
            })
            .collect();
        let held = |wanted: &str, held: &str, jid: &str| {
            format!(
                "{wanted} cannot be saved: {held} holds that JID or address; remove it first with `stanzamail map \
                 remove {jid}`"
            )
        };
        let expected = [
            "saved alice@a.example Alice@m.example admin Alice\n".to_owned(),
            format!(
                "error: {}",
                held(
                    "alice@a.example = other@m.example",
                    "alice@a.example = Alice@m.example",
                    "alice@a.example"
                )
            ),
            "error: “not@a@jid” is not a bare JID such as alice@a.example".to_owned(),
            "error: “alice” is not a bare JID such as alice@a.example".to_owned(),
            "error: “nonsense” is not of the form name@domain".to_owned(),
            "2 rows imported\n".to_owned(),
            "2 rows imported\n".to_owned(),
            format!(
                "error: line 2: {}. 1 rows before it are imported, nothing after it; mend the line and import the \
                 whole file again",
                held(
                    "eve@a.example = BOB@m.example",
                    "bob@a.example = bob@m.example",
                    "bob@a.example"
                )
            ),
            "error: line 2: invalid utf-8 sequence of 1 bytes from index 0. 1 rows before it are imported, nothing \
             after it; mend the line and import the whole file again"
                .to_owned(),
            "error: /nonexistent: No such file or directory (os error 2)".to_owned(),
            "bob@a.example bob@m.example admin Bob\n".to_owned(),
            "error: no pair has nobody@m.example as its JID or its address, and no rule of the configuration gives it any".to_owned(),
            "removed carol@a.example carol@m.example admin \n".to_owned(),
            "error: no pair has carol@m.example as its JID or its address".to_owned(),
            "alice@a.example Alice@m.example admin Alice\nbob@a.example bob@m.example admin Bob\n\
             dora@a.example dora@m.example admin \ngil@a.example gil@m.example admin \n"
                .to_owned(),
        ];
        for (got, expected) in got.iter().zip(&expected) {
            assert_eq!(got, expected);
        }
        assert_eq!(got.len(), expected.len());
    }

    #[test]
    fn without_a_gateway_the_store_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        check_day(&a_day_of_an_admin(folder.path()), folder.path());
    }

    #[test]
    fn with_a_gateway_its_socket_is_used_and_all_is_said_the_same() {
        let folder = tempfile::tempdir().unwrap();
        with_a_gateway(folder.path(), || {
            check_day(&a_day_of_an_admin(folder.path()), folder.path());
        });
    }

    #[test]
    fn an_export_is_imported_into_another_store() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        let file = folder.path().join("all.jsonl").display().to_string();
        let lines: String = (0..2500)
            .map(|n| format!("u{n}@a.example,m{n}@m.example\n"))
            .collect();
        std::fs::write(&file, lines).unwrap();
        run_line(&format!("import {file}"), &one).unwrap();
        assert_eq!(
            run_line(&format!("export {file}"), &one).unwrap(),
            "2500 rows exported\n"
        );
        assert_eq!(
            run_line(&format!("import {file}"), &two).unwrap(),
            "2500 rows imported\n"
        );
        let listed = run_line("list --json", &two).unwrap();
        assert_eq!(listed, run_line("list --json", &one).unwrap());
        assert_eq!(listed, std::fs::read_to_string(&file).unwrap());
    }

    #[test]
    fn a_store_that_is_open_elsewhere_without_a_socket_is_said_to_be_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let _open = crate::store::open(folder.path()).unwrap();
        let error = run_line("list", folder.path()).unwrap_err();
        assert!(error.contains("in use by another process"), "{error}");
    }

    #[test]
    fn a_store_of_another_user_is_left_to_that_user() {
        let folder = tempfile::tempdir().unwrap();
        if std::os::unix::fs::chown(folder.path(), Some(12_345), None).is_err() {
            return; // Only root can give a folder away.
        }
        let error = run_line("list", folder.path()).unwrap_err();
        assert!(error.contains("sudo -u '#12345'"), "{error}");
        assert!(!folder.path().join("db").exists());
    }

    #[test]
    fn a_pair_that_was_hardly_meant_so_is_saved_with_a_warning() {
        let rule = (
            "{local}@a.example".to_owned(),
            "{local}@chat.a.example".to_owned(),
        );
        let rules = Rules::new(&[rule]).unwrap();
        let users = Users {
            domains: vec![jid::DomainPart::new("a.example").unwrap().into_owned()],
            ..Users::default()
        };
        let warned = |jid: &str, mail: &str| warning(jid, mail, &rules, (&users, "gw.a.example"));
        for (jid, mail) in [
            ("alice@a.example", "boss@chat.a.example"),
            ("carol@gw.a.example", "carol@mail.example"),
        ] {
            assert_eq!(warned(jid, mail), None, "{jid} {mail}");
        }
        for (jid, mail, words) in [
            (
                "alice@a.example",
                "ceo@bank.example",
                "claim to be from ceo@bank.example",
            ),
            (
                "eve@elsewhere.example",
                "eve@chat.a.example",
                "is no user of this gateway",
            ),
            (
                "carol@gw.a.example",
                "bob@chat.a.example",
                "is the address of the user bob@a.example",
            ),
        ] {
            let said = warned(jid, mail).unwrap();
            assert!(
                said.starts_with("warning: ") && said.contains(words),
                "{said}"
            );
        }
    }
}
