//! The pure part of the gateway: no runtime, sockets, files, clock or randomness. They come in as arguments.

pub mod address;
pub mod authentication;
pub mod carried;
pub mod context;
pub mod decide;
pub mod from_mail;
pub mod from_stanza;
pub mod id;
pub mod job;
pub mod limits;
pub mod notice;
pub mod outcome;
pub mod parcel;
pub mod presence;
pub mod quota;
pub mod record;
pub mod retry;
pub mod rules;
pub mod settings;
pub mod signature;
pub mod subscription;
pub mod text;
pub mod time;
pub mod to_mail;
pub mod to_stanza;
pub mod xml;
