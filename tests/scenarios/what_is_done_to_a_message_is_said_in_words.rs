//! Reactions, corrections, retractions and quotations: to Carol, who has a mail program, they are words; what Carol's program
//! makes of a reaction is one on the message.

use minidom::Element;

use super::servers::stanza::{body, find};
use super::servers::{Flavour, PATIENCE};
use super::world::{Options, World};

#[tokio::test]
async fn on_prosody() {
    talk(World::start().await, "alice").await;
}

#[tokio::test]
async fn on_ejabberd() {
    talk(
        World::on(Flavour::Ejabberd, Options::default()).await,
        "bob",
    )
    .await;
}

async fn talk(world: World, name: &str) {
    let user = world.login(name).await;
    let carol = world.carol();
    let inbox = world.mailbox("carol@mail.example").await;
    let say = |children: &str| format!("<message type='chat' to='{carol}' {children}</message>");

    user.send(say("id='c1'><body>See you on Tuseday</body>"))
        .await;
    let first = inbox.wait_mail_saying("See you on Tuseday").await;
    user.send(say("id='c2'><body>See you on Tuesday</body><replace xmlns='urn:xmpp:message-correct:0' id='c1'/>")).await;
    let corrected = inbox.wait_mail_saying("Correction:").await;
    let text = corrected.body().replace("\r\n", "\n");
    let words = "Correction: See you on Tuesday\n\n(It said: “See you on Tuseday”)";
    assert!(text.starts_with(words), "{text}");

    let to = format!("{name}@{}", world.mail_domain());
    let header = |id: &str, answers: &str| {
        format!(
            "From: Carol <carol@mail.example>\nTo: {to}\nMessage-ID: <{id}@mail.example>\nIn-Reply-To: {answers}\n"
        )
    };
    let mail = format!("{}\nLunch at noon?\n", header("g1", &first.message_id()));
    world.carol_sends(&[&to], &mail).await;
    let asked = user.next_message_from(&carol).await;
    let answered = find(&asked, "reply", "urn:xmpp:reply:0").expect("it answers the first of two");
    assert_eq!(answered.attr("id"), Some("c1"));
    let lunch = asked.attr("id").unwrap();

    user.send(say(&format!("id='r1'><reactions xmlns='urn:xmpp:reactions:0' id='{lunch}'><reaction>👍</reaction></reactions>"))).await;
    let reaction = inbox.wait_mail_saying("👍 to “Lunch at noon?”").await;
    assert_eq!(
        reaction.header("In-Reply-To").as_deref(),
        Some("<g1@mail.example>")
    );

    let quotation = "&gt; Lunch at noon?\nWith pleasure";
    user.send(say(&format!("id='q1'><body>{quotation}</body><reply xmlns='urn:xmpp:reply:0' id='{lunch}'/><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' end='17'/></fallback>"))).await;
    let answer = inbox.wait_mail_saying("With pleasure").await;
    let text = answer.body().replace("\r\n", "\n");
    let words = "carol@mail.example wrote:\n> Lunch at noon?\n\nWith pleasure";
    assert!(
        text.replace("Carol wrote", "carol@mail.example wrote")
            .starts_with(words),
        "{text}"
    );

    // Nobody mails that a message was taken back; the user learns that a mail stays where it is.
    user.send(say("id='t1'><body>/me retracted a message</body><retract xmlns='urn:xmpp:message-retract:1' id='c1'/><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:message-retract:1'/>")).await;
    let told = user.next_message_from(&carol).await;
    let words = body(&told).unwrap();
    assert!(words.contains("cannot be taken back"), "{words}");
    let about = find(&told, "reply", "urn:xmpp:reply:0").expect("it says which");
    assert_eq!(about.attr("id"), Some("c1"));
    let mails = world.carol_has().await;
    assert!(mails.iter().all(|mail| !mail.text().contains("retracted")));

    let parts = "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\n👍 Carol reacted\n--b\nContent-Type: text/vnd.google.email-reaction+json\n\n{\"emoji\":\"👍\",\"version\":1}\n--b--\n";
    let mail = format!("{}{parts}", header("g2", &answer.message_id()));
    world.carol_sends(&[&to], &mail).await;
    let is_reaction =
        |stanza: &Element| find(stanza, "reactions", "urn:xmpp:reactions:0").is_some();
    let reaction = user.expect(is_reaction, PATIENCE).await;
    let reactions = find(&reaction, "reactions", "urn:xmpp:reactions:0").unwrap();
    assert_eq!(reactions.attr("id"), Some("q1"));
    assert!(String::from(reactions).contains("👍"));
    assert_eq!(body(&reaction).as_deref(), Some("👍 to “With pleasure”"));
}
