//! Waiting for mail: IDLE (RFC 2177), or sleep.
//!
//! Mail that arrives between the last look and IDLE is not missed. A server tells of every new mail with an EXISTS,
//! once: with the answer to some command, between IDLE and its `+`, or later. Whichever it is, the session's one reader
//! of responses sees it and sets [`ImapSession::changed`], which is set to false only right before a look that covers all
//! that was told before (see [`super::listing`]). So IDLE is entered only while `changed` is false, and left as soon as
//! it is true, checked once more after the `+`. What a server fails to tell is found by the look after every IDLE.

use super::ImapError;
use super::session::ImapSession;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Waits until the server tells of mail, at most `limit`.
///
/// # Errors
/// Any means that the session must be dropped; an IDLE that is refused is none.
pub(super) async fn idle(session: &mut ImapSession, limit: Duration) -> Result<(), ImapError> {
    let timings = session.timings();
    if session.changed {
        return Ok(());
    }
    let tag = session.send("IDLE").await?;
    match session.await_continuation(&tag, "IDLE", timings.done).await {
        Err(ImapError::Refused { words, .. }) => {
            tracing::warn!(
                words,
                "the server refuses IDLE; looking for mail at intervals"
            );
            session.idle_refused = true;
            return Ok(());
        }
        other => other?,
    }
    wait_for_change(session, limit).await?;
    session.send_line("DONE").await?;
    let deadline = Instant::now() + timings.done;
    timeout_at(deadline, session.finish(&tag, "IDLE", |_| {}))
        .await
        .unwrap_or(Err(ImapError::Silent(timings.done)))
}

/// Reads what the server tells until it tells of mail or the time is over.
async fn wait_for_change(session: &mut ImapSession, limit: Duration) -> Result<(), ImapError> {
    let deadline = Instant::now() + limit;
    // So much longer than the wait that its end alone ends it in silence: on a busy machine this task may run so late that
    // a time twice as long as a short wait is over as well, and a wait of no time has no double.
    let silence = limit.saturating_add(session.timings().silence);
    while !session.changed {
        let response = session.response(silence, |_| {});
        match timeout_at(deadline, response).await {
            Ok(response) => response?,
            Err(_) => break,
        }
    }
    Ok(())
}
