//! Forms as clients show them (XEP-0004), and what comes back.

use super::{AnswerTable, Command, FieldKind, FormField, FormStep, Values, fields, texts};
use crate::core::language::{Language, Sentence};
use crate::core::text::clean;
use crate::core::xml::{Build, text};
use minidom::Element;
use std::collections::BTreeMap;
use xmpp_parsers::ns;

/// The number of the step that a form belongs to, as a hidden field: a session has no memory of its own.
const STEP: &str = "step";

/// Lines of a text that are a value of their own each (XEP-0004 §3.3), when a form is shown again.
const LINES_MAX: usize = 200;

/// One form, as it is to be shown.
pub(super) struct OpenForm {
    /// Of all that a command has, from 0.
    pub number: usize,
    /// What is asked.
    pub step: &'static FormStep,
    /// What there is to choose from, by the names of the fields.
    pub choices: BTreeMap<&'static str, Vec<(String, String)>>,
}

/// A step to be filled in, with what is known. What was filled in before goes along hidden, and comes back.
pub(super) fn asked(
    language: Language,
    command: &dyn Command,
    asked: &OpenForm,
    values: &Values,
) -> Element {
    let OpenForm {
        number,
        step,
        choices,
    } = asked;
    let is_shown = |field: &&FormField| step.fields.iter().any(|shown| shown.var == field.var);
    let known = |field: &FormField| values.get(field.var).map_or("", String::as_str);
    let others = fields(command).filter(|field| !is_shown(field) && !known(field).is_empty());
    let hidden = others.map(|field| one_value(field.var, "hidden", None, known(field)));
    let number = one_value(STEP, "hidden", None, &number.to_string());
    let choices = |field: &FormField| choices.get(field.var).map_or(&[][..], Vec::as_slice);
    let say = |sentence: Sentence| sentence.in_language(language);
    let shown = step
        .fields
        .iter()
        .map(|field| shown(language, field, known(field), choices(field)));
    Build::new("x", ns::DATA_FORMS)
        .attr("type", "form")
        .child(text("title", ns::DATA_FORMS, &say(step.title)))
        .child(text(
            "instructions",
            ns::DATA_FORMS,
            &say(step.instructions),
        ))
        .child(number)
        .children(hidden)
        .children(shown)
        .done()
}

fn shown(
    language: Language,
    field: &FormField,
    value: &str,
    choices: &[(String, String)],
) -> Element {
    let kind = match field.kind {
        FieldKind::Line => "text-single",
        FieldKind::Text => "text-multi",
        FieldKind::Choice => "list-single",
    };
    let mut element = Build::new("field", ns::DATA_FORMS)
        .attr("var", field.var)
        .attr("type", kind)
        .attr("label", &field.label.in_language(language));
    if field.is_required {
        element = element.child(Element::bare("required", ns::DATA_FORMS));
    }
    // All that is left stands in the last one: what is given back is no longer than what came.
    let lines = value
        .splitn(LINES_MAX, '\n')
        .filter(|_| !value.is_empty())
        .map(|line| text("value", ns::DATA_FORMS, line));
    // XEP-0004 §3.2: what there is to choose from.
    let options = choices.iter().map(|(value, label)| {
        let option = Build::new("option", ns::DATA_FORMS).attr("label", label);
        option.child(text("value", ns::DATA_FORMS, value)).done()
    });
    element.children(lines).children(options).done()
}

fn one_value(var: &str, kind: &str, label: Option<&str>, value: &str) -> Element {
    let field = Build::new("field", ns::DATA_FORMS)
        .attr("var", var)
        .attr("type", kind)
        .attr_if("label", label);
    field.child(text("value", ns::DATA_FORMS, value)).done()
}

/// What came back: the number of the step, and the fields that the command has.
pub(super) fn read(command: &dyn Command, request: &Element) -> Option<(usize, Values)> {
    let form = request.get_child("x", ns::DATA_FORMS)?;
    let step = value_of(form, STEP).and_then(|step| step.parse().ok());
    let known = fields(command).filter_map(|field| {
        let value = clean::for_xml(&value_of(form, field.var)?);
        let value = match field.kind {
            // What turns the rest around is no part of it, and would be shown again.
            FieldKind::Line | FieldKind::Choice => {
                let value = value.replace('\n', " ");
                let value = value.replace(clean::is_bidi_control, "");
                value.trim().to_owned()
            }
            FieldKind::Text => value,
        };
        Some((field.var, value))
    });
    Some((step.unwrap_or_default(), known.collect()))
}

/// All values of a field in lines (XEP-0004 §3.3: text-multi has one for each).
pub(super) fn value_of(form: &Element, var: &str) -> Option<String> {
    let mut fields = form
        .children()
        .filter(|child| child.is("field", ns::DATA_FORMS));
    let field = fields.find(|field| field.attr("var") == Some(var))?;
    let values = field
        .children()
        .filter(|child| child.is("value", ns::DATA_FORMS));
    let values: Vec<String> = values.map(Element::text).collect();
    Some(values.join("\n"))
}

/// What is missing in a step, as a sentence.
pub(super) fn lack(language: Language, step: &FormStep, values: &Values) -> Option<String> {
    let is_empty = |field: &&FormField| {
        values
            .get(field.var)
            .is_none_or(|value| value.trim().is_empty())
    };
    let mut needed = step.fields.iter().filter(|field| field.is_required);
    let lacking = needed.find(is_empty)?;
    let label = lacking.label.in_language(language);
    Some(texts::required(language, &label))
}

/// A table that was found (XEP-0004 §3.4).
pub(super) fn table(language: Language, title: &str, table: &AnswerTable) -> Element {
    let columns = table.columns.iter().map(|(var, label)| {
        Build::new("field", ns::DATA_FORMS)
            .attr("var", var)
            .attr("type", kind_of(var))
            .attr("label", &label.in_language(language))
            .done()
    });
    let items = table.rows.iter().map(|row| {
        let cells = table.columns.iter().zip(row).map(|((var, _), value)| {
            let field = Build::new("field", ns::DATA_FORMS).attr("var", var);
            field.child(text("value", ns::DATA_FORMS, value)).done()
        });
        Build::new("item", ns::DATA_FORMS).children(cells).done()
    });
    let reported = Build::new("reported", ns::DATA_FORMS).children(columns);
    Build::new("x", ns::DATA_FORMS)
        .attr("type", "result")
        .child(text("title", ns::DATA_FORMS, title))
        .child(reported.done())
        .children(items)
        .done()
}

/// The same as a form with a field for each row: several clients show nothing of a table.
pub(super) fn rows(title: &str, table: &AnswerTable) -> Element {
    let rows = (1..).zip(&table.rows).map(|(number, row): (usize, _)| {
        let cells = row.iter().map(String::as_str);
        let filled: Vec<&str> = cells.filter(|cell| !cell.is_empty()).collect();
        let (first, rest) = filled.split_first().unwrap_or((&"", &[]));
        let var = format!("row{number}");
        one_value(&var, "text-single", Some(first), &rest.join(" · "))
    });
    Build::new("x", ns::DATA_FORMS)
        .attr("type", "result")
        .child(text("title", ns::DATA_FORMS, title))
        .children(rows)
        .done()
}

/// A JID is one that a client can open.
fn kind_of(var: &str) -> &'static str {
    match var {
        "jid" => "jid-single",
        _ => "text-single",
    }
}

/// One contact that was found.
pub(super) fn contact(language: Language, title: &str, jid: &str, link: &str) -> Element {
    let chat_address = Sentence("label-chat-address").in_language(language);
    let label = Sentence("label-link").in_language(language);
    Build::new("x", ns::DATA_FORMS)
        .attr("type", "result")
        .child(text("title", ns::DATA_FORMS, title))
        .child(one_value("jid", "jid-single", Some(&chat_address), jid))
        .child(one_value("link", "text-single", Some(&label), link))
        .done()
}
