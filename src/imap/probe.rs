//! A look at a mailbox before the gateway relies on it.

use super::{ImapError, MailboxConfig, connect, dispose};

/// What a server and a folder have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// IDLE (RFC 2177): mail is seen at once rather than at the next poll.
    pub idle: bool,
    /// UIDPLUS (RFC 4315): mails can be deleted for good.
    pub uidplus: bool,
    /// MOVE (RFC 6851).
    pub mov: bool,
    /// CONDSTORE (RFC 7162); not used.
    pub condstore: bool,
    /// Whether the mark for mails that are left can be stored.
    pub keywords: bool,
    /// Mails in the folder.
    pub exists: u32,
}

/// Connects, logs in, opens the folder, and creates the folder for handled mails where one is configured and missing.
///
/// # Errors
/// [`ImapError`]: what an admin has to mend.
pub async fn probe(config: &MailboxConfig) -> Result<Capabilities, ImapError> {
    let mut session = connect::open(config).await?;
    session.select(config).await?;
    dispose::prepare(&mut session, config).await?;
    Ok(Capabilities {
        idle: session.offers("IDLE"),
        uidplus: session.offers("UIDPLUS"),
        mov: session.offers("MOVE"),
        condstore: session.offers("CONDSTORE"),
        keywords: session.keeps_keyword,
        exists: session.exists,
    })
}
