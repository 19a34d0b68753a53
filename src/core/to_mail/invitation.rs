//! The page beside the text of an invitation: the same words, and one link that writes the answer. Nothing in it is loaded from
//! anywhere, and it has no colours of its own, so that it is read on light and on dark.

use crate::core::address::MailAddress;
use crate::core::id::MessageId;
use crate::core::language::Language;
use crate::core::notice::Invitation;
use crate::core::page::escape::escaped;
use crate::core::text::subject;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What need not be encoded in a link to an address (RFC 6068 §2): of what could, only this.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@');

/// The page of an invitation by somebody who has this address, in this mail.
pub fn invitation(
    language: Language,
    invitation: &Invitation,
    from: &MailAddress,
    mail: &MessageId,
) -> String {
    let lang = language.tag();
    let title = escaped(&invitation.subject);
    let (above, below) = (
        paragraphs(&invitation.greeting),
        paragraphs(&invitation.how),
    );
    let link = escaped(&answer(invitation, from, mail));
    let accept = escaped(&invitation.accept);
    format!(
        "<!DOCTYPE html>\n<html lang=\"{lang}\"><head><meta charset=\"utf-8\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title></head>\n\
         <body style=\"font-family:sans-serif;line-height:1.5;max-width:36em\">\n{above}\
         <p><a href=\"{link}\" style=\"display:inline-block;padding:0.5em 1.5em;border:2px solid;\
         border-radius:0.5em;font-weight:bold;text-decoration:none\">{accept}</a></p>\n{below}\
         </body></html>\n"
    )
}

/// RFC 6068: the answer as a mail program writes it.
fn answer(invitation: &Invitation, from: &MailAddress, mail: &MessageId) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
    format!(
        "mailto:{}?subject={}&body={}&In-Reply-To={}",
        encoded(&from.to_string()),
        encoded(&subject::reply(&invitation.subject)),
        encoded(&invitation.yes),
        encoded(&mail.in_brackets())
    )
}

fn paragraphs(text: &str) -> String {
    let paragraph = |text: &str| format!("<p>{}</p>\n", escaped(text).replace('\n', "<br>"));
    text.split("\n\n").map(paragraph).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(language: &str, greeting: &str) -> String {
        let said = Invitation {
            subject: "A <b> & B".to_owned(),
            greeting: greeting.to_owned(),
            how: "How\nso".to_owned(),
            accept: "Accept".to_owned(),
            yes: "Sí".to_owned(),
        };
        let from = MailAddress::parse("a+b@chat.a.example").unwrap();
        let mail = MessageId::of_raw(b"1");
        invitation(Language::of_tag(language).unwrap(), &said, &from, &mail)
    }

    #[test]
    fn its_only_link_writes_the_answer() {
        let page = page("es", "Hola");
        assert_eq!(page.matches("href=").count(), 1);
        assert!(page.contains(
            "href=\"mailto:a%2Bb@chat.a.example?subject=Re%3A%20A%20%3Cb%3E%20%26%20B&amp;body=S%C3%AD&amp;In-Reply-To=%3C"
        ), "{page}");
        assert!(page.contains("<html lang=\"es\">"));
        assert!(page.contains("<p>How<br>so</p>"));
    }

    #[test]
    fn words_of_a_user_are_nothing_but_words() {
        let page = page(
            "en",
            "\"><script>x</script>\n\n<img src='http://e.example'>",
        );
        assert!(
            !page.contains("<script") && !page.contains("<img"),
            "{page}"
        );
        assert!(page.contains("&quot;&gt;&lt;script&gt;"), "{page}");
        assert!(page.contains("&lt;img src=&#39;http://e.example&#39;&gt;"));
    }
}
