//! Every limit with its unit and its source. What an admin may change is in [`crate::core::settings`] with these as
//! defaults.

use crate::core::quota::Rate;
use std::time::Duration;

/// Nesting of one stanza. A recursive XML reader overflows its stack at a few thousand.
pub const STANZA_DEPTH_MAX: usize = 64;
/// One stanza, in octets: what Prosody lets a client send (RFC 6120 §13.12 asks for at least 10,000).
pub const STANZA_OCTETS_MAX: usize = 256 * 1024;
/// Attributes of one element.
pub const STANZA_ATTRIBUTES_MAX: usize = 256;
/// One attribute value, in octets: a JID has at most 3,071.
pub const STANZA_ATTRIBUTE_OCTETS_MAX: usize = 4096;
/// Elements in one stanza.
pub const STANZA_ELEMENTS_MAX: usize = 4096;
/// Stanzas in one mail (RFC 3923); a gateway like this one writes one.
pub const CARRIED_STANZAS_MAX: usize = 8;
/// A message in a mail, in octets as a stanza: it gets addresses, an id and a delay, and has to stay below
/// [`STANZA_OCTETS_MAX`] with them.
pub const CARRIED_OCTETS_MAX: usize = 200 * 1024;
/// The status text of a presence, in characters.
pub const STATUS_CHARS_MAX: usize = 1000;
/// Text of one message towards an XMPP client, in octets; stanzas of 256 KiB and more are refused on the way.
pub const BODY_OCTETS_MAX: usize = 100 * 1024;
/// Recipients of one mail that comes from one stanza (RFC 5321 §4.5.3.1.8 asks servers for at least 100).
pub const RECIPIENTS_MAX: usize = 50;
/// One incoming mail that is read whole, in octets; of a bigger one only its header is.
pub const MAIL_OCTETS_MAX: usize = 32 * 1024 * 1024;
/// The header of an incoming mail or of a part of one, in octets; what follows is not looked at. Postfix cuts a single
/// field at 100 KiB (`header_size_limit`).
pub const MAIL_HEADER_OCTETS_MAX: usize = 256 * 1024;
/// `Authentication-Results` fields of a mail that are looked at, from the top, where our own mail server's is.
pub const AUTHENTICATION_FIELDS_MAX: usize = 20;
/// One such field, in octets; a longer one says nothing. One result has about 200.
pub const AUTHENTICATION_FIELD_OCTETS_MAX: usize = 16 * 1024;
/// One `XMPP-Bridge-Signature`, in octets; ours have about a thousand.
pub const SIGNATURE_FIELD_OCTETS_MAX: usize = 16 * 1024;
/// A signature that is older counts no more. A mail may wait in queues for five days (RFC 5321 §4.5.4.1), and the Message-IDs
/// of handled mails are remembered for longer ([`REMEMBERED_MIN`]), so that nobody can send one again.
pub const SIGNATURE_AGE_MAX: Duration = Duration::from_secs(14 * 24 * 3600);
/// How long handled mails and messages are remembered where the configuration says nothing. What is written longer ago
/// cannot be told from what was sent again.
pub const REMEMBERED: Duration = Duration::from_secs(90 * 24 * 3600);
/// They are remembered for as long at least: for twice [`SIGNATURE_AGE_MAX`], so that no signed mail is shown again, and for
/// the weeks after which people still answer, and read what was sent.
pub const REMEMBERED_MIN: Duration = Duration::from_secs(30 * 24 * 3600);
/// And for ten years at most.
pub const REMEMBERED_MAX: Duration = Duration::from_secs(3650 * 24 * 3600);
/// For so long after a mail was given up it is known what it was: another mail server may have taken it in its last hour, have
/// tried for five days (RFC 5321 §4.5.4.1), and sent a bounce that waits for as long.
pub const REPORTS_COME_WITHIN: Duration = Duration::from_secs(14 * 24 * 3600);
/// How far the clock of a peer may be ahead.
pub const SIGNATURE_FUTURE_MAX: Duration = Duration::from_secs(3600);
/// MIME parts of one mail that are looked at; Postfix and others send no more than a few hundred.
pub const MIME_PARTS_MAX: usize = 1000;
/// Nesting of MIME parts that is looked into. Each level is searched for its boundary, and no mail program nests deeper
/// than about ten.
pub const MIME_DEPTH_MAX: usize = 30;
/// What a report says of the fate of a mail, in octets; what follows is not looked at. One recipient takes about 300.
pub const REPORT_OCTETS_MAX: usize = 256 * 1024;
/// Recipients of one report that are looked at: twice what one stanza may have.
pub const REPORT_RECIPIENTS_MAX: usize = 100;
/// Parts of a report that are looked at; one has three.
pub const REPORT_PARTS_MAX: usize = 50;
/// Nesting of parts in which a report is looked for: lists and virus scanners put one inside something else.
pub const REPORT_DEPTH_MAX: usize = 3;
/// HTML or text of one part that is turned into a chat's text, in octets.
pub const HTML_OCTETS_MAX: usize = 1024 * 1024;
/// Nesting of quotes, lists and tables that is kept track of; deeper ones are read as if they were flat.
pub const HTML_DEPTH_MAX: usize = 400;
/// Attachments named in a text, and other recipients listed, at most.
pub const LISTED_MAX: usize = 50;
/// Ancestors in a `References` header; the first and the last are kept.
pub const REFERENCES_MAX: usize = 20;
/// A subject or a display name, in characters.
pub const HEADER_TEXT_CHARS_MAX: usize = 250;
/// A server's words in an error stanza, in characters.
pub const REPLY_TEXT_CHARS_MAX: usize = 200;
/// Gateways that a mail may have passed (`XMPP-Bridge-Hops`).
pub const HOPS_MAX: u32 = 5;
/// No second invitation to the same contact within this time.
pub const INVITATION_INTERVAL: Duration = Duration::from_secs(7 * 24 * 3600);
/// Subscription mails from one user to one contact in an hour: more than people need, fewer than a loop would make.
pub const HANDSHAKE_MAILS_PER_HOUR: u32 = 30;
/// A subscription stanza that changes nothing is mailed again after this time at the earliest: clients repeat requests
/// at every login.
pub const HANDSHAKE_REPEAT_INTERVAL: Duration = Duration::from_secs(3600);
/// No presence of another gateway is believed for longer.
pub const PRESENCE_EXPIRY_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// A mail older than this carries its date as a delay (XEP-0203).
pub const DELAY_SHOWN_AFTER: Duration = Duration::from_secs(60);
/// Recipients of one presence mail: what Postfix takes at once (`smtpd_recipient_limit`).
pub const PRESENCE_RECIPIENTS_MAX: usize = 1000;
/// Resources of one user that are kept for one contact. Servers allow about ten.
pub const PRESENCE_RESOURCES_MAX: usize = 100;
/// Contacts of one user at other gateways whose presence mails are kept, and their resources, together. Each contact is
/// one or two, and a roster of Prosody or ejabberd has at most some thousands.
pub const PRESENCE_USER_LOAD_MAX: usize = 20_000;
/// The same of all users: 20,000 users with 50 contacts each, at 384 octets a contact (measured): about 400 MB.
pub const PRESENCE_LOAD_MAX: usize = 2_000_000;
/// A status that is told to contacts, in octets.
pub const PRESENCE_STATUS_OCTETS_MAX: usize = 1024;
/// How long a contact to whom mail bounced after it was taken is shown away, whatever else is taken meanwhile.
pub const REPORTED_TROUBLE: Duration = Duration::from_secs(3600);
/// At most one report on mails that the XMPP side could not take goes to one sender in this time.
pub const RETURN_INTERVAL: Duration = Duration::from_secs(3600);
/// Requests of one user that are answered: a client asks for the vCards of its whole roster at once, and then for a few.
pub const REQUESTS: Rate = Rate {
    count: 2_000,
    time: Duration::from_secs(100),
};
/// Of the requests over that, so many are told that they are too many.
pub const REFUSED_REQUESTS: Rate = Rate {
    count: 1,
    time: Duration::from_secs(1),
};
/// What one user may do where the configuration says nothing: mails, by recipients, in an hour; more than a busy person
/// writes, with a receipt and a marker for each message that comes from another gateway.
pub const SENT_PER_HOUR: u32 = 2_000;
/// Those of them that are for one address: half of all that a user may send.
pub const SENT_PER_HOUR_TO_ONE: u32 = 1_000;
/// Those that all users of one domain send together: as much as ten users may.
pub const SENT_PER_HOUR_BY_ALL: u32 = 20_000;
/// Addresses that are written to for the first time in a day. Who sends spam needs many.
pub const STRANGERS_PER_DAY: u32 = 100;
/// Mails that are shown in a minute; more than anybody reads.
pub const SHOWN_PER_MINUTE: u32 = 120;
/// Those of them that are from one sender: half, so that nobody who floods takes all.
pub const SHOWN_PER_MINUTE_FROM_ONE: u32 = 60;
