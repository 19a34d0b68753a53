//! Real servers and real clients for the tests, the benches and the demo.
//!
//! Every server runs on free ports of 127.0.0.1, with a configuration and data of its own below a temporary folder, as
//! an unprivileged account, and is gone when its value is dropped, when a test panics, or when the test process is
//! killed. A server that cannot start fails the test with a sentence and the end of its log; nothing is ever skipped.
//!
//! | file | what |
//! | --- | --- |
//! | [`process`] | ports, folders, starting and ending programs |
//! | [`xmpp_server`], [`prosody`], [`ejabberd`] | the XMPP side |
//! | [`mail`] = [`postfix`] + [`dovecot`] + [`policy`] (+ [`opendkim`]); [`greenmail`] | the mail side |
//! | [`proxy`] | a bad network between any two of them |
//! | [`gateway`] | the program under test |
//! | [`xmpp_client`] (with [`login`], [`frames`], [`stanza`], [`inbox`]), [`slixmpp_client`], [`mail_client`], [`mailbox`], [`real_mail_client`], [`delta_chat`] | the people |
//! | [`tls`] | a certificate authority for the mail servers |
//! | [`tokens`] | whoever gives OAuth tokens, as Dovecot asks it |
//!
//! `STANZAMAIL_TEST_KEEP=1` keeps the folders (configurations, logs, mail) for a look afterwards.

// Every test includes this tree and uses another part of it.
#![allow(dead_code, unused_imports, missing_docs)]

pub mod delta_chat;
pub mod dovecot;
pub mod ejabberd;
pub mod frames;
pub mod gateway;
pub mod greenmail;
pub mod inbox;
pub mod login;
pub mod mail;
pub mod mail_client;
pub mod mailbox;
pub mod opendkim;
pub mod policy;
pub mod postfix;
pub mod process;
pub mod prosody;
pub mod proxy;
pub mod real_mail_client;
pub mod slixmpp_client;
pub mod stanza;
pub mod tls;
pub mod tokens;
pub mod xmpp_client;
pub mod xmpp_server;

pub use delta_chat::DeltaChat;
pub use ejabberd::Ejabberd;
pub use gateway::Gateway;
pub use greenmail::GreenMail;
pub use mail::{CatchAll, MailOptions, MailServer};
pub use mail_client::{Mail, Refusal, as_accepted, submit};
pub use mailbox::Mailbox;
pub use policy::{Passed, Stage};
pub use process::Port;
pub use prosody::Prosody;
pub use proxy::{Network, Proxy, Way};
pub use real_mail_client::RealMailClient;
pub use slixmpp_client::{SlixmppClient, SlixmppOptions};
pub use xmpp_client::XmppClient;
pub use xmpp_server::{Flavour, Uploads, XmppOptions, XmppServer};

/// How long a test waits for anything that ought to happen at once, the start of a server too. Generous, also for a machine
/// whose cores are busy with something else: a failing test may be slow, a passing one never waits this long. What is promised
/// within a time has that time in its own test.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// How long a server may take to start: on a busy machine ejabberd has taken a minute.
pub const START: std::time::Duration = std::time::Duration::from_secs(180);

/// The password of every person and mailbox, unless a test says otherwise.
pub const PASSWORD: &str = "password-of-the-tests";

/// The secret that every component shares with its XMPP server (XEP-0114).
pub const SECRET: &str = "secret-of-the-component";
