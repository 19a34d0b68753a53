//! Stanzamail joins an XMPP server and e-mail: an XEP-0114 component whose users chat with everyone who has an
//! e-mail address.
//!
//! # The map, in the order in which data flows
//!
//! A stanza comes in by [`xmpp`], a mail by [`imap`]. Both are read into typed values by the pure [`core`]
//! (`core::from_stanza`, `core::from_mail`), which decides what becomes of them (`core::decide`) and writes the result
//! (`core::to_mail`, `core::to_stanza`). The [`pipeline`] is the one loop around it: take a batch of events, load the
//! rows that the decisions need from the [`store`], decide, make the result durable, and only then answer. Mails wait
//! in the [`store::spool`] for [`smtp`]; stanzas leave by [`xmpp`] again. [`supervisor`] starts and stops all of this,
//! [`config`] says how, [`cli`] is what an admin types, [`control`] is how a command reaches a running gateway,
//! [`crash`] is where tests let it die.
//!
//! Arrows go down only: `core` names nothing of the other rooms; `xmpp`, `smtp`, `imap` and `store` know `core` and
//! not each other.

pub mod cli;
pub mod config;
pub mod control;
pub mod core;
pub mod crash;
pub mod imap;
pub mod pipeline;
#[cfg(test)]
mod simulated;
pub mod smtp;
pub mod store;
pub mod supervisor;
mod system;
pub mod tls;
pub mod xmpp;
