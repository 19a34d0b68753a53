//! Numbered mails and messages, for scenarios that count what arrives.

#![allow(dead_code)]

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::{Duration, Instant};

use super::servers::stanza::{body, kind_of, stanza_id};
use super::servers::{Mail, Mailbox, PATIENCE, XmppClient, submit};
use super::world::World;

/// How long a scenario waits for hundreds of mails.
const PATIENCE_FOR_MANY: Duration = Duration::from_secs(60);

/// A mail from Carol to Alice that says one thing. It has no subject, so the message's body is its text alone.
pub fn mail(text: &str) -> String {
    mail_to("alice@chat.a.example", text)
}

/// The same to another user: a body would begin with who else it is for.
pub fn mail_to(address: &str, text: &str) -> String {
    let id = text.replace(' ', "-");
    format!(
        "From: Carol <carol@mail.example>\nTo: {address}\nMessage-ID: <{id}@mail.example>\n\n{text}\n"
    )
}

/// `mail 0`, `mail 1`, …
pub fn mails(numbers: Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("mail {number}")).collect()
}

/// Carol sends mails that say these things, one after the other.
pub async fn carol_sends<T: AsRef<str>>(world: &World, texts: &[T]) {
    for text in texts {
        let to = ["alice@chat.a.example"];
        let taken = world
            .mail
            .submit("carol@mail.example", &to, mail(text.as_ref()));
        taken.await.expect("Postfix takes Carol's mail");
    }
}

/// The same beside the test, with a pause after each.
pub fn carol_goes_on_sending(
    world: &World,
    texts: Vec<String>,
    pause: Duration,
) -> tokio::task::JoinHandle<()> {
    let port = world.mail.smtp_port;
    tokio::spawn(async move {
        for text in texts {
            submit(
                port,
                "carol@mail.example",
                &["alice@chat.a.example"],
                mail(&text),
            )
            .await
            .expect("Postfix takes Carol's mail");
            tokio::time::sleep(pause).await;
        }
    })
}

/// The bodies of all messages so far, in the order in which they came.
pub fn texts(user: &XmppClient) -> Vec<String> {
    user.received()
        .iter()
        .filter(|stanza| stanza.name() == "message" && kind_of(stanza) != "error")
        .filter_map(body)
        .collect()
}

/// Which stanza ids each text came under.
pub fn ids_by_text(user: &XmppClient) -> BTreeMap<String, BTreeSet<String>> {
    let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for stanza in user.received() {
        if let (Some(text), "message") = (body(&stanza), stanza.name()) {
            ids.entry(text).or_default().insert(stanza_id(&stanza));
        }
    }
    ids
}

/// Which Message-IDs each text lies in a mailbox under.
pub fn message_ids_by_text(mails: &[Mail]) -> BTreeMap<String, BTreeSet<String>> {
    let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for mail in mails {
        let text = mail.body().trim().to_owned();
        ids.entry(text).or_default().insert(mail.message_id());
    }
    ids
}

/// Each text came under one name.
pub fn one_name_each(names: &BTreeMap<String, BTreeSet<String>>, what: &str) {
    let several: Vec<_> = names.iter().filter(|(_, names)| names.len() > 1).collect();
    assert!(several.is_empty(), "several {what}: {several:?}");
}

/// Waits until the user has received all of these at least once.
pub async fn receives_all(user: &XmppClient, wanted: &[String]) {
    receives_all_within(user, wanted, PATIENCE_FOR_MANY).await;
}

/// The same with more patience.
pub async fn receives_all_within(user: &XmppClient, wanted: &[String], limit: Duration) {
    let missing = async || {
        let texts: BTreeSet<String> = texts(user).into_iter().collect();
        let missing: Vec<&String> = wanted
            .iter()
            .filter(|text| !texts.contains(*text))
            .collect();
        missing
            .first()
            .map(|text| format!("{} and {} more", text, missing.len() - 1))
    };
    let end = Instant::now() + limit;
    while let Some(missing) = missing().await {
        assert!(
            Instant::now() < end,
            "{} did not receive {missing} within {limit:?}",
            user.jid
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until something holds.
pub async fn eventually(what: &str, holds: impl AsyncFn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < end, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// Waits until a mailbox is empty.
pub async fn becomes_empty(mailbox: &Mailbox) {
    eventually("the mailbox is empty", async || mailbox.count().await == 0).await;
}

/// Waits until every mail in a mailbox is marked as read.
pub async fn becomes_read(mailbox: &Mailbox) {
    let is_read = |mail: &Mail| mail.flags.iter().any(|flag| flag == "\\Seen");
    eventually("every mail is marked as read", async || {
        mailbox.all().await.iter().all(is_read)
    })
    .await;
}

/// How often the gateway has logged in to the XMPP server, over all starts.
pub fn logins(log: &str) -> usize {
    log.matches("logged in to the XMPP server").count()
}
