//! Where the rows of one user lie: in each table that has any, one after the other, since a key begins with its user. So what is
//! known of one user is read and forgotten without looking at anybody else's rows, and users are listed by leaping from one to
//! the next.

use crate::core::limits::CONTACTS_FORGOTTEN_AT_ONCE;
use crate::core::record::PairOrigin;
use crate::core::traces::RowCounts;
use crate::store::StoreError;
use crate::store::tables::{BY_MAIL, BY_STANZA, Record, Table};
use jid::BareJid;
use std::ops::{Bound, Range};

/// The tables whose keys begin with a user, in the order in which they are forgotten: who is killed in the middle leaves a
/// user with contacts, whom a list still shows. A pair's is its JID, which may be a contact's.
pub(super) const OF_USERS: [Table; 8] = [
    Table::Message,
    Table::Thread,
    Table::Seen,
    Table::Announced,
    Table::Options,
    Table::Avatar,
    Table::Contact,
    Table::Pair,
];

/// The same in the order in which they are exported.
const EXPORTED: [Table; 8] = [
    Table::Pair,
    Table::Options,
    Table::Contact,
    Table::Announced,
    Table::Thread,
    Table::Message,
    Table::Seen,
    Table::Avatar,
];

/// Up to `limit` rows of a user behind the key `after`, by a store's way to read up to so many of a range.
pub(super) fn page<T>(
    user: &BareJid,
    (after, limit): (Option<&[u8]>, usize),
    read: impl Fn((Bound<Vec<u8>>, Bound<Vec<u8>>), usize) -> Result<Vec<T>, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let tag = after.and_then(<[u8]>::first);
    let from = EXPORTED.iter().position(|one| Some(&one.tag()) == tag);
    let mut found = Vec::new();
    for table in EXPORTED.into_iter().skip(from.unwrap_or_default()) {
        let range = range_of(table, user);
        let start = match after {
            Some(after) if tag == Some(&table.tag()) && range.start.as_slice() <= after => {
                Bound::Excluded(after.to_vec())
            }
            _ => Bound::Included(range.start),
        };
        // Of who names a place beyond the user's own rows.
        if matches!(&start, Bound::Excluded(start) if *start >= range.end) {
            continue;
        }
        let wanted = limit.saturating_sub(found.len());
        found.extend(read((start, Bound::Excluded(range.end)), wanted)?);
    }
    Ok(found)
}

/// Where the rows of this user lie under a tag. No name holds a zero octet, which divides, nor is there one below it.
pub(super) fn range(tag: u8, user: &[u8]) -> Range<Vec<u8>> {
    let start = [&[tag], user].concat();
    let end = [&[tag], user, &[1]].concat();
    start..end
}

/// Second copies of messages, by their XMPP names.
pub(super) fn copies(user: &BareJid) -> Range<Vec<u8>> {
    range(BY_STANZA, user.as_str().as_bytes())
}

/// Where the rows of this user lie in a table.
pub(super) fn range_of(table: Table, user: &BareJid) -> Range<Vec<u8>> {
    range(table.tag(), user.as_str().as_bytes())
}

/// Whose row it is.
fn user_of(key: &[u8]) -> Option<&[u8]> {
    key.get(1..)?.split(|octet| *octet == 0).next()
}

/// How many rows may be forgotten in one step of those of a table. A contact may cost a look at each other user.
pub(super) fn at_once(table: Table, limit: usize) -> usize {
    match table {
        Table::Contact => limit.min(CONTACTS_FORGOTTEN_AT_ONCE),
        _ => limit,
    }
}

/// The key that leads from the address of a contact, as its row's key has it, to its pair.
pub(super) fn holder_of_contact(key: &[u8]) -> Vec<u8> {
    let mail = key.rsplit(|octet| *octet == 0).next().unwrap_or_default();
    [&[BY_MAIL], mail].concat()
}

/// The key of the row of another user with the same contact.
pub(super) fn same_contact(key: &[u8], user: &[u8]) -> Vec<u8> {
    let mail = key.rsplit(|octet| *octet == 0).next().unwrap_or_default();
    [&[Table::Contact.tag()], user, &[0], mail].concat()
}

/// Whether nobody but the gateway itself has said so.
pub(super) fn is_made(record: Option<&Record>) -> bool {
    matches!(record, Some(Record::Pair(pair)) if pair.origin == PairOrigin::Verified)
}

/// Counts rows of a table.
pub(super) fn count(rows: &mut RowCounts, table: Table, number: usize) {
    let sum = match table {
        Table::Contact => &mut rows.contacts,
        Table::Message => &mut rows.messages,
        Table::Options => &mut rows.options,
        Table::Avatar => &mut rows.avatars,
        Table::Announced => &mut rows.presence,
        Table::Pair => &mut rows.pairs,
        Table::Thread => &mut rows.threads,
        Table::Seen => &mut rows.seen,
        Table::Peer | Table::Cursor => return,
    };
    *sum = sum.saturating_add(u64::try_from(number).unwrap_or(u64::MAX));
}

/// The user of the first row from here on in one table, by a store's way to find the first key of a range.
pub(super) fn first_user(
    table: Table,
    after: Option<&[u8]>,
    first_key: &impl Fn(Range<Vec<u8>>) -> Result<Option<Vec<u8>>, StoreError>,
) -> Result<Option<Vec<u8>>, StoreError> {
    let tag = table.tag();
    let start = after.map_or_else(|| vec![tag], |user| range(tag, user).end);
    let found = first_key(start..vec![tag.saturating_add(1)])?;
    Ok(found.and_then(|key| user_of(&key).map(<[u8]>::to_vec)))
}

/// Up to `limit` users of whom there is a row, from the first one after `after`, in the order of their JIDs.
pub(super) fn listed(
    after: Option<&BareJid>,
    limit: usize,
    first_key: impl Fn(Range<Vec<u8>>) -> Result<Option<Vec<u8>>, StoreError>,
) -> Result<Vec<BareJid>, StoreError> {
    let after = after.map(|user| user.as_str().as_bytes());
    let mut heads = Vec::with_capacity(OF_USERS.len());
    for table in OF_USERS {
        heads.push((table, first_user(table, after, &first_key)?));
    }
    let mut users = Vec::new();
    while users.len() < limit {
        let least = heads.iter().filter_map(|(_, head)| head.as_ref()).min();
        let Some(least) = least.cloned() else {
            break;
        };
        for (table, head) in &mut heads {
            if head.as_ref() == Some(&least) {
                *head = first_user(*table, Some(&least), &first_key)?;
            }
        }
        let user = std::str::from_utf8(&least).ok();
        users.extend(user.and_then(|user| BareJid::new(user).ok()));
    }
    Ok(users)
}

/// Of these keys of contacts of a user those that no other user has: each of them is looked for at each other user.
pub(super) fn unshared(
    user: &BareJid,
    mut keys: Vec<Vec<u8>>,
    first_key: impl Fn(Range<Vec<u8>>) -> Result<Option<Vec<u8>>, StoreError>,
    is_there: impl Fn(&[u8]) -> Result<bool, StoreError>,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut other = None;
    while !keys.is_empty() {
        other = first_user(Table::Contact, other.as_deref(), &first_key)?;
        let Some(other) = &other else {
            break;
        };
        if other == user.as_str().as_bytes() {
            continue;
        }
        let mut left = Vec::with_capacity(keys.len());
        for key in keys {
            if !is_there(&same_contact(&key, other))? {
                left.push(key);
            }
        }
        keys = left;
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tables;

    #[test]
    fn every_table_is_of_users_or_of_none() {
        let mut rows = RowCounts::default();
        for table in Table::ALL {
            let before = rows;
            count(&mut rows, *table, 1);
            assert_eq!(rows != before, OF_USERS.contains(table), "{table:?}");
            assert_eq!(OF_USERS.contains(table), EXPORTED.contains(table));
        }
    }

    #[test]
    fn the_rows_of_a_user_are_those_of_no_other() {
        let user = |text: &str| BareJid::new(text).unwrap();
        let mail = crate::core::address::MailAddress::parse("Bob@b.example").unwrap();
        let own = range_of(Table::Contact, &user("a.example"));
        let key = |jid: &str| tables::contact_key(&user(jid), &mail);
        assert!(own.contains(&key("a.example")));
        for other in ["a.examplf", "a.example0", "aa.example", "x@a.example"] {
            assert!(!own.contains(&key(other)), "{other}");
        }
        assert_eq!(
            holder_of_contact(&key("a.example")),
            tables::holder_key(&mail)
        );
        assert_eq!(same_contact(&key("a.example"), b"x@y"), key("x@y"));
        assert_eq!(user_of(&key("x@y")), Some(&b"x@y"[..]));
        assert!(range_of(Table::Pair, &user("x@y")).contains(&tables::pair_key(&user("x@y"))));
    }
}
