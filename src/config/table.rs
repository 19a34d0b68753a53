//! A table of the file whose keys are taken one by one. What nobody took is unknown, and all that is wrong is collected.

use super::error::ConfigError;
use super::file;
use super::value::{ReadValue, kind, shown};
use secrecy::SecretString;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// The example: where a message finds what to write.
const EXAMPLE: &str = include_str!("../../config.example.toml");

/// What was found in one file so far.
#[derive(Debug)]
pub(super) struct ConfigReport<'a> {
    text: &'a str,
    folder: PathBuf,
    errors: RefCell<Vec<ConfigError>>,
    /// What is read, and should be written otherwise.
    notes: RefCell<Vec<ConfigError>>,
    /// The line of every key and section by the name that messages call it: `smtp.port`, `mailbox 2`.
    lines: RefCell<BTreeMap<String, usize>>,
    inline_secret: Cell<Option<usize>>,
}

impl<'a> ConfigReport<'a> {
    pub(super) fn new(text: &'a str, file: &Path) -> Self {
        Self {
            text,
            folder: file.parent().unwrap_or(Path::new("")).to_owned(),
            errors: RefCell::default(),
            notes: RefCell::default(),
            lines: RefCell::default(),
            inline_secret: Cell::default(),
        }
    }

    pub(super) fn add(
        &self,
        line: Option<usize>,
        key: impl Into<String>,
        problem: impl Into<String>,
    ) {
        self.errors.borrow_mut().push(ConfigError {
            line,
            key: key.into(),
            problem: problem.into(),
        });
    }

    /// What should be written otherwise in this key, `trust.speak`.
    fn note(&self, key: String, problem: String) {
        let line = self.line_of(&key);
        self.notes
            .borrow_mut()
            .push(ConfigError { line, key, problem });
    }

    /// Reports what is wrong with the value of this key, `smtp.port`, or with the lack of one.
    pub(super) fn refuse(&self, key: &str, problem: impl Into<String>) {
        self.add(self.line_of(key), key, problem);
    }

    /// The line, from 1, of this key, else of its section.
    pub(super) fn line_of(&self, key: &str) -> Option<usize> {
        let lines = self.lines.borrow();
        let of_section = || lines.get(key.rsplit_once('.')?.0);
        lines.get(key).or_else(of_section).copied()
    }

    /// The line, from 1, of the first secret that stands in the file itself.
    pub(super) fn inline_secret(&self) -> Option<usize> {
        self.inline_secret.get()
    }

    /// The line, from 1, of an offset in the file.
    pub(super) fn line(&self, offset: usize) -> usize {
        let before = self.text.bytes().take(offset);
        before.filter(|b| *b == b'\n').count().saturating_add(1)
    }

    /// All errors, and all notes, in the order of their lines.
    pub(super) fn into_findings(self) -> (Vec<ConfigError>, Vec<ConfigError>) {
        let (mut errors, mut notes) = (self.errors.into_inner(), self.notes.into_inner());
        errors.sort();
        notes.sort();
        (errors, notes)
    }
}

/// One table, `[smtp]`, or one of several, `[[mailbox]]`.
#[derive(Debug)]
pub(super) struct ConfigTable<'a> {
    report: &'a ConfigReport<'a>,
    /// `smtp`; empty for the file itself.
    section: &'static str,
    /// `smtp`, `mailbox 2`; empty for the file itself.
    shown: String,
    entries: BTreeMap<&'a str, TableEntry<'a>>,
    known: Vec<&'static str>,
}

#[derive(Clone, Copy, Debug)]
struct TableEntry<'a> {
    line: usize,
    value: &'a Spanned<DeValue<'a>>,
}

/// Whether a key has a value. A wrong one was reported.
#[derive(Debug)]
pub(super) enum Given<T> {
    Absent,
    Wrong,
    Value(T),
}

impl<'a> ConfigTable<'a> {
    pub(super) fn root(report: &'a ConfigReport<'a>, table: &'a DeTable<'a>) -> Self {
        Self::new(report, "", String::new(), table)
    }

    fn new(
        report: &'a ConfigReport<'a>,
        section: &'static str,
        shown: String,
        table: &'a DeTable<'a>,
    ) -> Self {
        let entry = |(key, value): (&'a Spanned<DeString<'a>>, _)| {
            let line = report.line(key.span().start);
            (key.get_ref().as_ref(), TableEntry { line, value })
        };
        let table = Self {
            report,
            section,
            shown,
            entries: table.iter().map(entry).collect(),
            known: Vec::new(),
        };
        let lines = table
            .entries
            .iter()
            .map(|(key, entry)| (table.path(key), entry.line));
        report.lines.borrow_mut().extend(lines);
        table
    }

    /// The table of this name; an absent one is empty.
    pub(super) fn section(&mut self, name: &'static str) -> Option<ConfigTable<'a>> {
        let Some(entry) = self.entry(name) else {
            return Some(ConfigTable {
                report: self.report,
                section: name,
                shown: name.to_owned(),
                entries: BTreeMap::new(),
                known: Vec::new(),
            });
        };
        let Some(table) = entry.value.get_ref().as_table() else {
            self.wrong_kind(name, entry, &format!("a section [{name}]"));
            return None;
        };
        Some(ConfigTable::new(self.report, name, name.to_owned(), table))
    }

    /// The table of this name, which must be there.
    pub(super) fn required_section(&mut self, name: &'static str) -> Option<ConfigTable<'a>> {
        let is_absent = self.entry(name).is_none();
        if is_absent {
            let problem = format!("found no section [{name}]; add it as in config.example.toml");
            self.report.add(None, name, problem);
            return None;
        }
        self.section(name)
    }

    /// The tables of this name, `[[name]]`, in order; none where it is absent.
    pub(super) fn sections(&mut self, name: &'static str) -> Vec<ConfigTable<'a>> {
        let Some(entry) = self.entry(name) else {
            return Vec::new();
        };
        let tables: Option<Vec<_>> = entry.value.get_ref().as_array().and_then(|items| {
            items
                .iter()
                .map(|item| Some((item.span().start, item.get_ref().as_table()?)))
                .collect()
        });
        let Some(tables) = tables.filter(|tables| !tables.is_empty()) else {
            self.wrong_kind(
                name,
                entry,
                &format!("sections [[{name}]], with two brackets"),
            );
            return Vec::new();
        };
        let table = |(at, (offset, table))| {
            let shown = format!("{name} {at}");
            let line = self.report.line(offset);
            self.report.lines.borrow_mut().insert(shown.clone(), line);
            ConfigTable::new(self.report, name, shown, table)
        };
        (1..).zip(tables).map(table).collect()
    }

    /// Reports that none of these sections is there.
    pub(super) fn required_one_of(&self, names: &[&str], why: &str) {
        if let (Some(name), false) = (
            names.first(),
            names.iter().any(|name| self.entries.contains_key(name)),
        ) {
            let problem =
                format!("found no section [[{name}]]; add one as in config.example.toml: {why}");
            self.report.add(None, *name, problem);
        }
    }

    /// The value of this key.
    pub(super) fn get<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&DeValue<'_>) -> ReadValue<T>,
    ) -> Given<T> {
        let Some(entry) = self.entry(key) else {
            return Given::Absent;
        };
        let value = entry.value.get_ref();
        match read(value) {
            Ok(value) => Given::Value(value),
            Err(wrong) => {
                let (found, line) = match wrong.part {
                    Some((found, offset)) => (found, self.report.line(offset)),
                    None => (shown(value), entry.line),
                };
                let problem = format!(
                    "found {found}; allowed is {}{}",
                    wrong.allowed,
                    self.example(key)
                );
                self.report.add(Some(line), self.path(key), problem);
                Given::Wrong
            }
        }
    }

    /// The value of this key, or `default` where it is absent. `None` where it is wrong.
    pub(super) fn or<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&DeValue<'_>) -> ReadValue<T>,
        default: T,
    ) -> Option<T> {
        match self.get(key, read) {
            Given::Absent => Some(default),
            Given::Wrong => None,
            Given::Value(value) => Some(value),
        }
    }

    /// As [`ConfigTable::or`], for a key that had another name, and other words for its values. `words` are the value's words:
    /// the present one, the former one, and what they mean.
    pub(super) fn renamed<T: Clone>(
        &mut self,
        key: &'static str,
        former: &'static str,
        words: &[(&'static str, &'static str, T)],
        default: T,
    ) -> Option<T> {
        let present: Vec<_> = words
            .iter()
            .map(|(word, _, value)| (*word, value.clone()))
            .collect();
        if self.entry(former).is_none() {
            return self.or(key, super::value::choice(&present), default);
        }
        if self.entry(key).is_some() {
            self.refuse(
                former,
                format!("is the former name of {key}, which is there as well; remove this line"),
            );
            return None;
        }
        let former_words: Vec<_> = words.iter().map(|word| (word.1, word)).collect();
        let (word, _, value) =
            self.or(former, super::value::choice(&former_words), words.first()?)?;
        let note = format!("is now called {key}; write {key} = {word:?}");
        self.report.note(self.path(former), note);
        Some(value.clone())
    }

    /// The value of this key, if it is there. The outer `None` says that it is wrong.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&DeValue<'_>) -> ReadValue<T>,
    ) -> Option<Option<T>> {
        self.or(key, |value| read(value).map(Some), None)
    }

    /// The value of this key, which must be there.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&DeValue<'_>) -> ReadValue<T>,
    ) -> Option<T> {
        let value = self.optional(key, read)?;
        if value.is_none() {
            self.refuse(key, format!("found nothing{}", self.example(key)));
        }
        value
    }

    /// A path. One that does not begin with `/` is taken from the folder of the configuration file.
    pub(super) fn path_or_none(&mut self, key: &'static str) -> Option<Option<PathBuf>> {
        let folder = self.report.folder.clone();
        self.optional(key, |value| {
            super::value::text(value).map(|path| folder.join(path))
        })
    }

    /// A secret in the file itself (`key`), in a file of its own (`key_file`) or in an environment variable (`key_env`);
    /// absent where none of the three is there.
    pub(super) fn secret(
        &mut self,
        [key, in_file, in_env]: [&'static str; 3],
    ) -> Given<SecretString> {
        let entries = [self.entry(key), self.entry(in_file), self.entry(in_env)];
        if entries.iter().flatten().count() > 1 {
            self.refuse(
                key,
                format!("found in several places; keep one of {key}, {in_file} and {in_env}"),
            );
            return Given::Wrong;
        }
        let secret = match entries {
            [Some(entry), _, _] => {
                self.report
                    .inline_secret
                    .set(self.report.inline_secret.get().or(Some(entry.line)));
                self.inline_secret(key, entry)
            }
            [_, Some(_), _] => self
                .path_or_none(in_file)
                .flatten()
                .and_then(|path| self.secret_in_file(in_file, &path)),
            [_, _, Some(_)] => self
                .optional(in_env, super::value::text)
                .flatten()
                .and_then(|name| self.secret_in_env(in_env, &name)),
            [None, None, None] => return Given::Absent,
        };
        secret.map_or(Given::Wrong, Given::Value)
    }

    /// A secret that must be there.
    pub(super) fn required_secret(&mut self, keys: [&'static str; 3]) -> Option<SecretString> {
        match self.secret(keys) {
            Given::Value(secret) => Some(secret),
            Given::Wrong => None,
            Given::Absent => {
                let [key, in_file, in_env] = keys;
                self.refuse(
                    key,
                    format!("found nothing; write one of {in_file}, {in_env} and {key}"),
                );
                None
            }
        }
    }

    fn inline_secret(&self, key: &'static str, entry: TableEntry<'a>) -> Option<SecretString> {
        let value = entry.value.get_ref();
        let secret = value.as_str().filter(|text| is_secret(text));
        if secret.is_none() {
            let problem = format!(
                "found {}; allowed is one line of text in quotes",
                kind(value)
            );
            self.report.add(Some(entry.line), self.path(key), problem);
        }
        secret.map(SecretString::from)
    }

    fn secret_in_file(&self, key: &'static str, path: &Path) -> Option<SecretString> {
        let text = match file::read(path) {
            Ok(text) => text,
            Err(error) => {
                let path = path.display();
                self.refuse(key, format!("{path} cannot be read ({error}); give a file that holds the secret and that this program may read"));
                return None;
            }
        };
        let secret = text.trim_end_matches(['\r', '\n']);
        if !is_secret(secret) {
            self.refuse(
                key,
                format!(
                    "{} is empty or has several lines; allowed is one line, the secret alone",
                    path.display()
                ),
            );
            return None;
        }
        Some(SecretString::from(secret))
    }

    fn secret_in_env(&self, key: &'static str, name: &str) -> Option<SecretString> {
        let secret = std::env::var(name).ok().filter(|secret| is_secret(secret));
        if secret.is_none() {
            self.refuse(key, format!("the environment variable {name} is not set, empty, or has several lines; set it to the secret alone"));
        }
        secret.map(SecretString::from)
    }

    /// Reports what is wrong with the value of this key, or with the lack of one.
    pub(super) fn refuse(&self, key: &'static str, problem: impl Into<String>) {
        self.report.refuse(&self.path(key), problem);
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Reports the keys that nobody has asked for.
    pub(super) fn finish(&self) {
        let what = if self.shown.is_empty() {
            "a section"
        } else {
            "a key"
        };
        for (key, entry) in &self.entries {
            if !self.known.contains(key) {
                let problem = match self.nearest(key) {
                    Some(known) => {
                        format!("found {what} that is not known; did you mean {known}?")
                    }
                    None => format!(
                        "found {what} that is not known; known here: {}",
                        self.known.join(", ")
                    ),
                };
                self.report.add(Some(entry.line), self.path(key), problem);
            }
        }
    }

    fn entry(&mut self, key: &'static str) -> Option<TableEntry<'a>> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.entries.get(key).copied()
    }

    fn wrong_kind(&self, name: &str, entry: TableEntry<'_>, allowed: &str) {
        let found = kind(entry.value.get_ref());
        let problem = format!("found {found}; allowed is {allowed}, as in config.example.toml");
        self.report.add(Some(entry.line), name, problem);
    }

    fn path(&self, key: &str) -> String {
        if self.shown.is_empty() {
            return key.to_owned();
        }
        format!("{}.{key}", self.shown)
    }

    /// The known key that this may be a slip for.
    fn nearest(&self, key: &str) -> Option<&'static str> {
        const EDITS_MAX: usize = 2;
        let edits = |known: &&str| strsim::damerau_levenshtein(known, key);
        let nearest = self.known.iter().copied().min_by_key(edits)?;
        (edits(&nearest) <= EDITS_MAX && nearest.len() > EDITS_MAX).then_some(nearest)
    }

    /// `; write, for example, port = 465`, as the example has it.
    fn example(&self, key: &str) -> String {
        let headers = [
            format!("[{}]", self.section),
            format!("[[{}]]", self.section),
        ];
        let line = EXAMPLE
            .lines()
            .skip_while(|line| {
                !headers
                    .iter()
                    .any(|header| header == line.trim_start_matches('#'))
            })
            .map(|line| line.trim_start_matches('#'))
            // An empty list is a default, but it shows nothing.
            .find(|line| {
                line.split_once(" = ")
                    .is_some_and(|(name, value)| name == key && value != "[]")
            });
        line.map_or_else(String::new, |line| format!("; write, for example, {line}"))
    }
}

/// A secret is one line that is not empty. A longer text is a key or a configuration that got into the wrong place.
fn is_secret(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(char::is_control)
}
