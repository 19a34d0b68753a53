//! `requests`, `accept` and `refuse`: people with whom the user has had nothing to do and whose mails wait, and those whose
//! answer nobody could verify.

use super::texts::requests as texts;
use super::write::{ADDRESS, contact_of};
use super::{Answer, AnswerTable, Call, Command, FieldKind, FormField, FormStep, Values, refused};
use crate::core::address::MailAddress;
use crate::core::context::{Context, Missing};
use crate::core::decide::Decision;
use crate::core::decide::decider::Stop;
use crate::core::decide::strangers::{self, Accepts};
use crate::core::language::Sentence;
use crate::core::limits::REQUESTS_MAX;
use crate::core::record::{Contact, Request};
use crate::core::text::clean;

/// Who waits.
#[derive(Debug)]
pub(super) struct ListRequests;

const WHO: FormField = FormField {
    var: ADDRESS,
    label: Sentence("label-who"),
    kind: FieldKind::Choice,
    is_required: true,
};

impl Command for ListRequests {
    fn name(&self) -> &'static str {
        "requests"
    }

    fn run(&self, call: &Call<'_>, _values: &Values) -> Result<Answer, Stop> {
        let waiting = waiting(call)?;
        let Some(first) = waiting.first() else {
            return Ok(Answer::says(texts::nothing(call.language())));
        };
        let language = call.language();
        let text = texts::waiting(
            language,
            waiting.len(),
            waiting.len() >= REQUESTS_MAX,
            &first.mail.for_people(),
        );
        let rows = waiting.iter().map(|one| {
            let request = &one.request;
            vec![
                super::texts::of_others(language, &name(&one.known)),
                one.mail.for_people(),
                texts::preview(language, &request.preview),
                match request.unverified {
                    true => texts::unverified(language),
                    false => String::new(),
                },
                texts::mails(language, request.kept.len(), request.left),
                super::texts::waiting::since(language, request.since, call.decider.now),
            ]
        });
        let table = AnswerTable {
            columns: &[
                ("name", Sentence("label-name")),
                ("address", Sentence("label-mail-address")),
                ("text", Sentence("label-text")),
                ("verified", Sentence("label-verified")),
                ("mails", Sentence("label-mails")),
                ("since", Sentence("label-since")),
            ],
            rows: rows.collect(),
        };
        Ok(Answer {
            table: Some(table),
            ..Answer::says(text)
        })
    }
}

/// To say what is to become of one of them.
#[derive(Debug)]
pub(super) struct Answering {
    name: &'static str,
    steps: &'static [FormStep],
    answer: fn(&Call<'_>, &MailAddress, &Contact) -> Result<Answer, Stop>,
}

/// One of them is to be shown.
pub(super) static ACCEPT: Answering = Answering {
    name: "accept",
    steps: &[FormStep {
        title: Sentence("accept-title"),
        instructions: Sentence("accept-ask"),
        fields: &[WHO],
    }],
    answer: accept,
};

/// One of them is not.
pub(super) static REFUSE: Answering = Answering {
    name: "refuse",
    steps: &[FormStep {
        title: Sentence("refuse-title"),
        instructions: Sentence("refuse-ask"),
        fields: &[WHO],
    }],
    answer: refuse,
};

impl Command for Answering {
    fn name(&self) -> &'static str {
        self.name
    }

    fn steps(&self) -> &'static [FormStep] {
        self.steps
    }

    fn choices(
        &self,
        call: &Call<'_>,
        _field: &'static str,
    ) -> Result<Vec<(String, String)>, Missing> {
        choices(call)
    }

    fn needless(&self, call: &Call<'_>) -> Result<Option<String>, Missing> {
        needless(call)
    }

    fn run(&self, call: &Call<'_>, values: &Values) -> Result<Answer, Stop> {
        let (mail, known) = meant(call, self, values)?;
        (self.answer)(call, &mail, &known)
    }
}

fn accept(call: &Call<'_>, mail: &MailAddress, known: &Contact) -> Result<Answer, Stop> {
    let (user, people) = (call.user(), mail.for_people());
    if *known == Contact::default() {
        return Err(refused(texts::does_not_wait(call.language(), &people)));
    }
    let is_settled = known.is_acquainted() && !known.pending_out;
    if known.request.is_none() && !known.is_blocked && is_settled {
        return Err(refused(texts::accepted_already(call.language(), &people)));
    }
    let mut beside = Decision::default();
    let of = (&user, mail);
    let brought = strangers::accept(call.decider, of, Accepts::Said, &mut beside)?;
    let text = match known.pending_out {
        true => texts::confirmed(call.language(), &people),
        false => texts::accepted(
            call.language(),
            &people,
            (brought.shown, brought.left),
            known.is_blocked,
        ),
    };
    Ok(Answer {
        beside,
        ..Answer::says(text)
    })
}

fn refuse(call: &Call<'_>, mail: &MailAddress, known: &Contact) -> Result<Answer, Stop> {
    let people = mail.for_people();
    if known.request.is_none() {
        return Err(refused(texts::does_not_wait(call.language(), &people)));
    }
    let mut beside = Decision::default();
    strangers::refuse(call.decider, (&call.user(), mail), &mut beside)?;
    let text = match known.pending_out {
        true => texts::not_believed(call.language(), &people),
        false => texts::refused(call.language(), &people),
    };
    Ok(Answer {
        beside,
        ..Answer::says(text)
    })
}

/// Somebody who waits.
struct Waits {
    mail: MailAddress,
    known: Contact,
    request: Request,
}

/// Those who wait, who came first first.
fn waiting(call: &Call<'_>) -> Result<Vec<Waits>, Missing> {
    let (rows, user) = (call.decider.rows, call.user());
    let listed = rows.own_options(&user, None)?.requests;
    let known = Context::all(listed, |mail| {
        let known = rows.contact(&user, &mail)?.cloned();
        Ok((mail, known))
    })?;
    let waits = |(mail, known): (MailAddress, Option<Contact>)| {
        let known = known?;
        let request = known.request.clone()?;
        Some(Waits {
            mail,
            known,
            request,
        })
    };
    Ok(known.into_iter().filter_map(waits).collect())
}

fn name(known: &Contact) -> String {
    let name = known.name.as_deref().unwrap_or_default();
    clean::for_header(name, 60)
}

fn choices(call: &Call<'_>) -> Result<Vec<(String, String)>, Missing> {
    let waiting = waiting(call)?;
    let choices = waiting.iter().map(|one| {
        let people = one.mail.for_people();
        let shown = texts::choice(
            &people,
            &texts::preview(call.language(), &one.request.preview),
        );
        (people, shown)
    });
    Ok(choices.collect())
}

fn needless(call: &Call<'_>) -> Result<Option<String>, Missing> {
    let is_empty = waiting(call)?.is_empty();
    Ok(is_empty.then(|| texts::nothing(call.language())))
}

/// Who was named, and what is known of them.
fn meant(
    call: &Call<'_>,
    command: &dyn Command,
    values: &Values,
) -> Result<(MailAddress, Contact), Stop> {
    let (mail, _) = contact_of(call, command, values)?;
    let known = call.decider.rows.contact(&call.user(), &mail)?.cloned();
    Ok((mail, known.unwrap_or_default()))
}
