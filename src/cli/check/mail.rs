//! The mail server and the mailboxes.

use super::{CheckLine, CheckResult, PATIENCE, own_mail};
use crate::config::{self, Config};
use crate::core::address::MailAddress;
use crate::core::outcome::Reply;
use crate::core::rules::CHECK;
use crate::core::{authentication, from_mail};
use crate::{imap, smtp, supervisor};
use jid::BareJid;
use std::collections::BTreeSet;

/// So many addresses are tried: one of each domain, and of pairs.
const TRIED_MAX: usize = 10;
/// From then on it is said how full a mailbox is, in hundredths.
const FULL_FROM: u128 = 90;

/// An address of each rule that is nobody's.
pub(super) fn made_up(config: &Config) -> Vec<MailAddress> {
    let domains = config.users.domains.iter().map(|domain| domain.as_str());
    let of_jids = config.users.jids.iter().map(|jid| jid.domain().as_str());
    let domains: BTreeSet<&str> = domains.chain(of_jids).collect();
    let address = |domain: &str| {
        let jid = BareJid::new(&format!("{CHECK}@{domain}")).ok()?;
        config.rules().reserved_of(&jid)
    };
    let all: BTreeSet<MailAddress> = domains.into_iter().filter_map(address).collect();
    all.into_iter().take(TRIED_MAX).collect()
}

/// Whether the mail server lets us in, and takes mail from and to our users.
pub(super) async fn submission(config: &Config, made_up: &[MailAddress]) -> CheckLine {
    let what = format!("SMTP {}:{}", config.smtp.host, config.smtp.port);
    let mut smtp = supervisor::smtp_config(config);
    smtp.limits.connect = PATIENCE;
    smtp.limits.command = PATIENCE;
    let pairs = config.pair.iter().map(|pair| pair.mail.clone());
    let tried: Vec<MailAddress> = made_up
        .iter()
        .cloned()
        .chain(pairs)
        .take(TRIED_MAX)
        .collect();
    let found = match smtp::try_addresses(smtp, &tried).await {
        Ok(found) => found,
        Err(error) => {
            let silent = matches!(error, smtp::ConnectError::Silent { .. });
            let ports = "implicit TLS is on port 465, STARTTLS on 587, and no TLS on 25";
            return CheckLine::wrong(what, with_hint(error.to_string(), silent, ports));
        }
    };
    match found.refused {
        None => CheckLine::ok(what, offered(&found)),
        Some(refused) => CheckLine::new(what, refusal(&refused)),
    }
}

/// What is refused for now may be greylisting.
fn refusal(refused: &smtp::RefusedCommand) -> CheckResult {
    let (smtp::RefusedCommand::Sender(_, reply)
    | smtp::RefusedCommand::Recipient(_, reply)
    | smtp::RefusedCommand::Elsewhere(reply)) = refused;
    // RFC 3207 §4: a server that wants TLS says so to every command.
    if reply.code == Some(530) && words(reply).to_uppercase().contains("STARTTLS") {
        return CheckResult::Wrong(format!(
            "it takes nothing without TLS: {}; set tls = \"starttls\" in [smtp]",
            words(reply)
        ));
    }
    let (says, reply) = match refused {
        smtp::RefusedCommand::Sender(address, reply) => (
            format!(
                "it lets us in, but does not take mail from {address}: {}; the login of [smtp] must be allowed to send as \
                 every address of the users (Postfix: smtpd_sender_login_maps)",
                words(reply)
            ),
            reply,
        ),
        smtp::RefusedCommand::Recipient(address, reply) => (
            format!(
                "it lets us in, but does not take mail to {address}: {}; mail to all users' addresses must reach the mailbox: \
                 their domain must be one for which the mail server takes mail (Postfix: virtual_mailbox_domains), with a \
                 catch-all; see the README",
                words(reply)
            ),
            reply,
        ),
        smtp::RefusedCommand::Elsewhere(reply) => {
            let remedy = smtp::outcome::RELAY_REMEDY;
            return CheckResult::Wrong(format!("{remedy}; it says: {}", words(reply)));
        }
    };
    if reply.code.is_some_and(|code| code >= 500) {
        CheckResult::Wrong(says)
    } else {
        CheckResult::Note(says)
    }
}

pub(super) fn words(reply: &Reply) -> String {
    let code = reply.code.map(|code| format!("{code} "));
    format!("{}{}", code.unwrap_or_default(), reply.text)
}

/// Two that each wait for the other to begin: the usual reason for silence.
fn with_hint(wrong: String, silent: bool, ports: &str) -> String {
    match silent {
        true => format!("{wrong}; does tls = \"…\" suit the port? {ports}"),
        false => wrong,
    }
}

/// What the mail server can do, and what it means that it cannot.
fn offered(found: &smtp::ProbedServer) -> String {
    let login = found.login.map_or_else(
        || "it lets us in without a login".to_owned(),
        |mechanism| format!("it lets us in by {}", mechanism.name()),
    );
    let found = &found.capabilities;
    let size = match found.size {
        None => "no SIZE (mails that are too big are refused late)".to_owned(),
        Some(0) => "SIZE without a limit".to_owned(),
        Some(octets) => format!("SIZE up to {octets} octets"),
    };
    let dsn = if found.dsn {
        "DSN"
    } else {
        "no DSN (bounces say less)"
    };
    let utf8 = if found.smtputf8 {
        "SMTPUTF8"
    } else {
        "no SMTPUTF8 (addresses beyond ASCII are refused)"
    };
    format!("{login}; {size}, {dsn}, {utf8}")
}

/// What a mailbox can do, how full it is, and whether its mails say who they are from.
pub(super) async fn reading(mailbox: &config::Mailbox, config: &Config) -> Vec<CheckLine> {
    let what = format!("IMAP {}:{}, {}", mailbox.host, mailbox.port, mailbox.name());
    let imap = impatient(mailbox, config);
    let found = match imap::look(&imap).await {
        Ok(found) => found,
        Err(error) => {
            let silent = matches!(error, imap::ImapError::Silent(_));
            let ports = "implicit TLS is on port 993, STARTTLS and no TLS on 143";
            return vec![CheckLine::wrong(
                what,
                with_hint(error.to_string(), silent, ports),
            )];
        }
    };
    let mut lines = vec![CheckLine::ok(
        what.clone(),
        readable(&found.capabilities, mailbox),
    )];
    if let Some((used, limit)) = found.storage {
        lines.extend(fullness(&what, used, limit));
    }
    if !config.trust.authserv_ids.is_empty() {
        lines.push(CheckLine::new(
            what,
            verified(&found.headers, &config.trust.authserv_ids, &mailbox.after),
        ));
    }
    lines
}

/// The mailbox's configuration with a person's patience.
pub(super) fn impatient(mailbox: &config::Mailbox, config: &Config) -> imap::MailboxConfig {
    let mut imap = supervisor::mailbox_config(mailbox, config);
    imap.timings.connect = PATIENCE;
    imap.timings.silence = PATIENCE;
    imap
}

/// In kibibytes (RFC 9208 §5.1).
fn fullness(what: &str, used: u64, limit: u64) -> Option<CheckLine> {
    let hundredths = u128::from(used) * 100;
    let hundredths = hundredths.checked_div(u128::from(limit)).unwrap_or(100);
    let says = format!("{used} of {limit} KiB of its quota are in use");
    match hundredths {
        0..FULL_FROM => None,
        FULL_FROM..100 => Some(CheckLine::note(
            what,
            format!(
                "{says}; when it is full, mail for your users is refused; after = \"delete\" of [[mailbox]] keeps it empty"
            ),
        )),
        _ => Some(CheckLine::wrong(
            what,
            format!(
                "it is full: {says}, and mail for your users is refused; delete mails, or give it more room"
            ),
        )),
    }
}

/// Whether the newest mails have what `[trust]` believes.
fn verified(headers: &[Vec<u8>], authserv_ids: &[String], after: &imap::After) -> CheckResult {
    let ids = authserv_ids.join(", ");
    let mut others = BTreeSet::new();
    let (mut all, mut count): (usize, usize) = (0, 0);
    let mails = headers
        .iter()
        .filter_map(|header| from_mail::read(header, &[], true).ok());
    // What `check` has sent itself came from nowhere else.
    for mail in mails.filter(|mail| !own_mail::is_own(&mail.message_id)) {
        all = all.saturating_add(1);
        let fields = mail.authentication.iter();
        let written_by: Vec<String> = fields
            .filter_map(|field| authentication::parse(field))
            .map(|field| field.authserv_id)
            .collect();
        let is_ours = |id: &String| authserv_ids.iter().any(|our| our.eq_ignore_ascii_case(id));
        if written_by.iter().any(is_ours) {
            count = count.saturating_add(1);
        }
        others.extend(written_by.into_iter().take(3));
    }
    if count > 0 {
        let of_all = match all {
            1 => "the only mail has".to_owned(),
            all => format!("{count} of the newest {all} mails have"),
        };
        return CheckResult::Ok(format!("{of_all} Authentication-Results of {ids}"));
    }
    let none = match all {
        0 => return CheckResult::Note(no_mail(&ids, after)),
        1 => "the only mail has no".to_owned(),
        all => format!("none of the newest {all} mails has"),
    };
    let others: Vec<String> = others.into_iter().take(5).collect();
    if others.is_empty() {
        return CheckResult::Note(format!(
            "{none} Authentication-Results, so that no sender is verified; unless all that comes is from your own users, see \
             docs/OPERATING.md, “Who a mail is from”"
        ));
    }
    CheckResult::Wrong(format!(
        "{none} Authentication-Results of {ids}, and yet there are those of {}; if that is your mail server, name it in \
         authserv_ids of [trust]",
        others.join(", ")
    ))
}

fn no_mail(ids: &str, after: &imap::After) -> String {
    let remedy = match after {
        imap::After::Delete => {
            "handled mails are deleted: stop the gateway, send one from elsewhere and check again"
        }
        _ => "send one from elsewhere and check again",
    };
    format!("it has no mail by which to see whether {ids} writes Authentication-Results; {remedy}")
}

fn readable(found: &imap::ImapCapabilities, mailbox: &config::Mailbox) -> String {
    let idle = if found.idle {
        "IDLE".to_owned()
    } else {
        format!("no IDLE (looked at every {:?})", mailbox.poll)
    };
    let uidplus = if found.uidplus {
        "UIDPLUS"
    } else {
        "no UIDPLUS (mails are flagged as deleted, not removed)"
    };
    let moving = if found.mov {
        "MOVE"
    } else {
        "no MOVE (mails are copied and deleted)"
    };
    let keywords = if found.keywords {
        "keywords"
    } else {
        "no keywords (mail for nobody is looked at again at each start)"
    };
    let mails = match found.exists {
        1 => "1 mail".to_owned(),
        count => format!("{count} mails"),
    };
    format!(
        "{mails}; it lets us in by {}; {idle}, {uidplus}, {moving}, {keywords}",
        found.login
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_that_is_nearly_full_is_a_note_and_a_full_one_is_wrong() {
        assert_eq!(fullness("a", 89, 100), None);
        assert!(matches!(
            fullness("a", 90, 100).unwrap().finding,
            CheckResult::Note(_)
        ));
        assert!(matches!(
            fullness("a", 100, 100).unwrap().finding,
            CheckResult::Wrong(_)
        ));
        assert!(matches!(
            fullness("a", 0, 0).unwrap().finding,
            CheckResult::Wrong(_)
        ));
        assert!(matches!(
            fullness("a", u64::MAX, u64::MAX).unwrap().finding,
            CheckResult::Wrong(_)
        ));
    }

    #[test]
    fn what_the_newest_mails_say_of_their_senders_is_compared_with_whom_we_believe() {
        let mail = |by: &str| {
            format!("Authentication-Results: {by}; spf=pass\r\nFrom: a@b.example\r\n\r\n")
                .into_bytes()
        };
        let plain = b"From: a@b.example\r\n\r\n".to_vec();
        let ours = ["mx.example".to_owned()];
        let says = |headers: &[Vec<u8>], expected: &str| {
            let line =
                CheckLine::new("a", verified(headers, &ours, &imap::After::Seen)).to_string();
            assert!(line.contains(expected), "{expected:?} is not in {line}");
        };
        says(&[], "note   a: it has no mail by which");
        let one = std::slice::from_ref(&plain);
        says(
            one,
            "note   a: the only mail has no Authentication-Results, so",
        );
        let two = [plain.clone(), mail("MX.example")];
        says(&two, "ok     a: 1 of the newest 2 mails have");
        says(
            &two[1..],
            "ok     a: the only mail has Authentication-Results of mx",
        );
        let other = [plain.clone(), mail("mx.other.example")];
        says(
            &other,
            "WRONG  a: none of the newest 2 mails has Authentication-Results of mx.example,",
        );
        says(
            &other,
            "there are those of mx.other.example; if that is your mail server",
        );

        let check = "stanzamail-check@b.example".parse().unwrap();
        let (_, own) = own_mail::written(&check).unwrap();
        let own = own.into_bytes();
        says(
            std::slice::from_ref(&own),
            "note   a: it has no mail by which",
        );
        says(&[own, plain], "note   a: the only mail has no");
        let deleted = verified(&[], &ours, &imap::After::Delete);
        assert!(matches!(deleted, CheckResult::Note(says) if says.contains("stop the gateway")));
    }

    #[test]
    fn a_mail_server_that_does_not_relay_is_wrong_also_if_it_says_not_now() {
        let reply = smtp::outcome::reply(454, "4.7.1 <a@example.com>: Relay access denied");
        let says =
            CheckLine::new("SMTP", refusal(&smtp::RefusedCommand::Elsewhere(reply))).to_string();
        assert!(
            says.starts_with("WRONG  SMTP: the mail server takes mail for its own"),
            "{says}"
        );
        for words in [
            "mynetworks",
            "“With TLS and a login”",
            "454 <a@example.com>: Relay",
        ] {
            assert!(says.contains(words), "{words}: {says}");
        }
    }
}
