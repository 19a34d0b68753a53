//! The sections that say how often, how much and how long. Their comments are part of `config.example.toml`, as in [`super`].

use std::time::Duration;

/// How often presence goes to other gateways: by mail, so less often than between XMPP servers.
#[derive(Clone, Debug)]
pub struct PresenceSection {
    /// Of changes that follow each other within this time only the last one is sent. From "0s" to "60s"; here a time
    /// may also be like "300ms".
    ///
    /// Default `debounce = "3s"`
    pub debounce: Duration,
    /// Each user causes at most one such mail to each mail domain in this time, or to each contact if no `[[peer]]`
    /// names the domain. The news that the user went offline waits no longer than `debounce`.
    ///
    /// Default `spacing = "30s"`
    pub spacing: Duration,
    /// How long other gateways believe a presence that is not repeated; then they show the user as unavailable. The
    /// gateway repeats the presence of users who stay online in time. At least four times `spacing`.
    ///
    /// Default `expires = "6h"`
    pub expires: Duration,
}

/// How much one user may do, so that a user who floods, or whose password was stolen, troubles nobody else. Each limit
/// is a number or "unlimited". A user may use a whole limit at once; it then becomes free again little by little.
#[derive(Clone, Debug)]
pub struct LimitsSection {
    /// Mails that one user sends in an hour; each recipient counts, and so does each receipt or marker for another gateway.
    /// Who sends more gets an error that says so.
    ///
    /// Default `sent_per_hour = 2000`
    pub sent_per_hour: Option<u32>,
    /// The part of them that may go to one address.
    ///
    /// Default `sent_per_hour_to_one = 1000`
    pub sent_per_hour_to_one: Option<u32>,
    /// Mails that all users of one domain send in an hour together, so that not even many stolen passwords cost the
    /// domain its reputation. Who sends more gets an error that says so.
    ///
    /// Default `sent_per_hour_by_all = 20000`
    pub sent_per_hour_by_all: Option<u32>,
    /// Addresses to which one user writes for the first time, or which one user invites, in a day.
    ///
    /// Default `new_contacts_per_day = 100`
    pub new_contacts_per_day: Option<u32>,
    /// Mails that one user is shown in a minute. Further mails wait in the mailbox, in their order, while other users
    /// get theirs; the user is told so once a day. Half of the limit is reserved for senders to whom the user has
    /// written and whose mail the gateway believes.
    ///
    /// Default `shown_per_minute = 120`
    pub shown_per_minute: Option<u32>,
    /// The part of them that may come from one sender. Further mails of that sender wait, while those of others are
    /// shown.
    ///
    /// Default `shown_per_minute_from_one = 60`
    pub shown_per_minute_from_one: Option<u32>,
    /// Files that one user gets in a day. Further files are only named.
    ///
    /// Default `files_per_day = 200`
    pub files_per_day: Option<u32>,
    /// The total size of these files, in MiB.
    ///
    /// Default `file_megabytes_per_day = 1000`
    pub file_megabytes_per_day: Option<u32>,
}

/// How long the gateway retries a mail that the mail server does not accept.
#[derive(Clone, Debug)]
pub struct DeliverySection {
    /// The sender is told of the delay after this time, once.
    ///
    /// Default `delay_notice = "4h"`
    pub delay_notice: Duration,
    /// After this time the gateway gives up on the mail and tells the sender.
    ///
    /// Default `expire = "3d"`
    pub expire: Duration,
}

/// Reading mail.
#[derive(Clone, Debug)]
pub struct MailSection {
    /// The gateway reads only the header of a bigger mail, and tells its recipient.
    ///
    /// Default `octets_max = "32 MiB"`
    pub octets_max: usize,
}
