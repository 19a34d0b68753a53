//! Conversations through a real gateway between real servers. Each file is one behaviour and reads like the conversation
//! that it tests; `world` starts the servers.

#[path = "../servers/mod.rs"]
mod servers;
mod world;

mod a_conversation_keeps_its_thread;
