//! Logging in: SASL (RFC 3501 §6.2.2) with what `net/sasl` says, or by the LOGIN command where the server offers nothing better.

use super::name::{self, Literals};
use super::session::ImapSession;
use super::{ImapError, MailboxConfig};
use crate::net::sasl::{
    self, Binding, LoggedIn, Mechanism, SaslError, SaslExchange, SaslServer, SaslTarget,
};
use secrecy::ExposeSecret;
use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;
use tokio::time::timeout;

/// What a server may say during a login, in octets: challenges, and what it offers afterwards.
const ANSWER_OCTETS_MAX: u64 = 256 * 1024;
/// A command with its initial response (RFC 4959), in octets: some servers take lines of 8,000 (RFC 7162 §4). A longer
/// response, which a token can be, follows in a line of its own.
const LINE_OCTETS_MAX: usize = 8_000;

/// Logs in by the strongest mechanism that both know, and answers its name.
///
/// # Errors
/// [`ImapError::Login`], [`ImapError::NoLogin`], [`ImapError::NoTokenLogin`], [`ImapError::Token`], [`ImapError::Sasl`]; any other means that the connection is of no use.
pub(super) async fn log_in(
    session: &mut ImapSession,
    config: &MailboxConfig,
    binding: Option<&Binding>,
) -> Result<&'static str, ImapError> {
    let offers = session.forget_offers();
    let offers = match offers.is_empty() {
        true => {
            session.ask_capabilities().await?;
            session.forget_offers()
        }
        false => offers,
    };
    let host = config.host.as_str();
    let to = SaslTarget {
        host,
        port: config.port,
        binding,
    };
    let is_disabled = offers.contains("LOGINDISABLED");
    let literals = Literals::of(|one| offers.contains(one));
    let mut server = Imap {
        session,
        offers,
        config,
    };
    let refused = |words: String| ImapError::Login {
        host: host.to_owned(),
        username: config.login.username().to_owned(),
        words,
        secret: config.login.secret_key(),
    };
    let by_command = "LOGIN";
    match sasl::log_in(&mut server, &config.login, &to).await? {
        LoggedIn::By(mechanism) => Ok(mechanism.name()),
        LoggedIn::NoWay if config.login.is_by_token() => Err(ImapError::NoTokenLogin {
            host: host.to_owned(),
        }),
        LoggedIn::NoWay if is_disabled => Err(ImapError::NoLogin {
            host: host.to_owned(),
        }),
        LoggedIn::NoWay => match login_command(session, config, literals).await {
            Err(ImapError::Refused { words, .. }) => Err(refused(words)),
            other => other.map(|()| by_command),
        },
        LoggedIn::Refused(words) => Err(refused(words)),
    }
}

/// LOGIN (RFC 3501 §6.2.3). What has other characters than ASCII is a literal.
async fn login_command(
    session: &mut ImapSession,
    config: &MailboxConfig,
    literals: Literals,
) -> Result<(), ImapError> {
    let Some(password) = config.login.password() else {
        return Ok(());
    };
    let strings = [
        (config.login.username(), "username"),
        (password.expose_secret(), "password"),
    ];
    let pieces = name::command("LOGIN", &strings, literals)?;
    let limit = session.timings().silence;
    let run = async {
        let mut pieces = pieces.iter();
        let first = pieces.next().map_or("", String::as_str);
        let tag = session.send(first).await?;
        session.allow(0, ANSWER_OCTETS_MAX);
        for piece in pieces {
            session.await_continuation(&tag, "LOGIN", limit).await?;
            session.send_line(piece).await?;
        }
        session.finish(&tag, "LOGIN", |_| {}).await
    };
    in_time(limit, run).await
}

/// A server that sends on and on is not silent, and still does not let us in.
async fn in_time<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, ImapError>>,
) -> Result<T, ImapError> {
    timeout(limit, work)
        .await
        .unwrap_or(Err(ImapError::Silent(limit)))
}

/// IMAP's words for an exchange.
struct Imap<'a> {
    session: &'a mut ImapSession,
    offers: BTreeSet<String>,
    config: &'a MailboxConfig,
}

impl Imap<'_> {
    async fn exchange(&mut self, mut exchange: SaslExchange) -> Result<(), ImapError> {
        const VERB: &str = "AUTHENTICATE";
        let mechanism = exchange.mechanism();
        let silence = self.session.timings().silence;
        let mut command = format!("{VERB} {}", mechanism.name());
        let mut later = None;
        match exchange.first() {
            Some(first) if self.fits(&command, &first) => command = format!("{command} {first}"),
            first => later = first,
        }
        self.session.forget_offers();
        let tag = self.session.send(&command).await?;
        self.session.allow(0, ANSWER_OCTETS_MAX);
        while let Some(challenge) = self.session.challenge(&tag, VERB, silence).await? {
            let answer = match later.take() {
                Some(first) => first,
                None => {
                    let answer = exchange.answer(&challenge).await;
                    answer.map_err(|error| self.broken(mechanism, error))?
                }
            };
            self.session.send_line(&answer).await?;
        }
        let finished = match later {
            None => exchange.finish(),
            Some(_) => Err(SaslError::Challenge(mechanism.name())),
        };
        finished.map_err(|error| self.broken(mechanism, error))
    }

    fn fits(&self, command: &str, first: &str) -> bool {
        let octets = command.len().saturating_add(first.len());
        self.offers.contains("SASL-IR") && octets <= LINE_OCTETS_MAX
    }
}

impl SaslServer for Imap<'_> {
    type Refusal = String;
    type Error = ImapError;

    fn offers(&self, mechanism: Mechanism) -> bool {
        // Where the server wants LOGIN, the command of that name is known to more of them.
        mechanism != Mechanism::Login && self.offers.contains(&format!("AUTH={}", mechanism.name()))
    }

    fn broken(&self, mechanism: Mechanism, error: SaslError) -> ImapError {
        ImapError::Sasl {
            host: self.config.host.clone(),
            mechanism: mechanism.name(),
            error,
        }
    }

    async fn run(&mut self, exchange: SaslExchange) -> Result<Option<String>, ImapError> {
        let limit = self.session.timings().silence;
        match in_time(limit, self.exchange(exchange)).await {
            Ok(()) => Ok(None),
            Err(ImapError::Refused { words, .. }) => Ok(Some(words)),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::{After, FirstStart, ImapTimings, Login, TlsMode, connect};
    use crate::net::sasl::fake::{Bad, FakeServer, Says};
    use std::sync::{Arc, Mutex};
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    use tokio::net::TcpListener;

    /// What a server heard.
    type Heard = Arc<Mutex<Vec<String>>>;

    fn config(port: u16, login: Login) -> MailboxConfig {
        let short = Duration::from_millis(500);
        MailboxConfig {
            name: "a".to_owned(),
            host: "127.0.0.1".to_owned(),
            port,
            tls: TlsMode::Plain,
            ca_file: None,
            login,
            folder: "INBOX".to_owned(),
            idle: false,
            poll: short,
            after: After::Keep,
            left_keyword: "$Left".to_owned(),
            octets_max: 1000,
            spill_folder: std::env::temp_dir(),
            first_start: FirstStart::All,
            timings: ImapTimings {
                connect: short,
                silence: short,
                ..ImapTimings::default()
            },
        }
    }

    /// A server that offers these and answers each line by `says`.
    async fn server(
        offers: &'static str,
        says: impl Fn(&str) -> Says + Send + Sync + 'static,
    ) -> (u16, Heard) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Heard::default();
        let hears = heard.clone();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (reader, mut writer) = stream.split();
                let mut lines = BufReader::new(reader).lines();
                let greeting = format!("* OK [CAPABILITY IMAP4rev1 {offers}] hello\r\n");
                writer.write_all(greeting.as_bytes()).await.unwrap();
                let mut tag = String::new();
                while let Ok(Some(line)) = lines.next_line().await {
                    hears.lock().unwrap().push(line.clone());
                    if line.starts_with('S') && line.contains(' ') {
                        tag = line.split_once(' ').unwrap().0.to_owned();
                    }
                    let said = match says(&line) {
                        Says::Challenge(text) => format!("+ {text}\r\n"),
                        Says::Yes => format!("* CAPABILITY IMAP4rev1\r\n{tag} OK done\r\n"),
                        Says::No => format!("{tag} NO not you\r\n"),
                        Says::Cut => break,
                    };
                    if writer.write_all(said.as_bytes()).await.is_err() {
                        break;
                    }
                }
            }
        });
        (port, heard)
    }

    /// One that does SCRAM, and PLAIN where `takes_plain`.
    async fn scram(offers: &'static str, bad: Bad, takes_plain: bool) -> (u16, Heard) {
        let scram = Mutex::new(FakeServer::new(bad, "pencil"));
        server(offers, move |line| {
            let mut scram = scram.lock().unwrap();
            if line.ends_with("AUTHENTICATE SCRAM-SHA-256") {
                return Says::Challenge(String::new());
            }
            match line.split_once(' ') {
                Some((_, command)) if command.starts_with("AUTHENTICATE PLAIN") && takes_plain => {
                    Says::Yes
                }
                Some((_, command)) => match command.strip_prefix("AUTHENTICATE SCRAM-SHA-256 ") {
                    Some(first) => {
                        *scram = FakeServer::new(bad, "pencil");
                        scram.hears(first)
                    }
                    None => Says::No,
                },
                None => scram.hears(line),
            }
        })
        .await
    }

    async fn logged_in(port: u16, login: &Login) -> Result<&'static str, ImapError> {
        let session = connect::open(&config(port, login.clone())).await?;
        Ok(session.login)
    }

    const OFFERS: &str = "SASL-IR AUTH=PLAIN AUTH=SCRAM-SHA-256";

    #[tokio::test]
    async fn a_password_is_proven_and_not_said_where_the_server_can() {
        for offers in [OFFERS, "AUTH=PLAIN AUTH=SCRAM-SHA-256"] {
            let (port, heard) = scram(offers, Bad::Nothing, true).await;
            let login = Login::by_password("user", "pencil");
            assert_eq!(logged_in(port, &login).await.unwrap(), "SCRAM-SHA-256");
            let heard = heard.lock().unwrap();
            assert!(
                !heard.iter().any(|line| line.contains("PLAIN")),
                "{heard:?}"
            );
            assert_eq!(heard.len(), if offers == OFFERS { 3 } else { 4 });
        }
    }

    #[tokio::test]
    async fn a_server_that_has_no_scram_for_us_gets_the_password_and_is_not_asked_again() {
        let (port, heard) = scram(OFFERS, Bad::Refuses, true).await;
        let login = Login::by_password("user", "pencil");
        for _ in 0..3 {
            assert_eq!(logged_in(port, &login).await.unwrap(), "PLAIN");
        }
        let heard = heard.lock().unwrap();
        let scram = heard.iter().filter(|line| line.contains("SCRAM"));
        assert_eq!(scram.count(), 1, "{heard:?}");
    }

    #[tokio::test]
    async fn a_wrong_password_is_said_to_be_one() {
        let (port, _) = scram(OFFERS, Bad::Nothing, false).await;
        let error = logged_in(port, &Login::by_password("user", "crayon")).await;
        assert_eq!(
            error.unwrap_err().to_string(),
            "127.0.0.1 refuses the login of user (not you); see username and password of [[mailbox]]"
        );
    }

    /// D15: nobody is told the password by the way, nothing is waited for without an end, and each is a sentence.
    #[tokio::test]
    async fn d15_a_server_that_plays_tricks_gets_no_password() {
        let stranger = "127.0.0.1 did not do SCRAM-SHA-256: it did not show that it knows the password itself, so it may be another server than it says; ask its admin, or see host of [[mailbox]]";
        let base64 = "its challenge is no base64, or has more than 4096 octets";
        for (bad, says) in [
            (Bad::Nonce, "the nonce is another one"),
            (
                Bad::Rounds(1_000_000_000),
                "it asks for 1000000000 rounds of hashing the password; from 4096 to 1000000 are done",
            ),
            (Bad::Rounds(1), "it asks for 1 rounds"),
            (Bad::Signature, stranger),
            (Bad::NoSignature, stranger),
            (Bad::Endless, "its challenge is none of SCRAM-SHA-256"),
            (Bad::NoBase64, base64),
            (Bad::Long, base64),
            (Bad::Cut(0), "the connection was lost"),
            (Bad::Cut(1), "the connection was lost"),
            (Bad::Cut(2), "the connection was lost"),
        ] {
            let (port, heard) = scram(OFFERS, bad, true).await;
            let login = Login::by_password("user", "pencil");
            let error = logged_in(port, &login).await.unwrap_err().to_string();
            assert!(error.contains(says), "{bad:?}: {error}");
            let heard = heard.lock().unwrap();
            assert!(
                !heard.iter().any(|line| line.contains("PLAIN")),
                "{heard:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_server_that_asks_on_and_on_is_left() {
        for offers in ["AUTH=PLAIN", "AUTH=XOAUTH2", "AUTH=SCRAM-SHA-256"] {
            let (port, heard) = server(offers, |_| Says::Challenge(String::new())).await;
            let login = match offers {
                "AUTH=XOAUTH2" => {
                    Login::by_token("user", &["/bin/echo".to_owned(), "t".to_owned()])
                }
                _ => Login::by_password("user", "pencil"),
            };
            let error = logged_in(port, &login).await.unwrap_err();
            assert!(matches!(error, ImapError::Sasl { .. }), "{error}");
            assert!(heard.lock().unwrap().len() <= 4);
        }
    }

    /// A command that prints another token each time.
    fn counting(folder: &tempfile::TempDir) -> Login {
        let file = folder.path().join("runs");
        let script = format!(
            "echo x >>{0}; printf token; wc -l <{0} | tr -d ' '",
            file.display()
        );
        let command = ["/bin/sh", "-c", &script].map(str::to_owned);
        Login::by_token("user", &command)
    }

    #[tokio::test]
    async fn a_token_that_is_refused_is_asked_for_once_more() {
        for (offers, by) in [
            ("SASL-IR AUTH=XOAUTH2", "XOAUTH2"),
            ("AUTH=OAUTHBEARER AUTH=PLAIN", "OAUTHBEARER"),
        ] {
            for good in ["token1", "token2", "token3"] {
                let folder = tempfile::tempdir().unwrap();
                let (port, heard) = server(offers, move |line| {
                    let last = line.rsplit(' ').next().unwrap();
                    use base64::Engine as _;
                    let said = base64::prelude::BASE64_STANDARD
                        .decode(last)
                        .unwrap_or_default();
                    let said = String::from_utf8_lossy(&said).into_owned();
                    match line {
                        "" | "AQ==" => Says::No,
                        _ if said.contains(&format!("Bearer {good}\x01")) => Says::Yes,
                        _ if said.contains("Bearer ") => Says::Challenge("e30=".to_owned()),
                        _ => Says::Challenge(String::new()),
                    }
                })
                .await;
                let login = counting(&folder);
                let result = logged_in(port, &login).await;
                match good {
                    "token3" => {
                        let error = result.unwrap_err().to_string();
                        assert!(
                            error.ends_with("see username and token_command of [[mailbox]]"),
                            "{error}"
                        );
                        assert!(!error.contains("token2"));
                    }
                    _ => {
                        assert_eq!(result.unwrap(), by);
                        // The next connection takes the token that was accepted.
                        heard.lock().unwrap().clear();
                        assert_eq!(logged_in(port, &login).await.unwrap(), by);
                        assert!(heard.lock().unwrap().len() <= 2);
                    }
                }
            }
        }
    }

    #[tokio::test]
    async fn a_token_is_said_to_nobody_who_takes_none_and_not_asked_for() {
        let (port, heard) = server("AUTH=PLAIN AUTH=SCRAM-SHA-256", |_| Says::No).await;
        let login = Login::by_token("user", &["/nonexistent".to_owned()]);
        let error = logged_in(port, &login).await.unwrap_err().to_string();
        assert!(error.contains("neither OAUTHBEARER nor XOAUTH2"), "{error}");
        assert!(heard.lock().unwrap().is_empty());
        let (port, _) = server("AUTH=XOAUTH2", |_| Says::No).await;
        let error = logged_in(port, &login).await.unwrap_err().to_string();
        assert!(error.contains("/nonexistent: No such file"), "{error}");
    }

    #[tokio::test]
    async fn a_password_that_is_not_ascii_is_a_literal() {
        for (offers, first) in [
            ("LITERAL+", "S1 LOGIN \"user\" {7+}"),
            ("LITERAL-", "S1 LOGIN \"user\" {7+}"),
            ("IDLE", "S1 LOGIN \"user\" {7}"),
        ] {
            // The fake says `+` to each line that asks for it, and nothing to one that does not.
            let (port, heard) = server(offers, |line| match line.ends_with('}') {
                true => Says::Challenge("go on".to_owned()),
                false => Says::Yes,
            })
            .await;
            let login = Login::by_password("user", "pencíl");
            assert_eq!(logged_in(port, &login).await.unwrap(), "LOGIN");
            assert_eq!(*heard.lock().unwrap(), [first, "pencíl"]);
        }
    }
}
