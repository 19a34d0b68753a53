//! What Postfix answers to a recipient, decided by the test while Postfix runs: a policy service (Postfix'
//! SMTPD_POLICY_README), asked at each RCPT and at each end of data.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

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
}

/// The service. It ends with the process; a test's servers are gone long before.
pub struct Policy {
    port: u16,
    script: Arc<Mutex<Script>>,
}

#[derive(Default)]
struct Script {
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
    /// Serves in threads of its own, so that a busy test does not make Postfix wait.
    pub fn start() -> Policy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener
            .local_addr()
            .expect("a listener has an address")
            .port();
        let script = Arc::new(Mutex::new(Script::default()));
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
        let stage = if text("protocol_state") == "RCPT" {
            Stage::Rcpt
        } else {
            Stage::Data
        };
        let recipient = text("recipient").to_ascii_lowercase();
        let answer = self
            .rule(stage, &recipient)
            .unwrap_or_else(|| "DUNNO".into());
        let sender = text("sender");
        self.attempts.push(Attempt {
            at: Instant::now(),
            stage,
            sender,
            recipient,
            answer: answer.clone(),
        });
        answer
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
