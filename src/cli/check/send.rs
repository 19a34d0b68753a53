//! `check --send`: whether a mail that leaves by the mail server arrives in the mailbox, with what the gateway needs of it.

use super::{CheckLine, CheckResult, mail, own_mail};
use crate::config::Config;
use crate::core::address::MailAddress;
use crate::core::from_mail;
use crate::{imap, smtp, supervisor};
use futures::future::join_all;
use std::time::{Duration, Instant};

/// How long the mail may be on its way.
const ON_ITS_WAY: Duration = Duration::from_secs(30);

/// Sends a mail from the address to itself and waits for it. Nobody has the address, so that a gateway that is running leaves
/// the mail alone.
pub(super) async fn line(config: &Config, address: &MailAddress) -> CheckLine {
    let what = format!("a mail to {address}");
    let shared: Vec<_> = config
        .mailbox
        .iter()
        .filter(|one| one.user.is_none())
        .collect();
    if shared.is_empty() {
        return CheckLine::note(
            what,
            "was not sent: there is no mailbox for all users in which it could be seen",
        );
    }
    let Some((message_id, text)) = own_mail::written(address) else {
        return CheckLine::wrong(what, "was not sent: the system gives us no random number");
    };
    let began = Instant::now();
    let sent = smtp::send(
        supervisor::smtp_config(config),
        address.clone(),
        address.clone(),
        message_id.clone(),
        text.as_bytes(),
    );
    match sent.await {
        Ok(None) => {}
        Ok(Some(reply)) => {
            return CheckLine::wrong(
                what,
                format!("was refused by the mail server: {}", mail::words(&reply)),
            );
        }
        Err(error) => return CheckLine::wrong(what, format!("was not sent: {error}")),
    }
    let awaited = shared.iter().map(|mailbox| {
        let (imap, id) = (mail::impatient(mailbox, config), message_id.clone());
        async move { (imap::take(&imap, id.as_str(), ON_ITS_WAY).await, *mailbox) }
    });
    let mut trouble = None;
    for (taken, mailbox) in join_all(awaited).await {
        match taken {
            Ok(Some(header)) => {
                let finding = arrived(
                    &header,
                    address,
                    &mailbox.recipient_headers,
                    began.elapsed(),
                );
                return CheckLine::new(format!("{what}, in {}", mailbox.name()), finding);
            }
            Ok(None) => {}
            Err(error) => trouble = Some(error.to_string()),
        }
    }
    CheckLine::wrong(
        what,
        trouble.unwrap_or_else(|| {
            format!(
                "was accepted by the mail server but is in no mailbox after {} s; its log says where {message_id} went; most \
                 often a catch-all is missing, or a mailbox is full",
                ON_ITS_WAY.as_secs()
            )
        }),
    )
}

/// Those of the fields that hold the address.
fn named_in(header: &[u8], address: &MailAddress, names: &[String]) -> String {
    let holds = |name: &&String| {
        let mail = from_mail::read(header, std::slice::from_ref(*name), true);
        mail.is_ok_and(|mail| mail.envelope_to.concat().contains(address))
    };
    let named: Vec<&str> = names.iter().filter(holds).map(String::as_str).collect();
    named.join(", ")
}

/// Without a signature (RFC 6376) the mail of the users is refused at many places, or taken for spam. A relay behind the mail
/// server may sign as well, and does so only for mail that goes through it.
fn unsigned(header: &[u8]) -> &'static str {
    let name = b"DKIM-Signature:";
    let mut lines = header.split(|octet| *octet == b'\n');
    let is_signed = lines.any(|line| {
        line.get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
    });
    match is_signed {
        true => "",
        false => {
            ". It left without DKIM-Signature: unless a relay signs later, see the README, “Before you write to the world”"
        }
    }
}

/// Whether the header says for whom the mail was.
fn arrived(header: &[u8], address: &MailAddress, names: &[String], took: Duration) -> CheckResult {
    let took = format!("arrived after {:.1} s", took.as_secs_f32());
    let names_joined = names.join(", ");
    match from_mail::read(header, names, true) {
        Ok(mail) if mail.envelope_to.concat().contains(address) => CheckResult::Ok(format!(
            "{took}, with its recipient in {}; it is deleted. (It went the way of the gateway's own mail: that mail from \
             elsewhere arrives as well, only such a mail can show){}",
            named_in(header, address, names),
            unsigned(header)
        )),
        Ok(mail) if mail.envelope_to.concat().is_empty() => CheckResult::Wrong(format!(
            "{took}, and none of {names_joined} says for whom it was, so that blind copies and lists reach nobody; let the \
             mail server write one of them, or name the one that it writes in recipient_headers of [[mailbox]]"
        )),
        Ok(mail) => CheckResult::Wrong(format!(
            "{took}, and {names_joined} says that it was for {}; let the mail server write the address of the envelope, as it \
             was sent",
            mail.envelope_to
                .concat()
                .first()
                .map(ToString::to_string)
                .unwrap_or_default()
        )),
        Err(error) => CheckResult::Wrong(format!("{took}, and cannot be read: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_fields_that_it_has_are_named() {
        let address = MailAddress::parse("check@mail.example").unwrap();
        let names = ["Delivered-To", "X-Original-To", "Envelope-To"].map(str::to_owned);
        let header = b"X-Original-To: check@mail.example\r\nDelivered-To: all@mail.example\r\n\
            From: <check@mail.example>\r\nTo: <check@mail.example>\r\nMessage-ID: <1@mail.example>\r\n\r\n";
        assert_eq!(named_in(header, &address, &names), "X-Original-To");
        let CheckResult::Ok(said) = arrived(header, &address, &names, Duration::ZERO) else {
            panic!("it says for whom it was");
        };
        assert!(said.contains("in X-Original-To;"), "{said}");
        assert!(said.contains("left without DKIM-Signature"), "{said}");
        let signed = [b"dkim-signature: v=1; a=rsa-sha256\r\n", &header[..]].concat();
        let CheckResult::Ok(said) = arrived(&signed, &address, &names, Duration::ZERO) else {
            panic!("it says for whom it was");
        };
        assert!(!said.contains("DKIM"), "{said}");
    }
}
