//! What the README and `examples/` tell an admin to write works, word for word: real servers are started with it. Only
//! paths, ports, users and passwords are replaced, since a test has a folder of its own and no root.

mod configuration;
mod install;
mod joined;
mod mail;
mod readme;
mod service;
mod shell;
mod text;
mod translate;
mod xmpp;

#[path = "../servers/mod.rs"]
mod servers;
