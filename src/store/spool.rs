//! Mails that wait to be sent, one file each.
