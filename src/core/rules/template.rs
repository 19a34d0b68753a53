//! One side of a rule, `bridge+{local}_{domain}@provider.example`, read and checked.

use super::overlap::{Atom, Class, Pattern};
use crate::core::address::{domain_to_ascii, folded};
use jid::{DomainPart, NodePart};
use std::fmt;

/// Which side of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The JID of a local user.
    Jid,
    /// The mail address that stands for it.
    Mail,
}

/// As the key of the configuration.
impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jid => "jid",
            Self::Mail => "mail",
        })
    }
}

/// What is wrong with one template, and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFault {
    /// No `@`, two of them, or nothing on one side of it.
    #[error("is not of the form name@domain; write, for example, “{{local}}@chat.example.org”")]
    Form,
    /// Braces around something else than a placeholder, or alone.
    #[error("has “{0}”; the placeholders are {{local}} and {{domain}}")]
    Placeholder(String),
    /// The same placeholder twice.
    #[error("has {0} twice; each placeholder may stand once in a template")]
    Twice(Placeholder),
    /// `{local}` after the `@`.
    #[error("has {{local}} after the @; it belongs before it")]
    LocalAfterAt,
    /// `{domain}` before the `@` of a JID.
    #[error("has {{domain}} before the @; in a jid template it belongs after it")]
    DomainBeforeAt,
    /// Nothing between two placeholders that could not be part of a domain.
    #[error(
        "has “{0}” between {{local}} and {{domain}}, which can be part of a domain, so that nobody could tell where one \
         ends; put “_” or “+” between them"
    )]
    Separator(String),
    /// `{domain}` with text in the same label.
    #[error(
        "has text in one label with {{domain}}; put a dot between them, for example “chat.{{domain}}”"
    )]
    PartOfLabel,
    /// Text before the `@` that cannot stand in every local part or node.
    #[error(
        "has “{0}” before the @; allowed beside the placeholders are a-z, 0-9, “-”, “_”, “+” and single dots between them"
    )]
    Text(String),
    /// No domain name.
    #[error(
        "has “{0}” after the @, which is not a domain name; write, for example, “chat.example.org”"
    )]
    Domain(String),
}

/// A placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placeholder {
    /// `{local}`.
    Local,
    /// `{domain}`.
    Domain,
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "{local}",
            Self::Domain => "{domain}",
        })
    }
}

/// A template, checked.
#[derive(Clone, Debug)]
pub(super) struct Template {
    side: Side,
    /// Before the `@`, in lower case.
    pub(super) local: TemplateHalf,
    /// After it, in lower-case A-labels.
    pub(super) domain: TemplateHalf,
    /// After it as written and prepared for JIDs, where it has no placeholder.
    pub(super) literal_domain: Option<DomainPart>,
}

impl Template {
    pub(super) fn parse(side: Side, text: &str) -> Result<Self, TemplateFault> {
        let (local, domain) = text.split_once('@').ok_or(TemplateFault::Form)?;
        if local.is_empty() || domain.is_empty() || domain.contains('@') {
            return Err(TemplateFault::Form);
        }
        let template = Self {
            side,
            local: TemplateHalf::parse(&match side {
                Side::Jid => local.to_lowercase(),
                Side::Mail => folded(local),
            })?,
            domain: TemplateHalf::parse(domain)?.into_a_labels()?,
            literal_domain: literal_domain(domain)?,
        };
        template.check()?;
        Ok(template)
    }

    pub(super) fn has(&self, slot: Placeholder) -> bool {
        self.local.has(slot) || self.domain.has(slot)
    }

    /// The addresses that the template can produce.
    pub(super) fn pattern(&self) -> Pattern {
        let local = match self.side {
            Side::Jid => Class::Node,
            Side::Mail => Class::EncodedNode,
        };
        let mut pattern = self.local.pattern(local);
        pattern.push(Atom::One('@'));
        pattern.extend(self.domain.pattern(local));
        pattern
    }

    fn check(&self) -> Result<(), TemplateFault> {
        for slot in [Placeholder::Local, Placeholder::Domain] {
            if self
                .local
                .count(slot)
                .saturating_add(self.domain.count(slot))
                > 1
            {
                return Err(TemplateFault::Twice(slot));
            }
        }
        if self.domain.has(Placeholder::Local) {
            return Err(TemplateFault::LocalAfterAt);
        }
        if self.side == Side::Jid && self.local.has(Placeholder::Domain) {
            return Err(TemplateFault::DomainBeforeAt);
        }
        self.check_separator()?;
        self.check_text()
    }

    /// The only text that can stand between two placeholders is one that no domain holds: then the last such character
    /// before a domain (or the first one after it) tells where the domain ends.
    fn check_separator(&self) -> Result<(), TemplateFault> {
        let [(_, between), (_, _)] = self.local.slots.as_slice() else {
            return Ok(());
        };
        if between.chars().all(|c| Class::Domain.has(c)) {
            return Err(TemplateFault::Separator(between.clone()));
        }
        Ok(())
    }

    /// With any encoded node (or domain) in its place, the local part must be a Dot-string (RFC 5321 §4.1.2) and the
    /// node one that RFC 7622 leaves as it is.
    fn check_text(&self) -> Result<(), TemplateFault> {
        let filled = self.local.fill("x", "x");
        let fits = match self.side {
            Side::Jid => NodePart::new(&filled).is_ok_and(|node| node.as_str() == filled),
            Side::Mail => filled.split('.').all(|atom| {
                !atom.is_empty() && atom.chars().all(|c| c == '+' || Class::EncodedNode.has(c))
            }),
        };
        let shown = || self.local.fill("{local}", "{domain}");
        fits.then_some(())
            .ok_or_else(|| TemplateFault::Text(shown()))
    }
}

/// What stands before or after the `@`: text, then each placeholder with the text after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TemplateHalf {
    head: String,
    slots: Vec<(Placeholder, String)>,
}

/// What a text has in the places of the placeholders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TemplateMatch<'a> {
    pub(super) local: &'a str,
    pub(super) domain: &'a str,
}

impl TemplateHalf {
    /// The text with these values in the places of the placeholders.
    pub(super) fn fill(&self, local: &str, domain: &str) -> String {
        let mut text = self.head.clone();
        for (slot, tail) in &self.slots {
            text.push_str(match slot {
                Placeholder::Local => local,
                Placeholder::Domain => domain,
            });
            text.push_str(tail);
        }
        text
    }

    /// The reverse of [`TemplateHalf::fill`]; `None` where the text cannot come from it. Without a slot, its value is empty.
    pub(super) fn take<'a>(&self, text: &'a str) -> Option<TemplateMatch<'a>> {
        let rest = text.strip_prefix(self.head.as_str())?;
        let mut found = TemplateMatch::default();
        match self.slots.as_slice() {
            [] => rest.is_empty().then_some(found),
            [(slot, tail)] => {
                found.put(*slot, rest.strip_suffix(tail.as_str())?)?;
                Some(found)
            }
            [(first, between), (second, tail), ..] => {
                let rest = rest.strip_suffix(tail.as_str())?;
                // See Template::check_separator.
                let (left, right) = match second {
                    Placeholder::Domain => rest.rsplit_once(between.as_str())?,
                    Placeholder::Local => rest.split_once(between.as_str())?,
                };
                found.put(*first, left)?;
                found.put(*second, right)?;
                Some(found)
            }
        }
    }

    pub(super) fn has(&self, slot: Placeholder) -> bool {
        self.count(slot) > 0
    }

    /// What stands before the first `+`: the mailbox of which all others are subaddresses.
    pub(super) fn subaddressed(&self) -> Option<&str> {
        Some(self.head.split_once('+')?.0)
    }

    fn count(&self, slot: Placeholder) -> usize {
        self.slots.iter().filter(|(one, _)| *one == slot).count()
    }

    fn pattern(&self, local: Class) -> Pattern {
        let mut pattern: Pattern = self.head.chars().map(Atom::One).collect();
        for (slot, tail) in &self.slots {
            pattern.push(Atom::Many(match slot {
                Placeholder::Local => local,
                Placeholder::Domain => Class::Domain,
            }));
            pattern.extend(tail.chars().map(Atom::One));
        }
        pattern
    }

    fn parse(text: &str) -> Result<Self, TemplateFault> {
        let mut pieces = text.split('{');
        let mut half = Self {
            head: plain(pieces.next().unwrap_or_default())?,
            slots: Vec::new(),
        };
        for piece in pieces {
            let (name, tail) = piece
                .split_once('}')
                .ok_or_else(|| TemplateFault::Placeholder(format!("{{{piece}")))?;
            let slot = match name {
                "local" => Placeholder::Local,
                "domain" => Placeholder::Domain,
                _ => return Err(TemplateFault::Placeholder(format!("{{{name}}}"))),
            };
            half.slots.push((slot, plain(tail)?));
        }
        Ok(half)
    }

    fn into_a_labels(self) -> Result<Self, TemplateFault> {
        let whole = self.fill("{local}", "{domain}");
        let fault = || TemplateFault::Domain(whole.clone());
        let ascii = |text: &str| domain_to_ascii(text).ok_or_else(fault);
        match self.slots.as_slice() {
            [] => Ok(Self {
                head: ascii(&self.head)?,
                slots: Vec::new(),
            }),
            [(Placeholder::Domain, tail)] => {
                let head = match self.head.strip_suffix('.') {
                    Some(labels) => format!("{}.", ascii(labels)?),
                    None if self.head.is_empty() => String::new(),
                    None => return Err(TemplateFault::PartOfLabel),
                };
                let tail = match tail.strip_prefix('.') {
                    Some(labels) => format!(".{}", ascii(labels)?),
                    None if tail.is_empty() => String::new(),
                    None => return Err(TemplateFault::PartOfLabel),
                };
                Ok(Self {
                    head,
                    slots: vec![(Placeholder::Domain, tail)],
                })
            }
            // Template::check refuses it and says why.
            _ => Ok(self),
        }
    }
}

impl<'a> TemplateMatch<'a> {
    fn put(&mut self, slot: Placeholder, value: &'a str) -> Option<()> {
        let fits = match slot {
            Placeholder::Local => !value.is_empty(),
            Placeholder::Domain => !value.is_empty() && value.chars().all(|c| Class::Domain.has(c)),
        };
        match slot {
            Placeholder::Local => self.local = value,
            Placeholder::Domain => self.domain = value,
        }
        fits.then_some(())
    }
}

/// The domain of a template, if it has no placeholder.
fn literal_domain(text: &str) -> Result<Option<DomainPart>, TemplateFault> {
    if text.contains('{') {
        return Ok(None);
    }
    DomainPart::new(text)
        .map(|part| Some(part.into_owned()))
        .map_err(|_| TemplateFault::Domain(text.to_owned()))
}

/// Text without braces.
fn plain(text: &str) -> Result<String, TemplateFault> {
    if text.contains('}') {
        return Err(TemplateFault::Placeholder("}".to_owned()));
    }
    Ok(text.to_owned())
}
