//! Jobs and what is in quarantine, as commands show them.

use super::{ItemState, Not, QueueItem};
use crate::control::Response;
use crate::core::job::Job;
use crate::core::time::Timestamp;
use crate::smtp::{self, JobStage};
use crate::store::quarantine::{self, QuarantinedEvent};
use crate::store::spool::Spool;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

pub(super) fn at_rest(job: Job) -> smtp::WaitingJob {
    let stage = JobStage::Waits;
    smtp::WaitingJob { job, stage }
}

pub(super) async fn items_of(
    spool: &Spool,
    page: Vec<smtp::WaitingJob>,
) -> Result<Vec<QueueItem>, Not> {
    let ids = page.iter().map(|one| one.job.id.clone()).collect();
    let octets = spool.octets_of(ids).await;
    Ok(page
        .iter()
        .zip(octets)
        .map(|(one, octets)| item_of(one, octets))
        .collect())
}

pub(super) fn item_of(waiting: &smtp::WaitingJob, octets: u64) -> QueueItem {
    let job = &waiting.job;
    QueueItem {
        id: job.id.to_string(),
        since: job.accepted,
        from: sender(job),
        to: job.to.first().map(ToString::to_string).unwrap_or_default(),
        others: job.to.len().saturating_sub(1),
        octets,
        state: match waiting.stage {
            JobStage::Waits => ItemState::Next(job.next_attempt),
            JobStage::UnderWay => ItemState::UnderWay,
            JobStage::Settling => ItemState::Telling,
        },
        attempts: job.attempts,
        last: last_words(job),
        place: job.sequence,
    }
}

pub(super) fn item_of_kept(kept: &QuarantinedEvent) -> QueueItem {
    QueueItem {
        id: kept.id.to_string(),
        since: kept.note.at,
        from: kept.note.from.clone(),
        to: kept.note.to.clone(),
        others: 0,
        octets: kept.octets,
        state: match kept.note.kind {
            quarantine::QuarantineKind::Stanza => ItemState::Stanza,
            quarantine::QuarantineKind::Mail => ItemState::Mail,
        },
        attempts: 0,
        last: kept.note.why.clone(),
        place: 0,
    }
}

fn sender(job: &Job) -> String {
    job.from
        .as_ref()
        .map_or("<>".to_owned(), ToString::to_string)
}

fn last_words(job: &Job) -> String {
    let Some(reply) = &job.last_reply else {
        return String::new();
    };
    let code = reply.code.map(|code| format!("{code} "));
    let enhanced = reply.enhanced.map(|(a, b, c)| format!("{a}.{b}.{c} "));
    [code, enhanced, Some(reply.text.clone())]
        .into_iter()
        .flatten()
        .collect()
}

pub(super) type Facts = Vec<(String, String)>;

pub(super) fn facts_of(waiting: &smtp::WaitingJob, octets: u64) -> Facts {
    let job = &waiting.job;
    let recipients = job.to.iter().map(|to| ("recipient", to.to_string()));
    let origin = job.origin.as_ref();
    let mut facts = vec![
        ("id", job.id.to_string()),
        ("message-id", job.message_id.to_string()),
        ("accepted", time(job.accepted)),
        ("octets", octets.to_string()),
        ("sender", sender(job)),
    ];
    facts.extend(recipients);
    facts.extend(origin.map(|origin| ("written by", origin.user.to_string())));
    facts.extend([
        ("attempts", job.attempts.to_string()),
        (
            "next attempt",
            match waiting.stage {
                JobStage::Waits => time(job.next_attempt),
                JobStage::UnderWay => "under way".to_owned(),
                JobStage::Settling => "ended, its sender is being told".to_owned(),
            },
        ),
        ("last reply", last_words(job)),
        ("may have been delivered", yes(!job.certain)),
        ("sender told of the delay", yes(job.delay_told)),
    ]);
    facts.extend(
        job.expires
            .map(|expires| ("of no use after", time(expires))),
    );
    named(facts)
}

pub(super) fn facts_of_kept(kept: &QuarantinedEvent) -> Facts {
    let note = &kept.note;
    let kind = match note.kind {
        quarantine::QuarantineKind::Stanza => "stanza",
        quarantine::QuarantineKind::Mail => "mail",
    };
    let mut facts = vec![
        ("id", kept.id.to_string()),
        ("in quarantine", kind.to_owned()),
        ("since", time(note.at)),
        ("why", note.why.clone()),
        ("octets", kept.octets.to_string()),
        ("from", note.from.clone()),
        ("to", note.to.clone()),
    ];
    facts.extend(note.mailbox.clone().map(|mailbox| ("mailbox", mailbox)));
    named(facts)
}

fn named(facts: Vec<(&str, String)>) -> Facts {
    let named = |(name, value): (&str, String)| (name.to_owned(), value);
    facts.into_iter().map(named).collect()
}

fn time(time: Timestamp) -> String {
    time.to_xep0082().unwrap_or_default()
}

fn yes(is_so: bool) -> String {
    if is_so { "yes" } else { "no" }.to_owned()
}

pub(super) fn shown(facts: Facts, content: &[u8], body: bool) -> Response {
    let header = content.windows(4).position(|four| four == b"\r\n\r\n");
    let header = header.or_else(|| content.windows(2).position(|two| two == b"\n\n"));
    let end = header.map_or(content.len(), |end| end.saturating_add(2));
    let part = if body { None } else { content.get(..end) };
    Response::Shown {
        facts,
        content: BASE64_STANDARD.encode(part.unwrap_or(content)),
    }
}
