//! A mail in any charset, or in none that exists, is readable text in valid XML.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use encoding_rs::{Encoding, GB18030, ISO_2022_JP, WINDOWS_1251, WINDOWS_1252};

use super::servers::{Flavour, XmppClient};
use super::world::{Options, World};

#[tokio::test]
async fn on_prosody() {
    read_them(World::start().await, "alice").await;
}

#[tokio::test]
async fn on_ejabberd() {
    read_them(
        World::on(Flavour::Ejabberd, Options::default()).await,
        "bob",
    )
    .await;
}

async fn read_them(world: World, name: &str) {
    let user = world.login(name).await;
    let russian = ("Встреча", "Привет, увидимся завтра в семь?");
    comes(&world, &user, "windows-1251", WINDOWS_1251, russian).await;
    let japanese = ("会議", "こんにちは、明日の七時に会いましょう。");
    comes(&world, &user, "ISO-2022-JP", ISO_2022_JP, japanese).await;
    let chinese = ("会议", "你好,我们明天七点见。𠮷");
    comes(&world, &user, "GB18030", GB18030, chinese).await;
    let unknown = ("Gruesse", "Grüße aus Köln – schöne Tage für Bärbel");
    comes(&world, &user, "x-no-such-charset", WINDOWS_1252, unknown).await;

    // Not UTF-8, and with characters that XML forbids: what can be read is kept.
    let broken = b"valid \xc3\xa9 broken \xc3( \x01\x08\xef\xbf\xbf end";
    sends(&world, &user, "utf-8", "plain", broken).await;
    user.next_message_saying("*plain*\nvalid é broken \u{FFFD}(  end")
        .await;
}

/// Subject and text arrive as they were before they were encoded.
async fn comes(
    world: &World,
    user: &XmppClient,
    label: &str,
    encoding: &'static Encoding,
    (subject, text): (&str, &str),
) {
    let (encoded, _, failed) = encoding.encode(text);
    assert!(!failed, "{label} has every character of the text");
    let (written, _, _) = encoding.encode(subject);
    let subject_line = format!("=?{label}?B?{}?=", STANDARD.encode(written));
    sends(world, user, label, &subject_line, &encoded).await;
    user.next_message_saying(&format!("*{subject}*\n{text}"))
        .await;
}

async fn sends(world: &World, user: &XmppClient, label: &str, subject: &str, text: &[u8]) {
    let to = user.bare().replace('@', "@chat.");
    let head = format!(
        "From: Carol <carol@mail.example>\nTo: {to}\nSubject: {subject}\nMIME-Version: 1.0\n\
         Content-Type: text/plain; charset={label}\nContent-Transfer-Encoding: 8bit\n\n"
    );
    let mail = [head.as_bytes(), text, b"\n"].concat();
    let sent = world.mail.submit("carol@mail.example", &[&to], mail).await;
    sent.expect("Postfix takes any octets");
}
