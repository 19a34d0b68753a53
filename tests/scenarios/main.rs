//! Conversations through a real gateway between real servers. Each file is one behaviour and reads like the conversation
//! that it tests; `world` starts the servers, `counting` numbers what is sent.

mod counting;
#[path = "../servers/mod.rs"]
mod servers;
mod world;

mod a_conversation_keeps_its_thread;
mod a_full_disk_refuses_and_loses_nothing;
mod a_handled_mail_is_kept_moved_or_deleted;
mod a_kill_between_fetch_and_mark_loses_no_mail;
mod a_kill_loses_no_message_that_was_received;
mod a_restart_of_the_imap_server_is_survived;
mod a_restart_of_the_xmpp_server_is_survived;
mod a_second_gateway_does_not_disturb_the_first;
mod a_wrong_secret_is_told_and_waited_out;
mod another_mail_client_in_the_mailbox_disturbs_nothing;
mod check_says_what_is_wrong;
mod hostile_stanzas_do_not_end_the_stream;
mod mail_that_came_while_the_gateway_was_down_is_caught_up;
mod messages_wait_for_the_mail_server;
mod new_uids_lose_and_repeat_nothing;
mod polling_goes_on_over_a_restart_of_the_mail_server;
mod stopping_under_load_loses_nothing;
mod tls_everywhere;
