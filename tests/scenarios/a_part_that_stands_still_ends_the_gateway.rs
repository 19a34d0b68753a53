//! A part of the gateway keeps its thread and does not come back. That is noticed, and ends the process, whose service
//! manager starts it again; mail that came meanwhile is still delivered.

use std::time::{Duration, Instant};

use super::counting::{carol_sends, receives_all};
use super::servers::Flavour;
use super::world::{Options, World};

/// The gateway's limits are so many times shorter.
const HURRY: (&str, &str) = ("STANZAMAIL_HURRY", "8");
/// With that, until the process has ended: 25 s by 8, with the time between two looks, and what a busy machine takes.
const ENDED_WITHIN: Duration = Duration::from_secs(10);

#[tokio::test]
async fn and_nothing_is_lost() {
    let mut world = World::prepare(Flavour::Prosody, Options::default()).await;
    let alice = world.login("alice").await;
    let inbox = world.mailbox("carol@mail.example").await;
    for part in ["smtp", "imap", "xmpp", "pipeline"] {
        world
            .gateway
            .environment(&[("STANZAMAIL_STALL_IN", part), HURRY]);
        world.gateway.start_again().await;
        let started = Instant::now();
        let mail = format!("to her while {part} stands still");
        carol_sends(&world, &[&mail]).await;
        assert_eq!(world.gateway.wait().await, 1, "{part}");
        assert!(started.elapsed() < ENDED_WITHIN, "{part}");
        let said = format!("the part “{part}” has stood still for 25 seconds");
        assert!(world.gateway.log().contains(&said), "{part}");

        world.gateway.environment(&[]);
        world.gateway.start_again().await;
        receives_all(&alice, &[mail]).await;
        let last = format!("after {part} stood still");
        alice.send_message(&world.carol(), &last).await;
        inbox.wait_mail_saying(&last).await;
        assert_eq!(world.gateway.terminate().await, 0);
    }
}
