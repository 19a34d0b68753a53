//! What is fetched: first what mails there are and how big (no bodies), then the mails themselves. Neither marks a mail
//! as read, and neither asks for BODYSTRUCTURE or ENVELOPE, whose parsers recurse.

use super::limited::SetCommand;
use super::session::{ImapSession, uid_of};
use super::{HEADER_OCTETS_MAX, ImapError};
use crate::core::from_mail::RawMail;
use crate::core::time::Timestamp;
use crate::inbound::MailTaker;
use crate::system;
use chrono::DateTime;
use imap_proto::{AttributeValue, MailboxDatum, MessageSection, Response, SectionPath};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What the answer to a FETCH of mails may have beside them, in octets: news of other mails among it.
const ANSWER_SLACK_OCTETS: u64 = 16 * 1024 * 1024;
/// By how much a mail may be bigger than the server said, in octets: some count CR LF as one.
const MAIL_SLACK_OCTETS: u64 = 1024 * 1024;

/// A mail as the list of the mailbox has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ListedMail {
    pub(super) uid: u32,
    /// RFC822.SIZE; `u64::MAX` where the server does not say.
    pub(super) octets: u64,
    pub(super) internal_date: Option<Timestamp>,
    /// It has our [`super::left_keyword`].
    pub(super) is_left: bool,
}

impl ListedMail {
    fn new(uid: u32) -> Self {
        Self {
            uid,
            octets: u64::MAX,
            internal_date: None,
            is_left: false,
        }
    }

    /// Takes up what one FETCH response says; servers may say it in several.
    fn note(&mut self, attribute: &AttributeValue<'_>, left_keyword: &str) {
        match attribute {
            AttributeValue::Rfc822Size(octets) => self.octets = u64::from(*octets),
            AttributeValue::InternalDate(text) => self.internal_date = internal_date(text),
            AttributeValue::Flags(flags) => {
                self.is_left = flags
                    .iter()
                    .any(|flag| flag.eq_ignore_ascii_case(left_keyword));
            }
            _ => {}
        }
    }
}

/// A bigger mail is fetched in pieces of so many octets: an answer is in memory twice while it is read.
const PIECE_OCTETS: u32 = 1024 * 1024;

/// A UID set in one command, in octets, about: some servers take lines of 8,000 (RFC 7162 §4).
const SET_OCTETS_MAX: usize = 4_000;

/// Which part of a mail is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FetchPart {
    Whole,
    /// The header, of at most [`HEADER_OCTETS_MAX`].
    Header,
}

impl FetchPart {
    fn item(self) -> String {
        match self {
            Self::Whole => "BODY.PEEK[]".to_owned(),
            Self::Header => format!("BODY.PEEK[HEADER]<0.{HEADER_OCTETS_MAX}>"),
        }
    }

    fn is(self, section: Option<&SectionPath>, begin: Option<u32>) -> bool {
        match self {
            Self::Whole => section.is_none() && begin.is_none(),
            Self::Header => matches!(section, Some(SectionPath::Full(MessageSection::Header))),
        }
    }
}

/// The mails of these UID sets that `wanted` accepts, in the order of their UIDs.
///
/// # Errors
/// Any means that the session must be dropped, since what was not listed would be passed over.
pub(super) async fn list(
    session: &mut ImapSession,
    sets: &[String],
    wanted: impl Fn(u32) -> bool + Send + Sync,
) -> Result<Vec<ListedMail>, ImapError> {
    let mut mails = BTreeMap::new();
    list_into(session, sets, &wanted, &mut mails).await?;
    // Another client has flagged a mail that came too late to be listed: that news has its UID and not its size.
    let without_size: Vec<u32> = mails
        .values()
        .filter(|mail| mail.octets == u64::MAX)
        .map(|mail| mail.uid)
        .collect();
    list_into(session, &uid_sets(&without_size), &wanted, &mut mails).await?;
    Ok(mails.into_values().collect())
}

async fn list_into(
    session: &mut ImapSession,
    sets: &[String],
    wanted: &(impl Fn(u32) -> bool + Send + Sync),
    mails: &mut BTreeMap<u32, ListedMail>,
) -> Result<(), ImapError> {
    let left_keyword = session.left_keyword.clone();
    for set in sets {
        let command = SetCommand {
            verb: "FETCH",
            set,
            rest: "(UID RFC822.SIZE INTERNALDATE FLAGS)",
        };
        session
            .on_set(command, |response| {
                if let Some((uid, attributes)) = fetched(response)
                    && wanted(uid)
                {
                    let mail = mails.entry(uid).or_insert_with(|| ListedMail::new(uid));
                    for attribute in attributes {
                        mail.note(attribute, &left_keyword);
                    }
                }
            })
            .await?;
    }
    Ok(())
}

/// The octets of these mails by their UIDs. One that is missing was expunged since it was listed: the answer is
/// complete, for it ended with OK. Mails that were not asked for are ignored.
///
/// # Errors
/// Any means that the session must be dropped.
pub(super) async fn mails(
    session: &mut ImapSession,
    mails: &[ListedMail],
    part: FetchPart,
    spill_folder: &Path,
) -> Result<BTreeMap<u32, RawMail>, ImapError> {
    let mut found = BTreeMap::new();
    let is_big =
        |mail: &&ListedMail| part == FetchPart::Whole && mail.octets > u64::from(PIECE_OCTETS);
    let (big, small): (Vec<&ListedMail>, Vec<&ListedMail>) = mails.iter().partition(is_big);
    for mail in big {
        let taker = MailTaker::new(spill_folder.to_owned());
        if let Some(raw) = in_pieces(session, mail, taker).await? {
            found.insert(mail.uid, raw);
        }
    }
    let asked: Vec<u32> = small.iter().map(|mail| mail.uid).collect();
    let allowed = Some(allowance(&small, part));
    for set in uid_sets(&asked) {
        let command = SetCommand {
            verb: "FETCH",
            set: &set,
            rest: &format!("(UID {})", part.item()),
        };
        session
            .on_set_for(command, allowed, |response| {
                let asked_for = |uid: &u32| asked.binary_search(uid).is_ok();
                if let Some((uid, attributes)) = fetched(response)
                    && asked_for(&uid)
                    && let Some(octets) = section(attributes, part)
                {
                    found.entry(uid).or_insert_with(|| octets.to_vec().into());
                }
            })
            .await?;
    }
    Ok(found)
}

/// One mail, piece after piece (RFC 3501 §6.4.5); `None` where it was expunged before the first. A piece that is shorter than was asked
/// for ends the mail where the mail is as long as the server has said; else what follows is asked for, until nothing does.
async fn in_pieces(
    session: &mut ImapSession,
    mail: &ListedMail,
    mut taker: MailTaker,
) -> Result<Option<RawMail>, ImapError> {
    let mut length = 0_u64;
    // A server that gives a little at a time is not asked without end.
    let asked_max = (mail.octets / u64::from(PIECE_OCTETS)).saturating_mul(2);
    for _ in 0..asked_max.saturating_add(8) {
        let begin = u32::try_from(length).unwrap_or(u32::MAX);
        let items = format!("BODY.PEEK[]<{begin}.{PIECE_OCTETS}>");
        let command = format!("UID FETCH {} (UID {items})", mail.uid);
        // Some server may give all of it at once.
        let (literal, answer) = allowance(&[mail], FetchPart::Whole);
        let mut piece = None;
        session
            .command_for(&command, literal, answer, |response| {
                if let Some((uid, attributes)) = fetched(response)
                    && uid == mail.uid
                    && let Some((octets, is_all)) = piece_at(attributes, begin)
                {
                    piece.get_or_insert_with(|| (octets.to_vec(), is_all));
                }
            })
            .await?;
        let is_there = u64::from(begin) >= mail.octets;
        match piece {
            Some((octets, true)) => return Ok(Some(octets.into())),
            Some((octets, false)) => {
                let is_short = octets.len() < usize::try_from(PIECE_OCTETS).unwrap_or(usize::MAX);
                let is_empty = octets.is_empty();
                length = length.saturating_add(u64::try_from(octets.len()).unwrap_or(u64::MAX));
                taker = taken(taker, octets).await?;
                if is_empty || is_short && length >= mail.octets {
                    return complete(taker).await.map(Some);
                }
                if length > mail.octets.saturating_add(MAIL_SLACK_OCTETS) {
                    let words = "a mail is longer than the server has said";
                    return Err(ImapError::NotImap(words.to_owned()));
                }
            }
            // Behind the end some say NIL.
            None if is_there => return complete(taker).await.map(Some),
            None if begin == 0 => return Ok(None),
            // It was there a moment ago; whether it still is, the next list says.
            None => {
                let words = "a mail ends before its end";
                return Err(ImapError::NotImap(words.to_owned()));
            }
        }
    }
    let words = "a mail has no end";
    Err(ImapError::NotImap(words.to_owned()))
}

/// The same taker with a piece more.
async fn taken(mut taker: MailTaker, piece: Vec<u8>) -> Result<MailTaker, ImapError> {
    let folder = taker.folder().to_owned();
    let taking = system::blocking(move || taker.take(&piece).map(|()| taker));
    let taken = taking.await.map_err(|_| ImapError::Stopping)?;
    taken.map_err(|error| ImapError::Disk(folder, error))
}

async fn complete(taker: MailTaker) -> Result<RawMail, ImapError> {
    let folder = taker.folder().to_owned();
    let taking = system::blocking(move || taker.into_mail());
    let taken = taking.await.map_err(|_| ImapError::Stopping)?;
    taken.map_err(|error| ImapError::Disk(folder, error))
}

/// The octets from this one on, and whether they are all of the mail, as from a server that gives no pieces.
fn piece_at<'a>(attributes: &'a [AttributeValue<'_>], begin: u32) -> Option<(&'a [u8], bool)> {
    attributes.iter().find_map(|attribute| match attribute {
        AttributeValue::BodySection {
            section: None,
            index,
            data: Some(data),
        } if index.is_none_or(|index| index == begin) => {
            let is_piece =
                u64::try_from(data.len()).is_ok_and(|length| length <= u64::from(PIECE_OCTETS));
            Some((data.as_ref(), index.is_none() && !is_piece))
        }
        _ => None,
    })
}

/// The biggest literal and the biggest answer, in octets, that these mails can make.
fn allowance(mails: &[&ListedMail], part: FetchPart) -> (u64, u64) {
    let octets = |mail: &&ListedMail| match part {
        FetchPart::Whole => mail.octets.saturating_add(MAIL_SLACK_OCTETS),
        FetchPart::Header => HEADER_OCTETS_MAX,
    };
    let literal = mails.iter().map(octets).max().unwrap_or(0);
    let answer = mails
        .iter()
        .map(octets)
        .fold(ANSWER_SLACK_OCTETS, u64::saturating_add);
    (literal, answer)
}

/// The UIDs that a search finds, in order.
///
/// # Errors
/// [`ImapError::Refused`] where the server does not know a search key; any other means that the session must be dropped.
pub(super) async fn search(session: &mut ImapSession, keys: &str) -> Result<Vec<u32>, ImapError> {
    let mut found = BTreeSet::new();
    session
        .search(keys, |response| {
            if let Response::MailboxData(MailboxDatum::Search(uids)) = response {
                found.extend(uids.iter().copied());
            }
        })
        .await?;
    Ok(found.into_iter().collect())
}

/// RFC 3501 §9 sequence-sets: `1,3:7`, from UIDs in ascending order; each short enough for one command.
pub(super) fn uid_sets(uids: &[u32]) -> Vec<String> {
    let follows = |one: &u32, next: &u32| one.checked_add(1) == Some(*next);
    let mut sets: Vec<String> = Vec::new();
    for run in uids.chunk_by(follows) {
        let range = match run {
            [only] => only.to_string(),
            [first, .., last] => format!("{first}:{last}"),
            [] => continue,
        };
        match sets.last_mut() {
            Some(set) if set.len() < SET_OCTETS_MAX => {
                set.push(',');
                set.push_str(&range);
            }
            _ => sets.push(range),
        }
    }
    sets
}

fn fetched<'a>(response: &'a Response<'_>) -> Option<(u32, &'a [AttributeValue<'a>])> {
    match response {
        Response::Fetch(_, attributes) => Some((uid_of(attributes)?, attributes)),
        _ => None,
    }
}

/// The octets of the part that was asked for; `None` for the NIL of a mail that is gone (RFC 2180 §4.1.3).
fn section<'a>(attributes: &'a [AttributeValue<'_>], part: FetchPart) -> Option<&'a [u8]> {
    attributes.iter().find_map(|attribute| match attribute {
        AttributeValue::BodySection {
            section,
            index,
            data: Some(data),
        } if part.is(section.as_ref(), *index) => Some(data.as_ref()),
        _ => None,
    })
}

/// RFC 3501 §9 date-time: ` 1-Jan-2026 12:00:00 +0000`.
fn internal_date(text: &str) -> Option<Timestamp> {
    DateTime::parse_from_str(text.trim(), "%d-%b-%Y %H:%M:%S %z")
        .ok()
        .map(|time| Timestamp::from_millis(time.timestamp_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uid_sets_join_neighbours_and_nothing_else() {
        assert_eq!(uid_sets(&[1, 2, 3, 5, 9, 10]), ["1:3,5,9:10"]);
        assert_eq!(
            uid_sets(&[u32::MAX - 1, u32::MAX]),
            ["4294967294:4294967295"]
        );
        assert!(uid_sets(&[]).is_empty());
    }

    #[test]
    fn uid_sets_are_short_enough_for_a_command_and_have_every_uid_once() {
        let uids: Vec<u32> = (0..5000).map(|n| 4_000_000_000 + 2 * n).collect();
        let sets = uid_sets(&uids);
        assert!(sets.iter().all(|set| set.len() < 4100));
        let joined = sets.join(",");
        let read: Vec<u32> = joined.split(',').map(|uid| uid.parse().unwrap()).collect();
        assert_eq!(read, uids);
    }

    #[test]
    fn internal_dates_are_read_with_their_zone_and_a_blank_before_the_day() {
        let date = internal_date(" 1-Jan-2026 12:00:00 +0100").unwrap();
        assert_eq!(date.to_xep0082().unwrap(), "2026-01-01T11:00:00Z");
        assert_eq!(internal_date("01-Jan-2026 12:00:00 +0100"), Some(date));
        assert_eq!(internal_date("yesterday"), None);
    }
}
