//! `stanzamail queue …`: the mails that wait to be sent, and what is in quarantine. Through the [`door`](super::door).

use crate::cli::door::{CommandError, Door, Output, unexpected, written};
use crate::control::queue::{ItemState, QueueItem, content_of};
use crate::control::{ControlRequest, Response};
use crate::core::language::Language;
use crate::core::text::{clean, size};
use crate::core::time::Timestamp;
use clap::{Args, Subcommand};
use std::io::Write;
use std::time::Duration;

/// Above a list that people read.
const HEADING: &str = "ID\tAGE\tSENDER → RECIPIENTS\tSIZE\tATTEMPTS\tNEXT ATTEMPT\tLAST REPLY";

/// How much of the last reply a line shows, in characters.
const REPLY_CHARS_MAX: usize = 80;

/// `stanzamail queue`.
#[derive(Clone, Debug, Args)]
pub(super) struct QueueArgs {
    /// What to do.
    #[command(subcommand)]
    command: QueueCommand,
}

/// What to do with the queue.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum QueueCommand {
    /// Show the mails that wait: id, age, sender → recipients, size, attempts, next attempt, last reply; then the quarantine
    List,
    /// Show one: its state in the queue, and the header of the mail
    Show {
        /// Its id, from the list
        id: String,
        /// All of the mail
        #[arg(long)]
        body: bool,
    },
    /// Retry one now, or all mails that wait; an entry in quarantine only by its id
    Retry {
        /// Its id, from the list
        id: Option<String>,
    },
    /// Remove one. The sender of a mail that waits gets an error
    Drop {
        /// Its id, from the list
        id: String,
        /// Tell nobody
        #[arg(long)]
        silent: bool,
    },
}

/// Does what the command says with the queue behind this door.
pub(super) fn run(
    args: QueueArgs,
    door: &mut Door,
    output: &mut Output<'_>,
) -> Result<(), CommandError> {
    run_on(args.command, door, output, Timestamp::now())
}

fn run_on(
    command: QueueCommand,
    door: &mut Door,
    output: &mut Output<'_>,
    now: Timestamp,
) -> Result<(), CommandError> {
    match command {
        QueueCommand::List => list(door, output, now),
        QueueCommand::Show { id, body } => match door.ask(ControlRequest::ShowOne { id, body })? {
            Response::Shown { facts, content } => show(output, &facts, &content, body),
            other => Err(unexpected(other)),
        },
        QueueCommand::Retry { id } => match door.ask(ControlRequest::Retry { id })? {
            Response::Queue { items } => lines(output, "retried\t", &items, now),
            Response::Retried { count, is_running } => {
                let when = if is_running {
                    "now"
                } else {
                    "when the gateway is started"
                };
                let said = match count {
                    0 => "no mail waits".to_owned(),
                    1 => format!("1 mail is tried {when}"),
                    count => format!("{count} mails are tried {when}"),
                };
                line(output, &said)
            }
            other => Err(unexpected(other)),
        },
        QueueCommand::Drop { id, silent } => {
            let items = ask(door, ControlRequest::DropOne { id, silent })?;
            lines(output, "dropped\t", &items, now)
        }
    }
}

fn ask(door: &mut Door, request: ControlRequest) -> Result<Vec<QueueItem>, CommandError> {
    match door.ask(request)? {
        Response::Queue { items } => Ok(items),
        other => Err(unexpected(other)),
    }
}

fn list(door: &mut Door, output: &mut Output<'_>, now: Timestamp) -> Result<(), CommandError> {
    let (mut after, mut is_empty) = (None, true);
    loop {
        let mut items = ask(door, ControlRequest::Queue { after })?;
        after = items.last().map(|item| item.place);
        if after.is_none() {
            items = ask(door, ControlRequest::Quarantine)?;
        }
        if is_empty && !items.is_empty() {
            output.remark(HEADING)?;
            is_empty = false;
        }
        lines(output, "", &items, now)?;
        if after.is_none() {
            break;
        }
    }
    match is_empty {
        true => output.nothing("nothing waits to be sent, and nothing is in quarantine"),
        false => Ok(()),
    }
}

fn lines(
    output: &mut Output<'_>,
    before: &str,
    items: &[QueueItem],
    now: Timestamp,
) -> Result<(), CommandError> {
    items
        .iter()
        .try_for_each(|item| line(output, &format!("{before}{}", line_of(item, now))))
}

/// One a line, divided by tabs, for people and for `cut`.
fn line_of(item: &QueueItem, now: Timestamp) -> String {
    let others = match item.others {
        0 => String::new(),
        others => format!(" +{others}"),
    };
    let (attempts, next) = match item.state {
        ItemState::Next(next) if next <= now => (item.attempts.to_string(), "now".to_owned()),
        ItemState::Next(next) => (
            item.attempts.to_string(),
            next.to_xep0082().unwrap_or_default(),
        ),
        ItemState::UnderWay => (item.attempts.to_string(), "under way".to_owned()),
        ItemState::Telling => (item.attempts.to_string(), "ended".to_owned()),
        ItemState::Stanza => ("-".to_owned(), "quarantined stanza".to_owned()),
        ItemState::Mail => ("-".to_owned(), "quarantined mail".to_owned()),
    };
    let size = size::in_words(Language::ENGLISH, item.octets);
    [
        item.id.clone(),
        age(now.since(item.since)),
        clean::for_header(&format!("{} → {}{others}", item.from, item.to), usize::MAX),
        size,
        attempts,
        next,
        clean::for_header(&item.last, REPLY_CHARS_MAX),
    ]
    .join("\t")
}

/// `45s`, `12m`, `3h`, `2d`.
pub(super) fn age(time: Duration) -> String {
    match time.as_secs() {
        secs @ 0..60 => format!("{secs}s"),
        secs @ 60..3_600 => format!("{}m", secs / 60),
        secs @ 3_600..86_400 => format!("{}h", secs / 3_600),
        secs => format!("{}d", secs / 86_400),
    }
}

fn show(
    output: &mut Output<'_>,
    facts: &[(String, String)],
    content: &str,
    whole: bool,
) -> Result<(), CommandError> {
    for (name, value) in facts {
        let value = clean::for_header(value, usize::MAX);
        line(output, &format!("{name}: {value}"))?;
    }
    line(output, "")?;
    let content = content_of(content).map_err(written("the answer of the gateway"))?;
    if whole {
        return output
            .write_all(&content)
            .map_err(written("the standard output"));
    }
    // Whoever wrote a mail is not to write to the terminal.
    let text = String::from_utf8_lossy(&content);
    text.lines()
        .try_for_each(|text| line(output, &text.replace(char::is_control, " ")))
}

fn line(output: &mut Output<'_>, text: &str) -> Result<(), CommandError> {
    writeln!(output, "{text}").map_err(written("the standard output"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::door::tests::with_a_gateway;
    use crate::core::address::MailAddress;
    use crate::core::id::{JobId, MessageId};
    use crate::core::job::{ComposedMail, Job};
    use crate::core::outcome::Reply;
    use crate::store::quarantine::{Note, Quarantine, QuarantineKind};
    use crate::store::spool::Spool;
    use clap::Parser;
    use std::path::Path;

    const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        queue: QueueArgs,
    }

    fn run_line(line: &str, path: &Path) -> Result<String, String> {
        let words = std::iter::once("queue").chain(line.split(' '));
        let command = Line::try_parse_from(words).unwrap().queue.command;
        let mut door = Door::open(path).map_err(|e| e.to_string())?;
        let mut output = Vec::new();
        let is_for_people = false;
        let mut into = Output::new(&mut output, is_for_people);
        run_on(command, &mut door, &mut into, NOW).map_err(|e| e.to_string())?;
        Ok(String::from_utf8(output).unwrap())
    }

    fn mail(name: &str, sequence: u64) -> ComposedMail {
        let message_id = MessageId::parse(&format!("{name}@chat.a.example")).unwrap();
        let address = |text| MailAddress::parse(text).unwrap();
        let reply = Reply {
            code: Some(450),
            enhanced: Some((4, 2, 1)),
            text: "try\u{1b}[31m later ".repeat(20),
        };
        let job = Job {
            id: JobId::derive(&message_id),
            message_id,
            ordering_key: "alice carol".to_owned(),
            sequence,
            from: Some(address("alice@chat.a.example")),
            to: vec![address("carol@mail.example"), address("dave@mail.example")],
            origin: None,
            accepted: Timestamp::from_secs(1_789_990_000),
            attempts: 3,
            next_attempt: Timestamp::from_secs(1_790_003_600),
            delay_told: false,
            last_reply: Some(reply),
            certain: true,
            silent: false,
            expires: None,
            replaceable: false,
            files: Vec::new(),
            draft: None,
        };
        let bytes = format!("Subject: {name}\u{1b}[31m\r\nTo: carol@mail.example\r\n\r\nHello\r\n");
        let bytes = bytes.into_bytes();
        ComposedMail { job, bytes }
    }

    fn note(kind: QuarantineKind) -> Note {
        Note {
            kind,
            at: Timestamp::from_secs(1_789_999_990),
            why: "index\tout of bounds".to_owned(),
            from: "alice@a.example/phone".to_owned(),
            to: "carol".to_owned(),
            mailbox: None,
            envelope: None,
            octets: 0,
            header_only: false,
        }
    }

    #[test]
    fn the_text_of_a_mail_in_quarantine_is_for_who_asks_for_it() {
        let folder = tempfile::tempdir().unwrap();
        fill(folder.path());
        let quarantine = Quarantine::of_store(folder.path());
        let mail = b"Subject: Plans\r\n\r\nOnly for Alice\r\n";
        quarantine.put(&note(QuarantineKind::Mail), mail).unwrap();
        let kept = quarantine.list().unwrap();
        let kept = kept
            .iter()
            .find(|kept| kept.note.kind == QuarantineKind::Mail);
        let id = &kept.unwrap().id;
        for (option, is_shown) in [("", false), (" --body", true)] {
            let shown = run_line(&format!("show {id}{option}"), folder.path()).unwrap();
            assert!(shown.contains("Subject: Plans"), "{shown}");
            assert_eq!(shown.contains("Only for Alice"), is_shown, "{shown}");
        }
    }

    /// Two mails wait, and a stanza is in quarantine. Answers their ids.
    fn fill(store: &Path) -> [String; 3] {
        let mails = [mail("one", 1), mail("two", 2)];
        let ids = mails.clone().map(|mail| mail.job.id.to_string());
        std::fs::create_dir_all(store).unwrap();
        let (spool, _) = Spool::open(&store.join("spool")).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(spool.accept(mails.to_vec())).unwrap();
        drop(spool);
        drop(runtime);
        let quarantine = Quarantine::of_store(store);
        quarantine
            .put(&note(QuarantineKind::Stanza), b"<message/>")
            .unwrap();
        let kept = quarantine.list().unwrap().remove(0).id.to_string();
        let [one, two] = ids;
        [one, two, kept]
    }

    fn a_day_of_an_admin(path: &Path, [one, two, kept]: &[String; 3]) -> Vec<String> {
        let lines = [
            "list".to_owned(),
            format!("show {one}"),
            format!("show {one} --body"),
            format!("show {kept}"),
            "show nonsense".to_owned(),
            format!("drop {one}"),
            format!("drop {one} --silent"),
            format!("drop {one} --silent"),
            format!("retry {kept}"),
            format!("retry {two}"),
            "retry".to_owned(),
            format!("drop {kept}"),
            "list".to_owned(),
        ];
        let run = |line: &String| match run_line(line, path) {
            Ok(text) => text.replace('\t', "|"),
            Err(text) => format!("error: {text}"),
        };
        lines.iter().map(run).collect()
    }

    fn check_day(day: &[String], [one, two, kept]: &[String; 3]) {
        let reply = "try [31m later ".repeat(20);
        let short = clean::for_header(&format!("450 4.2.1 {reply}"), REPLY_CHARS_MAX);
        let who = "alice@chat.a.example → carol@mail.example +1";
        let line = |id: &str, next: &str| format!("{id}|2h|{who}|52 bytes|3|{next}|{short}\n");
        let later = "2026-09-21T15:13:20Z";
        let aside = format!(
            "{kept}|10s|alice@a.example/phone → carol|10 bytes|-|quarantined stanza|index out of bounds\n"
        );
        assert_eq!(
            day[0],
            format!("{}{}{aside}", line(one, later), line(two, later))
        );
        assert!(day[1].starts_with(&format!("id: {one}\nmessage-id: one@chat.a.example\n")));
        assert!(day[1].contains("recipient: dave@mail.example\n"));
        assert!(
            day[1].ends_with("\n\nSubject: one [31m\nTo: carol@mail.example\n"),
            "{}",
            day[1]
        );
        assert!(day[2].ends_with("\r\n\r\nHello\r\n"), "{}", day[2]);
        assert!(day[3].contains("in quarantine: stanza\n") && day[3].ends_with("\n\n<message/>\n"));
        assert!(day[4].contains("“nonsense” is no id"), "{}", day[4]);
        assert!(
            day[5].contains("no gateway runs that could tell its sender"),
            "{}",
            day[5]
        );
        assert_eq!(day[6], format!("dropped|{}", line(one, later)));
        assert!(day[7].contains(&format!("nothing that waits has the id {one}")));
        assert!(day[8].contains("only while the gateway runs"), "{}", day[8]);
        assert!(day[9].starts_with(&format!("retried|{two}|")), "{}", day[9]);
        assert_eq!(day[10], "1 mail is tried when the gateway is started\n");
        assert_eq!(day[11], format!("dropped|{aside}"));
        assert!(day[12].starts_with(two.as_str()) && day[12].lines().count() == 1);
        assert_eq!(day.len(), 13);
    }

    #[test]
    fn without_a_gateway_the_spool_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let ids = fill(folder.path());
        check_day(&a_day_of_an_admin(folder.path(), &ids), &ids);
    }

    /// What a queue that runs says, the scenario `a_waiting_mail_is_seen_and_dropped` shows.
    #[test]
    fn all_of_it_goes_through_the_socket() {
        let folder = tempfile::tempdir().unwrap();
        let ids = fill(folder.path());
        with_a_gateway(folder.path(), || {
            check_day(&a_day_of_an_admin(folder.path(), &ids), &ids);
        });
    }

    #[test]
    fn ages_are_short() {
        let ages = [0, 59, 60, 3_599, 3_600, 86_399, 86_400, 999_999];
        let shown = ages.map(|secs| age(Duration::from_secs(secs)));
        assert_eq!(shown, ["0s", "59s", "1m", "59m", "1h", "23h", "1d", "11d"]);
    }
}
