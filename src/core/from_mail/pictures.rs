//! What stands in a text in place of the pictures of a page.

/// The name of a picture in a text, in octets.
const PICTURE_OCTETS_MAX: usize = 200;

/// A text without what Outlook writes in place of the pictures of the page: `[cid:image001.png@01D5A1B2]`, and where the
/// picture leads.
pub(super) fn without_pictures(text: String) -> String {
    const MARK: &str = "[cid:";
    if !text.contains(MARK) {
        return text;
    }
    let mut shown = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let mut pieces = line.split(MARK);
        let mut rest = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let name = piece.split_once(']').filter(|(name, _)| {
                name.len() <= PICTURE_OCTETS_MAX && !name.contains(char::is_whitespace)
            });
            match name {
                Some((_, after)) => rest.push_str(after),
                None => {
                    rest.push_str(MARK);
                    rest.push_str(piece);
                }
            }
        }
        let is_link = |word: &str| word.starts_with("<http") && word.ends_with('>');
        let is_left = rest.split_whitespace().any(|word| !is_link(word));
        if is_left || rest.len() == line.len() {
            shown.push_str(&rest);
        }
    }
    shown
}
