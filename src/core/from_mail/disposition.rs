//! What a recipient did with a mail, as its program reports it (RFC 8098).

use super::delivery::about;
use super::report::ReportParts;
use crate::core::address::MailAddress;
use crate::core::id::MessageId;

/// A disposition notification. Anybody can write one: it means something only where it names a mail of ours by an id that
/// nobody else could know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disposition {
    /// The ids by which it may name the mail, the surest first.
    pub about: Vec<MessageId>,
    /// What was done.
    pub kind: DispositionKind,
    /// Who did it: as we named it, then as it names itself.
    pub recipients: Vec<MailAddress>,
}

/// RFC 8098 §3.2.6.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DispositionKind {
    /// It was shown to somebody, whether it was read or not.
    Displayed,
    /// It was deleted, unseen as far as is known.
    Deleted,
    /// Whatever else: processed, dispatched, denied, failed.
    Other,
}

/// The notification in these parts. `answers` is what the mail itself says that it answers.
pub(super) fn read(parts: &ReportParts, answers: &[MessageId]) -> Option<Disposition> {
    let fields = parts.disposition.as_ref()?;
    let recipients = ["original-recipient", "final-recipient"].map(|name| fields.address(name));
    let named = fields.get("original-message-id").and_then(MessageId::parse);
    let mut ids: Vec<MessageId> = named.into_iter().collect();
    ids.extend(about(parts, answers.iter().cloned()));
    ids.dedup();
    Some(Disposition {
        about: ids,
        kind: kind(fields.get("disposition")?),
        recipients: recipients.into_iter().flatten().collect(),
    })
}

/// `manual-action/MDN-sent-manually; displayed/error`: the word after the modes, without its modifiers.
fn kind(field: &str) -> DispositionKind {
    let (_, word) = field.split_once(';').unwrap_or(("", field));
    let word = word.trim().split(['/', ' ', ',', '(']).next();
    match word.unwrap_or_default().to_ascii_lowercase().as_str() {
        "displayed" => DispositionKind::Displayed,
        "deleted" => DispositionKind::Deleted,
        _ => DispositionKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_disposition_stands_behind_its_modes() {
        for (field, expected) in [
            (
                "manual-action/MDN-sent-manually; displayed",
                DispositionKind::Displayed,
            ),
            (
                "automatic-action/MDN-sent-automatically;Displayed/error",
                DispositionKind::Displayed,
            ),
            (
                "automatic-action/MDN-sent-automatically; deleted",
                DispositionKind::Deleted,
            ),
            ("displayed", DispositionKind::Displayed),
            ("a/b; processed", DispositionKind::Other),
            ("", DispositionKind::Other),
        ] {
            assert_eq!(kind(field), expected, "{field}");
        }
    }
}
