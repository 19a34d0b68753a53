//! Turns a mail on standard input into stanzas, or a stanza into a mail. It names the files that the gateway would upload
//! or fetch. Both go through the gateway's own core, as its first input: no server, no store. It assumes only that the user
//! knows the sender of the mail; `--stranger` shows what the user sees of a stranger.
//!
//! ```text
//! cargo run --example translate < mail.eml
//! cargo run --example translate < stanza.xml
//! ```
//!
//! The gateway is `mail.example.org`, its users are those of `example.org`, and `alice@example.org` is
//! `alice@chat.example.org`. Other names: `--user-domain D --gateway D --mail-domain D`.

use minidom::Element;
use stanzamail::core::context::{Context, Missing, Need, Row};
use stanzamail::core::decide::Decider;
use stanzamail::core::decide::decision::Decision;
use stanzamail::core::decide::inbound::arrived::Arrived;
use stanzamail::core::language::Language;
use stanzamail::core::record::Contact;
use stanzamail::core::rules::Rules;
use stanzamail::core::settings::{OwnNames, Settings, Users};
use stanzamail::core::time::Timestamp;
use stanzamail::core::{file, from_mail, from_stanza};
use std::error::Error;
use std::io::{Read, Write};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let settings = settings(&arguments)?;
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input)?;
    let decision = match input.trim_ascii_start().first() {
        Some(b'<') => from_xmpp(&settings, std::str::from_utf8(&input)?)?,
        _ => {
            let is_known = !arguments.iter().any(|argument| argument == "--stranger");
            from_mail(&settings, &input, is_known)?
        }
    };
    print(&decision)
}

fn settings(arguments: &[String]) -> Result<Settings, Box<dyn Error>> {
    let option = |name: &str, default: &str| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1))
            .cloned()
            .unwrap_or_else(|| default.to_owned())
    };
    let (users, mail) = (
        option("--user-domain", "example.org"),
        option("--mail-domain", "chat.example.org"),
    );
    let gateway = jid::DomainPart::new(&option("--gateway", "mail.example.org"))?.into_owned();
    let rules = Rules::new(&[(format!("{{local}}@{users}"), format!("{{local}}@{mail}"))])?;
    let users = Users {
        domains: vec![jid::DomainPart::new(&users)?.into_owned()],
        jids: Vec::new(),
        admins: Vec::new(),
    };
    let mut settings = Settings::with_defaults(gateway, rules, users);
    // There is nobody here who could be asked.
    settings.own_names = OwnNames::Off;
    settings.welcomes = false;
    Ok(settings)
}

fn from_xmpp(settings: &Settings, xml: &str) -> Result<Decision, Box<dyn Error>> {
    // As on a component's stream, where the namespace is declared once and for all.
    let stream =
        format!("<stream xmlns='jabber:component:accept'>{xml}</stream>").parse::<Element>()?;
    let stanza = stream
        .children()
        .next()
        .ok_or("there is no stanza on standard input")?
        .clone();
    let stanza = from_stanza::read(stanza).map_err(|malformed| malformed.why)?;
    let decide =
        |context: &Context| Decider::new(settings, context, Timestamp::now()).stanza(&stanza);
    Ok(decided(decide, |_| None))
}

fn from_mail(settings: &Settings, raw: &[u8], is_known: bool) -> Result<Decision, Box<dyn Error>> {
    let mail = from_mail::read(raw, &settings.recipient_headers, false)?;
    let octets = u64::try_from(raw.len())?;
    let arrived = Arrived {
        mail: &mail,
        octets,
        over: None,
        bound: None,
        waits: None,
        files: file::Files::Wanted,
        may_be_kept: false,
        own: None,
    };
    let decide =
        |context: &Context| Decider::new(settings, context, Timestamp::now()).mail(&arrived);
    let sender = Contact {
        is_accepted: true,
        ..Contact::default()
    };
    let (decision, _) = decided(decide, |need| match need {
        Need::Contact(..) if is_known => Some(Row::Contact(sender.clone())),
        _ => None,
    });
    if decision.upload.is_some() {
        let files = mail.attachments.iter().filter(|one| {
            one.octets > 0 && !one.is_ornament && file::is_for_people(&one.media_type)
        });
        for one in files.take(file::FILES_PER_MAIL_MAX) {
            eprintln!(
                "would come as a file: {}",
                from_mail::attachment_line(Language::ENGLISH, one, None)
            );
        }
    }
    Ok(decision)
}

/// With a store that has no rows but those of `rows`.
fn decided<T>(
    decide: impl Fn(&Context) -> Result<T, Missing>,
    rows: impl Fn(&Need) -> Option<Row>,
) -> T {
    let mut context = Context::new();
    loop {
        match decide(&context) {
            Ok(decision) => return decision,
            Err(Missing(needs)) => {
                for need in needs {
                    let row = rows(&need);
                    context.insert(need, row);
                }
            }
        }
    }
}

fn print(decision: &Decision) -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    for mail in &decision.mails {
        out.write_all(&mail.bytes)?;
    }
    for stanza in &decision.stanzas {
        writeln!(out, "{}", String::from(stanza))?;
    }
    let fetched = decision.mails.iter().flat_map(|mail| &mail.job.files);
    for file in fetched {
        eprintln!(
            "would be attached, if it lies at the user's own server: {} ({})",
            file.name(),
            file.url
        );
    }
    for note in &decision.notes {
        eprintln!("note: {note}");
    }
    Ok(())
}
