//! Conversations through a real gateway between real servers. Each file is one behaviour and reads like the conversation
//! that it tests; `world` starts the servers, `counting` numbers what is sent.

mod counting;
#[path = "../servers/mod.rs"]
mod servers;
mod world;

mod a_big_mail_does_not_fill_the_memory;
mod a_blind_copy_reaches_whom_the_envelope_names;
mod a_bounce_that_comes_later_is_an_error;
mod a_burst_arrives_whole_and_in_order;
mod a_client_can_ask_what_the_gateway_is;
mod a_conversation_keeps_its_thread;
mod a_deferred_mail_is_sent_once_later;
mod a_full_disk_refuses_and_loses_nothing;
mod a_handled_mail_is_kept_moved_or_deleted;
mod a_kill_between_fetch_and_mark_loses_no_mail;
mod a_kill_loses_no_message_that_was_received;
mod a_line_break_adds_no_header;
mod a_mail_that_is_late_elsewhere_is_told_once;
mod a_message_to_several_is_one_mail;
mod a_refused_mail_is_an_error;
mod a_restart_of_the_imap_server_is_survived;
mod a_restart_of_the_xmpp_server_is_survived;
mod a_second_gateway_does_not_disturb_the_first;
mod a_wrong_secret_is_told_and_waited_out;
mod an_answer_to_several_goes_to_all;
mod an_empty_mail_is_not_silence;
mod an_html_mail_is_read_as_text;
mod an_invitation_is_answered_by_mail;
mod an_old_mail_carries_its_date;
mod an_outsider_cannot_send;
mod an_unverified_sender_is_marked;
mod another_mail_client_in_the_mailbox_disturbs_nothing;
mod any_charset_arrives_readable;
mod check_says_what_is_wrong;
mod contacts_come_and_go_with_the_gateway;
mod conversations_do_not_mix;
mod hostile_stanzas_do_not_end_the_stream;
mod machines_are_read_and_never_answered;
mod mail_for_nobody_makes_no_loop;
mod mail_that_came_while_the_gateway_was_down_is_caught_up;
mod messages_wait_for_the_mail_server;
mod new_uids_lose_and_repeat_nothing;
mod pairs_take_effect_at_once;
mod polling_goes_on_over_a_restart_of_the_mail_server;
mod stopping_under_load_loses_nothing;
mod tls_everywhere;
mod two_gateways_carry_plain_chat;
mod two_systems_meet_over_mail;
