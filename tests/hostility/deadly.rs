//! E28: a mail, a stanza or a result of which the process dies, whatever it dies of. Nothing in a process can catch that; the
//! next one knows, and of what two have died is set aside, alone.

use super::counting::{mail, texts};
use super::servers::stanza::{error_text, stanza_id};
use super::servers::{Flavour, PATIENCE, XmppClient};
use super::world::{Options, World};
use std::time::Duration;

/// The gateway's limits are so many times shorter: it ends after 6 s when a part stands still. A disk that many tests write to at
/// the same time keeps a part for half of that.
const HURRY: (&str, &str) = ("STANZAMAIL_HURRY", "4");
const DIES_WITHIN: Duration = Duration::from_secs(30);
/// How many deaths more than the deadly mail's are forgiven to a busy machine.
const MORE_DEATHS: usize = 3;

/// The mail as the mail server lays it into the mailbox; what is deadly stands in its text alone.
async fn arrives(world: &World, text: &str) {
    let mail = mail(text).replace("<curare", "<c").replace('\n', "\r\n");
    let mail = format!("Delivered-To: alice@chat.a.example\r\n{mail}");
    world.bridge().await.append(mail, &[]).await;
}

/// It starts and dies, so many times.
async fn dies(world: &mut World, times: usize) {
    for time in 1..=times {
        world.gateway.launch();
        let has_died = world.gateway.died(DIES_WITHIN).await;
        assert!(has_died, "for the {time}. time");
    }
}

/// It starts again, as its service manager would start it, until the client has got this. On a busy machine a part stands still
/// without a deadly mail, and then it dies once more than the mail makes it.
async fn gets_over_it(world: &mut World, client: &XmppClient, text: &str) {
    for _ in 0..MORE_DEATHS {
        world.gateway.launch();
        tokio::select! {
            _ = client.next_message_saying(text) => return,
            died = world.gateway.died(PATIENCE * 2) => assert!(died),
        }
    }
    panic!("it goes on dying");
}

async fn quarantined(world: &World) -> Vec<String> {
    let listed = world.gateway.command(&["queue", "list"]).await;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    listed.lines().map(str::to_owned).collect()
}

/// One mail among others, of which the process dies: by an abort, for want of memory, since it stands still.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e28_a_mail_of_which_the_process_died_twice_is_set_aside_and_no_other() {
    let mut world = World::with(Options::default()).await;
    let alice = world.login("alice").await;
    let ways = ["abort deciding", "memory reading", "stall deciding"];
    for (number, way) in ways.iter().enumerate() {
        world.gateway.terminate().await;
        let (before, after) = (format!("before {way}"), format!("after {way}"));
        for text in [&before, &format!("curare {way}"), &after] {
            arrives(&world, text).await;
        }
        let deadly = format!("{way} curare");
        world
            .gateway
            .environment(&[("STANZAMAIL_DEADLY", deadly.as_str()), HURRY]);
        // Once in company, twice alone.
        dies(&mut world, 3).await;
        gets_over_it(&mut world, &alice, &after).await;
        world.gateway.wait_ready().await;
        let shown = texts(&alice);
        let shown = &shown[number * 3..];
        let is_told = shown[1].starts_with("A mail from carol@mail.example could not be shown");
        assert!(
            is_told && shown[0] == before && shown[2] == after,
            "{shown:?}"
        );
        assert_eq!(quarantined(&world).await.len(), number + 1, "{way}");
    }
    let log = world.gateway.log();
    assert!(log.contains("each of them is taken alone now"));
    assert!(log.contains("the process died twice while it was at work on this"));
    let held = world.bridge().await.wait_mail_saying("curare stall").await;
    assert!(
        held.flags
            .iter()
            .any(|flag| flag == "$StanzamailLeft-gateway.a.example")
    );

    world.gateway.environment(&[]);
    world.gateway.restart().await;
    let listed = quarantined(&world).await;
    let id = listed[0].split('\t').next().unwrap();
    let retried = world.gateway.command(&["queue", "retry", id]).await;
    assert!(retried.status.success(), "{retried:?}");
    alice.next_message_saying("curare abort deciding").await;
}

/// Among so many that some are with the XMPP server while others are decided about: those are not lost, and come in their order. What
/// could not be proved at a death comes once more, under the same id.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e28_one_of_a_flood_is_set_aside_and_the_others_come_in_order() {
    const MAILS: usize = 130;
    const DEADLY: usize = 70;
    let mut world = World::with(Options::default()).await;
    let alice = world.login("alice").await;
    world.gateway.terminate().await;
    let text = |number: usize| format!("number {number} of the flood");
    for number in 0..MAILS {
        match number {
            DEADLY => arrives(&world, "curare").await,
            _ => arrives(&world, &text(number)).await,
        }
    }
    let deadly = [("STANZAMAIL_DEADLY", "abort deciding curare")];
    world.gateway.environment(&deadly);
    dies(&mut world, 3).await;
    gets_over_it(&mut world, &alice, &text(MAILS - 1)).await;
    let mut first = Vec::new();
    let mut doubled = 0;
    for one in texts(&alice) {
        match first.contains(&one) {
            true => doubled += 1,
            false => first.push(one),
        }
    }
    assert_eq!(first.len(), MAILS, "{first:?}");
    for (number, shown) in first.iter().enumerate() {
        match number {
            DEADLY => assert!(shown.contains("could not be shown"), "{shown}"),
            _ => assert_eq!(*shown, text(number)),
        }
    }
    assert!(doubled <= DEADLY, "{doubled} came twice");
    assert_eq!(quarantined(&world).await.len(), 1);
}

/// A mail of which even the header kills: nobody can be told by it, and all else goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e28_a_mail_that_kills_by_its_header_is_left_unread() {
    let mut world = World::with(Options::default()).await;
    let alice = world.login("alice").await;
    world.gateway.terminate().await;
    arrives(&world, "before").await;
    let deadly = mail("whatever").replace('\n', "\r\n");
    let deadly = format!("Delivered-To: alice@chat.a.example\r\nX-Arrow: curare\r\n{deadly}");
    world.bridge().await.append(deadly, &[]).await;
    arrives(&world, "after").await;
    world
        .gateway
        .environment(&[("STANZAMAIL_DEADLY", "abort reading curare")]);
    dies(&mut world, 4).await;
    gets_over_it(&mut world, &alice, "after").await;
    assert_eq!(texts(&alice), ["before", "after"]);
    assert_eq!(quarantined(&world).await.len(), 1);
}

/// A message, which its sender sends again, and what a mail server says of another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e28_a_stanza_and_a_result_of_which_it_died_twice_are_set_aside() {
    let mut world = World::prepare(Flavour::Prosody, Options::default()).await;
    let deadly = [("STANZAMAIL_DEADLY", "abort deciding curare")];
    world.gateway.environment(&deadly);
    let mut world = world.started().await;
    let alice = world.login("alice").await;
    for _ in 0..2 {
        alice.send_message(&world.carol(), "Some curare").await;
        assert!(world.gateway.died(DIES_WITHIN).await);
        world.gateway.start_again().await;
    }
    let poisoned = alice.send_message(&world.carol(), "Some curare").await;
    let words = error_of(&alice, &poisoned).await;
    assert!(words.contains("kept for the administrator"), "{words}");
    let inbox = world.mailbox("carol@mail.example").await;
    alice.send_message(&world.carol(), "No poison").await;
    inbox.wait_mail_saying("No poison").await;

    let dave = "dave@mail.example";
    world.mail.refuse(dave, "550 5.7.1 curare is not wanted");
    alice.send_message(&world.contact(dave), "To Dave").await;
    assert!(world.gateway.died(DIES_WITHIN).await);
    dies(&mut world, 1).await;
    world.gateway.start_again().await;
    world.gateway.wait_log("nobody is told").await;
    alice.send_message(&world.carol(), "And no poison").await;
    inbox.wait_mail_saying("And no poison").await;
    let listed = quarantined(&world).await;
    assert!(
        listed.len() == 1 && listed[0].contains("quarantined stanza"),
        "{listed:?}"
    );

    world.gateway.environment(&[]);
    world.gateway.restart().await;
    let id = listed[0].split('\t').next().unwrap();
    let retried = world.gateway.command(&["queue", "retry", id]).await;
    assert!(retried.status.success(), "{retried:?}");
    inbox.wait_mail_saying("Some curare").await;
}

async fn error_of(client: &XmppClient, id: &str) -> String {
    let is_it =
        |stanza: &minidom::Element| stanza_id(stanza) == id && stanza.attr("type") == Some("error");
    let error = client.expect(is_it, PATIENCE).await;
    error_text(&error).unwrap_or_default()
}
