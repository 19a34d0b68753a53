//! A small IMAP server for tests, with a mailbox in memory and faults on demand.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The server; it stops when it is dropped.
pub(crate) struct Fake {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

/// What the server has and what it has seen.
pub(crate) struct State {
    pub(crate) greeting: String,
    pub(crate) capabilities: String,
    pub(crate) permanent_flags: String,
    pub(crate) uid_validity: u32,
    pub(crate) uid_next: u32,
    pub(crate) tells_uid_next: bool,
    pub(crate) mails: BTreeMap<u32, Stored>,
    pub(crate) moved: Vec<String>,
    pub(crate) folders: BTreeSet<String>,
    /// Commands that are answered otherwise, once, by what they begin with.
    pub(crate) faults: VecDeque<(&'static str, Fault)>,
    pub(crate) commands: Vec<String>,
    pub(crate) connections: usize,
    /// What a command does at most (RFC 9738); not announced unless it stands in the capabilities.
    pub(crate) mails_max: usize,
    /// How often an IDLE looks for mail.
    pub(crate) looks_every: Duration,
}

/// A mail on the server.
pub(crate) struct Stored {
    pub(crate) raw: String,
    pub(crate) flags: BTreeSet<String>,
    pub(crate) date: String,
}

/// How a command is answered otherwise.
#[derive(Clone)]
pub(crate) enum Fault {
    /// With this alone; `%T` is the tag.
    Instead(String),
    /// As usual, but after this.
    Before(String),
    /// As usual, but the mail of this number arrives just now and is told of before the answer, and never again.
    Arrives(u32),
    /// As usual, but the mail of this number arrives just now and is never told of.
    Forgets(u32),
    /// As usual, up to this octet; then the connection ends.
    Cut(usize),
    /// As usual, up to this octet; then this, with `%T` for the tag, instead of the rest.
    Breaks(usize, String),
    /// With silence.
    Silence,
}

pub(crate) const TODAY: &str = "22-Nov-2026 12:00:00 +0000";

impl Fake {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::new()));
        let for_task = state.clone();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, for_task.clone()));
            }
        });
        Self { port, state, task }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Puts mails into the mailbox, for each number [`mail`] of it.
    pub(crate) fn deliver(&self, numbers: impl IntoIterator<Item = u32>) {
        for number in numbers {
            self.state().deliver(mail(number), TODAY);
        }
    }

    pub(crate) fn fault(&self, command: &'static str, fault: Fault) {
        self.state().faults.push_back((command, fault));
    }

    pub(crate) fn saw(&self, command: &str) -> bool {
        self.state().commands.iter().any(|c| c.starts_with(command))
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The mail of this number; every one is different, and one in three has text that looks like IMAP.
pub(crate) fn mail(number: u32) -> String {
    let trap = if number.is_multiple_of(3) {
        "* 1 FETCH (UID 99 BODY[] {3}\r\nS1 OK done\r\n"
    } else {
        ""
    };
    format!("Message-ID: <{number}@mail.example>\r\n\r\n{trap}Mail {number}\r\n")
}

impl State {
    pub(crate) fn new() -> Self {
        Self {
            greeting: "* OK ready".to_owned(),
            capabilities: "IMAP4rev1 IDLE UIDPLUS MOVE".to_owned(),
            permanent_flags: "\\Seen \\Deleted \\*".to_owned(),
            uid_validity: 7,
            uid_next: 1,
            tells_uid_next: true,
            mails: BTreeMap::new(),
            moved: Vec::new(),
            folders: BTreeSet::from(["\"INBOX\"".to_owned()]),
            faults: VecDeque::new(),
            commands: Vec::new(),
            connections: 0,
            mails_max: usize::MAX,
            looks_every: Duration::from_millis(2),
        }
    }

    pub(crate) fn deliver(&mut self, raw: String, date: &str) {
        let stored = Stored {
            raw,
            flags: BTreeSet::new(),
            date: date.to_owned(),
        };
        self.mails.insert(self.uid_next, stored);
        self.uid_next += 1;
    }

    /// UIDs of a set; `*` is the last mail.
    fn uids(&self, set: &str) -> Vec<u32> {
        let last = self.mails.keys().next_back().copied().unwrap_or(0);
        let number = |text: &str| text.parse().unwrap_or(last);
        let mut uids = BTreeSet::new();
        for range in set.split(',') {
            let (a, b) = range.split_once(':').unwrap_or((range, range));
            let (a, b) = (number(a), number(b));
            let range = a.min(b)..=a.max(b);
            uids.extend(self.mails.range(range).map(|(uid, _)| *uid));
        }
        uids.into_iter().collect()
    }

    /// The mailbox is made anew: the same mails in the same order under other UIDs.
    pub(super) fn renumber(&mut self, uid_validity: u32, first: u32) {
        let mails = std::mem::take(&mut self.mails);
        self.mails = (first..).zip(mails.into_values()).collect();
        self.uid_next = self.mails.keys().next_back().map_or(first, |last| last + 1);
        self.uid_validity = uid_validity;
    }

    fn expunge(&mut self, uid: u32) -> String {
        let Some(at) = self.mails.keys().position(|u| *u == uid) else {
            return String::new();
        };
        self.mails.remove(&uid);
        format!("* {} EXPUNGE\r\n", at + 1)
    }

    fn answer(&mut self, tag: &str, command: &str) -> String {
        let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
        let body = match verb {
            "IDLE" => return "+ idling\r\n".to_owned(),
            "CAPABILITY" => format!("* CAPABILITY {}\r\n", self.capabilities),
            "SELECT" if !self.folders.contains(rest) => {
                return format!("{tag} NO no such folder\r\n");
            }
            "SELECT" => self.select(),
            "STATUS" if !self.folders.contains(rest.rsplit_once(" (").unwrap().0) => {
                return format!("{tag} NO no such folder\r\n");
            }
            "STATUS" => format!("* STATUS x (MESSAGES 0 UIDNEXT {})\r\n", self.uid_next),
            "CREATE" => {
                self.folders.insert(rest.to_owned());
                String::new()
            }
            "UID" => match self.uid(rest) {
                Ok(body) => body,
                Err(body) => return body.replace("%T", tag),
            },
            _ => String::new(),
        };
        format!("{body}{tag} OK done\r\n")
    }

    fn select(&self) -> String {
        let uid_next = if self.tells_uid_next {
            format!("* OK [UIDNEXT {}] next\r\n", self.uid_next)
        } else {
            String::new()
        };
        format!(
            "* {} EXISTS\r\n* OK [UIDVALIDITY {}] valid\r\n{uid_next}* OK [PERMANENTFLAGS ({})] flags\r\n",
            self.mails.len(),
            self.uid_validity,
            self.permanent_flags
        )
    }

    /// An error is the whole answer, with `%T` for the tag.
    fn uid(&mut self, command: &str) -> Result<String, String> {
        let (verb, rest) = command.split_once(' ').unwrap();
        let (set, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let mut uids = match verb {
            "SEARCH" => self.search(set, rest),
            _ => self.uids(set),
        };
        let more = uids.len().saturating_sub(self.mails_max);
        if more > 0 && ["COPY", "MOVE", "EXPUNGE"].contains(&verb) {
            return Err(format!(
                "%T NO [MESSAGELIMIT {}] too many\r\n",
                self.mails_max
            ));
        }
        uids.drain(..more);
        let body = match verb {
            "SEARCH" => {
                let found: String = uids.iter().map(|uid| format!(" {uid}")).collect();
                format!("* SEARCH{found}\r\n")
            }
            "FETCH" => self.fetch(&uids, rest),
            _ => uids
                .iter()
                .map(|uid| self.change(verb, *uid, rest))
                .collect(),
        };
        match more {
            0 => Ok(body),
            _ => Err(format!(
                "{body}%T OK [MESSAGELIMIT {} {}] done in part\r\n",
                self.mails_max, uids[0]
            )),
        }
    }

    fn change(&mut self, verb: &str, uid: u32, rest: &str) -> String {
        match verb {
            "STORE" => {
                let flag = rest.rsplit_once('(').unwrap().1.trim_end_matches(')');
                let mail = self.mails.get_mut(&uid).unwrap();
                mail.flags.insert(flag.to_owned());
                String::new()
            }
            "EXPUNGE" => self.expunge(uid),
            "COPY" | "MOVE" => {
                let raw = self.mails[&uid].raw.clone();
                self.moved.push(raw);
                match verb {
                    "MOVE" => self.expunge(uid),
                    _ => String::new(),
                }
            }
            other => panic!("UID {other}"),
        }
    }

    fn search(&self, key: &str, rest: &str) -> Vec<u32> {
        assert_eq!(key, "UID");
        let (mut set, mut keys) = rest.split_once(' ').unwrap();
        // The mails below those that a search before has found.
        let mut uids = self.uids(set);
        while let Some(more) = keys.strip_prefix("UID ") {
            (set, keys) = more.split_once(' ').unwrap();
            let these = self.uids(set);
            uids.retain(|uid| these.contains(uid));
        }
        let is_found = |uid: &u32| {
            let flags = &self.mails[uid].flags;
            let (_, keyword) = keys.split_once("UNKEYWORD ").unwrap();
            let keyword = keyword.split(' ').next().unwrap();
            let is_unwanted = flags.contains(keyword)
                || (keys.contains("UNDELETED") && flags.contains("\\Deleted"))
                || (keys.contains("UNSEEN") && flags.contains("\\Seen"));
            !is_unwanted
        };
        uids.retain(is_found);
        uids
    }

    /// Mails in the order of their UIDs. Their sequence numbers are counted on from one to the next, and to the first one
    /// from the nearer end: a mailbox that is read to its end again and again may have hundreds of thousands.
    fn fetch(&self, uids: &[u32], items: &str) -> String {
        let first = uids.first().copied().unwrap_or(0);
        let mut sequence = match first < self.uid_next / 2 {
            true => self.mails.range(..first).count(),
            false => self.mails.len() - self.mails.range(first..).count(),
        };
        let (mut answer, mut next) = (String::new(), first);
        for uid in uids {
            sequence += self.mails.range(next..=*uid).count();
            next = uid + 1;
            answer += &self.fetch_one(*uid, sequence, items);
        }
        answer
    }

    fn fetch_one(&self, uid: u32, sequence: usize, items: &str) -> String {
        let mail = &self.mails[&uid];
        let raw = &mail.raw;
        let header = raw.split_inclusive("\r\n\r\n").next().unwrap();
        let flags: Vec<&str> = mail.flags.iter().map(String::as_str).collect();
        let what = if let Some((_, piece)) = items.split_once("BODY.PEEK[]<") {
            let (begin, count) = piece.split_once('>').unwrap().0.split_once('.').unwrap();
            let numbers: [usize; 2] = [begin, count].map(|number| number.parse().unwrap());
            let begin = numbers[0].min(raw.len());
            let end = raw.len().min(begin + numbers[1]);
            format!(
                "BODY[]<{begin}> {{{}}}\r\n{}",
                end - begin,
                &raw[begin..end]
            )
        } else if items.contains("BODY.PEEK[]") {
            format!("BODY[] {{{}}}\r\n{raw}", raw.len())
        } else if items.contains("BODY.PEEK[HEADER]<0.") {
            format!("BODY[HEADER]<0> {{{}}}\r\n{header}", header.len())
        } else {
            format!(
                "RFC822.SIZE {} INTERNALDATE \"{}\" FLAGS ({})",
                raw.len(),
                mail.date,
                flags.join(" ")
            )
        };
        format!("* {sequence} FETCH (UID {uid} {what})\r\n")
    }
}

/// What is sent for a command.
enum Reply {
    Text(String),
    /// And then the connection ends.
    Last(String),
    Silence,
}

/// One connection, until it ends on either side.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    state: Arc<Mutex<State>>,
) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let greeting = {
        let mut state = state.lock().unwrap();
        state.connections += 1;
        format!("{}\r\n", state.greeting)
    };
    stream.write_all(greeting.as_bytes()).await.ok()?;
    let mut told = None;
    loop {
        let line = read_line(&mut stream).await?;
        let (tag, command) = line.split_once(' ')?;
        let reply = reply(&mut state.lock().unwrap(), &mut told, tag, command);
        match reply {
            Reply::Silence => std::future::pending().await,
            Reply::Last(text) => {
                stream.write_all(text.as_bytes()).await.ok()?;
                return None;
            }
            Reply::Text(text) => stream.write_all(text.as_bytes()).await.ok()?,
        }
        if command == "IDLE" && !told.is_none_or(|told: Told| told.idle_is_over) {
            idle(&mut stream, &state, &mut told, tag).await?;
        }
    }
}

/// What the client of a connection knows.
#[derive(Clone, Copy)]
struct Told {
    exists: usize,
    idle_is_over: bool,
}

fn reply(state: &mut State, told: &mut Option<Told>, tag: &str, command: &str) -> Reply {
    state.commands.push(command.to_owned());
    let news = news(state, told);
    let fault = take_fault(state, command);
    let idle_is_over = matches!(fault, Some(Fault::Instead(_)));
    let reply = match fault {
        Some(Fault::Silence) => Reply::Silence,
        Some(Fault::Instead(text)) => Reply::Text(text.replace("%T", tag)),
        Some(Fault::Before(text)) => Reply::Text(text + &state.answer(tag, command)),
        Some(Fault::Arrives(number)) => {
            let answer = state.answer(tag, command);
            state.deliver(mail(number), TODAY);
            Reply::Text(format!("* {} EXISTS\r\n{answer}", state.mails.len()))
        }
        Some(Fault::Forgets(number)) => {
            let answer = state.answer(tag, command);
            state.deliver(mail(number), TODAY);
            Reply::Text(news + &answer)
        }
        Some(Fault::Cut(octets)) => {
            let mut answer = news + &state.answer(tag, command);
            answer.truncate(octets);
            Reply::Last(answer)
        }
        Some(Fault::Breaks(octets, text)) => {
            let mut answer = news + &state.answer(tag, command);
            answer.truncate(octets);
            Reply::Text(answer + &text.replace("%T", tag))
        }
        None => Reply::Text(news + &state.answer(tag, command)),
    };
    if command.starts_with("SELECT") || told.is_some() {
        *told = Some(Told {
            exists: state.mails.len(),
            idle_is_over,
        });
    }
    reply
}

fn news(state: &State, told: &mut Option<Told>) -> String {
    match told {
        Some(told) if told.exists != state.mails.len() => {
            told.exists = state.mails.len();
            format!("* {} EXISTS\r\n", told.exists)
        }
        _ => String::new(),
    }
}

fn take_fault(state: &mut State, command: &str) -> Option<Fault> {
    let at = state
        .faults
        .iter()
        .position(|(begin, _)| command.starts_with(begin))?;
    state.faults.remove(at).map(|(_, fault)| fault)
}

async fn idle<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    state: &Mutex<State>,
    told: &mut Option<Told>,
    tag: &str,
) -> Option<()> {
    loop {
        let news = news(&state.lock().unwrap(), told);
        stream.write_all(news.as_bytes()).await.ok()?;
        // `fill_buf` may be dropped, `read_line` may not.
        let every = state.lock().unwrap().looks_every;
        if let Ok(read) = timeout(every, stream.fill_buf()).await
            && read.is_ok_and(<[u8]>::is_empty)
        {
            return None;
        }
        if !stream.buffer().is_empty() {
            let line = read_line(stream).await?;
            assert_eq!(line, "DONE");
            stream
                .write_all(format!("{tag} OK idled\r\n").as_bytes())
                .await
                .ok()?;
            return Some(());
        }
    }
}

async fn read_line<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    // What a broken connection leaves of a line is no command.
    line.ends_with('\n').then(|| line.trim_end().to_owned())
}
