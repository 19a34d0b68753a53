//! A person who knows the gateway's domain and Carol's mail address reaches her: by a message to the gateway, by a message to
//! its helper, by the command in a client's menu, by a client's search.

use minidom::Element;

use super::servers::stanza::{body, escape, find, from, kind_of};
use super::servers::{Flavour, XmppClient};
use super::world::{Options, World};

const COMMANDS: &str = "http://jabber.org/protocol/commands";
const FORM: &str = "jabber:x:data";

#[tokio::test]
async fn on_prosody() {
    reach(World::start().await, "alice").await;
}

#[tokio::test]
async fn on_ejabberd() {
    reach(
        World::on(Flavour::Ejabberd, Options::default()).await,
        "bob",
    )
    .await;
}

async fn reach(world: World, name: &str) {
    let user = world.login(name).await;
    let (gateway, carol) = (world.xmpp.gateway.clone(), world.carol());
    let helper = format!("help@{gateway}");
    let inbox = world.mailbox("carol@mail.example").await;

    for (place, text) in [
        (&gateway, "Hello from the domain"),
        (&helper, "Hello from the helper"),
    ] {
        user.send_message(place, &format!("carol@mail.example {text}"))
            .await;
        let answer = user.next_message_from(place).await;
        assert_eq!(kind_of(&answer), "chat");
        let words = body(&answer).unwrap();
        assert!(words.contains("xmpp:carol%5C40mail.example@"), "{words}");
        assert!(words.lines().any(|line| line == carol), "{words}");
        let begins = user.next_message_from(&carol).await;
        assert!(body(&begins).is_some_and(|words| words.contains(text)));
        inbox.wait_mail_saying(text).await;
    }
    for (said, answer) in [
        (
            "what now?",
            "To write to somebody: carol@mail.example Hello!",
        ),
        ("help", "my address"),
    ] {
        user.send_message(&helper, said).await;
        let words = body(&user.next_message_from(&helper).await).unwrap();
        assert!(words.contains(answer), "{words}");
    }

    the_menu_leads_there(&world, &user).await;
    inbox.wait_mail_saying("Hello from the menu").await;

    let query = "<query xmlns='jabber:iq:search'><email>carol@mail.example</email></query>";
    let found = user.iq("set", Some(&gateway), query).await;
    let item = find(&found, "item", "jabber:iq:search").expect("she is found");
    assert_eq!(item.attr("jid"), Some(carol.as_str()));

    // And she answers into the conversation that was opened.
    let to = format!("{name}@{}", world.mail_domain());
    let mail = format!(
        "From: Carol <carol@mail.example>\nTo: {to}\nSubject: Re: Chat\nMessage-ID: <a1@mail.example>\n\nHello you\n"
    );
    world.carol_sends(&[&to], &mail).await;
    let answer = user.expect(
        |stanza| body(stanza).is_some_and(|text| text.contains("Hello you")),
        super::servers::PATIENCE,
    );
    assert!(from(&answer.await).starts_with(&carol));
    user.send_message(&helper, "contacts").await;
    let words = body(&user.next_message_from(&helper).await).unwrap();
    let line = format!("• “Carol” · carol@mail.example · {carol} · by mail · last message ");
    assert!(words.contains(&line), "{words}");
}

/// As a client shows it: the list of commands, a form, another form, the result.
async fn the_menu_leads_there(world: &World, user: &XmppClient) {
    let gateway = &world.xmpp.gateway;
    let list = format!("<query xmlns='http://jabber.org/protocol/disco#items' node='{COMMANDS}'/>");
    let list = user.iq("get", Some(gateway), &list).await;
    let items = find(&list, "query", "http://jabber.org/protocol/disco#items").unwrap();
    let first = items.children().next().expect("there are commands");
    assert_eq!(first.attr("name"), Some("Write to a mail address"));
    let node = first.attr("node").unwrap();
    let ask = async |rest: &str, fields: &[(&str, &str)]| -> Element {
        let fields: String = fields
            .iter()
            .map(|(var, value)| {
                format!(
                    "<field var='{var}'><value>{}</value></field>",
                    escape(value)
                )
            })
            .collect();
        let form = match fields.is_empty() {
            true => fields,
            false => format!("<x xmlns='{FORM}' type='submit'>{fields}</x>"),
        };
        let command = format!("<command xmlns='{COMMANDS}' node='{node}' {rest}>{form}</command>");
        let answer = user.iq("set", Some(gateway), &command).await;
        let command = answer.get_child("command", COMMANDS);
        command.unwrap_or_else(|| panic!("{answer:?}")).clone()
    };
    let form = ask("action='execute'", &[]).await;
    let session = form.attr("sessionid").expect("it has a session").to_owned();
    let of = |action: &str| format!("sessionid='{session}' action='{action}'");
    let address = ("address", "carol@mail.example");
    let form = ask(&of("next"), &[("step", "0"), address]).await;
    assert_eq!(form.attr("status"), Some("executing"));
    let text = ("text", "Hello from the menu");
    let done = ask(&of("complete"), &[("step", "1"), address, text]).await;
    assert_eq!(done.attr("status"), Some("completed"));
    let form = find(&done, "x", FORM).expect("it shows the contact");
    assert!(String::from(form).contains(&world.carol()), "{form:?}");
    user.next_message_from(&world.carol()).await;
}

/// The conversation begins with what it is, whatever becomes of the first message.
#[tokio::test]
async fn and_bad_news_come_last() {
    let world = World::start().await;
    world
        .mail
        .refuse("nobody@mail.example", "550 5.1.1 no such user");
    let user = world.login("alice").await;
    let helper = format!("help@{}", world.xmpp.gateway);
    user.send_message(&helper, "nobody@mail.example Hi there")
        .await;
    let contact = world.contact("nobody@mail.example");
    let begins = user.next_message_from(&contact).await;
    assert!(
        body(&begins).is_some_and(|words| words.contains("You wrote to")),
        "{begins:?}"
    );
    let news = user.next_message_from(&contact).await;
    assert!(
        body(&news).is_some_and(|words| words.contains("Not delivered")),
        "{news:?}"
    );
}
