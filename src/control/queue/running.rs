//! What commands reach of a gateway that runs.

use crate::control::{NeededServer, Response, ServerTrouble};
use crate::core::settings::Settings;
use crate::net::trouble::OngoingTrouble;
use crate::pipeline::{FileUploader, Forgetter, MailboxMeaning, ReadBatch};
use crate::smtp::{IdleProbe, Queue};
use crate::store::in_hand::InHand;
use crate::store::spool::Spool;
use crate::xmpp::{Link, XmppEvent};
use jid::DomainPart;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{Notify, mpsc, watch};

/// The parts of a gateway that runs.
pub struct RunningParts {
    /// What sends mails.
    pub queue: Queue,
    /// Asks the mail server where no mail has needed it.
    pub mail_server: Arc<IdleProbe>,
    /// Where they lie.
    pub spool: Arc<Spool>,
    /// Takes stanzas to be decided about.
    pub stanzas: mpsc::WeakSender<XmppEvent>,
    /// Takes mails to be decided about.
    pub mails: mpsc::WeakSender<ReadBatch>,
    /// What the mailboxes mean.
    pub mailboxes: BTreeMap<String, MailboxMeaning>,
    /// The gateway itself.
    pub itself: Itself,
    /// Why each of the mailboxes that are read is not being read now.
    pub readers: Readers,
    /// Knows what the process has died of.
    pub in_hand: Arc<InHand>,
    /// Forgets users.
    pub forgetter: Forgetter,
    /// Puts and fetches files; `None`: they are named, and sent as links.
    pub files: Option<FileUploader>,
}

/// How the gateway says something to users of its own accord.
pub struct Announcer {
    /// By the XMPP server.
    pub link: Link,
    /// As this.
    pub gateway: DomainPart,
    /// Who the gateway's users are.
    pub settings: watch::Receiver<Settings>,
}

/// The mailboxes that are read, by name.
pub type Readers = Vec<(String, watch::Receiver<Option<OngoingTrouble>>)>;

impl RunningParts {
    /// Of all servers that are needed.
    pub(super) async fn troubles(&self) -> Vec<ServerTrouble> {
        let seen = |server, trouble: Option<OngoingTrouble>| {
            trouble.map(|trouble| ServerTrouble {
                server,
                secs: trouble.since.elapsed().as_secs(),
                why: trouble.why,
            })
        };
        let xmpp_server = seen(
            NeededServer::XmppServer,
            self.itself.trouble.borrow().clone(),
        );
        let mail_server = match self.queue.trouble() {
            Some(trouble) => Some(trouble),
            None => self.mail_server.trouble().await,
        };
        let mail_server = seen(NeededServer::MailServer, mail_server);
        let readers = self.readers.iter().filter_map(|(name, trouble)| {
            let trouble = trouble.borrow().clone();
            seen(NeededServer::Mailbox { name: name.clone() }, trouble)
        });
        let troubles = xmpp_server.into_iter().chain(readers);
        troubles.chain(mail_server).collect()
    }
}

/// What commands are told of a gateway that runs, and can change of it.
pub struct Itself {
    /// Tells users something.
    pub announcer: Announcer,
    /// [`Response::Running`].
    pub status: Box<dyn Fn() -> Response + Send + Sync>,
    /// Why it is not attached to the XMPP server.
    pub trouble: watch::Receiver<Option<OngoingTrouble>>,
    /// How much is logged.
    pub set_level: Arc<dyn Fn(tracing::Level) + Send + Sync>,
    /// Has the configuration read again.
    pub again: Arc<Notify>,
}
