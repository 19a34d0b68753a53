//! Every limit with its unit and its source. What an admin may change is in `core::settings` with these as
//! defaults.

use std::time::Duration;

/// So much in this time, at once or one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How much.
    pub count: u32,
    /// In which time all of it comes back.
    pub time: Duration,
}

/// Nesting of one stanza. A recursive XML reader overflows its stack at a few thousand.
pub const STANZA_DEPTH_MAX: usize = 64;
/// One stanza, in octets: what Prosody lets a client send (RFC 6120 §13.12 asks for at least 10,000).
pub const STANZA_OCTETS_MAX: usize = 256 * 1024;
/// Attributes of one element.
pub const STANZA_ATTRIBUTES_MAX: usize = 256;
/// Attributes of all elements of one stanza.
pub const STANZA_ATTRIBUTES_IN_ALL_MAX: usize = 4096;
/// One attribute value, in octets: a JID has at most 3,071.
pub const STANZA_ATTRIBUTE_OCTETS_MAX: usize = 4096;
/// Elements in one stanza. Each takes up to 5 KB of memory on its way through the gateway; clients send some hundred at most.
pub const STANZA_ELEMENTS_MAX: usize = 1024;
/// Stanzas in one mail (RFC 3923); a gateway like this one writes one.
pub const CARRIED_STANZAS_MAX: usize = 8;
/// A message in a mail, in octets as a stanza: it gets addresses, an id and a delay, and has to stay below
/// [`STANZA_OCTETS_MAX`] with them.
pub const CARRIED_OCTETS_MAX: usize = 200 * 1024;
/// The status text of a presence, in characters.
pub const STATUS_CHARS_MAX: usize = 1000;
/// Text of one message, in octets; towards an XMPP client as they leave, escaped. Stanzas of 256 KiB and more are refused on the
/// way.
pub const BODY_OCTETS_MAX: usize = 100 * 1024;
/// The same with all that is said beside it: the subject, who else got the mail, the names of attachments.
pub const SHOWN_OCTETS_MAX: usize = 150 * 1024;
/// For so long a message with the same id and the same text is the same one, sent again: by a client that was away (Prosody keeps
/// its session for 10 minutes), or that tries again until it has a receipt.
pub const RESENT_WITHIN: Duration = Duration::from_secs(3600);
/// For so long a message waits for more lines that are to be one mail with it, by default: a choice between mails that are
/// torn apart and people who wait.
pub const GATHER: Duration = Duration::from_secs(10);
/// The longest such pause that can be configured, and the longest that a user who is composing (XEP-0085) is waited for.
pub const GATHER_COMPOSING: Duration = Duration::from_secs(60);
/// The longest time from the first line to the mail, whatever comes meanwhile.
pub const GATHER_MAX: Duration = Duration::from_secs(180);
/// Lines of one mail, with their corrections.
pub const GATHERED_LINES_MAX: usize = 100;
/// Text of the lines of one mail, in octets: the mail is written anew with each. A longer message is a mail of its own.
pub const GATHERED_OCTETS_MAX: usize = 16 * 1024;
/// How much of a message is kept to name it by later, in characters.
pub const EXCERPT_CHARS_MAX: usize = 60;
/// For so long a form of a command may be filled in (XEP-0050 sets no limit).
pub const COMMAND_SESSION: Duration = Duration::from_secs(3600);
/// Sessions of commands of which is remembered that they are over, so that none is completed twice: about 100 octets each.
pub const SESSIONS_OVER_MAX: usize = 20_000;
/// Contacts that a command lists, or a search finds; each is some look-ups.
pub const CONTACTS_LISTED_MAX: usize = 100;
/// Contacts of a user among which these are chosen: more than rosters have. One row of each is read, with a few microseconds.
pub const CONTACTS_SCANNED_MAX: usize = 2_000;
/// Rows of a user that are forgotten in one step, between which the gateway does its other work. Each takes 0.2 ms of a slow machine,
/// so that a step takes some tens of milliseconds.
pub const FORGOTTEN_AT_ONCE: usize = 200;
/// Those of them that are contacts, of each of which the user's client is told that it is gone.
pub const CONTACTS_FORGOTTEN_AT_ONCE: usize = 100;
/// Contacts among them with a pair that the gateway has made, for each of which it is asked of every other user whether they have
/// it as well: two microseconds a user.
pub const SHARED_LOOKED_FOR_AT_ONCE: usize = 10;
/// Users who are told something by an administrator in one step.
pub const ANNOUNCED_AT_ONCE: usize = 200;
/// How much that may be, in octets.
pub const ANNOUNCEMENT_OCTETS_MAX: usize = 8 * 1024;
/// Nobody is told the same a second time before this is over: whoever begins anew after a break tells the others.
pub const ANNOUNCED_FOR: Duration = Duration::from_secs(24 * 3600);
/// Users in one page of a list; of each the contacts are read, up to [`CONTACTS_SCANNED_MAX`].
pub const USERS_PER_PAGE: usize = 100;
/// Mails of a user that wait and are looked at when the user asks for them; each is read from the spool.
pub const WAITING_FOUND_MAX: usize = 200;
/// Those of them that are listed.
pub const WAITING_LISTED_MAX: usize = 50;
/// What an administrator's command may say in a chat, in octets: about a hundred lines.
pub const COMMAND_OUTPUT_OCTETS_MAX: usize = 16 * 1024;
/// What is stored of one user, as a file for this user, in octets: some hundred each message that is remembered.
pub const EXPORT_OCTETS_MAX: usize = 16 * 1024 * 1024;
/// The same as messages, where there are no files: so many.
pub const EXPORT_MESSAGES_MAX: usize = 20;
/// Each of them, in octets: some clients are slow with longer ones.
pub const EXPORT_MESSAGE_OCTETS_MAX: usize = 8 * 1024;
/// Rows of a user that are read at once for it.
pub const EXPORT_ROWS_AT_ONCE: usize = 500;
/// What is being done at the same time about mails that wait, for all users. Each keeps the stanza that asked for it.
pub const OPERATIONS_MAX: usize = 64;
/// Of these, exports and the forgetting of users, which go through all rows of a user and of which exports are made one after the
/// other: whoever asks for them with many names keeps nobody from what takes a moment.
pub const LONG_OPERATIONS_MAX: usize = 8;
/// The same for one user, so that no one keeps others, administrators above all, from what they ask.
pub const OPERATIONS_OF_ONE_MAX: usize = 4;
/// Mails that are kept as they came and read at the same time, for all users: each may have tens of megabytes.
pub const ORIGINALS_READ_MAX: usize = 1;
/// Strangers who wait until one user accepts them. Each is a line of a list that nobody reads to its end.
pub const REQUESTS_MAX: usize = 100;
/// Mails of one stranger that are kept until then.
pub const REQUEST_MAILS_MAX: usize = 10;
/// When what is kept of one stranger has so many octets, nothing more is: the last mail that was kept may have made more of
/// it, by [`STANZA_OCTETS_MAX`] at most.
pub const REQUEST_OCTETS_MAX: usize = 100 * 1024;
/// Messages that a mail answers and that are looked for, to know an answer to the user's own.
pub const ANSWERED_MAX: usize = 4;
/// The user is told again that nobody could verify a contact's mails after this time.
pub const DOUBT_SAID_AGAIN_AFTER: Duration = Duration::from_secs(24 * 3600);
/// Messages of one id and one text that are looked for, one after the other, for the one that may be meant.
pub const SAME_NAMES_MAX: usize = 16;
/// Recipients of one mail that comes from one stanza (RFC 5321 §4.5.3.1.8 asks servers for at least 100).
pub const RECIPIENTS_MAX: usize = 50;
/// Local users to whom one mail goes. Each is a stanza with the whole text and some rows; a mail server that hands over one
/// copy for each recipient never comes near it.
pub const MAIL_USERS_MAX: usize = 50;
/// Addresses of one list of a mail's header that are looked up.
pub const MAIL_ADDRESSES_MAX: usize = 1000;
/// Recipients of a report on a mail of ours: it goes to the one reverse path that the mail had (RFC 5321 §4.5.5).
pub const REPORT_USERS_MAX: usize = 4;
/// Lines that one report leaves in the log.
pub const REPORT_NOTES_MAX: usize = 10;
/// One incoming mail that is read whole, in octets; of a bigger one only its header is.
pub const MAIL_OCTETS_MAX: usize = 32 * 1024 * 1024;
/// The header of an incoming mail or of a part of one, in octets; what follows is not looked at. Postfix cuts a single
/// field at 100 KiB (`header_size_limit`).
pub const MAIL_HEADER_OCTETS_MAX: usize = 256 * 1024;
/// A field of a mail's header that says of what type a part is or how it is to be shown, in octets; a longer one is taken
/// for none. Mail programs write some hundred, a long file name in UTF-8 among them.
pub const MIME_FIELD_OCTETS_MAX: usize = 8 * 1024;
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
/// The picture of a contact, in octets. Delta Chat's have up to 20 KB; with base64 and all that is around it stays far below
/// [`STANZA_OCTETS_MAX`].
pub const AVATAR_OCTETS_MAX: usize = 32 * 1024;
/// The longer side of a picture, in pixels: twice that of Delta Chat's, so that no client unpacks more than 4 MB of it.
pub const AVATAR_PIXELS_MAX: usize = 1024;
/// A picture that stands in a mail's header as a `Face`, in octets: its convention, with which the field has 974 octets, of the
/// 998 of a line (RFC 5322 §2.1.1).
pub const FACE_OCTETS_MAX: usize = 725;
/// The longer side of it, in pixels.
pub const FACE_PIXELS_MAX: usize = 48;
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
pub const SUBSCRIPTION_MAILS_PER_HOUR: u32 = 30;
/// A subscription stanza that changes nothing is mailed again after this time at the earliest: clients repeat requests
/// at every login.
pub const SUBSCRIPTION_REPEAT_INTERVAL: Duration = Duration::from_secs(3600);
/// No presence of another gateway is believed for longer.
pub const PRESENCE_EXPIRY_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// A user's server is asked for the user's name again after this time.
pub const OWN_NAME_ASKED_AFTER: Duration = Duration::from_secs(24 * 3600);
/// And after this time, where it gave no answer: the question may have been lost with a connection.
pub const OWN_NAME_ASKED_AGAIN_AFTER: Duration = Duration::from_secs(10 * 60);
/// A mail older than this carries its date as a delay (XEP-0203).
pub const DELAY_SHOWN_AFTER: Duration = Duration::from_secs(60);
/// A `Date` that is farther from when the mail came is not believed: a mail may wait for a day where it was written.
pub const DATE_OFF_MAX: Duration = Duration::from_secs(24 * 3600);
/// Nor is an older one, where nothing says when the mail came: devices without a clock write 1970, 1980, 2000.
pub const DATE_AGE_MAX: Duration = Duration::from_secs(365 * 24 * 3600);
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
/// At most one answer of a user who is away goes to one address in this time, as other mail systems have it.
pub const AWAY_INTERVAL: Duration = Duration::from_secs(7 * 24 * 3600);
/// What a user says of being away, in characters.
pub const AWAY_TEXT_CHARS_MAX: usize = 1_000;
/// Administrators are told that often at most that a user reports an address as spam.
pub const REPORT_INTERVAL: Duration = Duration::from_secs(10 * 60);
/// And that often that the same user reports the same address.
pub const REPORT_OF_ONE_INTERVAL: Duration = Duration::from_secs(7 * 24 * 3600);
/// And that often at most that any user of one server reports anything, so that many users that one person has made do not flood them.
pub const REPORT_OF_SERVER_INTERVAL: Duration = Duration::from_secs(60);
/// Clients of one user of which it is kept whether they are there. Servers allow about ten.
pub const OWN_CLIENTS_MAX: usize = 20;
/// What a user's clients say of their status is written down so often: more than people change it. What is said beyond that is not
/// lost, but asked for later.
pub const OWN_STATUS_CHANGES: Rate = Rate {
    count: 30,
    time: Duration::from_secs(300),
};
/// Then it is asked for after this time.
pub const OWN_STATUS_ASKED_AFTER: Duration = Duration::from_secs(60);
/// For how long a user may say to be away.
pub const AWAY_MAX: Duration = Duration::from_secs(366 * 24 * 3600);
/// A user is told that often of mails that are not shown since their sender is in doubt: whoever forges many addresses would
/// else have so many words shown, each with an address of their choice.
pub const HELD_INTERVAL: Duration = Duration::from_secs(3600);
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
/// Of stanzas that become no mail, refusals above all, so many of one sender leave their lines in the log.
pub const REFUSALS_NOTED: Rate = Rate {
    count: 100,
    time: Duration::from_secs(100),
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
/// Mails that are shown in a minute; more than anybody reads. Half of it is kept for mail of those to whom the user has written.
pub const SHOWN_PER_MINUTE: u32 = 120;
/// Those of them that are from one sender: half, so that nobody who floods takes all.
pub const SHOWN_PER_MINUTE_FROM_ONE: u32 = 60;
/// Files that a user gets in a day.
pub const FILES_PER_DAY: u32 = 200;
/// What these have together, in MiB: ten times what Prosody lets one uploader have in a day.
pub const FILE_MEGABYTES_PER_DAY: u32 = 1_000;
