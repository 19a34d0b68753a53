//! A mail that was long on its way says when it was written (XEP-0203).

use chrono::{DateTime, Duration, Utc};

use super::servers::stanza::delay;
use super::world::GreenWorld;

#[tokio::test]
async fn yesterday_is_shown_and_now_is_not() {
    let world = GreenWorld::start().await;
    let alice = world.xmpp.login("alice").await;
    let yesterday = Utc::now() - Duration::days(1);

    carol_writes(&world, yesterday, "Written yesterday").await;
    let old = alice.next_message_saying("Written yesterday").await;
    let stamp = delay(&old).expect("it says when it was written");
    let shown = DateTime::parse_from_rfc3339(&stamp).expect("as XEP-0082 wants it");
    assert_eq!(shown.timestamp(), yesterday.timestamp());

    carol_writes(&world, Utc::now(), "Written now").await;
    let new = alice.next_message_saying("Written now").await;
    assert_eq!(delay(&new), None);
}

async fn carol_writes(world: &GreenWorld, date: DateTime<Utc>, text: &str) {
    let (to, date) = ("bridge+alice@chat.a.example", date.to_rfc2822());
    let mail = format!("From: carol@mail.example\nTo: {to}\nDate: {date}\n\n{text}\n");
    let sent = world.mail.submit("carol@mail.example", &[to], mail).await;
    sent.expect("GreenMail takes it");
}
