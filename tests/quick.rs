//! Every test that needs no server and is none of one module: what `make quick` runs beside the modules' own. One program,
//! since each links the whole crate once more. `cargo test --test quick decisions::` runs one of its files.

mod attachments;
mod automatic;
mod avatars;
mod away;
mod beside;
#[path = "bounces/main.rs"]
mod bounces;
mod commands;
mod config;
mod decided;
mod decisions;
mod dependencies;
mod for_people;
mod format_chat;
mod format_xmpp;
#[path = "fuzz/main.rs"]
mod fuzz;
mod gather;
mod golden_mail;
mod golden_pairs;
mod hostile_mail;
mod invitations;
mod languages;
mod loads;
mod odd_mails;
mod originals;
mod own_names;
mod processor;
mod properties_text;
#[path = "quotes/main.rs"]
mod quotes;
mod reports;
mod signals;
mod strangers;
mod tidy;
mod trust;
#[path = "two_gateways/main.rs"]
mod two_gateways;
mod welcome;
mod words;
