//! Stanzamail joins an XMPP server and e-mail: an XEP-0114 component whose users chat with everyone who has an
//! e-mail address.
//!
//! # The map, in the order in which data flows
//!
//! A stanza comes in by [`xmpp`], a mail by [`imap`] or [`lmtp`], which hand over what [`inbound`] says. Both are read into typed values by the pure [`core`]
//! (`core::from_stanza`, `core::from_mail`), which decides what becomes of them (`core::decide`) and writes the result
//! (`core::to_mail`, `core::to_stanza`). The [`pipeline`] is the one loop around it: take a batch of events, load the
//! rows that the decisions need from the [`store`], decide, make the result durable, and only then answer. Mails wait
//! in the [`store::spool`] for [`smtp`]; stanzas leave by [`xmpp`] again. [`supervisor`] starts and stops all of this,
//! [`config`] says how, [`cli`] is what an admin types, [`control`] is how a command reaches a running gateway,
//! [`failpoints`] are where tests let it die, in builds for tests alone.
//!
//! [`http`] fetches and uploads files. [`net`] is how `xmpp`, `smtp`, `imap` and `http` reach a server: TCP, TLS, and the pauses
//! after failures.
//!
//! Arrows go down only: `core` names nothing of the other rooms, and `net` none but `system`; `xmpp`, `smtp`, `imap`, `lmtp`,
//! `http` and `store` know `core` and `net` and not each other, but for the spool, which is the queue of `smtp`, and for `inbound`,
//! which knows `core`.

// What only its room uses is seen there alone; of tests nothing can be reached.
#![cfg_attr(not(test), warn(unreachable_pub))]

pub mod cli;
pub mod config;
pub mod control;
pub mod core;
pub mod failpoints;
pub mod http;
pub mod imap;
pub mod inbound;
pub mod lmtp;
pub mod net;
mod panics;
pub mod pipeline;
#[cfg(test)]
mod simulated;
pub mod smtp;
pub mod store;
pub mod supervisor;
mod system;
pub mod xmpp;
