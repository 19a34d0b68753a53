//! Carol uses Delta Chat and lets mails pass that are not encrypted. What she and Alice write to each other looks on both sides as it
//! does between two of a kind: no subjects, no footers, and quotations, reactions, corrections and pictures that are some.

use super::files_of_a_mail_arrive::PNG;
use super::files_of_a_user_are_attached::put;
use super::servers::delta_chat::{DELIVERED, DeltaChat, READ};
use super::servers::process::Folder;
use super::servers::stanza::{body, find, stanza_id, subject};
use super::servers::{MailOptions, PATIENCE, XmppClient};
use super::world::{AUTHSERV_ID, Options, World};
use minidom::Element;
use serde_json::{Value, json};

const CAROL: &str = "carol@mail.example";
const ALICE: &str = "alice@chat.a.example";
const REPLY: &str = "urn:xmpp:reply:0";
const REACTIONS: &str = "urn:xmpp:reactions:0";
const CORRECTION: &str = "urn:xmpp:message-correct:0";

/// Alice's client and Carol's, with the chat in it.
struct Chat {
    world: World,
    alice: XmppClient,
    carol: DeltaChat,
    number: u64,
}

#[tokio::test]
async fn both_ways() {
    let options = Options {
        mail: MailOptions::default().verified(AUTHSERV_ID),
        more: format!(
            "[trust]\nauthserv_ids = [\"{AUTHSERV_ID}\"]\n[http]\nfetch_from = [\"127.0.0.1\"]\n"
        ),
        ..Options::default()
    };
    let world = World::with(options).await;
    let alice = world.login("alice").await;
    let mut carol = DeltaChat::login(&world.mail, CAROL, "Carol").await;
    let number = carol.chat(ALICE).await;
    let mut chat = Chat {
        world,
        alice,
        carol,
        number,
    };
    let (hello, shown) = carol_begins(&mut chat).await;
    let hi = alice_answers(&mut chat, &shown).await;
    reactions(&mut chat, (hello, &shown), hi).await;
    corrections(&mut chat, (hello, &shown), hi).await;
    a_receipt(&mut chat, hello).await;
    pictures(&mut chat).await;
    a_voice_message_and_a_sticker(&mut chat).await;
}

fn says(words: &'static str) -> impl Fn(&Value) -> bool {
    move |message: &Value| message["text"] == words
}

fn number(message: &Value) -> u64 {
    message["id"].as_u64().expect("the number of a message")
}

/// The stanza with a child of this kind.
async fn with(alice: &XmppClient, name: &'static str, namespace: &'static str) -> Element {
    alice
        .expect(
            move |stanza| find(stanza, name, namespace).is_some(),
            PATIENCE,
        )
        .await
}

fn names(stanza: &Element, name: &str, namespace: &str) -> String {
    let child = find(stanza, name, namespace).unwrap_or_else(|| panic!("{stanza:?}"));
    child.attr("id").expect("it names a message").to_owned()
}

/// Carol's message, as she and as Alice know it: neither the subject that Delta Chat writes is shown nor its footer.
async fn carol_begins(chat: &mut Chat) -> (u64, String) {
    let hello = json!({"text": "Hello from Delta Chat"});
    let hello = chat.carol.send(chat.number, hello).await;
    let shown = chat
        .alice
        .next_message_saying("Hello from Delta Chat")
        .await;
    assert_eq!(subject(&shown), None);
    let text = body(&shown).unwrap();
    assert!(text.ends_with("Hello from Delta Chat"), "{text}");
    chat.carol
        .shown(hello, |shown| shown["state"] == DELIVERED)
        .await;
    (hello, stanza_id(&shown))
}

/// Alice's answer, as Carol knows it. The first one is a line, the second a quotation, and Carol quotes the first one.
async fn alice_answers(chat: &mut Chat, about: &str) -> u64 {
    let to = chat.world.contact(CAROL);
    let request = "<request xmlns='urn:xmpp:receipts'/>";
    let hi =
        format!("<message to='{to}' type='chat' id='a1'><body>Hi Caroll</body>{request}</message>");
    chat.alice.send(hi).await;
    let receipt = with(&chat.alice, "received", "urn:xmpp:receipts").await;
    assert_eq!(names(&receipt, "received", "urn:xmpp:receipts"), "a1");
    let hi = number(&chat.carol.expect(chat.number, says("Hi Caroll")).await);

    let quoted = "&gt; Hello from Delta Chat\n";
    let fallback = format!(
        "<fallback xmlns='urn:xmpp:fallback:0' for='{REPLY}'><body start='0' end='24'/></fallback>"
    );
    let reply = format!("<reply xmlns='{REPLY}' to='{to}' id='{about}'/>{fallback}");
    let reply = format!(
        "<message to='{to}' type='chat' id='a2'><body>{quoted}How is it?</body>{reply}</message>"
    );
    chat.alice.send(reply).await;
    let reply = chat.carol.expect(chat.number, says("How is it?")).await;
    assert_eq!(reply["quote"]["text"], "Hello from Delta Chat", "{reply:#}");
    assert_eq!(reply["quote"]["kind"], "WithMessage", "{reply:#}");

    let quoting = json!({"text": "Fine, thanks", "quotedMessageId": hi});
    chat.carol.send(chat.number, quoting).await;
    let quoting = "> Hi Caroll\n\nFine, thanks";
    let shown = chat.alice.next_message_saying(quoting).await;
    assert_eq!(names(&shown, "reply", REPLY), "a1");
    let fallback = find(&shown, "fallback", "urn:xmpp:fallback:0").expect("the quotation");
    let range = fallback.children().next().expect("of the body");
    assert_eq!(
        (range.attr("start"), range.attr("end")),
        (Some("0"), Some("13"))
    );
    hi
}

async fn reactions(chat: &mut Chat, (hello, shown): (u64, &str), hi: u64) {
    let to = chat.world.contact(CAROL);
    let react = |id: &str, emoji: &str| {
        format!(
            "<message to='{to}' type='chat' id='{id}'><reactions xmlns='{REACTIONS}' id='{shown}'>{emoji}</reactions></message>"
        )
    };
    let has = |emoji: &'static str| {
        move |message: &Value| message["reactions"].to_string().contains(emoji)
    };
    chat.alice
        .send(react("r1", "<reaction>👍</reaction>"))
        .await;
    chat.carol.shown(hello, has("👍")).await;
    chat.alice.send(react("r2", "")).await;
    chat.carol
        .shown(hello, |message| message["reactions"].is_null())
        .await;

    chat.carol.react(hi, &["🎉"]).await;
    let reaction = with(&chat.alice, "reactions", REACTIONS).await;
    assert_eq!(names(&reaction, "reactions", REACTIONS), "a1");
    let emoji = find(&reaction, "reaction", REACTIONS).map(Element::text);
    assert_eq!(emoji.as_deref(), Some("🎉"));
}

async fn corrections(chat: &mut Chat, (hello, shown): (u64, &str), hi: u64) {
    let to = chat.world.contact(CAROL);
    let correction = format!("<body>Hi Carol</body><replace xmlns='{CORRECTION}' id='a1'/>");
    let correction = format!("<message to='{to}' type='chat' id='a3'>{correction}</message>");
    chat.alice.send(correction).await;
    let edited = chat.carol.shown(hi, says("Hi Carol")).await;
    assert_eq!(edited["isEdited"], true, "{edited:#}");

    chat.carol.edit(hello, "Hello by Delta Chat").await;
    let correction = with(&chat.alice, "replace", CORRECTION).await;
    assert_eq!(names(&correction, "replace", CORRECTION), shown);
    assert_eq!(body(&correction).unwrap(), "Hello by Delta Chat");
}

/// Cores before 2.63 ask for receipts, and this one believes them still: a mail as those write it, in the name of one of its own.
async fn a_receipt(chat: &mut Chat, hello: u64) {
    let id = chat.carol.message_id(hello).await;
    let mail = format!(
        "From: {CAROL}\nTo: {ALICE}\nMessage-ID: <{}>\nDate: {}\nChat-Version: 1.0\n\
         Chat-Disposition-Notification-To: {CAROL}\n\nHave you read it?\n",
        id.trim_matches(['<', '>']),
        chrono::Utc::now().to_rfc2822(),
    );
    chat.world
        .mail
        .submit_as(CAROL, CAROL, &[ALICE], mail)
        .await;
    let asked = chat.alice.next_message_saying("Have you read it?").await;
    let markers = "urn:xmpp:chat-markers:0";
    assert!(find(&asked, "markable", markers).is_some(), "{asked:?}");
    let (to, shown) = (chat.world.contact(CAROL), stanza_id(&asked));
    let displayed =
        format!("<message to='{to}' id='d1'><displayed xmlns='{markers}' id='{shown}'/></message>");
    chat.alice.send(&displayed).await;
    chat.carol
        .shown(hello, |message| message["state"] == READ)
        .await;
}

async fn pictures(chat: &mut Chat) {
    let folder = Folder::new("picture");
    let file = folder.join("two.png");
    std::fs::write(&file, PNG).expect("it is ours");
    let picture = json!({"text": "Two by one", "file": file, "viewtype": "Image"});
    chat.carol.send(chat.number, picture).await;
    let text = chat.alice.next_message_saying("Two by one").await;
    assert_eq!(body(&text).unwrap(), "Two by one");
    let shown = with(&chat.alice, "x", "jabber:x:oob").await;
    assert!(
        body(&shown).is_some_and(|url| url.starts_with("http")),
        "{shown:?}"
    );

    let url = put(&chat.alice, "a.example", PNG).await;
    let to = chat.world.contact(CAROL);
    let picture = format!("<body>{url}</body><x xmlns='jabber:x:oob'><url>{url}</url></x>");
    let picture = format!("<message to='{to}' type='chat' id='p1'>{picture}</message>");
    chat.alice.send(picture).await;
    let is_picture = |message: &Value| message["viewType"] == "Image" && message["fromId"] != 1;
    let picture = chat.carol.expect(chat.number, is_picture).await;
    assert_eq!(picture["text"], "", "{picture:#}");

    // Nothing else was said: no subject, no second bubble for what was done to one.
    let all = chat.carol.messages(chat.number).await;
    let texts: Vec<&str> = all.iter().filter_map(|one| one["text"].as_str()).collect();
    let expected = [
        "Hello by Delta Chat",
        "Hi Carol",
        "How is it?",
        "Fine, thanks",
        "Two by one",
        "",
    ];
    assert_eq!(texts, expected);
}

/// A second of silence as an Ogg file begins: nobody plays it here.
const SOUND: &[u8] = b"OggS\0\x02\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead\x01\x01\x38\x01\x80\xbb\0\0\0\0\0";

async fn a_voice_message_and_a_sticker(chat: &mut Chat) {
    let to = chat.world.contact(CAROL);
    let shared = |url: &str, disposition: &str, file: &str| {
        format!(
            "<file-sharing xmlns='urn:xmpp:sfs:0'{disposition}><file xmlns='urn:xmpp:file:metadata:0'>{file}</file><sources>\
             <url-data xmlns='http://jabber.org/protocol/url-data' target='{url}'/></sources></file-sharing>"
        )
    };
    let url = put(&chat.alice, "a.example", SOUND).await;
    let file = "<name>voice.ogg</name><media-type>audio/ogg</media-type><length>1000</length>";
    let voice = shared(&url, " disposition='inline'", file);
    let voice = format!("<body>{url}</body>{voice}<x xmlns='jabber:x:oob'><url>{url}</url></x>");
    let voice = format!("<message to='{to}' type='chat' id='v1'>{voice}</message>");
    chat.alice.send(voice).await;
    let is_new = |kind: &'static str| {
        move |message: &Value| message["viewType"] == kind && message["fromId"] != 1
    };
    let voice = chat.carol.expect(chat.number, is_new("Voice")).await;
    assert_eq!(voice["duration"], 1000, "{voice:#}");

    let url = put(&chat.alice, "a.example", PNG).await;
    let file = "<name>hug.png</name><media-type>image/png</media-type><desc>🤗</desc>";
    let sticker = shared(&url, "", file);
    let pack = "<sticker xmlns='urn:xmpp:stickers:0' pack='EpRv28DHHzFrE4zd+xaNpVb4'/>";
    let sticker = format!("<body>🤗</body>{sticker}{pack}");
    let sticker = format!("<message to='{to}' type='chat' id='s1'>{sticker}</message>");
    chat.alice.send(sticker).await;
    let sticker = chat.carol.expect(chat.number, is_new("Sticker")).await;
    assert_eq!(sticker["text"], "", "{sticker:#}");
}
