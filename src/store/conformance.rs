//! What every [`Store`] must do. Each check gets a store of its own.

mod users;

use crate::core::address::{AddressPattern, MailAddress};
use crate::core::avatar::{Avatar, MediaType};
use crate::core::context::{Need, Row, Write};
use crate::core::id::{MessageId, StanzaId, ThreadId};
use crate::core::record::{
    Announced, Answerable, Bulk, Contact, Cursor, Direction, Format, Heard, Message, Options, Pair,
    PairOrigin, Peer, PeerOrigin, PresenceState, Quotes, Sent, Show, Subscription, Thread,
};
use crate::core::time::Timestamp;
use crate::store::tables::{Record, Table};
use crate::store::{Store, StoreError};
use jid::BareJid;
use std::time::Duration;

/// Runs every check on a new store of `make`.
pub async fn run<S: Store>(make: impl Fn() -> S) {
    writes_are_read_at_once(&make()).await;
    pairs_are_one_to_one(&make()).await;
    a_refused_batch_changes_nothing(&make()).await;
    a_batch_is_applied_in_its_order(&make()).await;
    saving_a_pair_again_never_lowers_its_origin(&make()).await;
    addresses_are_one_whatever_their_case(&make()).await;
    a_removed_pair_frees_both_sides(&make()).await;
    rows_of_neighbours_are_apart(&make()).await;
    a_message_is_found_under_both_names(&make()).await;
    another_message_with_the_same_stanza_id_keeps_both(&make()).await;
    a_message_is_forgotten_under_both_names_and_no_other_with_it(&make()).await;
    a_message_that_got_another_stanza_id_is_forgotten_under_each_at_its_time(&make()).await;
    old_rows_are_forgotten_and_young_ones_stay(&make()).await;
    a_row_that_was_renewed_is_young(&make()).await;
    pairs_come_in_pages(&make()).await;
    contacts_come_in_pages(&make()).await;
    an_export_has_every_row_once_and_can_be_imported(&make(), &make()).await;
    cursors_are_kept_by_mailbox(&make()).await;
    peers_are_saved_replaced_and_forgotten(&make()).await;
    options_are_saved_replaced_and_forgotten(&make()).await;
    avatars_are_saved_replaced_and_forgotten(&make()).await;
    what_is_learned_too_late_does_not_replace_what_the_admin_said(&make()).await;
    peers_and_announced_come_in_pages(&make()).await;
    users::run(&make).await;
}

pub fn user(text: &str) -> BareJid {
    BareJid::new(text).unwrap()
}

pub fn mail(text: &str) -> MailAddress {
    MailAddress::parse(text).unwrap()
}

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(seconds)
}

pub fn pair(jid: &str, address: &str) -> Pair {
    Pair {
        jid: user(jid),
        mail: mail(address),
        name: None,
        origin: PairOrigin::Verified,
        saved: at(1),
    }
}

pub fn message(id: &str, stanza: &str, seconds: i64) -> Message {
    Message {
        message_id: MessageId::parse(id).unwrap(),
        stanza_id: StanzaId::parse(stanza).unwrap(),
        user: user("alice@a.example"),
        resource: None,
        contact: mail("carol@mail.example"),
        thread: ThreadId::parse("t").unwrap(),
        direction: Direction::Out,
        at: at(seconds),
        digest: String::new(),
        others: Vec::new(),
        sent: Sent {
            unheard: vec!["it was not delivered".to_owned()],
            ..Sent::default()
        },
        answerable: Some(Box::new(Answerable {
            reverse_path: mail("carol@mail.example"),
            subject: Some("Grüße".to_owned()),
            date: Some(at(seconds)),
        })),
        within: MessageId::parse("first@y"),
    }
}

fn thread(seconds: i64) -> Thread {
    Thread {
        references: vec![MessageId::parse("first@mail.example").unwrap()],
        subject: Some("Bees".to_owned()),
        last: at(seconds),
        is_invitation: false,
        answers: None,
    }
}

pub fn who(text: &str) -> AddressPattern {
    text.parse().unwrap()
}

pub fn peer(name: &str, format: Format, origin: PeerOrigin) -> Peer {
    Peer {
        who: who(name),
        format,
        origin,
        since: at(1),
    }
}

/// With all that a contact's own gateway adds.
pub fn contact(seconds: i64) -> Contact {
    let state = PresenceState {
        show: Some(Show::Away),
        status: Some("At the\nbees".to_owned()),
        priority: -5,
    };
    Contact {
        subscription: Subscription::Both,
        heard: Some(Heard {
            sequence: at(seconds),
            expires: at(seconds + 100),
            state: Some(state),
        }),
        ..Contact::default()
    }
}

pub fn announced(seconds: i64) -> Announced {
    Announced {
        sequence: at(seconds),
        at: at(seconds),
        expires: at(seconds + 100),
        state: None,
    }
}

async fn save<S: Store>(store: &S, writes: Vec<Write>) {
    store.commit(at(0), writes).await.unwrap();
}

async fn one<S: Store>(store: &S, need: Need) -> Option<Row> {
    let mut rows = store.load(&[need]).await.unwrap();
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

async fn pair_of<S: Store>(store: &S, jid: &str) -> Option<Pair> {
    match one(store, Need::PairOf(user(jid))).await {
        Some(Row::Pair(pair)) => Some(pair),
        None => None,
        other => panic!("{other:?}"),
    }
}

async fn holder_of<S: Store>(store: &S, address: &str) -> Option<Pair> {
    match one(store, Need::HolderOf(mail(address))).await {
        Some(Row::Pair(pair)) => Some(pair),
        None => None,
        other => panic!("{other:?}"),
    }
}

async fn writes_are_read_at_once<S: Store>(store: &S) {
    let alice = pair("alice@a.example", "alice@chat.example");
    let seen = MessageId::parse("x@y").unwrap();
    let not_yet_durable = store.commit(
        at(1),
        vec![
            Write::Pair(alice.clone()),
            Write::Seen(alice.jid.clone(), seen.clone(), at(5)),
        ],
    );
    let needs = [
        Need::Seen(alice.jid.clone(), seen),
        Need::PairOf(user("bob@a.example")),
        Need::PairOf(alice.jid.clone()),
    ];
    let rows = store.load(&needs).await.unwrap();
    assert_eq!(rows, [Some(Row::Seen(at(5))), None, Some(Row::Pair(alice))]);
    not_yet_durable.await.unwrap();
    save(store, Vec::new()).await;
}

async fn pairs_are_one_to_one<S: Store>(store: &S) {
    let alice = pair("alice@a.example", "alice@chat.example");
    save(store, vec![Write::Pair(alice.clone())]).await;
    for other in [
        pair("alice@a.example", "other@chat.example"),
        pair("bob@a.example", "Alice@CHAT.example"),
    ] {
        let refused = store.commit(at(2), vec![Write::Pair(other.clone())]).await;
        assert_eq!(refused, Err(StoreError::held(&other, &alice)));
        let text = refused.unwrap_err().to_string();
        assert!(
            text.contains("alice@a.example = alice@chat.example"),
            "{text}"
        );
    }
    assert_eq!(pair_of(store, "alice@a.example").await, Some(alice));
    assert_eq!(pair_of(store, "bob@a.example").await, None);
    assert_eq!(holder_of(store, "other@chat.example").await, None);
}

async fn a_refused_batch_changes_nothing<S: Store>(store: &S) {
    save(
        store,
        vec![Write::Pair(pair("alice@a.example", "a@c.example"))],
    )
    .await;
    let cursor = Cursor {
        uid_validity: 1,
        uid_next: 2,
        since: at(3),
        again: None,
    };
    let batch = vec![
        Write::Pair(pair("bob@a.example", "b@c.example")),
        Write::Cursor("INBOX".to_owned(), cursor),
        Write::RemovePair(user("alice@a.example")),
        Write::Peer(peer("b.example", Format::Xmpp, PeerOrigin::Admin)),
        Write::Pair(pair("dora@a.example", "b@c.example")),
        Write::Message(message("x@y", "1", 1)),
    ];
    assert!(matches!(
        store.commit(at(1), batch).await,
        Err(StoreError::Held { .. })
    ));
    assert_eq!(
        store.pairs(None, 10).await.unwrap(),
        [pair("alice@a.example", "a@c.example")]
    );
    assert_eq!(store.cursor("INBOX").await.unwrap(), None);
    assert!(store.peers(None, 10).await.unwrap().is_empty());
    assert_eq!(holder_of(store, "b@c.example").await, None);
    assert!(holder_of(store, "a@c.example").await.is_some());
}

async fn a_batch_is_applied_in_its_order<S: Store>(store: &S) {
    save(
        store,
        vec![Write::Pair(pair("alice@a.example", "a@c.example"))],
    )
    .await;
    let moved = pair("bob@a.example", "a@c.example");
    save(
        store,
        vec![
            Write::RemovePair(user("alice@a.example")),
            Write::Pair(moved.clone()),
            Write::Message(message("x@y", "1", 1)),
            Write::Message(message("x@y", "1", 2)),
        ],
    )
    .await;
    assert_eq!(
        store.pairs(None, 10).await.unwrap(),
        std::slice::from_ref(&moved)
    );
    assert_eq!(holder_of(store, "a@c.example").await, Some(moved));
    assert_eq!(
        store.forget_older(at(10), Duration::from_secs(8)).await,
        Ok(0)
    );
    assert_eq!(
        store.forget_older(at(10), Duration::from_secs(7)).await,
        Ok(1)
    );
}

async fn saving_a_pair_again_never_lowers_its_origin<S: Store>(store: &S) {
    let with = |origin, name: Option<&str>, saved| Pair {
        origin,
        name: name.map(str::to_owned),
        saved: at(saved),
        ..pair("alice@a.example", "a@c.example")
    };
    for (written, read) in [
        (
            with(PairOrigin::Verified, Some("Al"), 2),
            with(PairOrigin::Verified, Some("Al"), 2),
        ),
        (
            with(PairOrigin::Admin, Some("Alice"), 4),
            with(PairOrigin::Admin, Some("Alice"), 2),
        ),
        (
            with(PairOrigin::Verified, None, 5),
            with(PairOrigin::Admin, Some("Alice"), 2),
        ),
    ] {
        save(store, vec![Write::Pair(written)]).await;
        assert_eq!(pair_of(store, "alice@a.example").await, Some(read));
    }
}

async fn addresses_are_one_whatever_their_case<S: Store>(store: &S) {
    let carol = pair("carol@a.example", "Carol.X@Bücher.example");
    let bee = Contact {
        pending_out: true,
        ..Contact::default()
    };
    save(
        store,
        vec![
            Write::Pair(carol.clone()),
            Write::Contact(
                user("alice@a.example"),
                mail("Bee@Mail.example"),
                bee.clone(),
            ),
        ],
    )
    .await;
    let found = holder_of(store, "carol.x@xn--bcher-kva.example")
        .await
        .unwrap();
    assert_eq!(found.mail.local(), "Carol.X");
    let need = Need::Contact(user("alice@a.example"), mail("bEE@mail.EXAMPLE"));
    assert_eq!(one(store, need).await, Some(Row::Contact(bee)));
    let (_, written, _) = store.contacts(None, 1).await.unwrap().remove(0);
    assert_eq!(written.to_string(), "Bee@mail.example");
    let away = Write::RemoveContact(user("alice@a.example"), mail("BEE@mail.example"));
    save(store, vec![away]).await;
    assert!(store.contacts(None, 1).await.unwrap().is_empty());
}

async fn a_removed_pair_frees_both_sides<S: Store>(store: &S) {
    save(
        store,
        vec![Write::Pair(pair("alice@a.example", "a@c.example"))],
    )
    .await;
    let nobody = Write::RemovePair(user("nobody@a.example"));
    save(
        store,
        vec![nobody, Write::RemovePair(user("alice@a.example"))],
    )
    .await;
    assert_eq!(pair_of(store, "alice@a.example").await, None);
    assert_eq!(holder_of(store, "a@c.example").await, None);
    save(
        store,
        vec![
            Write::Pair(pair("alice@a.example", "new@c.example")),
            Write::Pair(pair("bob@a.example", "a@c.example")),
        ],
    )
    .await;
    assert_eq!(store.pairs(None, 10).await.unwrap().len(), 2);
}

async fn rows_of_neighbours_are_apart<S: Store>(store: &S) {
    let (long, short) = (user("aa.example"), user("a.example"));
    let id = |text: &str| ThreadId::parse(text).unwrap();
    let carol = mail("carol@mail.example");
    save(
        store,
        vec![
            Write::Thread(long.clone(), carol.clone(), id("t"), thread(1)),
            Write::Thread(short.clone(), carol.clone(), id("tt"), thread(2)),
        ],
    )
    .await;
    for (who, name, there) in [
        (&long, "t", true),
        (&short, "tt", true),
        (&long, "tt", false),
        (&short, "t", false),
    ] {
        let row = one(store, Need::Thread(who.clone(), carol.clone(), id(name))).await;
        assert_eq!(row.is_some(), there, "{who} {name}");
    }
}

async fn found<S: Store>(store: &S, id: &str, stanza: &str) -> [Option<Row>; 2] {
    let sample = message(id, stanza, 0);
    let by_mail = Need::Message(sample.message_id, sample.user.clone());
    let by_stanza = Need::Stanza(sample.user, sample.contact, sample.stanza_id);
    [one(store, by_mail).await, one(store, by_stanza).await]
}

async fn a_message_is_found_under_both_names<S: Store>(store: &S) {
    let sent = message("x@y", "1", 1);
    save(store, vec![Write::Message(sent.clone())]).await;
    let row = Some(Row::Message(sent));
    assert_eq!(found(store, "x@y", "1").await, [row.clone(), row]);
    let for_another = Need::Message(MessageId::parse("x@y").unwrap(), user("bob@a.example"));
    assert_eq!(one(store, for_another).await, None);
}

/// As [`crate::core::context::Context::apply`] does.
async fn another_message_with_the_same_stanza_id_keeps_both<S: Store>(store: &S) {
    let (first, second) = (message("x@y", "1", 1), message("z@y", "1", 2));
    save(store, vec![Write::Message(first.clone())]).await;
    save(store, vec![Write::Message(second.clone())]).await;
    let (first, second) = (Some(Row::Message(first)), Some(Row::Message(second)));
    assert_eq!(found(store, "x@y", "1").await, [first, second.clone()]);
    assert_eq!(found(store, "z@y", "1").await, [second.clone(), second]);
}

/// Whichever of two messages with one stanza id is the older one: what lies under it is the one that was saved last.
async fn a_message_is_forgotten_under_both_names_and_no_other_with_it<S: Store>(store: &S) {
    for (first, second) in [(10, 20), (20, 10)] {
        let (first, second) = (message("x@y", "1", first), message("z@y", "1", second));
        save(store, vec![Write::Message(first.clone())]).await;
        save(store, vec![Write::Message(second.clone())]).await;
        let left = |row: &Message| (row.at == at(20)).then(|| Row::Message(row.clone()));
        assert_eq!(
            store.forget_older(at(30), Duration::from_secs(15)).await,
            Ok(1)
        );
        assert_eq!(
            found(store, "x@y", "1").await,
            [left(&first), left(&second)]
        );
        assert_eq!(
            found(store, "z@y", "1").await,
            [left(&second), left(&second)]
        );
        assert_eq!(store.forget_older(at(30), Duration::ZERO).await, Ok(1));
        assert_eq!(found(store, "x@y", "1").await, [None, None]);
        assert_eq!(found(store, "z@y", "1").await, [None, None]);
    }
}

async fn a_message_that_got_another_stanza_id_is_forgotten_under_each_at_its_time<S: Store>(
    store: &S,
) {
    let (first, second) = (message("x@y", "1", 10), message("x@y", "2", 20));
    save(store, vec![Write::Message(first.clone())]).await;
    save(store, vec![Write::Message(second.clone())]).await;
    let (first, second) = (Some(Row::Message(first)), Some(Row::Message(second)));
    assert_eq!(found(store, "x@y", "1").await, [second.clone(), first]);
    assert_eq!(
        found(store, "x@y", "2").await,
        [second.clone(), second.clone()]
    );
    assert_eq!(
        store.forget_older(at(30), Duration::from_secs(15)).await,
        Ok(0)
    );
    assert_eq!(found(store, "x@y", "1").await, [second.clone(), None]);
    assert_eq!(found(store, "x@y", "2").await, [second.clone(), second]);
    // A name that was forgotten is free.
    let third = message("z@y", "1", 25);
    save(store, vec![Write::Message(third.clone())]).await;
    assert_eq!(
        store.forget_older(at(30), Duration::from_secs(7)).await,
        Ok(1)
    );
    let third = Some(Row::Message(third));
    assert_eq!(found(store, "z@y", "1").await, [third.clone(), third]);
    assert_eq!(found(store, "x@y", "2").await, [None, None]);
    assert_eq!(store.forget_older(at(30), Duration::ZERO).await, Ok(1));
}

async fn old_rows_are_forgotten_and_young_ones_stay<S: Store>(store: &S) {
    let alice = user("alice@a.example");
    let id = |text: &str| MessageId::parse(text).unwrap();
    let name = |text: &str| ThreadId::parse(text).unwrap();
    let carol = mail("carol@mail.example");
    save(
        store,
        vec![
            Write::Message(message("old@y", "1", 10)),
            Write::Message(message("young@y", "2", 20)),
            Write::Thread(alice.clone(), carol.clone(), name("old"), thread(10)),
            Write::Thread(alice.clone(), carol.clone(), name("young"), thread(20)),
            Write::Seen(alice.clone(), id("old@y"), at(10)),
            Write::Seen(alice.clone(), id("young@y"), at(20)),
            Write::Contact(alice.clone(), carol.clone(), Contact::default()),
            Write::Pair(pair("alice@a.example", "a@c.example")),
        ],
    )
    .await;
    assert_eq!(
        store.forget_older(at(30), Duration::from_secs(20)).await,
        Ok(0)
    );
    assert_eq!(
        store.forget_older(at(30), Duration::from_secs(15)).await,
        Ok(3)
    );
    assert_eq!(
        store.forget_older(at(30), Duration::from_secs(15)).await,
        Ok(0)
    );
    assert_eq!(found(store, "old@y", "1").await, [None, None]);
    assert!(
        found(store, "young@y", "2")
            .await
            .iter()
            .all(Option::is_some)
    );
    let kept = store.page(None, None, 100).await.unwrap();
    assert_eq!(kept.len(), 5, "{kept:?}");
    assert!(one(store, Need::Seen(alice, id("old@y"))).await.is_none());
}

async fn a_row_that_was_renewed_is_young<S: Store>(store: &S) {
    let alice = user("alice@a.example");
    let carol = mail("carol@mail.example");
    let name = ThreadId::parse("t").unwrap();
    for seconds in [10, 20, 15] {
        let renewed = thread(seconds);
        save(
            store,
            vec![Write::Thread(
                alice.clone(),
                carol.clone(),
                name.clone(),
                renewed,
            )],
        )
        .await;
    }
    assert_eq!(
        store.forget_older(at(30), Duration::from_secs(18)).await,
        Ok(0)
    );
    assert_eq!(
        store.forget_older(at(30), Duration::from_secs(12)).await,
        Ok(1)
    );
    // Nothing of it is left that could be forgotten.
    assert_eq!(store.forget_older(at(99), Duration::ZERO).await, Ok(0));
}

async fn pairs_come_in_pages<S: Store>(store: &S) {
    let names: Vec<String> = (0..25).map(|n| format!("u{n:02}@a.example")).collect();
    let writes = names.iter().rev();
    let writes = writes.map(|jid| Write::Pair(pair(jid, jid))).collect();
    save(store, writes).await;
    let mut read: Vec<String> = Vec::new();
    loop {
        let last = read.last().map(|jid| user(jid));
        let page = store.pairs(last.as_ref(), 10).await.unwrap();
        // What was read may go meanwhile.
        save(
            store,
            page.iter()
                .map(|p| Write::RemovePair(p.jid.clone()))
                .collect(),
        )
        .await;
        match page.len() {
            0 => break,
            n => assert!(n <= 10),
        }
        read.extend(page.iter().map(|pair| pair.jid.to_string()));
    }
    assert_eq!(read, names);
}

async fn contacts_come_in_pages<S: Store>(store: &S) {
    let alice = user("alice@a.example");
    for local in ["a", "B", "c"] {
        let contact = Contact {
            subscription: Subscription::Both,
            ..Contact::default()
        };
        let address = mail(&format!("{local}@m.example"));
        save(store, vec![Write::Contact(alice.clone(), address, contact)]).await;
    }
    let of = |user: &BareJid| {
        let need = Need::ContactsOf(user.clone());
        let rows = futures::executor::block_on(store.load(&[need])).unwrap();
        match rows.into_iter().next().flatten() {
            Some(Row::Contacts(list)) => list,
            other => panic!("{other:?}"),
        }
    };
    let all = store.contacts(None, 99).await.unwrap();
    for (user, ..) in &all {
        let own = all.iter().filter(|(owner, ..)| owner == user);
        let own: Vec<_> = own
            .map(|(_, mail, row)| (mail.clone(), row.clone()))
            .collect();
        assert_eq!(of(user), own);
    }
    assert!(of(&BareJid::new("nobody@a.example").unwrap()).is_empty());
    let first = store.contacts(None, 2).await.unwrap();
    let last = first.last().unwrap();
    let rest = store.contacts(Some((&last.0, &last.1)), 2).await.unwrap();
    let read: Vec<_> = first.iter().chain(&rest).map(|row| row.1.local()).collect();
    assert_eq!(read, ["a", "B", "c"]);
}

/// One at least of each table.
pub fn rows_of_each_table() -> Vec<Write> {
    let alice = user("alice@a.example");
    let carol = mail("Carol@mail.example");
    let cursor = Cursor {
        uid_validity: 1,
        uid_next: 2,
        since: at(3),
        again: None,
    };
    vec![
        Write::Pair(pair("alice@a.example", "a@c.example")),
        Write::Pair(pair("bob@a.example", "b@c.example")),
        Write::Contact(alice.clone(), carol.clone(), contact(4)),
        Write::Thread(
            alice.clone(),
            carol.clone(),
            ThreadId::parse("t").unwrap(),
            thread(1),
        ),
        Write::Message(message("x@y", "1", 1)),
        Write::Seen(alice, MessageId::parse("x@y").unwrap(), at(1)),
        Write::Cursor("INBOX".to_owned(), cursor),
        Write::Peer(peer(
            "Bob@chat.b.example",
            Format::Xmpp,
            PeerOrigin::Learned,
        )),
        Write::Peer(peer("chat.b.example", Format::Mail, PeerOrigin::Admin)),
        Write::Announced(user("alice@a.example"), announced(5)),
        Write::Options(
            user("alice@a.example"),
            None,
            options(None, Some(Bulk::Drop)),
        ),
        Write::Options(
            user("alice@a.example"),
            Some(mail("Carol@mail.example")),
            options(Some(Quotes::Keep), None),
        ),
        Write::Avatar(user("alice@a.example"), carol, Some(avatar())),
    ]
}

/// A picture, as the rows have it.
pub fn avatar() -> Avatar {
    Avatar {
        id: "0".repeat(40),
        media_type: MediaType::Png,
        octets: 3,
        width: 48,
        height: 48,
        data: "AAAA".to_owned(),
    }
}

async fn avatars_are_saved_replaced_and_forgotten<S: Store>(store: &S) {
    let (alice, carol) = (user("alice@a.example"), mail("Carol@mail.example"));
    let other = Avatar {
        media_type: MediaType::Jpeg,
        ..avatar()
    };
    let need = || Need::Avatar(user("alice@a.example"), mail("carol@MAIL.example"));
    let write = |avatar| vec![Write::Avatar(alice.clone(), carol.clone(), avatar)];
    for each in [avatar(), other] {
        save(store, write(Some(each.clone()))).await;
        assert_eq!(one(store, need()).await, Some(Row::Avatar(each)));
    }
    let adam = Need::Avatar(user("adam@a.example"), carol.clone());
    assert_eq!(one(store, adam).await, None);
    save(store, write(None)).await;
    assert_eq!(one(store, need()).await, None);
}

fn options(quotes: Option<Quotes>, bulk: Option<Bulk>) -> Options {
    Options {
        quotes,
        bulk,
        ..Options::default()
    }
}

async fn options_are_saved_replaced_and_forgotten<S: Store>(store: &S) {
    let alice = user("alice@a.example");
    let of_carol = Some(mail("Carol@mail.example"));
    let keep = options(Some(Quotes::Keep), None);
    let drop = options(Some(Quotes::Cut), Some(Bulk::Drop));
    save(
        store,
        vec![
            Write::Options(alice.clone(), of_carol.clone(), keep.clone()),
            Write::Options(alice.clone(), None, drop.clone()),
        ],
    )
    .await;
    let read = async |contact: Option<&str>| {
        let need = Need::Options(user("alice@a.example"), contact.map(mail));
        one(store, need).await
    };
    assert_eq!(
        read(Some("carol@MAIL.example")).await,
        Some(Row::Options(keep.clone()))
    );
    assert_eq!(read(None).await, Some(Row::Options(drop)));
    assert_eq!(read(Some("dave@mail.example")).await, None);
    let gone = Options::default();
    save(store, vec![Write::Options(alice.clone(), of_carol, gone)]).await;
    assert_eq!(read(Some("carol@mail.example")).await, None);
    save(store, vec![Write::Options(alice, None, keep.clone())]).await;
    assert_eq!(read(None).await, Some(Row::Options(keep)));
}

async fn an_export_has_every_row_once_and_can_be_imported<S: Store>(store: &S, other: &S) {
    let writes = rows_of_each_table();
    let count = writes.len();
    save(store, writes).await;
    let all = exported(store, 2).await;
    assert_eq!(all.len(), count, "{all:?}");
    for table in Table::ALL {
        let rows = store.page(Some(*table), None, 100).await.unwrap();
        let rows = rows.into_iter().map(|(_, record)| record);
        let own = all.iter().filter(|record| record.table() == *table);
        assert!(rows.eq(own.cloned()), "{table:?}");
        let has_rows = all.iter().any(|record| record.table() == *table);
        assert!(has_rows, "rows_of_each_table has none of {table:?}");
    }
    save(other, all.iter().cloned().map(Write::from).collect()).await;
    assert_eq!(exported(other, 100).await, all);
    assert_eq!(
        found(other, "x@y", "1").await,
        found(store, "x@y", "1").await
    );
}

/// All rows, in pages of `limit`.
pub async fn exported<S: Store>(store: &S, limit: usize) -> Vec<Record> {
    let mut all = Vec::new();
    let mut last = None;
    loop {
        let page = store.page(None, last.as_ref(), limit).await.unwrap();
        assert!(page.len() <= limit);
        match page.last() {
            Some((place, _)) => last = Some(place.clone()),
            None => return all,
        }
        all.extend(page.into_iter().map(|(_, record)| record));
    }
}

async fn cursors_are_kept_by_mailbox<S: Store>(store: &S) {
    let cursor = |uid_next| Cursor {
        uid_validity: 7,
        uid_next,
        since: at(1),
        again: None,
    };
    let save_cursor = |name: &str, uid| Write::Cursor(name.to_owned(), cursor(uid));
    save(store, vec![save_cursor("INBOX", 1), save_cursor("Büro", 5)]).await;
    save(store, vec![save_cursor("INBOX", 2)]).await;
    assert_eq!(store.cursor("INBOX").await, Ok(Some(cursor(2))));
    assert_eq!(store.cursor("Büro").await, Ok(Some(cursor(5))));
    assert_eq!(store.cursor("inbox").await, Ok(None));
}

async fn peers_are_saved_replaced_and_forgotten<S: Store>(store: &S) {
    let first = peer("Bob@b.example", Format::Xmpp, PeerOrigin::Learned);
    let of_domain = peer("b.example", Format::Mail, PeerOrigin::Admin);
    let batch = vec![Write::Peer(first.clone()), Write::Peer(of_domain.clone())];
    save(store, batch).await;
    let read = async |name: &str| one(store, Need::Peer(who(name))).await;
    assert_eq!(read("bob@B.example").await, Some(Row::Peer(first)));
    assert_eq!(read("b.example").await, Some(Row::Peer(of_domain)));
    assert_eq!(read("carol@b.example").await, None);
    let second = peer("bob@b.example", Format::Mail, PeerOrigin::Learned);
    save(store, vec![Write::Peer(second.clone())]).await;
    assert_eq!(read("bob@b.example").await, Some(Row::Peer(second)));
    let gone = [who("BOB@b.example"), who("nobody@b.example")];
    save(store, gone.map(Write::RemovePeer).to_vec()).await;
    assert_eq!(read("bob@b.example").await, None);
    assert_eq!(store.peers(None, 10).await.unwrap().len(), 1);
}

async fn what_is_learned_too_late_does_not_replace_what_the_admin_said<S: Store>(store: &S) {
    let bob = "bob@b.example";
    let of = |format, origin| peer(bob, format, origin);
    let learned = of(Format::Xmpp, PeerOrigin::Learned);
    for (written, read) in [
        (learned.clone(), learned.clone()),
        (
            of(Format::Mail, PeerOrigin::Admin),
            of(Format::Mail, PeerOrigin::Admin),
        ),
        (learned.clone(), of(Format::Mail, PeerOrigin::Admin)),
        (
            of(Format::Xmpp, PeerOrigin::Admin),
            of(Format::Xmpp, PeerOrigin::Admin),
        ),
    ] {
        save(store, vec![Write::Peer(written)]).await;
        assert_eq!(
            one(store, Need::Peer(who(bob))).await,
            Some(Row::Peer(read))
        );
    }
    // Not even within one batch, unless the admin's word was taken back in between.
    let batch = vec![Write::RemovePeer(who(bob)), Write::Peer(learned.clone())];
    save(store, batch).await;
    assert_eq!(
        one(store, Need::Peer(who(bob))).await,
        Some(Row::Peer(learned))
    );
}

async fn peers_and_announced_come_in_pages<S: Store>(store: &S) {
    let names = ["a@x.example", "B@x.example", "c@x.example"];
    for name in names {
        let batch = vec![
            Write::Peer(peer(name, Format::Xmpp, PeerOrigin::Learned)),
            Write::Announced(user(name), announced(1)),
            Write::Announced(user(name), announced(2)),
        ];
        save(store, batch).await;
    }
    let mut peers = store.peers(None, 2).await.unwrap();
    assert_eq!(peers.len(), 2);
    peers.extend(store.peers(Some(&who("b@X.example")), 2).await.unwrap());
    assert!(peers.iter().map(|peer| peer.who.clone()).eq(names.map(who)));
    let mut users = store.announced(None, 2).await.unwrap();
    users.extend(
        store
            .announced(Some(&user("b@x.example")), 2)
            .await
            .unwrap(),
    );
    assert_eq!(users, names.map(|name| (user(name), announced(2))));
    // Not the neighbours' tables.
    let last = who("c@x.example");
    assert!(store.peers(Some(&last), 9).await.unwrap().is_empty());
    assert_eq!(store.forget_older(at(1000), Duration::ZERO).await, Ok(0));
}
