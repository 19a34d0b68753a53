//! Who is not a user, and who is one among others: what they learn of each other and whose names they get. Attacks of table E
//! that succeeded once, between a real Prosody, Postfix and Dovecot.

use super::decided::settings;
use super::house::House;
use super::servers::mail::MailOptions;
use super::servers::stanza::{body, error_condition, error_text};
use super::servers::{Gateway, MailServer, PATIENCE, Prosody, XmppClient, XmppOptions};
use super::world::{Options, PROGRAM, World, config};
use jid::BareJid;
use stanzamail::core::address::MailAddress;
use stanzamail::core::context::Write;
use stanzamail::core::decide::Timer;
use stanzamail::core::presence::{Announcement, Fanout};
use stanzamail::core::record::{Announced, Format, Peer as SavedPeer, PeerOrigin, PresenceState};
use stanzamail::core::rules::Rules;
use stanzamail::core::settings::{PeerSettings, Settings};
use stanzamail::core::time::Timestamp;

const INFO: &str = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
const ITEMS: &str = "<query xmlns='http://jabber.org/protocol/disco#items'/>";
const CARD: &str = "<vCard xmlns='vcard-temp'/>";
const UNKNOWN: &str = "<query xmlns='urn:example:unknown'/>";

/// What an outsider is told: condition and words.
async fn told(client: &XmppClient, to: &str, payload: &str) -> (String, String) {
    let answer = client.iq("get", Some(to), payload).await;
    let condition = error_condition(&answer).unwrap_or_else(|| panic!("{answer:?}"));
    (condition, error_text(&answer).expect("it says why"))
}

/// Whatever is asked, and of whomever: an outsider learns neither a private address nor which names there are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e13_outsiders_learn_nothing_of_contacts() {
    let pair = "[[pair]]\njid = \"boss@gateway.a.example\"\nmail = \"private@mail.example\"";
    let options = Options {
        more: pair.to_owned(),
        ..Options::default()
    };
    let domains = XmppOptions::a()
        .domain("other.example")
        .user("mallory@other.example");
    let (xmpp, mail) = tokio::join!(
        Prosody::start(domains),
        MailServer::start(MailOptions::default())
    );
    let config = config(&xmpp, (mail.smtp_port, mail.imap_port), &options);
    let world = World {
        gateway: Gateway::start(PROGRAM, &config).await,
        xmpp,
        mail,
    };
    let mallory = world.login("mallory@other.example").await;
    let mut answers = Vec::new();
    for contact in ["boss", "nobody", "bo ss\\40", "carol\\40mail.example"] {
        for payload in [INFO, ITEMS, CARD, UNKNOWN] {
            let jid = format!("{contact}@gateway.a.example").replace(' ', "\\20");
            answers.push(told(&mallory, &jid, payload).await);
        }
    }
    assert_eq!(answers[0].0, "forbidden");
    assert!(answers.iter().all(|one| *one == answers[0]), "{answers:?}");
    // The gateway itself may be found by everybody, and its users go on to see their contacts.
    let gateway = mallory.iq("get", Some("gateway.a.example"), INFO).await;
    assert!(String::from(&gateway).contains("smtp"));
    let alice = world.login("alice").await;
    let boss = alice.iq("get", Some("boss@gateway.a.example"), INFO).await;
    assert!(String::from(&boss).contains("private@mail.example"));
}

/// The sentence of a gateway that is for single users.
#[test]
fn e13_a_refusal_reads_well_without_a_domain() {
    let mut settings = settings();
    let alice = BareJid::new("alice@a.example").unwrap();
    (settings.users.domains, settings.users.jids) = (Vec::new(), vec![alice]);
    let iq = format!(
        "<iq xmlns='jabber:component:accept' from='m@evil.example/x' to='boss@gateway.a.example' type='get' id='1'>{INFO}</iq>"
    );
    let mut house = House::new();
    house.settings = settings;
    let decision = house.stanza(&iq);
    let answer = String::from(&decision.stanzas[0]);
    assert!(answer.contains("forbidden"), "{answer}");
    let words =
        ">This e-mail gateway serves certain users only; ask its administrator to let you in.<";
    assert!(answer.contains(words), "{answer}");
}

/// Carol and Dave at one provider each get a mail of their own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e14_contacts_at_one_provider_do_not_see_each_other() {
    let peer =
        |name: &str| format!("[[peer]]\naddress = \"{name}@mail.example\"\nformat = \"xmpp\"\n");
    let options = Options {
        more: format!(
            "{}{}[presence]\ndebounce = \"1s\"\n",
            peer("carol"),
            peer("dave")
        ),
        ..Options::default()
    };
    let mut world = World::prepare(super::servers::Flavour::Prosody, options).await;
    let rows: String = ["carol", "dave"]
        .map(|name| {
            format!(
                "{{\"kind\":\"contact\",\"user\":\"alice@a.example\",\"mail\":\"{name}@mail.example\",\"subscription\":\"both\",\
                 \"handshake\":{{\"asked\":\"asked-before\",\"asking\":\"asked-before\"}}}}\n"
            )
        })
        .concat();
    let file = world.gateway.folder().join("rows.jsonl");
    std::fs::write(&file, rows).unwrap();
    let import = ["map", "import", &file.to_string_lossy()];
    let output = world.gateway.command(&import).await;
    assert!(output.status.success(), "{output:?}");
    world = world.started().await;

    let alice = world.login("alice").await;
    let dave = world.contact("dave@mail.example");
    for contact in [&world.carol(), &dave] {
        let presence = format!("<presence to='{contact}'><status>at my desk</status></presence>");
        alice.send(presence).await;
    }
    for (name, other) in [("carol", "dave"), ("dave", "carol")] {
        let inbox = world.mailbox(&format!("{name}@mail.example")).await;
        let mail = inbox.wait_mail_saying("at my desk").await;
        let to = mail.header("To").expect("a recipient");
        assert!(to.contains(name) && !to.contains(other), "{to}");
        assert!(!mail.body().contains(other), "{}", mail.body());
    }
}

/// Whom each of the mails names that tell of Alice.
fn announced(settings: &Settings, rows: &[Write]) -> Vec<Vec<String>> {
    let mut house = House::new();
    house.settings = settings.clone();
    house.context.apply(rows);
    let now = house.now;
    let contacts = ["n1@b.example", "n2@b.example", "n3@b.example"]
        .map(|contact| MailAddress::parse(contact).unwrap())
        .to_vec();
    let state = Some(PresenceState::default());
    let fanout = Fanout {
        user: BareJid::new("alice@a.example").unwrap(),
        sequence: now,
        expires: now,
        mails: vec![Announcement {
            domain: "b.example".to_owned(),
            state: state.clone(),
            contacts,
        }],
        announced: Some(Announced {
            sequence: now,
            at: now,
            expires: now,
            state,
        }),
    };
    let decision = house.timer(Timer::Announce(&fanout));
    let keys: std::collections::BTreeSet<_> = decision
        .mails
        .iter()
        .map(|mail| &mail.job.ordering_key)
        .collect();
    let ids: std::collections::BTreeSet<_> =
        decision.mails.iter().map(|mail| &mail.job.id).collect();
    assert_eq!(
        (keys.len(), ids.len()),
        (decision.mails.len(), decision.mails.len())
    );
    let to = decision.mails.iter().map(|mail| &mail.job.to);
    to.map(|to| to.iter().map(ToString::to_string).collect())
        .collect()
}

/// Only where the admin says that a domain has one gateway does one mail go to it.
#[test]
fn e14_a_mail_to_several_needs_the_admins_word_on_their_domain() {
    let all = vec![vec!["n1@b.example", "n2@b.example", "n3@b.example"]];
    let each: Vec<_> = all[0].iter().map(|one| vec![*one]).collect();
    let mut told = settings();
    assert_eq!(announced(&told, &[]), each);
    for (origin, format, expected) in [
        (PeerOrigin::Learned, Format::Xmpp, &each),
        (PeerOrigin::Admin, Format::Mail, &each),
        (PeerOrigin::Admin, Format::Xmpp, &all),
    ] {
        let rows = [Write::Peer(SavedPeer {
            who: "b.example".parse().unwrap(),
            format,
            origin,
            since: Timestamp::default(),
        })];
        assert_eq!(&announced(&told, &rows), expected, "{origin:?} {format:?}");
    }
    let peer = |who: &str| PeerSettings {
        who: who.parse().unwrap(),
        format: Some(Format::Xmpp),
        key: None,
    };
    told.peers = vec![peer("n1@b.example"), peer("c.example")];
    assert_eq!(announced(&told, &[]), each);
    told.peers.push(peer("b.example"));
    assert_eq!(announced(&told, &[]), all);
    told.peers[2].format = Some(Format::Mail);
    assert_eq!(announced(&told, &[]), each);
}

/// Users who are called like an office get none of its mail and speak for nobody; a pair says whom it goes to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e15_names_of_the_domains_owner_are_no_users() {
    let users = XmppOptions::a()
        .user("postmaster@a.example")
        .user("mailer-daemon@a.example")
        .user("bridge@a.example")
        .user("olga@a.example");
    let options = Options {
        more: "[[pair]]\njid = \"olga@a.example\"\nmail = \"hostmaster@chat.a.example\"".to_owned(),
        ..Options::default()
    };
    let (xmpp, mail) = tokio::join!(
        Prosody::start(users),
        MailServer::start(MailOptions::default())
    );
    let config = config(&xmpp, (mail.smtp_port, mail.imap_port), &options);
    let gateway = Gateway::prepare(PROGRAM, &config);
    let rows = gateway.folder().join("rows.jsonl");
    // Of a version before this.
    let row = "{\"kind\":\"contact\",\"user\":\"postmaster@a.example\",\"mail\":\"dave@mail.example\",\"subscription\":\"both\"}\n";
    std::fs::write(&rows, row).unwrap();
    let output = gateway
        .command(&["map", "import", &rows.to_string_lossy()])
        .await;
    assert!(output.status.success(), "{output:?}");
    let world = World {
        gateway,
        xmpp,
        mail,
    };
    let world = world.started().await;

    let mut users = Vec::new();
    for name in ["postmaster", "mailer-daemon", "bridge"] {
        let user = world.login(&format!("{name}@a.example")).await;
        user.send_message(&world.carol(), "Trust me").await;
        let error = user.next_error().await;
        let words = error_text(&error).expect("it says why");
        let expected = format!(
            "The mail address {name}@chat.a.example, which would be yours by rule, is for whoever runs"
        );
        assert!(words.starts_with(&expected), "{words}");
        users.push(user);
    }
    let olga = world.login("olga@a.example").await;
    let mail = |to: &str| {
        format!("From: carol@mail.example\nTo: {to}\nSubject: s\n\nYour code is 1234 for {to}\n")
    };
    for name in ["postmaster", "Mailer-Daemon", "bridge", "hostmaster"] {
        let to = format!("{name}@chat.a.example");
        world.carol_sends(&[&to], &mail(&to)).await;
    }
    let is_code = |stanza: &minidom::Element| {
        body(stanza).is_some_and(|body| body.contains("1234 for hostmaster"))
    };
    olga.expect(is_code, PATIENCE).await;
    let bridge = world.bridge().await;
    let left = async || {
        let left = |mail: &super::servers::Mail| {
            mail.flags
                .iter()
                .any(|flag| flag.starts_with("$StanzamailLeft"))
        };
        bridge.all().await.iter().filter(|mail| left(mail)).count()
    };
    super::counting::eventually("three mails for nobody", async || left().await == 3).await;
    let told = users.iter().flat_map(|user| user.received());
    let has_code = |stanza: minidom::Element| String::from(&stanza).contains("1234");
    assert_eq!(told.filter(|stanza| has_code(stanza.clone())).count(), 0);
    assert!(world.mail.attempts_for("carol@mail.example") == 0);

    let log = world.gateway.log();
    for words in [
        "hostmaster@chat.a.example is olga@a.example's, by a pair",
        "postmaster@a.example has contacts and no mail address any more",
        "stanzamail map add postmaster@a.example postmaster@chat.a.example",
    ] {
        assert!(log.contains(words), "{words}");
    }
    assert!(!log.contains("bridge@a.example has contacts"));
    let checked = world.gateway.command(&["check"]).await;
    let checked = String::from_utf8_lossy(&checked.stdout).into_owned();
    let line = "note   pair olga@a.example: mail to hostmaster@chat.a.example goes to this user";
    assert!(checked.contains(line), "{checked}");
}

/// By whichever rule the name comes about; and not where a rule makes another name of it.
#[test]
fn e15_a_name_counts_as_it_stands_in_the_mail_address() {
    let rules = |jid: &str, mail: &str, logins: &[&'static str]| {
        let rules = Rules::new(&[(jid.to_owned(), mail.to_owned())]).unwrap();
        rules.reserving(logins.iter().copied())
    };
    let user = |jid: &str| BareJid::new(jid).unwrap();
    let own = rules(
        "{local}@a.example",
        "{local}@chat.a.example",
        &["Bridge", "keeper@chat.a.example", "x@b.example"],
    );
    for name in [
        "postmaster",
        "abuse",
        "webmaster",
        "ssl-admin",
        "mailer-daemon",
        "bridge",
        "keeper",
    ] {
        let jid = user(&format!("{name}@a.example"));
        assert_eq!(own.mail_of(&jid), None, "{name}");
        let mail = MailAddress::parse(&format!("{}@chat.a.example", name.to_uppercase())).unwrap();
        assert_eq!(own.user_of(&mail), None, "{name}");
        assert_eq!(own.reserved_of(&jid), Some(mail.clone()), "{name}");
        assert!(own.serves(&mail), "it is not somebody's elsewhere");
    }
    for name in ["alice", "x", "postmaster2", "my-admin"] {
        let jid = user(&format!("{name}@a.example"));
        let mail = own.mail_of(&jid).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(own.user_of(&mail), Some(jid));
    }
    let domains = [user("a.example").domain().to_owned()];
    let called: Vec<_> = own.reserved_users(&domains);
    assert!(
        called
            .iter()
            .any(|(jid, mail)| jid.as_str() == "abuse@a.example"
                && mail.to_string() == "abuse@chat.a.example")
    );
    assert!(
        called
            .iter()
            .any(|(jid, _)| jid.as_str() == "bridge@a.example")
    );

    let joined = rules("{local}@a.example", "ad{local}@chat.a.example", &[]);
    assert_eq!(joined.mail_of(&user("min@a.example")), None);
    assert!(joined.mail_of(&user("admin@a.example")).is_some());
    let called = joined.reserved_users(&domains);
    assert!(
        called
            .iter()
            .any(|(jid, _)| jid.as_str() == "min@a.example")
    );
    let below = rules(
        "{local}@{domain}",
        "bridge+{local}_{domain}@provider.example",
        &["bridge@provider.example"],
    );
    assert!(below.mail_of(&user("postmaster@a.example")).is_some());
    assert_eq!(below.reserved_users(&domains), []);
    let each = rules("{local}@{domain}", "{local}@{domain}", &[]);
    let called = each.reserved_users(&domains);
    assert!(
        called
            .iter()
            .any(|(_, mail)| mail.to_string() == "hostmaster@a.example")
    );
}

/// What a mail with this return path and these findings causes, when the XMPP server gives it back.
fn reported_to(return_path: &str, findings: &str) -> Vec<String> {
    let mut house = House::new();
    house.settings.trust.authserv_ids = vec!["mx.test".to_owned()];
    let date = "Sun, 22 Nov 2026 11:59:00 +0000";
    let mail = format!(
        "Return-Path: <{return_path}>\r\nDelivered-To: nobody@chat.a.example\r\nAuthentication-Results: mx.test; {findings}\r\n\
         From: carol@mail.example\r\nTo: nobody@chat.a.example\r\nDate: {date}\r\nMessage-ID: <1@mail.example>\r\n\r\nHello\r\n"
    );
    let (shown, _) = house.raw_mail(mail.as_bytes()).expect("it can be read");
    let id = shown.stanzas[0].attr("id").expect("an id").to_owned();
    let error = format!(
        "<message type='error' from='nobody@a.example' to='carol\\40mail.example@gateway.a.example' id='{id}'>\
         <error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
    );
    let returned = house.stanza(&error);
    let to = returned.mails.iter().flat_map(|mail| mail.job.to.clone());
    to.map(|to| to.to_string()).collect()
}

/// A signed mail that somebody sends again, with the reverse path of a bystander at the same provider.
#[test]
fn e27_a_report_goes_to_the_author_or_where_the_domain_itself_sent_from() {
    let signed = "dkim=pass header.d=mail.example";
    let victim = "victim@mail.example";
    let none: [&str; 0] = [];
    assert_eq!(
        reported_to("carol@mail.example", signed),
        ["carol@mail.example"]
    );
    assert_eq!(reported_to("CAROL@Mail.Example", signed).len(), 1);
    for findings in [
        signed.to_owned(),
        format!("{signed}; dmarc=pass header.from=mail.example"),
        format!("{signed}; spf=fail smtp.mailfrom={victim}"),
        format!("{signed}; spf=pass smtp.mailfrom=eve@evil.example"),
        format!("{signed}; spf=pass smtp.helo=mail.example"),
        format!("{signed}; spf=pass smtp.mailfrom={victim} smtp.mailfrom=x@evil.example"),
        format!("{signed}\r\nAuthentication-Results: evil.test; spf=pass smtp.mailfrom={victim}"),
    ] {
        assert_eq!(reported_to(victim, &findings), none, "{findings}");
    }
    // What the provider itself sent has the reverse path that it gave to it.
    let sent = format!("{signed}; spf=pass smtp.mailfrom=mail.example");
    let bounces = "b+1-carol@mail.example";
    assert_eq!(reported_to(bounces, &sent), [bounces]);
    assert_eq!(
        reported_to(
            "b@bulk.example",
            &format!("{signed}; spf=pass smtp.mailfrom=bulk.example")
        ),
        none
    );
}
