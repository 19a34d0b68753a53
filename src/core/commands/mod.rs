//! What a user can ask the gateway for. A command is one type: its words, its fields, who may run it, and what it does. How
//! it is reached is not its affair: a door is a file ([`chat`]: messages to the gateway or to `help@`, [`adhoc`]: XEP-0050,
//! [`search`]: XEP-0055), and no door knows any command by its name but the one that an address alone means.

pub mod adhoc;
mod admin;
mod answers;
mod away;
mod block;
pub mod chat;
mod contacts;
mod days;
mod export;
pub(crate) mod forget_me;
mod form;
mod help;
mod known;
mod options;
mod original;
mod own_address;
mod own_name;
mod period;
mod remove;
mod requests;
mod revoke;
pub mod search;
mod texts;
mod waiting;
mod whereabouts;
mod words;
mod write;

use crate::core::context::Missing;
use crate::core::decide::decider::{Decider, Stop};
use crate::core::decide::decision::Decision;
use crate::core::id::{MessageId, StanzaId};
use crate::core::language::{Language, Sentence, Understood};
use crate::core::settings::Settings;
use crate::core::to_stanza::Condition;
use jid::{BareJid, Jid, NodePart};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::vec;

pub(crate) use texts::away::status_refused;
pub use texts::{
    data_policy, data_policy_of_mail, gateway_description, gateway_name, gateway_short_name,
    gateway_status, helper_name,
};
pub(crate) use write::bare_address;

/// The local part of the helper's JID: some clients cannot write to a JID that is only a domain.
pub const HELPER: &str = "help";

/// One thing that the gateway does when it is asked.
pub trait Command: Sync + Debug {
    /// Its name, which is its node (XEP-0050 §2.2).
    fn name(&self) -> &'static str;

    /// What begins a message that asks for it, in lower case, the best one first: the sentence `…-words` of its name.
    fn words(&self, language: Language) -> Vec<String> {
        listed(&of(language, self.name(), "words"))
    }

    /// A few words for a list.
    fn title(&self, language: Language) -> String {
        of(language, self.name(), "title")
    }

    /// Whether this user of the gateway may run it; for all others it is not there.
    fn is_for(&self, _settings: &Settings, _user: &BareJid) -> bool {
        true
    }

    /// A sentence for the help: an example as it is typed, and what it does.
    fn help(&self, language: Language) -> (String, String) {
        let of = |what| of(language, self.name(), what);
        (of("example"), of("help"))
    }

    /// Whether the help names it: not where it has nothing to do in this gateway.
    fn is_in_help(&self, _settings: &Settings) -> bool {
        true
    }

    /// Whether `/word` alone, in a conversation with a contact, runs it for this contact: where an address is all that it asks for.
    fn is_of_conversation(&self) -> bool {
        let mut fields = self.steps().iter().flat_map(|step| step.fields);
        let first = fields.next().map(|field| field.var);
        first == Some(write::ADDRESS) && fields.next().is_none()
    }

    /// Whether this, behind `/word` in a conversation, leaves it about this contact.
    fn goes_on_in_conversation(&self, _call: &Call<'_>, _rest: &str) -> bool {
        false
    }

    /// What to say of a message that lacks something, where its example would be about something else.
    fn hint(&self, _language: Language, _values: &Values) -> Option<String> {
        None
    }

    /// What to answer to a message in place of running it, where what stands behind its words makes it a sentence that others could have
    /// got: nothing is done by guess.
    fn doubt(&self, _call: &Call<'_>, _body: &str, _values: &Values) -> Option<String> {
        None
    }

    /// What a message may mean that begins with what stands behind the words of this command: it with them.
    fn meant(&self, _body: &str) -> Option<String> {
        None
    }

    /// The forms to be filled in, one after the other; none: it runs at once.
    fn steps(&self) -> &'static [FormStep] {
        &[]
    }

    /// What there is to choose from for a field: as it is typed, and as it is shown.
    ///
    /// # Errors
    /// [`Missing`] names rows that have to be loaded first.
    fn choices(
        &self,
        _call: &Call<'_>,
        _field: &'static str,
    ) -> Result<Vec<(String, String)>, Missing> {
        Ok(Vec::new())
    }

    /// Why there is nothing to be asked now, as a sentence; then no form is shown.
    #[allow(clippy::missing_errors_doc)]
    fn needless(&self, _call: &Call<'_>) -> Result<Option<String>, Missing> {
        Ok(None)
    }

    /// Whether what was filled in so far can be used; else what is wrong with it.
    ///
    /// # Errors
    /// [`Stop`]: rows have to be loaded first, or it cannot, by a sentence; so for [`Command::run`].
    fn check(&self, _call: &Call<'_>, _values: &Values) -> Result<(), Stop> {
        Ok(())
    }

    /// Does it.
    #[allow(clippy::missing_errors_doc)]
    fn run(&self, call: &Call<'_>, values: &Values) -> Result<Answer, Stop>;
}

/// Words that stand in one sentence, divided by commas.
fn listed(words: &str) -> Vec<String> {
    words.split(',').map(|one| one.trim().to_owned()).collect()
}

/// What the sentences of a language say of a command.
fn of(language: Language, name: &str, what: &str) -> String {
    language.say(&format!("{name}-{what}"), &[])
}

/// All commands, in the order in which they are listed.
static ALL: [&dyn Command; 23] = [
    &write::WriteMessage,
    &own_address::OwnAddress,
    &own_name::OwnName,
    &contacts::ListContacts,
    &remove::Remove,
    &original::ShowOriginal,
    &revoke::Revoke,
    &requests::ListRequests,
    &requests::ACCEPT,
    &requests::REFUSE,
    &block::Block,
    &block::Unblock,
    &waiting::ListWaiting,
    &waiting::TAKE_BACK,
    &waiting::SEND_NOW,
    &whereabouts::Where,
    &away::GoAway,
    &away::Return,
    &options::ShowOptions,
    &options::SetOption,
    &export::Export,
    &forget_me::ForgetMe,
    &help::Help,
];

/// All, then those of administrators.
fn every() -> impl Iterator<Item = &'static dyn Command> {
    let of_admins = admin::ALL.iter().map(|command| command as &dyn Command);
    let of_admins = of_admins.chain([&whereabouts::WhereOf as &dyn Command]);
    ALL.into_iter().chain(of_admins)
}

/// Those that this user may run.
fn commands_of(settings: &Settings, user: &BareJid) -> vec::IntoIter<&'static dyn Command> {
    let all: Vec<&'static dyn Command> = every()
        .filter(|command| command.is_for(settings, user))
        .collect();
    all.into_iter()
}

fn named(
    mut commands: impl Iterator<Item = &'static dyn Command>,
    name: &str,
) -> Option<&'static dyn Command> {
    commands.find(|command| command.name() == name)
}

/// What was filled in, by the names of the fields.
pub type Values = BTreeMap<&'static str, String>;

/// One form.
#[derive(Debug)]
pub struct FormStep {
    /// Above the form.
    pub title: Sentence,
    /// What to do.
    pub instructions: Sentence,
    /// What is asked.
    pub fields: &'static [FormField],
}

/// One thing that is asked.
#[derive(Debug)]
pub struct FormField {
    /// Its name.
    pub var: &'static str,
    /// Beside it.
    pub label: Sentence,
    /// What it takes.
    pub kind: FieldKind,
    /// It cannot be left empty.
    pub is_required: bool,
}

/// What a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// One line.
    Line,
    /// Several.
    Text,
    /// One of what [`Command::choices`] names.
    Choice,
}

fn fields(command: &dyn Command) -> impl Iterator<Item = &'static FormField> {
    command.steps().iter().flat_map(|step| step.fields)
}

/// Who asks.
#[derive(Debug)]
pub struct Call<'a> {
    /// The configuration, the rows and the time.
    pub decider: Decider<'a>,
    /// The client that asks; its user may use the gateway.
    pub caller: &'a Jid,
    /// The same where the same is asked again.
    pub id: StanzaId,
    /// Each value was written into a field of its own, and none is a word of a message.
    pub is_form: bool,
}

impl Call<'_> {
    fn user(&self) -> BareJid {
        self.caller.to_bare()
    }

    fn language(&self) -> Language {
        self.decider.language
    }

    /// In which languages the words of the message are understood.
    fn understood(&self) -> Understood {
        Understood::of(self.language(), self.decider.sent)
    }

    fn commands(&self) -> vec::IntoIter<&'static dyn Command> {
        commands_of(self.decider.settings, &self.user())
    }
}

/// What a command says when it has done its work.
#[derive(Debug, Default)]
pub struct Answer {
    /// In sentences.
    pub text: String,
    /// What it has found.
    pub table: Option<AnswerTable>,
    /// With whom one can chat now.
    pub contact: Option<BareJid>,
    /// What else is to be done: mails, rows, stanzas.
    pub beside: Decision,
}

/// What cannot be done, as a sentence.
fn refused(why: impl Into<String>) -> Stop {
    Stop::reject(Condition::NotAcceptable, why)
}

impl Answer {
    fn says(text: String) -> Self {
        Self {
            text,
            ..Self::default()
        }
    }
}

/// Rows of equal length.
#[derive(Debug)]
pub struct AnswerTable {
    /// The names of the columns and what stands above them.
    pub columns: &'static [(&'static str, Sentence)],
    /// As long as `columns`.
    pub rows: Vec<Vec<String>>,
}

/// Whether this is the helper: a JID that is called so, unless a pair says that it is somebody.
///
/// # Errors
/// [`Missing`] where the row was not loaded yet.
pub fn is_helper(decider: Decider<'_>, jid: &BareJid) -> Result<bool, Missing> {
    let is_called_so = jid.node().is_some_and(|node| node.as_str() == HELPER);
    Ok(is_called_so && decider.rows.pair_of(jid)?.is_none())
}

/// As whom the gateway asks its users for an answer: as its helper, or by its domain where a pair says that somebody is called
/// so. What comes from a bare domain is an announcement to some clients (Converse.js), which nobody can answer.
///
/// # Errors
/// [`Missing`] where the row was not loaded yet.
pub fn speaker(decider: Decider<'_>) -> Result<BareJid, Missing> {
    let gateway = &decider.settings.gateway;
    let helper = NodePart::new(HELPER).ok();
    let helper = BareJid::from_parts(helper.as_deref(), gateway);
    Ok(match is_helper(decider, &helper)? {
        true => helper,
        false => BareJid::from_parts(None, gateway),
    })
}

/// The id of the message that begins a conversation, in which the user sees there what was written by this call of `write`.
pub fn begin_id(call: &StanzaId, jid: &BareJid, user: &BareJid) -> StanzaId {
    let about = MessageId::of_raw(format!("begin {call} {jid}").as_bytes());
    StanzaId::derive(&about, user, "begin")
}

/// The URI that opens a conversation (RFC 5122, XEP-0147).
pub fn link(jid: &BareJid) -> String {
    let mut uri = String::from("xmpp:");
    for octet in jid.as_str().bytes() {
        match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'@' => {
                uri.push(char::from(octet));
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri.push_str("?message");
    uri
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_command_has_a_name_and_words_of_its_own() {
        let mut names = BTreeSet::new();
        for command in every() {
            assert!(names.insert(command.name()), "{}", command.name());
            let vars: Vec<&str> = fields(command).map(|field| field.var).collect();
            let unique: BTreeSet<&str> = vars.iter().copied().collect();
            assert_eq!(vars.len(), unique.len(), "{}", command.name());
        }
    }

    #[test]
    fn no_words_mean_two_commands_in_any_language() {
        // All together: a message may be understood in several.
        let mut words: BTreeMap<String, &str> = BTreeMap::new();
        for language in Language::all() {
            for command in every() {
                let name = command.name();
                let all = command.words(Language::ENGLISH).into_iter();
                for word in all.chain(command.words(language)) {
                    assert!(!word.is_empty(), "{name}");
                    assert_eq!(word, word.to_lowercase());
                    let other = words.insert(word.clone(), name).unwrap_or(name);
                    assert_eq!(other, name, "{word} means two commands");
                }
                for what in ["title", "example", "help"] {
                    let said = of(language, name, what);
                    assert_ne!(said, format!("{name}-{what}"), "{}", language.tag());
                }
            }
            // What is no command: what opens a conversation, and what people say to each other.
            let others = [
                ("open", texts::open_words as fn(Language) -> String),
                ("greeting", texts::greeting_words),
                ("thanks", texts::thanks_words),
            ];
            for (name, of) in others {
                for word in listed(&of(Language::ENGLISH))
                    .into_iter()
                    .chain(listed(&of(language)))
                {
                    assert_eq!(word, word.to_lowercase());
                    let other = words.insert(word.clone(), name).unwrap_or(name);
                    assert_eq!(other, name, "{word} means two things");
                }
            }
        }
    }

    #[test]
    fn a_link_is_a_uri() {
        let jid = BareJid::new("carol\\40mail.example@gateway.a.example").unwrap();
        assert_eq!(
            link(&jid),
            "xmpp:carol%5C40mail.example@gateway.a.example?message"
        );
        let jid = BareJid::new("jürgen%mail.example@gateway.a.example").unwrap();
        assert_eq!(
            link(&jid),
            "xmpp:j%C3%BCrgen%25mail.example@gateway.a.example?message"
        );
    }
}
