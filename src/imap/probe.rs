//! A look at a mailbox before the gateway relies on it.

use super::fetch::{self, FetchPart};
use super::session::ImapSession;
use super::{After, ImapError, MailboxConfig, connect, dispose, name};
use crate::core::from_mail::{self, RawMail};
use imap_proto::Response;
use imap_proto::rfc2087::QuotaResourceName;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// Headers of the newest mails that are looked at.
const NEWEST: u32 = 20;
/// Mails with the id that is looked for: one, or what a server says.
const FOUND_MAX: usize = 20;
/// How often a mail that is awaited is looked for.
const LOOK_AGAIN: Duration = Duration::from_millis(300);

/// What a server and a folder have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImapCapabilities {
    /// By what we were let in: the name of a mechanism, or of the command LOGIN.
    pub login: &'static str,
    /// IDLE (RFC 2177): mail is seen at once rather than at the next poll.
    pub idle: bool,
    /// UIDPLUS (RFC 4315): mails can be deleted for good.
    pub uidplus: bool,
    /// MOVE (RFC 6851).
    pub mov: bool,
    /// CONDSTORE (RFC 7162); not used.
    pub condstore: bool,
    /// Whether the mark for mails that are left can be stored.
    pub keywords: bool,
    /// Mails in the folder.
    pub exists: u32,
}

/// A mailbox as it is found.
#[derive(Clone, Debug)]
pub struct ProbedMailbox {
    /// What it has.
    pub capabilities: ImapCapabilities,
    /// How full it is (RFC 9208), where the server says so: kibibytes in use, and how many there may be.
    pub storage: Option<(u64, u64)>,
    /// The headers of its newest mails, and of those that were handled, where these go to a folder of their own: a gateway that
    /// runs leaves none in the first one.
    pub headers: Vec<Vec<u8>>,
}

/// Connects, logs in, opens the folder, and creates the folder for handled mails where one is configured and missing.
///
/// # Errors
/// [`ImapError`]: what an admin has to mend.
pub async fn probe(config: &MailboxConfig) -> Result<ImapCapabilities, ImapError> {
    let session = open(config).await?;
    Ok(capabilities(&session))
}

/// The same, and looks at how full it is and at its newest mails.
///
/// # Errors
/// As [`probe`].
pub async fn look(config: &MailboxConfig) -> Result<ProbedMailbox, ImapError> {
    let mut session = open(config).await?;
    let storage = storage(&mut session, config).await?;
    let capabilities = capabilities(&session);
    let mut headers = newest(&mut session).await?;
    if let After::Move(folder) = &config.after
        && capabilities.exists < NEWEST
    {
        session.exists = 0;
        let command = format!("EXAMINE {}", name::folder(folder)?);
        match session.command(&command, |_| {}).await {
            Ok(()) => headers.extend(newest(&mut session).await?),
            Err(ImapError::Refused { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(ProbedMailbox {
        capabilities,
        storage,
        headers,
    })
}

/// Waits until a mail with this Message-ID is there, deletes it, and returns its header. `None` where it does not come in
/// time.
///
/// # Errors
/// As [`probe`].
pub async fn take(
    config: &MailboxConfig,
    message_id: &str,
    limit: Duration,
) -> Result<Option<Vec<u8>>, ImapError> {
    let began = Instant::now();
    let mut session = open(config).await?;
    loop {
        let keys = format!("HEADER Message-ID \"{message_id}\"");
        let mut uids = fetch::search(&mut session, &keys).await?;
        uids.truncate(FOUND_MAX);
        // What a server finds may be anybody's mail.
        let is_ours = |header: &[u8]| {
            let mail = from_mail::read(header, &[], true);
            mail.is_ok_and(|mail| mail.message_id.as_str() == message_id)
        };
        let found = headers(&mut session, &uids).await?;
        let ours = found.into_iter().find(|(_, header)| is_ours(header));
        if let Some((uid, header)) = ours {
            dispose::handled(&mut session, &super::After::Delete, &[uid]).await?;
            return Ok(Some(header));
        }
        if began.elapsed() > limit {
            return Ok(None);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
        session.noop().await?;
    }
}

async fn open(config: &MailboxConfig) -> Result<ImapSession, ImapError> {
    let mut session = connect::open(config).await?;
    session.select(config).await?;
    dispose::prepare(&mut session, config).await?;
    Ok(session)
}

fn capabilities(session: &ImapSession) -> ImapCapabilities {
    ImapCapabilities {
        login: session.login,
        idle: session.offers("IDLE"),
        uidplus: session.offers("UIDPLUS"),
        mov: session.offers("MOVE"),
        condstore: session.offers("CONDSTORE"),
        keywords: session.keeps_keyword,
        exists: session.exists,
    }
}

/// A server that offers QUOTA and refuses the question has said nothing.
async fn storage(
    session: &mut ImapSession,
    config: &MailboxConfig,
) -> Result<Option<(u64, u64)>, ImapError> {
    if !session.offers("QUOTA") {
        return Ok(None);
    }
    let mut found: Option<(u64, u64)> = None;
    let command = format!("GETQUOTAROOT {}", name::folder(&config.folder)?);
    let asked = session
        .command(&command, |response| {
            if let Response::Quota(quota) = response {
                let storage = quota.resources.iter();
                let storage = storage.filter(|one| one.name == QuotaResourceName::Storage);
                let storage = storage.map(|one| (one.usage, one.limit));
                found = storage.fold(found, |found, one| fuller(found, Some(one)));
            }
        })
        .await;
    match asked {
        Ok(()) | Err(ImapError::Refused { .. }) => Ok(found),
        Err(error) => Err(error),
    }
}

/// Of several roots the fullest counts.
fn fuller(one: Option<(u64, u64)>, other: Option<(u64, u64)>) -> Option<(u64, u64)> {
    let share = |(used, of): &(u64, u64)| {
        let thousandths = u128::from(*used) * 1000;
        thousandths.checked_div(u128::from(*of)).unwrap_or(1000)
    };
    one.into_iter().chain(other).max_by_key(share)
}

async fn newest(session: &mut ImapSession) -> Result<Vec<Vec<u8>>, ImapError> {
    let first = session.exists.saturating_sub(NEWEST).saturating_add(1);
    if session.exists == 0 {
        return Ok(Vec::new());
    }
    let uids = fetch::search(session, &format!("{first}:*")).await?;
    Ok(headers(session, &uids).await?.into_values().collect())
}

async fn headers(
    session: &mut ImapSession,
    uids: &[u32],
) -> Result<BTreeMap<u32, Vec<u8>>, ImapError> {
    let sets = fetch::uid_sets(uids);
    let listed = fetch::list(session, &sets, |uid| uids.contains(&uid)).await?;
    // Of a header nothing is spilled.
    let read = fetch::mails(session, &listed, FetchPart::Header, Path::new("")).await?;
    let octets = |(uid, raw): (u32, RawMail)| (uid, raw.octets().to_vec());
    Ok(read.into_iter().map(octets).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_roots_the_fullest_counts() {
        let fullest = |roots: &[(u64, u64)]| {
            let roots = roots.iter().copied();
            roots.fold(None, |found, root| fuller(found, Some(root)))
        };
        assert_eq!(fullest(&[]), None);
        assert_eq!(fullest(&[(5, 10), (90, 100), (6, 10)]), Some((90, 100)));
        assert_eq!(
            fullest(&[(1, 2), (0, 0)]),
            Some((0, 0)),
            "a root without room is full"
        );
    }

    /// A server that finds another mail, too, whatever it is asked for.
    async fn finds_too_much(listener: tokio::net::TcpListener) -> Vec<String> {
        use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
        let (mut stream, _) = listener.accept().await.unwrap();
        let (reader, mut writer) = stream.split();
        let mut lines = BufReader::new(reader).lines();
        let mut seen = Vec::new();
        let hello = "* OK [CAPABILITY IMAP4rev1 UIDPLUS] hello\r\n";
        writer.write_all(hello.as_bytes()).await.unwrap();
        while let Ok(Some(line)) = lines.next_line().await {
            let (tag, command) = line.split_once(' ').unwrap();
            let header = |uid: u32, id: &str| {
                let text = format!("From: a@b.example\r\nMessage-ID: <{id}>\r\n\r\n");
                format!(
                    "* {} FETCH (UID {uid} BODY[HEADER]<0> {{{}}}\r\n{text})\r\n",
                    uid - 100,
                    text.len()
                )
            };
            let size = |uid: u32| {
                format!(
                    "* {} FETCH (UID {uid} RFC822.SIZE 60 FLAGS ())\r\n",
                    uid - 100
                )
            };
            let said = match command {
                "CAPABILITY" => "* CAPABILITY IMAP4rev1 UIDPLUS\r\n".to_owned(),
                _ if command.starts_with("SELECT") => {
                    "* 2 EXISTS\r\n* OK [UIDVALIDITY 1] a\r\n* OK [UIDNEXT 103] a\r\n".to_owned()
                }
                _ if command.starts_with("UID SEARCH") => "* SEARCH 101 102\r\n".to_owned(),
                _ if command.contains("HEADER") => {
                    header(101, "p@q") + &header(102, "ours@b.example")
                }
                _ if command.starts_with("UID FETCH") => size(101) + &size(102),
                _ => String::new(),
            };
            let said = format!("{said}{tag} OK done\r\n");
            writer.write_all(said.as_bytes()).await.unwrap();
            seen.push(command.to_owned());
        }
        seen
    }

    #[tokio::test]
    async fn only_the_mail_that_was_sent_is_deleted_whatever_the_server_finds() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(finds_too_much(listener));
        let config = config(port);
        let found = take(&config, "ours@b.example", Duration::from_secs(5))
            .await
            .unwrap();
        assert!(
            String::from_utf8(found.unwrap())
                .unwrap()
                .contains("<ours@b.example>")
        );
        let seen = server.await.unwrap();
        let changes = seen
            .iter()
            .filter(|one| one.contains("STORE") || one.contains("EXPUNGE"));
        let changes: Vec<&str> = changes.map(String::as_str).collect();
        assert_eq!(
            changes,
            ["UID STORE 102 +FLAGS.SILENT (\\Deleted)", "UID EXPUNGE 102"]
        );
    }

    #[tokio::test]
    async fn who_does_not_speak_imap_is_at_another_port() {
        use crate::imap::TlsMode::{Plain, StartTls};
        use tokio::io::AsyncWriteExt;
        for tls in [Plain, StartTls] {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let config = MailboxConfig {
                tls,
                ..config(port)
            };
            let (probed, _) = tokio::join!(probe(&config), async {
                let (mut stream, _) = listener.accept().await.unwrap();
                let greeting = b"220 mail.example ESMTP Postfix\r\n";
                stream.write_all(greeting).await.unwrap();
                stream
            });
            let text = probed.unwrap_err().to_string();
            let end =
                "does not speak IMAP: “220 mail.example ESMTP Postfix”; see port of [[mailbox]]";
            assert!(text.ends_with(end), "{text}");
        }
    }

    fn config(port: u16) -> MailboxConfig {
        MailboxConfig {
            name: "a".to_owned(),
            host: "127.0.0.1".to_owned(),
            port,
            tls: crate::imap::TlsMode::Plain,
            ca_file: None,
            login: crate::imap::Login::by_password("a", "b"),
            folder: "INBOX".to_owned(),
            idle: false,
            poll: Duration::from_secs(1),
            after: crate::imap::After::Keep,
            octets_max: 1000,
            spill_folder: std::env::temp_dir(),
            first_start: crate::imap::FirstStart::All,
            timings: crate::imap::ImapTimings::default(),
            left_keyword: "$Left".to_owned(),
        }
    }
}
