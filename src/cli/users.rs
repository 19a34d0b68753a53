//! `stanzamail users …`: of whom something is stored, how much of one, and that it is forgotten. Through the [`door`](super::door).

use crate::cli::door::{CommandError, Door, Output, unexpected, written};
use crate::cli::map;
use crate::config::Config;
use crate::control::users::{ListedUser, UserDetails, UsersAnswer, UsersQuery};
use crate::control::{ControlRequest, Response};
use crate::core::limits::CONTACTS_SCANNED_MAX;
use crate::core::time::Timestamp;
use crate::core::traces::Traces;
use clap::{Args, Subcommand};
use jid::{BareJid, DomainPart};
use std::io::Write;

/// Above a list that people read.
const HEADING: &str = "JID\tCONTACTS\tLAST MESSAGE";

/// `stanzamail users`.
#[derive(Clone, Debug, Args)]
pub(super) struct UsersArgs {
    /// What to do.
    #[command(subcommand)]
    command: UsersCommand,
}

/// What to do with users.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum UsersCommand {
    /// List the users about whom something is stored: JID, number of contacts, day of the last message
    List,
    /// Show how much is stored about one: numbers and chosen options, nothing of what was written
    Show {
        /// A bare JID, alice@a.example
        user: String,
    },
    /// Write all rows about one as lines of JSON, as `map export` does for everybody: to hand out to who asks for their data
    Export {
        /// A bare JID, alice@a.example
        user: String,
    },
    /// Delete all that is stored about one, and their mails that wait; pairs of the admin stay. Says how much it was
    Forget {
        /// A bare JID, alice@a.example
        user: String,
    },
}

/// Does what the command says with the store of this configuration.
pub(super) fn run(
    args: UsersArgs,
    config: &Config,
    door: &mut Door,
    output: &mut Output<'_>,
) -> Result<(), CommandError> {
    match args.command {
        UsersCommand::List => list(&config.xmpp.domain, door, output),
        UsersCommand::Show { user } => {
            let user = jid_of(&user)?;
            let mail = mail_of(&user, config, door)?;
            show(&user, mail, door, output)
        }
        UsersCommand::Export { user } => export(&jid_of(&user)?, door, output),
        UsersCommand::Forget { user } => forget(&jid_of(&user)?, door, output),
    }
}

fn ask(door: &mut Door, asked: UsersQuery) -> Result<UsersAnswer, CommandError> {
    match door.ask(ControlRequest::Users(asked))? {
        Response::Users(told) => Ok(told),
        other => Err(unexpected(other)),
    }
}

fn jid_of(typed: &str) -> Result<BareJid, CommandError> {
    BareJid::new(typed).map_err(|_| CommandError::Jid(typed.to_owned()))
}

/// A server that has written itself is a user as well; a domain of which there is nothing was rather a slip.
fn is_slip(user: &BareJid, traces: &Traces) -> bool {
    user.node().is_none() && traces.is_empty()
}

/// The mail address, and what it comes from.
fn mail_of(user: &BareJid, config: &Config, door: &mut Door) -> Result<String, CommandError> {
    let side = user.to_string();
    let pairs = match door.ask(ControlRequest::Find { side })? {
        Response::Pairs { pairs } => pairs,
        other => return Err(unexpected(other)),
    };
    let pair = pairs.into_iter().find(|pair| pair.jid == *user);
    let by_pair = pair.map(|pair| format!("{} (pair)", pair.mail));
    let by_rule = || Some(format!("{} (rule)", config.rules().mail_of(user)?));
    Ok(by_pair
        .or_else(by_rule)
        .unwrap_or_else(|| "none".to_owned()))
}

fn list(
    gateway: &DomainPart,
    door: &mut Door,
    output: &mut Output<'_>,
) -> Result<(), CommandError> {
    let (mut after, mut is_empty) = (None, true);
    loop {
        let UsersAnswer::List { users } = ask(door, UsersQuery::List { after })? else {
            return Err(unexpected(Response::Done));
        };
        after = match users.last() {
            Some(last) => Some(last.user.clone()),
            None => break,
        };
        // Of contacts there may be pairs.
        let is_user = |one: &&ListedUser| one.user.domain().as_str() != gateway.as_str();
        for one in users.iter().filter(is_user) {
            if std::mem::take(&mut is_empty) {
                output.remark(HEADING)?;
            }
            let (contacts, last) = (contacts(one.contacts), day(one.last));
            line(output, &format!("{}\t{contacts}\t{last}", one.user))?;
        }
    }
    match is_empty {
        true => output.nothing("nothing is stored about any user"),
        false => Ok(()),
    }
}

fn contacts(count: usize) -> String {
    match count > CONTACTS_SCANNED_MAX {
        true => format!("over {CONTACTS_SCANNED_MAX}"),
        false => count.to_string(),
    }
}

/// The day of a moment.
fn day(at: Option<Timestamp>) -> String {
    let moment = at.and_then(Timestamp::to_xep0082);
    let day = moment
        .as_deref()
        .and_then(|moment| moment.split('T').next());
    day.unwrap_or("-").to_owned()
}

fn show(
    user: &BareJid,
    mail: String,
    door: &mut Door,
    output: &mut Output<'_>,
) -> Result<(), CommandError> {
    let user = user.clone();
    let UsersAnswer::Shown { user } = ask(door, UsersQuery::Show { user })? else {
        return Err(unexpected(Response::Done));
    };
    let UserDetails {
        listed,
        options,
        strangers,
        traces,
    } = *user;
    if is_slip(&listed.user, &traces) {
        return Err(CommandError::Jid(listed.user.to_string()));
    }
    if traces.is_empty() && options.is_empty() {
        line(output, &format!("user: {}", listed.user))?;
        line(output, &format!("mail address: {mail}"))?;
        return line(output, &format!("nothing is stored about {}", listed.user));
    }
    let chosen: Vec<String> = options
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let chosen = match chosen.is_empty() {
        true => "none".to_owned(),
        false => chosen.join(", "),
    };
    line(output, &format!("user: {}", listed.user))?;
    line(output, &format!("mail address: {mail}"))?;
    line(output, &format!("last message: {}", day(listed.last)))?;
    line(output, &format!("options for all contacts: {chosen}"))?;
    line(output, &format!("strangers who wait: {strangers}"))?;
    for (name, count) in counted(&traces) {
        line(output, &format!("{name}: {count}"))?;
    }
    Ok(())
}

/// What there is, or was.
fn counted(traces: &Traces) -> [(&'static str, u64); 12] {
    let rows = &traces.rows;
    [
        ("contacts", rows.contacts),
        ("rows of options", rows.options),
        ("messages", rows.messages),
        ("threads", rows.threads),
        ("marks of mails that were handled", rows.seen),
        ("announced presence", rows.presence),
        ("pairs made for contacts", rows.pairs),
        ("pictures of contacts", rows.avatars),
        ("mails kept as they came", traces.originals),
        ("files of mails", traces.files),
        ("mails that wait to be sent", traces.waiting),
        ("mails that are on their way", traces.under_way),
    ]
}

/// `stanzamail announce …`: something is told to everybody of whom something is stored.
pub(super) fn announce(
    words: &[String],
    door: &mut Door,
    output: &mut Output<'_>,
) -> Result<(), CommandError> {
    let text = words.join(" ");
    let (mut all, mut earlier, mut after) = (0_usize, 0_usize, None);
    loop {
        let text = text.clone();
        let told = ask(door, UsersQuery::Announce { text, after })?;
        let UsersAnswer::Announced {
            count,
            before,
            last,
        } = told
        else {
            return Err(unexpected(Response::Done));
        };
        all = all.saturating_add(count);
        earlier = earlier.saturating_add(before);
        after = match last {
            Some(last) => Some(last),
            None => break,
        };
    }
    line(output, &format!("users told: {all}"))?;
    match earlier {
        0 => Ok(()),
        earlier => line(output, &format!("told the same within a day: {earlier}")),
    }
}

fn forget(user: &BareJid, door: &mut Door, output: &mut Output<'_>) -> Result<(), CommandError> {
    let mut gone = Traces::default();
    loop {
        let user = user.clone();
        let UsersAnswer::Forgotten { traces, is_all } = ask(door, UsersQuery::Forget { user })?
        else {
            return Err(unexpected(Response::Done));
        };
        gone.add(traces);
        if is_all {
            break;
        }
    }
    if is_slip(user, &gone) {
        return Err(CommandError::Jid(user.to_string()));
    }
    if gone.is_empty() {
        return line(output, &format!("nothing is stored about {user}"));
    }
    line(output, &format!("forgotten: {user}"))?;
    for (name, count) in counted(&gone) {
        match name {
            "mails that are on their way" if count > 0 => {
                line(output, &format!("not forgotten, {name}: {count}"))?;
            }
            _ if count > 0 => line(output, &format!("{name}: {count}"))?,
            _ => {}
        }
    }
    Ok(())
}

fn export(user: &BareJid, door: &mut Door, output: &mut Output<'_>) -> Result<(), CommandError> {
    let count = map::export(door, output, Some(user))?;
    match count {
        0 => Err(CommandError::Refused(format!(
            "nothing is stored about {user}"
        ))),
        _ => Ok(()),
    }
}

fn line(output: &mut Output<'_>, line: &str) -> Result<(), CommandError> {
    writeln!(output, "{line}").map_err(written("the standard output"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::door::tests::with_a_gateway;
    use crate::core::context::Write as Row;
    use crate::core::limits::USERS_PER_PAGE;
    use crate::store::conformance::{mail, pair, rows_of_each_table};
    use crate::store::{self, Store};
    use std::path::Path;

    fn config(folder: &Path) -> Config {
        let text = format!(
            r#"
[xmpp]
server = "127.0.0.1:5347"
domain = "gateway.a.example"
secret = "secret"

[[address]]
jid = "{{local}}@a.example"
mail = "{{local}}@chat.a.example"

[smtp]
host = "127.0.0.1"
port = 25
tls = "none"

[[mailbox]]
host = "127.0.0.1"
port = 143
tls = "none"
username = "bridge@chat.a.example"
password = "secret"

[store]
path = "{}"
"#,
            folder.display()
        );
        Config::parse(Path::new("test.toml"), &text, None).unwrap()
    }

    fn typed(folder: &Path, words: &str, is_for_people: bool) -> Result<String, String> {
        let mut words = words.split(' ').map(str::to_owned);
        let (what, user) = (words.next().unwrap(), words.next().unwrap_or_default());
        let command = match what.as_str() {
            "list" => UsersCommand::List,
            "show" => UsersCommand::Show { user },
            "export" => UsersCommand::Export { user },
            _ => UsersCommand::Forget { user },
        };
        let mut written = Vec::new();
        let mut output = Output::new(&mut written, is_for_people);
        let mut door = Door::open(folder).map_err(|e| e.to_string())?;
        let args = UsersArgs { command };
        run(args, &config(folder), &mut door, &mut output).map_err(|e| e.to_string())?;
        Ok(String::from_utf8(written).unwrap())
    }

    fn fill(folder: &Path, writes: Vec<Row>) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let store = store::open(folder).unwrap();
        let saved = runtime.block_on(store.commit(Timestamp::now(), writes));
        saved.unwrap();
    }

    /// All that is said, of a store with a row of each kind.
    fn said(folder: &Path) -> Vec<String> {
        [
            "list",
            "show alice@a.example",
            "show nobody@a.example",
            "export alice@a.example",
            "export nobody@a.example",
            "forget bob",
            "forget a.example",
            "forget alice@a.example",
            "forget alice@a.example",
            "show alice@a.example",
            "list",
        ]
        .map(|words| match typed(folder, words, false) {
            Ok(said) => said,
            Err(why) => format!("error: {why}"),
        })
        .to_vec()
    }

    fn check(said: &[String]) {
        let [
            list,
            alice,
            nobody,
            exported,
            not_exported,
            bob,
            domain,
            forgotten,
            again,
            after,
            left,
        ] = said
        else {
            panic!("{said:?}");
        };
        // The contact has a pair, and is no user.
        assert_eq!(list, "alice@a.example\t1\t-\nbob@a.example\t0\t-\n");
        assert_eq!(
            alice,
            "user: alice@a.example\nmail address: a@c.example (pair)\nlast message: -\n\
             options for all contacts: bulk=drop\nstrangers who wait: 0\ncontacts: 1\nrows of options: 2\n\
             messages: 1\nthreads: 1\nmarks of mails that were handled: 1\nannounced presence: 1\n\
             pairs made for contacts: 1\npictures of contacts: 1\nmails kept as they came: 0\nfiles of mails: 0\n\
             mails that wait to be sent: 0\nmails that are on their way: 0\n"
        );
        assert!(nobody.contains("mail address: nobody@chat.a.example (rule)\n"));
        assert!(
            nobody.ends_with("\nnothing is stored about nobody@a.example\n")
                && !nobody.contains(": 0"),
            "{nobody}"
        );
        // One of each kind, two of options; nothing of Bob.
        assert_eq!(exported.lines().count(), 9, "{exported}");
        for row in exported.lines() {
            let row: serde_json::Value = serde_json::from_str(row).unwrap();
            let user = row.get("user").or(row.get("jid")).unwrap();
            assert_eq!(user, "alice@a.example");
        }
        assert_eq!(
            not_exported,
            "error: nothing is stored about nobody@a.example"
        );
        for typed in [bob, domain] {
            assert!(typed.contains("is not a bare JID"), "{typed}");
        }
        assert_eq!(
            forgotten,
            "forgotten: alice@a.example\ncontacts: 1\nrows of options: 2\nmessages: 1\nthreads: 1\n\
             marks of mails that were handled: 1\nannounced presence: 1\npairs made for contacts: 1\n\
             pictures of contacts: 1\n"
        );
        assert_eq!(again, "nothing is stored about alice@a.example\n");
        // Her pair is the admin's word.
        assert!(after.contains("a@c.example (pair)\n"), "{after}");
        assert!(
            after.ends_with("nothing is stored about alice@a.example\n"),
            "{after}"
        );
        assert_eq!(left, "alice@a.example\t0\t-\nbob@a.example\t0\t-\n");
    }

    fn rows() -> Vec<Row> {
        let by_admin = |row: Row| match row {
            Row::Pair(pair) => Row::Pair(crate::core::record::Pair {
                origin: crate::core::record::PairOrigin::Admin,
                ..pair
            }),
            other => other,
        };
        let contact = pair(
            "carol\\40mail.example@gateway.a.example",
            "carol@mail.example",
        );
        let rows = rows_of_each_table().into_iter().map(by_admin);
        rows.chain([Row::Pair(contact)]).collect()
    }

    #[test]
    fn all_is_said_the_same_whether_a_gateway_runs_or_not() {
        let folder = tempfile::tempdir().unwrap();
        fill(folder.path(), rows());
        check(&said(folder.path()));
        let folder = tempfile::tempdir().unwrap();
        fill(folder.path(), rows());
        with_a_gateway(folder.path(), || check(&said(folder.path())));
    }

    #[test]
    fn a_server_that_has_written_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let server = BareJid::new("a.example").unwrap();
        let contact = Row::Contact(server, mail("carol@mail.example"), Default::default());
        fill(folder.path(), vec![contact]);
        let said = |words: &str| typed(folder.path(), words, false).unwrap_or_else(|why| why);
        assert_eq!(said("list"), "a.example\t1\t-\n");
        assert!(said("show a.example").contains("\ncontacts: 1\n"));
        assert_eq!(
            said("forget a.example"),
            "forgotten: a.example\ncontacts: 1\n"
        );
        assert_eq!(said("list"), "");
        assert!(said("forget a.example").contains("is not a bare JID"));
    }

    #[test]
    fn a_list_of_many_comes_in_pages_and_an_empty_one_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let empty = typed(folder.path(), "list", true).unwrap();
        assert_eq!(empty, "nothing is stored about any user\n");
        let count = USERS_PER_PAGE * 2 + 1;
        let users = (0..count).map(|number| {
            let user = BareJid::new(&format!("u{number:04}@a.example")).unwrap();
            Row::Contact(user, mail("carol@mail.example"), Default::default())
        });
        fill(folder.path(), users.collect());
        let list = typed(folder.path(), "list", true).unwrap();
        assert!(list.starts_with("JID\tCONTACTS\tLAST MESSAGE\nu0000@a.example\t1\t-\n"));
        assert_eq!(list.lines().count(), count + 1);
    }
}
