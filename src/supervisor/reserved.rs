//! Says at the start who has an address that belongs to whoever runs its domain, and who had one before that was so.

use crate::config::Config;
use crate::core::address::MailAddress;
use crate::core::context::{Need, Row};
use crate::store::{Store, StoreError};
use jid::BareJid;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Contacts that are read at once.
const PAGE: usize = 1000;

/// Logs the pairs that give such addresses, and looks in the background for users of former versions.
pub(super) async fn tell<S: Store>(config: &Config, store: &Arc<S>) -> Result<(), StoreError> {
    let called_so = config.rules().reserved_users(&config.users.domains);
    let needs: Vec<_> = called_so
        .iter()
        .flat_map(|(user, mail)| [Need::HolderOf(mail.clone()), Need::PairOf(user.clone())])
        .collect();
    let rows = store.load(&needs).await?;
    let mut without = BTreeMap::new();
    for ((user, mail), pairs) in called_so.into_iter().zip(rows.chunks(2)) {
        if let Some(Some(Row::Pair(pair))) = pairs.first() {
            tracing::info!(
                "{mail} is {}'s, by a pair: mail to the operator of the domain goes there",
                pair.jid
            );
        }
        if let Some(None) = pairs.get(1) {
            without.insert(user, mail);
        }
    }
    let store = Arc::clone(store);
    tokio::spawn(async move {
        match with_contacts(&*store, &without).await {
        Ok(users) => users.iter().for_each(|(user, mail)| {
            tracing::warn!(
                "{user} has contacts and no mail address any more: {mail} is reserved for the operator of the domain. \
                 To give it to this user nevertheless: `stanzamail map add {user} {mail}`"
            );
        }),
        Err(error) => tracing::error!(%error, "the contacts cannot be read"),
    }
    });
    Ok(())
}

/// Those of these users who have contacts.
async fn with_contacts<'a>(
    store: &impl Store,
    users: &'a BTreeMap<BareJid, MailAddress>,
) -> Result<BTreeSet<(&'a BareJid, &'a MailAddress)>, StoreError> {
    let (mut found, mut after) = (BTreeSet::new(), None);
    loop {
        let place = after.as_ref().map(|(user, mail)| (user, mail));
        let page = store.contacts(place, PAGE).await?;
        found.extend(
            page.iter()
                .filter_map(|(user, ..)| users.get_key_value(user)),
        );
        match page.into_iter().next_back() {
            Some((user, mail, _)) => after = Some((user, mail)),
            None => return Ok(found),
        }
    }
}
