//! What waits of a user and what is kept of a user's mails, and that it is forgotten: by the gateway that runs, or in the files.

use super::{Not, QueueAccess, WaitingItems, not, open, stopping};
use crate::control::Response;
use crate::control::users::UsersAnswer;
use crate::core::context::{Need, Row, Write};
use crate::core::id::{MessageId, StanzaId};
use crate::core::job::{self, Brief};
use crate::core::limits::{
    ANNOUNCED_AT_ONCE, ANNOUNCED_FOR, ANNOUNCEMENT_OCTETS_MAX, FORGOTTEN_AT_ONCE,
};
use crate::core::text::clean;
use crate::core::time::Timestamp;
use crate::core::to_stanza;
use crate::core::traces::{Gone, Traces};
use crate::store::Store;
use crate::store::originals::{Folder, Originals};
use crate::store::spool::{Spool, SpoolError};
use jid::BareJid;
use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a part takes, after which who has asked hears how far it is.
const PART: Duration = Duration::from_secs(5);

impl WaitingItems {
    /// Of the mails: how many wait, are on their way and are kept.
    pub(in crate::control) async fn traces(&self, user: &BareJid) -> Result<Traces, Response> {
        refusing(self.traces_of(user).await)
    }

    /// Forgets a part of what there is of a user; answers how much, and whether nothing is left.
    pub(in crate::control) async fn forget<S: Store>(
        &self,
        store: &S,
        user: &BareJid,
    ) -> Result<(Traces, bool), Response> {
        refusing(self.forget_part(store, user).await)
    }

    /// Tells something to some users after this one.
    pub(in crate::control) async fn announce<S: Store>(
        &self,
        store: &S,
        text: &str,
        after: Option<&BareJid>,
    ) -> Result<UsersAnswer, Response> {
        refusing(self.announce_to_some(store, text, after).await)
    }

    /// What is stored is that they were told, after the XMPP server has taken it: who is told twice is told it under the same id.
    async fn announce_to_some<S: Store>(
        &self,
        store: &S,
        text: &str,
        after: Option<&BareJid>,
    ) -> Result<UsersAnswer, Not> {
        let QueueAccess::Running(running) = &self.way else {
            return Err(not("no gateway runs; without one nobody can be told"));
        };
        let announcer = &running.itself.announcer;
        let text = clean::for_xml(text.trim());
        if text.is_empty() || text.len() > ANNOUNCEMENT_OCTETS_MAX {
            return Err(not(format!(
                "a text of 1 to {ANNOUNCEMENT_OCTETS_MAX} octets can be told"
            )));
        }
        let mut users = store.users(after, ANNOUNCED_AT_ONCE).await?;
        let last = users.last().cloned();
        // Of contacts there may be pairs, and of JIDs that were users or were written wrongly.
        let who = announcer.settings.borrow().users.clone();
        let is_contact = |jid: &BareJid| jid.domain().as_str() == announcer.gateway.as_str();
        users.retain(|user| who.allows(user) && !is_contact(user));
        let key = MessageId::of_raw(format!("announcement {text}").as_bytes());
        let need = |user: &BareJid| Need::Seen(user.clone(), key.clone());
        let needs: Vec<Need> = users.iter().map(need).collect();
        let (rows, now) = (store.load(&needs).await?, Timestamp::now());
        let all = users.len();
        let is_new = |row: &Option<Row>| !matches!(row, Some(Row::Seen(at)) if now.since(*at) < ANNOUNCED_FOR);
        let untold = users.into_iter().zip(rows).filter(|(_, row)| is_new(row));
        let untold: Vec<BareJid> = untold.map(|(user, _)| user).collect();
        if !untold.is_empty() {
            let day = i64::try_from(ANNOUNCED_FOR.as_millis()).unwrap_or(i64::MAX);
            let day = now.millis().div_euclid(day).to_string();
            let message = |user: &BareJid| {
                let id = StanzaId::derive(&key, user, &day);
                to_stanza::words(
                    announcer.gateway.as_str(),
                    user.as_str(),
                    id.as_str(),
                    &text,
                )
            };
            announcer
                .link
                .deliver(untold.iter().map(message).collect())
                .await?;
            let written = |user: &BareJid| Write::Seen(user.clone(), key.clone(), now);
            store
                .commit(now, untold.iter().map(written).collect())
                .await?;
        }
        Ok(UsersAnswer::Announced {
            count: untold.len(),
            before: all.saturating_sub(untold.len()),
            last,
        })
    }

    async fn traces_of(&self, user: &BareJid) -> Result<Traces, Not> {
        match &self.way {
            QueueAccess::Running(running) => {
                let traces = running.forgetter.traces(user).await;
                traces.ok_or_else(stopping)
            }
            QueueAccess::Resting { folder, opened } => {
                let mut opened = opened.lock().await;
                let (spool, jobs) = open(folder, &mut opened)?;
                let waiting = waiting_of(spool, jobs, user).await?.len();
                let count = |kept| in_folder(folder, kept, |kept| kept.count_of(user));
                Ok(Traces {
                    waiting: number(waiting),
                    originals: count(Folder::Mails)?,
                    files: count(Folder::Files)?,
                    ..Traces::default()
                })
            }
        }
    }

    async fn forget_part<S: Store>(
        &self,
        store: &S,
        user: &BareJid,
    ) -> Result<(Traces, bool), Not> {
        match &self.way {
            QueueAccess::Running(running) => {
                let part = running.forgetter.part(user).await;
                part.ok_or_else(stopping)
            }
            QueueAccess::Resting { folder, opened } => {
                let mut gone = Traces::default();
                let mut opened = opened.lock().await;
                let (spool, jobs) = open(folder, &mut opened)?;
                let own = waiting_of(spool, jobs, user).await?;
                for brief in &own {
                    spool.remove(&spool.read_job(brief).await?).await?;
                }
                gone.waiting = number(own.len());
                let own: HashSet<_> = own.iter().map(|brief| &brief.id).collect();
                jobs.retain(|job| !own.contains(&job.id));
                let began = Instant::now();
                loop {
                    let Gone { rows, is_all, .. } =
                        store.forget_some_of(user, FORGOTTEN_AT_ONCE).await?;
                    gone.rows.add(rows);
                    if is_all {
                        break;
                    }
                    if began.elapsed() >= PART {
                        return Ok((gone, false));
                    }
                }
                let forget = |kept| in_folder(folder, kept, |kept| kept.forget_user(user));
                gone.originals = forget(Folder::Mails)?;
                gone.files = forget(Folder::Files)?;
                Ok((gone, true))
            }
        }
    }
}

/// The mails of a user in a spool that nobody serves. By their ordering keys, and then by what they say themselves.
async fn waiting_of(
    spool: &Spool,
    jobs: &[Brief],
    user: &BareJid,
) -> Result<Vec<Brief>, SpoolError> {
    let mut own = Vec::new();
    for brief in jobs {
        if job::is_ordering_key_of(&brief.ordering_key, user)
            && spool.read_job(brief).await?.is_of(user)
        {
            own.push(brief.clone());
        }
    }
    Ok(own)
}

/// What is kept beside the spool.
fn in_folder(spool: &Path, folder: Folder, work: impl Fn(&Originals) -> usize) -> Result<u64, Not> {
    let Some(store) = spool.parent() else {
        return Ok(0);
    };
    let kept = Originals::at_rest(store, folder)?;
    Ok(number(work(&kept)))
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn refusing<T>(result: Result<T, Not>) -> Result<T, Response> {
    result.map_err(|Not(sentence)| Response::refused(sentence))
}
