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
use crate::core::record::{Options, OwnStatus, Show};
use crate::core::to_stanza::presence;
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
        if options.own_status.is_some() {
            let options = Options {
                own_status: None,
                ..options
            };
            decision.writes.push(Write::Options(user, None, options));
        }
        return Ok(decision);
    }
    // Who has allowed it, now or before, is asked what holds.
    if !says {
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

/// The XMPP server is there again: who is there is asked, and what was said holds until it answers.
pub(crate) fn asked(decider: Decider<'_>, user: &BareJid) -> Result<Decision, Missing> {
    let options = decider.rows.own_options(user, None)?;
    if options.away_on_xa != Some(true) {
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
