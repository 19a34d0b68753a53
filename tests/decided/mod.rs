//! The gateway of a.example without its servers, for tests of what it decides: the one fixture that drives the core, as the loop
//! around it does. A test has the rows that it wrote itself.

// Not every program uses all of it.
#![allow(dead_code)]

use jid::{BareJid, DomainPart};
use minidom::Element;
use stanzamail::core::context::{Context, Missing};
use stanzamail::core::decide::decision::Fate;
use stanzamail::core::decide::inbound::arrived::Arrived;
use stanzamail::core::decide::{Decider, Decision, Timer};
use stanzamail::core::job::Job;
use stanzamail::core::outcome::{JobVerdict, Outcome};
use stanzamail::core::quota::Quotas;
use stanzamail::core::record::Strangers;
use stanzamail::core::rules::Rules;
use stanzamail::core::settings::{OwnNames, Settings, Users};
use stanzamail::core::time::Timestamp;
use stanzamail::core::{file, from_mail, from_stanza};
use stanzamail::store::{MemoryStore, Store};
use stanzamail::xmpp::codec::Decoder;
use std::time::Duration;

/// Users of a.example have addresses at chat.a.example, and contacts live at gateway.a.example.
pub fn settings() -> Settings {
    settings_of("a.example")
}

/// The same for the users of another domain.
pub fn settings_of(domain: &str) -> Settings {
    let rule = (
        format!("{{local}}@{domain}"),
        format!("{{local}}@chat.{domain}"),
    );
    let rules = Rules::new(&[rule]).unwrap();
    let part = |name: &str| DomainPart::new(name).unwrap().into_owned();
    let users = Users {
        domains: vec![part(domain)],
        jids: Vec::new(),
        admins: Vec::new(),
    };
    Settings {
        // Of which `own_names.rs` is about; all others see what they ask for and nothing beside it.
        own_names: OwnNames::Off,
        // `welcome.rs`.
        welcomes: false,
        // The same: `strangers.rs`.
        strangers: Strangers::Show,
        keeps_originals: true,
        ..Settings::with_defaults(part(&format!("gateway.{domain}")), rules, users)
    }
}

/// An element as it stands on the stream.
pub fn element(xml: &str) -> Element {
    let element = Decoder::default().parse(xml.trim().as_bytes());
    element.unwrap_or_else(|error| panic!("{error}: {xml}"))
}

/// The gateway, its rows, and a clock that the test moves.
pub struct World {
    pub settings: Settings,
    /// The rows; what nobody has written is not there.
    pub context: Context,
    pub now: Timestamp,
    /// Where rows are loaded from for each event anew, where it is not `context` that keeps them all.
    pub store: Option<MemoryStore>,
    /// How much a user may do; all that a user wants where it is not said.
    pub quotas: Option<Quotas>,
    /// Whose mailbox the mails arrive in; everybody's where it is not said.
    pub bound: Option<BareJid>,
    /// Mails that were accepted wait in the queue; else each has left at once.
    pub waits: bool,
    /// How often a decision was begun.
    pub rounds: usize,
    /// How often rows were loaded.
    pub loads: usize,
    /// How many of them.
    pub rows: usize,
}

impl World {
    pub fn new() -> Self {
        Self::at("2026-11-22T12:00:00Z")
    }

    /// At this time.
    pub fn at(time: &str) -> Self {
        Self::with(settings(), Timestamp::from_xep0082(time).unwrap())
    }

    /// Another gateway.
    pub fn with(settings: Settings, now: Timestamp) -> Self {
        Self {
            settings,
            context: Context::new(),
            now,
            store: None,
            quotas: None,
            bound: None,
            waits: false,
            rounds: 0,
            loads: 0,
            rows: 0,
        }
    }

    pub fn wait(&mut self, time: Duration) {
        self.now = self.now.plus(time);
    }

    /// Asks until nothing is missing.
    pub fn ask<T>(&mut self, decide: impl Fn(Decider<'_>) -> Result<T, Missing>) -> T {
        let (settings, now) = (&self.settings, self.now);
        if self.store.is_some() {
            self.context = Context::new();
        }
        loop {
            self.rounds += 1;
            let needs = match self
                .context
                .ask(|context| decide(Decider::new(settings, context, now)))
            {
                Ok(answer) => return answer,
                Err(needs) => needs,
            };
            self.loads += 1;
            self.rows += needs.len();
            let rows = match &self.store {
                Some(store) => futures::executor::block_on(store.load(&needs)).unwrap(),
                None => vec![None; needs.len()],
            };
            for (need, row) in needs.into_iter().zip(rows) {
                self.context.insert(need, row);
            }
        }
    }

    /// The same; what is decided is done.
    pub fn decide(
        &mut self,
        decide: impl Fn(Decider<'_>) -> Result<Decision, Missing>,
    ) -> Decision {
        let decision = self.ask(decide);
        self.done(decision)
    }

    fn done(&mut self, decision: Decision) -> Decision {
        match self.waits {
            true => decision.apply_to(&mut self.context),
            false => self.context.apply(&decision.writes),
        }
        if let Some(store) = &self.store {
            let commit = store.commit(self.now, decision.writes.clone());
            futures::executor::block_on(commit).unwrap();
        }
        decision
    }

    /// What becomes of an element of the stream.
    pub fn element(&mut self, element: Element) -> Decision {
        let stanza = match from_stanza::read(element) {
            Ok(stanza) => stanza,
            Err(malformed) => return Decision::answer(malformed.answer.map(|answer| *answer)),
        };
        let decision = self.ask(|decider| decider.stanza(&stanza));
        let quotas = self.quotas.as_mut();
        let refusal = quotas.and_then(|quotas| quotas.refusal(&stanza, &decision, self.now));
        self.done(refusal.unwrap_or(decision))
    }

    /// What becomes of a stanza.
    pub fn stanza(&mut self, xml: &str) -> Decision {
        self.element(element(xml))
    }

    /// What becomes of a mail as it came; `None` where it cannot be read.
    pub fn raw_mail(&mut self, raw: &[u8]) -> Option<(Decision, Fate)> {
        self.mail_with(raw, |_| {})
    }

    /// The same, with more said of how it came.
    pub fn mail_with(
        &mut self,
        raw: &[u8],
        more: impl Fn(&mut Arrived<'_>),
    ) -> Option<(Decision, Fate)> {
        let mail = from_mail::read(raw, &self.settings.recipient_headers, false).ok()?;
        let bound = self.bound.clone();
        let mut arrived = Arrived {
            bound: bound.as_ref(),
            ..arrived(&mail, raw)
        };
        more(&mut arrived);
        let (decision, fate) = self.ask(|decider| decider.mail(&arrived));
        Some((self.done(decision), fate))
    }

    /// What becomes of a mail, whatever its line ends are.
    pub fn arrives(&mut self, mail: &str) -> (Decision, Fate) {
        let raw = mail.replace("\r\n", "\n").replace('\n', "\r\n");
        self.raw_mail(raw.as_bytes())
            .expect("a mail that can be read")
    }

    /// The same, without what its mailbox does with it.
    pub fn mail(&mut self, mail: &str) -> Decision {
        self.arrives(mail).0
    }

    /// What becomes of an attempt at a mail that went the same way for each of its recipients.
    pub fn outcome(&mut self, job: &Job, outcome: Outcome, verdict: JobVerdict) -> Decision {
        let attempt = job
            .to
            .iter()
            .map(|to| (to.clone(), outcome.clone()))
            .collect();
        self.decide(|decider| decider.outcome(job, &attempt, verdict))
    }

    /// What is done because a time has come.
    pub fn timer(&mut self, timer: Timer<'_>) -> Decision {
        self.decide(|decider| decider.timer(timer))
    }
}

/// A mail in a mailbox that is everybody's.
pub fn arrived<'a>(mail: &'a from_mail::ParsedMail, raw: &[u8]) -> Arrived<'a> {
    Arrived {
        mail,
        octets: raw.len() as u64,
        over: None,
        bound: None,
        waits: None,
        own: None,
        may_be_kept: false,
        files: file::Files::Named,
    }
}
