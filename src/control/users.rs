//! What commands do with users: who there is, how much is stored of one, and that it is forgotten.

use super::Response;
use super::queue::WaitingItems;
use crate::core::address::MailAddress;
use crate::core::context::{Need, Row};
use crate::core::limits::{CONTACTS_SCANNED_MAX, USERS_PER_PAGE};
use crate::core::record::{Contact, Options};
use crate::core::time::Timestamp;
use crate::core::traces::Traces;
use crate::store::{Store, StoreError};
use jid::BareJid;
use serde::{Deserialize, Serialize};

/// A user in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedUser {
    /// Who. Of somebody of whom there is a pair alone, this may be a contact.
    pub user: BareJid,
    /// How many contacts: one more than [`CONTACTS_SCANNED_MAX`] where there are more than that.
    pub contacts: usize,
    /// When the last message with one of these went either way.
    pub last: Option<Timestamp>,
}

/// What is said of one user: nothing of what was written, and to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserDetails {
    /// As in a list.
    pub listed: ListedUser,
    /// What was chosen for all contacts.
    pub options: Vec<(String, String)>,
    /// Strangers who wait to be accepted.
    pub strangers: usize,
    /// How much there is.
    pub traces: Traces,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "asked", rename_all = "lowercase")]
pub enum UsersQuery {
    /// A page of those of whom something is stored. [`UsersAnswer::List`].
    List {
        /// The last one of the page before.
        #[serde(default)]
        after: Option<BareJid>,
    },
    /// How much is stored of one. [`UsersAnswer::Shown`].
    Show {
        /// Who.
        user: BareJid,
    },
    /// Tells a message of the gateway to some of all users, after this one: to be repeated. [`UsersAnswer::Announced`].
    Announce {
        /// What.
        text: String,
        /// The last one of the step before.
        #[serde(default)]
        after: Option<BareJid>,
    },
    /// Forgets one, as far as that takes some seconds: to be repeated. [`UsersAnswer::Forgotten`].
    Forget {
        /// Who.
        user: BareJid,
    },
}

/// And what is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "told", rename_all = "lowercase")]
pub enum UsersAnswer {
    /// These.
    List {
        /// At most [`USERS_PER_PAGE`]; a page with none is the last.
        users: Vec<ListedUser>,
    },
    /// One.
    Shown {
        /// How much there is.
        user: Box<UserDetails>,
    },
    /// Some were told.
    Announced {
        /// So many.
        count: usize,
        /// So many had been told the same within a day.
        before: usize,
        /// The last one of them all; none where nobody is left.
        last: Option<BareJid>,
    },
    /// One, or a part of what there was.
    Forgotten {
        /// How much.
        traces: Traces,
        /// Nothing is left.
        is_all: bool,
    },
}

/// Does what is asked.
pub(super) async fn answer<S: Store>(
    store: &S,
    waiting: &WaitingItems,
    asked: UsersQuery,
) -> Result<Response, StoreError> {
    match asked {
        UsersQuery::List { after } => list(store, after).await,
        UsersQuery::Show { user } => show(store, waiting, user).await,
        UsersQuery::Forget { user } => Ok(forget(store, waiting, &user).await),
        UsersQuery::Announce { text, after } => {
            let told = waiting.announce(store, &text, after.as_ref()).await;
            Ok(told.map_or_else(|refused| refused, Response::Users))
        }
    }
}

/// A page of users.
async fn list<S: Store>(store: &S, after: Option<BareJid>) -> Result<Response, StoreError> {
    let mut users = Vec::new();
    for user in store.users(after.as_ref(), USERS_PER_PAGE).await? {
        users.push(listed(store, user).await?);
        // Many contacts take some milliseconds, and reading them waits for nothing.
        tokio::task::yield_now().await;
    }
    Ok(Response::Users(UsersAnswer::List { users }))
}

/// One of them.
async fn show<S: Store>(
    store: &S,
    waiting: &WaitingItems,
    user: BareJid,
) -> Result<Response, StoreError> {
    let mails = match waiting.traces(&user).await {
        Ok(mails) => mails,
        Err(refused) => return Ok(refused),
    };
    let rows = store.rows_of(&user).await?;
    let found = store.load(&[Need::Options(user.clone(), None)]).await?;
    let options = match found.into_iter().next().flatten() {
        Some(Row::Options(options)) => options,
        _ => Options::default(),
    };
    let user = UserDetails {
        listed: listed(store, user).await?,
        strangers: options.requests.len(),
        options: chosen(&options),
        traces: Traces { rows, ..mails },
    };
    let user = Box::new(user);
    Ok(Response::Users(UsersAnswer::Shown { user }))
}

/// Forgets a part of one.
async fn forget<S: Store>(store: &S, waiting: &WaitingItems, user: &BareJid) -> Response {
    match waiting.forget(store, user).await {
        Ok((traces, is_all)) => Response::Users(UsersAnswer::Forgotten { traces, is_all }),
        Err(refused) => refused,
    }
}

/// As the command `options` names them. How a user is called is no choice among some, and is not said.
fn chosen(options: &Options) -> Vec<(String, String)> {
    let written = serde_json::to_value(options).unwrap_or_default();
    let of = |name: &str| {
        let value = written.get(name)?;
        let word = value
            .as_bool()
            .map(|is_on| if is_on { "on" } else { "off" });
        let word = word.or_else(|| value.as_str())?;
        Some((name.replace('_', "-"), word.to_owned()))
    };
    let names = [
        "quotes",
        "bulk",
        "gather",
        "strangers",
        "away_on_xa",
        "language",
    ];
    names.into_iter().filter_map(of).collect()
}

async fn listed<S: Store>(store: &S, user: BareJid) -> Result<ListedUser, StoreError> {
    let found = store.load(&[Need::ContactsOf(user.clone())]).await?;
    let contacts = match found.into_iter().next().flatten() {
        Some(Row::Contacts(contacts)) => contacts,
        _ => Vec::new(),
    };
    let counted = contacts.len();
    let looked_at = contacts.iter().take(CONTACTS_SCANNED_MAX);
    let thread = |(mail, contact): &(MailAddress, Contact)| {
        let id = contact.thread.clone()?;
        Some(Need::Thread(user.clone(), mail.clone(), id))
    };
    let needs: Vec<Need> = looked_at.clone().filter_map(thread).collect();
    let threads = store.load(&needs).await?;
    let of_threads = threads.into_iter().filter_map(|row| match row {
        Some(Row::Thread(thread)) => Some(thread.last),
        _ => None,
    });
    let of_mails = looked_at.filter_map(|(_, contact)| Some(contact.last_mail.as_ref()?.at));
    let last = of_threads.chain(of_mails).max();
    Ok(ListedUser {
        user,
        contacts: counted,
        last,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::language::Language;
    use crate::core::record::{Quotes, UserCard};

    #[test]
    fn what_was_chosen_is_said_and_no_name() {
        let options = Options {
            quotes: Some(Quotes::Keep),
            gather: Some(false),
            name: Some("Alice Liddell".to_owned()),
            language: Language::of_tag("de"),
            card: Some(UserCard {
                name: Some("Alice".to_owned()),
                face: None,
                asked: Timestamp::default(),
                is_answered: true,
            }),
            ..Options::default()
        };
        let said: Vec<String> = chosen(&options)
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(said, ["quotes=keep", "gather=off", "language=de"]);
        assert!(chosen(&Options::default()).is_empty());
    }
}
