//! Bob's mail is signed with DKIM, and Alice's mail server verifies it. A stranger without a login writes in Bob's name, and
//! sends copies of what Bob once wrote: what Alice sees of Bob stays as it is, and Bob's own mail still counts.

use super::servers::stanza::{body, from};
use super::servers::{Mail, Mailbox, SlixmppClient};
use super::world::{Pair, PairOptions};
use minidom::Element;

const QUICK: &str = "[presence]\ndebounce = \"200ms\"\nspacing = \"1s\"\nexpires = \"60s\"\n";
const CHAT: &str = "<message type='chat' id='f1'><body>Send me money</body><sparkle xmlns='urn:example:unknown'/></message>";
const VERBS: [&str; 3] = ["subscribe", "unsubscribe", "unsubscribed"];

#[tokio::test]
async fn whoever_writes_in_bobs_name_is_not_bob() {
    let world = World::start().await;
    world.strangers_write_as_bob().await;
    world.fields_that_came_with_a_mail_prove_nothing().await;
    world.a_mail_of_two_authors_is_of_none().await;
    world.a_name_is_no_address().await;
    world.nothing_has_changed().await;
}

#[tokio::test]
async fn and_what_bob_once_wrote_is_not_said_again() {
    let world = World::start().await;
    let adam = world.pair.a.slixmpp("adam").await;
    let kept = world.what_bob_wrote().await;
    let copies = kept.iter().enumerate().flat_map(|(number, mail)| {
        let copy = |name: &str| renamed(&mail.text(), &format!("{name}-{number}"));
        [
            ("alice", mail.text()),
            ("alice", copy("again")),
            ("adam", mail.text()),
            ("adam", format!("Cc: adam@chat.a.example\r\n{}", copy("cc"))),
            (
                "alice",
                format!("To: adam@chat.a.example\r\n{}", copy("to")),
            ),
        ]
    });
    world.send_all(copies).await;
    let chat = kept
        .iter()
        .find(|mail| mail.body().contains("For you alone"));
    world.over_a_list(chat.expect("the chat is kept")).await;
    world.nothing_has_changed().await;
    let log = world.pair.a.gateway.log();
    for why in [
        "says again what was said: dropped",
        "fields that a mail has once are there several times",
        "a DKIM signature of it leaves out its recipients",
        "is ignored: it is older than what was heard before",
        "is ignored: it is older than what is known",
        "is for gateways only: not shown",
    ] {
        assert!(log.contains(why), "{why}");
    }
    let received = adam.received();
    let by_bob = received
        .iter()
        .filter(|stanza| from(stanza).starts_with(&world.pair.bob()));
    for stanza in by_bob {
        // The very mail that bob wrote is a blind copy; it is text, and nothing else.
        assert!(
            stanza.name() == "message" && stanza.attr("id") != Some("b1"),
            "{stanza:?}"
        );
    }
}

/// Alice and Bob see each other.
struct World {
    pair: Pair,
    alice: SlixmppClient,
    bob: SlixmppClient,
    mailbox: Mailbox,
}

impl World {
    async fn start() -> World {
        let pair = Pair::with(PairOptions::default().dkim().config(QUICK)).await;
        let (alice, bob) = (pair.a.slixmpp("alice").await, pair.b.slixmpp("bob").await);
        let mailbox = pair.mail.bridge("chat.a.example").await;
        for (one, its_contact, other, others_contact) in [
            (&alice, pair.bob(), &bob, pair.alice()),
            (&bob, pair.alice(), &alice, pair.bob()),
        ] {
            one.send(format!("<presence to='{its_contact}' type='subscribe'/>"));
            other.next_presence_from(&others_contact, "subscribe").await;
            other.send(format!(
                "<presence to='{others_contact}' type='subscribed'/>"
            ));
            one.next_presence_from(&its_contact, "subscribed").await;
        }
        alice.next_presence_from(&pair.bob(), "").await;
        bob.next_presence_from(&pair.alice(), "").await;
        World {
            pair,
            alice,
            bob,
            mailbox,
        }
    }

    /// From anywhere, by the port that wants no login.
    async fn send(&self, to: &str, mail: &str) {
        let to = format!("{to}@chat.a.example");
        let (mails, to) = (&self.pair.mail, [to.as_str()]);
        let sent = mails.submit("bob@chat.b.example", &to, mail).await;
        sent.expect("the mail server takes it");
    }

    async fn send_all(&self, mails: impl Iterator<Item = (&str, String)>) {
        let sent = mails.map(|(to, mail)| async move { self.send(to, &mail).await });
        futures::future::join_all(sent).await;
    }

    /// The gateway says once of a mail why it does not believe what is in it.
    async fn is_doubted(&self, id: &str, why: &str) {
        let line = format!("the stanza in mail {id} is not believed: {why}");
        self.pair.a.gateway.wait_log(&line).await;
        let log = self.pair.a.gateway.log();
        assert_eq!(
            log.matches(&format!("stanza in mail {id} is not")).count(),
            1
        );
    }

    async fn strangers_write_as_bob(&self) {
        let machine = |verb: &'static str| {
            let id = format!("{verb}@evil.example");
            forged(&id, "Auto-Submitted: auto-generated\r\n", &presence(verb))
        };
        let kinds = ["unavailable", "subscribe", "unsubscribe", "unsubscribed"];
        let mut mails: Vec<_> = kinds.map(|kind| (kind, machine(kind))).into();
        mails.push(("chat", forged("chat@evil.example", "", CHAT)));
        // Beth is nobody whom Alice knows.
        let beth = forged("beth@evil.example", "", &presence("subscribe"));
        mails.push(("beth", beth.replace("From: bob@", "From: beth@")));
        self.send_all(mails.iter().map(|(_, mail)| ("alice", mail.clone())))
            .await;
        for (name, _) in mails {
            self.is_doubted(
                &format!("{name}@evil.example"),
                "its sender is not verified",
            )
            .await;
        }
        // Requests at least are shown; what else machines write is not for people. That nobody knows whose the words are is
        // said once a day of each sender.
        let mut marked = Vec::new();
        for name in ["subscribe", "chat", "beth"] {
            marked.push(self.is_told(&format!("Words beside {name}")).await);
        }
        assert_eq!(
            marked[..2].iter().filter(|is_marked| **is_marked).count(),
            1
        );
        assert!(marked[2], "of Beth it is said as well");
    }

    /// Alice reads the words of a mail, and nothing else of it; whether she reads there, too, that nobody knows whose they are.
    async fn is_told(&self, words: &str) -> bool {
        let message = self
            .alice
            .expect(|stanza| body(stanza).is_some_and(|body| unmarked(&body) == words))
            .await;
        assert!(
            !message.has_child("sparkle", "urn:example:unknown"),
            "{message:?}"
        );
        body(&message).is_some_and(|body| body != words)
    }

    async fn fields_that_came_with_a_mail_prove_nothing(&self) {
        let pass = |id: &str| {
            format!("Authentication-Results: {id}; dkim=pass header.d=chat.b.example\r\n")
        };
        let mail = |name: &str, fields: &str| forged(&format!("{name}@evil.example"), fields, CHAT);
        let sent = [
            mail("own", &pass("mx.test")),
            mail("other", &pass("mx.evil.example")),
        ];
        self.send_all(sent.into_iter().map(|mail| ("alice", mail)))
            .await;
        // As mail servers lay them into the mailbox that take no such field away, or write none.
        let below = format!(
            "Authentication-Results: mx.test; dkim=none\r\n{}",
            pass("mx.test")
        );
        for (name, fields) in [
            ("no-result", ""),
            ("below", &below),
            ("foreign", &pass("mx.b.example")),
        ] {
            let mail = format!(
                "Delivered-To: alice@chat.a.example\r\n{}",
                mail(name, fields)
            );
            self.mailbox.append(mail, &[]).await;
        }
        for name in ["own", "other", "no-result", "below", "foreign"] {
            self.is_doubted(
                &format!("{name}@evil.example"),
                "its sender is not verified",
            )
            .await;
            self.is_told(&format!("Words beside {name}")).await;
        }
    }

    async fn a_mail_of_two_authors_is_of_none(&self) {
        for (name, stanza) in [
            ("two-a", CHAT.to_owned()),
            ("two-b", presence("unsubscribed")),
        ] {
            let id = format!("{name}@evil.example");
            let mail = forged(&id, "From: mallory@evil.example\r\n", &stanza);
            self.send("alice", &mail).await;
            self.is_doubted(&id, "it could be from several senders")
                .await;
            let line = format!("mail {id} is held in the mailbox");
            self.pair.a.gateway.wait_log(&line).await;
        }
        // Of the second one she is told within the hour.
        let gateway = &self.pair.a.xmpp.gateway;
        let notice = self.alice.next_message_from(gateway).await;
        assert!(
            body(&notice).unwrap().contains("lies in the mailbox"),
            "{notice:?}"
        );
    }

    async fn a_name_is_no_address(&self) {
        let named = |verb: &str| {
            let mail = forged(&format!("name-{verb}@evil.example"), "", &presence(verb));
            let from = "From: \"bob@chat.b.example\" <mallory@evil.example>";
            mail.replace("From: bob@chat.b.example", from)
        };
        self.send_all(VERBS.iter().map(|verb| ("alice", named(verb))))
            .await;
        for verb in VERBS {
            self.is_doubted(
                &format!("name-{verb}@evil.example"),
                "its sender is not verified",
            )
            .await;
        }
        let mallory = self.pair.a.contact("mallory@evil.example");
        let message = self.alice.next_message_from(&mallory).await;
        assert!(
            body(&message)
                .unwrap()
                .starts_with("[Unverified sender. This is said once a day.]\n")
        );
    }

    /// What Bob's gateway sends of a chat, of presence and of an answer, as it lies in the mailbox.
    async fn what_bob_wrote(&self) -> Vec<Mail> {
        self.bob.send(format!(
            "<message to='{}' type='chat' id='b1'><body>For you alone</body></message>",
            self.pair.alice()
        ));
        self.alice.next_message_from(&self.pair.bob()).await;
        self.bob.send("<presence><show>dnd</show></presence>");
        self.sees_bob("dnd").await;
        self.bob.send("<presence><show>chat</show></presence>");
        self.sees_bob("chat").await;
        let mails = self.mailbox.wait_for(6).await;
        for mail in &mails {
            let results = mail.header("Authentication-Results").unwrap_or_default();
            assert!(results.contains("dkim=pass"), "{results}");
        }
        mails
    }

    /// A list puts its own words below and its name on top, so that the signature no longer holds.
    async fn over_a_list(&self, chat: &Mail) {
        let footer = chat
            .text()
            .replacen("For you alone", "For you alone, says the list", 1);
        let mail = format!("List-Id: <l.evil.example>\r\n{}", renamed(&footer, "list"));
        self.send("alice", &mail).await;
        self.is_doubted("list@evil.example", "it came through a list, or to many")
            .await;
    }

    async fn sees_bob(&self, show: &str) {
        let bob = self.pair.bob();
        self.alice
            .expect(|stanza| is_there(stanza, &bob, show))
            .await;
    }

    /// Bob's own mail is believed as before, in both directions, and nothing else has come by Bob's name.
    async fn nothing_has_changed(&self) {
        let (bob, alice) = (self.pair.bob(), self.pair.alice());
        self.bob.send("<presence><show>xa</show></presence>");
        self.sees_bob("xa").await;
        self.alice.send("<presence><show>away</show></presence>");
        self.bob
            .expect(|stanza| is_there(stanza, &alice, "away"))
            .await;
        self.bob.send(format!(
            "<message to='{alice}' type='chat' id='b9'><body>It is me</body></message>"
        ));
        let last = self
            .alice
            .expect(|stanza| body(stanza).as_deref() == Some("It is me"))
            .await;
        assert_eq!(
            (from(&last).starts_with(&bob), last.attr("id")),
            (true, Some("b9"))
        );

        let of_bob = |stanza: &&Element| from(stanza).contains("chat.b.example");
        let received = self.alice.received();
        let presences = received
            .iter()
            .filter(of_bob)
            .filter(|stanza| stanza.name() == "presence");
        for presence in presences {
            let kind = presence.attr("type").unwrap_or_default();
            assert!(from(presence).starts_with(&bob), "{presence:?}");
            assert!(
                !["unsubscribe", "unsubscribed"].contains(&kind),
                "{presence:?}"
            );
        }
        let kinds = |kind: &str| {
            received
                .iter()
                .filter(|stanza| {
                    stanza.name() == "presence"
                        && stanza.attr("type") == Some(kind)
                        && from(stanza).starts_with(&bob)
                })
                .count()
        };
        assert_eq!(kinds("subscribe"), 1, "Bob has asked once");
        assert!(
            kinds("unavailable") <= 1,
            "only at the approval, before Bob's presence is known"
        );
        let after_online = received
            .iter()
            .skip_while(|stanza| !is_there(stanza, &bob, ""))
            .any(|stanza| {
                from(stanza).starts_with(&bob) && stanza.attr("type") == Some("unavailable")
            });
        assert!(!after_online, "Bob was there all the time");
        let words = received.iter().filter(of_bob).filter_map(body);
        let plain: Vec<_> = words.filter(|words| unmarked(words) == words).collect();
        // Of what people read of a mail, whoever wrote it, that is said once a day; of stanzas in it nothing is said.
        let is_said = |words: &String| {
            let is_stanzas = words == "It is me" || words == "For you alone";
            let of_people = [
                "Words beside ",
                "*bob asks for your presence*",
                "*Chat with bob*",
            ];
            is_stanzas || of_people.iter().any(|begin| words.starts_with(begin))
        };
        assert!(plain.iter().all(is_said), "{plain:?}");
        let alone = plain.iter().filter(|words| *words == "For you alone");
        assert!(alone.count() <= 1, "{plain:?}");
    }
}

/// A mail "from Bob" to Alice that carries this stanza; its words name its id.
fn forged(id: &str, fields: &str, stanza: &str) -> String {
    let name = id.split('@').next().unwrap_or_default();
    format!(
        "{fields}From: bob@chat.b.example\r\nTo: alice@chat.a.example\r\nMessage-ID: <{id}>\r\n\
         Date: {}\r\nXMPP-Bridge: v=1\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nWords beside {name}\r\n--b\r\n\
         Content-Type: application/xmpp+xml; charset=utf-8\r\n\r\n<xmpp xmlns='jabber:client'>{stanza}</xmpp>\r\n--b--\r\n",
        chrono::Utc::now().to_rfc2822()
    )
}

fn presence(kind: &str) -> String {
    let (now, later) = (
        chrono::Utc::now(),
        chrono::Utc::now() + chrono::Duration::hours(1),
    );
    format!(
        "<presence type='{kind}' id='x'><delay xmlns='urn:xmpp:delay' stamp='{}'/><amp xmlns='http://jabber.org/protocol/amp'>\
         <rule condition='expire-at' action='drop' value='{}'/></amp></presence>",
        now.to_rfc3339(),
        later.to_rfc3339()
    )
}

/// The same mail under another Message-ID, and with a field more.
fn renamed(mail: &str, name: &str) -> String {
    let mut mail = mail.to_owned();
    let at = mail.find("\r\nMessage-ID:").expect("it has one");
    let end = mail[at + 2..]
        .find("\r\n")
        .map_or(mail.len(), |end| at + 2 + end);
    mail.replace_range(
        at..end,
        &format!("\r\nMessage-ID: <{name}@evil.example>\r\nX-Again: yes"),
    );
    mail
}

/// The words without what stands above them once a day.
fn unmarked(words: &str) -> &str {
    let mark = "[Unverified sender. This is said once a day.]\n";
    words.strip_prefix(mark).unwrap_or(words)
}

fn is_there(stanza: &Element, contact: &str, show: &str) -> bool {
    let shown = stanza.children().find(|child| child.name() == "show");
    stanza.name() == "presence"
        && stanza.attr("type").is_none()
        && from(stanza).starts_with(contact)
        && shown.map(Element::text).unwrap_or_default() == show
}
