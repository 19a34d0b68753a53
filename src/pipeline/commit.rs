//! What was decided becomes durable. A pair that somebody else took in the meantime is left out; the rest holds, all other pairs
//! too: who has answered a request once has no reason to do so again.

use super::{Fatal, Pipeline};
use crate::core::context::Write;
use crate::core::time::Timestamp;
use crate::store::{Store, StoreError};

impl<S: Store> Pipeline<S> {
    pub(super) async fn commit(&self, now: Timestamp, writes: Vec<Write>) -> Result<(), Fatal> {
        Ok(committed(&*self.store, now, writes).await?)
    }
}

async fn committed<S: Store>(
    store: &S,
    now: Timestamp,
    mut writes: Vec<Write>,
) -> Result<(), StoreError> {
    while !writes.is_empty() {
        let has_pairs = writes.iter().any(|write| matches!(write, Write::Pair(_)));
        let again = has_pairs.then(|| writes.clone());
        match (store.commit(now, writes).await, again) {
            (Err(error @ StoreError::Held { .. }), Some(all)) => {
                tracing::warn!(%error, "a verified pair was not saved");
                writes = without_refused(all, error)?;
            }
            (committed, _) => return committed,
        }
    }
    Ok(())
}

/// All but the pair that was refused, which is at least one of them.
fn without_refused(mut writes: Vec<Write>, error: StoreError) -> Result<Vec<Write>, StoreError> {
    let before = writes.len();
    writes.retain(|write| !matches!(write, Write::Pair(pair) if error.refuses(pair)));
    match writes.len() < before {
        true => Ok(writes),
        false => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::context::{Need, Row};
    use crate::core::id::MessageId;
    use crate::core::record::{Pair, PairOrigin};
    use crate::store::MemoryStore;
    use jid::BareJid;

    fn pair(jid: &str, mail: &str) -> Write {
        Write::Pair(Pair {
            jid: BareJid::new(jid).unwrap(),
            mail: mail.parse().unwrap(),
            name: None,
            origin: PairOrigin::Verified,
            saved: Timestamp::from_millis(0),
        })
    }

    #[tokio::test]
    async fn only_the_pair_that_somebody_else_took_is_left_out() {
        let (store, now) = (MemoryStore::new([7; 32]), Timestamp::from_millis(1));
        let taken = pair("desk@gateway.a.example", "carol@mail.example");
        store.commit(now, vec![taken]).await.unwrap();
        let user = BareJid::new("alice@a.example").unwrap();
        let key = MessageId::of_raw(b"a mail");
        let (dave, erin) = ("dave@mail.example", "erin@mail.example");
        let writes = vec![
            pair("dave\\40mail.example@gateway.a.example", dave),
            pair(
                "carol\\40mail.example@gateway.a.example",
                "carol@mail.example",
            ),
            Write::Seen(user.clone(), key.clone(), now),
            pair("erin\\40mail.example@gateway.a.example", erin),
        ];
        committed(&store, now, writes).await.unwrap();
        let mut needs = vec![Need::Seen(user, key)];
        let holder = |mail: &str| Need::HolderOf(mail.parse().unwrap());
        needs.extend([dave, erin, "carol@mail.example"].map(holder));
        let rows = store.load(&needs).await.unwrap();
        assert!(rows.iter().all(Option::is_some), "{rows:?}");
        let is_desk =
            matches!(&rows[3], Some(Row::Pair(pair)) if pair.jid.to_string().starts_with("desk"));
        assert!(is_desk, "{rows:?}");
    }
}
