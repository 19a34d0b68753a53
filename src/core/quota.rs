//! How much one user may do: so much at once, and more as time goes by. Nobody else pays for one who floods.
//!
//! What was used is kept in memory alone. After a restart everybody may do as much as on the first day, which is at most
//! as much again; a row for each mail would cost more than it saves.

use crate::core::address::MailAddress;
use crate::core::decide::Decision;
use crate::core::from_stanza::{Kind, Presence, Stanza};
use crate::core::limits::{REFUSED_REQUESTS, REQUESTS};
use crate::core::notice;
use crate::core::time::Timestamp;
use crate::core::to_stanza::Condition;
use jid::{BareJid, Jid};
use minidom::Element;
use std::collections::BTreeMap;
use std::time::Duration;

/// Users that are kept before those are forgotten who have everything again.
const KEPT_MIN: usize = 1024;

/// So much in this time, at once or one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How much.
    pub count: u32,
    /// In which time all of it comes back.
    pub time: Duration,
}

/// What the configuration allows; `None`: any amount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    /// Recipients of mails that a user causes in an hour.
    pub sent_per_hour: Option<u32>,
    /// Those of them that are one address.
    pub sent_per_hour_to_one: Option<u32>,
    /// Recipients of mails that all users of one domain cause in an hour.
    pub sent_per_hour_by_all: Option<u32>,
    /// Addresses to which a user writes for the first time in a day.
    pub strangers_per_day: Option<u32>,
    /// Mails that a user is shown in a minute.
    pub shown_per_minute: Option<u32>,
    /// Those of them that are from one contact.
    pub shown_per_minute_from_one: Option<u32>,
}

/// What goes from a contact to a user. Within it nothing may overtake anything.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conversation {
    /// To whom.
    pub user: BareJid,
    /// From whom.
    pub contact: BareJid,
}

impl Conversation {
    /// That which a stanza to a user belongs to, from and to whichever device.
    pub fn of(stanza: &Element) -> Option<Self> {
        let jid = |name| Some(Jid::new(stanza.attr(name)?).ok()?.into_bare());
        Some(Self {
            user: jid("to")?,
            contact: jid("from")?,
        })
    }
}

/// What everybody has used of what they may.
#[derive(Debug)]
pub struct Quotas {
    sent: Meter<BareJid>,
    sent_to_one: Meter<(BareJid, MailAddress)>,
    sent_by_all: Meter<Domain>,
    strangers: Meter<BareJid>,
    shown: Meter<BareJid>,
    shown_from_one: Meter<Conversation>,
    requests: Meter<BareJid>,
    refusals: Meter<BareJid>,
}

/// Of a user's JID.
type Domain = String;

impl Quotas {
    /// Nobody has used anything.
    pub fn new(allowance: &Allowance) -> Self {
        let per = |count: Option<u32>, secs| {
            let time = Duration::from_secs(secs);
            count.map(|count| Rate { count, time })
        };
        let (hour, day, minute) = (3600, 24 * 3600, 60);
        Self {
            sent: Meter::new(per(allowance.sent_per_hour, hour)),
            sent_to_one: Meter::new(per(allowance.sent_per_hour_to_one, hour)),
            sent_by_all: Meter::new(per(allowance.sent_per_hour_by_all, hour)),
            strangers: Meter::new(per(allowance.strangers_per_day, day)),
            shown: Meter::new(per(allowance.shown_per_minute, minute)),
            shown_from_one: Meter::new(per(allowance.shown_per_minute_from_one, minute)),
            requests: Meter::new(Some(REQUESTS)),
            refusals: Meter::new(Some(REFUSED_REQUESTS)),
        }
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
            Kind::Request { .. } if decision.stanzas.is_empty() => None,
            Kind::Request { .. } => self.of_request(stanza, &user, now),
            // What the user takes back is taken back, whether the contact can be told or not: it is not refused, nor counted.
            Kind::Message(_) | Kind::Presence(Presence::Subscribe) => {
                self.of_mails(stanza, &user, decision, now)
            }
            _ => None,
        }
    }

    fn of_mails(
        &mut self,
        stanza: &Stanza,
        user: &BareJid,
        decision: &Decision,
        now: Timestamp,
    ) -> Option<Decision> {
        if decision.mails.is_empty() {
            return None;
        }
        let Err(why) = self.take_mails(user, decision, now) else {
            return None;
        };
        // Nobody is told what becomes of a marker or a receipt.
        let is_told = decision.mails.iter().any(|mail| mail.job.origin.is_some());
        Some(match is_told {
            true => Decision::refuse(stanza, Condition::PolicyViolation, &why),
            false => Decision::nothing(),
        })
    }

    /// All that the mails of a decision cost, or nothing and why not.
    fn take_mails(
        &mut self,
        user: &BareJid,
        decision: &Decision,
        now: Timestamp,
    ) -> Result<(), String> {
        let recipients = || decision.mails.iter().flat_map(|mail| mail.job.to.iter());
        let count = recipients().count();
        let domain = user.domain().to_string();
        let mut to_each: BTreeMap<(BareJid, MailAddress), usize> = BTreeMap::new();
        for address in recipients() {
            let count = to_each.entry((user.clone(), address.clone())).or_default();
            *count = count.saturating_add(1);
        }

        let sent = self.sent.after(user, count, now);
        let sent = sent.map_err(|over| notice::sent_too_much(over.count, over.again))?;
        let to_each = to_each.into_iter().map(|(pair, count)| {
            let full = self.sent_to_one.after(&pair, count, now);
            let to = pair.1.for_people();
            let full =
                full.map_err(|over| notice::sent_too_much_to_one(&to, over.count, over.again))?;
            Ok((pair, full))
        });
        let to_each: Vec<_> = to_each.collect::<Result<_, String>>()?;
        let strangers = self.strangers.after(user, decision.strangers, now);
        let strangers =
            strangers.map_err(|over| notice::too_many_strangers(over.count, over.again))?;
        let by_all = self.sent_by_all.after(&domain, count, now);
        let by_all =
            by_all.map_err(|over| notice::sent_too_much_by_all(&domain, over.count, over.again))?;

        self.sent.keep(user, sent, now);
        for (pair, full) in to_each {
            self.sent_to_one.keep(&pair, full, now);
        }
        self.strangers.keep(user, strangers, now);
        self.sent_by_all.keep(&domain, by_all, now);
        Ok(())
    }

    /// A request asks for an answer, which costs as much as the request. A client that floods is told so now and then and
    /// is not answered else, although RFC 6120 §8.2.3 wants each request answered.
    fn of_request(&mut self, stanza: &Stanza, user: &BareJid, now: Timestamp) -> Option<Decision> {
        if self.requests.take(user, 1, now).is_ok() {
            return None;
        }
        if self.refusals.take(user, 1, now).is_err() {
            return Some(Decision::nothing());
        }
        let why = notice::unanswered_requests();
        Some(Decision::refuse(
            stanza,
            Condition::ResourceConstraint,
            &why,
        ))
    }

    /// Whether the user may be shown another mail of the contact now, which then counts.
    pub fn show(&mut self, conversation: &Conversation, now: Timestamp) -> bool {
        let user = &conversation.user;
        let of_all = self.shown.after(user, 1, now);
        let of_one = self.shown_from_one.after(conversation, 1, now);
        let (Ok(of_all), Ok(of_one)) = (of_all, of_one) else {
            return false;
        };
        self.shown.keep(user, of_all, now);
        self.shown_from_one.keep(conversation, of_one, now);
        true
    }
}

/// Somebody has used it all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Over {
    /// How much there is.
    count: u32,
    /// When there is enough again.
    again: Duration,
}

/// What was used of one thing: a token bucket for each that has one, as the one moment at which it is full again.
#[derive(Debug)]
struct Meter<Who> {
    rate: Option<Rate>,
    full: BTreeMap<Who, Timestamp>,
    /// So many are kept before those are forgotten whose bucket is full.
    kept: usize,
}

impl<Who: Clone + Ord> Meter<Who> {
    fn new(rate: Option<Rate>) -> Self {
        Self {
            rate,
            full: BTreeMap::new(),
            kept: KEPT_MIN,
        }
    }

    fn take(&mut self, who: &Who, count: usize, now: Timestamp) -> Result<(), Over> {
        let full = self.after(who, count, now)?;
        self.keep(who, full, now);
        Ok(())
    }

    /// When the bucket would be full again if so much were taken now.
    fn after(&self, who: &Who, count: usize, now: Timestamp) -> Result<Timestamp, Over> {
        let Some(rate) = self.rate.filter(|_| count > 0) else {
            return Ok(now);
        };
        let empty = now.plus(rate.time);
        // Where the clock was set back, nobody waits for longer than for an empty bucket.
        let full = self.full.get(who).copied().unwrap_or(now);
        let full = full.clamp(now, empty);
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let cost = rate.time.saturating_mul(count) / rate.count.max(1);
        let then = full.plus(cost);
        if then <= empty {
            return Ok(then);
        }
        Err(Over {
            count: rate.count,
            again: then.since(empty),
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

    fn meter(count: u32, secs: u64) -> Meter<BareJid> {
        let time = Duration::from_secs(secs);
        Meter::new(Some(Rate { count, time }))
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
        let of = |xml: &str| Conversation::of(&xml.parse().unwrap());
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

    #[test]
    fn one_contact_takes_what_is_for_one_and_leaves_the_rest_to_others() {
        let mut quotas = Quotas::new(&Allowance {
            shown_per_minute: Some(10),
            shown_per_minute_from_one: Some(4),
            ..Allowance::default()
        });
        let mut shown = |contact: &str| {
            let contact = BareJid::new(&format!("{contact}@gateway.a.example")).unwrap();
            let user = alice();
            let conversation = Conversation { user, contact };
            (0..1000)
                .filter(|_| quotas.show(&conversation, START))
                .count()
        };
        assert_eq!([shown("a"), shown("b"), shown("c")], [4, 4, 2]);
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
        let mut meter: Meter<BareJid> = Meter::new(None);
        assert!((0..10_000).all(|_| meter.take(&alice(), 100, START).is_ok()));
        assert!(meter.full.is_empty());
    }
}
