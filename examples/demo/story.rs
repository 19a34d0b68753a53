//! The first act: a conversation. Each step waits for what has to come; the first thing that does not come ends it.

use std::time::{Duration, Instant};

use mail_parser::{MessagePart, MimeHeaders};
use minidom::Element;
use tokio::time::timeout;

use crate::person::Person;
use crate::servers::process::Folder;
use crate::servers::stanza::{
    body, error_condition, error_text, find, is_from, kind_of, stanza_id, thread,
};
use crate::servers::{Mail, Mailbox, PASSWORD, PATIENCE, RealMailClient};
use crate::show;
use crate::stage::{self, CAROL, Stage};

const RECEIPTS: &str = "urn:xmpp:receipts";
const ROSTER: &str = "jabber:iq:roster";

/// A conversation as it goes on.
struct Talk<'a> {
    stage: &'a Stage,
    alice: Person,
    inbox: Mailbox,
    carol: RealMailClient,
    /// Carol as Alice's client knows her.
    contact: String,
}

/// Tells it. Returns Alice, still logged in.
pub async fn tell(stage: &Stage) -> Result<Person, String> {
    let xmpp = &stage.ours.xmpp;
    let jid = format!("alice@{}", xmpp.domain);
    let alice = Person::log_in("Alice", &jid, PASSWORD, xmpp.c2s_port).await?;
    let mut talk = Talk {
        stage,
        alice,
        inbox: stage.carols_inbox().await,
        carol: stage.carols_client(),
        contact: stage.ours.contact(CAROL),
    };
    show::says(&format!(
        "Alice is online as {} (slixmpp). Carol has the mailbox {CAROL} (s-nail).",
        talk.alice.jid
    ));
    talk.carol.quotes_nothing();
    let invitation = talk.alice_adds_carol().await?;
    let thread = talk.carol_answers(&invitation).await?;
    talk.they_go_on(&thread).await?;
    talk.an_address_that_does_not_exist().await?;
    let address = invitation.parsed();
    let address = address.from().and_then(|from| from.first()?.address());
    talk.carol_sends_a_picture(address.unwrap_or_default())
        .await?;
    Ok(talk.alice)
}

impl Talk<'_> {
    async fn alice_adds_carol(&mut self) -> Result<Mail, String> {
        show::step(1, "Alice adds Carol to her roster");
        self.alice.add(&self.contact, "Carol");
        let asked = self
            .alice
            .sends("a request", is_presence("subscribe"))
            .await?;
        show::says("Alice's client sends");
        show::stanza(&asked.xml);

        let mail = self.finds(asked.at, "would like to chat with you").await?;
        expect(
            mail.header("Auto-Submitted").is_some(),
            "an invitation says that a machine wrote it (RFC 3834)",
        )?;
        Ok(mail)
    }

    /// Returns the thread.
    async fn carol_answers(&mut self, invitation: &Mail) -> Result<String, String> {
        show::step(2, "Carol answers, which accepts");
        let start = self
            .replies(invitation, "Hello Alice, how nice to hear from you!")
            .await;

        let (contact, alice) = (self.contact.clone(), &mut self.alice);
        let subscribed = alice
            .receives("Carol's consent", from(&contact, is_presence("subscribed")))
            .await?;
        show::says_after("Alice's client receives", subscribed.at - start);
        show::stanza(&subscribed.xml);
        let push = alice
            .receives("a roster push with Carol in it", |s| {
                find(s, "item", ROSTER).is_some_and(|i| i.attr("subscription") == Some("to"))
            })
            .await?;
        show::stanza(&push.xml);
        let presence = alice
            .receives("Carol's presence", from(&contact, is_presence("")))
            .await?;
        show::stanza(&presence.xml);
        let message = self
            .alice_reads("Hello Alice, how nice to hear from you!")
            .await?;
        show::stanza(&message.0);
        message
            .2
            .ok_or_else(|| "expected: the message says its thread".into())
    }

    async fn they_go_on(&mut self, known: &str) -> Result<(), String> {
        show::step(3, "Alice writes, and Carol answers in the same thread");
        let text = "Lunch at noon? The café has crêpes for 5 €.";
        let sent = self.alice_writes(&self.contact.clone(), text).await?;
        let mail = self.finds(sent.1, text).await?;

        let receipt = self
            .alice
            .receives("a receipt (XEP-0184) for it", |s| {
                find(s, "received", RECEIPTS).is_some_and(|r| r.attr("id") == Some(&sent.0))
            })
            .await?;
        show::says("Alice's client receives: the mail server has taken it");
        show::stanza(&receipt.xml);

        let start = self.replies(&mail, "Noon is fine. See you there.").await;
        let (xml, _, thread) = self.alice_reads("Noon is fine. See you there.").await?;
        show::says_after("Alice's client receives", start.elapsed());
        show::stanza(&xml);
        expect(thread.as_deref() == Some(known), "it is the same thread")
    }

    async fn an_address_that_does_not_exist(&mut self) -> Result<(), String> {
        show::step(4, "Alice writes to an address that does not exist");
        if matches!(self.stage.mail, stage::Mail::GreenMail(_)) {
            show::says(
                "(GreenMail makes a mailbox for every address, so here the address is none at all, which the gateway",
            );
            show::line(
                "   refuses. `make demo MAIL=dovecot` shows a mail server that refuses, and its words.)",
            );
        }
        let (jid, condition, words) = match &self.stage.mail {
            stage::Mail::Dovecot(_) => (
                self.stage.ours.contact("nobody@mail.example"),
                "item-not-found",
                "550 5.1.1",
            ),
            // It makes a mailbox for everybody who gets mail.
            stage::Mail::GreenMail(_) => (
                format!("nobody@{}", self.stage.ours.xmpp.gateway),
                "jid-malformed",
                "carol\\40mail.example",
            ),
        };
        let sent = self.alice_writes(&jid, "Is anybody there?").await?;
        let error = self
            .alice
            .receives("an error for this message", |s| {
                kind_of(s) == "error" && stanza_id(s) == sent.0
            })
            .await?;
        let who = match &self.stage.mail {
            stage::Mail::Dovecot(_) => "with the mail server's words",
            stage::Mail::GreenMail(_) => "with the gateway's words",
        };
        show::says_after(
            &format!("Alice's client receives an error {who}"),
            error.at - sent.1,
        );
        show::stanza(&error.xml);
        let error = crate::servers::stanza::parse(&error.xml).ok_or("the error can be parsed")?;
        expect(
            error_condition(&error).as_deref() == Some(condition),
            &format!("the condition is {condition}"),
        )?;
        expect(
            error_text(&error).is_some_and(|text| text.contains(words)),
            &format!("the text contains {words}"),
        )
    }

    async fn carol_sends_a_picture(&mut self, alice: &str) -> Result<(), String> {
        show::step(5, "Carol sends a mail in HTML with an attachment");
        const HTML: &str = "<html><body><h1>The way</h1><p>From the <b>station</b> turn <i>left</i>:</p>\n\
             <ul><li>over the bridge</li><li>past the <a href=\"https://mail.example/map\">mill</a></li></ul>\n\
             </body></html>\n";
        /// One grey dot.
        const PICTURE: &[u8] =
            b"GIF89a\x01\0\x01\0\x80\0\0\x80\x80\x80\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
        let folder = Folder::new("carol");
        let picture = folder.join("map.gif");
        std::fs::write(&picture, PICTURE).map_err(|e| e.to_string())?;
        let start = Instant::now();
        let raw = self
            .carol
            .compose_html(alice, "How to find it", HTML, &picture)
            .await;
        show::says("Carol's client sends");
        show::mail(&raw);
        let (xml, text, _) = self.alice_reads("over the bridge").await?;
        show::says_after("Alice's client receives", start.elapsed());
        show::stanza(&xml);
        expect(!text.contains("<b>"), "the text is readable, without tags")?;
        expect(
            text.contains("https://mail.example/map"),
            "the link is there",
        )?;
        self.pictures_go_both_ways().await
    }

    /// Carol's comes as a file, from the XMPP server's own upload service; Alice sends it back, and Carol has it in her mail.
    async fn pictures_go_both_ways(&mut self) -> Result<(), String> {
        let is_file = |s: &Element| find(s, "file-sharing", "urn:xmpp:sfs:0").is_some();
        let contact = self.contact.clone();
        let file = self
            .alice
            .receives("the picture", from(&contact, is_file))
            .await?;
        show::stanza(&file.xml);
        let file = crate::servers::stanza::parse(&file.xml).ok_or("it was parsed before")?;
        let url = body(&file).unwrap_or_default();
        expect(url.ends_with("map.gif"), "its body is where it lies")?;
        self.alice.share(&contact, &url);
        let sent = self
            .alice
            .sends("the picture", |s| body(s).as_deref() == Some(&url))
            .await?;
        show::says("Alice's client sends it back");
        show::stanza(&sent.xml);
        let limit = PATIENCE - Duration::from_secs(1);
        let is_picture = |part: &MessagePart<'_>| part.attachment_name() == Some("map.gif");
        let has_file = |mail: &Mail| mail.parsed().attachments().any(is_picture);
        let found = timeout(limit, self.inbox.wait_mail(has_file)).await;
        let mail = found.map_err(|_| "expected: Carol finds a mail with the picture")?;
        show::says_after("Carol finds in her mailbox", sent.at.elapsed());
        show::mail(&mail.raw);
        Ok(())
    }

    // --- what both do again and again --------------------------------------------------------------------------------

    /// Alice writes a message. Returns its id and when it was sent.
    async fn alice_writes(&mut self, to: &str, text: &str) -> Result<(String, Instant), String> {
        self.alice.write(to, text);
        let sent = self
            .alice
            .sends("her message", |s| body(s).as_deref() == Some(text))
            .await?;
        show::says("Alice's client sends");
        show::stanza(&sent.xml);
        let id = crate::servers::stanza::parse(&sent.xml).map(|s| stanza_id(&s));
        Ok((id.unwrap_or_default(), sent.at))
    }

    /// Alice's client receives a message of Carol's: as it is, its text, its thread.
    async fn alice_reads(
        &mut self,
        words: &str,
    ) -> Result<(String, String, Option<String>), String> {
        let contact = self.contact.clone();
        let what = format!("a message from {contact} with the words {words:?}");
        let has_words = |s: &Element| body(s).is_some_and(|text| text.contains(words));
        let seen = self
            .alice
            .receives(&what, from(&contact, has_words))
            .await?;
        let stanza = crate::servers::stanza::parse(&seen.xml).ok_or("it was parsed before")?;
        Ok((seen.xml, body(&stanza).unwrap_or_default(), thread(&stanza)))
    }

    /// Carol finds a mail.
    async fn finds(&self, since: Instant, words: &str) -> Result<Mail, String> {
        // A little less than the harness would wait, to say it in our words.
        let limit = PATIENCE - Duration::from_secs(1);
        let Ok(mail) = timeout(limit, self.inbox.wait_mail_saying(words)).await else {
            return Err(format!(
                "expected: Carol finds a mail with the words {words:?}, within {limit:?}"
            ));
        };
        show::says_after("Carol finds in her mailbox", since.elapsed());
        show::mail(&mail.raw);
        Ok(mail)
    }

    /// Carol presses "Reply". Returns when.
    async fn replies(&self, mail: &Mail, text: &str) -> Instant {
        let raw = self.carol.reply(&mail.raw, text).await;
        let sent = Instant::now();
        show::says("Carol's client sends");
        show::mail(&raw);
        sent
    }
}

/// The gateway is stopped, which Alice sees.
pub async fn farewell(stage: &mut Stage, alice: &mut Person) -> Result<(), String> {
    show::step(6, "The gateway is stopped (SIGTERM)");
    let contact = stage.ours.contact(CAROL);
    let start = Instant::now();
    stage.ours.end().await;
    let gone = alice
        .receives(
            "Carol's absence",
            from(&contact, is_presence("unavailable")),
        )
        .await?;
    show::says_after("Alice's client receives", gone.at - start);
    show::stanza(&gone.xml);
    show::good("every step was seen by both clients");
    Ok(())
}

pub fn expect(holds: bool, what: &str) -> Result<(), String> {
    match holds {
        true => Ok(()),
        false => Err(format!("expected: {what}")),
    }
}

/// Presence of a type; empty: available.
pub fn is_presence(kind: &str) -> impl Fn(&Element) -> bool {
    let kind = kind.to_owned();
    move |stanza| stanza.name() == "presence" && kind_of(stanza) == kind
}

pub fn from(jid: &str, test: impl Fn(&Element) -> bool) -> impl Fn(&Element) -> bool {
    let jid = jid.to_owned();
    move |stanza| is_from(stanza, &jid) && test(stanza)
}
