//! Strings in commands (RFC 3501 §4.3) and names of folders (§5.1.3).

use super::ImapError;
use base64::Engine as _;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

const MODIFIED_BASE64: GeneralPurpose = GeneralPurpose::new(&IMAP_MUTF7, NO_PAD);

/// A quoted string. `what` names it in the error.
///
/// # Errors
/// [`ImapError::Unspeakable`]: the text has a line break or a NUL.
pub(super) fn quoted(text: &str, what: &'static str) -> Result<String, ImapError> {
    if text.contains(['\r', '\n', '\0']) {
        return Err(ImapError::Unspeakable(what));
    }
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    Ok(format!("\"{escaped}\""))
}

/// The name of a folder as a command holds it: modified UTF-7, quoted.
///
/// # Errors
/// [`ImapError::Unspeakable`]: the name has a line break or a NUL.
pub(super) fn folder(name: &str) -> Result<String, ImapError> {
    quoted(name, "folder").and_then(|_| quoted(&modified_utf7(name), "folder"))
}

/// RFC 3501 §5.1.3: printable ASCII stands for itself, `&` for `&-`, runs of anything else for `&` base64 of UTF-16 `-`.
fn modified_utf7(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    let mut run: Vec<u8> = Vec::new();
    for c in name.chars() {
        if !matches!(c, ' '..='~') {
            let mut units = [0; 2];
            run.extend(
                c.encode_utf16(&mut units)
                    .iter()
                    .flat_map(|u| u.to_be_bytes()),
            );
            continue;
        }
        push_run(&mut encoded, &mut run);
        encoded.push(c);
        if c == '&' {
            encoded.push('-');
        }
    }
    push_run(&mut encoded, &mut run);
    encoded
}

fn push_run(encoded: &mut String, run: &mut Vec<u8>) {
    if !run.is_empty() {
        encoded.push('&');
        encoded.push_str(&MODIFIED_BASE64.encode(&*run));
        encoded.push('-');
        run.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_names_are_in_modified_utf7() {
        // The example of RFC 3501 §5.1.3.
        assert_eq!(
            modified_utf7("~peter/mail/台北/日本語"),
            "~peter/mail/&U,BTFw-/&ZeVnLIqe-"
        );
        assert_eq!(modified_utf7("R&D"), "R&-D");
        assert_eq!(modified_utf7("Gelöscht"), "Gel&APY-scht");
        assert_eq!(modified_utf7("📬"), "&2D3c7A-");
    }

    #[test]
    fn nothing_can_break_out_of_a_quoted_string() {
        assert_eq!(quoted(r#"a"b\c"#, "x").unwrap(), r#""a\"b\\c""#);
        assert!(quoted("a\r\nA1 LOGOUT", "x").is_err());
        assert!(folder("INBOX\n").is_err());
    }
}
