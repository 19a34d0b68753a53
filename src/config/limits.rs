//! The sections that say how often, how much and how long. Their comments are part of `config.example.toml`, as in [`super`].

use std::time::Duration;

/// How presence goes to other gateways: by mail, so less often than between XMPP servers.
#[derive(Clone, Debug)]
pub struct PresenceSection {
    /// Changes that follow each other within this time are one: the last one is sent. From "0s" to "60s"; here a time may
    /// also be like "300ms".
    ///
    /// Default `debounce = "3s"`
    pub debounce: Duration,
    /// Each user causes at most one such mail to each mail domain in this time; to each contact, where no `[[peer]]` names
    /// the domain. That the user went offline waits no longer than `debounce`.
    ///
    /// Default `spacing = "30s"`
    pub spacing: Duration,
    /// How long other gateways believe a presence that is not repeated; then they show it as unavailable. A user who stays
    /// online is repeated in time. At least four times `spacing`.
    ///
    /// Default `expires = "6h"`
    pub expires: Duration,
}

/// How much one user may do, so that one who floods, or whose password was stolen, is a trouble to nobody else. Each is a
/// number or "unlimited". As much as is allowed may come at once; then it comes back bit by bit.
#[derive(Clone, Debug)]
pub struct LimitsSection {
    /// Mails that one user sends in an hour; each recipient counts, and so does each receipt or marker for another gateway.
    /// Who sends more gets an error that says so.
    ///
    /// Default `sent_per_hour = 2000`
    pub sent_per_hour: Option<u32>,
    /// Those of them that are for one address.
    ///
    /// Default `sent_per_hour_to_one = 1000`
    pub sent_per_hour_to_one: Option<u32>,
    /// Mails that all users of one domain send in an hour together, so that not even many stolen passwords cost the domain
    /// its good name. Who sends more gets an error that says so.
    ///
    /// Default `sent_per_hour_by_all = 20000`
    pub sent_per_hour_by_all: Option<u32>,
    /// Addresses to which one user writes for the first time in a day, or which one user invites.
    ///
    /// Default `new_contacts_per_day = 100`
    pub new_contacts_per_day: Option<u32>,
    /// Mails that one user is shown in a minute. More of them wait in the mailbox, in their order, while others get theirs;
    /// the user is told so once a day. Half of it is kept for senders to whom the user has written, and who are believed.
    ///
    /// Default `shown_per_minute = 120`
    pub shown_per_minute: Option<u32>,
    /// Those of them that are from one sender. More of that sender wait, while those of others are shown.
    ///
    /// Default `shown_per_minute_from_one = 60`
    pub shown_per_minute_from_one: Option<u32>,
    /// Files that one user gets in a day. More of them are only named.
    ///
    /// Default `files_per_day = 200`
    pub files_per_day: Option<u32>,
    /// What these have together, in MiB.
    ///
    /// Default `file_megabytes_per_day = 1000`
    pub file_megabytes_per_day: Option<u32>,
}

/// How long a mail that the mail server does not take is tried again.
#[derive(Clone, Debug)]
pub struct DeliverySection {
    /// The sender is told of the delay after this time, once.
    ///
    /// Default `delay_notice = "4h"`
    pub delay_notice: Duration,
    /// The mail is given up after this time, and the sender is told.
    ///
    /// Default `expire = "3d"`
    pub expire: Duration,
}

/// How mail is read.
#[derive(Clone, Debug)]
pub struct MailSection {
    /// Of a bigger mail only the header is read, and its recipient is told.
    ///
    /// Default `octets_max = "32 MiB"`
    pub octets_max: usize,
}
