//! A user sends what no client sends: unheard-of types, contradictions, endless attributes, nesting without end. The
//! gateway stays on the same connection, and the message right after is an ordinary mail.

use super::counting::logins;
use super::servers::{Flavour, XmppClient};
use super::world::{Options, World};

const ROUNDS: usize = 4;

#[tokio::test]
async fn on_prosody() {
    // Prosody itself refuses more than 256 KiB.
    survive(
        World::start().await,
        ("alice", "\u{1f600}"),
        &[65, 3_000, 20_000],
    )
    .await;
}

#[tokio::test]
async fn on_ejabberd() {
    // Far more ends ejabberd itself.
    let world = World::on(Flavour::Ejabberd, Options::default()).await;
    survive(world, ("bob", "test"), &[65, 500, 2_000]).await;
}

async fn survive(mut world: World, (name, resource): (&str, &str), depths: &[usize]) {
    let user = world.xmpp.login_as(name, resource).await;
    let inbox = world.mailbox("carol@mail.example").await;
    let carol = world.carol();

    for round in 0..ROUNDS {
        for stanza in hostile(&carol, &world.xmpp.gateway) {
            user.send(stanza).await;
        }
        for depth in depths {
            user.send(nested(&carol, *depth)).await;
        }
        let words = format!("Is anybody there {round}?");
        user.send_message(&carol, &words).await;
        inbox.wait_mail_saying(&words).await;
    }

    is_untroubled(&mut world, &user);
}

fn is_untroubled(world: &mut World, user: &XmppClient) {
    assert!(world.gateway.running());
    let log = world.gateway.log();
    assert_eq!(logins(&log), 1, "{log}");
    assert!(!log.contains("panicked"), "{log}");
    assert!(
        log.contains("a stanza was refused"),
        "it got through: {log}"
    );
    assert!(!user.closed());
}

/// A message around elements within elements.
fn nested(to: &str, depth: usize) -> String {
    let (open, close) = ("<a>".repeat(depth), "</a>".repeat(depth));
    format!("<message to='{to}' id='deep-{depth}'>{open}{close}</message>")
}

fn hostile(carol: &str, gateway: &str) -> Vec<String> {
    let long = "x".repeat(9_000);
    let mut stanzas = types_and_presences(carol);
    stanzas.extend(contradictions(carol));
    stanzas.extend(addresses(carol, gateway));
    stanzas.extend([
        format!("<message to='{carol}' id='{long}'><body>long id</body></message>"),
        format!("<message to='{carol}' long='{long}'><body>long attribute</body></message>"),
        format!("<message to='{carol}'><body a='{long}'>long attribute inside</body></message>"),
        format!("<message to='{carol}'><thread>{long}</thread><body>long thread</body></message>"),
        format!("<message to='{carol}'><subject>{long}</subject><body>subject</body></message>"),
        format!(
            "<message to='{carol}'><body>{}</body></message>",
            long.repeat(20)
        ),
        format!(
            "<message to='{carol}' {}><body>many attributes</body></message>",
            attributes(400)
        ),
        format!("<message to='{carol}'>{}</message>", "<a/>".repeat(20_000)),
        format!("<message to='{carol}'><{long} xmlns='urn:x'/><body>long name</body></message>"),
        format!("<message to='{carol}'><x xmlns='urn:{long}'/><body>long name</body></message>"),
    ]);
    stanzas
}

fn attributes(count: usize) -> String {
    (0..count).map(|n| format!("a{n}='' ")).collect()
}

fn types_and_presences(to: &str) -> Vec<String> {
    let mut stanzas = Vec::new();
    for kind in [
        "bogus",
        "",
        "groupchat",
        "error",
        "headline",
        "normal",
        "CHAT",
    ] {
        stanzas.push(format!(
            "<message to='{to}' type='{kind}'><body>a message of type {kind}</body></message>"
        ));
    }
    for kind in [
        "bogus",
        "error",
        "probe",
        "subscribed",
        "unsubscribed",
        "unavailable",
        "",
    ] {
        stanzas.push(format!("<presence to='{to}' type='{kind}'/>"));
    }
    for inside in [
        "<show>bogus</show>",
        "<show/>",
        "<show>away</show><show>dnd</show>",
        "<priority>999</priority>",
        "<priority>high</priority>",
        "<status/><status>two</status>",
        "<c xmlns='http://jabber.org/protocol/caps'/>",
        "<x xmlns='vcard-temp:x:update'><photo>no hash</photo></x>",
    ] {
        stanzas.push(format!("<presence to='{to}'>{inside}</presence>"));
    }
    stanzas
}

fn contradictions(to: &str) -> Vec<String> {
    let messages = [
        "<thread>one</thread><thread>two</thread><body>two threads</body>",
        "<body>one</body><body>two</body>",
        "<body/>",
        "<body><b>bold</b></body>",
        "<body xmlns='urn:other'>elsewhere</body>",
        "<subject>a</subject><subject>b</subject><body>two subjects</body>",
        "<thread parent=''/><body>an empty thread</body>",
        "<body xml:lang='not a language!'>language</body>",
        "<request xmlns='urn:xmpp:receipts'/><request xmlns='urn:xmpp:receipts'/><body>no id</body>",
        "<received xmlns='urn:xmpp:receipts'/>",
        "<received xmlns='urn:xmpp:receipts' id=''/><displayed xmlns='urn:xmpp:chat-markers:0'/>",
        "<delay xmlns='urn:xmpp:delay' stamp='yesterday'/><body>delayed</body>",
        "<addresses xmlns='http://jabber.org/protocol/address'><address type='bogus' jid='@@@'/></addresses><body>a</body>",
        "<origin-id xmlns='urn:xmpp:sid:0'/><body>no origin</body>",
        "<replace xmlns='urn:xmpp:message-correct:0'/><body>no original</body>",
        "<nick xmlns='http://jabber.org/protocol/nick'>Eve&#13;&#10;Bcc: dave@mail.example</nick><body>nick&#13;</body>",
        "<subject>Hello&#13;&#10;Bcc: dave@mail.example</subject><body>.&#13;&#10;.&#13;&#10;QUIT</body>",
        "<encrypted xmlns='urn:xmpp:omemo:2'/><body>a fallback</body>",
        "<forwarded xmlns='urn:xmpp:forward:0'><message from='adam@a.example'><body>not mine</body></message></forwarded>",
        "<error type='bogus'/>",
        "<html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'/></html>",
        "<x xmlns='jabber:x:oob'/><body>&#x202e;&#x2028;&#x1f600;</body>",
    ];
    let mut stanzas: Vec<String> = messages
        .iter()
        .map(|inside| format!("<message type='chat' to='{to}'>{inside}</message>"))
        .collect();
    for (kind, inside) in [
        ("get", ""),
        ("set", "<a xmlns='urn:a'/><b xmlns='urn:b'/>"),
        ("bogus", "<ping xmlns='urn:xmpp:ping'/>"),
        ("result", "<ping xmlns='urn:xmpp:ping'/>"),
        ("error", ""),
        (
            "set",
            "<query xmlns='jabber:iq:gateway'><prompt/><prompt/></query>",
        ),
        ("get", "<query xmlns='jabber:iq:register'/>"),
        (
            "set",
            "<query xmlns='http://jabber.org/protocol/disco#info' node=''/>",
        ),
    ] {
        stanzas.push(format!("<iq to='{to}' type='{kind}' id='i'>{inside}</iq>"));
    }
    stanzas.push(format!(
        "<iq to='{to}' type='get'><ping xmlns='urn:xmpp:ping'/></iq>"
    ));
    stanzas
}

fn addresses(carol: &str, gateway: &str) -> Vec<String> {
    let strange = [
        format!("{carol}/\u{1f600}"),
        format!("{carol}/{}", "r".repeat(1_000)),
        format!("@{gateway}"),
        format!("{gateway}/"),
        format!("{}@{gateway}", "n".repeat(1_020)),
        format!("\u{1f600}@{gateway}"),
        format!("no-address@{gateway}"),
        format!("a\\40b\\40c@{gateway}"),
        format!("\\22quoted\\22\\40mail.example@{gateway}"),
        format!("carol\\40{}@{gateway}", "d.".repeat(200)),
        format!("carol\\40[127.0.0.1]@{gateway}"),
        gateway.to_owned(),
    ];
    strange
        .iter()
        .map(|to| {
            format!("<message to='{to}' type='chat'><body>to a strange address</body></message>")
        })
        .collect()
}
