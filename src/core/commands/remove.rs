//! `remove`: what is between the user and a contact is forgotten.

use super::write::{CONTACT, contact_of};
use super::{Answer, Call, Command, FormStep, Values, refused, texts};
use crate::core::context::Write;
use crate::core::decide::decider::Stop;
use crate::core::decide::decision::Decision;
use crate::core::decide::lookup;
use crate::core::decide::roster::greeting;
use crate::core::decide::strangers;
use crate::core::language::Sentence;
use crate::core::record::{Options, Subscription};

/// A contact is forgotten.
#[derive(Debug)]
pub(super) struct Remove;

impl Command for Remove {
    fn name(&self) -> &'static str {
        "remove"
    }

    fn steps(&self) -> &'static [FormStep] {
        &[FormStep {
            title: Sentence("remove-title"),
            instructions: Sentence("remove-ask"),
            fields: &[CONTACT],
        }]
    }

    fn run(&self, call: &Call<'_>, values: &Values) -> Result<Answer, Stop> {
        let (mail, shown) = contact_of(call, self, values)?;
        let (user, people) = (call.user(), mail.for_people());
        let (decider, rows) = (call.decider, call.decider.rows);
        let Some(known) = rows.contact(&user, &mail)? else {
            return Err(refused(texts::unknown_contact(call.language(), &people)));
        };
        if known.is_blocked {
            return Err(refused(texts::blocked_stays(call.language(), &people)));
        }
        if let Some(request) = known.request.as_ref().filter(|_| strangers::waits(known)) {
            let count = request.kept.len();
            return Err(refused(texts::requests::remove_waits(
                call.language(),
                &people,
                count,
            )));
        }
        let has_subscription = known.subscription != Subscription::None || known.pending_out;
        if has_subscription && lookup::format_of(decider, &mail)?.features().presence {
            return Err(refused(texts::removed_by_client(call.language(), &people)));
        }
        let mut beside = Decision::default();
        strangers::forget(decider, &user, &mail, &mut beside)?;
        beside.stanzas.extend(greeting::ended(&shown, &user, known));
        beside.writes.extend([
            Write::RemoveContact(user.clone(), mail.clone()),
            Write::Avatar(user.clone(), mail.clone(), None),
            Write::Options(user, Some(mail), Options::default()),
        ]);
        Ok(Answer {
            beside,
            ..Answer::says(texts::removed(call.language(), &people))
        })
    }
}
