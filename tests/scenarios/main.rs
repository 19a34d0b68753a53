//! Conversations through a real gateway between real servers. Each file is one behaviour and reads like the conversation
//! that it tests; `world` starts the servers.

#[path = "../servers/mod.rs"]
mod servers;
mod world;

mod a_big_mail_does_not_fill_the_memory;
mod a_blind_copy_reaches_whom_the_envelope_names;
mod a_client_can_ask_what_the_gateway_is;
mod a_conversation_keeps_its_thread;
mod a_deferred_mail_is_sent_once_later;
mod a_line_break_adds_no_header;
mod a_message_to_several_is_one_mail;
mod a_refused_mail_is_an_error;
mod an_answer_to_several_goes_to_all;
mod an_empty_mail_is_not_silence;
mod an_html_mail_is_read_as_text;
mod an_invitation_is_answered_by_mail;
mod an_old_mail_carries_its_date;
mod an_outsider_cannot_send;
mod any_charset_arrives_readable;
mod contacts_come_and_go_with_the_gateway;
mod conversations_do_not_mix;
mod machines_are_read_and_never_answered;
mod mail_for_nobody_makes_no_loop;
mod pairs_take_effect_at_once;
