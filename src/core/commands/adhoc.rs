//! The door of XEP-0050: commands as a client's menu shows them, with forms.
//!
//! A session is kept nowhere. Its name says who began it and when, under our key, and the forms carry what was filled in
//! before: whoever opens a hundred thousand sessions has them alone, and a restart ends none. That one is over is what the shell
//! remembers ([`sessions::EndedSessions`]): a form that is sent again does nothing again.

use super::form::{self, OpenForm};
use super::{Answer, Call, Command, Values, commands_of, link, named, texts};
use crate::core::context::{Context, Missing};
use crate::core::decide::decider::{Decider, Stop};
use crate::core::decide::decision::Decision;
use crate::core::from_stanza::Stanza;
use crate::core::id::{MessageId, StanzaId, content_digest, keyed_digest};
use crate::core::language::Language;
use crate::core::limits::COMMAND_SESSION;
use crate::core::notice;
use crate::core::sessions;
use crate::core::to_stanza::{Condition, error_reply, result};
use crate::core::xml::Build;
use jid::BareJid;
use minidom::Element;
use xmpp_parsers::ns;

/// XEP-0050: its elements, and the node at which the commands are found.
pub const COMMANDS: &str = "http://jabber.org/protocol/commands";

/// The commands as items (XEP-0050 §2.2), each at the JID that was asked, as this user may run them.
pub fn items(decider: Decider<'_>, jid: &str, user: &BareJid) -> Vec<Element> {
    let item = |command: &dyn Command| {
        Build::new("item", ns::DISCO_ITEMS)
            .attr("jid", jid)
            .attr("node", command.name())
            .attr("name", &command.title(decider.language))
            .done()
    };
    commands_of(decider.settings, user).map(item).collect()
}

/// What a node is (XEP-0050 §2.3): category, type and name of its identity. `None`: there is no such node.
pub fn identity(
    decider: Decider<'_>,
    node: &str,
    user: &BareJid,
) -> Option<(&'static str, &'static str, String)> {
    let language = decider.language;
    match node {
        COMMANDS => Some(("automation", "command-list", texts::gateway_name(language))),
        node => named(commands_of(decider.settings, user), node)
            .map(|command| ("automation", "command-node", command.title(language))),
    }
}

/// Decides about a `<command/>` of a user who may use the gateway.
///
/// # Errors
/// [`Stop`]: rows have to be loaded first, or there is no such command.
pub fn decide(decider: Decider<'_>, stanza: &Stanza, request: &Element) -> Result<Decision, Stop> {
    let commands = commands_of(decider.settings, &stanza.from.to_bare());
    let node = request.attr("node");
    let Some(command) = node.and_then(|node| named(commands, node)) else {
        let why = notice::unknown_request(decider.language);
        return Err(Stop::reject(Condition::ItemNotFound, why));
    };
    let client = stanza.from.as_str();
    let sent = request.attr("sessionid");
    let session = match sent {
        Some(id) => match AdhocSession::parse(decider, client, command, id) {
            Ok(session) => session,
            Err(refusal) => return Ok(refusal.answer(decider.language, stanza)),
        },
        None => {
            let nonce = stanza.id.as_ref().map_or("", StanzaId::as_str);
            AdhocSession::begin(decider, client, command, nonce)
        }
    };
    let action = request.attr("action").unwrap_or("execute");
    let Some(asked) = CommandAction::parse(action) else {
        return Ok(SessionRefusal::BadAction.answer(decider.language, stanza));
    };
    let call = Call {
        decider,
        caller: &stanza.from,
        id: session.stanza_id(&stanza.from.to_bare()),
        is_form: true,
    };
    let run = Run {
        command,
        call: &call,
        session: &session,
    };
    let (response, beside) = run.next(request, asked)?;
    let said = Some(Box::new(sessions::SessionNote {
        is_old: sent.is_some(),
        is_over: beside.operation.is_some() || response.attr("status") == Some("completed"),
        otherwise: SessionRefusal::Over.element(decider.language, stanza),
        id: session.id,
    }));
    let mut stanzas = Vec::new();
    if beside.operation.is_none() {
        stanzas.extend(result(&stanza.element, Some(response)));
        stanzas.extend(beside.stanzas);
    }
    Ok(Decision {
        stanzas,
        session: said,
        ..beside
    })
}

/// XEP-0050 §3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CommandAction {
    /// To the default of what is possible: here the next step.
    Execute,
    Next,
    Prev,
    Complete,
    Cancel,
}

impl CommandAction {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "execute" => Self::Execute,
            "next" => Self::Next,
            "prev" => Self::Prev,
            "complete" => Self::Complete,
            "cancel" => Self::Cancel,
            _ => return None,
        })
    }
}

/// One request of a session.
struct Run<'a> {
    command: &'static dyn Command,
    call: &'a Call<'a>,
    session: &'a AdhocSession,
}

impl Run<'_> {
    fn next(
        &self,
        request: &Element,
        action: CommandAction,
    ) -> Result<(Element, Decision), Missing> {
        let nothing = Decision::nothing;
        // XEP-0004 §3.1: a form that is given back unfilled, whatever stands in it.
        let form = request.get_child("x", ns::DATA_FORMS);
        let is_cancelled = form.is_some_and(|form| form.attr("type") == Some("cancel"));
        let steps = self.command.steps();
        // There is nothing before a command that asks for nothing.
        let goes_out = action == CommandAction::Prev && steps.is_empty();
        if action == CommandAction::Cancel || is_cancelled || goes_out {
            return Ok((self.response("canceled").done(), nothing()));
        }
        let (at, values) = match form::read(self.command, request) {
            Some((at, values)) => (at.min(steps.len().saturating_sub(1)), values),
            None if steps.is_empty() => (0, Values::new()),
            None => return Ok((self.begun()?, nothing())),
        };
        if action == CommandAction::Prev {
            return Ok((self.form(at.saturating_sub(1), &values, None)?, nothing()));
        }
        let filled = steps.iter().take(at.saturating_add(1));
        for (number, step) in filled.enumerate() {
            if let Some(lack) = form::lack(self.call.language(), step, &values) {
                return Ok((self.form(number, &values, Some(&lack))?, nothing()));
            }
        }
        let is_last = at.saturating_add(1) >= steps.len();
        if let Err(stop) = self.command.check(self.call, &values) {
            let why = stop.rejected()?.why;
            return Ok((self.form(at, &values, Some(&why))?, nothing()));
        }
        if !is_last && action != CommandAction::Complete {
            return Ok((self.form(at.saturating_add(1), &values, None)?, nothing()));
        }
        let why = match self.command.run(self.call, &values) {
            Ok(answer) => return Ok((self.done(&answer), answer.beside)),
            Err(stop) => stop.rejected()?.why,
        };
        if steps.is_empty() {
            let refused = self.response("completed").child(note("error", &why));
            return Ok((refused.done(), nothing()));
        }
        Ok((self.form(at, &values, Some(&why))?, nothing()))
    }

    fn response(&self, status: &str) -> Build {
        Build::new("command", COMMANDS)
            .attr("node", self.command.name())
            .attr("sessionid", &self.session.id)
            .attr("status", status)
    }

    /// The first step, where there is something to be asked.
    fn begun(&self) -> Result<Element, Missing> {
        match self.command.needless(self.call)? {
            Some(why) => Ok(self.response("completed").child(note("info", &why)).done()),
            None => self.form(0, &Values::new(), None),
        }
    }

    /// A step to be filled in, with what was wrong before.
    fn form(
        &self,
        number: usize,
        values: &Values,
        wrong: Option<&str>,
    ) -> Result<Element, Missing> {
        let steps = self.command.steps();
        let Some(step) = steps.get(number) else {
            let why = wrong.unwrap_or_default();
            let refused = self.response("completed").child(note("error", why));
            return Ok(refused.done());
        };
        let choices = Context::all(step.fields, |field| {
            let choices = self.command.choices(self.call, field.var)?;
            Ok((field.var, choices))
        })?;
        let asked = OpenForm {
            number,
            step,
            choices: choices.into_iter().collect(),
        };
        let is_last = number.saturating_add(1) == steps.len();
        let default = if is_last { "complete" } else { "next" };
        let mut actions = Build::new("actions", COMMANDS).attr("execute", default);
        if number > 0 {
            actions = actions.child(Element::bare("prev", COMMANDS));
        }
        if !is_last {
            actions = actions.child(Element::bare("next", COMMANDS));
        }
        actions = actions.child(Element::bare("complete", COMMANDS));
        let response = self
            .response("executing")
            .child(actions.done())
            .children(wrong.map(|why| note("error", why)))
            .child(form::asked(
                self.call.language(),
                self.command,
                &asked,
                values,
            ));
        Ok(response.done())
    }

    fn done(&self, answer: &Answer) -> Element {
        let language = self.call.language();
        let title = self.command.title(language);
        let table = answer.table.as_ref().map(|table| form::rows(&title, table));
        let contact = answer
            .contact
            .as_ref()
            .map(|jid| form::contact(language, &title, jid.as_str(), &link(jid)));
        self.response("completed")
            .child(note("info", &answer.text))
            .children(table)
            .children(contact)
            .done()
    }
}

fn note(kind: &str, words: &str) -> Element {
    let note = Build::new("note", COMMANDS).attr("type", kind);
    note.text(words).done()
}

/// What a client goes on with.
struct AdhocSession {
    /// `BEGUN-NONCE-DIGEST`: when, in milliseconds; a hash of the request that began it; our signature on both, the client
    /// and the command.
    id: String,
}

impl AdhocSession {
    fn begin(decider: Decider<'_>, client: &str, command: &dyn Command, nonce: &str) -> Self {
        let begun = decider.now.millis().to_string();
        let nonce = content_digest(&[nonce]);
        let digest = Self::signed(decider, client, command, &begun, &nonce);
        Self {
            id: format!("{begun}-{nonce}-{digest}"),
        }
    }

    fn parse(
        decider: Decider<'_>,
        client: &str,
        command: &dyn Command,
        id: &str,
    ) -> Result<Self, SessionRefusal> {
        let mut parts = id.splitn(3, '-');
        let (Some(begun), Some(nonce), Some(digest)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(SessionRefusal::BadSession);
        };
        if digest != Self::signed(decider, client, command, begun, nonce) {
            return Err(SessionRefusal::BadSession);
        }
        let begun: i64 = begun.parse().map_err(|_| SessionRefusal::BadSession)?;
        let age = decider.now.millis().saturating_sub(begun);
        let oldest = i64::try_from(COMMAND_SESSION.as_millis()).unwrap_or(i64::MAX);
        match age > oldest {
            true => Err(SessionRefusal::Expired),
            false => Ok(Self { id: id.to_owned() }),
        }
    }

    fn signed(
        decider: Decider<'_>,
        client: &str,
        command: &dyn Command,
        begun: &str,
        nonce: &str,
    ) -> String {
        let what = ["session", client, command.name(), begun, nonce];
        keyed_digest(&decider.settings.id_key, &what)
    }

    /// A session sends a message once, whatever the client repeats.
    fn stanza_id(&self, user: &BareJid) -> StanzaId {
        let about = MessageId::of_raw(self.id.as_bytes());
        StanzaId::derive(&about, user, "session")
    }
}

/// XEP-0050 §3.4: what is said of a request that no session takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SessionRefusal {
    BadAction,
    BadSession,
    Expired,
    /// Its command is done.
    Over,
}

impl SessionRefusal {
    fn answer(self, language: Language, stanza: &Stanza) -> Decision {
        Decision::answer(self.element(language, stanza))
    }

    fn element(self, language: Language, stanza: &Stanza) -> Option<Element> {
        let (condition, specific, why) = match self {
            Self::BadAction => (
                Condition::BadRequest,
                "bad-action",
                texts::action_unknown(language),
            ),
            Self::BadSession => (
                Condition::BadRequest,
                "bad-sessionid",
                texts::session_unknown(language),
            ),
            Self::Expired => (
                Condition::NotAllowed,
                "session-expired",
                texts::session_over(language),
            ),
            Self::Over => (
                Condition::NotAllowed,
                "session-expired",
                texts::session_done(language),
            ),
        };
        let mut answer = error_reply(&stanza.element, condition, &why);
        for child in answer.iter_mut().flat_map(Element::children_mut) {
            if child.name() == "error" {
                child.append_child(Element::bare(specific, COMMANDS));
            }
        }
        answer
    }
}
