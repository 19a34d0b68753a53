//! What people meant for people becomes mail; what clients meant for clients does not, and whoever waits for it is told.

use crate::decided::{World, settings};
use jid::BareJid;
use stanzamail::core::address::MailAddress;
use stanzamail::core::context::{Need, Row};
use stanzamail::core::decide::decision::Decision;
use stanzamail::core::record::{Bulk, Options, Quotes};
use stanzamail::core::time::Timestamp;

const NOW: Timestamp = Timestamp::from_secs(1_795_946_400);
const CAROL: &str = "carol\\40mail.example@gateway.a.example";

fn of_stanza(stanza: &str) -> Decision {
    World::with(settings(), NOW).stanza(stanza)
}

/// A message of alice to carol with these children.
fn of_message(content: &str) -> Decision {
    of_stanza(&format!(
        "<message from='alice@a.example/phone' to='{CAROL}' type='chat' id='q1'>{content}</message>"
    ))
}

/// The text of the one mail that a message becomes.
fn mailed(content: &str) -> String {
    let decision = of_message(content);
    let [mail] = decision.mails.as_slice() else {
        panic!("{content}: {decision:?}");
    };
    let mail = mail_parser::MessageParser::default()
        .parse(&mail.bytes)
        .unwrap();
    let text = mail.body_text(0).unwrap().replace("\r\n", "\n");
    text.trim_end().to_owned()
}

#[test]
fn what_is_styled_is_mailed_as_typed_and_as_a_page() {
    let raw = |content: &str| {
        let decision = of_message(content);
        String::from_utf8(decision.mails[0].bytes.clone()).unwrap()
    };
    let styled = "<body>*Yes*, at &lt;eight&gt; or _nine_.\n&gt; *No*</body>";
    assert_eq!(mailed(styled), "*Yes*, at <eight> or _nine_.\n> *No*");
    let mail = raw(styled);
    assert!(
        mail.contains("Content-Type: multipart/alternative;"),
        "{mail}"
    );
    let (text, page) = mail.split_once("text/html").unwrap();
    assert!(text.contains("text/plain; charset=utf-8"), "{text}");
    let page = page.replace("=\r\n", "");
    assert!(
        page.contains("<strong>Yes</strong>, at &lt;eight&gt; or <em>nine</em>."),
        "{page}"
    );
    assert!(page.contains("<blockquote"), "{page}");
    for plain in [
        "<body>Yes, at 2*3*4</body>",
        "<body>*Yes*</body><unstyled xmlns='urn:xmpp:styling:0'/>",
    ] {
        assert!(!raw(plain).contains("multipart"), "{plain}");
    }
}

#[test]
fn a_subject_that_looks_encoded_is_read_as_it_was_typed() {
    let decision =
        of_message("<subject>=?utf-8?B?Y2VvQGJhbmsuZXhhbXBsZQ==?=</subject><body>Hi</body>");
    let mail = mail_parser::MessageParser::default()
        .parse(&decision.mails[0].bytes)
        .unwrap();
    let subject = mail.subject().unwrap();
    assert!(
        !subject.contains("bank") && subject.contains("Y2VvQGJhbmsuZXhhbXBsZQ=="),
        "{subject}"
    );
}

#[test]
fn what_stands_in_no_body_is_mailed_as_text() {
    #[rustfmt::skip]
    let table = [
        ("<x xmlns='jabber:x:oob'><url>https://u.example/p.jpg</url></x>", "https://u.example/p.jpg"),
        ("<body>Look</body><x xmlns='jabber:x:oob'><url>https://u.example/p.jpg</url></x>", "Look\nhttps://u.example/p.jpg"),
        ("<body>/me waves</body>", "* alice waves"),
        ("<body>Come at ten.</body><replace xmlns='urn:xmpp:message-correct:0' id='q0'/>", "Come at ten."),
        ("<body>/me comes at ten</body><replace xmlns='urn:xmpp:message-correct:0' id='q0'/>", "* alice comes at ten"),
        ("<x xmlns='jabber:x:conference' jid='garden@conference.a.example'/>", "Invitation to the chat room garden@conference.a.example\nxmpp:garden@conference.a.example?join"),
        ("<geoloc xmlns='http://jabber.org/protocol/geoloc'><lat>52.5</lat><lon>13</lon></geoloc>", "geo:52.5,13"),
        ("<subject>Call me</subject>", "Call me"),
        ("<body>He dies.</body><spoiler xmlns='urn:xmpp:spoiler:0'>Film</spoiler>", "Spoiler: Film\n.\n.\n.\n.\n.\n.\nHe dies."),
    ];
    for (content, text) in table {
        assert_eq!(mailed(content), text, "{content}");
    }
}

#[test]
fn a_message_that_is_not_known_cannot_be_taken_back_and_that_is_said() {
    let body =
        "<body>/me retracted a previous message, but it is unsupported by your client.</body>";
    for content in [
        format!(
            "<retract xmlns='urn:xmpp:message-retract:1' id='q0'/><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:message-retract:1'/>{body}"
        ),
        format!(
            "<apply-to xmlns='urn:xmpp:fasten:0' id='q0'><retract xmlns='urn:xmpp:message-retract:0'/></apply-to><fallback xmlns='urn:xmpp:fallback:0'/>{body}"
        ),
        format!("<retract xmlns='urn:xmpp:message-retract:1' id='q0'/>{body}"),
    ] {
        let decision = of_message(&content);
        assert!(
            decision.mails.is_empty() && decision.writes.is_empty(),
            "{content}"
        );
        let [told] = decision.stanzas.as_slice() else {
            panic!("{decision:?}");
        };
        let told = String::from(told);
        assert!(
            told.contains("is not known here") && told.contains("id='q0'"),
            "{told}"
        );
        // Sent again, the same is told under the same id.
        assert_eq!(String::from(&of_message(&content).stanzas[0]), told);
    }
}

#[test]
fn a_call_is_rejected_at_once() {
    for (content, rejected) in [
        (
            "<propose xmlns='urn:xmpp:jingle-message:0' id='c1'><description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'/></propose>",
            "<reject xmlns='urn:xmpp:jingle-message:0' id='c1'><reason xmlns='urn:xmpp:jingle:1'><decline/></reason></reject>",
        ),
        (
            "<invite xmlns='urn:xmpp:call-invites:0' id='c1' video='true'/>",
            "<reject xmlns='urn:xmpp:call-invites:0' id='c1'/>",
        ),
    ] {
        let decision = of_message(content);
        assert!(decision.mails.is_empty());
        let [reject, told] = decision.stanzas.as_slice() else {
            panic!("{decision:?}");
        };
        assert_eq!(reject.attr("to"), Some("alice@a.example/phone"));
        assert_eq!(reject.attr("from"), Some(CAROL));
        assert!(
            String::from(reject).contains(rejected),
            "{}",
            String::from(reject)
        );
        assert!(String::from(told).contains("cannot be called"));
    }
    // Only the proposal rings.
    let over = of_message("<retract xmlns='urn:xmpp:jingle-message:0' id='c1'/>");
    assert!(over.mails.is_empty() && over.stanzas.is_empty());
}

#[test]
fn a_room_that_invites_is_told_no() {
    let decision = of_stanza(&format!(
        "<message from='garden@conference.a.example' to='{CAROL}'><x xmlns='http://jabber.org/protocol/muc#user'><invite from='alice@a.example/phone'><reason>Tea</reason></invite></x></message>"
    ));
    let [no] = decision.stanzas.as_slice() else {
        panic!("{decision:?}");
    };
    assert_eq!(no.attr("to"), Some("garden@conference.a.example"));
    let no = String::from(no);
    assert!(
        no.contains("<decline to='alice@a.example/phone'><reason>This contact"),
        "{no}"
    );
}

#[test]
fn what_no_mail_can_do_is_an_error() {
    for (content, condition) in [
        (
            "<body>?OTRv23?\nAlice has requested a private conversation.</body>",
            "not-acceptable",
        ),
        ("<body>?OTR:AAMC</body>", "not-acceptable"),
        (
            "<attention xmlns='urn:xmpp:attention:0'/>",
            "feature-not-implemented",
        ),
    ] {
        let decision = of_message(content);
        assert!(decision.mails.is_empty(), "{content}");
        let answer = String::from(&decision.stanzas[0]);
        assert!(
            answer.contains("type='error'") && answer.contains(condition),
            "{answer}"
        );
    }
}

#[test]
fn what_only_clients_read_is_nothing() {
    for content in [
        "<composing xmlns='http://jabber.org/protocol/chatstates'/>",
        "<received xmlns='urn:xmpp:receipts' id='q0'/>",
        "<body>> nine\n👍</body><reactions xmlns='urn:xmpp:reactions:0' id='q0'/><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reactions:0'/>",
    ] {
        let decision = of_message(content);
        assert!(
            decision.mails.is_empty() && decision.stanzas.is_empty(),
            "{content}: {decision:?}"
        );
    }
}

#[test]
fn the_words_of_a_request_are_in_the_invitation() {
    let decision = of_stanza(&format!(
        "<presence from='alice@a.example' to='{CAROL}' type='subscribe'><status>Hi, it is Alice\nfrom the “garden” club</status></presence>"
    ));
    let mail = String::from_utf8(decision.mails[0].bytes.clone()).unwrap();
    let mail = mail_parser::MessageParser::default()
        .parse(mail.as_bytes())
        .unwrap();
    let text = mail.body_text(0).unwrap();
    let words = "alice writes: “Hi, it is Alice from the \"garden\" club”";
    assert!(text.replace("\r\n", " ").contains(words), "{text}");
}

/// What a mail of a list with a quoted history becomes, for a user with these options.
fn shown_with(options: &[(Option<&str>, Options)]) -> Option<String> {
    let raw = "From: Carol <carol@mail.example>\r\nTo: alice@chat.a.example\r\nSubject: Re: Lunch\r\nMessage-ID: <1@mail.example>\r\nIn-Reply-To: <0@chat.a.example>\r\nList-Id: <lunch.mail.example>\r\n\r\nYes.\r\n\r\nOn Mon, 2 Nov 2026 at 10:00, Alice <alice@chat.a.example> wrote:\r\n> Lunch?\r\n";
    let mut world = World::with(settings(), NOW);
    for (contact, options) in options {
        let user = BareJid::new("alice@a.example").unwrap();
        let contact = contact.map(|contact| MailAddress::parse(contact).unwrap());
        let row = Some(Row::Options(options.clone()));
        world.context.insert(Need::Options(user, contact), row);
    }
    let decision = world.mail(raw);
    let message = decision.stanzas.first()?;
    let kind = message.attr("type").unwrap();
    let body = message.children().find(|child| child.name() == "body");
    Some(format!(
        "{kind}: {}",
        body.unwrap().text().replace('\n', "|")
    ))
}

#[test]
fn a_contact_counts_before_the_user_and_the_user_before_the_configuration() {
    let options = |quotes, bulk| Options {
        quotes,
        bulk,
        ..Options::default()
    };
    let carol = Some("carol@mail.example");
    let (cut, whole) = (
        "*Lunch*|Yes.",
        "*Lunch*|Yes.||On Mon, 2 Nov 2026 at 10:00, Alice <alice@chat.a.example> wrote:|> Lunch?",
    );
    for (rows, shown) in [
        (&[][..], Some(format!("chat: {cut}"))),
        (
            &[(carol, options(Some(Quotes::Keep), None))],
            Some(format!("chat: {whole}")),
        ),
        (
            &[(None, options(Some(Quotes::Keep), Some(Bulk::Headline)))],
            Some(format!("headline: {whole}")),
        ),
        (
            &[
                (carol, options(Some(Quotes::Cut), None)),
                (None, options(Some(Quotes::Keep), Some(Bulk::Headline))),
            ],
            Some(format!("headline: {cut}")),
        ),
        (&[(carol, options(None, Some(Bulk::Drop)))], None),
    ] {
        assert_eq!(shown_with(rows), shown, "{rows:?}");
    }
}

#[test]
fn a_message_whose_mail_still_waits_is_taken_back_and_that_is_said_once() {
    let mut world = World::with(settings(), NOW);
    world.waits = true;
    let mut say = |id: &str, content: &str| {
        world.stanza(&format!(
            "<message from='alice@a.example/phone' to='{CAROL}' type='chat' id='{id}'>{content}</message>"
        ))
    };
    let retract = "<retract xmlns='urn:xmpp:message-retract:1' id='q1'/>";
    let sent = say("q1", "<body>Lunch?</body>");
    let taken_back = say("q2", retract);
    let id = |jobs: &[stanzamail::core::job::Job]| jobs[0].id.clone();
    assert_eq!(id(&taken_back.withdrawn), sent.mails[0].job.id);
    assert!(taken_back.mails.is_empty());
    let [told] = taken_back.stanzas.as_slice() else {
        panic!("{taken_back:?}");
    };
    let told = String::from(told);
    assert!(
        told.contains("nobody has seen it") && told.contains("id='q1'"),
        "{told}"
    );
    // Either of them once more changes nothing.
    let again = [say("q3", retract), say("q1", "<body>Lunch?</body>")];
    assert!(
        again.iter().all(|one| {
            one.mails.is_empty() && one.stanzas.is_empty() && one.withdrawn.is_empty()
        })
    );
    // What nobody has got is not answered, and the thread begins anew.
    let next = say("q4", "<body>Dinner?</body>");
    let mail = String::from_utf8(next.mails[0].bytes.clone()).unwrap();
    assert!(!mail.contains("In-Reply-To") && mail.contains("Subject: Chat with alice"));
    // One that is on its way is told of, as ever.
    let gone = say(
        "q5",
        "<retract xmlns='urn:xmpp:message-retract:1' id='q0'/>",
    );
    assert_eq!(gone.stanzas.len(), 1);
}

/// Mail programs draw a staircase of lines that each answer the one before.
#[test]
fn lines_of_one_side_stand_beside_each_other() {
    let mut world = World::with(settings(), NOW);
    let says = |world: &mut World, id: &str| {
        let decision = world.stanza(&format!(
            "<message from='alice@a.example/phone' to='{CAROL}' type='chat' id='{id}'><body>{id}</body></message>"
        ));
        let mail = mail_parser::MessageParser::default()
            .parse(&decision.mails[0].bytes)
            .unwrap();
        let ids = |header: &mail_parser::HeaderValue| {
            let ids = header.as_text_list().unwrap_or_default();
            ids.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let own = mail.message_id().unwrap().to_owned();
        (own, ids(mail.in_reply_to()), ids(mail.references()))
    };
    let (first, nothing, _) = says(&mut world, "1");
    assert!(nothing.is_empty());
    let begun = (vec![first.clone()], vec![first.clone()]);
    for id in ["2", "3"] {
        let (_, answers, references) = says(&mut world, id);
        assert_eq!((answers, references), begun);
    }
    world.mail(&format!(
        "From: carol@mail.example\nTo: alice@chat.a.example\nMessage-ID: <c@mail.example>\nIn-Reply-To: <{first}>\n\nYes\n"
    ));
    let (_, answers, references) = says(&mut world, "4");
    assert_eq!(answers, ["c@mail.example"]);
    assert_eq!(references.last(), answers.first());
    let (_, again, same) = says(&mut world, "5");
    assert_eq!((again, same), (answers, references));
}

/// Converse.js puts the author's name above what it quotes, all that the gateway has put above the text too, and cuts it.
#[test]
fn of_a_quotation_only_what_its_author_wrote_is_mailed() {
    let mut world = World::with(settings(), NOW);
    let came = world.mail(
        "From: Carol <carol@mail.example>\nTo: alice@chat.a.example, dave@mail.example\nSubject: Weekend\n\
         Message-ID: <c@mail.example>\n\nWho comes to the lake on Sunday?\n",
    );
    let shown = came.stanzas.iter().find(|one| one.name() == "message");
    let id = shown.and_then(|one| one.attr("id")).unwrap();
    for quoted in [
        "> Carol:\n> *Weekend*\n> To: you, dave@mail.example\n> Who…\n",
        "> *Weekend*\n> To: you, dave@mail.example\n> Who comes to the lake on Sunday?\n",
    ] {
        let end = quoted.chars().count();
        let quoted = quoted.replace('>', "&gt;");
        let decision = world.stanza(&format!(
            "<message from='alice@a.example/phone' to='{CAROL}' type='chat' id='{end}'><body>{quoted}Me</body>\
             <reply xmlns='urn:xmpp:reply:0' id='{id}' to='{CAROL}'/><fallback xmlns='urn:xmpp:fallback:0' \
             for='urn:xmpp:reply:0'><body start='0' end='{end}'/></fallback></message>"
        ));
        let mail = mail_parser::MessageParser::default()
            .parse(&decision.mails[0].bytes)
            .unwrap();
        assert_eq!(
            mail.body_text(0).unwrap().replace("\r\n", "\n").trim_end(),
            "Carol wrote:\n> Who comes to the lake on Sunday?\n\nMe"
        );
    }
}

/// Whoever has the address of a whole mail can read it.
#[test]
fn the_address_of_a_mail_is_not_sent_on_however_it_is_quoted() {
    const SECRET: &str = "0123456789abcdef0123456789abcdef";
    let link = format!("The whole mail: https://mail.a.example/x/m/{SECRET}");
    let quoting = |own: &str| format!("&gt; Great\n&gt; {link}\n\n{own}");
    let correction = "<replace xmlns='urn:xmpp:message-correct:0' id='q1'/>";
    let said = |world: &mut World, id: &str, body: &str, more: &str| {
        let decision = world.stanza(&format!(
            "<message from='alice@a.example/phone' to='{CAROL}' type='chat' id='{id}'><body>{body}</body>{more}</message>"
        ));
        let mail = mail_parser::MessageParser::default()
            .parse(&decision.mails[0].bytes)
            .unwrap();
        let text = mail.body_text(0).unwrap().into_owned();
        assert!(text.contains("Yes") && !text.contains(SECRET), "{text}");
    };
    // Corrected when its mail has left, while that waits, and where nothing is known of what is corrected.
    for (waits, is_known) in [(false, true), (true, true), (false, false)] {
        let mut world = World::with(settings(), NOW);
        world.waits = waits;
        if is_known {
            said(&mut world, "q1", &quoting("Yes, yse"), "");
        }
        said(&mut world, "q2", &quoting("Yes"), correction);
    }
    // All that a client quotes, without a mark of its own.
    let fallback = format!(
        "<reply xmlns='urn:xmpp:reply:0' id='c1' to='{CAROL}'/><fallback xmlns='urn:xmpp:fallback:0' \
         for='urn:xmpp:reply:0'><body start='0' end='{}'/></fallback>",
        link.len() + 1
    );
    let mut world = World::with(settings(), NOW);
    said(&mut world, "q1", &format!("{link}\nYes"), &fallback);
}
