//! The pure part of the gateway: no runtime, sockets, files, clock or randomness. They come in as arguments.
//!
//! # The map, in the order in which data flows
//!
//! * What comes in is read into typed values: [`from_stanza`], [`from_mail`], over [`xml`] and [`text`]; whether a mail is from whom
//!   it says: [`authentication`], [`signature`].
//! * [`decide`] says what becomes of it, over rows ([`context`], [`record`]), [`settings`], [`rules`] and the tables of
//!   [`subscription`]; [`commands`] is what users ask the gateway itself for, in [`sessions`]; [`quota`] says how much of it each may;
//!   [`presence`] when which contact is told.
//! * What goes out ([`message`], [`job`], [`mod@file`]) is written: [`to_mail`], [`to_stanza`], with the stanzas that travel in mails
//!   ([`carried`]) and every sentence that a user reads ([`notice`]); what a contact's [`mod@format`] can carry, clients are told by
//!   [`caps`], and whom they see by [`avatar`].
//! * [`page`] is all of a mail for a browser.
//! * The ground floor: [`address`], [`name`], [`id`], [`time`], [`retry`], [`outcome`], [`limits`], [`reckoning`].
//!
//! No two files of it need each other.

pub mod address;
pub mod authentication;
pub mod avatar;
pub mod caps;
pub mod carried;
pub mod commands;
pub mod context;
pub mod decide;
pub mod file;
pub mod format;
pub mod from_mail;
pub mod from_stanza;
pub mod id;
pub mod job;
pub mod language;
pub mod last_mail;
pub mod limits;
pub mod message;
pub mod name;
pub mod notice;
pub mod operation;
pub mod options;
pub mod outcome;
pub mod page;
pub mod presence;
#[cfg(test)]
#[path = "../../tests/processor.rs"]
mod processor;
pub mod quota;
pub mod reckoning;
pub mod record;
pub mod request;
pub mod retry;
pub mod rules;
pub mod sessions;
pub mod settings;
pub mod signature;
pub mod subscription;
pub mod text;
pub mod time;
pub mod to_mail;
pub mod to_stanza;
pub mod traces;
pub mod xml;
