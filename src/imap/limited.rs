//! A server may do only so many of the mails that a command names (RFC 9738, MESSAGELIMIT): the last ones, with an OK that says
//! which was the lowest. Whoever took that for all would pass over the others.

use super::ImapError;
use super::session::{ImapSession, SMALL_ANSWER_OCTETS_MAX};
use imap_proto::Response;

/// What a server that does one mail at a time is asked at most.
const ROUNDS_MAX: usize = 100_000;

/// A UID command about a set of mails.
#[derive(Clone, Copy)]
pub(super) struct SetCommand<'a> {
    /// `FETCH`, `STORE`, …
    pub(super) verb: &'a str,
    pub(super) set: &'a str,
    /// What stands behind the set.
    pub(super) rest: &'a str,
}

impl ImapSession {
    /// Runs a command on all mails of its set.
    ///
    /// # Errors
    /// As [`ImapSession::command`].
    pub(super) async fn on_set(
        &mut self,
        command: SetCommand<'_>,
        mut each: impl FnMut(&Response<'_>) + Send,
    ) -> Result<(), ImapError> {
        self.on_set_for(command, None, &mut each).await
    }

    /// Like [`ImapSession::on_set`]; `allowed` as in [`ImapSession::command_for`].
    ///
    /// # Errors
    /// As [`ImapSession::command`].
    pub(super) async fn on_set_for(
        &mut self,
        command: SetCommand<'_>,
        allowed: Option<(u64, u64)>,
        mut each: impl FnMut(&Response<'_>) + Send,
    ) -> Result<(), ImapError> {
        let SetCommand { verb, set, rest } = command;
        let (mut set, mut octets) = (set.to_owned(), 0_u64);
        let octets_max = allowed.map_or(SMALL_ANSWER_OCTETS_MAX, |(_, answer)| answer);
        for _ in 0..ROUNDS_MAX {
            let line = format!("UID {verb} {set} {rest}");
            match allowed {
                Some((literal, answer)) => {
                    self.command_for(line.trim_end(), literal, answer, &mut each)
                        .await?;
                }
                None => self.command(line.trim_end(), &mut each).await?,
            }
            octets = octets.saturating_add(self.received());
            match self.lowest_done.and_then(|lowest| below(&set, lowest)) {
                None => return Ok(()),
                // What it says that it has done is nothing of what was asked for.
                Some(left) if left == set || octets > octets_max => break,
                Some(left) => set = left,
            }
        }
        Err(too_few())
    }

    /// The UIDs that a search finds.
    ///
    /// # Errors
    /// [`ImapError::Refused`] where the server does not know a search key; any other means that the session must be dropped.
    pub(super) async fn search(
        &mut self,
        keys: &str,
        mut each: impl FnMut(&Response<'_>) + Send,
    ) -> Result<(), ImapError> {
        let (mut keys_left, mut octets, mut end) = (keys.to_owned(), 0_u64, u32::MAX);
        for _ in 0..ROUNDS_MAX {
            self.command(&format!("UID SEARCH {keys_left}"), &mut each)
                .await?;
            octets = octets.saturating_add(self.received());
            match self.lowest_done.unwrap_or(0).saturating_sub(1) {
                0 => return Ok(()),
                last if last >= end || octets > SMALL_ANSWER_OCTETS_MAX => break,
                last => {
                    end = last;
                    keys_left = format!("UID 1:{last} {keys}");
                }
            }
        }
        Err(too_few())
    }

    /// How many mails a command may name.
    pub(super) fn mails_max(&self) -> usize {
        let named = self.offer_of("MESSAGELIMIT");
        let named = named.and_then(|number| number.parse().ok());
        named.unwrap_or(usize::MAX).max(1)
    }
}

/// What of a set of UIDs is lower than this one.
fn below(set: &str, uid: u32) -> Option<String> {
    let last = uid.checked_sub(1).filter(|last| *last > 0)?;
    let number = |text: &str| text.parse::<u32>().unwrap_or(u32::MAX);
    let left: Vec<String> = set
        .split(',')
        .filter_map(|range| {
            let (a, b) = range.split_once(':').unwrap_or((range, range));
            let (first, end) = (number(a).min(number(b)), number(a).max(number(b)));
            let end = end.min(last);
            (first <= end).then(|| match first == end {
                true => first.to_string(),
                false => format!("{first}:{end}"),
            })
        })
        .collect();
    (!left.is_empty()).then(|| left.join(","))
}

fn too_few() -> ImapError {
    let words = "it does too few mails at a time to come to an end";
    ImapError::NotImap(words.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_set_what_is_below_the_lowest_that_was_done_is_left() {
        for (set, uid, left) in [
            ("1:2000", 1001, Some("1:1000")),
            ("7:*", 9, Some("7:8")),
            ("*:7", 8, Some("7")),
            ("1,3:5,9", 4, Some("1,3")),
            ("5:9", 5, None),
            ("1:9", 1, None),
            ("1:9", 0, None),
        ] {
            assert_eq!(below(set, uid).as_deref(), left, "{set} below {uid}");
        }
    }
}
