//! What becomes of mails that were handled: marked, moved or deleted; and of those that were not for us.

use super::cursor::Position;
use super::fetch::{search, uid_sets};
use super::limited::SetCommand;
use super::session::ImapSession;
use super::{After, ImapError, MailboxConfig, name};
use chrono::DateTime;

/// Marks, moves or deletes handled mails as configured. UIDs in ascending order.
///
/// # Errors
/// [`ImapError::Refused`] leaves them where they are; any other means that the session must be dropped.
pub(super) async fn handled(
    session: &mut ImapSession,
    after: &After,
    uids: &[u32],
) -> Result<(), ImapError> {
    for set in sets(session, uids) {
        match after {
            After::Keep => {}
            After::Seen => store(session, &set, "\\Seen").await?,
            After::Delete => delete(session, &set).await?,
            After::Move(folder) => move_to(session, &set, folder).await?,
        }
    }
    Ok(())
}

/// Marks mails that stay, so that they are not looked at again.
///
/// # Errors
/// As [`handled`].
pub(super) async fn left(session: &mut ImapSession, uids: &[u32]) -> Result<(), ImapError> {
    if session.keeps_keyword {
        let keyword = session.left_keyword.clone();
        for set in sets(session, uids) {
            store(session, &set, &keyword).await?;
        }
    }
    Ok(())
}

/// Of no more mails each than the server does in one go: it may refuse to copy or move some of them.
fn sets(session: &ImapSession, uids: &[u32]) -> Vec<String> {
    let pieces = uids.chunks(session.mails_max());
    pieces.flat_map(uid_sets).collect()
}

async fn on(session: &mut ImapSession, verb: &str, set: &str, rest: &str) -> Result<(), ImapError> {
    session.on_set(SetCommand { verb, set, rest }, |_| {}).await
}

async fn store(session: &mut ImapSession, set: &str, flag: &str) -> Result<(), ImapError> {
    on(session, "STORE", set, &format!("+FLAGS.SILENT ({flag})")).await
}

/// Without UIDPLUS the mails stay flagged: a plain EXPUNGE would remove what others have flagged as well.
async fn delete(session: &mut ImapSession, set: &str) -> Result<(), ImapError> {
    store(session, set, "\\Deleted").await?;
    if session.offers("UIDPLUS") {
        on(session, "EXPUNGE", set, "").await?;
    }
    Ok(())
}

/// By MOVE (RFC 6851), or by a copy and a deletion. A copy is made before anything is deleted, and if the connection
/// ends in between there are two copies rather than none.
async fn move_to(session: &mut ImapSession, set: &str, folder: &str) -> Result<(), ImapError> {
    let target = name::folder(folder)?;
    if session.offers("MOVE") {
        return on(session, "MOVE", set, &target).await;
    }
    on(session, "COPY", set, &target).await?;
    delete(session, set).await
}

/// Sees to it that the folder is there into which handled mails go.
///
/// # Errors
/// [`ImapError::MoveTarget`], [`ImapError::MoveToItself`]; any other means that the session must be dropped.
pub(super) async fn prepare(
    session: &mut ImapSession,
    config: &MailboxConfig,
) -> Result<(), ImapError> {
    let After::Move(folder) = &config.after else {
        return Ok(());
    };
    if is_same_folder(folder, &config.folder) {
        return Err(ImapError::MoveToItself {
            folder: folder.clone(),
        });
    }
    let target = name::folder(folder)?;
    let status = session
        .command(&format!("STATUS {target} (MESSAGES)"), |_| {})
        .await;
    if !matches!(status, Err(ImapError::Refused { .. })) {
        return status;
    }
    session
        .command(&format!("CREATE {target}"), |_| {})
        .await
        .map_err(|error| match error {
            ImapError::Refused { words, .. } => ImapError::MoveTarget {
                folder: folder.clone(),
                words,
            },
            other => other,
        })
}

/// RFC 3501 §5.1: INBOX is the only name without case.
fn is_same_folder(one: &str, other: &str) -> bool {
    one == other || (one.eq_ignore_ascii_case("INBOX") && other.eq_ignore_ascii_case("INBOX"))
}

/// The UIDs of mails before the cursor that look as if they had been handled and not been disposed of, because the
/// gateway or the connection ended in between. They are to be handed over again: the pipeline recognises what it
/// handled. SINCE is by days and in no known time zone; [`Position::is_ours`] looks closer.
///
/// # Errors
/// Any but [`ImapError::Refused`] means that the session must be dropped.
pub(super) async fn leftovers(
    session: &mut ImapSession,
    after: &After,
    position: &Position,
) -> Result<Vec<u32>, ImapError> {
    let undone = match after {
        After::Keep => return Ok(Vec::new()),
        After::Seen => "UNSEEN ",
        // Also those that were flagged, and then the connection ended before they were expunged.
        After::Move(_) | After::Delete if session.offers("UIDPLUS") => "",
        After::Move(_) | After::Delete => "UNDELETED ",
    };
    let last = position.next().saturating_sub(1);
    if last == 0 || session.exists == 0 {
        return Ok(Vec::new());
    }
    let day = DateTime::from_timestamp_millis(position.ours_since().millis())
        .unwrap_or_default()
        .format("%-d-%b-%Y");
    let keyword = &session.left_keyword;
    let keys = format!("UID 1:{last} {undone}UNKEYWORD {keyword} SINCE {day}");
    let mut uids = search(session, &keys).await?;
    uids.retain(|uid| *uid <= last);
    Ok(uids)
}
