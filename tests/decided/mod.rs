//! The gateway of a.example without its servers, for tests of what it decides: its settings, and decisions asked for the rows
//! that they need, of which a test has those that it wrote itself.

// Not every test uses all of it.
#![allow(dead_code)]

use jid::DomainPart;
use stanzamail::core::context::{Context, Missing};
use stanzamail::core::decide::incoming::Arrived;
use stanzamail::core::from_mail;
use stanzamail::core::rules::Rules;
use stanzamail::core::settings::{Settings, Users};

/// Users of a.example have addresses at chat.a.example, and contacts live at gateway.a.example.
pub fn settings() -> Settings {
    let rule = ("{local}@a.example", "{local}@chat.a.example");
    let rules = Rules::new(&[(rule.0.to_owned(), rule.1.to_owned())]).unwrap();
    let domain = |name: &str| DomainPart::new(name).unwrap().into_owned();
    let users = Users {
        domains: vec![domain("a.example")],
        jids: Vec::new(),
    };
    Settings::with_defaults(domain("gateway.a.example"), rules, users)
}

/// Asks until nothing is missing; what nobody has written is not there.
pub fn decided<T>(context: &mut Context, decide: impl Fn(&Context) -> Result<T, Missing>) -> T {
    loop {
        let needs = match decide(context) {
            Ok(decision) => return decision,
            Err(Missing(needs)) => needs,
        };
        for need in needs {
            context.insert(need, None);
        }
    }
}

/// A mail in a mailbox that is everybody's.
pub fn arrived<'a>(mail: &'a from_mail::Mail, raw: &[u8]) -> Arrived<'a> {
    Arrived {
        mail,
        octets: raw.len() as u64,
        over: None,
        bound: None,
        waits: None,
        own: None,
    }
}
