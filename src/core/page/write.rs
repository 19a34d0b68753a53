//! The page on which somebody types a mail address, and gets by what a chat program reaches it: the JID, its link, and the code of
//! the link for a telephone.
//!
//! It is for everybody, so it says nothing that depends on who is a user or a contact of whom: no row is asked for, and each
//! address gets the JID that every gateway makes of it.

use super::STYLE;
use super::escape::escaped;
use crate::core::address::{AddressError, MailAddress, contact_jid};
use crate::core::commands;
use crate::core::language::{Language, say};
use crate::core::notice;
use crate::core::text::clean;
use jid::{BareJid, DomainPart};
use qrcodegen::{QrCode, QrCodeEcc, QrSegment, Version};
use std::fmt::Write;

/// What is read of an address that was typed, in octets: longer than every address.
pub const ADDRESS_OCTETS_MAX: usize = 600;
/// How the form begins, by which `stanzamail check` knows the page.
pub const FORM: &str = "<form method=\"get\"><label>";
/// The largest code: a telephone does not read a finer one from a screen, and it takes less than a millisecond.
const VERSION_MAX: u8 = 20;
/// Around a code, in modules (ISO/IEC 18004).
const QUIET: i32 = 4;

/// What only this page looks like, behind [`STYLE`].
const STYLE_OF_FORM: &str = "\
form{display:flex;flex-wrap:wrap;gap:.5rem;align-items:end;margin:1rem 0}\
label{flex:1 1 16rem}\
input{box-sizing:border-box;display:block;width:100%;font:inherit;padding:.5rem}\
button{font:inherit;padding:.5rem 1rem}\
code{font:.95rem/1.5 ui-monospace,monospace;user-select:all}\
svg{display:block;width:16rem;max-width:100%;height:auto;border-radius:.5rem}\
.link{display:inline-block;padding:.5rem 1rem;border:1px solid;border-radius:.5rem}";

/// What the page looks like. The server sends its hash along.
pub fn style() -> String {
    format!("{STYLE}{STYLE_OF_FORM}")
}

/// What this page needs to know.
#[derive(Clone, Debug)]
pub struct WritePage {
    /// The component's domain, where contacts live.
    pub gateway: DomainPart,
    /// The chat servers whose users write by it.
    pub chats: Vec<DomainPart>,
}

/// What somebody gets who has typed an address.
enum Reached {
    /// It is the address of a chat already. What follows, where it may be a mail address as well.
    Chat(BareJid, Option<Box<Reached>>),
    /// The address, as people write it, and the JID by which it is written to.
    By(String, BareJid),
    /// A sentence that says why not.
    Not(String),
}

/// The page. `typed` is what was filled in, if anything was.
pub fn page(language: Language, own: &WritePage, typed: Option<&str>) -> String {
    let gateway = &own.gateway;
    let typed = typed.map(str::trim).filter(|typed| !typed.is_empty());
    let title = escaped(&say!(language, "write-page-title"));
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\">\
         <title>{title}</title><style>{}</style></head>\n<body><main>\n<h1>{title}</h1>\n",
        language.tag(),
        style()
    );
    let about = say!(language, "write-page-about", gateway = gateway.as_str());
    let _ = writeln!(html, "<p>{}</p>", escaped(&about));
    let shown = clean::cut(typed.unwrap_or_default(), ADDRESS_OCTETS_MAX);
    form(language, &mut html, shown);
    if let Some(typed) = typed {
        shown_as(language, &mut html, &reached(language, own, typed));
    }
    html.push_str("</main></body></html>\n");
    html
}

fn shown_as(language: Language, html: &mut String, reached: &Reached) {
    match reached {
        Reached::By(mail, jid) => answer(language, html, mail, jid),
        Reached::Not(why) => {
            let _ = writeln!(html, "<p role=\"alert\">{}</p>", escaped(why));
        }
        Reached::Chat(jid, also) => {
            chats_here(language, html, jid);
            if let Some(also) = also {
                let before = say!(language, "write-page-also-mail");
                let _ = writeln!(html, "<p>{}</p>", escaped(&before));
                shown_as(language, html, also);
            }
        }
    }
}

/// Who is written to without a gateway.
fn chats_here(language: Language, html: &mut String, jid: &BareJid) {
    let (typed, domain) = (jid.as_str(), jid.domain().as_str());
    let why = say!(
        language,
        "write-page-chats-here",
        mail = typed,
        domain = domain
    );
    let _ = writeln!(
        html,
        "<p role=\"alert\">{}</p>\n<p><a class=\"link\" href=\"{}\">{}</a></p>",
        escaped(&why),
        escaped(&commands::link(jid)),
        escaped(&say!(language, "write-page-open")),
    );
}

fn form(language: Language, html: &mut String, typed: &str) {
    let _ = writeln!(
        html,
        "{FORM}{} <input name=\"address\" value=\"{}\" placeholder=\"carol@mail.example\" \
         inputmode=\"email\" autocomplete=\"off\" autocapitalize=\"none\" spellcheck=\"false\" maxlength=\"{ADDRESS_OCTETS_MAX}\" \
         dir=\"auto\" required></label><button>{}</button></form>",
        escaped(&say!(language, "label-mail-address")),
        escaped(typed),
        escaped(&say!(language, "write-page-show")),
    );
}

/// By what an address is reached, or why by nothing.
fn reached(language: Language, own: &WritePage, typed: &str) -> Reached {
    if typed.len() > ADDRESS_OCTETS_MAX {
        let error = AddressError::Length(typed.to_owned());
        return Reached::Not(format!("{}.", notice::address_error(language, &error)));
    }
    let typed = commands::bare_address(typed);
    let jid = BareJid::new(typed).ok().filter(|jid| jid.node().is_some());
    let is_at = |jid: &BareJid, domain: &DomainPart| jid.domain().as_str() == domain.as_str();
    if let Some(jid) = jid {
        if is_at(&jid, &own.gateway) {
            return Reached::Chat(jid, None);
        }
        if own.chats.iter().any(|domain| is_at(&jid, domain)) {
            let also = by_mail(language, &own.gateway, typed);
            let also = Some(also).filter(|also| matches!(also, Reached::By(..)));
            return Reached::Chat(jid, also.map(Box::new));
        }
    }
    by_mail(language, &own.gateway, typed)
}

/// The same of what is nothing but a mail address.
fn by_mail(language: Language, gateway: &DomainPart, typed: &str) -> Reached {
    let mail = match MailAddress::parse(typed) {
        Ok(mail) => mail,
        Err(error) => return Reached::Not(format!("{}.", notice::address_error(language, &error))),
    };
    let people = mail.for_people();
    match contact_jid(&mail, gateway) {
        Ok(jid) => Reached::By(people, jid),
        Err(error) => {
            let why = notice::no_chat_address(language, &people, &error.to_string());
            Reached::Not(format!("{why}."))
        }
    }
}

fn answer(language: Language, html: &mut String, mail: &str, jid: &BareJid) {
    let link = commands::link(jid);
    let _ = write!(
        html,
        "<section aria-labelledby=\"reached\"><h2 id=\"reached\"><bdi>{}</bdi></h2>\n<p>{}: <code>{}</code></p>\n\
         <p><a class=\"link\" href=\"{}\">{}</a></p>\n",
        escaped(mail),
        escaped(&say!(language, "label-chat-address")),
        escaped(jid.as_str()),
        escaped(&link),
        escaped(&say!(language, "write-page-open")),
    );
    if let Some(code) = code(&link, &say!(language, "write-page-code-of", mail = mail)) {
        let scan = escaped(&say!(language, "write-page-scan"));
        let _ = writeln!(html, "<p>{scan}</p>\n{code}");
    }
    let _ = writeln!(
        html,
        "<p class=\"note\">{}</p></section>",
        escaped(&say!(language, "write-page-note"))
    );
}

/// The code of a link as a picture, dark on light also where the page is dark; `None`: the link is too long for one.
fn code(link: &str, name: &str) -> Option<String> {
    let segments = QrSegment::make_segments(link);
    let (ecc, first, last) = (QrCodeEcc::Medium, Version::MIN, Version::new(VERSION_MAX));
    let code = QrCode::encode_segments_advanced(&segments, ecc, first, last, None, true).ok()?;
    let side = code.size().saturating_add(QUIET.saturating_mul(2));
    let mut dark = String::new();
    for row in 0..code.size() {
        for column in 0..code.size() {
            if code.get_module(column, row) {
                let (x, y) = (column.saturating_add(QUIET), row.saturating_add(QUIET));
                let _ = write!(dark, "M{x} {y}h1v1h-1z");
            }
        }
    }
    Some(format!(
        "<svg viewBox=\"0 0 {side} {side}\" role=\"img\" aria-label=\"{}\" shape-rendering=\"crispEdges\">\
         <rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/><path d=\"{dark}\" fill=\"#000\"/></svg>",
        escaped(name)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(typed: Option<&str>) -> String {
        page(Language::ENGLISH, &own(), typed)
    }

    fn own() -> WritePage {
        let domain = |name| DomainPart::new(name).unwrap().into_owned();
        WritePage {
            gateway: domain("gateway.a.example"),
            chats: vec![domain("a.example")],
        }
    }

    /// It got a JID behind which a mail was sent to nobody.
    #[test]
    fn an_address_of_the_chat_server_needs_no_mail_address() {
        let chats = "alice@a.example is an address at the chat server a.example.";
        for typed in [
            "alice@a.example",
            "Alice <alice@A.example>",
            "xmpp:alice@a.example",
        ] {
            let page = shown(Some(typed));
            for there in [
                chats,
                "href=\"xmpp:alice@a.example?message\"",
                "Only if it is a mail address as well",
                "<code>alice\\40a.example@gateway.a.example</code>",
            ] {
                assert!(page.contains(there), "{there} in {page}");
            }
        }
        // A contact's JID is one already.
        let page = shown(Some("carol\\40mail.example@gateway.a.example"));
        assert!(page.contains("href=\"xmpp:carol%5C40mail.example@gateway.a.example?message\""));
        assert!(!page.contains("Only if"), "{page}");
        let page = shown(Some("alice@b.a.example"));
        assert!(!page.contains("chat server b.a.example"), "{page}");
    }

    #[test]
    fn an_address_gets_its_jid_its_link_and_its_code() {
        for typed in [
            "carol@mail.example",
            " Carol <carol@mail.example> ",
            "mailto:carol@mail.example",
        ] {
            let page = shown(Some(typed));
            for there in [
                "<code>carol\\40mail.example@gateway.a.example</code>",
                "href=\"xmpp:carol%5C40mail.example@gateway.a.example?message\"",
                "<svg viewBox=\"0 0 ",
                "<bdi>carol@mail.example</bdi>",
            ] {
                assert!(page.contains(there), "{there} in {page}");
            }
        }
        let empty = shown(None);
        assert_eq!(empty, shown(Some("  ")));
        assert!(empty.contains("<form method=\"get\">") && !empty.contains("<svg"));
    }

    /// Read again by its modules: the link, and nothing else.
    #[test]
    fn the_code_is_that_of_the_link() {
        let link = "xmpp:carol%5C40mail.example@gateway.a.example?message";
        let svg = code(link, "x").unwrap();
        let own = QrCode::encode_text(link, QrCodeEcc::Medium).unwrap();
        let count = (0..own.size())
            .flat_map(|y| (0..own.size()).map(move |x| (x, y)))
            .filter(|(x, y)| own.get_module(*x, *y))
            .inspect(|(x, y)| {
                let module = format!("M{} {}h1v1h-1z", x + QUIET, y + QUIET);
                assert!(svg.contains(&module), "{module}");
            })
            .count();
        assert_eq!(svg.matches("h1v1h-1z").count(), count);
        assert_eq!(code(&"x".repeat(2000), "x"), None);
    }

    #[test]
    fn what_is_typed_is_never_markup() {
        for hostile in [
            "\"><script>alert(1)</script>@mail.example",
            "</form><img src=x onerror=alert(2)>",
            "'\" onfocus=alert(3) autofocus x=\"@mail.example",
            "<svg/onload=alert(4)>@x",
            "javascript:alert(5)@mail.example",
        ] {
            let page = shown(Some(hostile));
            for bad in [
                "<script",
                "<img",
                "<svg/",
                "\" onfocus",
                "href=\"javascript",
            ] {
                assert!(!page.contains(bad), "{bad} in {page}");
            }
        }
    }

    #[test]
    fn what_is_no_address_is_told_and_what_is_too_long_is_not_repeated() {
        for typed in ["carol", "@", "a@b@c d", "carol@", "straße@mail.example"] {
            let page = shown(Some(typed));
            assert!(
                page.contains("role=\"alert\"") && !page.contains("<svg"),
                "{page}"
            );
        }
        let long = format!("{}@mail.example", "x".repeat(100_000));
        let page = shown(Some(&long));
        assert!(
            page.len() < 10_000 && page.contains("is too long"),
            "{}",
            page.len()
        );
    }

    #[test]
    fn every_language_has_it() {
        for language in Language::all() {
            let page = page(language, &own(), Some("carol@mail.example"));
            assert!(page.contains(&format!("<html lang=\"{}\">", language.tag())));
            assert!(page.contains("gateway.a.example") && !page.contains("write-page-"));
        }
    }
}
