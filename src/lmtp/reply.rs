//! What the server says: a code (RFC 5321 §4.2), an enhanced status code (RFC 3463) and a sentence, which the sender of a mail
//! may read in a report.

use crate::core::decide::decision::Left;

/// How a gateway's greeting ends.
pub(super) const GREETING: &str = "LMTP Stanzamail";

/// A reply of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LmtpReply(pub u16, pub &'static str, pub &'static str);

pub(super) const OK: LmtpReply = LmtpReply(250, "2.0.0", "OK");
pub(super) const SENDER_OK: LmtpReply = LmtpReply(250, "2.1.0", "OK");
pub(super) const RECIPIENT_OK: LmtpReply = LmtpReply(250, "2.1.5", "OK");
pub(super) const TAKEN: LmtpReply = LmtpReply(250, "2.0.0", "the message is with the XMPP server");
pub(super) const BYE: LmtpReply = LmtpReply(221, "2.0.0", "bye");
pub(super) const NOT_VERIFIED: LmtpReply = LmtpReply(
    252,
    "2.0.0",
    "send some mail, and it will be seen whether that is a user",
);
pub(super) const HELP: LmtpReply = LmtpReply(214, "2.0.0", "RFC 2033");
pub(super) const STOPPING: LmtpReply = LmtpReply(421, "4.3.2", "the gateway is stopping");
pub(super) const BUSY: LmtpReply = LmtpReply(421, "4.3.2", "too many connections");
pub(super) const SILENT: LmtpReply = LmtpReply(421, "4.4.2", "nothing came for too long");
pub(super) const TOO_MANY_ERRORS: LmtpReply = LmtpReply(421, "4.7.0", "too many errors");
pub(super) const OFFLINE: LmtpReply = LmtpReply(
    451,
    "4.3.2",
    "the gateway has no connection to the XMPP server now",
);
pub(super) const NOT_NOW: LmtpReply = LmtpReply(451, "4.3.0", "the gateway cannot take this now");
pub(super) const LATER: LmtpReply = LmtpReply(
    450,
    "4.2.1",
    "it has to wait: its files are not up yet, or more comes for this user than is shown at once",
);
pub(super) const NO_ROOM: LmtpReply =
    LmtpReply(452, "4.3.1", "too much mail comes at the same time");
pub(super) const TOO_MANY_RECIPIENTS: LmtpReply = LmtpReply(452, "4.5.3", "too many recipients");
pub(super) const UNKNOWN: LmtpReply = LmtpReply(500, "5.5.2", "no such command");
pub(super) const LINE_TOO_LONG: LmtpReply = LmtpReply(500, "5.5.6", "the line is too long");
pub(super) const LINE_END: LmtpReply = LmtpReply(500, "5.5.2", "a line ends with CR and LF");
pub(super) const SYNTAX: LmtpReply = LmtpReply(501, "5.5.4", "syntax error");
pub(super) const NO_SENDER: LmtpReply = LmtpReply(501, "5.1.7", "that is no address");
pub(super) const NO_RECIPIENT: LmtpReply = LmtpReply(501, "5.1.3", "that is no address");
pub(super) const NOT_OFFERED: LmtpReply = LmtpReply(502, "5.5.1", "not offered");
pub(super) const USE_LHLO: LmtpReply = LmtpReply(500, "5.5.1", "this is LMTP: say LHLO");
pub(super) const OUT_OF_ORDER: LmtpReply = LmtpReply(503, "5.5.1", "not now");
pub(super) const NO_PARAMETER: LmtpReply =
    LmtpReply(555, "5.5.4", "a parameter that is not offered");
pub(super) const TOO_BIG: LmtpReply = LmtpReply(552, "5.3.4", "the mail is too big");
pub(super) const NOBODY: LmtpReply = LmtpReply(
    550,
    "5.1.1",
    "no user of this XMPP gateway has that address",
);

/// Why a mail was not shown, to the mail server that handed it over.
pub(super) const fn of_left(left: Left) -> LmtpReply {
    match left {
        Left::Nobody => NOBODY,
        Left::Denied => LmtpReply(
            550,
            "5.7.1",
            "this XMPP gateway does not take mail from you",
        ),
        // It may be accepted in the days for which it comes again.
        Left::Unaccepted => LmtpReply(
            450,
            "4.7.1",
            "the recipient has not accepted its sender yet, of whom enough waits",
        ),
        Left::Loop => LmtpReply(554, "5.4.6", "the mail has passed too many gateways"),
        Left::Forged => LmtpReply(550, "5.7.1", "the sender failed authentication"),
        Left::Unverified => LmtpReply(550, "5.7.1", "the sender is not authenticated"),
        Left::TooBig => LmtpReply(552, "5.3.4", "too much is in the mail"),
        Left::Unreadable => LmtpReply(554, "5.6.0", "the mail cannot be read"),
        Left::SetAside => LmtpReply(
            554,
            "5.3.0",
            "the gateway failed on the mail, which is a defect of it; its administrator has it",
        ),
    }
}
