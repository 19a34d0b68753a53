//! Neighbours that fail: the network between the gateway and its servers breaks, servers freeze and are restarted. What
//! was accepted is not lost, nothing has two names, and work goes on soon after the fault has ended.
//!
//! The short form runs with all tests; with `STANZAMAIL_CHAOS` set (`make chaos`) the long one does. Most of it runs
//! with `STANZAMAIL_HURRY`, which makes the gateway's time limits shorter by a factor.

#[path = "../scenarios/counting.rs"]
mod counting;
#[path = "../servers/mod.rs"]
mod servers;
mod wires;
#[path = "../scenarios/world.rs"]
mod world;

mod a_bad_network_loses_nothing;
mod a_connection_may_be_reset_at_any_octet;
mod a_frozen_xmpp_server_is_left_and_found_again;
mod a_mailbox_is_numbered_anew_again_and_again;
mod restarts_under_load_lose_nothing;

/// Whether the long form is wanted.
fn is_long() -> bool {
    std::env::var_os("STANZAMAIL_CHAOS").is_some()
}
