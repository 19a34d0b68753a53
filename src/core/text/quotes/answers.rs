//! Answers that their author wrote into what is quoted, set off by their colour, or by the author's name in brackets: Outlook
//! marks the lines of a quotation by nothing.

use super::{LinePlace, QuoteContext, QuotedLine, header};

/// In which colour the words of a line are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ink {
    /// There are no words, or only those of links.
    #[default]
    Unknown,
    /// Black, or nearly so.
    Plain,
    /// Grey: what a program wrote, or a signature.
    Faint,
    /// Red, green and blue.
    Colour([u8; 3]),
    /// It ends in this colour, and does not begin so.
    Ends([u8; 3]),
    /// Several.
    Mixed,
}

/// From here on a colour is seen to be none of the greys, in steps between its strongest part and its weakest.
const SATURATED_MIN: u8 = 0x40;
/// A lighter grey is faint.
const DARK_MAX: u8 = 0x60;
/// Gmail's of what it has seen before.
const OF_GMAIL: [u8; 3] = [0x50, 0x00, 0x50];

impl Ink {
    /// Of a colour.
    pub fn of(colour: [u8; 3]) -> Self {
        let [red, green, blue] = colour;
        let (most, least) = (red.max(green).max(blue), red.min(green).min(blue));
        match most.saturating_sub(least) {
            _ if colour == OF_GMAIL => Self::Plain,
            SATURATED_MIN.. => Self::Colour(colour),
            _ if most > DARK_MAX => Self::Faint,
            _ => Self::Plain,
        }
    }

    /// Of words in both.
    pub fn with(self, other: Self) -> Self {
        match (self, other) {
            (one, other) if one == other => one,
            (Self::Unknown, other) => other,
            (one, Self::Unknown) => one,
            (Self::Faint, other) => other,
            (one, Self::Faint) => one,
            (Self::Plain | Self::Ends(_) | Self::Mixed, Self::Colour(colour)) => Self::Ends(colour),
            _ => Self::Mixed,
        }
    }

    /// The colour of an answer, if it is one.
    pub fn colour(self) -> Option<[u8; 3]> {
        match self {
            Self::Colour(colour) | Self::Ends(colour) => Some(colour),
            _ => None,
        }
    }
}

/// People who write with a red pen answer, whatever follows.
fn is_red([red, green, blue]: [u8; 3]) -> bool {
    red >= 0xa0 && green < 0x60 && blue < 0x60
}

/// Of one of the messages that are quoted.
#[derive(Clone, Copy, Default)]
struct QuotedMessage {
    /// Its header lines are not over.
    is_header: bool,
    /// It has a line in no colour.
    is_begun: bool,
    /// And one in a colour below.
    has_other: bool,
}

impl QuotedMessage {
    /// Takes one of its lines; `true` where that answers those above it, or itself.
    fn is_answered_by(&mut self, ink: Ink, own: Option<Ink>) -> bool {
        let is_pen = |colour| is_red(colour) || own == Some(Ink::Colour(colour));
        match ink {
            Ink::Colour(colour) if self.is_begun => {
                self.has_other = true;
                is_pen(colour)
            }
            Ink::Ends(colour) => {
                self.is_begun = true;
                self.has_other || is_pen(colour)
            }
            Ink::Plain | Ink::Mixed => {
                self.is_begun = true;
                self.has_other
            }
            _ => false,
        }
    }
}

/// Whether there are answers within what is quoted: a line that begins with the author's name in brackets; or one that is, or ends,
/// in another colour than what stands before it, which is red, or that of the author's own words, or has another line below.
pub(super) fn are_within(lines: &[QuotedLine<'_>], circumstances: &QuoteContext) -> bool {
    lines.iter().any(|line| is_named(line, circumstances))
        || lines.iter().any(|line| line.ink.colour().is_some()) && are_coloured(lines)
}

fn are_coloured(lines: &[QuotedLine<'_>]) -> bool {
    let mut own = None;
    let mut message = QuotedMessage::default();
    let filled = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| !line.is_blank());
    for (at, line) in filled {
        let is_within = line.is_quoted() || line.place == LinePlace::Behind;
        let is_coloured = matches!(line.ink, Ink::Colour(_));
        if !is_within {
            own = own.or((line.place == LinePlace::Written).then_some(line.ink));
            message = QuotedMessage::default();
        } else if !is_coloured && header::begins_block(lines.get(at..).unwrap_or_default()) {
            message = QuotedMessage {
                is_header: true,
                ..QuotedMessage::default()
            };
        } else if !(message.is_header && !is_coloured && header::is_label(line.unquoted())) {
            message.is_header = false;
            if message.is_answered_by(line.ink, own) {
                return true;
            }
        }
    }
    false
}

/// Outlook writes `[Carol Meier]` before each answer of hers, where she has asked it to.
fn is_named(line: &QuotedLine<'_>, circumstances: &QuoteContext) -> bool {
    let author = &circumstances.author;
    let name = || {
        let (name, _) = line.unquoted().strip_prefix('[')?.split_once(']')?;
        Some(name.to_lowercase())
    };
    !author.name.is_empty() && name().is_some_and(|name| author.is_called(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_one_that_people_see() {
        for (colour, ink) in [
            ([0, 0, 0], Ink::Plain),
            ([0x33, 0x33, 0x33], Ink::Plain),
            ([0x80, 0x80, 0x80], Ink::Faint),
            ([0xff, 0xff, 0xff], Ink::Faint),
            ([0x50, 0, 0x50], Ink::Plain),
            ([0x1f, 0x49, 0x7d], Ink::Colour([0x1f, 0x49, 0x7d])),
        ] {
            assert_eq!(Ink::of(colour), ink, "{colour:x?}");
        }
        assert!(is_red([0xc0, 0, 0]) && !is_red([0, 0, 0xc0]));
        let red = Ink::of([255, 0, 0]);
        assert_eq!(Ink::Faint.with(Ink::Plain), Ink::Plain);
        assert_eq!(Ink::Plain.with(red), Ink::Ends([255, 0, 0]));
        assert_eq!(Ink::Plain.with(red).with(Ink::Plain), Ink::Mixed);
        assert_eq!(red.with(Ink::Plain), Ink::Mixed);
    }
}
