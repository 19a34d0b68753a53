//! What is said to a server for a mail, as far as it is known before anything was said. Pure.

use crate::core::address::MailAddress;
use crate::core::job::Job;
use crate::core::outcome::{Attempt, Outcome};
use crate::smtp::SmtpCapabilities;
use crate::smtp::content::WireFacts;
use crate::smtp::outcome::own_refusal;

/// The most that is sent before replies are read, in octets: RFC 2920 §3.1 gives 4 KiB as the usual TCP window.
const WINDOW_OCTETS_MAX: usize = 4096;

/// A mail of up to so many octets goes together with its commands, before the server has said whether it takes it. It fits into
/// what servers receive without reading, so that neither side waits for the other one to read; and of a bigger one more would be
/// lost where nobody takes it.
const AHEAD_OCTETS_MAX: u64 = 32 * 1024;

/// RFC 3461 §4.4.
const ENVELOPE_ID_OCTETS_MAX: usize = 100;

/// What is said for a job to a server with these capabilities, and who need not be asked about.
pub(super) struct TransactionPlan {
    /// The line with `MAIL`.
    pub mail: String,
    /// Whom to ask for, each with its line with `RCPT`.
    pub recipients: Vec<(MailAddress, String)>,
    /// Whom this server cannot serve.
    pub refused: Attempt,
    /// The line with `BDAT`, where the server knows it.
    chunk: Option<String>,
    /// Whether the mail may go together with its commands.
    may_go_ahead: bool,
}

impl TransactionPlan {
    pub(super) fn new(job: &Job, mail: WireFacts, can: &SmtpCapabilities) -> Self {
        let needs = Needs::of(job, mail);
        let no_one = |refusal: &Outcome| Self {
            mail: String::new(),
            recipients: Vec::new(),
            refused: job
                .to
                .iter()
                .map(|to| (to.clone(), refusal.clone()))
                .collect(),
            chunk: None,
            may_go_ahead: false,
        };
        if let Some(refusal) = needs.refusal(can) {
            return no_one(&refusal);
        }
        let (mut recipients, mut refused) = (Vec::new(), Vec::new());
        for to in &job.to {
            if to.needs_smtputf8() && !can.smtputf8 {
                refused.push((to.clone(), no_smtputf8()));
            } else {
                recipients.push((to.clone(), rcpt_line(job, to, can)));
            }
        }
        Self {
            mail: mail_line(job, &needs, can),
            recipients,
            refused,
            // All of a mail is one chunk, the last one.
            chunk: can
                .chunking
                .then(|| format!("BDAT {} LAST\r\n", mail.octets)),
            may_go_ahead: can.pipelining && mail.octets <= AHEAD_OCTETS_MAX,
        }
    }

    /// The commands up to the mail, in order.
    pub(super) fn commands(&self) -> Vec<SmtpCommand> {
        std::iter::once(SmtpCommand::Mail)
            .chain((0..self.recipients.len()).map(SmtpCommand::Rcpt))
            .chain(std::iter::once(match self.chunk {
                Some(_) => SmtpCommand::Chunk,
                None => SmtpCommand::Data,
            }))
            .collect()
    }

    /// How many of these commands are sent before a reply is read, and their lines. Without PIPELINING it is one; with
    /// it as many as fit into the window that RFC 2920 §3.1 names: we do not read while we write, and more could fill
    /// the buffers both ways until each side waits for the other one to read.
    pub(super) fn window(&self, commands: &[SmtpCommand], pipelining: bool) -> (usize, String) {
        let most = if pipelining { WINDOW_OCTETS_MAX } else { 0 };
        let (mut count, mut lines) = (0_usize, String::new());
        for command in commands {
            let line = self.line(*command);
            if count > 0 && *command == SmtpCommand::Chunk && !self.may_go_ahead {
                break;
            }
            if count > 0 && lines.len().saturating_add(line.len()) > most {
                break;
            }
            lines.push_str(line);
            count = count.saturating_add(1);
        }
        (count, lines)
    }

    fn line(&self, command: SmtpCommand) -> &str {
        match command {
            SmtpCommand::Mail => &self.mail,
            SmtpCommand::Rcpt(index) => self
                .recipients
                .get(index)
                .map_or("", |(_, line)| line.as_str()),
            SmtpCommand::Data => "DATA\r\n",
            SmtpCommand::Chunk => self.chunk.as_deref().unwrap_or_default(),
        }
    }
}

/// A command of a mail transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SmtpCommand {
    Mail,
    /// For one of [`TransactionPlan::recipients`].
    Rcpt(usize),
    Data,
    /// `BDAT` with the mail (RFC 3030 §2).
    Chunk,
}

/// What a mail asks of a server.
struct Needs {
    octets: u64,
    /// RFC 6152.
    eight_bit: bool,
    /// RFC 6531, because of the sender's address or the header.
    smtputf8: bool,
    /// RFC 6531, because of a recipient's address.
    smtputf8_recipient: bool,
}

impl Needs {
    fn of(job: &Job, mail: WireFacts) -> Self {
        Self {
            octets: mail.octets,
            eight_bit: !mail.is_ascii,
            smtputf8: !mail.is_header_ascii
                || job.from.as_ref().is_some_and(MailAddress::needs_smtputf8),
            smtputf8_recipient: job.to.iter().any(MailAddress::needs_smtputf8),
        }
    }

    /// Why this server cannot be given the mail at all, if so.
    fn refusal(&self, can: &SmtpCapabilities) -> Option<Outcome> {
        if let Some(most @ 1..) = can.size
            && self.octets > most
        {
            let text = format!(
                "the mail has {} octets, the mail server takes at most {most}",
                self.octets
            );
            return Some(own_refusal((5, 3, 4), &text));
        }
        if self.smtputf8 && !can.smtputf8 {
            return Some(no_smtputf8());
        }
        let no_eight_bit = self.eight_bit && !can.eight_bit_mime;
        no_eight_bit
            .then(|| own_refusal((5, 6, 3), "the mail server takes no 8-bit mail (8BITMIME)"))
    }
}

fn no_smtputf8() -> Outcome {
    let text = "the mail server takes no addresses with other letters than ASCII (SMTPUTF8)";
    own_refusal((5, 6, 7), text)
}

/// `MAIL` with what the server offers: SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC 6531), RET and ENVID (RFC 3461).
/// An address has no line ends and no control characters: [`MailAddress`] sees to that.
fn mail_line(job: &Job, needs: &Needs, can: &SmtpCapabilities) -> String {
    let from = job
        .from
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let mut line = format!("MAIL FROM:<{from}>");
    if can.size.is_some() {
        line.push_str(&format!(" SIZE={}", needs.octets));
    }
    if needs.eight_bit {
        line.push_str(" BODY=8BITMIME");
    }
    if (needs.smtputf8 || needs.smtputf8_recipient) && can.smtputf8 {
        line.push_str(" SMTPUTF8");
    }
    if wants_dsn(job, can) {
        line.push_str(&format!(" RET=HDRS ENVID={}", envelope_id(job)));
    }
    line.push_str("\r\n");
    line
}

fn rcpt_line(job: &Job, to: &MailAddress, can: &SmtpCapabilities) -> String {
    let notify = if job.silent && can.dsn {
        " NOTIFY=NEVER"
    } else if wants_dsn(job, can) {
        // Of success only where the receipt waits for it.
        match job.origin.as_ref().is_some_and(|origin| origin.confirm) {
            true => " NOTIFY=SUCCESS,FAILURE,DELAY",
            false => " NOTIFY=FAILURE,DELAY",
        }
    } else {
        ""
    };
    format!("RCPT TO:<{to}>{notify}\r\n")
}

/// Whether reports are asked for: somebody waits for the mail, and there is somewhere to send them.
fn wants_dsn(job: &Job, can: &SmtpCapabilities) -> bool {
    can.dsn && !job.silent && job.from.is_some()
}

/// What a report calls the mail, also where nothing of the mail comes back: its Message-ID where that fits, in the form
/// of RFC 3461 §4 and §4.4.
fn envelope_id(job: &Job) -> String {
    let id = job.message_id.as_str();
    let id = id.replace('+', "+2B").replace('=', "+3D");
    match id.len() <= ENVELOPE_ID_OCTETS_MAX {
        true => id,
        false => job.id.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::job::{ComposedMail, Origin, OriginKind};
    use crate::smtp::fake::mail;

    #[test]
    fn reports_are_asked_for_where_the_server_can_and_somebody_waits() {
        let mut one = mail("one", "queue", 1, &["a@x.example"]);
        let mut can = SmtpCapabilities {
            dsn: true,
            ..SmtpCapabilities::default()
        };
        let all_lines = |mail: &ComposedMail, can: &SmtpCapabilities| {
            let plan = TransactionPlan::new(&mail.job, WireFacts::of(&mail.bytes), can);
            plan.window(&plan.commands(), true).1
        };
        let id = one.job.message_id.to_string();
        let expected = format!(
            "MAIL FROM:<alice@mail.example> RET=HDRS ENVID={id}\r\nRCPT TO:<a@x.example> NOTIFY=FAILURE,DELAY\r\nDATA\r\n"
        );
        assert_eq!(all_lines(&one, &can), expected);
        let success = expected.replace("NOTIFY=", "NOTIFY=SUCCESS,");
        one.job.origin = Some(Origin {
            user: jid::Jid::new("alice@a.example/phone").unwrap(),
            contact: jid::BareJid::new("a\\40x.example@gateway.example").unwrap(),
            stanza_id: None,
            language: None,
            kind: OriginKind::Message,
            receipt: true,
            confirm: true,
        });
        assert_eq!(all_lines(&one, &can), success);
        one.job.silent = true;
        let expected =
            "MAIL FROM:<alice@mail.example>\r\nRCPT TO:<a@x.example> NOTIFY=NEVER\r\nDATA\r\n";
        assert_eq!(all_lines(&one, &can), expected);
        can.dsn = false;
        assert!(!all_lines(&one, &can).contains("NOTIFY"));
        one.job.silent = false;
        assert!(!all_lines(&one, &can).contains("NOTIFY"));
    }

    #[test]
    fn the_envelopes_id_is_the_message_id_where_that_fits() {
        let mut job = mail("one", "queue", 1, &["a@x.example"]).job;
        let (long, own) = (format!("a@{}.example", "b".repeat(100)), job.id.to_string());
        for (id, expected) in [
            ("0a1b@chat.a.example", "0a1b@chat.a.example"),
            ("a+b=@c.example", "a+2Bb+3D@c.example"),
            (&long, &own),
        ] {
            job.message_id = crate::core::id::MessageId::parse(id).unwrap();
            assert_eq!(envelope_id(&job), expected);
        }
    }

    #[test]
    fn a_window_holds_4096_octets_or_one_command_and_nothing_is_left_out() {
        let names: Vec<String> = (0..1000).map(|n| format!("user{n:04}@x.example")).collect();
        let to: Vec<&str> = names.iter().map(String::as_str).collect();
        let many = mail("many", "queue", 1, &to);
        let facts = WireFacts::of(&many.bytes);
        let plan = TransactionPlan::new(&many.job, facts, &SmtpCapabilities::default());
        for pipelining in [false, true] {
            let (commands, mut all, mut windows) = (plan.commands(), String::new(), 0);
            let mut rest = commands.as_slice();
            while !rest.is_empty() {
                let (count, lines) = plan.window(rest, pipelining);
                assert!(lines.len() <= WINDOW_OCTETS_MAX && lines.lines().count() == count);
                rest = &rest[count..];
                all.push_str(&lines);
                windows += 1;
            }
            assert_eq!(all.lines().count(), 1002);
            assert!(all.starts_with("MAIL") && all.ends_with("user0999@x.example>\r\nDATA\r\n"));
            assert_eq!(windows, if pipelining { 8 } else { 1002 });
        }
        assert_eq!(plan.window(&[], true), (0, String::new()));
    }
}
