//! What a subscription stanza does to what is between a local user and a contact: RFC 6121 Appendix A, for a contact who
//! has a gateway of its own. The nine states of Appendix A.1 are three by three: whether the user gets the contact's
//! presence, and whether the contact gets the user's; each not at all, asked for, or yes. Every stanza moves one of the
//! two halves, so the eight tables of Appendix A are the one of [`outward`] and [`inward`].

use crate::core::from_stanza::Presence;
use crate::core::record::{Contact, Subscription};

/// One of the nine states of RFC 6121 Appendix A.1, seen from the local user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionState {
    /// Whether the user gets the contact's presence.
    to: DirectionState,
    /// Whether the contact gets the user's presence.
    from: DirectionState,
}

/// How far one direction has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum DirectionState {
    #[default]
    No,
    /// Asked for and not yet answered.
    Asked,
    Yes,
}

/// The four types of presence that manage subscriptions (RFC 6121 §3). Who sends the first or the third speaks of what
/// it gets, who sends the second or the fourth of what it gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Asks for the other's presence.
    Subscribe,
    /// Grants the other one's request.
    Subscribed,
    /// Gives the other's presence up, or takes the request for it back.
    Unsubscribe,
    /// Refuses the other one's request, or takes back what was granted.
    Unsubscribed,
}

/// What becomes of a subscription stanza.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubscriptionStep {
    /// The state afterwards.
    pub next: SubscriptionState,
    /// Whether the stanza goes on: from the user to the contact's gateway, or from there to the user.
    pub pass_on: bool,
    /// What the gateway answers in the other one's place to who sent the stanza. It belongs to this very request: whoever
    /// carries it must name the request, since one that crosses a newer request would undo that (RFC 6121 reckons with
    /// streams that keep their order, and mails do not).
    pub answer: Option<Verb>,
}

impl DirectionState {
    fn of(yes: bool, asked: bool) -> Self {
        match (yes, asked) {
            (true, _) => Self::Yes,
            (false, true) => Self::Asked,
            (false, false) => Self::No,
        }
    }
}

impl SubscriptionState {
    /// The state that a row's three fields mean. What Appendix A.1 does not have is read as what it must have become: a
    /// request that is still marked as pending though it was granted is granted.
    pub fn new(subscription: Subscription, pending_out: bool, pending_in: bool) -> Self {
        Self {
            to: DirectionState::of(subscription.has_to(), pending_out),
            from: DirectionState::of(subscription.has_from(), pending_in),
        }
    }

    /// The state of a row.
    pub fn of(contact: &Contact) -> Self {
        Self::new(
            contact.subscription,
            contact.pending_out,
            contact.pending_in,
        )
    }

    /// Writes the state into its row.
    pub fn store_in(self, contact: &mut Contact) {
        contact.subscription = self.subscription();
        contact.pending_out = self.pending_out();
        contact.pending_in = self.pending_in();
    }

    /// Who gets whose presence.
    pub fn subscription(self) -> Subscription {
        Subscription::of(
            self.to == DirectionState::Yes,
            self.from == DirectionState::Yes,
        )
    }

    /// Whether the user waits for the contact's answer.
    pub fn pending_out(self) -> bool {
        self.to == DirectionState::Asked
    }

    /// Whether the contact waits for the user's answer.
    pub fn pending_in(self) -> bool {
        self.from == DirectionState::Asked
    }
}

impl Verb {
    /// The verb of a presence stanza that manages a subscription.
    pub fn of(kind: Presence) -> Option<Self> {
        match kind {
            Presence::Subscribe => Some(Self::Subscribe),
            Presence::Subscribed => Some(Self::Subscribed),
            Presence::Unsubscribe => Some(Self::Unsubscribe),
            Presence::Unsubscribed => Some(Self::Unsubscribed),
            Presence::Available | Presence::Unavailable | Presence::Probe => None,
        }
    }

    /// The `type` of the stanza (RFC 6121 §4.7.1).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Subscribe => "subscribe",
            Self::Subscribed => "subscribed",
            Self::Unsubscribe => "unsubscribe",
            Self::Unsubscribed => "unsubscribed",
        }
    }
}

/// The user sends this to the contact (Appendix A.2). [`SubscriptionStep::pass_on`]: it is mailed to the contact's gateway.
///
/// Pre-approval (RFC 6121 §3.4) is not offered: `subscribed` without a request does nothing.
pub fn sent(state: SubscriptionState, verb: Verb) -> SubscriptionStep {
    let asks = matches!(verb, Verb::Subscribe | Verb::Unsubscribe);
    let half = if asks { state.to } else { state.from };
    let (half, pass_on, answer) = outward(half, verb);
    SubscriptionStep {
        next: state.with(asks, half),
        pass_on,
        answer,
    }
}

/// The contact sends this to the user (Appendix A.3). [`SubscriptionStep::pass_on`]: it is handed to the user.
pub fn received(state: SubscriptionState, verb: Verb) -> SubscriptionStep {
    let asks = matches!(verb, Verb::Subscribe | Verb::Unsubscribe);
    let half = if asks { state.from } else { state.to };
    let (half, pass_on, answer) = inward(half, verb);
    SubscriptionStep {
        next: state.with(!asks, half),
        pass_on,
        answer,
    }
}

impl SubscriptionState {
    /// With one half replaced.
    fn with(self, is_to: bool, half: DirectionState) -> Self {
        if is_to {
            Self { to: half, ..self }
        } else {
            Self { from: half, ..self }
        }
    }
}

/// Tables 2 to 5: the half that the verb is about afterwards, whether it is passed on, and the answer.
fn outward(half: DirectionState, verb: Verb) -> (DirectionState, bool, Option<Verb>) {
    match (verb, half) {
        // Not as Table 2, which passes it on and lets the contact's server answer: the gateway knows the answer, and a
        // client that asks again at every login must not be a mail at every login.
        (Verb::Subscribe, DirectionState::Yes) => {
            (DirectionState::Yes, false, Some(Verb::Subscribed))
        }
        (Verb::Subscribe, DirectionState::No | DirectionState::Asked) => {
            (DirectionState::Asked, true, None)
        }
        // Even where there is nothing to give up, so that a contact who believes otherwise learns it. Whoever mails it
        // sees to it that it is not repeated without end.
        (Verb::Unsubscribe, _) => (DirectionState::No, true, None),
        (Verb::Subscribed, DirectionState::Asked) => (DirectionState::Yes, true, None),
        (Verb::Subscribed, DirectionState::No | DirectionState::Yes) => (half, false, None),
        (Verb::Unsubscribed, DirectionState::No) => (DirectionState::No, false, None),
        (Verb::Unsubscribed, DirectionState::Asked | DirectionState::Yes) => {
            (DirectionState::No, true, None)
        }
    }
}

/// Tables 6 to 9. What changes nothing is not shown to the user.
fn inward(half: DirectionState, verb: Verb) -> (DirectionState, bool, Option<Verb>) {
    match (verb, half) {
        (Verb::Subscribe, DirectionState::No) => (DirectionState::Asked, true, None),
        (Verb::Subscribe, DirectionState::Asked) => (DirectionState::Asked, false, None),
        // The contact has lost what it was told, or it never came.
        (Verb::Subscribe, DirectionState::Yes) => {
            (DirectionState::Yes, false, Some(Verb::Subscribed))
        }
        (Verb::Unsubscribe, DirectionState::No) => (DirectionState::No, false, None),
        (Verb::Unsubscribe, DirectionState::Asked | DirectionState::Yes) => {
            (DirectionState::No, true, Some(Verb::Unsubscribed))
        }
        (Verb::Subscribed, DirectionState::Asked) => (DirectionState::Yes, true, None),
        (Verb::Subscribed, DirectionState::No | DirectionState::Yes) => (half, false, None),
        (Verb::Unsubscribed, DirectionState::No) => (DirectionState::No, false, None),
        (Verb::Unsubscribed, DirectionState::Asked | DirectionState::Yes) => {
            (DirectionState::No, true, None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeSet, VecDeque};

    const VERBS: [Verb; 4] = [
        Verb::Subscribe,
        Verb::Subscribed,
        Verb::Unsubscribe,
        Verb::Unsubscribed,
    ];

    /// The names of RFC 6121 Appendix A.1, in its order: "N+O" is None + Pending Out.
    fn state(name: &str) -> SubscriptionState {
        let (subscription, out, pending_in) = match name {
            "N" => (Subscription::None, false, false),
            "N+O" => (Subscription::None, true, false),
            "N+I" => (Subscription::None, false, true),
            "N+OI" => (Subscription::None, true, true),
            "T" => (Subscription::To, false, false),
            "T+I" => (Subscription::To, false, true),
            "F" => (Subscription::From, false, false),
            "F+O" => (Subscription::From, true, false),
            "B" => (Subscription::Both, false, false),
            _ => panic!("{name}"),
        };
        SubscriptionState::new(subscription, out, pending_in)
    }

    /// The tables as the RFC prints them: existing state, whether it goes on, new state. `*`: answered `subscribed`,
    /// `!`: answered `unsubscribed` in the other one's place.
    type Table = [(&'static str, &'static str, &'static str); 9];

    /// Table 2, with the deviation in the three states in which the user has the contact's presence.
    const SENT_SUBSCRIBE: Table = [
        ("N", "yes", "N+O"),
        ("N+O", "yes", "N+O"),
        ("N+I", "yes", "N+OI"),
        ("N+OI", "yes", "N+OI"),
        ("T", "no*", "T"),
        ("T+I", "no*", "T+I"),
        ("F", "yes", "F+O"),
        ("F+O", "yes", "F+O"),
        ("B", "no*", "B"),
    ];
    /// Table 3.
    const SENT_UNSUBSCRIBE: Table = [
        ("N", "yes", "N"),
        ("N+O", "yes", "N"),
        ("N+I", "yes", "N+I"),
        ("N+OI", "yes", "N+I"),
        ("T", "yes", "N"),
        ("T+I", "yes", "N+I"),
        ("F", "yes", "F"),
        ("F+O", "yes", "F"),
        ("B", "yes", "F"),
    ];
    /// Table 4, without pre-approval.
    const SENT_SUBSCRIBED: Table = [
        ("N", "no", "N"),
        ("N+O", "no", "N+O"),
        ("N+I", "yes", "F"),
        ("N+OI", "yes", "F+O"),
        ("T", "no", "T"),
        ("T+I", "yes", "B"),
        ("F", "no", "F"),
        ("F+O", "no", "F+O"),
        ("B", "no", "B"),
    ];
    /// Table 5.
    const SENT_UNSUBSCRIBED: Table = [
        ("N", "no", "N"),
        ("N+O", "no", "N+O"),
        ("N+I", "yes", "N"),
        ("N+OI", "yes", "N+O"),
        ("T", "no", "T"),
        ("T+I", "yes", "T"),
        ("F", "yes", "N"),
        ("F+O", "yes", "N+O"),
        ("B", "yes", "T"),
    ];
    /// Table 6.
    const RECEIVED_SUBSCRIBE: Table = [
        ("N", "yes", "N+I"),
        ("N+O", "yes", "N+OI"),
        ("N+I", "no", "N+I"),
        ("N+OI", "no", "N+OI"),
        ("T", "yes", "T+I"),
        ("T+I", "no", "T+I"),
        ("F", "no*", "F"),
        ("F+O", "no*", "F+O"),
        ("B", "no*", "B"),
    ];
    /// Table 7.
    const RECEIVED_UNSUBSCRIBE: Table = [
        ("N", "no", "N"),
        ("N+O", "no", "N+O"),
        ("N+I", "yes!", "N"),
        ("N+OI", "yes!", "N+O"),
        ("T", "no", "T"),
        ("T+I", "yes!", "T"),
        ("F", "yes!", "N"),
        ("F+O", "yes!", "N+O"),
        ("B", "yes!", "T"),
    ];
    /// Table 8.
    const RECEIVED_SUBSCRIBED: Table = [
        ("N", "no", "N"),
        ("N+O", "yes", "T"),
        ("N+I", "no", "N+I"),
        ("N+OI", "yes", "T+I"),
        ("T", "no", "T"),
        ("T+I", "no", "T+I"),
        ("F", "no", "F"),
        ("F+O", "yes", "B"),
        ("B", "no", "B"),
    ];
    /// Table 9.
    const RECEIVED_UNSUBSCRIBED: Table = [
        ("N", "no", "N"),
        ("N+O", "yes", "N"),
        ("N+I", "no", "N+I"),
        ("N+OI", "yes", "N+I"),
        ("T", "yes", "N"),
        ("T+I", "yes", "N+I"),
        ("F", "no", "F"),
        ("F+O", "yes", "F"),
        ("B", "yes", "F"),
    ];

    fn assert_table(
        table: Table,
        verb: Verb,
        step: impl Fn(SubscriptionState, Verb) -> SubscriptionStep,
    ) {
        for (before, passes, after) in table {
            let expected = SubscriptionStep {
                next: state(after),
                pass_on: passes.starts_with("yes"),
                answer: match passes.chars().last() {
                    Some('*') => Some(Verb::Subscribed),
                    Some('!') => Some(Verb::Unsubscribed),
                    _ => None,
                },
            };
            assert_eq!(step(state(before), verb), expected, "{before} {verb:?}");
        }
    }

    #[test]
    fn what_the_user_sends_follows_tables_2_to_5() {
        assert_table(SENT_SUBSCRIBE, Verb::Subscribe, sent);
        assert_table(SENT_UNSUBSCRIBE, Verb::Unsubscribe, sent);
        assert_table(SENT_SUBSCRIBED, Verb::Subscribed, sent);
        assert_table(SENT_UNSUBSCRIBED, Verb::Unsubscribed, sent);
    }

    #[test]
    fn what_the_contact_sends_follows_tables_6_to_9() {
        assert_table(RECEIVED_SUBSCRIBE, Verb::Subscribe, received);
        assert_table(RECEIVED_UNSUBSCRIBE, Verb::Unsubscribe, received);
        assert_table(RECEIVED_SUBSCRIBED, Verb::Subscribed, received);
        assert_table(RECEIVED_UNSUBSCRIBED, Verb::Unsubscribed, received);
    }

    #[test]
    fn a_row_is_read_and_written_and_what_cannot_be_is_put_right() {
        let granted = SubscriptionState::new(Subscription::Both, true, true);
        assert_eq!(granted, state("B"));
        assert_eq!(
            SubscriptionState::new(Subscription::To, true, true),
            state("T+I")
        );
        assert_eq!(
            SubscriptionState::new(Subscription::From, true, true),
            state("F+O")
        );
        for (name, ..) in SENT_SUBSCRIBE {
            let mut row = Contact::default();
            state(name).store_in(&mut row);
            assert_eq!(SubscriptionState::of(&row), state(name));
        }
    }

    #[test]
    fn verbs_are_the_types_of_the_stanzas() {
        let kinds = [
            Presence::Subscribe,
            Presence::Subscribed,
            Presence::Unsubscribe,
            Presence::Unsubscribed,
        ];
        for (kind, verb) in kinds.into_iter().zip(VERBS) {
            assert_eq!(Verb::of(kind), Some(verb));
            assert_eq!(format!("{kind:?}").to_lowercase(), verb.as_str());
        }
        assert_eq!(Verb::of(Presence::Probe), None);
    }

    /// Two gateways, each with its user, and what is on the way between them.
    #[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
    struct Pair {
        states: [SubscriptionState; 2],
        /// What is on the way to each of them.
        ways: [VecDeque<VerbUnderWay>; 2],
        /// The number of each one's last `subscribe` or `unsubscribe`.
        asked: [u8; 2],
        /// The number of the other one's last request that each has seen.
        asking: [u8; 2],
    }

    /// A verb, and the number of the request that it is or answers.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    struct VerbUnderWay(Verb, u8);

    impl Pair {
        fn act(&mut self, side: usize, verb: Verb) {
            let step = sent(self.states[side], verb);
            self.states[side] = step.next;
            if step.pass_on {
                let number = if matches!(verb, Verb::Subscribe | Verb::Unsubscribe) {
                    self.asked[side] += 1;
                    self.asked[side]
                } else {
                    self.asking[side]
                };
                self.ways[1 - side].push_back(VerbUnderWay(verb, number));
            }
        }

        /// An answer to another request than the last is too late.
        fn deliver(&mut self, side: usize) {
            let Some(VerbUnderWay(verb, number)) = self.ways[side].pop_front() else {
                return;
            };
            let asks = matches!(verb, Verb::Subscribe | Verb::Unsubscribe);
            if !asks && number != self.asked[side] {
                return;
            }
            if asks {
                self.asking[side] = number;
            }
            let step = received(self.states[side], verb);
            self.states[side] = step.next;
            if let Some(answer) = step.answer {
                self.ways[1 - side].push_back(VerbUnderWay(answer, number));
            }
        }

        fn drain(&mut self) {
            while !self.is_quiet() {
                self.deliver(0);
                self.deliver(1);
            }
        }

        fn is_quiet(&self) -> bool {
            self.ways.iter().all(VecDeque::is_empty)
        }

        fn assert_mirrored(&self) {
            let [a, b] = self.states.map(SubscriptionState::subscription);
            assert_eq!(a.has_to(), b.has_from(), "{:?}", self.states);
            assert_eq!(a.has_from(), b.has_to(), "{:?}", self.states);
        }
    }

    /// Sequences of every length: each step leads from one of the states that are tried to one of them.
    #[test]
    fn two_gateways_mirror_each_other_after_every_sequence_of_actions() {
        let mut seen = BTreeSet::new();
        let mut open = vec![[SubscriptionState::default(); 2]];
        while let Some(states) = open.pop() {
            if seen.insert(states) {
                open.extend((0..8).map(|action| after(states, action)));
            }
        }
        assert_eq!(seen.len(), 9);
    }

    /// One of the eight things that a user can do, carried to its end.
    fn after(states: [SubscriptionState; 2], action: usize) -> [SubscriptionState; 2] {
        let mut pair = Pair {
            states,
            ..Pair::default()
        };
        pair.act(action % 2, VERBS[action / 2]);
        pair.drain();
        pair.assert_mirrored();
        pair.states
    }

    #[test]
    fn stanzas_that_cross_leave_no_difference_where_answers_name_their_request() {
        let mut seen = BTreeSet::new();
        let mut open = vec![(Pair::default(), 6)];
        while let Some((pair, left)) = open.pop() {
            if !seen.insert((pair.clone(), left)) {
                continue;
            }
            if pair.is_quiet() {
                pair.assert_mirrored();
            }
            for side in 0..2 {
                if !pair.ways[side].is_empty() {
                    let mut next = pair.clone();
                    next.deliver(side);
                    open.push((next, left));
                }
                for verb in VERBS.into_iter().filter(|_| left > 0) {
                    let mut next = pair.clone();
                    next.act(side, verb);
                    open.push((next, left - 1));
                }
            }
        }
        assert!(seen.len() > 10_000, "{}", seen.len());
    }
}
