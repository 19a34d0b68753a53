//! The door of XEP-0055: a client's search dialogue finds a mail address, or one of the user's own contacts by a part of
//! name or address. Of other users' contacts nobody learns anything.

use super::form::{self, value_of};
use super::known::{self, KnownContacts};
use super::write::{Whom, whom_of};
use super::{AnswerTable, Call, texts};
use crate::core::context::{Context, Missing};
use crate::core::decide::decider::Stop;
use crate::core::decide::{lookup, names};
use crate::core::language::{Language, Sentence};
use crate::core::limits::CONTACTS_LISTED_MAX;
use crate::core::xml::{Build, text};
use minidom::Element;
use xmpp_parsers::ns;

/// XEP-0055.
pub const SEARCH: &str = "jabber:iq:search";

/// The field that is asked for, in the form as well as without one.
const EMAIL: &str = "email";

/// What is looked up: one more than is shown, which tells that there are more.
const FOUND_MAX: usize = CONTACTS_LISTED_MAX.saturating_add(1);

/// What can be searched for (XEP-0055 §2.1).
pub fn asked(language: Language) -> Element {
    let field = Build::new("field", ns::DATA_FORMS)
        .attr("var", EMAIL)
        .attr("type", "text-single")
        .attr(
            "label",
            &Sentence("label-mail-address-or-name").in_language(language),
        );
    let instructions = texts::search(language);
    let form_type = Build::new("field", ns::DATA_FORMS)
        .attr("var", "FORM_TYPE")
        .attr("type", "hidden")
        .child(text("value", ns::DATA_FORMS, SEARCH));
    let form = Build::new("x", ns::DATA_FORMS)
        .attr("type", "form")
        .child(text("instructions", ns::DATA_FORMS, &instructions))
        .child(form_type.done())
        .child(field.done());
    Build::new("query", SEARCH)
        .child(text("instructions", SEARCH, &instructions))
        .child(Element::bare(EMAIL, SEARCH))
        .child(form.done())
        .done()
}

/// What is found (XEP-0055 §2.2): by a form where it was asked by one.
///
/// # Errors
/// [`Missing`] names a row that has to be loaded first.
pub fn found(call: &Call<'_>, query: &Element) -> Result<Element, Missing> {
    let form = query.get_child("x", ns::DATA_FORMS);
    let typed = match form {
        Some(form) => value_of(form, EMAIL),
        None => query.get_child(EMAIL, SEARCH).map(Element::text),
    };
    let rows = people(call, typed.unwrap_or_default().trim())?;
    if form.is_some() {
        let mut table = AnswerTable {
            columns: &[
                ("jid", Sentence("label-chat-address")),
                ("nick", Sentence("label-name")),
                (EMAIL, Sentence("label-mail-address")),
            ],
            rows,
        };
        let title = texts::found(call.language(), table.rows.len() > CONTACTS_LISTED_MAX);
        table.rows.truncate(CONTACTS_LISTED_MAX);
        let found = form::table(call.language(), &title, &table);
        return Ok(Build::new("query", SEARCH).child(found).done());
    }
    let items = rows.iter().take(CONTACTS_LISTED_MAX).map(|row| {
        let mut cells = row.iter().map(String::as_str);
        let mut cell = || cells.next().unwrap_or_default();
        let item = Build::new("item", SEARCH).attr("jid", cell());
        item.child(text("nick", SEARCH, cell()))
            .child(text(EMAIL, SEARCH, cell()))
            .done()
    });
    Ok(Build::new("query", SEARCH).children(items).done())
}

/// JID, name and address of each.
fn people(call: &Call<'_>, typed: &str) -> Result<Vec<Vec<String>>, Missing> {
    if typed.is_empty() {
        return Ok(Vec::new());
    }
    if let Some(whom) = Stop::optional(whom_of(call, typed))? {
        let (Whom::Contact(mail, jid) | Whom::User(mail, jid)) = whom;
        let name = names::of(call.decider, &call.user(), &jid, &mail)?;
        let people = mail.for_people();
        let name = name.unwrap_or_else(|| people.clone());
        return Ok(vec![vec![jid.to_string(), name, people]]);
    }
    let KnownContacts { contacts, .. } = known::contacts(call)?;
    let part = typed.to_lowercase();
    let has = |text: &str| text.to_lowercase().contains(&part);
    let (meant, others): (Vec<_>, Vec<_>) = contacts.into_iter().partition(|(mail, known)| {
        has(&mail.for_people()) || known.name.as_deref().is_some_and(has)
    });
    // Of others than these a pair of an administrator may know another name, which takes a look-up for each.
    let others = others.into_iter().map(|contact| (contact, false));
    let meant = meant.into_iter().map(|contact| (contact, true));
    let looked_up = meant.chain(others).take(FOUND_MAX);
    let rows = Context::all(looked_up, |((mail, known), is_meant)| {
        let shown = lookup::shown_jid(call.decider, Some(known), mail)?;
        let Some(jid) = shown else { return Ok(None) };
        let name = names::of_known(call.decider, &jid, Some(known))?;
        let is_meant = is_meant || name.as_deref().is_some_and(has);
        let people = mail.for_people();
        let name = name.unwrap_or_else(|| people.clone());
        Ok(is_meant.then(|| vec![jid.to_string(), name, people]))
    })?;
    Ok(rows.into_iter().flatten().collect())
}
