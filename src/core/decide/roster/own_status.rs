//! What a user's own status says, for a user who has chosen that it answers mails (`set away-on-xa on`): `xa` with words is as if
//! they had been said to `away`.
//!
//! Only what is told to the gateway itself counts, which it asks to see: what a user shows to one contact is for that contact. After
//! a time in which nothing was heard, the server is asked.

use crate::core::commands;
use crate::core::context::{Missing, Write};
use crate::core::decide::decider::Decider;
use crate::core::decide::decision::Decision;
use crate::core::from_stanza::{self, Presence, Stanza};
use crate::core::id::{MessageId, StanzaId};
use crate::core::record::{Options, OwnStatus, Show};
use crate::core::to_stanza::{self, presence};
use jid::BareJid;
use minidom::Element;

/// The decision about a presence to the gateway, and with it what the status says.
pub(crate) fn heard(
    decider: Decider<'_>,
    stanza: &Stanza,
    kind: Presence,
    mut decision: Decision,
) -> Result<Decision, Missing> {
    let says = matches!(kind, Presence::Available | Presence::Unavailable);
    let is_over = kind == Presence::Unsubscribed;
    if !says && !is_over && kind != Presence::Subscribed {
        return Ok(decision);
    }
    let user = stanza.from.to_bare();
    let options = decider.rows.own_options(&user, None)?;
    if options.away_on_xa != Some(true) {
        return Ok(decision);
    }
    // Nothing more is shown, so that nothing would ever end what was said.
    if is_over {
        if stanza.to.to_bare() == commands::speaker(decider)? {
            refused(decider, (user, options), &mut decision)?;
        }
        return Ok(decision);
    }
    // Who has allowed it, now or before, is asked what holds.
    if !says {
        if options.own_status.is_none() {
            let options = Options {
                own_status: Some(OwnStatus::default()),
                ..options
            };
            let write = Write::Options(user.clone(), None, options);
            decision.writes.push(write);
        }
        let probe = from_gateway(decider, &user, "probe")?;
        decision.stanzas.push(probe);
        return Ok(decision);
    }
    let name = stanza.from.resource().map(|name| name.as_str());
    // Who gets no messages (RFC 6121 §8.5.2.1) is not there for anybody.
    let state = from_stanza::state(&stanza.element).filter(|state| state.priority >= 0);
    let state = state.as_ref();
    let state = state.map(|state| (state.show == Some(Show::Xa), state.status.as_deref()));
    let before = options.own_status.clone();
    // A server acknowledges the request so, before the user has answered it (Prosody).
    if kind == Presence::Unavailable && before.is_none() {
        return Ok(decision);
    }
    let status = before.clone().unwrap_or_default();
    let status = Some(status.heard(name, state));
    if status != before {
        let options = Options {
            own_status: status,
            ..options
        };
        decision.writes.push(Write::Options(user, None, options));
    }
    Ok(decision)
}

/// The user does not let the gateway see the status, or no longer, and is told what that means: the choice is taken back, so that it is
/// said once.
fn refused(
    decider: Decider<'_>,
    (user, options): (BareJid, Options),
    decision: &mut Decision,
) -> Result<(), Missing> {
    let options = Options {
        own_status: None,
        away_on_xa: None,
        ..options
    };
    let speaker = commands::speaker(decider)?;
    let about = MessageId::of_raw(format!("refused at {}", decider.now.millis()).as_bytes());
    let id = StanzaId::derive(&about, &user, "status");
    let text = commands::status_refused(decider.language);
    let from_to = (speaker.as_str(), user.as_str());
    let told = to_stanza::notice(decider.language, from_to, id.as_str(), &text);
    decision.stanzas.push(told);
    decision.writes.push(Write::Options(user, None, options));
    Ok(())
}

/// A user is forgotten: the gateway does not want to see their status any more, where it has asked for that.
pub(crate) fn ended(decider: Decider<'_>, user: &BareJid) -> Result<Decision, Missing> {
    let options = decider.rows.own_options(user, None)?;
    Ok(match options.away_on_xa {
        Some(true) => Decision::answer([from_gateway(decider, user, "unsubscribe")?]),
        _ => Decision::nothing(),
    })
}

/// The XMPP server is there again: who is there is asked, and what was said holds until it answers. Who has not allowed it is not
/// asked: the answer would be that once more.
pub(crate) fn asked(decider: Decider<'_>, user: &BareJid) -> Result<Decision, Missing> {
    let options = decider.rows.own_options(user, None)?;
    if options.away_on_xa != Some(true) || options.own_status.is_none() {
        return Ok(Decision::nothing());
    }
    let text = options.own_status.clone().and_then(|status| status.text);
    let status = OwnStatus {
        here: Vec::new(),
        text,
    };
    let options = Options {
        own_status: Some(status),
        ..options
    };
    Ok(Decision {
        writes: vec![Write::Options(user.clone(), None, options)],
        stanzas: vec![from_gateway(decider, user, "probe")?],
        ..Decision::default()
    })
}

/// What the gateway itself says to a user: that it wants to see the status, or no longer.
pub(crate) fn from_gateway(
    decider: Decider<'_>,
    user: &BareJid,
    kind: &str,
) -> Result<Element, Missing> {
    let speaker = commands::speaker(decider)?;
    Ok(presence(speaker.as_str(), user, kind))
}
