//! What holds for every text and every mail, tried on many that nobody would think of.

use jid::DomainPart;
use proptest::prelude::*;
use stanzamail::core::address::{self, MailAddress};
use stanzamail::core::from_mail::{self, ParsedMail};
use stanzamail::core::limits;
use stanzamail::core::settings::default_recipient_headers;
use stanzamail::core::text::{charset, clean, flowed, html, subject};

/// What mails are made of, to be put together in any order.
const PIECES: &[&str] = &[
    "From: ",
    "To: ",
    "Subject: ",
    "Date: ",
    "Message-ID: ",
    "References: ",
    "Delivered-To: ",
    "Return-Path: <>",
    "Content-Type: text/plain",
    "Content-Type: text/html",
    "Content-Type: multipart/mixed; boundary=b",
    "Content-Type: multipart/alternative; boundary=\"b\"",
    "Content-Type: message/rfc822",
    "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
    "Content-Type: message/delivery-status",
    "Content-Type: message/disposition-notification",
    "Content-Type: text/rfc822-headers",
    "Final-Recipient: rfc822; ",
    "Action: failed",
    "Status: 5.1.1",
    "Diagnostic-Code: smtp; 550-5.1.1 ",
    "Disposition: a/b; displayed",
    "X-Failed-Recipients: ",
    "Hi. This is the qmail-send program",
    "--- Below this line is a copy of the message.",
    "; charset=utf-16",
    "; charset=iso-2022-jp",
    "; charset=gb18030",
    "; charset=utf-7",
    "; format=flowed; delsp=yes",
    "; name=\"",
    "; filename*0*=utf-8''%E2%80%AE",
    "Content-Transfer-Encoding: base64",
    "Content-Transfer-Encoding: quoted-printable",
    "Content-Disposition: attachment",
    "\r\n",
    "\r\n\r\n",
    "\n",
    "\r\n--b\r\n",
    "\r\n--b--\r\n",
    " ",
    "\t",
    "<a@b.example>",
    "a@b.example",
    ",",
    ";",
    ":",
    "\"",
    "(",
    ")",
    "=?utf-8?q?=E2=80=AE?=",
    "=?iso-2022-jp?b?GyRC?=",
    "=?utf-8?b?AA==?=",
    "=E9",
    "=",
    "\u{1b}$B",
    "\u{202e}",
    "\0",
    "\u{9b}",
    "\u{fffe}",
    "ü",
    "👍",
    "../../x",
    "..",
    "<b>",
    "<p hidden>",
    "</p>",
    "<a href='https://x.example/'>",
    "</a>",
    "<blockquote>",
    "<ul><li>",
    "<td>",
    "<pre>",
    "&#8238;",
    "&#0;",
    "&nbsp;",
    "<!--",
    "-->",
    "<script>",
    "> ",
    ">>",
    "-- ",
    "Re: ",
    "Auto-Submitted: ",
    "XMPP-Bridge-Hops: 99999999999",
];

fn any_mail() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => proptest::sample::select(PIECES).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..8),
        1 => any::<String>().prop_map(String::into_bytes),
    ];
    proptest::collection::vec(piece, 0..80).prop_map(|pieces| pieces.concat())
}

/// A mail whose header says that the body is `media_type` with the given bytes.
fn mail_of(head: &str, body: &[u8]) -> Vec<u8> {
    let mut mail = format!("From: a@b.example\r\n{head}\r\n\r\n").into_bytes();
    mail.extend_from_slice(body);
    mail
}

fn read(bytes: &[u8]) -> Option<ParsedMail> {
    from_mail::read(bytes, &default_recipient_headers(), false).ok()
}

fn is_clean_line(line: &str) -> bool {
    !line.is_empty()
        && line.trim() == line
        && line
            .chars()
            .all(|c| clean::is_xml_char(c) && !c.is_control() && !clean::is_bidi_control(c))
}

/// As a client gets it: written into a stanza and parsed from it.
fn through_xml(text: &str) -> String {
    let body = minidom::Element::builder("body", "jabber:client")
        .append(text)
        .build();
    let parsed: minidom::Element = String::from(&body).parse().unwrap();
    parsed.text()
}

fn check(mail: &ParsedMail) -> Result<(), TestCaseError> {
    prop_assert_eq!(&through_xml(&mail.text), &mail.text);
    prop_assert!(mail.text.len() <= limits::BODY_OCTETS_MAX);
    prop_assert_eq!(mail.text.trim_end(), &mail.text);
    let names = mail
        .attachments
        .iter()
        .filter_map(|one| one.name.as_deref());
    for name in names {
        prop_assert!(is_clean_line(name) && name.len() <= 120, "{name:?}");
        prop_assert!(
            !name.contains(['/', '\\']) && !name.starts_with('.'),
            "{name:?}"
        );
    }
    let people = mail
        .from
        .iter()
        .chain(&mail.to)
        .chain(&mail.cc)
        .chain(&mail.reply_to);
    let lines = people
        .filter_map(|person| person.name.as_deref())
        .chain(mail.subject.as_deref())
        .chain(mail.base_subject.as_deref())
        .chain(mail.bridge.as_deref())
        .chain(mail.jabber_id.as_deref())
        .chain(mail.attachments.iter().map(|one| one.media_type.as_str()));
    for line in lines {
        prop_assert!(is_clean_line(line), "{line:?}");
    }
    Ok(())
}

fn domain() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("mail.example".to_owned()),
        Just("bücher.example".to_owned()),
        Just("xn--bcher-kva.example".to_owned()),
        Just("[192.0.2.1]".to_owned()),
        "[a-zA-Z0-9ßéäλяא日]{1,8}\\.[a-z]{2,5}",
    ]
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic_and_into_clean_values(bytes in any_mail()) {
        if let Some(mail) = read(&bytes) {
            check(&mail)?;
        }
    }

    #[test]
    fn any_body_of_any_charset_is_read_into_clean_values(
        body in proptest::collection::vec(any::<u8>(), 0..400),
        kind in proptest::sample::select(&["text/plain", "text/plain; format=flowed", "text/html"][..]),
        label in proptest::sample::select(&["utf-8", "utf-16", "utf-7", "iso-2022-jp", "gb18030", "shift_jis", "koi8-r", "x", "replacement"][..]),
        encoding in proptest::sample::select(&["8bit", "base64", "quoted-printable"][..]),
    ) {
        let head = format!("Content-Type: {kind}; charset={label}\r\nContent-Transfer-Encoding: {encoding}");
        check(&read(&mail_of(&head, &body)).unwrap())?;
    }

    #[test]
    fn plain_text_arrives_as_it_was_written(text in "[ -~äöü日👍\n]{0,400}") {
        let mail = read(&mail_of("Content-Type: text/plain; charset=utf-8", text.as_bytes())).unwrap();
        let lines = |text: &str| {
            let lines: Vec<String> = text.lines().map(|line| line.trim_end().to_owned()).collect();
            lines.join("\n").trim_end().trim_start_matches('\n').to_owned()
        };
        prop_assert_eq!(lines(&mail.text), lines(&text));
    }

    #[test]
    fn flowed_text_can_be_wrapped_and_unwrapped(
        lines in proptest::collection::vec("(>{0,3} ?|-- ?|From | {0,3})([a-zé日👍>-]{0,90} {0,3}){0,12}", 0..8)
    ) {
        let lines: Vec<&str> = lines.iter().map(|line| if line == "-- " { line.as_str() } else { line.trim_end_matches(' ') }).collect();
        let text = lines.join("\n");
        if let Some(wrapped) = flowed::wrap(&text) {
            prop_assert_eq!(flowed::unwrap(&wrapped, false), text);
            for line in wrapped.lines() {
                let has_break = line.trim_end().trim_start_matches(['>', ' ']).contains(' ');
                prop_assert!(line.chars().count() <= 72 || !has_break || line.starts_with("-- ") || line.contains("> -- "), "{line:?}");
            }
        } else {
            prop_assert!(text.lines().all(|line| line.chars().count() <= 72));
        }
    }

    #[test]
    fn unwrapping_any_text_loses_nothing_but_spaces_and_marks(text in "[a-z >\n-]{0,200}", delsp in any::<bool>()) {
        let letters = |text: &str| text.chars().filter(|c| c.is_ascii_lowercase()).collect::<String>();
        prop_assert_eq!(letters(&flowed::unwrap(&text, delsp)), letters(&text));
    }

    #[test]
    fn cleaning_leaves_what_xml_can_carry_and_is_done_at_once(text in any::<String>()) {
        let once = clean::for_xml(&text);
        prop_assert_eq!(&clean::for_xml(&once), &once);
        prop_assert_eq!(&through_xml(&once), &once);
        let line = clean::for_header(&text, 40);
        prop_assert!(line.is_empty() || is_clean_line(&line), "{line:?}");
        prop_assert!(line.chars().count() <= 40);
        prop_assert_eq!(&clean::for_header(&line, 40), &line);
    }

    #[test]
    fn a_base_subject_has_no_prefix(text in "((Re|AW|Fwd|回复|SV)(\\[[0-9]\\])? ?[:：] ?){0,4}[^:：]{0,20}") {
        let base = subject::base(&text);
        prop_assert_eq!(subject::base(base), base);
        let reply = subject::reply(&text);
        prop_assert_eq!(subject::base(&reply), base);
    }

    #[test]
    fn any_html_becomes_text_that_xml_can_carry(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..60), any in any::<String>()) {
        let source = pieces.concat() + &any;
        let (text, _) = html::to_text(&source);
        prop_assert_eq!(&through_xml(&text), &text);
        prop_assert!(!text.contains("\n\n\n") && text.lines().all(|line| line.trim_end() == line), "{text:?}");
    }

    #[test]
    fn html_without_markup_keeps_its_words(words in proptest::collection::vec("[a-zäλ日0-9]{1,8}", 1..20)) {
        prop_assert_eq!(html::to_text(&words.join(" \n ")).0, words.join(" "));
        prop_assert_eq!(html::to_text(&format!("<div><p>{}</p></div>", words.join("</p><p>"))).0, words.join("\n\n"));
    }

    #[test]
    fn utf8_is_decoded_as_itself_whatever_the_label_that_says_nothing(text in any::<String>()) {
        prop_assume!(!text.contains("\u{1b}$") && !text.starts_with('\u{feff}'));
        for label in [None, Some("us-ascii"), Some("unknown-8bit"), Some("utf-8"), Some("no-such-charset")] {
            prop_assert_eq!(charset::decode(label, text.as_bytes()), text.as_str());
        }
    }

    #[test]
    fn escaping_by_xep_0106_can_be_undone(text in "(\\\\|20|5c|5C|40|[ \"&'/:<>@a-f0-9é日]){0,30}", any in any::<String>()) {
        for text in [text, any] {
            prop_assert_eq!(address::unescape(&address::escape(&text)), text.as_str());
            let escaped = address::escape(&text);
            prop_assert!(!escaped.contains([' ', '"', '&', '\'', '/', ':', '<', '>', '@']), "{escaped}");
        }
    }

    #[test]
    fn an_address_is_the_same_after_it_was_written(local in "[ -~éßλΣſ日\u{202e}\u{2028}]{1,12}", domain in domain()) {
        let Ok(address) = MailAddress::from_parts(&local, &domain) else { return Ok(()) };
        for written in [address.to_string(), address.for_people()] {
            let again = MailAddress::parse(&written);
            prop_assert_eq!(again.as_ref(), Ok(&address), "{}", written);
            let again = again.unwrap();
            prop_assert_eq!(again.local(), address.local());
        }
        prop_assert!(is_clean_line(&address.to_string()), "{address:?}");
    }

    #[test]
    fn a_contacts_jid_stands_for_its_address_and_no_other(local in "[ -~éßλςΣſ日\u{212a}\u{ff21}]{1,12}", domain in domain()) {
        let gateway = DomainPart::new("gateway.example").unwrap().into_owned();
        let Ok(address) = MailAddress::from_parts(&local, &domain) else { return Ok(()) };
        if let Ok(jid) = address::contact_jid(&address, &gateway) {
            let node = jid.node().unwrap();
            prop_assert_eq!(address::address_of_node(node.as_str()), Ok(address), "{}", node);
        }
    }

    #[test]
    fn any_text_is_an_address_or_an_error_that_names_it(text in "[ -~é日\u{202e}@]{0,40}") {
        match MailAddress::parse(&text) {
            Ok(address) => prop_assert!(address.to_string().contains('@')),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}
