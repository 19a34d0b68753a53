//! What mail programs name in their HTML: the quotation below an answer, the line over it, the signature.

use super::hidden::is_void;
use super::tokens::Tag;
use crate::core::text::quotes::LinePlace;

/// Where a program says that its history begins; it goes on to the end of the mail. Outlook.
const BEHIND_IDS: [&str; 6] = [
    "divrplyfwdmsg",
    "appendonsend",
    "mail-editor-reference-message-container",
    "olk_src_body_section",
    "zwchr",
    "replysplit",
];
/// The same, by a class.
const BEHIND_CLASSES: [&str; 1] = ["ms-outlook-mobile-reference-message"];
/// What holds the whole history, with the line over it: Yahoo, AOL, Zoho.
const HISTORY_CLASSES: [&str; 4] = [
    "yahoo_quoted",
    "aol_quoted",
    "zmail_extra",
    "aolmail_quoted",
];
/// The same, by a name: GMX and WEB.DE; Spark.
const HISTORY_NAMES: [&str; 2] = ["quote", "messagereplysection"];
/// The line over a quotation: Gmail, Thunderbird, Roundcube.
const INTRODUCTION_CLASSES: [&str; 2] = ["gmail_attr", "moz-cite-prefix"];
/// The same, by an id.
const INTRODUCTION_IDS: [&str; 2] = ["reply-intro", "replyintro"];
/// Quotations that have no type: Proton, Tuta, Airmail.
const QUOTATION_CLASSES: [&str; 3] = ["protonmail_quote", "tutanota_quote", "clean_bq"];
/// Gmail, Thunderbird, Proton, K-9.
const SIGNATURE_CLASSES: [&str; 7] = [
    "gmail_signature",
    "gmail_signature_prefix",
    "moz-signature",
    "protonmail_signature_block",
    "k9mail-signature",
    "tutanota_signature",
    "zmail_signature_below",
];
/// Outlook, Yahoo, Samsung.
const SIGNATURE_IDS: [&str; 4] = [
    "ms-outlook-mobile-signature",
    "ymail_android_signature",
    "composer_signature",
    "signature",
];
/// Elements that hold such a part.
const HOLDERS: [&str; 10] = [
    "div",
    "blockquote",
    "pre",
    "span",
    "table",
    "section",
    "p",
    "hr",
    "td",
    "font",
];

/// An element that is one of those, and how many of its name are open, itself among them.
struct PartElement {
    name: String,
    place: LinePlace,
    depth: usize,
}

/// The part that is open. There is never one in another: what is quoted in a quotation is part of it.
#[derive(Default)]
pub(super) struct HtmlParts {
    open: Option<PartElement>,
    is_behind: bool,
}

impl HtmlParts {
    /// Where words stand now.
    pub(super) fn place(&self) -> LinePlace {
        match &self.open {
            Some(open) => open.place,
            None if self.is_behind => LinePlace::Behind,
            None => LinePlace::Written,
        }
    }

    /// Takes a start tag; `true` where it begins a part.
    pub(super) fn start(&mut self, tag: &Tag) -> bool {
        if let Some(open) = &mut self.open {
            if tag.name == open.name {
                open.depth = open.depth.saturating_add(1);
            }
            return false;
        }
        if self.is_behind || tag.is_bare() || !HOLDERS.contains(&tag.name.as_str()) {
            return false;
        }
        match place(tag) {
            Some(LinePlace::Behind) => self.is_behind = true,
            Some(place) if !is_void(&tag.name) => {
                self.open = Some(PartElement {
                    name: tag.name.clone(),
                    place,
                    depth: 1,
                });
            }
            _ => return false,
        }
        true
    }

    /// Takes an end tag.
    pub(super) fn end(&mut self, name: &str) {
        let Some(open) = self.open.as_mut().filter(|open| open.name == name) else {
            return;
        };
        open.depth = open.depth.saturating_sub(1);
        if open.depth == 0 {
            self.open = None;
        }
    }
}

/// What a tag is named.
fn place(tag: &Tag) -> Option<LinePlace> {
    let value = |name| {
        let value = tag.attribute(name).unwrap_or_default();
        value.trim().to_ascii_lowercase()
    };
    let (id, class, name) = (value("id"), value("class"), value("name"));
    let has = |known: &[&str]| {
        class
            .split_ascii_whitespace()
            .any(|one| known.contains(&one))
    };
    let is_block = tag.name != "span";
    if is_block && (BEHIND_IDS.contains(&id.as_str()) || has(&BEHIND_CLASSES) || is_drawn(tag)) {
        return Some(LinePlace::Behind);
    }
    let is_history = id.starts_with("yahoo_quoted")
        || has(&HISTORY_CLASSES)
        || HISTORY_NAMES.contains(&name.as_str());
    if is_block && is_history {
        return Some(LinePlace::History);
    }
    if has(&INTRODUCTION_CLASSES) || INTRODUCTION_IDS.contains(&id.as_str()) {
        return Some(LinePlace::Introduction);
    }
    let is_cited = value("type") == "cite" || has(&QUOTATION_CLASSES);
    if tag.name == "blockquote" && is_cited {
        return Some(LinePlace::Quotation);
    }
    let is_signature = has(&SIGNATURE_CLASSES) || SIGNATURE_IDS.contains(&id.as_str());
    is_signature.then_some(LinePlace::Signature)
}

/// The line that Outlook draws over its header lines.
fn is_drawn(tag: &Tag) -> bool {
    let style = tag.attribute("style").unwrap_or_default();
    let style: String = style.chars().filter(|c| !c.is_whitespace()).collect();
    let style = style.to_ascii_lowercase();
    tag.name == "div"
        && style.contains("border:none")
        && ["#e1e1e1", "#b5c4df", "windowtext"]
            .iter()
            .any(|colour| style.contains(&format!("border-top:solid{colour}1.0pt")))
        && style.contains("padding:3.0pt")
}
