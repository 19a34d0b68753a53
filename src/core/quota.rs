//! How much one user may do: so much at once, and more as time goes by. Nobody else pays for one who floods.
//!
//! What was used is kept in memory alone. After a restart everybody may do as much as on the first day, which is at most
//! as much again; a row for each mail would cost more than it saves.

use crate::core::address::MailAddress;
use crate::core::context::Write;
use crate::core::decide::decision::Decision;
use crate::core::from_stanza::{Presence, Stanza, StanzaAct, StanzaKind};
use crate::core::job::ComposedMail;
use crate::core::limits::{
    HELD_INTERVAL, OWN_STATUS_ASKED_AFTER, OWN_STATUS_CHANGES, REFUSALS_NOTED, REFUSED_REQUESTS,
    REQUESTS, Rate,
};
use crate::core::notice;
use crate::core::settings::Allowance;
use crate::core::time::Timestamp;
use crate::core::to_stanza::Condition;
use jid::{BareJid, Jid};
use minidom::Element;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Users that are kept before those are forgotten who have everything again.
const KEPT_MIN: usize = 1024;

/// What goes from a contact to a user. Within it nothing may overtake anything. What only pretends to be from the contact is a
/// conversation of its own, which the contact's mails do not wait for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conversation {
    /// To whom.
    pub user: BareJid,
    /// From whom.
    pub contact: BareJid,
    /// As far as anybody can say.
    pub is_believed: bool,
}

impl Conversation {
    /// That which a stanza to a user belongs to, from and to whichever device.
    pub fn of(stanza: &Element, is_believed: bool) -> Option<Self> {
        let jid = |name| Some(Jid::new(stanza.attr(name)?).ok()?.into_bare());
        Some(Self {
            user: jid("to")?,
            contact: jid("from")?,
            is_believed,
        })
    }
}

/// What a mail takes of what a user is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// Messages in which there is something to read; a receipt costs nothing, but does not overtake either.
    pub messages: usize,
    /// The user has had to do with who wrote them.
    pub is_acquainted: bool,
}

/// What a mail takes in each of the conversations that it belongs to.
pub type Demands = BTreeMap<Conversation, Demand>;

/// Quotas that are used by who decides about mails and by who brings those that wait.
#[derive(Clone, Debug)]
pub struct SharedQuotas(Arc<Mutex<Quotas>>);

impl SharedQuotas {
    /// Nobody has used anything.
    pub fn new(allowance: &Allowance) -> Self {
        Self(Arc::new(Mutex::new(Quotas::new(allowance))))
    }

    /// For as short as possible.
    pub fn lock(&self) -> MutexGuard<'_, Quotas> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What everybody has used of what they may.
#[derive(Debug)]
pub struct Quotas {
    sent: QuotaMeter<BareJid>,
    sent_to_one: QuotaMeter<(BareJid, MailAddress)>,
    sent_by_all: QuotaMeter<Domain>,
    strangers: QuotaMeter<BareJid>,
    shown: QuotaMeter<BareJid>,
    shown_from_one: QuotaMeter<Conversation>,
    requests: QuotaMeter<BareJid>,
    refusals: QuotaMeter<BareJid>,
    noted: QuotaMeter<BareJid>,
    statuses: QuotaMeter<BareJid>,
    /// Whose status was not heard, and when it is asked for.
    unheard: BTreeMap<BareJid, Timestamp>,
    held: BTreeMap<BareJid, HeldCount>,
    files: QuotaMeter<BareJid>,
    file_kilobytes: QuotaMeter<BareJid>,
    /// Whose files are on their way: nothing may overtake them.
    under_way: BTreeSet<Conversation>,
}

/// Whether a message takes another one out of a mail that waits.
fn changes_only(stanza: &Stanza, decision: &Decision) -> bool {
    let mut mails = decision.mails.iter();
    matches!(&stanza.kind, StanzaKind::Message(message) if matches!(message.act, Some(StanzaAct::Retract(_))))
        && mails.all(|mail| mail.job.draft.is_some())
}

/// Whether what a client says of the user's status is written down.
fn changes_status(decision: &Decision, user: &BareJid) -> bool {
    let is_own = |write: &Write| matches!(write, Write::Options(of, None, _) if of == user);
    decision.writes.iter().any(is_own)
}

/// Of mails that a user is not shown.
#[derive(Clone, Copy, Debug)]
struct HeldCount {
    /// When the user was told of some.
    told: Timestamp,
    /// How many there were since.
    since: usize,
}

/// Of a user's JID.
type Domain = String;

impl Quotas {
    /// Nobody has used anything.
    pub fn new(allowance: &Allowance) -> Self {
        let mut quotas = Self {
            sent: QuotaMeter::new(None),
            sent_to_one: QuotaMeter::new(None),
            sent_by_all: QuotaMeter::new(None),
            strangers: QuotaMeter::new(None),
            shown: QuotaMeter::new(None),
            shown_from_one: QuotaMeter::new(None),
            requests: QuotaMeter::new(Some(REQUESTS)),
            refusals: QuotaMeter::new(Some(REFUSED_REQUESTS)),
            noted: QuotaMeter::new(Some(REFUSALS_NOTED)),
            statuses: QuotaMeter::new(Some(OWN_STATUS_CHANGES)),
            unheard: BTreeMap::new(),
            held: BTreeMap::new(),
            files: QuotaMeter::new(None),
            file_kilobytes: QuotaMeter::new(None),
            under_way: BTreeSet::new(),
        };
        quotas.change(allowance);
        quotas
    }

    /// From now on so much may be used. What was used stays used.
    pub fn change(&mut self, allowance: &Allowance) {
        let per = |count: Option<u32>, secs| {
            let time = Duration::from_secs(secs);
            count.map(|count| Rate { count, time })
        };
        let (hour, day, minute) = (3600, 24 * 3600, 60);
        self.sent.rate = per(allowance.sent_per_hour, hour);
        self.sent_to_one.rate = per(allowance.sent_per_hour_to_one, hour);
        self.sent_by_all.rate = per(allowance.sent_per_hour_by_all, hour);
        self.strangers.rate = per(allowance.strangers_per_day, day);
        self.shown.rate = per(allowance.shown_per_minute, minute);
        self.shown_from_one.rate = per(allowance.shown_per_minute_from_one, minute);
        self.files.rate = per(allowance.files_per_day, day);
        let kilobytes = allowance.file_megabytes_per_day;
        let kilobytes = kilobytes.map(|megabytes| megabytes.saturating_mul(1024));
        self.file_kilobytes.rate = per(kilobytes, day);
    }

    /// What is decided about a stanza instead, where its sender may not cause any more of what the decision says. Else it
    /// counts.
    pub fn refusal(
        &mut self,
        stanza: &Stanza,
        decision: &Decision,
        now: Timestamp,
    ) -> Option<Decision> {
        let user = stanza.from.to_bare();
        match stanza.kind {
            StanzaKind::Presence(Presence::Available | Presence::Unavailable)
                if changes_status(decision, &user) =>
            {
                self.of_status(&user, now)
            }
            _ if decision.mails.is_empty()
                && decision.stanzas.is_empty()
                && decision.operation.is_none() =>
            {
                None
            }
            // What a command causes costs as much as what a message causes.
            StanzaKind::Request { .. } => self
                .of_request(stanza, (&user, decision), now)
                .or_else(|| self.of_mails(stanza, &user, decision, now)),
            // An answer costs as much as one to a request.
            StanzaKind::Message(_) | StanzaKind::Groupchat if decision.mails.is_empty() => self
                .of_request(stanza, (&user, decision), now)
                .or_else(|| self.of_mails(stanza, &user, decision, now)),
            // Nothing more is sent by it.
            StanzaKind::Message(_) if changes_only(stanza, decision) => None,
            // What the user takes back is taken back, whether the contact can be told or not: it is not refused, nor counted.
            StanzaKind::Message(_) | StanzaKind::Presence(Presence::Subscribe) => {
                self.of_mails(stanza, &user, decision, now)
            }
            _ => None,
        }
    }

    /// The status of somebody whose clients say another one all the time is not written down each time. What holds in the end is
    /// asked for when some time is over.
    fn of_status(&mut self, user: &BareJid, now: Timestamp) -> Option<Decision> {
        if self.statuses.take(user, 1, now).is_ok() {
            return None;
        }
        let due = now.plus(OWN_STATUS_ASKED_AFTER);
        self.unheard.entry(user.clone()).or_insert(due);
        Some(Decision::nothing())
    }

    /// When [`Quotas::take_unheard`] names somebody.
    pub fn unheard_due(&self) -> Option<Timestamp> {
        self.unheard.values().min().copied()
    }

    /// Whose status is to be asked for now. Where the clock was set back, nobody waits for longer than from now.
    pub fn take_unheard(&mut self, now: Timestamp) -> Vec<BareJid> {
        let latest = now.plus(OWN_STATUS_ASKED_AFTER);
        let due = |at: Timestamp| at <= now || at > latest;
        let users = self.unheard.iter().filter(|(_, at)| due(**at));
        let users: Vec<BareJid> = users.map(|(user, _)| user.clone()).collect();
        for user in &users {
            self.unheard.remove(user);
        }
        users
    }

    fn of_mails(
        &mut self,
        stanza: &Stanza,
        user: &BareJid,
        decision: &Decision,
        now: Timestamp,
    ) -> Option<Decision> {
        if decision.mails.is_empty() && decision.strangers == 0 {
            return None;
        }
        let Err(why) = self.take_mails(user, decision, now) else {
            return None;
        };
        // Nobody is told what becomes of a marker or a receipt.
        let mut mails = decision.mails.iter();
        let is_told = mails.len() == 0 || mails.any(|mail| mail.job.origin.is_some());
        Some(match is_told {
            true => Decision::refuse(stanza, decision.language, Condition::PolicyViolation, &why),
            false => Decision::nothing(),
        })
    }

    /// Whether a user may send this mail, which then counts.
    pub fn take_mail(&mut self, user: &BareJid, mail: &ComposedMail, now: Timestamp) -> bool {
        let decision = Decision {
            mails: vec![mail.clone()],
            ..Decision::default()
        };
        self.take_mails(user, &decision, now).is_ok()
    }

    /// All that the mails of a decision cost, or nothing and why not.
    fn take_mails(
        &mut self,
        user: &BareJid,
        decision: &Decision,
        now: Timestamp,
    ) -> Result<(), String> {
        let language = decision.language;
        let recipients = || decision.mails.iter().flat_map(|mail| mail.job.to.iter());
        let count = recipients().count();
        let domain = user.domain().to_string();
        let mut to_each: BTreeMap<(BareJid, MailAddress), usize> = BTreeMap::new();
        for address in recipients() {
            let count = to_each.entry((user.clone(), address.clone())).or_default();
            *count = count.saturating_add(1);
        }

        let sent = self.sent.after(user, count, now);
        let sent = sent.map_err(|over| notice::sent_too_much(language, over.count, over.again))?;
        let to_each = to_each.into_iter().map(|(pair, count)| {
            let full = self.sent_to_one.after(&pair, count, now);
            let to = pair.1.for_people();
            let full = full.map_err(|over| {
                notice::sent_too_much_to_one(language, &to, over.count, over.again)
            })?;
            Ok((pair, full))
        });
        let to_each: Vec<_> = to_each.collect::<Result<_, String>>()?;
        let strangers = self.strangers.after(user, decision.strangers, now);
        let strangers = strangers
            .map_err(|over| notice::too_many_strangers(language, over.count, over.again))?;
        let by_all = self.sent_by_all.after(&domain, count, now);
        let by_all = by_all.map_err(|over| {
            notice::sent_too_much_by_all(language, &domain, over.count, over.again)
        })?;

        self.sent.keep(user, sent, now);
        for (pair, full) in to_each {
            self.sent_to_one.keep(&pair, full, now);
        }
        self.strangers.keep(user, strangers, now);
        self.sent_by_all.keep(&domain, by_all, now);
        Ok(())
    }

    /// A request asks for an answer, and so does a message that is refused; it costs as much. A client that floods is told so now and then and
    /// is not answered else, although RFC 6120 §8.2.3 wants each request answered.
    fn of_request(
        &mut self,
        stanza: &Stanza,
        (user, decision): (&BareJid, &Decision),
        now: Timestamp,
    ) -> Option<Decision> {
        if self.requests.take(user, 1, now).is_ok() {
            return None;
        }
        if self.refusals.take(user, 1, now).is_err() {
            return Some(Decision::nothing());
        }
        let why = notice::unanswered_requests(decision.language);
        Some(Decision::refuse(
            stanza,
            decision.language,
            Condition::ResourceConstraint,
            &why,
        ))
    }

    /// These get nothing until [`Quotas::release`].
    pub fn hold(&mut self, conversations: &BTreeSet<Conversation>) {
        self.under_way.extend(conversations.iter().cloned());
    }

    /// These go on.
    pub fn release(&mut self, conversations: &BTreeSet<Conversation>) {
        self.under_way.retain(|one| !conversations.contains(one));
    }

    /// Whether this one gets nothing until it is released.
    pub fn is_held(&self, conversation: &Conversation) -> bool {
        self.under_way.contains(conversation)
    }

    /// Whether some get nothing until they are released.
    pub fn is_any_held(&self) -> bool {
        !self.under_way.is_empty()
    }

    /// Whether a user may get or send a file of so many octets, which then counts.
    pub fn take_file(&mut self, user: &BareJid, octets: usize, now: Timestamp) -> bool {
        let kilobytes = octets.div_ceil(1024);
        let files = self.files.after(user, 1, now);
        let kilobytes = self.file_kilobytes.after(user, kilobytes, now);
        let (Ok(files), Ok(kilobytes)) = (files, kilobytes) else {
            return false;
        };
        self.files.keep(user, files, now);
        self.file_kilobytes.keep(user, kilobytes, now);
        true
    }

    /// Whether the user may be shown so much of the contact now, which then counts.
    pub fn show(&mut self, conversation: &Conversation, demand: Demand, now: Timestamp) -> bool {
        let Some((of_all, of_one)) = self.room(conversation, demand, now) else {
            return false;
        };
        self.shown.keep(&conversation.user, of_all, now);
        self.shown_from_one.keep(conversation, of_one, now);
        true
    }

    /// The same in all of these conversations, or in none.
    pub fn show_all<'a>(
        &mut self,
        demands: impl Iterator<Item = (&'a Conversation, Demand)> + Clone,
        now: Timestamp,
    ) -> bool {
        let mut each = demands.clone();
        let is_room = each.all(|(one, demand)| self.room(one, demand, now).is_some());
        if is_room {
            for (one, demand) in demands {
                self.show(one, demand, now);
            }
        }
        is_room
    }

    /// When the buckets would be full again if so much were shown now; `None` where there is no room for it. Whatever takes
    /// more than a bucket holds takes a full one.
    fn room(
        &self,
        conversation: &Conversation,
        demand: Demand,
        now: Timestamp,
    ) -> Option<(Timestamp, Timestamp)> {
        if self.under_way.contains(conversation) {
            return None;
        }
        let share = match demand.is_acquainted {
            true => BucketShare::All,
            false => BucketShare::Half,
        };
        let (user, messages) = (&conversation.user, demand.messages);
        let of_all = self.shown.within(share, user, messages, now)?;
        let of_one = &self.shown_from_one;
        let of_one = of_one.within(BucketShare::All, conversation, messages, now)?;
        Some((of_all, of_one))
    }

    /// Whether what is to be said in the log of a stanza that becomes no mail is said there, which then counts.
    pub fn may_note(&mut self, user: &BareJid, now: Timestamp) -> bool {
        self.noted.take(user, 1, now).is_ok()
    }

    /// Whether the user was told within the last hour that a mail is not shown: then it is counted, and not told.
    pub fn is_told_of_held(&self, user: &BareJid, now: Timestamp) -> bool {
        self.held.get(user).is_some_and(|held| !held.is_over(now))
    }

    /// So many mails are not shown to the user, who was told of one of them, or not.
    pub fn held(&mut self, user: &BareJid, count: usize, is_told: bool, now: Timestamp) {
        let count = count.saturating_sub(usize::from(is_told));
        let none = HeldCount {
            told: now,
            since: 0,
        };
        let held = self.held.entry(user.clone()).or_insert(none);
        if is_told {
            held.told = now;
        }
        held.since = held.since.saturating_add(count);
    }

    /// When [`Quotas::take_held`] has something to say.
    pub fn held_due(&self) -> Option<Timestamp> {
        let told = self.held.values().map(|held| held.told).min();
        told.map(|told| told.plus(HELD_INTERVAL))
    }

    /// Who is to be told now, and of how many mails: those for whom the hour is over, at the end everybody. Tell them by
    /// [`Quotas::held`] again if they could not be.
    pub fn take_held(&mut self, now: Timestamp, is_end: bool) -> Vec<(BareJid, usize)> {
        let mut due = Vec::new();
        self.held.retain(|user, held| {
            if !is_end && !held.is_over(now) {
                return true;
            }
            let since = std::mem::take(&mut held.since);
            held.told = now;
            if since > 0 {
                due.push((user.clone(), since));
            }
            since > 0
        });
        due
    }
}

impl HeldCount {
    /// Where the clock was set back, nobody waits for longer than an hour.
    fn is_over(self, now: Timestamp) -> bool {
        self.told > now || now.since(self.told) >= HELD_INTERVAL
    }
}

/// What part of a bucket may be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BucketShare {
    /// As long as any of it is left.
    All,
    /// As long as half of it is.
    Half,
}

impl BucketShare {
    fn of(self, count: u32) -> u32 {
        match self {
            Self::All => count,
            Self::Half => (count / 2).max(1),
        }
    }
}

/// Somebody has used it all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LimitReached {
    /// How much there is.
    count: u32,
    /// When there is enough again.
    again: Duration,
}

/// What was used of one thing: a token bucket for each that has one, as the one moment at which it is full again.
#[derive(Debug)]
struct QuotaMeter<Who> {
    rate: Option<Rate>,
    full: BTreeMap<Who, Timestamp>,
    /// So many are kept before those are forgotten whose bucket is full.
    kept: usize,
}

impl<Who: Clone + Ord> QuotaMeter<Who> {
    fn new(rate: Option<Rate>) -> Self {
        Self {
            rate,
            full: BTreeMap::new(),
            kept: KEPT_MIN,
        }
    }

    fn take(&mut self, who: &Who, count: usize, now: Timestamp) -> Result<(), LimitReached> {
        let full = self.after(who, count, now)?;
        self.keep(who, full, now);
        Ok(())
    }

    /// When the bucket would be full again if so much were taken now. What is more than the share takes all of the share.
    fn within(
        &self,
        share: BucketShare,
        who: &Who,
        count: usize,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let most = self.rate.map(|rate| share.of(rate.count));
        let most = most.and_then(|most| usize::try_from(most).ok());
        let count = most.map_or(count, |most| count.min(most));
        self.after_within(share, who, count, now).ok()
    }

    /// When the bucket would be full again if so much were taken now.
    fn after(&self, who: &Who, count: usize, now: Timestamp) -> Result<Timestamp, LimitReached> {
        self.after_within(BucketShare::All, who, count, now)
    }

    fn after_within(
        &self,
        share: BucketShare,
        who: &Who,
        count: usize,
        now: Timestamp,
    ) -> Result<Timestamp, LimitReached> {
        let Some(rate) = self.rate.filter(|_| count > 0) else {
            return Ok(now);
        };
        let empty = now.plus(rate.time);
        // Where the clock was set back, nobody waits for longer than for an empty bucket.
        let full = self.full.get(who).copied().unwrap_or(now);
        let full = full.clamp(now, empty);
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let cost = |count: u32| rate.time.saturating_mul(count) / rate.count.max(1);
        let (then, last) = (full.plus(cost(count)), now.plus(cost(share.of(rate.count))));
        if then <= last {
            return Ok(then);
        }
        Err(LimitReached {
            count: rate.count,
            again: then.since(last),
        })
    }

    fn keep(&mut self, who: &Who, full: Timestamp, now: Timestamp) {
        if full <= now {
            return;
        }
        self.full.insert(who.clone(), full);
        if self.full.len() > self.kept {
            self.full.retain(|_, full| *full > now);
            self.kept = KEPT_MIN.max(self.full.len().saturating_mul(2));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_secs(1_790_000_000);

    fn alice() -> BareJid {
        BareJid::new("alice@a.example").unwrap()
    }

    fn meter(count: u32, secs: u64) -> QuotaMeter<BareJid> {
        let time = Duration::from_secs(secs);
        QuotaMeter::new(Some(Rate { count, time }))
    }

    #[test]
    fn it_is_exactly_as_much_as_the_rate_says_and_comes_back_evenly() {
        let mut meter = meter(60, 60);
        let mut taken = |now| {
            (0..1000)
                .filter(|_| meter.take(&alice(), 1, now).is_ok())
                .count()
        };
        assert_eq!(taken(START), 60);
        assert_eq!(taken(START), 0);
        assert_eq!(taken(START.plus(Duration::from_millis(1999))), 1);
        assert_eq!(taken(START.plus(Duration::from_secs(31))), 30);
        assert_eq!(taken(START.plus(Duration::from_secs(3600))), 60);
    }

    #[test]
    fn whoever_has_used_it_all_is_told_for_how_long() {
        let mut meter = meter(10, 100);
        assert_eq!(meter.take(&alice(), 8, START), Ok(()));
        let over = meter.take(&alice(), 5, START).unwrap_err();
        assert_eq!((over.count, over.again), (10, Duration::from_secs(30)));
        let then = START.plus(over.again);
        assert_eq!(meter.take(&alice(), 5, then), Ok(()));
    }

    #[test]
    fn one_user_pays_for_no_other() {
        let mut meter = meter(1, 60);
        let adam = BareJid::new("adam@a.example").unwrap();
        assert!(meter.take(&alice(), 1, START).is_ok());
        assert!(meter.take(&alice(), 1, START).is_err());
        assert!(meter.take(&adam, 1, START).is_ok());
    }

    #[test]
    fn a_conversation_is_one_on_all_devices() {
        let of = |xml: &str| Conversation::of(&xml.parse().unwrap(), true);
        let bare = of(
            "<message xmlns='jabber:client' from='bob@b.example@gateway.a.example' to='alice@a.example'/>",
        );
        assert_eq!(bare, None, "whose JID that is cannot be said");
        let bare = of(
            "<message xmlns='jabber:client' from='bob\\40b.example@gateway.a.example' to='alice@a.example'/>",
        );
        let full = of(
            "<message xmlns='jabber:client' from='bob\\40b.example@gateway.a.example/phone' to='alice@a.example/desk'/>",
        );
        assert!(bare.is_some() && bare == full, "{bare:?} {full:?}");
    }

    fn conversation(contact: &str) -> Conversation {
        Conversation {
            user: alice(),
            contact: BareJid::new(&format!("{contact}@gateway.a.example")).unwrap(),
            is_believed: true,
        }
    }

    fn showing(all: u32, one: u32) -> Quotas {
        Quotas::new(&Allowance {
            shown_per_minute: Some(all),
            shown_per_minute_from_one: Some(one),
            ..Allowance::default()
        })
    }

    const OF_STRANGER: Demand = Demand {
        messages: 1,
        is_acquainted: false,
    };
    const OF_FRIEND: Demand = Demand {
        messages: 1,
        is_acquainted: true,
    };

    #[test]
    fn one_contact_takes_what_is_for_one_and_leaves_the_rest_to_others() {
        let mut quotas = showing(10, 4);
        let mut shown = |contact: &str| {
            let conversation = conversation(contact);
            (0..1000)
                .filter(|_| quotas.show(&conversation, OF_FRIEND, START))
                .count()
        };
        assert_eq!([shown("a"), shown("b"), shown("c")], [4, 4, 2]);
    }

    #[test]
    fn e16_strangers_take_half_and_what_comes_back_but_never_the_other_half() {
        for all in [1, 2, 3, 7, 120] {
            let mut quotas = showing(all, 60);
            let mut strangers = 0;
            for number in 0..1000 {
                let from = conversation(&format!("x{number}"));
                strangers += u32::from(quotas.show(&from, OF_STRANGER, START));
            }
            assert_eq!(strangers, (all / 2).max(1), "of {all}");
            let mut friends = 0;
            for number in 0..1000 {
                let from = conversation(&format!("f{number}"));
                friends += u32::from(quotas.show(&from, OF_FRIEND, START));
            }
            assert_eq!(strangers + friends, all);
            // An hour of a flood: strangers get what comes back, and a friend gets through at any time.
            let mut shown = 0;
            for second in 60..3660 {
                let now = START.plus(Duration::from_secs(second));
                for number in 0..5 {
                    let from = conversation(&format!("x{second}.{number}"));
                    shown += u32::from(quotas.show(&from, OF_STRANGER, now));
                }
                if all > 1 && second % 60 == 59 {
                    let from = conversation("carol");
                    assert!(quotas.show(&from, OF_FRIEND, now), "{second}");
                }
            }
            assert!(shown >= 59 * (all - 1).max(1), "{shown} of {all}");
            assert!(shown <= 61 * all, "{shown} of {all}");
        }
    }

    #[test]
    fn a_flood_of_refusals_leaves_a_line_a_second() {
        let mut quotas = showing(120, 60);
        let noted = (0..10_000).filter(|number| {
            let now = START.plus(Duration::from_millis(number * 10));
            quotas.may_note(&alice(), now)
        });
        let noted = noted.count();
        assert!((190..=201).contains(&noted), "{noted}");
    }

    #[test]
    fn e16_of_mails_that_are_held_one_is_told_in_an_hour_and_then_how_many() {
        let mut quotas = showing(120, 60);
        let user = alice();
        let minutes = |count: u64| START.plus(Duration::from_secs(60 * count));
        assert!(!quotas.is_told_of_held(&user, START) && quotas.held_due().is_none());
        quotas.held(&user, 1, true, START);
        for minute in 1..50 {
            assert!(quotas.is_told_of_held(&user, minutes(minute)));
            quotas.held(&user, 3, false, minutes(minute));
            assert!(quotas.take_held(minutes(minute), false).is_empty());
        }
        assert_eq!(quotas.held_due(), Some(minutes(60)));
        assert_eq!(quotas.take_held(minutes(60), false), [(user.clone(), 147)]);
        assert!(quotas.is_told_of_held(&user, minutes(119)));
        assert!(quotas.take_held(minutes(120), false).is_empty());
        assert!(quotas.held_due().is_none(), "forgotten");
        // What could not be told comes an hour later, and at the end at once.
        quotas.held(&user, 5, true, minutes(200));
        let due = quotas.take_held(minutes(260), false);
        assert_eq!(due, [(user.clone(), 4)]);
        quotas.held(&user, 4, false, minutes(260));
        assert_eq!(quotas.held_due(), Some(minutes(320)));
        assert_eq!(quotas.take_held(minutes(261), true), [(user, 4)]);
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let mut meter = meter(10, 60);
        assert!(
            meter
                .take(&alice(), 10, START.plus(Duration::from_secs(86_400)))
                .is_ok()
        );
        let again = meter.take(&alice(), 1, START).unwrap_err().again;
        assert!(again <= Duration::from_secs(6), "{again:?}");
        assert!(
            meter
                .take(&alice(), 10, START.plus(Duration::from_secs(60)))
                .is_err()
        );
        let later = START.plus(Duration::from_secs(86_400 + 60));
        assert!(meter.take(&alice(), 10, later).is_ok());
    }

    #[test]
    fn who_has_everything_again_is_forgotten() {
        let mut meter = meter(10, 60);
        for number in 0..10_000 {
            let user = BareJid::new(&format!("u{number}@a.example")).unwrap();
            let now = START.plus(Duration::from_secs(number));
            meter.take(&user, 1, now).unwrap();
        }
        assert!(meter.full.len() <= KEPT_MIN + 1, "{}", meter.full.len());
    }

    #[test]
    fn without_a_rate_there_is_no_end() {
        let mut meter: QuotaMeter<BareJid> = QuotaMeter::new(None);
        assert!((0..10_000).all(|_| meter.take(&alice(), 100, START).is_ok()));
        assert!(meter.full.is_empty());
    }
}
