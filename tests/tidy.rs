//! The house rules of docs/ARCHITECTURE.md that a machine can check. Each failure names the file and the line.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// Lines of one function, with its signature and braces.
const FUNCTION_LINES_MAX: usize = 70;

/// One file of `src`, without its tests.
struct Source {
    /// `core/time.rs`.
    name: String,
    /// From 1, with comments.
    lines: Vec<(usize, String)>,
}

impl Source {
    /// The lines without comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines
            .iter()
            .map(|(number, line)| (*number, line.split("//").next().unwrap_or_default()))
    }

    /// Where one of these texts stands in the code.
    fn places_of(&self, texts: &[&str]) -> Vec<String> {
        self.code()
            .flat_map(|(number, line)| texts.iter().map(move |text| (number, line, *text)))
            .filter(|(_, line, text)| line.contains(text))
            .map(|(number, _, text)| format!("src/{}:{number}: {text}", self.name))
            .collect()
    }
}

/// Every file of `src` that is part of the program.
fn sources() -> Vec<Source> {
    let root = PathBuf::from(ROOT).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    let texts: Vec<_> = files
        .into_iter()
        .map(|path| (std::fs::read_to_string(&path).unwrap(), path))
        .collect();
    let for_tests: BTreeSet<PathBuf> = texts
        .iter()
        .flat_map(|(text, path)| test_modules(text, path))
        .collect();
    let sources: Vec<_> = texts
        .iter()
        .filter(|(_, path)| {
            !for_tests
                .iter()
                .any(|module| path.with_extension("").starts_with(module))
        })
        .map(|(text, path)| Source {
            name: path.strip_prefix(&root).unwrap().display().to_string(),
            lines: without_tests(text),
        })
        .collect();
    assert!(sources.len() > 10);
    sources
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The modules in files of their own that are only there in tests: `#[cfg(test)]`, `mod fake;`.
fn test_modules(text: &str, path: &Path) -> Vec<PathBuf> {
    let folder = match path.file_stem() {
        Some(stem) if stem == "mod" || stem == "lib" => path.parent().unwrap().to_owned(),
        _ => path.with_extension(""),
    };
    let lines: Vec<_> = text.lines().collect();
    lines
        .windows(2)
        .filter(|pair| pair[0].starts_with("#[cfg(test)]"))
        .filter_map(|pair| pair[1].strip_suffix(';')?.split_once("mod "))
        .map(|(_, name)| folder.join(name))
        .collect()
}

/// The numbered lines before the module of tests, which stands last.
fn without_tests(text: &str) -> Vec<(usize, String)> {
    let lines: Vec<_> = text.lines().collect();
    let tests = lines.windows(2).position(|pair| {
        pair[0] == "#[cfg(test)]" && pair[1].contains("mod ") && pair[1].ends_with('{')
    });
    let end = tests.unwrap_or(lines.len());
    (1..)
        .zip(lines[..end].iter().map(|line| (*line).to_owned()))
        .collect()
}

fn assert_none(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}

#[test]
fn the_core_is_pure() {
    let forbidden = [
        "tokio",
        "std::net",
        "std::fs",
        "SystemTime::now",
        "Instant::now",
        ".elapsed()",
        "Utc::now",
        "Local::now",
        "Timestamp::now",
        "rand::",
        "sled",
        "lettre::transport",
        "async fn",
        "async move",
        ".await",
    ];
    let found: Vec<_> = sources()
        .iter()
        .filter(|source| source.name.starts_with("core/"))
        .flat_map(|source| source.places_of(&forbidden))
        // The one door for the shell.
        .filter(|place| !(place.starts_with("src/core/time.rs:") && place.ends_with(" Utc::now")))
        .collect();
    assert_none(
        &found,
        "the core has no runtime, sockets, files, clock or randomness",
    );
}

#[test]
fn arrows_go_down_only() {
    let rooms = ["xmpp", "smtp", "imap", "store"];
    let above = ["cli", "config", "control", "http", "pipeline", "supervisor"];
    let mut found = Vec::new();
    for source in sources() {
        let room = source.name.split(['/', '.']).next().unwrap_or_default();
        let not_allowed: Vec<String> = rooms
            .iter()
            .chain(&above)
            // The spool is the SMTP queue's own disk, though it lies beside the store.
            .filter(|other| !(room == "smtp" && **other == "store"))
            .filter(|other| room == "core" || (rooms.contains(&room) && **other != room))
            .map(|other| format!("crate::{other}"))
            .collect();
        let not_allowed: Vec<&str> = not_allowed.iter().map(String::as_str).collect();
        found.extend(source.places_of(&not_allowed));
    }
    assert_none(
        &found,
        "core names no other room; xmpp, smtp, imap and store name core and not each other",
    );
}

#[test]
fn nothing_is_unwrapped() {
    let found: Vec<_> = sources()
        .iter()
        .flat_map(|source| {
            source.places_of(&[
                ".unwrap()",
                ".expect(",
                ".unwrap_err()",
                "panic!(",
                "todo!(",
                "unimplemented!(",
            ])
        })
        .collect();
    assert_none(&found, "outside of tests, what can fail is handled");
}

#[test]
fn functions_are_small() {
    let found: Vec<_> = sources().iter().flat_map(long_functions).collect();
    assert_none(&found, "a function has at most 70 lines");
}

/// A function ends at the first line that is its indentation and a closing brace (rustfmt sees to that).
fn long_functions(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for (at, (start, line)) in source.lines.iter().enumerate() {
        let indentation = line.len() - line.trim_start().len();
        let is_function = [
            "fn ",
            "pub fn ",
            "async fn ",
            "pub async fn ",
            "const fn ",
            "pub const fn ",
            "pub(crate) ",
            "pub(super) ",
        ]
        .iter()
        .any(|begin| line.trim_start().starts_with(begin))
            && line.contains("fn ");
        let end = format!("{}}}", " ".repeat(indentation));
        // A declaration in a trait has no end of its own.
        let body = source.lines[at..]
            .iter()
            .find(|(_, line)| line.ends_with(['{', ';']));
        let is_function = is_function && body.is_some_and(|(_, line)| line.ends_with('{'));
        let length = source.lines[at..].iter().position(|(_, line)| *line == end);
        if let Some(length) = length.filter(|length| is_function && length + 1 > FUNCTION_LINES_MAX)
        {
            found.push(format!("src/{}:{start}: {} lines", source.name, length + 1));
        }
    }
    found
}

#[test]
fn every_standard_that_is_cited_is_listed() {
    let Ok(listed) = std::fs::read_to_string(format!("{ROOT}/docs/STANDARDS.md")) else {
        return;
    };
    let listed = citations(&listed);
    let mut found = Vec::new();
    for source in sources() {
        for (number, line) in &source.lines {
            let missing = citations(line)
                .into_iter()
                .filter(|standard| !listed.contains(standard));
            found.extend(
                missing.map(|standard| format!("src/{}:{number}: {standard}", source.name)),
            );
        }
    }
    assert_none(&found, "docs/STANDARDS.md lists what the source cites");
}

/// `RFC 5321`, `XEP-0114`.
fn citations(text: &str) -> BTreeSet<String> {
    ["RFC ", "XEP-"]
        .iter()
        .flat_map(|name| text.match_indices(name))
        .filter_map(|(at, name)| {
            let digits: String = text[at + name.len()..]
                .chars()
                .take_while(char::is_ascii_digit)
                .collect();
            (digits.len() >= 3).then(|| format!("{name}{digits}"))
        })
        .collect()
}

#[test]
fn the_rules_above_see_what_they_forbid() {
    let source = Source {
        name: "core/x.rs".to_owned(),
        lines: without_tests(
            "fn a() {\n    b.unwrap(); // RFC 822, XEP-0001\n}\n// .expect(\n#[cfg(test)]\nmod tests {\n    c.unwrap();\n}\n",
        ),
    };
    assert_eq!(
        source.places_of(&[".unwrap()", ".expect("]),
        ["src/core/x.rs:2: .unwrap()"]
    );
    assert_eq!(
        citations(&source.lines[1].1)
            .into_iter()
            .collect::<Vec<_>>(),
        ["RFC 822", "XEP-0001"]
    );
    let mut long = source;
    long.lines
        .splice(1..2, (2..80).map(|number| (number, "    x;".to_owned())));
    assert_eq!(long_functions(&long), ["src/core/x.rs:1: 80 lines"]);
    let modules = test_modules(
        "#[cfg(test)]\nmod fake;\nmod real;",
        Path::new("src/imap/mod.rs"),
    );
    assert_eq!(modules, [PathBuf::from("src/imap/fake")]);
}
