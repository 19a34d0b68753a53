//! How often the store is asked for rows until something is decided: a network lies between the gateway and a store that is
//! shared, and each time costs a way there and back.

use crate::decided::World;
use stanzamail::core::context::{Context, Missing};
use stanzamail::core::decide::Decision;
use stanzamail::core::settings::OwnNames;
use stanzamail::store::MemoryStore;
use std::time::Duration;

/// A gateway whose rows lie in a store.
struct Counting(World);

impl Counting {
    fn new() -> Self {
        let mut world = World::new();
        world.settings.own_names = OwnNames::Card;
        world.store = Some(MemoryStore::new([0; 32]));
        Self(world)
    }

    /// How often rows were loaded until it was decided, and what.
    fn count(&mut self, decide: impl Fn(&mut World) -> Decision) -> (usize, Decision) {
        self.0.wait(Duration::from_secs(10));
        self.0.loads = 0;
        let decision = decide(&mut self.0);
        (self.0.loads, decision)
    }

    /// A message of alice to carol.
    fn stanza(&mut self, children: &str) -> (usize, Decision) {
        let xml = format!(
            "<message from='alice@a.example/here' \
             to='carol\\40mail.example@gateway.a.example' type='chat' {children}</message>"
        );
        self.count(|world| world.stanza(&xml))
    }

    /// A mail of carol to alice.
    fn mail(&mut self, lines: &str) -> (usize, Decision) {
        let raw =
            format!("From: Carol <carol@mail.example>\r\nTo: alice@chat.a.example\r\n{lines}\r\n");
        self.count(|world| world.mail(&raw))
    }
}

#[test]
fn a_first_message_to_an_unknown_contact_takes_one_load() {
    let (loads, decision) = Counting::new().stanza("id='1'><body>Hello</body>");
    assert_eq!((loads, decision.mails.len()), (1, 1));
}

#[test]
fn a_message_in_a_running_conversation_takes_two_loads() {
    let mut world = Counting::new();
    world.stanza("id='1'><body>Hello</body>");
    let (loads, decision) = world.stanza("id='2'><body>And hello again</body>");
    assert_eq!((loads, decision.mails.len()), (2, 1));
    let id = decision.mails[0].job.message_id.clone();
    world.mail(&format!(
        "Message-ID: <1@mail.example>\r\nIn-Reply-To: <{id}>\r\n\r\nHello yourself\r\n"
    ));
    let (loads, decision) = world.stanza("id='3'><body>And once more</body>");
    assert_eq!((loads, decision.mails.len()), (2, 1));
}

#[test]
fn a_mail_of_a_known_contact_takes_two_loads() {
    let mut world = Counting::new();
    let (_, decision) = world.stanza("id='1'><body>Hello</body>");
    let id = decision.mails[0].job.message_id.clone();
    let answer =
        format!("Message-ID: <1@mail.example>\r\nIn-Reply-To: <{id}>\r\n\r\nHello yourself\r\n");
    let (loads, decision) = world.mail(&answer);
    assert_eq!((loads, !decision.stanzas.is_empty()), (2, true));
    // The same once more is known.
    let (loads, decision) = world.mail(&answer);
    assert_eq!((loads, decision.stanzas.len()), (1, 0));
    let (loads, _) = world.mail("Message-ID: <2@mail.example>\r\n\r\nSomething else\r\n");
    assert_eq!(loads, 2);
}

#[test]
fn who_looks_ahead_asks_for_nothing_twice_and_finds_what_there_is() {
    let mut context = Context::new();
    let jid: jid::BareJid = "alice@a.example".parse().unwrap();
    let other: jid::BareJid = "bob@a.example".parse().unwrap();
    let both = |context: &Context| -> Result<bool, Missing> {
        let is_one = context.pair_of(&jid)?.is_some();
        Ok(is_one || context.pair_of(&other)?.is_some())
    };
    let needs = context.ask(both).unwrap_err();
    assert_eq!(needs.len(), 2);
    // Afterwards nothing is taken for absent.
    assert!(context.pair_of(&jid).is_err());
    for need in needs {
        context.insert(need, None);
    }
    assert_eq!(context.ask(both), Ok(false));
    assert_eq!(context.pair_of(&other), Ok(None));
}
