//! Those who mean harm: users of the XMPP server, people who can send a mail, servers and whoever sits on the way to them.
//! Each test is named after its row in docs/RELIABILITY.md: B in [`xmpp`], C in [`mail`] and [`bombs`], D in [`transport`];
//! [`floods`] and [`operation`] try the program between real servers.
//!
//! `STANZAMAIL_HOSTILITY=1000000` says how many random cases a test tries (`make hostility`); without it the short form
//! runs.

#[path = "../scenarios/counting.rs"]
mod counting;
#[path = "../decided/mod.rs"]
mod decided;
#[path = "../servers/mod.rs"]
mod servers;
#[path = "../scenarios/world.rs"]
mod world;

mod attacks;
mod bombs;
mod bounds;
mod deadly;
mod dice;
mod floods;
mod house;
mod lmtp;
mod machine;
mod mail;
mod mail_servers;
mod neighbours;
mod operation;
mod process;
mod reading;
mod register;
mod transport;
mod waiting;
mod xmpp;
