//! The configuration: the example is what the source says, and every mistake is answered with a sentence that names the
//! line, what was found, what is allowed and how to mend it.

use proptest::prelude::*;
use secrecy::ExposeSecret;
use stanzamail::config::{After, Config, FirstStart};
use stanzamail::core::address::MailAddress;
use stanzamail::core::record::Format;
use stanzamail::core::settings::{PresenceSettings, Speak, StanzaTrust};
use stanzamail::net::tls::TlsMode;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

// The example.

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn the_example_says_what_the_source_says() {
    let source = ["mod.rs", "limits.rs"]
        .map(|file| std::fs::read_to_string(format!("{ROOT}/src/config/{file}")).unwrap())
        .concat();
    let path = format!("{ROOT}/config.example.toml");
    let expected = example(&source);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap();
    assert!(
        found == expected,
        "config.example.toml is not what the comments of src/config say; run the test with UPDATE_GOLDEN=1"
    );
}

/// The example that the comments of these structs make.
fn example(source: &str) -> String {
    let (comment, sections) = structure(source, "Config");
    let mut text = in_comment(&comment);
    for (name, kind) in sections
        .iter()
        .filter_map(|field| field.declaration.split_once(": "))
    {
        let inner = |list| {
            kind.strip_prefix(list)
                .map(|kind| kind.trim_end_matches('>'))
        };
        let (list, may_lack) = (inner("Vec<").is_some(), inner("Option<").is_some());
        let kind = inner("Vec<").or(inner("Option<")).unwrap_or(kind);
        let (comment, keys) = structure(source, kind);
        let is_optional = (list || may_lack)
            && !keys
                .iter()
                .any(|key| key.comment.iter().any(|line| line.starts_with("Write `")));
        let header = if list {
            format!("[[{name}]]")
        } else {
            format!("[{name}]")
        };
        let mark = if is_optional { "#" } else { "" };
        let _ = write!(text, "\n\n{}{mark}{header}\n", in_comment(&comment));
        for key in &keys {
            let is_setting = |line: &&String| setting(line).is_some();
            let words: Vec<_> = key
                .comment
                .iter()
                .filter(|line| !is_setting(line))
                .cloned()
                .collect();
            let _ = write!(text, "\n{}", in_comment(&words));
            for line in key.comment.iter().filter_map(|line| setting(line)) {
                let _ = writeln!(text, "{line}");
            }
        }
    }
    text
}

/// The line of the example for `` Write `…` ``, `` Default `…` `` or `` Or `…` ``.
fn setting(line: &str) -> Option<String> {
    let (word, rest) = line.split_once(" `")?;
    let setting = rest.strip_suffix('`')?;
    match word {
        "Write" => Some(setting.to_owned()),
        "Default" | "Or" => Some(format!("#{setting}")),
        _ => None,
    }
}

fn in_comment(lines: &[String]) -> String {
    let end = lines
        .iter()
        .rposition(|line| !line.is_empty())
        .map_or(0, |last| last + 1);
    lines[..end].iter().fold(String::new(), |mut text, line| {
        let _ = writeln!(
            text,
            "{}",
            format!("# {}", line.replace('`', "")).trim_end()
        );
        text
    })
}

struct Field {
    comment: Vec<String>,
    /// `port: u16`
    declaration: String,
}

/// The comment of a struct and its public fields.
fn structure(source: &str, name: &str) -> (Vec<String>, Vec<Field>) {
    let mut lines = source.lines();
    let mut comment = Vec::new();
    for line in lines.by_ref() {
        if line == format!("pub struct {name} {{") {
            break;
        }
        match line.strip_prefix("///") {
            Some(words) => comment.push(words.strip_prefix(' ').unwrap_or(words).to_owned()),
            None if line.starts_with('#') => {}
            None => comment.clear(),
        }
    }
    let mut fields = Vec::new();
    let mut words = Vec::new();
    for line in lines.take_while(|line| *line != "}").map(str::trim) {
        if let Some(word) = line.strip_prefix("///") {
            words.push(word.strip_prefix(' ').unwrap_or(word).to_owned());
        } else {
            let comment = std::mem::take(&mut words);
            if let Some(declaration) = line.strip_prefix("pub ") {
                let declaration = declaration.trim_end_matches(',').to_owned();
                fields.push(Field {
                    comment,
                    declaration,
                });
            }
        }
    }
    assert!(!fields.is_empty(), "no struct {name}");
    (comment, fields)
}

#[test]
fn the_example_is_a_configuration_and_its_comments_are_the_defaults() {
    let text = std::fs::read_to_string(format!("{ROOT}/config.example.toml")).unwrap();
    let short = load(&text, 0o640).unwrap();
    // What is no default: optional files, the other ways to give a secret, what goes with another choice.
    let not_defaults = [
        "ca_file",
        "user ",
        "secret ",
        "secret_env",
        "password ",
        "password_env",
        "token_command",
        "move_to",
        "jid =",
        "mail =",
        "jids = [\"",
        "admins = [\"",
        "contact = [\"",
        "fetch_from = [\"",
        "originals =",
        "public_url =",
        "organisation =",
        "default_subject =",
        "allow = [\"",
        "deny = [\"",
        "authserv_ids = [\"",
        "[[pair]]",
        "[[peer]]",
        "[lmtp]",
        "listen =",
        "domain =",
        "address =",
        "format =",
        "key =",
    ];
    let long: String = text
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(key)
                if !key.starts_with(' ') && !not_defaults.iter().any(|no| key.starts_with(no)) =>
            {
                format!("{key}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    assert!(long.contains("\nport = 465\n"));
    let long = load(&long, 0o640).unwrap();
    // The folders are different ones.
    let shown = |config: &Config| format!("{config:?}");
    assert_eq!(shown(&short), shown(&long));
}

// What is right.

/// A whole configuration, and files that it may name beside it.
const SMALLEST: &str = r#"
[xmpp]
server = "127.0.0.1:5347"
domain = "mail.example.org"
secret = "canary-one"

[[address]]
jid = "{local}@example.org"
mail = "{local}@chat.example.org"

[smtp]
host = "mail.example.org"

[[mailbox]]
host = "imap.example.org"
username = "bridge"
password = "canary-two"
"#;

fn load(text: &str, mode: u32) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    for (name, content) in [
        ("config.toml", text),
        ("component-secret", "canary-one\n"),
        ("smtp-password", "canary-two"),
        ("imap-password", "canary-three\r\n"),
        ("empty", "\n"),
        ("several-lines", "a\nb\n"),
    ] {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    set_mode(&path, mode);
    Config::load(&path).map_err(|errors| {
        errors
            .to_string()
            .replace(&format!("{}/", folder.path().display()), "")
    })
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Its mails are the user's, whatever a header says.
#[test]
fn the_mailbox_of_one_user_may_trust_other_headers() {
    let other = "\n[[mailbox]]\nhost = \"imap.example.org\"\nusername = \"alice\"\npassword = \"x\"\n\
                 user = \"alice@example.org\"\nrecipient_headers = [\"X-Other\"]\n";
    let config = load(&format!("{SMALLEST}{other}"), 0o600).unwrap();
    assert_eq!(config.mailbox[1].recipient_headers, ["X-Other"]);
}

#[test]
fn the_smallest_configuration_has_all_defaults() {
    let config = load(SMALLEST, 0o600).unwrap();
    assert_eq!(config.xmpp.ping.as_str(), "example.org");
    assert_eq!(config.users.domains.len(), 1);
    assert_eq!(config.users.domains[0].as_str(), "example.org");
    assert_eq!(
        (config.smtp.port, config.smtp.tls),
        (465, TlsMode::Implicit)
    );
    assert_eq!(config.smtp.helo, "chat.example.org");
    let mailbox = &config.mailbox[0];
    assert_eq!(mailbox.name(), "bridge@imap.example.org/INBOX");
    assert_eq!((mailbox.port, mailbox.poll), (993, Duration::from_secs(60)));
    assert_eq!(
        (&mailbox.after, mailbox.first_start),
        (&After::Seen, FirstStart::New)
    );
    let settings = config.settings([7; 32]);
    assert_eq!(settings.expire, Duration::from_secs(3 * 24 * 3600));
    assert_eq!(settings.remembered, Duration::from_secs(90 * 24 * 3600));
    assert_eq!(settings.body_octets_max, 102_400);
    let alice = MailAddress::parse("alice@chat.example.org").unwrap();
    assert_eq!(
        settings.rules.user_of(&alice).unwrap().as_str(),
        "alice@example.org"
    );
}

#[test]
fn that_no_sender_is_verified_is_said_unless_it_is_wanted() {
    assert!(
        meaning("")
            .unwrap_err()
            .contains("no sender can be verified")
    );
    assert!(meaning("unverified = \"show\"").is_ok());
    let but_one = meaning(PEER).unwrap_err();
    assert!(
        but_one.contains("no sender can be verified but chat.b.example"),
        "{but_one}"
    );
    let verified = meaning(IDS).unwrap();
    assert!(
        verified.contains("by what mx.example.org says"),
        "{verified}"
    );
}

#[test]
fn keys_under_their_former_names_hold_and_are_noted() {
    let text = SMALLEST.replace(
        "[smtp]",
        "[trust]\nauthserv_ids = [\"mx.example.org\"]\nspeak = \"require\"\nstanza = \"off\"\n[smtp]",
    );
    let config = load(&text, 0o600).unwrap();
    assert_eq!(config.trust.unverified, Speak::Require);
    assert_eq!(config.trust.stanzas_from, StanzaTrust::Off);
    assert_eq!(
        config.notes().collect::<Vec<_>>(),
        [
            "13: trust.speak: is now called unverified; write unverified = \"hold\"",
            "14: trust.stanza: is now called stanzas_from; write stanzas_from = \"anyone\"",
        ]
    );
}

/// The line at the start, for this in `[trust]` and these sections after it.
fn meaning(section: &str) -> Result<String, String> {
    let text = SMALLEST.replace("[smtp]", &format!("[trust]\n{section}\n[smtp]"));
    let config = load(&text, 0o600).unwrap();
    config.trust.meaning(&config.peer)
}

#[test]
fn whose_presence_is_believed_is_said_at_the_start() {
    let about = |section: &str| {
        let line = meaning(section).unwrap_or_else(|warning| warning);
        assert!(!line.contains('\n'), "{line}");
        let (_, stanzas) = line.split_once("presence and subscriptions").unwrap();
        stanzas.to_owned()
    };
    let nobody = about("");
    assert!(nobody.contains("not believed from anybody"), "{nobody}");
    assert!(nobody.contains("a [[peer]] with a key"), "{nobody}");
    let verified = about(IDS);
    assert!(verified.contains("verified senders only"), "{verified}");
    let format_only = about("[[peer]]\ndomain = \"b.example\"\nformat = \"xmpp\"");
    assert!(format_only.contains("not believed"), "{format_only}");
    let signed = about(PEER);
    assert!(
        signed
            .contains("believed from chat.b.example, where they are signed, and from nobody else"),
        "{signed}"
    );
    let (messages, _) = meaning(&format!("{IDS}\n{PEER}"))
        .unwrap()
        .split_once("; others are marked")
        .map(|(messages, rest)| (messages.to_owned(), rest.to_owned()))
        .unwrap();
    assert!(
        messages.ends_with("mx.example.org says, and for chat.b.example by signatures"),
        "{messages}"
    );
}

#[test]
fn of_many_peers_some_are_named() {
    let peers: String = (1..=7)
        .map(|at| format!("[[peer]]\ndomain = \"b{at}.example\"\nkey = \"{KEY}\"\n"))
        .collect();
    let line = meaning(&peers).unwrap_err();
    assert!(line.contains("b4.example, b5.example and 2 more"), "{line}");
}

#[test]
fn presence_that_is_believed_from_everybody_is_a_warning() {
    for section in ["", IDS, "unverified = \"show\""] {
        let line = meaning(&format!("stanzas_from = \"anyone\"\n{section}")).unwrap_err();
        assert!(
            line.contains("stanzas_from = \"anyone\" is UNSAFE"),
            "{line}"
        );
    }
    let line = meaning(&format!("stanzas_from = \"anyone\"\n{PEER}")).unwrap_err();
    assert!(
        line.contains("but for chat.b.example, who must sign"),
        "{line}"
    );
}

const KEY: &str = "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const IDS: &str = "authserv_ids = [\"mx.example.org\"]";
/// A section that has a key and no format.
const PEER: &str = "[[peer]]\ndomain = \"chat.b.example\"\nkey = \"ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"";

#[test]
fn an_address_has_what_its_section_says_and_else_what_its_domain_has() {
    let text = format!(
        "{SMALLEST}{PEER}\nformat = \"xmpp\"\n[[peer]]\naddress = \"Bob@chat.b.example\"\nformat = \"mail\"\n"
    );
    let settings = load(&text, 0o600).unwrap().settings([7; 32]);
    let of = |text: &str| {
        let address = MailAddress::parse(text).unwrap();
        let key = settings.key_of(&address).map(|key| key.to_string());
        (settings.format_of(&address), key)
    };
    let key = Some(KEY.to_owned());
    assert_eq!(
        of("carol@chat.b.example"),
        (Some(Format::Xmpp), key.clone())
    );
    assert_eq!(of("bob@chat.b.example"), (Some(Format::Mail), key));
    assert_eq!(of("bob@sub.chat.b.example"), (None, None));
    assert_eq!(of("bob@b.example"), (None, None));
}

#[test]
fn presence_is_as_quick_as_is_said() {
    let with = |section: &str| {
        let config = load(&format!("{SMALLEST}[presence]\n{section}\n"), 0o600).unwrap();
        config.settings([7; 32]).presence
    };
    assert_eq!(with(""), PresenceSettings::default());
    let quick = with("debounce = \"300ms\"\nspacing = \"5s\"\nexpires = \"20s\"");
    assert_eq!(quick.debounce, Duration::from_millis(300));
    assert_eq!(quick.spacing, Duration::from_secs(5));
    assert_eq!(quick.expires, Duration::from_secs(20));
    assert_eq!(with("debounce = \"0ms\"").debounce, Duration::ZERO);
}

#[test]
fn secrets_come_from_files_and_from_the_environment_and_are_never_shown() {
    let text = SMALLEST
        .replace(
            "secret = \"canary-one\"",
            "secret_file = \"component-secret\"",
        )
        .replace(
            "password = \"canary-two\"",
            "password_file = \"imap-password\"",
        )
        .replace(
            "[smtp]",
            "[smtp]\nusername = \"bridge\"\npassword_env = \"CARGO_PKG_NAME\"",
        );
    // No secret in the file itself: its mode does not matter.
    let config = load(&text, 0o644).unwrap();
    assert_eq!(config.xmpp.secret.expose_secret(), "canary-one");
    assert_eq!(
        config.mailbox[0].password.as_ref().unwrap().expose_secret(),
        "canary-three"
    );
    assert_eq!(
        config.smtp.password.as_ref().unwrap().expose_secret(),
        "stanzamail"
    );
    assert!(!format!("{config:?}").contains("canary"));
}

#[test]
fn an_insecure_way_is_taken_only_in_so_many_words() {
    let text = SMALLEST
        .replace(
            "127.0.0.1:5347",
            "xmpp.example.org:5347\"\ninsecure = true\nping = \"example.org",
        )
        .replace("[smtp]", "[smtp]\ntls = \"none\"\ninsecure = true");
    let config = load(&text, 0o600).unwrap();
    assert_eq!((config.smtp.port, config.smtp.tls), (25, TlsMode::Plain));
    let secured = SMALLEST.replace(
        "127.0.0.1:5347",
        "xmpp.example.org:5347\"\ntls = true\nping = \"example.org",
    );
    assert!(load(&secured, 0o600).unwrap().xmpp.tls);
    let local = SMALLEST.replace(
        "[smtp]\nhost = \"mail.example.org\"",
        "[smtp]\nhost = \"::1\"\ntls = \"none\"",
    );
    assert!(load(&local, 0o600).is_ok());
}

// What is wrong.

/// What to replace in the smallest configuration by what, and the messages after `config.toml:`.
type Broken = (&'static str, &'static str, &'static str);

#[test]
fn every_mistake_is_answered_with_line_finding_and_remedy() {
    let mut failed = Vec::new();
    for (old, new, expected) in BROKEN {
        assert!(SMALLEST.contains(old), "{old}");
        let broken = SMALLEST.replacen(old, new, 1);
        let found = load(&broken, 0o640)
            .map(|_| ())
            .unwrap_err()
            .replace("config.toml:", "");
        if found != *expected {
            failed.push(format!(
                "{old} -> {new}\n  expected {expected}\n  found    {found}"
            ));
        }
    }
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}

#[test]
fn a_secret_is_refused_in_a_file_that_everyone_may_read() {
    assert!(load(SMALLEST, 0o640).is_ok());
    assert_eq!(
        load(SMALLEST, 0o644).map(|_| ()).unwrap_err(),
        "config.toml:5: found a secret in a file that everyone on this machine may read (mode 0644); allowed is 0640 or \
         stricter: chmod 640 config.toml, or put the secret in a file of its own"
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    assert_eq!(
        Config::load(Path::new("/nowhere/stanzamail.toml"))
            .map(|_| ())
            .unwrap_err()
            .to_string(),
        "/nowhere/stanzamail.toml: cannot be read (No such file or directory (os error 2)); give another file by --config, \
         or mend this one"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_damage_makes_it_panic_or_show_a_secret(
        start in 0..SMALLEST.len(),
        length in 0..20_usize,
        damage in "[\\[\\]=\"{}@a-z0-9.\n\\\\é-]{0,6}",
    ) {
        let end = (start + length).min(SMALLEST.len());
        let mut broken = SMALLEST.to_owned();
        broken.replace_range(start..end, &damage);
        if let Err(errors) = load(&broken, 0o600) {
            prop_assert!(errors.starts_with("config.toml:"), "{}", errors);
            // Without the end of its line, the value of another key would be made of the secret.
            let joins_lines = SMALLEST[start..end].contains('\n');
            prop_assert!(joins_lines || !errors.contains("canary-"), "{}", errors);
        }
    }
}

const BROKEN: &[Broken] = &[
    (
        "server = \"127.0.0.1:5347\"\n",
        "",
        r#"2: xmpp.server: found nothing; write, for example, server = "127.0.0.1:5347""#,
    ),
    (
        "127.0.0.1:5347",
        "127.0.0.1",
        r#"3: xmpp.server: found "127.0.0.1"; allowed is a host and a port with a colon between them; write, for example, server = "127.0.0.1:5347""#,
    ),
    (
        "127.0.0.1:5347",
        "xmpp.example.org:5347",
        r#"3: xmpp.server: found "xmpp.example.org:5347", which is not this machine; allowed is 127.0.0.1, ::1 or localhost, or tls = true where the server has TLS for components (ejabberd); else make a tunnel, or write insecure = true if the way to xmpp.example.org is safe"#,
    ),
    (
        r#"server = "127.0.0.1:5347""#,
        "server = 5347",
        r#"3: xmpp.server: found 5347; allowed is a host and a port with a colon between them; write, for example, server = "127.0.0.1:5347""#,
    ),
    (
        "server =",
        "serer =",
        "2: xmpp.server: found nothing; write, for example, server = \"127.0.0.1:5347\"\n3: xmpp.serer: found a key that is not known; did you mean server?",
    ),
    (
        "server =",
        "port = 5347\nserver =",
        "3: xmpp.port: found a key that is not known; known here: server, domain, secret, secret_file, secret_env, ping, tls, ca_file, insecure",
    ),
    (
        r#"domain = "mail.example.org""#,
        r#"domain = "mail..example.org""#,
        r#"4: xmpp.domain: found "mail..example.org"; allowed is a domain name; write, for example, domain = "mail.example.org""#,
    ),
    (
        r#"domain = "mail.example.org""#,
        r#"domain = "mail""#,
        "2: xmpp.ping: found nothing, and mail has no domain above it; write the domain of your XMPP server",
    ),
    (
        r#"domain = "mail.example.org""#,
        "domain = \"mail\"\nping = \"x y\"",
        r#"5: xmpp.ping: found "x y"; allowed is a domain name; write, for example, ping = "example.org""#,
    ),
    (
        "secret = \"canary-one\"\n",
        "",
        "2: xmpp.secret: found nothing; write one of secret_file, secret_env and secret",
    ),
    (
        r#"secret = "canary-one""#,
        r#"secret = """#,
        "5: xmpp.secret: found an empty text; allowed is one line of text in quotes",
    ),
    (
        r#"secret = "canary-one""#,
        "secret = 42",
        "5: xmpp.secret: found a number; allowed is one line of text in quotes",
    ),
    (
        r#"secret = "canary-one""#,
        "secret = \"a\\nb\"",
        "5: xmpp.secret: found a text; allowed is one line of text in quotes",
    ),
    (
        r#"secret = "canary-one""#,
        "secret = \"canary-one\"\nsecret_file = \"component-secret\"",
        "5: xmpp.secret: found in several places; keep one of secret, secret_file and secret_env",
    ),
    (
        r#"secret = "canary-one""#,
        r#"secret_file = "missing""#,
        "5: xmpp.secret_file: missing cannot be read (No such file or directory (os error 2)); give a file that holds the secret and that this program may read",
    ),
    (
        r#"secret = "canary-one""#,
        r#"secret_file = "empty""#,
        "5: xmpp.secret_file: empty is empty or has several lines; allowed is one line, the secret alone",
    ),
    (
        r#"secret = "canary-one""#,
        r#"secret_file = "several-lines""#,
        "5: xmpp.secret_file: several-lines is empty or has several lines; allowed is one line, the secret alone",
    ),
    (
        r#"secret = "canary-one""#,
        r#"secret_env = "STANZAMAIL_NOT_SET""#,
        "5: xmpp.secret_env: the environment variable STANZAMAIL_NOT_SET is not set, empty, or has several lines; set it to the secret alone",
    ),
    (
        r#"secret = "canary-one""#,
        "insecure = \"yes\"\nsecret = \"canary-one\"",
        r#"5: xmpp.insecure: found "yes"; allowed is true or false, without quotes; write, for example, insecure = false"#,
    ),
    (
        r#"secret = "canary-one""#,
        r#"secret = "canary-one"#,
        r#"5: is not TOML: invalid basic string, expected `"`; mend this line (https://toml.io)"#,
    ),
    (
        r#"secret = "canary-one""#,
        "secret = \"canary-one\"\nsecret = \"canary-one\"",
        "6: is not TOML: duplicate key; mend this line (https://toml.io)",
    ),
    (
        "[xmpp]",
        "[xmp]",
        " xmpp: found no section [xmpp]; add it as in config.example.toml\n2: xmp: found a section that is not known; did you mean xmpp?",
    ),
    (
        "[xmpp]",
        "[[xmpp]]",
        "2: xmpp: found a list; allowed is a section [xmpp], as in config.example.toml",
    ),
    (
        "[xmpp]",
        "xmpp = \"x\"\n[other]",
        "2: xmpp: found a text; allowed is a section [xmpp], as in config.example.toml\n3: other: found a section that is not known; known here: xmpp, users, address, pair, contacts, trust, peer, smtp, mailbox, store, messages, presence, limits, delivery, http, mail, log",
    ),
    (
        "[smtp]",
        "[users]\ndomains = [\"example.org\", \"a..b\"]\n[smtp]",
        r#"12: users.domains: found "a..b"; allowed is a domain name; write, for example, domains = ["example.org"]"#,
    ),
    (
        "[smtp]",
        "[users]\ndomains = \"example.org\"\n[smtp]",
        r#"12: users.domains: found "example.org"; allowed is a list in brackets; write, for example, domains = ["example.org"]"#,
    ),
    (
        "[smtp]",
        "[users]\ndomains = []\n[smtp]",
        r#"12: users.domains: found nobody; write, for example, domains = ["example.org"]"#,
    ),
    (
        "[smtp]",
        "[users]\njids = [\"alice\"]\n[smtp]",
        r#"12: users.jids: found "alice"; allowed is a JID of the form name@domain; write, for example, jids = ["alice@example.net"]"#,
    ),
    (
        "[smtp]",
        "[users]\njids = [\"example.org\"]\n[smtp]",
        r#"12: users.jids: found "example.org"; allowed is a JID of the form name@domain; write, for example, jids = ["alice@example.net"]"#,
    ),
    (
        "[smtp]",
        "[users]\nadmins = [\"eve@example.net\"]\n[smtp]",
        "12: users.admins: found eve@example.net, who is none of the users; add the JID to jids, or leave it out here",
    ),
    (
        "[smtp]",
        "[users]\ncontact = [\"postmaster@example.org\"]\n[smtp]",
        r#"12: users.contact: found "postmaster@example.org"; allowed is a URI that begins with mailto:, xmpp: or https:; write, for example, contact = ["mailto:postmaster@example.org", "xmpp:alice@example.org"]"#,
    ),
    (
        "domain = \"mail.example.org\"",
        "domain = \"Example.org\"",
        r#"4: xmpp.domain: found example.org, which is the domain of your users (jid of address 1); the gateway needs one of its own; write, for example, domain = "mail.example.org""#,
    ),
    (
        "[smtp]",
        "[users]\ndomains = [\"example.org\", \"mail.example.org\"]\n[smtp]",
        "12: users.domains: found mail.example.org, the component's own domain, where contacts live; write the domains of your users",
    ),
    (
        "[smtp]",
        "[contacts]\nallow = [\"mail.example\", \"@mail.example\"]\n[smtp]",
        r#"12: contacts.allow: found "@mail.example"; allowed is a mail address or a domain name; write, for example, allow = ["mail.example", "carol@provider.example"]"#,
    ),
    (
        "[[address]]",
        "[address]",
        "7: address: found a table; allowed is sections [[address]], with two brackets, as in config.example.toml",
    ),
    (
        "[[address]]\njid = \"{local}@example.org\"\nmail = \"{local}@chat.example.org\"\n",
        "",
        " address: found no section [[address]]; add one as in config.example.toml: without it no user has a mail address",
    ),
    (
        "mail = \"{local}@chat.example.org\"\n",
        "",
        r#"7: address 1.mail: found nothing; write, for example, mail = "{local}@chat.example.org""#,
    ),
    (
        r#"jid = "{local}@example.org""#,
        r#"jid = "{user}@example.org""#,
        "8: address rule 1: the jid template “{user}@example.org” has “{user}”; the placeholders are {local} and {domain}",
    ),
    (
        r#"mail = "{local}@chat.example.org""#,
        r#"mail = "chat@example.org""#,
        "8: address rule 1 (“{local}@example.org” ⇄ “chat@example.org”) has {local} on its jid side only, so that it cannot be reversed; write {local} on both sides or on none",
    ),
    (
        "[smtp]",
        "[[address]]\njid = \"{local}@example.net\"\nmail = \"im.{local}@chat.example.org\"\n[smtp]",
        "13: address rules 1 (“{local}@example.org” ⇄ “{local}@chat.example.org”) and 2 (“{local}@example.net” ⇄ “im.{local}@chat.example.org”) overlap: their mail templates can both give the same address; change one so that they cannot, for example by another domain or another prefix",
    ),
    (
        "[smtp]",
        "[[pair]]\njid = \"bob@example.org\"\nmail = \"bob\"\n[smtp]",
        r#"13: pair 1.mail: found "bob"; allowed is a mail address of the form name@domain; write, for example, mail = "a.miller@wonder.example""#,
    ),
    (
        "[smtp]",
        "[[pair]]\njid = \"bob@example.org\"\nmail = \"b@mail.example\"\n[[pair]]\njid = \"BOB@example.org\"\nmail = \"c@mail.example\"\n[smtp]",
        "15: pair 2.jid: found bob@example.org, which pair 1 has already; remove one of the two",
    ),
    (
        "[smtp]",
        "[[pair]]\njid = \"bob@example.org\"\nmail = \"b@mail.example\"\n[[pair]]\njid = \"carol@example.org\"\nmail = \"B@mail.example\"\n[smtp]",
        "16: pair 2.mail: found B@mail.example, which pair 1 has already; remove one of the two",
    ),
    (
        "[smtp]",
        "[[pair]]\njid = \"bob@example.org\"\nmail = \"alice@chat.example.org\"\n[smtp]",
        "13: pair 1.mail: found alice@chat.example.org, which is the address of alice@example.org by a rule; write another one, or a pair for alice@example.org, too",
    ),
    (
        "[smtp]\nhost = \"mail.example.org\"\n",
        "",
        " smtp: found no section [smtp]; add it as in config.example.toml",
    ),
    (
        "[smtp]\nhost = \"mail.example.org\"",
        "[smtp]",
        r#"11: smtp.host: found nothing; write, for example, host = "smtp.example.org""#,
    ),
    (
        "[smtp]\nhost = \"mail.example.org\"",
        "[smtp]\nhost = \"mail example org\"",
        r#"12: smtp.host: found "mail example org"; allowed is the name of a host or its IP address; write, for example, host = "smtp.example.org""#,
    ),
    (
        "[smtp]",
        "[smtp]\nport = 0",
        "12: smtp.port: found 0; allowed is a whole number from 1 to 65535, without quotes; write, for example, port = 465",
    ),
    (
        "[smtp]",
        "[smtp]\nport = \"465\"",
        r#"12: smtp.port: found "465"; allowed is a whole number from 1 to 65535, without quotes; write, for example, port = 465"#,
    ),
    (
        "[smtp]",
        "[smtp]\nport = 65536",
        "12: smtp.port: found 65536; allowed is a whole number from 1 to 65535, without quotes; write, for example, port = 465",
    ),
    (
        "[smtp]",
        "[smtp]\ntls = \"ssl\"",
        r#"12: smtp.tls: found "ssl"; allowed is "implicit", "starttls" or "none"; write, for example, tls = "implicit""#,
    ),
    (
        "[smtp]",
        "[smtp]\ntls = \"none\"",
        r#"12: smtp.tls: found "none", but mail.example.org is not this machine; allowed is "implicit" or "starttls", or insecure = true if everyone on the way may read passwords and mail"#,
    ),
    (
        "[smtp]",
        "[smtp]\nusername = \"bridge\"",
        "11: smtp.password: found nothing, but a username; write both, or none where the server wants no login",
    ),
    (
        "[smtp]",
        "[smtp]\npassword = \"canary\"",
        "11: smtp.username: found nothing, but a password; write both, or none where the server wants no login",
    ),
    (
        "[smtp]",
        "[smtp]\ntoken_command = [\"/bin/token\"]",
        "11: smtp.username: found nothing, but a token_command; write both, or none where the server wants no login",
    ),
    (
        "[smtp]",
        "[smtp]\nusername = \"bridge\"\npassword = \"canary\"\ntoken_command = [\"/bin/token\"]",
        "14: smtp.token_command: found a password as well; write one of the two: the server takes a password, or tokens",
    ),
    (
        "[smtp]",
        "[smtp]\nusername = \"bridge\"\ntoken_command = [\"token\"]",
        "13: smtp.token_command: found a list; allowed is a list of texts: a program by its whole path, which begins with /, and its arguments; write, for example, token_command = [\"/usr/local/bin/token\", \"bridge@example.org\"]",
    ),
    (
        "[smtp]",
        "[smtp]\nconnections = 0",
        "12: smtp.connections: found 0; allowed is a whole number from 1 to 100, without quotes; write, for example, connections = 5",
    ),
    (
        "[smtp]",
        "[smtp]\nhelo = \"a b\"",
        r#"12: smtp.helo: found "a b"; allowed is the name of a host or its IP address; write, for example, helo = "chat.example.org""#,
    ),
    (
        "[smtp]",
        "[smtp]\nca_file = \"missing.pem\"",
        "12: smtp.ca_file: the certificates in missing.pem cannot be read: No such file or directory (os error 2); give a PEM file of certificates",
    ),
    (
        "[smtp]",
        "[smtp]\nca_file = \"empty\"",
        "12: smtp.ca_file: empty has no certificate of an authority; give a PEM file with at least one",
    ),
    (
        "[[mailbox]]\nhost = \"imap.example.org\"\nusername = \"bridge\"\npassword = \"canary-two\"\n",
        "",
        " mailbox: found no section [[mailbox]]; add one as in config.example.toml: without it no mail comes in",
    ),
    (
        "[[mailbox]]",
        "[mailbox]",
        "14: mailbox: found a table; allowed is sections [[mailbox]], with two brackets, as in config.example.toml",
    ),
    (
        "username = \"bridge\"\n",
        "",
        r#"14: mailbox 1.username: found nothing; write, for example, username = "bridge@example.org""#,
    ),
    (
        "password = \"canary-two\"\n",
        "",
        "14: mailbox 1.password: found nothing; write one of password_file, password_env, password and token_command",
    ),
    (
        "[[mailbox]]",
        "[[mailbox]]\nidle = 1",
        "15: mailbox 1.idle: found 1; allowed is true or false, without quotes; write, for example, idle = true",
    ),
    (
        "[[mailbox]]",
        "[lmtp]\n[[mailbox]]",
        r#"14: lmtp.listen: found nothing; write, for example, listen = "127.0.0.1:2424""#,
    ),
    (
        "[[mailbox]]",
        "[lmtp]\nlisten = \"0.0.0.0:24\"\n[[mailbox]]",
        r#"15: lmtp.listen: found "0.0.0.0:24"; allowed is 127.0.0.1 or [::1] with a port, or "unix:" and a path that begins with /; write, for example, listen = "127.0.0.1:2424""#,
    ),
    (
        "[[mailbox]]",
        "[lmtp]\nlisten = \"unix:lmtp.sock\"\n[[mailbox]]",
        r#"15: lmtp.listen: found "unix:lmtp.sock"; allowed is 127.0.0.1 or [::1] with a port, or "unix:" and a path that begins with /; write, for example, listen = "127.0.0.1:2424""#,
    ),
    (
        "[[mailbox]]",
        "[[mailbox]]\npoll = 60",
        r#"15: mailbox 1.poll: found 60; allowed is a time from "5s" to "1d": a whole number and s, m, h or d; write, for example, poll = "60s""#,
    ),
    (
        "[[mailbox]]",
        "[[mailbox]]\npoll = \"1s\"",
        r#"15: mailbox 1.poll: found "1s"; allowed is a time from "5s" to "1d": a whole number and s, m, h or d; write, for example, poll = "60s""#,
    ),
    (
        "[[mailbox]]",
        "[[mailbox]]\nafter = \"archive\"",
        r#"15: mailbox 1.after: found "archive"; allowed is "seen", "keep", "move" or "delete"; write, for example, after = "seen""#,
    ),
    (
        "[[mailbox]]",
        "[[mailbox]]\nmove_to = \"Archive\"",
        r#"15: mailbox 1.move_to: found a folder, but nothing is moved there; write after = "move", too, or remove it"#,
    ),
    (
        "[[mailbox]]",
        "[[mailbox]]\nafter = \"move\"\nmove_to = \"INBOX\"",
        r#"16: mailbox 1.move_to: found "INBOX", the folder that is read; write another one"#,
    ),
    (
        "[[mailbox]]",
        "[[mailbox]]\nuser = \"example.org\"",
        r#"15: mailbox 1.user: found "example.org"; allowed is a JID of the form name@domain; write, for example, user = "alice@example.org""#,
    ),
    (
        "[[mailbox]]",
        "[[mailbox]]\nfirst_start = \"old\"",
        r#"15: mailbox 1.first_start: found "old"; allowed is "new" or "all"; write, for example, first_start = "new""#,
    ),
    (
        "[[mailbox]]",
        "[[mailbox]]\nrecipient_headers = [\"To:\"]",
        r#"15: mailbox 1.recipient_headers: found "To:"; allowed is the name of a header without its colon; write, for example, recipient_headers = ["Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To"]"#,
    ),
    (
        "[[mailbox]]",
        "[[mailbox]]\nfolder = \"\"",
        r#"15: mailbox 1.folder: found ""; allowed is one line of text in quotes; write, for example, folder = "INBOX""#,
    ),
    (
        "[[mailbox]]",
        "[[mailbox]]\nhost = \"imap.example.org\"\nusername = \"bridge\"\npassword = \"x\"\n[[mailbox]]",
        "18: mailbox 2: found bridge@imap.example.org/INBOX, which mailbox 1 reads already; remove one of the two",
    ),
    (
        "[[mailbox]]",
        "[[mailbox]]\nhost = \"imap.example.org\"\nusername = \"b\"\npassword = \"x\"\n[[mailbox]]\nrecipient_headers = [\"Delivered-To\"]",
        r#"19: mailbox 2.recipient_headers: found another list than mailbox 1 has; write the same one, or user = "…" in one of the two"#,
    ),
    (
        "[[mailbox]]",
        "[[mailbox]]\nhost = \"imap.example.org\"\nusername = \"b\"\n[[mailbox]]",
        "14: mailbox 1.password: found nothing; write one of password_file, password_env, password and token_command",
    ),
    (
        "[smtp]",
        "[store]\npath = 1\n[smtp]",
        r#"12: store.path: found 1; allowed is one line of text in quotes; write, for example, path = "/var/lib/stanzamail""#,
    ),
    (
        "[smtp]",
        "[store]\nremember = \"7d\"\n[smtp]",
        r#"12: store.remember: found "7d"; allowed is a time from "30d" to "3650d": a whole number and s, m, h or d (with less, bounces would be about nothing that is known, and a mail could be sent again and shown as a new one); write, for example, remember = "90d""#,
    ),
    (
        "[smtp]",
        "[http]\nlisten = \"127.0.0.1:8025\"\n[smtp]",
        r#"12: http.listen: found no public_url beside it; write the address at which users reach it, for example public_url = "https://mail.example.org""#,
    ),
    (
        "[smtp]",
        "[http]\npublic_url = \"https://mail.example.org\"\n[smtp]",
        r#"12: http.public_url: found no listen beside it; write where the reverse proxy connects, for example listen = "127.0.0.1:8025""#,
    ),
    (
        "[smtp]",
        "[http]\nlisten = \"127.0.0.1:8025\"\npublic_url = \"http://mail.example.org\"\n[smtp]",
        r#"13: http.public_url: found "http://mail.example.org"; allowed is "https://" and a host, with or without a port and a path, and nothing else; write, for example, public_url = "https://mail.example.org""#,
    ),
    (
        "[smtp]",
        "[http]\nlisten = \"127.0.0.1:8025\"\npublic_url = \"https://mail.example.org\"\n[store]\noriginals = \"off\"\n[smtp]",
        r#"12: http.listen: found listen, but no mail is kept to be read there ([store] originals is "off"); leave one of the two out"#,
    ),
    (
        "[smtp]",
        "[store]\noriginals = \"5m\"\n[smtp]",
        r#"12: store.originals: found "5m"; allowed is "off", or a time from "1h" to "365d": a whole number and s, m, h or d; write, for example, originals = "7d""#,
    ),
    (
        "[smtp]",
        "[store]\nremember = 90\n[smtp]",
        r#"12: store.remember: found 90; allowed is a time from "30d" to "3650d": a whole number and s, m, h or d (with less, bounces would be about nothing that is known, and a mail could be sent again and shown as a new one); write, for example, remember = "90d""#,
    ),
    (
        "[smtp]",
        "[store]\nremember = \"40d\"\n[delivery]\nexpire = \"30d\"\n[smtp]",
        r#"12: store.remember: found "40d", but a mail is tried for "30d" ([delivery] expire), and a bounce of it may come "14d" later; write "44d" or more, or a shorter expire"#,
    ),
    (
        "[smtp]",
        "[messages]\ndefault_subject = \"{nick}\"\n[smtp]",
        r#"12: messages.default_subject: found "{nick}"; allowed is a text of at most 250 characters in which {name} is the only placeholder"#,
    ),
    (
        "[smtp]",
        "[messages]\ndefault_subject = \"a\\r\\nBcc: x\"\n[smtp]",
        "12: messages.default_subject: found \"a\\r\\nBcc: x\"; allowed is one line of text in quotes; write, for example, default_subject = \"Chat with {name}\"",
    ),
    (
        "[smtp]",
        "[messages]\nlanguage = \"tlh\"\n[smtp]",
        r#"12: messages.language: found "tlh"; allowed is "en", "de", "fr", "es" or "ru"; write, for example, language = "en""#,
    ),
    (
        "[smtp]",
        "[contacts]\nstrangers = \"ask\"\n[smtp]",
        r#"12: contacts.strangers: found "ask"; allowed is "mark", "show", "request" or "hold"; write, for example, strangers = "mark""#,
    ),
    (
        "[smtp]",
        "[messages]\nbulk = \"ignore\"\n[smtp]",
        r#"12: messages.bulk: found "ignore"; allowed is "show", "headline" or "drop"; write, for example, bulk = "show""#,
    ),
    (
        "[smtp]",
        "[messages]\nquotes = \"hide\"\n[smtp]",
        r#"12: messages.quotes: found "hide"; allowed is "cut" or "keep"; write, for example, quotes = "cut""#,
    ),
    (
        "[smtp]",
        "[messages]\nbody_max = \"1 MB\"\n[smtp]",
        r#"12: messages.body_max: found "1 MB"; allowed is a size from "1 KiB" to "192 KiB": a whole number and B, KiB, MiB or GiB; write, for example, body_max = "100 KiB""#,
    ),
    (
        "[smtp]",
        "[messages]\nrecipients_max = 5000\n[smtp]",
        "12: messages.recipients_max: found 5000; allowed is a whole number from 1 to 1000, without quotes; write, for example, recipients_max = 50",
    ),
    (
        "[smtp]",
        "[trust]\nunverified = \"hold\"\n[smtp]",
        "12: trust.unverified: found \"hold\", but no authserv_ids: no mail could be shown; write the name under which your mail server writes Authentication-Results, too",
    ),
    (
        "[smtp]",
        "[trust]\nauthserv_ids = [\"mx; none\"]\nunverified = \"maybe\"\n[smtp]",
        "12: trust.authserv_ids: found \"mx; none\"; allowed is what stands before the first semicolon in Authentication-Results; write, for example, authserv_ids = [\"mail.example.org\"]\n13: trust.unverified: found \"maybe\"; allowed is \"mark\", \"hold\" or \"show\"; write, for example, unverified = \"mark\"",
    ),
    (
        "[smtp]",
        "[trust]\nstanzas_from = true\n[smtp]",
        "12: trust.stanzas_from: found true; allowed is \"verified\" or \"anyone\"; write, for example, stanzas_from = \"verified\"",
    ),
    (
        "[smtp]",
        "[lmtp]\nlisten = \"unix:/var/lib/stanzamail/control.sock\"\n[smtp]",
        "12: lmtp.listen: found /var/lib/stanzamail/control.sock, which is in the folder of [store]; name a path elsewhere, for example unix:/run/stanzamail/lmtp.sock",
    ),
    // Former names have their former words.
    (
        "[smtp]",
        "[trust]\nstanza = \"verified\"\n[smtp]",
        "12: trust.stanza: found \"verified\"; allowed is \"require\" or \"off\"",
    ),
    (
        "[smtp]",
        "[trust]\nspeak = \"mark\"\nunverified = \"mark\"\n[smtp]",
        "12: trust.speak: is the former name of unverified, which is there as well; remove this line",
    ),
    (
        "[smtp]",
        "[peer]\ndomain = \"chat.b.example\"\nformat = \"xmpp\"\n[smtp]",
        "11: peer: found a table; allowed is sections [[peer]], with two brackets, as in config.example.toml",
    ),
    (
        "[smtp]",
        "[[peer]]\nformat = \"xmpp\"\n[smtp]",
        "11: peer 1.domain: found neither domain nor address; write, for example, domain = \"chat.b.example\" for all addresses of a domain, or address = \"bob@mail.example\" for one",
    ),
    (
        "[smtp]",
        "[[peer]]\ndomain = \"chat.b.example\"\naddress = \"bob@b.example\"\nformat = \"xmpp\"\n[smtp]",
        "13: peer 1.address: found an address and a domain; keep one of the two, and write another [[peer]] for the other",
    ),
    (
        "[smtp]",
        "[[peer]]\ndomain = \"bob@b.example\"\nformat = \"xmpp\"\n[smtp]",
        "12: peer 1.domain: found \"bob@b.example\"; allowed is a domain name; write, for example, domain = \"chat.b.example\"",
    ),
    (
        "[smtp]",
        "[[peer]]\naddress = \"b.example\"\nformat = \"xmpp\"\n[smtp]",
        "12: peer 1.address: found \"b.example\"; allowed is a mail address of the form name@domain; write, for example, address = \"bob@mail.example\"",
    ),
    (
        "[smtp]",
        "[[peer]]\ndomain = \"chat.b.example\"\n[smtp]",
        "11: peer 1.format: found neither format nor key, so that the section says nothing; add format = \"xmpp\" where there is a gateway like this one, and key = \"ed25519:…\", what stanzamail key prints there",
    ),
    (
        "[smtp]",
        "[[peer]]\n\n[smtp]",
        "11: peer 1.domain: found neither domain nor address; write, for example, domain = \"chat.b.example\" for all addresses of a domain, or address = \"bob@mail.example\" for one\n11: peer 1.format: found neither format nor key, so that the section says nothing; add format = \"xmpp\" where there is a gateway like this one, and key = \"ed25519:…\", what stanzamail key prints there",
    ),
    (
        "[smtp]",
        "[[peer]]\ndomain = \"chat.b.example\"\nformat = \"fax\"\n[smtp]",
        "13: peer 1.format: found \"fax\"; allowed is \"mail\", \"xmpp\" or \"chat\"; write, for example, format = \"xmpp\"",
    ),
    (
        "[smtp]",
        "[[peer]]\ndomain = \"chat.b.example\"\nkey = 1\n[smtp]",
        "13: peer 1.key: found 1; allowed is \"ed25519:\" and base64 of 32 octets: the line that stanzamail key prints at the other gateway; write, for example, key = \"ed25519:…\"",
    ),
    (
        "[smtp]",
        "[[peer]]\ndomain = \"chat.b.example\"\nkey = \"ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"\n[smtp]",
        "13: peer 1.key: found \"ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"; allowed is \"ed25519:\" and base64 of 32 octets, not all of them the same: the line that stanzamail key prints at the other gateway; write, for example, key = \"ed25519:…\"",
    ),
    (
        "[smtp]",
        "[[peer]]\ndomain = \"chat.b.example\"\nkey = \"rsa:abcd\"\n[smtp]",
        "13: peer 1.key: found \"rsa:abcd\"; allowed is \"ed25519:\" and base64 of 32 octets: the line that stanzamail key prints at the other gateway; write, for example, key = \"ed25519:…\"",
    ),
    (
        "[smtp]",
        "[[peer]]\ndomain = \"chat.b.example\"\nkey = \"ed25519:…\"\n[smtp]",
        "13: peer 1.key: found \"ed25519:…\"; allowed is \"ed25519:\" and base64 of 32 octets: the line that stanzamail key prints at the other gateway; write, for example, key = \"ed25519:…\"",
    ),
    (
        "[smtp]",
        "[[peer]]\ndomain = \"chat.b.example\"\nkey = \"ed25519:11qYAYKxCrfVS/7T\"\n[smtp]",
        "13: peer 1.key: found \"ed25519:11qYAYKxCrfVS/7T\"; allowed is \"ed25519:\" and base64 of 32 octets, not of 12: the line that stanzamail key prints at the other gateway; write, for example, key = \"ed25519:…\"",
    ),
    (
        "[smtp]",
        "[[peer]]\ndomain = \"chat.b.example\"\nkeys = []\n[smtp]",
        "11: peer 1.format: found neither format nor key, so that the section says nothing; add format = \"xmpp\" where there is a gateway like this one, and key = \"ed25519:…\", what stanzamail key prints there\n13: peer 1.keys: found a key that is not known; did you mean key?",
    ),
    (
        "[smtp]",
        "[[peer]]\ndomain = \"chat.b.example\"\nformat = \"xmpp\"\n[[peer]]\nformat = \"xmpp\"\ndomain = \"Chat.B.example\"\n[smtp]",
        "16: peer 2.domain: found chat.b.example, which peer 1 has in line 12; make one section of the two",
    ),
    (
        "[smtp]",
        "[[peer]]\naddress = \"bob@b.example\"\nformat = \"xmpp\"\n[[peer]]\ndomain = \"b.example\"\nformat = \"xmpp\"\n[[peer]]\naddress = \"Bob@b.example\"\nformat = \"mail\"\n[smtp]",
        "18: peer 3.address: found Bob@b.example, which peer 1 has in line 12; make one section of the two",
    ),
    (
        "[smtp]",
        "[[peer]]\ndomain = \"chat.example.org\"\nformat = \"xmpp\"\n[smtp]",
        "12: peer 1.domain: found chat.example.org, which this gateway gives to its own users; write what the other gateway gives to its users",
    ),
    (
        "[smtp]",
        "[[pair]]\njid = \"bob@example.org\"\nmail = \"b@mail.example\"\n[[peer]]\naddress = \"b@mail.example\"\nformat = \"xmpp\"\n[smtp]",
        "15: peer 1.address: found b@mail.example, which this gateway gives to its own users; write what the other gateway gives to its users",
    ),
    (
        "[smtp]",
        "[presence]\ndebounce = \"61s\"\n[smtp]",
        "12: presence.debounce: found \"61s\"; allowed is a time from \"0s\" to \"1m\": a whole number and ms, s, m, h or d; write, for example, debounce = \"3s\"",
    ),
    (
        "[smtp]",
        "[presence]\ndebounce = 0\n[smtp]",
        "12: presence.debounce: found 0; allowed is a time from \"0s\" to \"1m\": a whole number and ms, s, m, h or d; write, for example, debounce = \"3s\"",
    ),
    (
        "[smtp]",
        "[presence]\nspacing = \"300ms\"\n[smtp]",
        "12: presence.spacing: found \"300ms\"; allowed is a time from \"1s\" to \"1h\": a whole number and s, m, h or d; write, for example, spacing = \"30s\"",
    ),
    (
        "[smtp]",
        "[presence]\nexpires = \"8d\"\n[smtp]",
        "12: presence.expires: found \"8d\"; allowed is a time from \"10s\" to \"7d\": a whole number and s, m, h or d; write, for example, expires = \"6h\"",
    ),
    (
        "[smtp]",
        "[presence]\nexpires = \"119s\"\n[smtp]",
        "12: presence.expires: expires is \"119s\", which is shorter than 4 times spacing, \"30s\"; write a longer expires or a shorter spacing",
    ),
    (
        "[smtp]",
        "[presence]\ndebounce = \"0s\"\nspacing = \"1h\"\nexpires = \"3h\"\n[smtp]",
        "14: presence.expires: expires is \"3h\", which is shorter than 4 times spacing, \"1h\"; write a longer expires or a shorter spacing",
    ),
    (
        "[smtp]",
        "[delivery]\nexpire = \"3 weeks\"\n[smtp]",
        r#"12: delivery.expire: found "3 weeks"; allowed is a time from "5m" to "30d": a whole number and s, m, h or d; write, for example, expire = "3d""#,
    ),
    (
        "[smtp]",
        "[delivery]\nexpire = \"2h\"\n[smtp]",
        r#"12: delivery.expire: delay_notice is "4h", which is not shorter than expire, "2h"; write a shorter delay_notice or a longer expire"#,
    ),
    (
        "[smtp]",
        "[mail]\noctets_max = \"1 B\"\n[smtp]",
        r#"12: mail.octets_max: found "1 B"; allowed is a size from "64 KiB" to "1 GiB": a whole number and B, KiB, MiB or GiB; write, for example, octets_max = "32 MiB""#,
    ),
    (
        "[smtp]",
        "[log]\nlevel = \"loud\"\n[smtp]",
        r#"12: log.level: found "loud"; allowed is "error", "warn", "info", "debug" or "trace"; write, for example, level = "info""#,
    ),
    (
        "[smtp]",
        "[log]\nlevels = \"info\"\n[smtp]",
        "12: log.levels: found a key that is not known; did you mean level?",
    ),
    (
        "[smtp]",
        "[log]\ncolour = true\n[smtp]",
        "12: log.colour: found a key that is not known; known here: level",
    ),
    (
        "[smtp]",
        "[smtp]\nport = 0\ntls = \"ssl\"\nusrname = \"x\"",
        "12: smtp.port: found 0; allowed is a whole number from 1 to 65535, without quotes; write, for example, port = 465\n13: smtp.tls: found \"ssl\"; allowed is \"implicit\", \"starttls\" or \"none\"; write, for example, tls = \"implicit\"\n14: smtp.usrname: found a key that is not known; did you mean username?",
    ),
];
