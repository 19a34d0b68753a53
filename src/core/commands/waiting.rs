//! `waiting`, `cancel` and `send now`: the user's own mails that have not left yet. Of those of others nobody learns anything,
//! not even whether there is one: what is not among the user's own is not there.

use super::texts::waiting as texts;
use super::{Answer, AnswerTable, Call, Command, FieldKind, FormField, FormStep, Values, refused};
use crate::core::address::MailAddress;
use crate::core::context::{Context, Missing, Write};
use crate::core::decide::Decision;
use crate::core::decide::decider::Stop;
use crate::core::decide::delivery::outcome;
use crate::core::decide::outbound::undo;
use crate::core::job::{Job, Origin, OriginKind};
use crate::core::language::{Language, Sentence};
use crate::core::limits::WAITING_LISTED_MAX;
use crate::core::notice;
use crate::core::operation::{JobChange, JobWish, Operation, OperationResult, WaitingJob};
use crate::core::record::Message;

const MAIL: &str = "mail";

/// How much of a mail's name is shown and how much of it has to be written at least, in hexadecimal digits.
const SHORT: usize = 6;
const SHORT_MIN: usize = 4;

/// What has not left yet, and why.
#[derive(Debug)]
pub(super) struct ListWaiting;

const WHICH: FormField = FormField {
    var: MAIL,
    label: Sentence("label-which-mail"),
    kind: FieldKind::Choice,
    is_required: true,
};

impl Command for ListWaiting {
    fn name(&self) -> &'static str {
        "waiting"
    }

    fn run(&self, call: &Call<'_>, _values: &Values) -> Result<Answer, Stop> {
        let own = call.decider.rows.waiting_of(&call.user())?;
        let Some(first) = own.first() else {
            return Ok(Answer::says(texts::nothing(call.language())));
        };
        let listed = own.iter().take(WAITING_LISTED_MAX);
        let rows = Context::all(listed, |one| row(call, one, own))?;
        let table = AnswerTable {
            columns: &[
                ("id", Sentence("label-short-name")),
                ("to", Sentence("label-to")),
                ("text", Sentence("label-text")),
                ("since", Sentence("label-since")),
                ("next", Sentence("label-next-attempt")),
                ("why", Sentence("label-why")),
            ],
            rows,
        };
        let shown = table.rows.len();
        let example = name(&first.job, own);
        Ok(Answer {
            table: Some(table),
            ..Answer::says(texts::waiting(call.language(), shown, own.len(), &example))
        })
    }
}

fn row(call: &Call<'_>, one: &WaitingJob, own: &[WaitingJob]) -> Result<Vec<String>, Missing> {
    let (job, now, language) = (&one.job, call.decider.now, call.language());
    let reply = job.last_reply.as_ref();
    Ok(vec![
        name(job, own),
        texts::to(language, &people(language, job)),
        excerpt(call, job)?,
        texts::since(call.language(), job.accepted, now),
        texts::next(
            call.language(),
            (one.stage, job.attempts),
            job.next_attempt,
            now,
        ),
        reply
            .map(|reply| notice::words(language, reply))
            .unwrap_or_default(),
    ])
}

/// How the message begins, by which its author knows it.
fn excerpt(call: &Call<'_>, job: &Job) -> Result<String, Missing> {
    let is_request = |kind| kind == OriginKind::Subscription;
    if job.origin.as_ref().is_some_and(|one| is_request(one.kind)) {
        return Ok(texts::request(call.language()));
    }
    let row = call.decider.rows.message(&job.message_id, &call.user())?;
    let excerpt = row.map_or("", |row| row.sent.excerpt.as_str());
    let more = job.draft.as_ref().map_or(0, |draft| draft.more_lines());
    Ok(texts::excerpt(call.language(), excerpt, more))
}

/// The recipients that are left, as far as they are worth naming.
fn people(language: Language, job: &Job) -> String {
    let first = job.to.first().map(MailAddress::for_people);
    texts::people(
        language,
        &first.unwrap_or_default(),
        job.to.len().saturating_sub(1),
    )
}

/// By what the user names a mail: so much of its name as no other of the user's begins with.
fn name(job: &Job, own: &[WaitingJob]) -> String {
    let whole = job.id.as_str();
    let short = whole.get(..SHORT).unwrap_or(whole);
    let alike = own
        .iter()
        .filter(|one| one.job.id.as_str().starts_with(short));
    match alike.count() {
        0 | 1 => short.to_owned(),
        _ => whole.to_owned(),
    }
}

/// What a user wishes of one of these.
#[derive(Debug)]
pub(super) struct Wishing {
    name: &'static str,
    steps: &'static [FormStep],
    wish: JobWish,
}

/// One of these is not to leave.
pub(super) static TAKE_BACK: Wishing = Wishing {
    name: "cancel",
    steps: &[FormStep {
        title: Sentence("cancel-title"),
        instructions: Sentence("cancel-ask"),
        fields: &[WHICH],
    }],
    wish: JobWish::TakeBack,
};

/// One of these is to leave at once.
pub(super) static SEND_NOW: Wishing = Wishing {
    name: "send-now",
    steps: &[FormStep {
        title: Sentence("send-now-title"),
        instructions: Sentence("send-now-ask"),
        fields: &[WHICH],
    }],
    wish: JobWish::SendNow,
};

impl Command for Wishing {
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
        change(call, values, self.wish)
    }
}

fn choices(call: &Call<'_>) -> Result<Vec<(String, String)>, Missing> {
    let own = call.decider.rows.waiting_of(&call.user())?;
    let listed = own.iter().take(WAITING_LISTED_MAX);
    Context::all(listed, |one| {
        let shown = texts::choice(
            call.language(),
            &people(call.language(), &one.job),
            &excerpt(call, &one.job)?,
        );
        Ok((name(&one.job, own), shown))
    })
}

fn needless(call: &Call<'_>) -> Result<Option<String>, Missing> {
    let own = call.decider.rows.waiting_of(&call.user())?;
    Ok(own.is_empty().then(|| texts::nothing(call.language())))
}

fn change(call: &Call<'_>, values: &Values, wish: JobWish) -> Result<Answer, Stop> {
    if let Some((Operation::Mail { job, wish }, told)) = call.decider.rows.told() {
        return said(call, job, *wish, told);
    }
    let typed = values.get(MAIL).map_or("", String::as_str);
    let operation = Operation::Mail {
        job: Box::new(meant(call, typed)?.job.clone()),
        wish,
    };
    Ok(Answer {
        beside: Decision {
            operation: Some(operation),
            ..Decision::default()
        },
        ..Answer::default()
    })
}

/// The one among the user's own that was named.
fn meant<'a>(call: &Call<'a>, typed: &str) -> Result<&'a WaitingJob, Stop> {
    let begins = typed.trim().to_lowercase();
    let own = call.decider.rows.waiting_of(&call.user())?.iter();
    let is_meant = |one: &&WaitingJob| one.job.id.as_str().starts_with(&begins);
    let mut found = own.filter(|one| begins.len() >= SHORT_MIN && is_meant(one));
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => Err(refused(texts::several(call.language(), typed))),
        (None, _) => Err(refused(texts::none(call.language(), typed))),
    }
}

/// Who was not invited after all may be invited again at once.
fn uninvited(call: &Call<'_>, job: &Job) -> Result<Vec<Write>, Missing> {
    let is_invitation = |origin: &Origin| origin.kind == OriginKind::Subscription;
    if !job.origin.as_ref().is_some_and(is_invitation) {
        return Ok(Vec::new());
    }
    let forgotten = Context::all(&job.to, |mail| {
        outcome::forget_request(call.decider, &call.user(), mail)
    })?;
    Ok(forgotten.into_iter().flatten().collect())
}

/// What came of it.
fn said(call: &Call<'_>, job: &Job, wish: JobWish, told: &OperationResult) -> Result<Answer, Stop> {
    let people = match job.to.is_empty() {
        false => people(call.language(), job),
        // All have it, and the last of them has just been told so.
        true => {
            let row = call.decider.rows.message(&job.message_id, &call.user())?;
            row.map_or_else(String::new, |row| row.contact.for_people())
        }
    };
    match (wish, told) {
        (JobWish::TakeBack, OperationResult::Changed(JobChange::Done)) => {
            let row = call.decider.rows.message(&job.message_id, &call.user())?;
            // Who was served before, or may have been, has it.
            let is_unseen =
                |row: &&Message| job.certain && (job.attempts == 0 || row.sent.also.is_empty());
            let mut writes = match row.filter(is_unseen) {
                Some(row) => undo::unsent(call.decider, job, row)?,
                None => Vec::new(),
            };
            writes.extend(uninvited(call, job)?);
            Ok(Answer {
                beside: Decision {
                    writes,
                    ..Decision::default()
                },
                ..Answer::says(texts::taken_back(call.language(), &people, job.certain))
            })
        }
        (JobWish::SendNow, OperationResult::Changed(JobChange::Done)) => {
            Ok(Answer::says(texts::tried(call.language(), &people)))
        }
        (_, OperationResult::Changed(change)) => {
            Err(refused(texts::unchanged(call.language(), &people, *change)))
        }
        (
            _,
            OperationResult::Busy
            | OperationResult::Said(_)
            | OperationResult::Original(_)
            | OperationResult::Revoked(_)
            | OperationResult::Exported(_)
            | OperationResult::Forgotten(_),
        ) => Err(refused(texts::busy(call.language()))),
    }
}
