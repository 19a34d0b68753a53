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

/// How strings that no quoted string can hold are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Literals {
    /// The server is asked first (RFC 3501 §4.3).
    Asked,
    /// At once up to [`LITERAL_MINUS_OCTETS_MAX`] (RFC 7888 §5).
    Short,
    /// At once (RFC 7888 §4).
    AtOnce,
}

/// RFC 7888 §5.
const LITERAL_MINUS_OCTETS_MAX: usize = 4096;

impl Literals {
    /// What a server takes that offers these.
    pub(super) fn of(offers: impl Fn(&str) -> bool) -> Self {
        match (offers("LITERAL+"), offers("LITERAL-")) {
            (true, _) => Self::AtOnce,
            (_, true) => Self::Short,
            _ => Self::Asked,
        }
    }

    fn is_at_once(self, octets: usize) -> bool {
        match self {
            Self::Asked => false,
            Self::Short => octets <= LITERAL_MINUS_OCTETS_MAX,
            Self::AtOnce => true,
        }
    }
}

/// A command with these strings, each with the name that an error gives it, in pieces: before each piece but the first, the
/// server is to say `+`.
///
/// # Errors
/// [`ImapError::Unspeakable`]: a text has a line break or a NUL.
pub(super) fn command(
    verb: &str,
    strings: &[(&str, &'static str)],
    literals: Literals,
) -> Result<Vec<String>, ImapError> {
    let (mut pieces, mut piece) = (Vec::new(), verb.to_owned());
    for (text, what) in strings {
        let quoted = quoted(text, what)?;
        piece.push(' ');
        match (text.is_ascii(), literals.is_at_once(text.len())) {
            (true, _) => piece.push_str(&quoted),
            (false, true) => piece.push_str(&format!("{{{}+}}\r\n{text}", text.len())),
            (false, false) => {
                piece.push_str(&format!("{{{}}}", text.len()));
                pieces.push(std::mem::replace(&mut piece, (*text).to_owned()));
            }
        }
    }
    pieces.push(piece);
    Ok(pieces)
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
    fn what_is_not_ascii_is_a_literal_in_the_way_that_the_server_takes() {
        let pieces =
            |literals| command("LOGIN", &[("jörg", "a"), ("p\"w", "b")], literals).unwrap();
        assert_eq!(pieces(Literals::AtOnce), ["LOGIN {5+}\r\njörg \"p\\\"w\""]);
        assert_eq!(pieces(Literals::Short), pieces(Literals::AtOnce));
        assert_eq!(pieces(Literals::Asked), ["LOGIN {5}", "jörg \"p\\\"w\""]);
        let long = "ö".repeat(2049);
        let pieces = command("LOGIN", &[("a", "a"), (&long, "b")], Literals::Short).unwrap();
        assert_eq!(pieces, ["LOGIN \"a\" {4098}", &long]);
        assert!(command("LOGIN", &[("a\nb", "a")], Literals::AtOnce).is_err());
        let offers = |offered: &'static str| Literals::of(|one| one == offered);
        assert_eq!(
            [offers("LITERAL+"), offers("LITERAL-"), offers("IDLE")],
            [Literals::AtOnce, Literals::Short, Literals::Asked]
        );
    }

    #[test]
    fn nothing_can_break_out_of_a_quoted_string() {
        assert_eq!(quoted(r#"a"b\c"#, "x").unwrap(), r#""a\"b\\c""#);
        assert!(quoted("a\r\nA1 LOGOUT", "x").is_err());
        assert!(folder("INBOX\n").is_err());
    }
}
