//! What the gateway has noted of what it is at work on, while it waits for a server.

use super::gateway::XMPP_PORT;
use super::{Plan, TODAY, Trace, World, clock, network};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::sleep;

/// What has begun, and neither waits nor has ended.
fn at_work(noted: &str) -> BTreeSet<&str> {
    let mut at_work = BTreeSet::new();
    for line in noted.lines() {
        let mut words = line.split(' ');
        match (words.next(), words.next()) {
            (Some("+"), Some(hold)) => _ = at_work.insert(hold),
            (Some("~" | "-"), Some(hold)) => _ = at_work.remove(hold),
            _ => {}
        }
    }
    at_work
}

/// While some mails are with the XMPP server, those behind them are decided about; from then on all of them wait for it. A kill
/// in that time is no fault of the last one, which may be alone there.
#[test]
fn e28_who_is_decided_about_waits_with_the_mails_before() {
    let live = || {
        seeded::this_thread(1, clock);
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut world = World::begin(Trace::default(), Plan::of(0, 0));
            world.mail.be_well();
            world.gateway.start();
            sleep(Duration::from_secs(30)).await;
            network::freeze(XMPP_PORT, Duration::from_secs(20));
            let texts: Vec<String> = (0..4).map(|number| format!("to user{number}: 1")).collect();
            for (number, text) in texts.iter().enumerate() {
                let mail = format!(
                    "From: carol@mail.example\r\nTo: user{number}@chat.a.example\r\n\
                     Message-ID: <{number}@mail.example>\r\n\r\n{text}\r\n"
                );
                world.mail.mailbox().deliver(mail, TODAY);
            }
            sleep(Duration::from_secs(10)).await;
            assert!(world.xmpp.came().texts.is_empty());
            let noted = world.gateway.in_hand();
            // Those that are delivered first, and the last one.
            let keys = |line: &str| line.split(' ').skip(2).count();
            let begun = noted.lines().filter(|line| line.starts_with("+ "));
            let begun: Vec<usize> = begun.map(keys).collect();
            assert!(begun.ends_with(&[3, 1]), "{noted}");
            assert_eq!(at_work(&noted), BTreeSet::new(), "{noted}");
            sleep(Duration::from_secs(60)).await;
            assert_eq!(world.xmpp.came().texts, texts);
            world.gateway.stop().await;
        });
    };
    std::thread::spawn(live).join().unwrap();
}
