//! The harness itself: every server starts, a person logs in, a mail goes its way. If one of these fails, look here
//! before you look at a scenario.

mod servers;

use std::process::Command;
use std::time::{Duration, Instant};

use servers::frames::{Frame, Frames};
use servers::stanza::{body, error_condition, from};
use servers::xmpp_client::RosterItem;
use servers::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const MAIL: &str = "From: Dave <dave@mail.example>\nTo: carol@mail.example\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n\
    Message-ID: <first@mail.example>\nDate: Thu, 1 Jan 2026 00:00:00 +0000\n\nHello Carol,\n.\nthat was a dot.\n";

#[tokio::test]
async fn two_people_chat_on_prosody() {
    two_people_chat(Prosody::start(XmppOptions::a()).await, "alice", "adam").await;
}

#[tokio::test]
async fn two_people_chat_on_ejabberd() {
    two_people_chat(Ejabberd::start(XmppOptions::b()).await, "bob", "beth").await;
}

async fn two_people_chat(mut server: XmppServer, one: &str, other: &str) {
    let (one, other) = (server.login(one).await, server.login(other).await);
    one.send_message(other.bare(), "fish & <chips>").await;
    let message = other.next_message_from(one.bare()).await;
    assert_eq!(body(&message).as_deref(), Some("fish & <chips>"));
    assert_eq!(from(&message), one.jid);

    one.send_message(&format!("nobody@{}", server.domain), "?")
        .await;
    assert_eq!(
        error_condition(&one.next_error().await).as_deref(),
        Some("service-unavailable")
    );

    one.send_presence(other.bare(), "subscribe").await;
    other.next_presence_from(one.bare(), "subscribe").await;
    let asked = RosterItem {
        jid: other.bare().into(),
        name: String::new(),
        subscription: "none".into(),
        asked: true,
    };
    assert_eq!(one.roster().await, [asked]);

    let count = 2_000;
    let start = Instant::now();
    let many = format!("<message to='{}'><body>again</body></message>", other.jid).repeat(count);
    one.send(many).await;
    other.wait_for_messages(1 + count, PATIENCE).await;
    println!(
        "{:.0} messages/s",
        count as f64 / start.elapsed().as_secs_f64()
    );

    server.restart().await;
    assert!(
        one.wait(|_| false, PATIENCE).await.is_none() && one.closed(),
        "the restart closed the connection"
    );
    let again = server.login(one.bare().split('@').next().unwrap()).await;
    assert_eq!(
        again.roster().await.len(),
        1,
        "the roster outlives a restart"
    );
}

#[tokio::test]
async fn a_file_is_uploaded_and_fetched() {
    for flavour in [Flavour::Prosody, Flavour::Ejabberd] {
        let server = XmppServer::start(flavour, XmppOptions::a()).await;
        let request = "<request xmlns='urn:xmpp:http:upload:0' filename='a.txt' size='5' content-type='text/plain'/>";
        let slot = server
            .login("alice")
            .await
            .iq("get", Some("upload.a.example"), request)
            .await;
        let url = |name| {
            let child = stanza::find(&slot, name, "urn:xmpp:http:upload:0");
            child
                .and_then(|child| child.attr("url"))
                .unwrap_or_else(|| panic!("{}", String::from(&slot)))
                .to_owned()
        };
        let curl = |arguments: &[&str]| {
            Command::new("curl")
                .args(["-sSf"])
                .args(arguments)
                .output()
                .unwrap()
        };
        // XEP-0363 §4: what the slot names has to be sent along; Prosody wants it, ejabberd names nothing.
        let header = stanza::find(&slot, "header", "urn:xmpp:http:upload:0");
        let header = header
            .map(|h| format!("{}: {}", h.attr("name").unwrap(), h.text()))
            .unwrap_or("X-None: none".into());
        let put = curl(&[
            "-X",
            "PUT",
            "-H",
            "Content-Type: text/plain",
            "-H",
            &header,
            "--data-binary",
            "Hello",
            &url("put"),
        ]);
        assert!(put.status.success(), "{flavour:?}: {put:?}");
        assert_eq!(curl(&[&url("get")]).stdout, b"Hello", "{flavour:?}");
    }
}

#[tokio::test]
async fn more_domains_components_and_limits_are_options() {
    for flavour in [Flavour::Prosody, Flavour::Ejabberd] {
        let options = XmppOptions::a()
            .domain("c.example")
            .user("cleo@c.example")
            .gateway("second.a.example");
        let server = XmppServer::start(flavour, options.kick_old().limits()).await;
        let (alice, cleo) = (
            server.login("alice").await,
            server.login("cleo@c.example").await,
        );
        alice.send_message("cleo@c.example", "across").await;
        cleo.next_message_saying("across").await;
        for component in &server.options.gateways {
            let hello = format!(
                "<stream:stream xmlns='jabber:component:accept' \
                 xmlns:stream='http://etherx.jabber.org/streams' to='{component}'>"
            );
            let answer = component_hello(server.component_port, &hello).await;
            assert!(
                answer.contains("id=") && !answer.contains("error"),
                "{component}: {answer}"
            );
        }
        server.pause();
        alice
            .send_message("cleo@c.example", "while it sleeps")
            .await;
        cleo.expect_none(
            |stanza| stanza.name() == "message",
            Duration::from_millis(300),
        )
        .await;
        server.resume();
        cleo.next_message_saying("while it sleeps").await;
    }
}

/// What a server says to the header of a component's stream.
async fn component_hello(port: u16, hello: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port))
        .await
        .unwrap();
    stream.write_all(hello.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let count = stream.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..count]).into_owned()
}

#[tokio::test]
async fn a_mail_goes_through_postfix_to_dovecot_and_is_read() {
    let server = MailServer::start(MailOptions::default()).await;
    let carol = server.mailbox("carol@mail.example").await;
    server
        .submit("dave@mail.example", &["carol@mail.example"], MAIL)
        .await
        .unwrap();
    let mails = carol.wait_for(1).await;
    assert_eq!(mails[0].subject(), "Grüße");
    assert_eq!(mails[0].body(), "Hello Carol,\n.\nthat was a dot.\n");

    assert_eq!(
        carol.flags(mails[0].uid).await,
        ["\\Recent"].map(String::from)
    );
    carol.flag(mails[0].uid, &["\\Seen", "$Bridged"]).await;
    assert!(carol.flags(mails[0].uid).await.contains(&"$Bridged".into()));
    carol.create_folder("Done").await;
    carol.move_to(mails[0].uid, "Done").await;
    assert_eq!(carol.folders().await, ["Done", "INBOX"]);
    assert_eq!(
        (
            carol.count().await,
            carol.folder("Done").await.count().await
        ),
        (0, 1)
    );
    carol.append(MAIL, &["\\Seen"]).await;
    assert_eq!(carol.count().await, 1);
}

#[tokio::test]
async fn the_catch_all_keeps_or_loses_the_envelope_recipient() {
    for (catch_all, delivered_to) in [
        (CatchAll::Keep, "Alice+x@chat.a.example"),
        (CatchAll::Alias, "bridge@chat.a.example"),
    ] {
        let server = MailServer::start(MailOptions::default().catch_all(catch_all)).await;
        let bridge = server.bridge("chat.a.example").await;
        server
            .submit("carol@mail.example", &["Alice+x@chat.a.example"], MAIL)
            .await
            .unwrap();
        let mails = bridge.wait_for(1).await;
        assert_eq!(
            mails[0].header("Delivered-To").as_deref(),
            Some(delivered_to)
        );
    }
}

#[tokio::test]
async fn a_subaddress_reaches_the_persons_mailbox() {
    let server = MailServer::start(MailOptions::default()).await;
    let carol = server.mailbox("carol@mail.example").await;
    server
        .submit("dave@mail.example", &["carol+news@mail.example"], MAIL)
        .await
        .unwrap();
    assert_eq!(
        carol.wait_for(1).await[0].header("Delivered-To").as_deref(),
        Some("carol+news@mail.example")
    );
}

#[tokio::test]
async fn a_recipient_is_refused_as_often_as_the_test_says() {
    let server = MailServer::start(MailOptions::default()).await;
    let send = || server.submit("dave@mail.example", &["carol@mail.example"], MAIL);
    server.refuse("carol@mail.example", "550 5.1.1 no such user");
    let refusal = send().await.unwrap_err();
    assert!(
        refusal.code == 550
            && refusal.text.contains("5.1.1")
            && refusal.text.contains("no such user"),
        "{refusal:?}"
    );
    server.accept("carol@mail.example");

    server.refuse_times("carol@mail.example", "450 4.2.1 not now", 2);
    server.refuse_data("carol@mail.example", "552 5.3.4 too big", Some(1));
    let codes = [send().await, send().await, send().await].map(|answer| answer.unwrap_err().code);
    assert_eq!(codes, [450, 450, 552]);
    send().await.unwrap();
    assert_eq!(server.attempts_for("carol@mail.example"), 5);
    server.mailbox("carol@mail.example").await.wait_for(1).await;
}

#[tokio::test]
async fn the_other_domains_swallow_bounce_and_refuse() {
    let server = MailServer::start(MailOptions::default()).await;
    let carol = server.mailbox("carol@mail.example").await;
    server
        .submit("carol@mail.example", &["x@sink.example"], MAIL)
        .await
        .unwrap();
    server
        .submit("carol@mail.example", &["x@bounce.example"], MAIL)
        .await
        .unwrap();
    let report = carol.wait_for(1).await.remove(0);
    assert!(
        report
            .header("Content-Type")
            .unwrap()
            .contains("report-type=delivery-status"),
        "{}",
        report.text()
    );
    assert!(report.text().contains("Status: 5.1.1"), "{}", report.text());
    for (recipient, status) in [
        ("x@nowhere.example", "5.4.4"),
        ("nobody@mail.example", "5.1.1"),
    ] {
        let refusal = server
            .submit("carol@mail.example", &[recipient], MAIL)
            .await
            .unwrap_err();
        assert!(
            refusal.code == 550 && refusal.text.contains(status),
            "{refusal:?}"
        );
    }
}

#[tokio::test]
async fn submission_wants_tls_and_a_password() {
    let server = MailServer::start(MailOptions::default()).await;
    let folder = process::Folder::new("curl");
    let mail = folder.write("mail.eml", MAIL);
    let login = format!("dave@mail.example:{PASSWORD}");
    let curl = |url: String, more: &[&str]| {
        let mut command = Command::new("curl");
        command
            .args([
                "-sS",
                "--mail-from",
                "dave@mail.example",
                "--mail-rcpt",
                "carol@mail.example",
                "-T",
            ])
            .arg(&mail);
        command
            .arg("--cacert")
            .arg(&server.ca_file)
            .args(more)
            .arg(url)
            .output()
            .unwrap()
    };
    let (submission, smtps) = (server.submission_port, server.smtps_port);
    let starttls = curl(
        format!("smtp://localhost:{submission}"),
        &["--ssl-reqd", "-u", &login],
    );
    assert!(starttls.status.success(), "{starttls:?}");
    let implicit = curl(format!("smtps://localhost:{smtps}"), &["-u", &login]);
    assert!(implicit.status.success(), "{implicit:?}");
    assert!(
        !curl(format!("smtp://localhost:{submission}"), &["--ssl-reqd"])
            .status
            .success(),
        "without a password"
    );
    assert!(
        !curl(format!("smtp://localhost:{submission}"), &["-u", &login])
            .status
            .success(),
        "without TLS"
    );
    server.mailbox("carol@mail.example").await.wait_for(2).await;
}

#[tokio::test]
async fn imaps_shows_a_certificate_for_localhost() {
    let server = MailServer::start(MailOptions::default()).await;
    let url = format!("imaps://localhost:{}/INBOX", server.imaps_port);
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--cacert"]).arg(&server.ca_file).args([
        "-u",
        &format!("carol@mail.example:{PASSWORD}"),
        &url,
    ]);
    let output = curl.output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn swaks_sends_to_the_plain_port() {
    let server = MailServer::start(MailOptions::default()).await;
    let mut swaks = Command::new(process::program("swaks"));
    swaks.args([
        "--server",
        "127.0.0.1",
        "--port",
        &server.smtp_port.to_string(),
        "--silent",
        "2",
    ]);
    swaks.args([
        "--from",
        "dave@mail.example",
        "--to",
        "carol@mail.example",
        "--body",
        "By hand.",
    ]);
    assert!(swaks.output().unwrap().status.success());
    server
        .mailbox("carol@mail.example")
        .await
        .wait_mail_saying("By hand.")
        .await;
}

#[tokio::test]
async fn mail_survives_outages_and_uidvalidity_changes() {
    let mut server = MailServer::start(MailOptions::default()).await;
    let carol = server.mailbox("carol@mail.example").await;
    server
        .submit("dave@mail.example", &["carol@mail.example"], MAIL)
        .await
        .unwrap();
    carol.wait_for(1).await;
    let before = carol.uidvalidity().await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    server.change_uidvalidity("carol@mail.example").await;
    carol.reopen().await;
    assert_ne!(carol.uidvalidity().await, before);
    assert_eq!(carol.count().await, 1);

    server.stop_dovecot().await;
    server
        .submit("dave@mail.example", &["carol@mail.example"], MAIL)
        .await
        .unwrap();
    server.stop_postfix().await;
    server.start_postfix().await;
    server.start_dovecot().await;
    carol.reopen().await;
    carol.wait_for(2).await;
}

#[tokio::test]
async fn a_real_mail_client_replies_in_the_thread() {
    let server = MailServer::start(MailOptions::default()).await;
    let carol = RealMailClient::new(server.smtp_port, "Carol <carol@mail.example>");
    let reply = carol
        .reply(MAIL, "Thank you, Dave.\n~ is no command here: ü")
        .await;
    let dave = server.mailbox("dave@mail.example").await;
    let mail = dave.wait_for(1).await.remove(0);
    assert_eq!(
        mail.header("In-Reply-To").as_deref(),
        Some("<first@mail.example>")
    );
    assert_eq!(
        mail.header("References").as_deref(),
        Some("<first@mail.example>")
    );
    assert_eq!(mail.subject(), "Re: Grüße");
    assert!(
        mail.body().contains("> Hello Carol,") && mail.body().contains("~ is no command here: ü"),
        "{}",
        mail.text()
    );
    assert!(String::from_utf8_lossy(&reply).contains(&mail.message_id()));

    carol
        .compose("dave@mail.example", "New", "Hello again.")
        .await;
    assert_eq!(dave.wait_for(2).await[1].subject(), "New");
}

#[tokio::test]
async fn greenmail_takes_keeps_and_forgets() {
    let mut server = GreenMail::start(&["bridge@chat.a.example", "carol@mail.example"]).await;
    let bridge = server.mailbox("bridge@chat.a.example").await;
    server
        .submit("carol@mail.example", &["bridge+alice@chat.a.example"], MAIL)
        .await
        .unwrap();
    assert_eq!(bridge.wait_for(1).await[0].subject(), "Grüße");
    let before = bridge.uidvalidity().await;
    server.restart().await;
    bridge.reopen().await;
    assert_eq!(bridge.count().await, 0);
    assert_ne!(bridge.uidvalidity().await, before);
}

#[tokio::test]
async fn the_gateway_is_started_asked_and_ended() {
    // Any program does for this: the harness is under test, not the gateway.
    let folder = process::Folder::new("program");
    let program = folder.write(
        "stanzamail",
        "#!/bin/sh\n[ \"$3\" != run ] && echo \"$@\" && exit 3\ncat \"$2\"; echo ready\n\
        trap 'exit 0' TERM; while :; do sleep 0.05; done\n",
    );
    std::fs::set_permissions(
        &program,
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let mut gateway = Gateway::start(&program, "store = \"@DIR@/store\"").await;
    assert!(
        gateway
            .log()
            .contains(&format!("store = \"{}/store\"", gateway.folder().display()))
    );
    assert!(gateway.memory() > 100);
    let output = gateway.command(&["map", "list"]).await;
    assert_eq!(
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).ends_with("map list\n")
        ),
        (Some(3), true)
    );
    gateway.restart().await;
    gateway.kill9();
    gateway.start_again().await;
    assert_eq!(gateway.terminate().await, 0);
}

#[test]
fn a_stream_is_cut_where_its_stanzas_end() {
    let stream = "<?xml version='1.0'?><stream:stream a='>'> <presence/>\n<message a=\"'/>\"><body>&lt;</body><x/></message></stream:stream>";
    let expected = [
        Frame::Header("<?xml version='1.0'?><stream:stream a='>'>".into()),
        Frame::Stanza("<presence/>".into()),
        Frame::Stanza("<message a=\"'/>\"><body>&lt;</body><x/></message>".into()),
        Frame::End,
    ];
    // However the network cuts it.
    for size in 1..stream.len() {
        let mut frames = Frames::default();
        let mut seen = Vec::new();
        for chunk in stream.as_bytes().chunks(size) {
            frames.push(chunk);
            seen.extend(std::iter::from_fn(|| frames.next()));
        }
        assert_eq!(seen, expected, "in chunks of {size}");
    }
}

#[tokio::test]
async fn a_native_postfix_runs_as_root_and_is_refused_otherwise() {
    let server = tokio::spawn(MailServer::start(MailOptions::default().native())).await;
    if !process::root() {
        assert!(
            server.is_err_and(|error| error.is_panic()),
            "it must say that it needs root"
        );
        return;
    }
    let server = server.unwrap();
    let carol = server.mailbox("carol@mail.example").await;
    server
        .submit("dave@mail.example", &["carol@mail.example"], MAIL)
        .await
        .unwrap();
    carol.wait_for(1).await;
}

/// Every server, and every shell that watched one, has left when the test process is killed and no Drop can run.
#[tokio::test]
async fn nothing_outlives_a_killed_test() {
    const NAME: &str = "nothing_outlives_a_killed_test";
    if let Some(file) = std::env::var_os("STANZAMAIL_TEST_VICTIM") {
        let (prosody, mail) = (
            Prosody::start(XmppOptions::a()).await,
            MailServer::start(MailOptions::default()).await,
        );
        prosody.pause();
        std::fs::write(file, format!("{} {} ", prosody.c2s_port, mail.smtp_port)).unwrap();
        tokio::time::sleep(PATIENCE).await;
    }
    let folder = process::Folder::new("victim");
    let started = folder.join("started");
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", NAME])
        .env("STANZAMAIL_TEST_VICTIM", &started)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let read = || {
        std::fs::read_to_string(&started)
            .ok()
            .filter(|text| text.ends_with(' '))
    };
    let ports = until(read).await;
    victim.kill().unwrap();
    victim.wait().unwrap();
    let root = std::env::temp_dir().join(format!("stanzamail-tests-{}", victim.id()));
    until(|| (!root.exists()).then_some(())).await;
    for port in ports.split_whitespace() {
        assert!(
            !process::answers(port.parse().unwrap()),
            "a server still listens at {port}"
        );
    }
    until(|| processes_in(&root).is_empty().then_some(())).await;
}

async fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn nothing_outlives_its_value() {
    let values = (
        Prosody::start(XmppOptions::a()).await,
        Ejabberd::start(XmppOptions::b()).await,
        MailServer::start(MailOptions::default()).await,
    );
    let ports = [
        values.0.c2s_port,
        values.1.c2s_port,
        values.2.smtp_port,
        values.2.imap_port,
    ];
    let folders = [
        values.0.folder(),
        values.1.folder(),
        values.2.postfix.folder(),
        values.2.dovecot.folder(),
    ];
    let folders = folders.map(std::path::Path::to_owned);
    drop(values);
    assert_eq!(ports.map(process::answers), [false; 4]);
    for folder in folders {
        assert!(!folder.exists(), "{} was left behind", folder.display());
        until(|| processes_in(&folder).is_empty().then_some(())).await;
    }
}

/// Whoever runs in the folder or was started with its name.
fn processes_in(folder: &std::path::Path) -> Vec<String> {
    let folder = folder.to_string_lossy().into_owned();
    let processes = std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .map(|entry| entry.path());
    let of = |path: std::path::PathBuf| {
        let place = std::fs::read_link(path.join("cwd")).unwrap_or_default();
        let arguments = std::fs::read(path.join("cmdline")).unwrap_or_default();
        let text = format!(
            "{} {}",
            place.display(),
            String::from_utf8_lossy(&arguments)
        );
        text.contains(&folder).then_some(text)
    };
    processes.filter_map(of).collect()
}

/// The domain that gateway A has mail addresses in.
const A: &str = "chat.a.example";
const ID: &str = "mx.b.example";

/// A mail from Alice to Bob, who is behind the other gateway, with fields that its sender claims.
fn alice_to_bob(text: &str, fields: &str) -> String {
    format!(
        "{fields}From: Alice <alice@{A}>\nTo: bob@chat.b.example\nSubject: {text}\nMessage-ID: <{text}@{A}>\n\
         Date: Thu, 1 Jan 2026 00:00:00 +0000\n\nGrüße\n"
    )
}

const FORGED: &str = "Authentication-Results: mx.b.example; dkim=pass header.d=chat.a.example\n\
    Authentication-Results: mx.elsewhere.example; dkim=pass header.d=chat.a.example\n\
    authentication-results:\n mx.b.example; dkim=pass header.d=chat.a.example\n";

/// Sends one mail by submission and a forged one from outside, and returns what arrives of each, in this order.
async fn honest_and_forged(server: &MailServer) -> [Mail; 3] {
    let bob = server.bridge("chat.b.example").await;
    let send = async |login: &str, mail: String| {
        let to = ["bob@chat.b.example", "beth@chat.b.example"];
        server
            .submit_as(login, &format!("alice@{A}"), &to, mail)
            .await;
    };
    send(&format!("bridge@{A}"), alice_to_bob("honest", "")).await;
    send(
        "bridge@chat.b.example",
        alice_to_bob("somebody-else", FORGED),
    )
    .await;
    server
        .submit(
            "alice@chat.a.example",
            &["bob@chat.b.example"],
            alice_to_bob("forged", FORGED),
        )
        .await
        .unwrap();
    let mails = bob.wait_for(5).await;
    let to_bob = |text: &str| {
        let of = |mail: &&Mail| {
            mail.subject() == text
                && mail.header("Delivered-To").as_deref() == Some("bob@chat.b.example")
        };
        mails.iter().find(of).unwrap().clone()
    };
    ["honest", "somebody-else", "forged"].map(to_bob)
}

/// What stands in the topmost field of our name.
fn verdict(mail: &Mail) -> Option<String> {
    let fields = mail.headers("Authentication-Results");
    fields.into_iter().find(|field| field.starts_with(ID))
}

#[tokio::test]
async fn a_signature_is_made_by_one_gateway_and_verified_at_the_other() {
    let server = MailServer::start(MailOptions::default().dkim(ID)).await;
    let [honest, somebody_else, forged] = honest_and_forged(&server).await;
    let words = verdict(&honest).unwrap_or_else(|| panic!("{}", honest.text()));
    assert!(
        words.contains("dkim=pass") && words.contains("header.d=chat.a.example"),
        "{words}"
    );
    // B's account wrote A's domain into From: that is not what its signature says.
    for (mail, result) in [
        (
            &somebody_else,
            "dkim=pass (2048-bit key) header.d=chat.b.example",
        ),
        (&forged, "dkim=none"),
    ] {
        let words = verdict(mail).unwrap_or_else(|| panic!("{}", mail.text()));
        assert!(words.contains(result), "{words}");
        let ours = mail.headers("Authentication-Results");
        let ours = ours.iter().filter(|field| field.starts_with(ID));
        assert_eq!(ours.count(), 1, "{}", mail.text());
    }
    // Changed on the way: the same signature above another text.
    let changed = honest.text().replace("Grüße", "Gruß");
    let fields = changed.split_once("DKIM-Signature:").unwrap().1;
    server
        .submit(
            "alice@chat.a.example",
            &["beth@chat.b.example"],
            format!("DKIM-Signature:{fields}"),
        )
        .await
        .unwrap();
    let bridge = server.bridge("chat.b.example").await;
    let words = verdict(&bridge.wait_for(6).await[5]).unwrap();
    assert!(words.contains("dkim=fail"), "{words}");
    counted_once(&server);
}

#[tokio::test]
async fn the_origin_of_a_submitted_mail_is_stated_without_signatures() {
    let server = MailServer::start(MailOptions::default().verified(ID)).await;
    let [honest, somebody_else, forged] = honest_and_forged(&server).await;
    assert_eq!(
        honest.headers("Authentication-Results"),
        [format!("{ID}; dkim=pass header.d={A}")]
    );
    let stated = format!("{ID}; dkim=pass header.d=chat.b.example");
    assert_eq!(verdict(&somebody_else), Some(stated), "not A's domain");
    assert_eq!(
        forged.headers("Authentication-Results"),
        ["mx.elsewhere.example; dkim=pass header.d=chat.a.example"]
    );
    counted_once(&server);
}

/// The first mail had two recipients and was one transaction, whatever ways it went then.
fn counted_once(server: &MailServer) {
    let by_a = server.passed_by(&format!("bridge@{A}"));
    assert_eq!(by_a.len(), 1, "{by_a:?}");
    assert_eq!(by_a[0].sender, format!("alice@{A}"));
    assert_eq!(
        by_a[0].recipients,
        ["bob@chat.b.example", "beth@chat.b.example"]
    );
    assert_eq!(server.passed_by("bridge@chat.b.example").len(), 1);
}

#[tokio::test]
async fn slixmpp_sends_sees_and_answers_nothing_by_itself() {
    for flavour in [Flavour::Prosody, Flavour::Ejabberd] {
        let server = XmppServer::start(flavour, XmppOptions::a()).await;
        let adam = server.login("adam").await;
        let alice = SlixmppClient::login(&server, "alice").await;
        assert_eq!(alice.jid, "alice@a.example/slixmpp");
        // Prosody tells answers only to those who asked for their roster.
        assert_eq!(adam.roster().await, []);
        adam.send_presence(alice.bare(), "subscribe").await;
        adam.send(format!(
            "<message to='{}' id='r1' type='chat'><body>Ä &amp; Ö</body><request xmlns='urn:xmpp:receipts'/>\
             <reply xmlns='urn:xmpp:reply:0' id='r0' to='{}'/></message>",
            alice.jid,
            alice.bare()
        ))
        .await;
        alice.next_presence_from(adam.bare(), "subscribe").await;
        let message = alice.next_message_from(adam.bare()).await;
        assert_eq!(body(&message).as_deref(), Some("Ä & Ö"));
        let reply = stanza::find(&message, "reply", "urn:xmpp:reply:0").unwrap();
        assert_eq!(reply.attr("id"), Some("r0"));
        let anything = |s: &minidom::Element| from(s) == "alice@a.example/slixmpp";
        let answers = |s: &minidom::Element| anything(s) && s.name() != "iq";
        adam.expect_none(answers, Duration::from_millis(400)).await;

        // Told to, she does.
        alice.send(format!(
            "<presence to='{}' type='subscribed'/>",
            adam.bare()
        ));
        adam.next_presence_from(alice.bare(), "subscribed").await;
        adam.next_presence_from(alice.bare(), "").await;
        let item = alice.roster().await.remove(0);
        assert_eq!(
            (item.jid.as_str(), item.subscription.as_str()),
            (adam.bare(), "from")
        );
        alice.send("<presence><show>dnd</show><status>Zzz</status></presence>");
        let away = adam.next_presence_from(alice.bare(), "").await;
        assert_eq!(stanza::show(&away).as_deref(), Some("dnd"));
        alice.expect_sent(|s| stanza::show(s).is_some()).await;
        alice
            .none_of(|s| s.name() == "message", Duration::from_millis(50))
            .await;
        alice.logout().await;
        adam.next_presence_from(alice.bare(), "unavailable").await;
        assert!(alice.closed());
    }
}

#[tokio::test]
async fn slixmpp_gives_receipts_if_wanted_and_may_vanish() {
    let server = Prosody::start(XmppOptions::a()).await;
    let adam = server.login("adam").await;
    let options = SlixmppOptions {
        receipts: true,
        presence: false,
        ..SlixmppOptions::default()
    };
    let alice = SlixmppClient::login_with(&server, "alice", options).await;
    adam.send(format!(
        "<message to='{}' id='r1'><body>?</body><request xmlns='urn:xmpp:receipts'/></message>",
        alice.jid
    ))
    .await;
    let receipt = |s: &minidom::Element| stanza::find(s, "received", "urn:xmpp:receipts").is_some();
    adam.expect(receipt, PATIENCE).await;
    alice.vanish().await;
    assert!(alice.closed());
}

#[tokio::test]
async fn a_thousand_people_log_in_by_one_process() {
    let names: Vec<String> = (0..1_000).map(|n| format!("user{n}")).collect();
    let options = names
        .iter()
        .fold(XmppOptions::a(), |options, name| options.user(name));
    let server = Prosody::start(options).await;
    let alice = server.login("alice").await;
    let start = Instant::now();
    let crowd = SlixmppClient::login_many(&server, &names, SlixmppOptions::default()).await;
    println!("{:?} for {} logins", start.elapsed(), crowd.len());
    for (person, name) in crowd.iter().zip(&names) {
        alice.send_message(person.bare(), name).await;
    }
    for (person, name) in crowd.iter().zip(&names) {
        let message = person.next_message_from(alice.bare()).await;
        assert_eq!(body(&message).as_deref(), Some(name.as_str()));
    }
}

// --- the bad network -------------------------------------------------------------------------------------------------

/// A server that says back what it hears, and a proxy before it.
async fn echo() -> (Proxy, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    (Proxy::before(port).await, server)
}

async fn through(proxy: &Proxy) -> TcpStream {
    let connection = TcpStream::connect(("127.0.0.1", proxy.port())).await;
    connection.expect("the proxy listens")
}

/// What comes back until the connection ends or nothing has come for a while, and how it ended.
async fn said_back(stream: &mut TcpStream, text: &[u8]) -> (Vec<u8>, Option<std::io::ErrorKind>) {
    let _ = stream.write_all(text).await;
    let (mut heard, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        match timeout(Duration::from_millis(300), stream.read(&mut buffer)).await {
            Ok(Ok(0)) => return (heard, Some(std::io::ErrorKind::UnexpectedEof)),
            Ok(Ok(read)) => heard.extend_from_slice(&buffer[..read]),
            Ok(Err(error)) => return (heard, Some(error.kind())),
            Err(_) => return (heard, None),
        }
    }
}

#[tokio::test]
async fn the_proxy_passes_everything_on_and_remembers_it() {
    let (proxy, _server) = echo().await;
    let mut stream = through(&proxy).await;
    let long = b"0123456789".repeat(5000);
    assert_eq!(said_back(&mut stream, &long).await, (long.clone(), None));
    let carried = proxy.carried();
    assert_eq!((carried.len(), proxy.open()), (1, 1));
    assert!(carried[0].up == long && carried[0].down == long && !carried[0].was_cut);
    stream.shutdown().await.unwrap();
    let eof = Some(std::io::ErrorKind::UnexpectedEof);
    assert_eq!(said_back(&mut stream, b"").await, (Vec::new(), eof));
}

#[tokio::test]
async fn the_proxy_resets_one_connection_at_the_octet_that_it_was_told() {
    let (proxy, _server) = echo().await;
    let reset = Some(std::io::ErrorKind::ConnectionReset);
    for (way, octets) in [
        (Way::Up, 0),
        (Way::Up, 1),
        (Way::Down, 3),
        (Way::Down, 4095),
    ] {
        proxy.reset_next(way, octets);
        let mut stream = through(&proxy).await;
        let (heard, end) = said_back(&mut stream, &[b'x'; 5000]).await;
        assert_eq!(end, reset, "{way:?} {octets}");
        let carried = proxy.carried().pop().unwrap();
        let passed = match way {
            Way::Up => carried.up,
            Way::Down => carried.down,
        };
        assert!(carried.was_cut && passed.len() == octets && heard.len() <= octets.max(1));
        let mut next = through(&proxy).await;
        assert_eq!(said_back(&mut next, b"hi").await, (b"hi".to_vec(), None));
    }
}

#[tokio::test]
async fn the_proxy_is_late_and_slow() {
    let (proxy, _server) = echo().await;
    let mut stream = through(&proxy).await;
    for (network, least) in [
        (Network::Late(Duration::from_millis(100)), 200),
        (Network::Slow(100), 200),
    ] {
        proxy.becomes(network).await;
        let began = Instant::now();
        stream.write_all(&[b'x'; 20]).await.unwrap();
        stream.read_exact(&mut [0; 20]).await.unwrap();
        let took = began.elapsed().as_millis();
        assert!((least..least * 5).contains(&took), "{network:?}: {took} ms");
    }
}

#[tokio::test]
async fn the_proxy_halts_and_what_was_under_way_arrives_later() {
    let (proxy, _server) = echo().await;
    let mut stream = through(&proxy).await;
    assert_eq!(said_back(&mut stream, b"hi").await, (b"hi".to_vec(), None));
    proxy.becomes(Network::Halts).await;
    assert_eq!(said_back(&mut stream, b"late").await, (Vec::new(), None));
    let mut second = through(&proxy).await;
    assert_eq!(said_back(&mut second, b"later").await, (Vec::new(), None));
    proxy.becomes(Network::Passes).await;
    assert_eq!(said_back(&mut stream, b"").await, (b"late".to_vec(), None));
    assert_eq!(said_back(&mut second, b"").await, (b"later".to_vec(), None));
}

#[tokio::test]
async fn the_proxy_swallows_and_resets_what_it_swallowed_from() {
    let (proxy, _server) = echo().await;
    let mut stream = through(&proxy).await;
    proxy.becomes(Network::Swallows).await;
    assert_eq!(said_back(&mut stream, b"gone").await, (Vec::new(), None));
    proxy.becomes(Network::Passes).await;
    let reset = Some(std::io::ErrorKind::ConnectionReset);
    assert_eq!(said_back(&mut stream, b"").await, (Vec::new(), reset));
    let mut next = through(&proxy).await;
    assert_eq!(said_back(&mut next, b"hi").await, (b"hi".to_vec(), None));
}

#[tokio::test]
async fn the_proxy_forgets_connections_for_good() {
    let (proxy, _server) = echo().await;
    let mut stream = through(&proxy).await;
    proxy.becomes(Network::Forgets).await;
    assert_eq!(said_back(&mut stream, b"gone").await, (Vec::new(), None));
    proxy.becomes(Network::Passes).await;
    assert_eq!(said_back(&mut stream, b"hello?").await, (Vec::new(), None));
    let mut next = through(&proxy).await;
    assert_eq!(said_back(&mut next, b"hi").await, (b"hi".to_vec(), None));
}

#[tokio::test]
async fn the_proxy_is_a_black_hole_or_refuses() {
    let (proxy, _server) = echo().await;
    let address = ("127.0.0.1", proxy.port());
    let mut before = through(&proxy).await;
    assert_eq!(said_back(&mut before, b"hi").await, (b"hi".to_vec(), None));
    proxy.becomes(Network::BlackHole).await;
    let asked = timeout(Duration::from_millis(300), TcpStream::connect(address)).await;
    assert!(asked.is_err(), "{asked:?}");
    assert_eq!(said_back(&mut before, b"late").await, (Vec::new(), None));
    proxy.becomes(Network::Passes).await;
    assert_eq!(said_back(&mut before, b"").await, (b"late".to_vec(), None));

    proxy.becomes(Network::Refuses).await;
    let refused = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    let reset = Some(std::io::ErrorKind::ConnectionReset);
    assert_eq!(said_back(&mut before, b"").await, (Vec::new(), reset));
    proxy.becomes(Network::Passes).await;
    assert_eq!(said_back(&mut through(&proxy).await, b"hi").await.0, b"hi");
}
