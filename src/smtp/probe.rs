//! What `stanzamail check` asks the mail server.

use super::connect::{ConnectError, SmtpConnector};
use super::outcome::is_no_relay;
use super::submit::SmtpConnection;
use super::{SmtpCapabilities, SmtpConfig};
use crate::core::address::MailAddress;
use crate::core::id::{JobId, MessageId};
use crate::core::job::Job;
use crate::core::outcome::{Outcome, Reply};
use crate::core::time::Timestamp;
use crate::net::sasl::Mechanism;

/// Mail for elsewhere is asked about with this address. Nobody has the domain (RFC 2606 §3), its null MX (RFC 7505) keeps servers
/// from asking there whether it knows the address, and unlike `.invalid` it is in the DNS, which some servers look at before they
/// say whether they relay.
const ELSEWHERE: &str = "stanzamail-check@example.com";

/// What was found.
#[derive(Clone, Debug)]
pub struct ProbedServer {
    /// What the server can do.
    pub capabilities: SmtpCapabilities,
    /// By what we were let in, where there was a login.
    pub login: Option<Mechanism>,
    /// The first thing that it refused, in the order in which it was asked.
    pub refused: Option<RefusedCommand>,
}

/// A command of the envelope that was not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefusedCommand {
    /// Our login may not send as this address.
    Sender(MailAddress, Reply),
    /// It takes no mail to this address.
    Recipient(MailAddress, Reply),
    /// It takes mail to our users, and none to anybody else.
    Elsewhere(Reply),
}

/// Connects, logs in, reads what the server can do, and leaves.
///
/// # Errors
/// As [`try_addresses`].
pub async fn probe(config: SmtpConfig) -> Result<SmtpCapabilities, ConnectError> {
    let found = try_addresses(config, &[]).await?;
    Ok(found.capabilities)
}

/// Connects, logs in, and asks whether mail from each of these addresses to itself would be taken, and from the first one to
/// elsewhere, without sending any.
///
/// # Errors
/// [`ConnectError`] saying what failed and what to look at.
pub async fn try_addresses(
    config: SmtpConfig,
    addresses: &[MailAddress],
) -> Result<ProbedServer, ConnectError> {
    let mut connection = SmtpConnector::new(config)?.connect().await?;
    let capabilities = connection.capabilities().clone();
    let login = connection.login();
    let mut refused = None;
    for address in addresses {
        refused = envelope(&mut connection, address).await.err();
        if refused.is_some() {
            break;
        }
    }
    if let (None, Some(sender)) = (&refused, addresses.first()) {
        refused = elsewhere(&mut connection, sender).await;
    }
    connection.quit().await;
    Ok(ProbedServer {
        capabilities,
        login,
        refused,
    })
}

async fn envelope(
    connection: &mut SmtpConnection,
    address: &MailAddress,
) -> Result<(), RefusedCommand> {
    let sender = |reply| RefusedCommand::Sender(address.clone(), reply);
    let recipient = |reply: Reply| {
        // Postfix judges the sender only when it hears a recipient.
        if reply.text.to_ascii_lowercase().contains("sender") {
            sender(reply)
        } else {
            RefusedCommand::Recipient(address.clone(), reply)
        }
    };
    let mail = connection.command(&format!("MAIL FROM:<{address}>")).await;
    accepted(mail).map_err(sender)?;
    let rcpt = connection.command(&format!("RCPT TO:<{address}>")).await;
    let rcpt = accepted(rcpt).map_err(recipient);
    // Whatever it says: the next address gets a reply of its own, or none.
    let _ = connection.command("RSET").await;
    rcpt
}

/// Any other refusal is about the address.
async fn elsewhere(
    connection: &mut SmtpConnection,
    sender: &MailAddress,
) -> Option<RefusedCommand> {
    let mail = connection.command(&format!("MAIL FROM:<{sender}>")).await;
    accepted(mail).ok()?;
    let rcpt = connection.command(&format!("RCPT TO:<{ELSEWHERE}>")).await;
    let refused = accepted(rcpt).err().filter(is_no_relay);
    let _ = connection.command("RSET").await;
    refused.map(RefusedCommand::Elsewhere)
}

fn accepted(reply: Result<Reply, Reply>) -> Result<(), Reply> {
    match reply {
        Ok(Reply {
            code: Some(200..300),
            ..
        }) => Ok(()),
        Ok(reply) | Err(reply) => Err(reply),
    }
}

/// Sends one mail, which nobody is told of. Answers with what the server said where it did not take the mail.
///
/// # Errors
/// [`ConnectError`].
pub async fn send(
    config: SmtpConfig,
    from: MailAddress,
    to: MailAddress,
    message_id: MessageId,
    mail: &[u8],
) -> Result<Option<Reply>, ConnectError> {
    let now = Timestamp::now();
    let mut connection = SmtpConnector::new(config)?.connect().await?;
    let job = Job {
        id: JobId::derive(&message_id),
        message_id,
        ordering_key: String::new(),
        sequence: 0,
        from: Some(from),
        to: vec![to],
        origin: None,
        accepted: now,
        attempts: 0,
        next_attempt: now,
        delay_told: false,
        last_reply: None,
        certain: true,
        silent: true,
        expires: None,
        replaceable: false,
        files: Vec::new(),
        draft: None,
    };
    let submitted = connection.submit(&job, mail).await;
    connection.quit().await;
    let mut outcomes = submitted.attempt.into_iter();
    Ok(outcomes.find_map(|(_, outcome)| match outcome {
        Outcome::Delivered(_) => None,
        Outcome::Retry { reply, .. } | Outcome::Refused(reply) => Some(reply),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smtp::TlsMode;
    use crate::smtp::fake::{Fake, Say, short_limits};

    async fn refused(command: &'static str, reply: &'static str) -> Option<RefusedCommand> {
        let fake = Fake::start(move |_, line| match line.starts_with(command) {
            true => Say::Reply(reply),
            false => Say::Usual,
        })
        .await;
        let mut config = SmtpConfig::new("localhost", fake.port, TlsMode::Plain, "a.example");
        config.limits = short_limits();
        let addresses = [
            "a@b.example".parse().unwrap(),
            "c@d.example".parse().unwrap(),
        ];
        let found = try_addresses(config, &addresses).await.unwrap();
        assert!(
            !fake.seen().iter().any(|line| line.ends_with("DATA")),
            "nothing is sent"
        );
        found.refused
    }

    #[tokio::test]
    async fn who_may_not_send_and_who_gets_no_mail_are_told_apart() {
        assert_eq!(refused("NOTHING", "").await, None);
        let not_ours = "553 5.7.1 <c@d.example>: Sender address rejected: not owned by user\r\n";
        for command in ["MAIL FROM:<c", "RCPT TO:<c"] {
            let refused = refused(command, not_ours).await;
            assert!(
                matches!(refused, Some(RefusedCommand::Sender(who, _)) if who.to_string() == "c@d.example")
            );
        }
        let command = "RCPT TO:<stanzamail-check@example.com";
        let no_relay = "454 4.7.1 <stanzamail-check@example.com>: Relay access denied\r\n";
        let elsewhere = refused(command, no_relay).await;
        assert!(
            matches!(elsewhere, Some(RefusedCommand::Elsewhere(reply)) if reply.code == Some(454))
        );
        let no_mail =
            "556 5.1.10 <stanzamail-check@example.com>: does not accept mail (nullMX)\r\n";
        assert_eq!(refused(command, no_mail).await, None);
        let unknown = "550 5.1.1 <a@b.example>: User unknown in virtual alias table\r\n";
        let refused = refused("RCPT TO:<a", unknown).await;
        assert!(
            matches!(refused, Some(RefusedCommand::Recipient(_, reply)) if reply.code == Some(550))
        );
    }
}
