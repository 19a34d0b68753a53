//! The second act: Alice on Prosody and Bob on ejabberd. Each server has its own gateway and each gateway its own mail
//! domain and mailbox; what passes between them is mail. Each step waits for what has to come, as in the first act.

use std::time::Duration;

use minidom::Element;
use tokio::time::timeout;

use crate::person::{Person, Seen};
use crate::servers::stanza::{body, find, parse, stanza_id};
use crate::servers::{Gateway, Mail, Mailbox, PASSWORD, PATIENCE};
use crate::show;
use crate::stage::{Stage, System};
use crate::story::{expect, from, is_presence};

const RECEIPTS: &str = "urn:xmpp:receipts";
const REACTIONS: &str = "urn:xmpp:reactions:0";
const REPLY: &str = "urn:xmpp:reply:0";

/// Presence passes sooner than by default, so that nobody has to wait here.
const PRESENCE: &str = "
# Only for this demo; left out, it is 3s and 30s.
[presence]
debounce = \"300ms\"
spacing = \"1s\"
";

/// Each admin gives the other the public key of the own gateway, and starts it.
pub async fn exchange_keys(stage: &mut Stage, theirs: &mut System) -> Result<(), String> {
    show::step(7, "Two admins exchange the keys of their gateways");
    show::says(&format!(
        "Alice's server is Prosody for {}. Bob's is ejabberd for {}, with a gateway of its own.",
        stage.ours.xmpp.domain, theirs.xmpp.domain
    ));
    let ours = &mut stage.ours;
    let (our_key, their_key) = (key(ours).await?, key(theirs).await?);
    let (our_domain, their_domain) = (ours.mail_domain(), theirs.mail_domain());
    adds(ours, "Alice's", &their_domain, &their_key)?;
    adds(theirs, "Bob's", &our_domain, &our_key)?;
    tokio::join!(ours.gateway.start_again(), theirs.gateway.start_again());
    show::says("Both gateways run, and their logs say whom they believe");
    for (gateway, peer) in [
        (&ours.gateway, &their_domain),
        (&theirs.gateway, &our_domain),
    ] {
        show::log_line(&believes(gateway, peer)?);
    }
    Ok(())
}

/// What `stanzamail key` prints.
async fn key(system: &System) -> Result<String, String> {
    show::says(&format!("The admin of {} asks", system.xmpp.gateway));
    let output = system.gateway.command(&["key"]).await;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    show::command("stanzamail key", &printed);
    expect(
        output.status.success() && printed.starts_with("key = \"ed25519:"),
        "the gateway's public key is printed",
    )?;
    Ok(printed)
}

/// What an admin writes into the configuration.
fn adds(system: &System, whose: &str, peer: &str, key: &str) -> Result<(), String> {
    let added = format!("[[peer]]\ndomain = \"{peer}\"\nformat = \"xmpp\"\n{key}{PRESENCE}");
    show::says(&format!("{whose} admin adds to the configuration"));
    show::lines_of_configuration(&added);
    let file = system.gateway.config();
    let before = std::fs::read_to_string(&file).map_err(|e| e.to_string())?;
    system.gateway.write_config(&format!("{before}\n{added}"));
    Ok(())
}

fn believes(gateway: &Gateway, peer: &str) -> Result<String, String> {
    let log = gateway.log();
    let words = "presence and subscriptions of other gateways are believed from";
    let said = log
        .lines()
        .rev()
        .find_map(|line| line.find(words).map(|at| &line[at..]));
    let said = said.ok_or_else(|| format!("expected: the log has the words {words:?}"))?;
    expect(said.contains(peer), &format!("{peer} is believed"))?;
    Ok(said.to_owned())
}

/// A meeting as it goes on.
struct Meeting<'a> {
    alice: &'a mut Person,
    bob: Person,
    /// Bob as Alice's client knows him.
    to_bob: String,
    /// Alice as Bob's client knows her.
    to_alice: String,
    /// What Alice's gateway reads: mail from Bob.
    for_alice: Mailbox,
    /// How it gets it.
    by: &'static str,
    for_bob: Mailbox,
}

/// Tells it.
pub async fn tell(stage: &Stage, theirs: &System, alice: &mut Person) -> Result<(), String> {
    let jid = format!("bob@{}", theirs.xmpp.domain);
    let bob = Person::log_in("Bob", &jid, PASSWORD, theirs.xmpp.c2s_port).await?;
    let (for_alice, by) = stage.for_alice().await;
    let mut meeting = Meeting {
        alice,
        bob,
        to_bob: stage.ours.contact(&theirs.address("bob", &stage.mail)),
        to_alice: theirs.contact(&stage.ours.address("alice", &stage.mail)),
        for_alice,
        by,
        for_bob: stage.mail.mailbox(&theirs.bridge()).await,
    };
    meeting.alice_asks().await?;
    meeting.bob_agrees_and_asks_back().await?;
    meeting.they_see_each_other().await?;
    let id = meeting.alice_writes().await?;
    meeting.they_go_on(&id).await?;
    meeting.bob_goes_offline().await?;
    show::good("every step was seen by both clients");
    Ok(())
}

impl Meeting<'_> {
    async fn alice_asks(&mut self) -> Result<(), String> {
        show::step(8, "Alice asks to see whether Bob is online");
        self.alice.add(&self.to_bob, "Bob");
        let test = is_presence("subscribe");
        let asked = self.alice.sends("a request for Bob", test).await?;
        show::says("Alice's client sends");
        show::stanza(&asked.xml);

        let mail = finds(&self.for_bob, "a mail with the request", |mail| {
            mail.subject().ends_with("asks for your presence")
        })
        .await?;
        show::says_after("Bob's gateway finds in its mailbox", asked.at.elapsed());
        show::mail_in_short(&mail.raw);
        expect(
            mail.header("XMPP-Bridge-Signature").is_some(),
            "the mail is signed",
        )?;

        let test = from(&self.to_alice, is_presence("subscribe"));
        let request = self.bob.receives("Alice's request", test).await?;
        show::says_after("Bob's client receives", request.at - asked.at);
        show::stanza(&request.xml);
        Ok(())
    }

    async fn bob_agrees_and_asks_back(&mut self) -> Result<(), String> {
        show::step(9, "Bob agrees and asks back, and Alice agrees");
        self.bob.approve(&self.to_alice);
        let test = is_presence("subscribed");
        let sent = self.bob.sends("his consent", test).await?;
        show::says("Bob's client sends");
        show::stanza(&sent.xml);
        let test = from(&self.to_bob, is_presence("subscribed"));
        let consent = self.alice.receives("Bob's consent", test).await?;
        show::says_after("Alice's client receives", consent.at - sent.at);
        show::stanza(&consent.xml);

        self.bob.add(&self.to_alice, "Alice");
        let test = is_presence("subscribe");
        let sent = self.bob.sends("a request for Alice", test).await?;
        let test = from(&self.to_bob, is_presence("subscribe"));
        let request = self.alice.receives("Bob's request", test).await?;
        show::says_after(
            "Alice's client receives Bob's request",
            request.at - sent.at,
        );
        show::stanza(&request.xml);

        self.alice.approve(&self.to_bob);
        let test = is_presence("subscribed");
        let sent = self.alice.sends("her consent", test).await?;
        let test = from(&self.to_alice, is_presence("subscribed"));
        let consent = self.bob.receives("Alice's consent", test).await?;
        show::says_after(
            "Bob's client receives Alice's consent",
            consent.at - sent.at,
        );
        show::stanza(&consent.xml);
        Ok(())
    }

    async fn they_see_each_other(&mut self) -> Result<(), String> {
        show::step(10, "They see each other online");
        let mail = finds(&self.for_alice, "a mail with Bob's presence", |mail| {
            mail.subject().ends_with("is online")
        })
        .await?;
        show::says(&format!("Alice's gateway {}", self.by));
        show::mail_in_short(&mail.raw);
        expect(
            mail.header("Auto-Submitted").as_deref() == Some("auto-generated"),
            "a presence says that a machine wrote it (RFC 3834)",
        )?;

        let test = from(&self.to_bob, is_presence(""));
        let seen = self.alice.receives("Bob's presence", test).await?;
        show::says("Alice's client receives");
        show::stanza(&seen.xml);
        let test = from(&self.to_alice, is_presence(""));
        let seen = self.bob.receives("Alice's presence", test).await?;
        show::says("Bob's client receives");
        show::stanza(&seen.xml);
        Ok(())
    }

    /// Returns the id of her message.
    async fn alice_writes(&mut self) -> Result<String, String> {
        show::step(11, "Alice writes to Bob, and learns that his client has it");
        let text = "Lunch at noon?";
        self.alice.write(&self.to_bob, text);
        let says = move |stanza: &Element| body(stanza).as_deref() == Some(text);
        let sent = self.alice.sends("her message", says).await?;
        show::says("Alice's client sends");
        show::stanza(&sent.xml);
        let id = id(&sent);

        let mail = finds(&self.for_bob, "a mail with the message", |mail| {
            mail.body().contains(text)
        })
        .await?;
        show::says_after("Bob's gateway finds in its mailbox", sent.at.elapsed());
        show::mail_in_short(&mail.raw);

        let got = self.bob.receives("it", from(&self.to_alice, says)).await?;
        show::says_after("Bob's client receives, under the same id", got.at - sent.at);
        show::stanza(&got.xml);
        expect(self::id(&got) == id, "the id is the same")?;

        let is_receipt =
            |s: &Element| find(s, "received", RECEIPTS).is_some_and(|r| r.attr("id") == Some(&id));
        let receipt = from(&self.to_bob, is_receipt);
        let receipt = self.alice.receives("Bob's receipt for it", receipt).await?;
        show::says_after(
            "Alice's client receives: Bob's client has it (XEP-0184)",
            receipt.at - sent.at,
        );
        show::stanza(&receipt.xml);
        Ok(id)
    }

    async fn they_go_on(&mut self, asked: &str) -> Result<(), String> {
        show::step(12, "Bob replies to that message, and Alice reacts to his");
        let text = "Noon is fine.";
        self.bob.reply(&self.to_alice, asked, text);
        let says = move |stanza: &Element| body(stanza).as_deref() == Some(text);
        let sent = self.bob.sends("his reply", says).await?;
        let got = self.alice.receives("it", from(&self.to_bob, says)).await?;
        show::says_after(
            "Alice's client receives a reply (XEP-0461)",
            got.at - sent.at,
        );
        show::stanza(&got.xml);
        let reply = parse(&got.xml).ok_or("it was parsed before")?;
        let named = find(&reply, "reply", REPLY).and_then(|reply| reply.attr("id"));
        expect(named == Some(asked), "it names the message that it answers")?;

        let answer = id(&got);
        self.alice.react(&self.to_bob, &answer, "👍");
        let is_reaction = |stanza: &Element| {
            find(stanza, "reactions", REACTIONS).is_some_and(|it| it.attr("id") == Some(&answer))
        };
        let sent = self.alice.sends("her reaction", is_reaction).await?;
        let test = from(&self.to_alice, is_reaction);
        let got = self.bob.receives("it", test).await?;
        show::says_after(
            "Bob's client receives a reaction (XEP-0444)",
            got.at - sent.at,
        );
        show::stanza(&got.xml);
        let reaction = parse(&got.xml).ok_or("it was parsed before")?;
        let emoji = find(&reaction, "reaction", REACTIONS).map(Element::text);
        expect(
            emoji.as_deref() == Some("👍"),
            "it is the one that she chose",
        )
    }

    async fn bob_goes_offline(&mut self) -> Result<(), String> {
        show::step(13, "Bob goes offline, and Alice sees it");
        // She was told `unavailable` when he agreed, since his presence was not known yet.
        self.alice.looks_anew();
        self.bob.leave();
        let test = is_presence("unavailable");
        let sent = self.bob.sends("that he goes", test).await?;
        show::says("Bob's client sends");
        show::stanza(&sent.xml);
        let mail = finds(&self.for_alice, "a mail that says so", |mail| {
            mail.subject().ends_with("is offline")
        })
        .await?;
        show::says_after(&format!("Alice's gateway {}", self.by), sent.at.elapsed());
        show::mail_in_short(&mail.raw);
        let test = from(&self.to_bob, is_presence("unavailable"));
        let seen = self.alice.receives("Bob's absence", test).await?;
        show::says_after("Alice's client receives", seen.at - sent.at);
        show::stanza(&seen.xml);
        Ok(())
    }
}

/// Waits for a mail in a gateway's mailbox, which keeps what it has read.
async fn finds(
    mailbox: &Mailbox,
    what: &str,
    wanted: impl Fn(&Mail) -> bool,
) -> Result<Mail, String> {
    // A little less than the harness would wait, to say it in our words.
    let limit = PATIENCE - Duration::from_secs(1);
    let found = timeout(limit, mailbox.wait_mail(wanted)).await;
    found.map_err(|_| format!("expected: the gateway finds {what}, within {limit:?}"))
}

fn id(seen: &Seen) -> String {
    parse(&seen.xml)
        .map(|stanza| stanza_id(&stanza))
        .unwrap_or_default()
}
