//! What Postfix answers to a recipient, decided by the test while Postfix runs: a policy service (Postfix'
//! SMTPD_POLICY_README), asked at each RCPT and at each end of data. It keeps count of the mails that passed, and may
//! state on top of each from which domain it came.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

/// Postfix goes on to its next restriction: yes, as far as we are concerned.
const DUNNO: &str = "DUNNO";

/// When Postfix asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Rcpt,
    /// The end of data: the mail was sent, the answer to it is not.
    Data,
}

/// One question of Postfix.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub at: Instant,
    pub stage: Stage,
    pub sender: String,
    /// Empty at the end of data if there are several.
    pub recipient: String,
    /// What was answered: `DUNNO` or a refusal.
    pub answer: String,
    /// Who logged in, empty on a connection without a login.
    pub login: String,
    /// The same for all questions about one mail.
    instance: String,
}

/// A mail that Postfix took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    pub at: Instant,
    /// Who had logged in, empty on a connection without a login.
    pub login: String,
    /// The reverse path.
    pub sender: String,
    /// The forward paths that were taken, in order.
    pub recipients: Vec<String>,
}

/// The service. It ends with the process; a test's servers are gone long before.
pub struct Policy {
    port: u16,
    script: Arc<Mutex<Script>>,
}

#[derive(Default)]
struct Script {
    /// As whom the origin of each mail is stated.
    authserv_id: Option<String>,
    rules: Vec<Rule>,
    attempts: Vec<Attempt>,
}

struct Rule {
    stage: Stage,
    recipient: String,
    answer: String,
    /// How often it still applies.
    left: Option<usize>,
}

impl Policy {
    /// Serves in threads of its own, so that a busy test does not make Postfix wait. With an id, each mail of somebody
    /// who logged in gets an `Authentication-Results` field of that id.
    pub fn start(authserv_id: Option<String>) -> Policy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener
            .local_addr()
            .expect("a listener has an address")
            .port();
        let script = Arc::new(Mutex::new(Script {
            authserv_id,
            ..Script::default()
        }));
        let served = Arc::downgrade(&script);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let Some(script) = served.upgrade() else {
                    break;
                };
                std::thread::spawn(move || serve(connection, &script));
            }
        });
        Policy { port, script }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn answer(&self, stage: Stage, recipient: &str, answer: &str, left: Option<usize>) {
        let (recipient, answer) = (recipient.to_ascii_lowercase(), answer.to_owned());
        self.lock().rules.push(Rule {
            stage,
            recipient,
            answer,
            left,
        });
    }

    pub fn forget(&self, recipient: &str) {
        self.lock()
            .rules
            .retain(|rule| !rule.recipient.eq_ignore_ascii_case(recipient));
    }

    pub fn attempts(&self) -> Vec<Attempt> {
        self.lock().attempts.clone()
    }

    /// Every mail that was taken, in the order in which it was.
    pub fn passed(&self) -> Vec<Passed> {
        let script = self.lock();
        let mut recipients: HashMap<&str, Vec<String>> = HashMap::new();
        let mut passed = Vec::new();
        let taken = script.attempts.iter().filter(|a| a.answer == DUNNO);
        for attempt in taken {
            let of_mail = recipients.entry(&attempt.instance).or_default();
            if attempt.stage == Stage::Rcpt {
                of_mail.push(attempt.recipient.clone());
                continue;
            }
            passed.push(Passed {
                at: attempt.at,
                login: attempt.login.clone(),
                sender: attempt.sender.clone(),
                recipients: std::mem::take(of_mail),
            });
        }
        passed
    }

    fn lock(&self) -> MutexGuard<'_, Script> {
        self.script
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        // Wakes the listening thread, which finds the script gone.
        self.script = Arc::default();
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// One connection: requests of `name=value` lines, each ended by an empty line.
fn serve(connection: TcpStream, script: &Mutex<Script>) {
    let _ = connection.set_nodelay(true);
    let Ok(mut writer) = connection.try_clone() else {
        return;
    };
    let mut request = HashMap::new();
    for line in BufReader::new(connection).lines() {
        let Ok(line) = line else { return };
        if let Some((name, value)) = line.split_once('=') {
            request.insert(name.to_owned(), value.to_owned());
            continue;
        }
        let answer = script
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .decide(&request);
        request.clear();
        if writer
            .write_all(format!("action={answer}\n\n").as_bytes())
            .is_err()
        {
            return;
        }
    }
}

impl Script {
    fn decide(&mut self, request: &HashMap<String, String>) -> String {
        let text = |name: &str| request.get(name).cloned().unwrap_or_default();
        let stage = match text("protocol_state").as_str() {
            "RCPT" => Stage::Rcpt,
            "DATA" => return self.origin(&text("sasl_username")),
            _ => Stage::Data,
        };
        let recipient = text("recipient").to_ascii_lowercase();
        let answer = self.rule(stage, &recipient).unwrap_or_else(|| DUNNO.into());
        let sender = text("sender");
        self.attempts.push(Attempt {
            at: Instant::now(),
            stage,
            sender,
            recipient,
            answer: answer.clone(),
            login: text("sasl_username"),
            instance: text("instance"),
        });
        answer
    }

    /// What a mail server that signs for its accounts would have found at the other end: the mail is from the domain of
    /// the account. Whether its `From` is, too, is for the reader to compare (RFC 7489 §3.1).
    fn origin(&self, login: &str) -> String {
        match (&self.authserv_id, login.split_once('@')) {
            (Some(id), Some((_, domain))) => {
                format!("PREPEND Authentication-Results: {id}; dkim=pass header.d={domain}")
            }
            _ => DUNNO.into(),
        }
    }

    /// The first rule that still applies, used once.
    fn rule(&mut self, stage: Stage, recipient: &str) -> Option<String> {
        let applies = |rule: &&mut Rule| {
            rule.stage == stage
                && rule.left != Some(0)
                && (rule.recipient == "*" || rule.recipient == recipient)
        };
        let rule = self.rules.iter_mut().find(applies)?;
        rule.left = rule.left.map(|left| left - 1);
        Some(rule.answer.clone())
    }
}
