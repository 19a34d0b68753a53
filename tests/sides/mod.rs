//! Two gateways as values: each decides on its own, and a test carries the mail between them.

// Not every test uses all of it.
#![allow(dead_code)]

use minidom::Element;
use stanzamail::core::context::{Context, Missing};
use stanzamail::core::decide::incoming::{Arrived, Fate};
use stanzamail::core::decide::{self, Decision};
use stanzamail::core::record::{Contact, Format};
use stanzamail::core::rules::Rules;
use stanzamail::core::settings::{Peer, Settings, Trust, Users};
use stanzamail::core::time::Timestamp;
use stanzamail::core::{from_mail, from_stanza};

/// One gateway with one user, its rows, and what its user has seen.
pub struct Side {
    pub settings: Settings,
    pub context: Context,
    pub user: String,
    /// The other user, as this one sees them.
    pub contact: String,
    pub other: String,
    pub seen: Vec<Element>,
    /// What went into the log.
    pub notes: Vec<String>,
    /// What became of the last mail.
    pub fate: Fate,
}

/// A mail on its way.
#[derive(Clone)]
pub struct OnTheWay {
    pub bytes: Vec<u8>,
    pub to: String,
}

impl Side {
    pub fn new(domain: &str, name: &str, other: &str) -> Self {
        let rule = (
            format!("{{local}}@{domain}"),
            format!("{{local}}@chat.{domain}"),
        );
        let part = |name: &str| jid::DomainPart::new(name).unwrap().into_owned();
        let users = Users {
            domains: vec![part(domain)],
            jids: Vec::new(),
        };
        let gateway = format!("gateway.{domain}");
        let rules = Rules::new(&[rule]).unwrap();
        let mut settings = Settings::with_defaults(part(&gateway), rules, users);
        settings.trust = Trust {
            authserv_ids: vec!["mx.test".to_owned()],
            ..Trust::default()
        };
        Self {
            settings,
            context: Context::new(),
            user: format!("{name}@{domain}"),
            contact: format!("{}@{gateway}", other.replace('@', "\\40")),
            other: other.to_owned(),
            seen: Vec::new(),
            notes: Vec::new(),
            fate: Fate::Handled,
        }
    }

    pub fn knows_the_format(mut self) -> Self {
        let domain = self.other.split('@').nth(1).unwrap();
        self.settings.peers.push(Peer {
            who: domain.parse().unwrap(),
            format: Some(Format::Xmpp),
            key: None,
        });
        self
    }

    pub fn ask<T>(&mut self, decide: impl Fn(&Settings, &Context) -> Result<T, Missing>) -> T {
        loop {
            match decide(&self.settings, &self.context) {
                Ok(decision) => return decision,
                Err(Missing(need)) => self.context.insert(*need, None),
            }
        }
    }

    fn done(&mut self, decision: Decision) -> Vec<OnTheWay> {
        self.context.apply(&decision.writes);
        self.seen.extend(decision.stanzas);
        self.notes.extend(decision.notes);
        let mails = decision.mails.into_iter();
        mails
            .map(|mail| OnTheWay {
                to: mail.job.to.first().unwrap().to_string(),
                bytes: mail.bytes,
            })
            .collect()
    }

    /// The user sends a stanza to the contact.
    pub fn says(&mut self, stanza: &str, now: Timestamp) -> Vec<OnTheWay> {
        let (user, contact) = (&self.user, &self.contact);
        let addressed = stanza.replacen(' ', &format!(" from='{user}/here' to='{contact}' "), 1);
        let stream = format!("<stream xmlns='jabber:component:accept'>{addressed}</stream>");
        let stream: Element = stream.parse().unwrap();
        let stanza = from_stanza::read(stream.children().next().unwrap().clone()).unwrap();
        let decision =
            self.ask(|settings, context| decide::stanza(settings, context, &stanza, now));
        self.done(decision)
    }

    /// A subscription stanza goes to the bare JID.
    pub fn manages(&mut self, verb: &str, now: Timestamp) -> Vec<OnTheWay> {
        self.says(&format!("<presence type='{verb}'/>"), now)
    }

    /// A mail arrives, and the mail server has verified its sender.
    pub fn gets(&mut self, mail: &OnTheWay, now: Timestamp) -> Vec<OnTheWay> {
        let from = self.other.split('@').nth(1).unwrap();
        let top = format!(
            "Delivered-To: {}\r\nAuthentication-Results: mx.test; dkim=pass header.d={from}\r\n",
            mail.to
        );
        let raw = [top.as_bytes(), &mail.bytes].concat();
        self.gets_raw(&raw, now)
    }

    pub fn gets_raw(&mut self, raw: &[u8], now: Timestamp) -> Vec<OnTheWay> {
        let mail = from_mail::read(raw, &self.settings.recipient_headers, false).unwrap();
        let arrived = Arrived {
            mail: &mail,
            octets: raw.len() as u64,
            over: None,
            bound: None,
            own: None,
        };
        let (decision, fate) = self
            .ask(|settings, context| decide::incoming::decide(settings, context, &arrived, now));
        self.fate = fate;
        self.done(decision)
    }

    pub fn row(&mut self) -> Contact {
        let (user, other) = (self.user.parse().unwrap(), self.other.parse().unwrap());
        let row = self.ask(|_, context| Ok(context.contact(&user, &other)?.cloned()));
        row.unwrap_or_default()
    }

    pub fn last(&self) -> &Element {
        self.seen.last().expect("the user has seen something")
    }
}

pub fn start() -> Timestamp {
    Timestamp::from_xep0082("2026-11-22T12:00:00Z").unwrap()
}

pub fn a_and_b() -> (Side, Side) {
    let a = Side::new("a.example", "alice", "bob@chat.b.example").knows_the_format();
    let b = Side::new("b.example", "bob", "alice@chat.a.example").knows_the_format();
    (a, b)
}
