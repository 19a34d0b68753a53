//! What a store knows of users, and that one of them is forgotten.

use super::{
    announced, at, avatar, contact, exported, found, mail, message, options, pair,
    rows_of_each_table, save, thread, user,
};
use crate::core::context::Write;
use crate::core::id::{MessageId, StanzaId, ThreadId};
use crate::core::limits::SHARED_LOOKED_FOR_AT_ONCE;
use crate::core::record::{Message, Pair, PairOrigin, Quotes};
use crate::core::traces::RowCounts;
use crate::store::Store;
use crate::store::tables::Record;
use jid::BareJid;
use std::time::Duration;

const ALICE: &str = "alice@a.example";

pub(super) async fn run<S: Store>(make: impl Fn() -> S) {
    users_are_listed_once_in_pages(&make()).await;
    a_user_is_exported_in_pages_and_nobody_else(&make()).await;
    a_user_is_forgotten_and_nobody_else(&make(), &make()).await;
    pairs_of_contacts_go_with_the_last_who_has_them(&make()).await;
    names_that_others_have_taken_are_forgotten_as_well(&make()).await;
    many_rows_go_step_by_step(&make()).await;
}

fn of(user: BareJid, message: Message) -> Message {
    Message { user, ..message }
}

/// All kinds of rows of one user.
fn rows_of(name: &str) -> Vec<Write> {
    let (owner, carol) = (user(name), mail("Carol@mail.example"));
    let id = |text: &str| MessageId::parse(text).unwrap();
    let thread_id = |text: &str| ThreadId::parse(text).unwrap();
    vec![
        Write::Contact(owner.clone(), carol.clone(), contact(1)),
        Write::Contact(owner.clone(), mail("dave@mail.example"), contact(1)),
        Write::Thread(owner.clone(), carol.clone(), thread_id("t"), thread(1)),
        Write::Message(of(owner.clone(), message("x@y", "1", 1))),
        Write::Message(of(owner.clone(), message("z@y", "2", 2))),
        Write::Seen(owner.clone(), id("x@y"), at(1)),
        Write::Seen(owner.clone(), id("z@y"), at(2)),
        Write::Seen(owner.clone(), id("w@y"), at(3)),
        Write::Announced(owner.clone(), announced(1)),
        Write::Options(owner.clone(), None, options(Some(Quotes::Keep), None)),
        Write::Options(
            owner.clone(),
            Some(carol.clone()),
            options(Some(Quotes::Cut), None),
        ),
        Write::Avatar(owner, carol, Some(avatar())),
    ]
}

/// What [`rows_of`] has.
const ROWS: RowCounts = RowCounts {
    contacts: 2,
    options: 2,
    messages: 2,
    threads: 1,
    seen: 3,
    presence: 1,
    pairs: 0,
    avatars: 1,
};

async fn forget<S: Store>(store: &S, name: &str, limit: usize) -> (RowCounts, usize, usize) {
    let (mut rows, mut contacts, mut steps) = (RowCounts::default(), 0, 0);
    loop {
        let gone = store.forget_some_of(&user(name), limit).await.unwrap();
        rows.add(gone.rows);
        contacts += gone.contacts.len();
        steps += 1;
        assert!(steps < 10_000, "it ends");
        if gone.is_all {
            assert_eq!(gone.rows, RowCounts::default());
            assert_eq!(store.rows_of(&user(name)).await, Ok(RowCounts::default()));
            return (rows, contacts, steps);
        }
    }
}

async fn a_user_is_exported_in_pages_and_nobody_else<S: Store>(store: &S) {
    save(store, rows_of_each_table()).await;
    for name in [ALICE, "alice@a.example0", "alice@a.exampl", "zoe@a.example"] {
        save(store, rows_of(name)).await;
    }
    let alice = user(ALICE);
    let of_alice = |record: &Record| record.user() == Some(&alice);
    let all: Vec<Record> = exported(store, 100).await;
    let mut expected: Vec<Record> = all.iter().filter(|one| of_alice(one)).cloned().collect();
    let mut found = Vec::new();
    for limit in [1, 3, 100] {
        found.clear();
        let mut after = None;
        loop {
            let page = store.page_of(&alice, after.as_ref(), limit).await.unwrap();
            assert!(page.len() <= limit);
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            found.extend(page.into_iter().map(|(_, record)| record));
        }
        assert_eq!(found.len(), expected.len(), "{limit}");
        assert!(matches!(found.first(), Some(Record::Pair(_))));
    }
    let line = |record: &Record| format!("{record:?}");
    found.sort_by_key(line);
    expected.sort_by_key(line);
    assert_eq!(found, expected);
    // A place that is in nobody's rows, or in another one's, shows nothing of anybody else.
    for place in store.page(None, None, 1_000).await.unwrap() {
        let page = store.page_of(&alice, Some(&place.0), 1_000).await.unwrap();
        assert!(page.iter().all(|(_, record)| of_alice(record)));
    }
}

async fn users_are_listed_once_in_pages<S: Store>(store: &S) {
    assert!(store.users(None, 10).await.unwrap().is_empty());
    save(store, rows_of_each_table()).await;
    // One of each table, and names of which one is the beginning of another.
    let carol = mail("carol@mail.example");
    let single = vec![
        Write::Announced(user("a@a.example"), announced(1)),
        Write::Options(
            user("a@a.example0"),
            None,
            options(Some(Quotes::Keep), None),
        ),
        Write::Message(of(user("a@a.examplea"), message("x@y", "1", 1))),
        Write::Contact(user("a.example"), carol.clone(), contact(1)),
        Write::Thread(
            user("z@a.example"),
            carol,
            ThreadId::parse("t").unwrap(),
            thread(1),
        ),
        Write::Seen(user("ä@a.example"), MessageId::parse("x@y").unwrap(), at(1)),
    ];
    save(store, single).await;
    let all = [
        "a.example",
        "a@a.example",
        "a@a.example0",
        "a@a.examplea",
        ALICE,
        "bob@a.example",
        "z@a.example",
        "ä@a.example",
    ];
    for limit in [1, 2, 3, 100] {
        let (mut read, mut after) = (Vec::new(), None);
        loop {
            let page = store.users(after.as_ref(), limit).await.unwrap();
            assert!(page.len() <= limit);
            after = page.last().cloned();
            if after.is_none() {
                break;
            }
            read.extend(page.iter().map(ToString::to_string));
        }
        assert_eq!(read, all, "{limit}");
    }
}

async fn a_user_is_forgotten_and_nobody_else<S: Store>(store: &S, other: &S) {
    let neighbours = [
        "alic@a.example",
        "alice@a.exampl",
        "alice@a.example0",
        "a.example",
    ];
    for store in [store, other] {
        for name in neighbours {
            save(store, rows_of(name)).await;
        }
        let held = Pair {
            origin: PairOrigin::Admin,
            ..pair(ALICE, "alice@chat.example")
        };
        save(store, vec![Write::Pair(held)]).await;
    }
    save(store, rows_of(ALICE)).await;
    assert_eq!(store.rows_of(&user(ALICE)).await, Ok(ROWS));
    for limit in [1, 2, 5, 1000] {
        assert_eq!(forget(store, ALICE, limit).await.0, ROWS, "{limit}");
        assert_eq!(exported(store, 7).await, exported(other, 7).await);
        assert_eq!(found(store, "x@y", "1").await, [None, None]);
        // Nothing of it is left in what says when rows grow old, and the same may be there again.
        save(store, rows_of(ALICE)).await;
    }
    assert_eq!(forget(store, ALICE, 3).await, (ROWS, 2, 6));
    assert_eq!(forget(store, ALICE, 3).await.0, RowCounts::default());
    assert_eq!(forget(store, "nobody@a.example", 3).await.2, 1);
    let left = store.users(None, 10).await.unwrap();
    assert!(left.contains(&user(ALICE)), "the admin's pair is there");
    let forgotten = store.forget_older(at(1000), Duration::ZERO).await;
    assert_eq!(
        forgotten,
        other.forget_older(at(1000), Duration::ZERO).await
    );
}

fn verified(address: &str) -> Pair {
    let jid = format!("{}@gateway.example", address.replace('@', "\\40"));
    pair(&jid, address)
}

async fn pairs_of_contacts_go_with_the_last_who_has_them<S: Store>(store: &S) {
    let name = |number: usize| format!("c{number:03}@mail.example");
    let count = SHARED_LOOKED_FOR_AT_ONCE * 2 + 3;
    let mut writes: Vec<Write> = (0..count)
        .flat_map(|number| {
            let one = Write::Contact(user(ALICE), mail(&name(number)), contact(1));
            [one, Write::Pair(verified(&name(number)))]
        })
        .collect();
    // Bob has one of them as well, and one is the admin's word.
    let shared = Write::Contact(user("bob@a.example"), mail(&name(1)), contact(1));
    let of_admin = Pair {
        origin: PairOrigin::Admin,
        ..verified("held@mail.example")
    };
    writes.extend([
        shared,
        Write::Contact(user(ALICE), mail("held@mail.example"), contact(1)),
        Write::Pair(of_admin.clone()),
    ]);
    save(store, writes).await;
    let made = u64::try_from(count).unwrap();
    let rows = store.rows_of(&user(ALICE)).await.unwrap();
    assert_eq!((rows.contacts, rows.pairs), (made + 1, made));
    let (rows, contacts, _) = forget(store, ALICE, 1000).await;
    assert_eq!((rows.contacts, rows.pairs), (made + 1, made - 1));
    assert_eq!(contacts, count + 1);
    let left = store.pairs(None, 100).await.unwrap();
    assert_eq!(left, [verified(&name(1)), of_admin]);
    // The other side leads nowhere, too.
    let free = pair("new@gateway.example", &name(0));
    save(store, vec![Write::Pair(free)]).await;
    assert_eq!(forget(store, "bob@a.example", 1000).await.0.pairs, 1);
}

/// A message that got another XMPP name leaves a second copy behind, to which nothing else leads.
async fn names_that_others_have_taken_are_forgotten_as_well<S: Store>(store: &S) {
    for (id, stanza, seconds) in [("x@y", "1", 10), ("x@y", "2", 20), ("z@y", "2", 30)] {
        save(store, vec![Write::Message(message(id, stanza, seconds))]).await;
    }
    let (rows, _, _) = forget(store, ALICE, 1).await;
    assert_eq!(rows.messages, 2);
    for (id, stanza) in [("x@y", "1"), ("x@y", "2"), ("z@y", "2")] {
        assert_eq!(found(store, id, stanza).await, [None, None]);
    }
    assert_eq!(store.forget_older(at(99), Duration::ZERO).await, Ok(0));
    assert!(exported(store, 10).await.is_empty());
}

async fn many_rows_go_step_by_step<S: Store>(store: &S) {
    let writes = (0..2_500).flat_map(|number| {
        let id = format!("{number}@mail.example");
        let row = Message {
            stanza_id: StanzaId::parse(&format!("s{number}")).unwrap(),
            ..message(&id, "1", number)
        };
        let seen = MessageId::parse(&id).unwrap();
        [
            Write::Message(row),
            Write::Seen(user(ALICE), seen, at(number)),
        ]
    });
    save(store, writes.collect()).await;
    // Killed in the middle, and asked for once more.
    let first = store.forget_some_of(&user(ALICE), 100).await.unwrap();
    assert!(!first.is_all && first.rows.messages == 100);
    let left = exported(store, 1000).await;
    assert!(
        left.len() == 4_900
            && left
                .iter()
                .all(|row| matches!(row, Record::Message(_) | Record::Seen(_)))
    );
    let (rows, _, steps) = forget(store, ALICE, 1000).await;
    assert_eq!((rows.messages, rows.seen), (2_400, 2_500));
    assert!((5..=9).contains(&steps), "{steps}");
    assert_eq!(store.forget_older(at(9_999), Duration::ZERO).await, Ok(0));
    save(store, vec![Write::Message(message("x@y", "1", 1))]).await;
}
