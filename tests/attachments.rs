//! Files as mail programs attach them, and what their reader is told of each: the text, then a line for each file.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use stanzamail::core::from_mail::{self, ParsedMail, attachment_line};
use stanzamail::core::language::Language;

/// What stands in place of a file's octets.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x04\0\0\0\x04\x08\x02\0\0\0";
const PDF: &[u8] = b"%PDF-1.7\n";
const OGG: &[u8] = b"OggS\0\x02";
const ZIP: &[u8] = b"PK\x05\x06\0\0\0\0";

/// A part in base64.
fn part(header: &str, octets: &[u8]) -> String {
    let encoded = STANDARD.encode(octets);
    format!("{header}\r\nContent-Transfer-Encoding: base64\r\n\r\n{encoded}\r\n")
}

/// A mail of a text and these parts.
fn mixed(parts: &[String]) -> String {
    let text = "Content-Type: text/plain\r\n\r\nLook".to_owned();
    multipart("mixed", &[&[text], parts].concat())
}

fn multipart(kind: &str, parts: &[String]) -> String {
    let mut all = format!("Content-Type: multipart/{kind}; boundary=limit\r\n\r\n");
    for part in parts {
        all += &format!("--limit\r\n{part}\r\n");
    }
    all + "--limit--\r\n"
}

fn read(mail: &str) -> ParsedMail {
    let header =
        "From: Bob <bob@mail.example>\r\nTo: alice@chat.a.example\r\nMIME-Version: 1.0\r\n";
    from_mail::read(format!("{header}{mail}").as_bytes(), &[], false).unwrap()
}

/// The text and the lines, with `|` between.
fn told(mail: &str) -> String {
    let mail = read(mail);
    let line = |one| attachment_line(Language::ENGLISH, one, None);
    let lines: Vec<String> = mail.attachments.iter().map(line).collect();
    [&[mail.text], lines.as_slice()].concat().join("|")
}

/// Of one part beside a text.
fn told_of(header: &str, octets: &[u8]) -> String {
    let told = told(&mixed(&[part(header, octets)]));
    told.strip_prefix("Look|").unwrap_or(&told).to_owned()
}

#[test]
fn whatever_way_a_name_is_written_it_is_the_name() {
    for (header, expected) in [
        (
            "Content-Type: image/png; name=\"a.png\"",
            "[image a.png, 29 bytes]",
        ),
        (
            "Content-Type: image/png; name=\"one.png\"\r\nContent-Disposition: attachment; filename=\"two.png\"",
            "[image two.png, 29 bytes]",
        ),
        (
            "Content-Type: image/png; name=My plan.png",
            "[image My plan.png, 29 bytes]",
        ),
        (
            "Content-Type: image/png; name=\"März.png\"",
            "[image März.png, 29 bytes]",
        ),
        (
            "Content-Type: image/png; name=\"=?iso-8859-1?Q?M=E4rz.png?=\"",
            "[image März.png, 29 bytes]",
        ),
        (
            "Content-Type: image/png;\r\n name=\"=?utf-8?B?TcOkcg==?=\r\n =?utf-8?B?ei5wbmc=?=\"",
            "[image März.png, 29 bytes]",
        ),
        // RFC 2231.
        (
            "Content-Type: image/png\r\nContent-Disposition: attachment; filename*=utf-8''M%C3%A4rz.png",
            "[image März.png, 29 bytes]",
        ),
        (
            "Content-Type: image/png; name*=iso-8859-1''M%E4rz.png",
            "[image März.png, 29 bytes]",
        ),
        (
            "Content-Type: image/png\r\nContent-Disposition: attachment;\r\n filename*0*=utf-8''M%C3%A4rz;\r\n filename*1*=%20;\r\n filename*2=\"2026.png\"",
            "[image März 2026.png, 29 bytes]",
        ),
        (
            "Content-Type: image/png; name=\"x.png\"\r\nContent-Disposition: attachment; filename=\"Marz.png\"; filename*=utf-8''M%C3%A4rz.png",
            "[image März.png, 29 bytes]",
        ),
        // What is no name of a file.
        (
            "Content-Type: image/png; name=\"../../etc/passwd\"",
            "[image passwd, 29 bytes]",
        ),
        (
            "Content-Type: image/png; name=\"C:\\Users\\bob\\plan.png\"",
            "[image plan.png, 29 bytes]",
        ),
        (
            "Content-Type: image/png\r\nContent-Disposition: attachment; filename*=utf-8''%E2%80%AEgnp.exe",
            "[image gnp.exe, 29 bytes]",
        ),
        (
            "Content-Type: image/png\r\nContent-Disposition: attachment; filename*=utf-8''a%00%0D%0Ab%1B%5Bm.png",
            "[image a b [m.png, 29 bytes]",
        ),
        ("Content-Type: image/png; name=\"..\"", "[image, 29 bytes]"),
        (
            "Content-Type: image/png\r\nContent-Disposition: attachment",
            "[image, 29 bytes]",
        ),
    ] {
        assert_eq!(told_of(header, PNG), expected, "{header}");
    }
}

#[test]
fn a_name_of_five_hundred_letters_keeps_its_ending_and_is_short() {
    let ascii = format!("Content-Type: image/png; name=\"{}.png\"", "x".repeat(500));
    let encoded = "%C3%A4".repeat(500);
    let wide = format!("Content-Type: image/png; name*=utf-8''{encoded}.png");
    for header in [ascii, wide] {
        let told = told_of(&header, PNG);
        assert!(
            told.ends_with(".png, 29 bytes]") && told.len() < 150,
            "{told}"
        );
    }
}

#[test]
fn a_file_is_called_what_it_is() {
    let octets = "Content-Type: application/octet-stream; name=";
    for (header, content, expected) in [
        (
            format!("{octets}photo.png"),
            PNG,
            "[image photo.png, 29 bytes]",
        ),
        (
            "Content-Type: application/octet-stream".to_owned(),
            PNG,
            "[image, 29 bytes]",
        ),
        (format!("{octets}plan.pdf"), PDF, "[PDF plan.pdf, 9 bytes]"),
        (format!("{octets}a.ogg"), OGG, "[audio a.ogg, 6 bytes]"),
        (format!("{octets}a.zip"), ZIP, "[file a.zip, 8 bytes]"),
        (
            format!("{octets}a.html"),
            b"<html><script>".as_slice(),
            "[file a.html, 14 bytes]",
        ),
        (
            "Content-Disposition: attachment; filename=a.png".to_owned(),
            PNG,
            "[image a.png, 29 bytes]",
        ),
        (
            "Content-Type: image/png; name=a.png".to_owned(),
            b"",
            "[image a.png, 0 bytes]",
        ),
        (
            "Content-Type: application/pdf; name=a.pdf".to_owned(),
            b"",
            "[PDF a.pdf, 0 bytes]",
        ),
        (
            "Content-Type: text/csv; name=a.csv".to_owned(),
            b"a,b",
            "[text a.csv, 3 bytes]",
        ),
        (
            "Content-Type: application/pgp-keys; name=key.asc".to_owned(),
            b"xy",
            "[OpenPGP key key.asc, 2 bytes]",
        ),
        (
            "Content-Type: message/rfc822".to_owned(),
            b"Subject: Inner one\r\n\r\nHello",
            "[mail Inner one, 27 bytes]",
        ),
    ] {
        assert_eq!(told_of(&header, content), expected, "{header}");
    }
}

#[test]
fn a_mail_that_is_a_file_and_nothing_else_is_that_file() {
    let header = "Content-Type: image/png; name=a.png";
    assert_eq!(told(&part(header, PNG)), "|[image a.png, 29 bytes]");
    let partial = "Content-Type: message/partial; id=\"x@y\"; number=2; total=3\r\n\r\nAAAA\r\n";
    assert_eq!(told(partial), "|[piece of a mail, 6 bytes]");
}

#[test]
fn a_file_that_lies_elsewhere_is_named_with_its_address() {
    let url = "Content-Type: message/external-body; access-type=URL;\r\n URL=\"https://files.mail.example/\r\n a.pdf\"\r\n\r\nContent-Type: application/pdf; name=\"a.pdf\"\r\n";
    assert_eq!(
        told(&mixed(&[url.to_owned()])),
        "Look\n\na.pdf: https://files.mail.example/a.pdf"
    );
    let local = "Content-Type: message/external-body; access-type=local-file; name=\"/u/a\"\r\n\r\nContent-Type: text/plain\r\n";
    let told = told(&mixed(&[local.to_owned()]));
    assert!(told.starts_with("Look|[message"), "{told}");
}

#[test]
fn what_only_a_mac_knows_of_a_file_is_no_file() {
    let fork = part(
        "Content-Type: application/applefile; name=a.pdf",
        b"\0\x05\x16\x07",
    );
    let file = part("Content-Type: application/pdf; name=a.pdf", PDF);
    let both = multipart("appledouble", &[fork, file]).replace("limit", "inner");
    assert_eq!(told(&mixed(&[both])), "Look|[PDF a.pdf, 9 bytes]");
}

#[test]
fn sixty_files_are_sixty() {
    let parts: Vec<String> = (0..60)
        .map(|number| part(&format!("Content-Type: image/png; name={number}.png"), PNG))
        .collect();
    let mail = read(&mixed(&parts));
    assert_eq!(mail.attachments.len(), 60);
    let names = mail.attachments.iter().filter_map(|one| one.name.clone());
    assert!(names.eq((0..60).map(|number| format!("{number}.png"))));
}

/// `winmail.dat` with one text and one file, as Outlook writes it; its own tests are at its reader.
fn winmail() -> Vec<u8> {
    let mut all = b"\x78\x9f\x3e\x22\x01\0".to_vec();
    for (id, value) in [
        (0x0002_800c_u32, b"Words of Outlook\0".as_slice()),
        (0x0006_9002, &[0; 14]),
        (0x0001_8010, b"photo.png\0"),
        (0x0006_800f, PNG),
    ] {
        all.push(1);
        all.extend(id.to_le_bytes());
        all.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
        all.extend(value);
        all.extend([0, 0]);
    }
    all
}

#[test]
fn of_winmail_dat_the_files_are_shown_and_the_text_where_there_is_no_other() {
    for header in [
        "Content-Type: application/ms-tnef; name=\"winmail.dat\"",
        "Content-Type: application/octet-stream; name=\"winmail.dat\"",
    ] {
        let part = part(header, &winmail());
        let beside = told(&mixed(std::slice::from_ref(&part)));
        assert_eq!(beside, "Look|[image photo.png, 29 bytes]");
        let alone = told(&multipart("mixed", std::slice::from_ref(&part)));
        assert_eq!(alone, "Words of Outlook|[image photo.png, 29 bytes]");
        let mail = mixed(&[part]).into_bytes();
        let files = from_mail::attachments(&mail.into());
        assert_eq!(**files[0].content.as_ref().unwrap().whole().unwrap(), *PNG);
    }
    let damaged = part(
        "Content-Type: application/ms-tnef; name=\"winmail.dat\"",
        b"xy",
    );
    assert_eq!(
        told(&mixed(&[damaged])),
        "Look|[Outlook attachments winmail.dat, 2 bytes]"
    );
}

/// A big file is not taken out of its mail, and what is read of it is the same.
#[test]
fn a_big_file_is_decoded_where_it_lies() {
    let octets: Vec<u8> = (0..1_000_000).map(|at| (at / 7) as u8).collect();
    let digits = STANDARD.encode(&octets);
    let lines: Vec<&str> = digits
        .as_bytes()
        .chunks(76)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    for (body, is_in_place) in [
        (lines.join("\r\n"), true),
        (format!("{}\r\n!!", lines.join("\r\n")), false),
    ] {
        let part = format!(
            "Content-Type: application/x-own; name=a.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}"
        );
        let mail = mixed(&[part]).into_bytes().into();
        let files = from_mail::attachments(&mail);
        let inside = files[0].content.as_ref().unwrap();
        assert_eq!(matches!(inside, from_mail::Inside::Base64(..)), is_in_place);
        assert!(*inside.whole().unwrap() == octets);
    }
}
