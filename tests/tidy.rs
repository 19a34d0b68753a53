//! The house rules of docs/ARCHITECTURE.md that a machine can check. Each failure names the file and the line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// Lines of one function, with its signature and braces.
const FUNCTION_LINES_MAX: usize = 70;
/// Lines of one file, without its tests.
const FILE_LINES_MAX: usize = 600;
/// Parameters of one function, beside `self`.
const PARAMETERS_MAX: usize = 5;
/// Parameters of one function of a decision, with `self`: what more belongs together has a name there.
const DECISION_PARAMETERS_MAX: usize = 4;

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
            .filter(|(_, line, text)| has(line, text))
            .map(|(number, _, text)| format!("src/{}:{number}: {text}", self.name))
            .collect()
    }
}

/// Whether a text stands in a line, and not as the end of a longer word.
fn has(line: &str, text: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut places = line.match_indices(text);
    places.any(|(at, _)| !(text.starts_with(is_word) && line[..at].ends_with(is_word)))
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
fn no_result_is_in_a_result() {
    let found: Vec<_> = sources()
        .iter()
        .flat_map(|source| source.places_of(&["Result<Result<"]))
        .collect();
    assert_none(&found, "it would not be plain which error is meant");
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
    let rooms = ["xmpp", "smtp", "imap", "http", "store", "net"];
    let above = ["cli", "config", "control", "pipeline", "supervisor"];
    for room in rooms.iter().chain(&above) {
        let is_there = sources().iter().any(|source| {
            source.name == format!("{room}.rs") || source.name.starts_with(&format!("{room}/"))
        });
        assert!(is_there, "there is no room {room}");
    }
    let mut found = Vec::new();
    for source in sources() {
        let room = source.name.split(['/', '.']).next().unwrap_or_default();
        let not_allowed: Vec<String> = rooms
            .iter()
            .chain(&above)
            // The spool is the SMTP queue's own disk, though it lies beside the store.
            .filter(|other| !(room == "smtp" && **other == "store"))
            // How servers are reached. The store has none.
            .filter(|other| !(["xmpp", "smtp", "imap", "http"].contains(&room) && **other == "net"))
            .chain((room == "net").then_some(&"core"))
            .filter(|other| room == "core" || (rooms.contains(&room) && **other != room))
            .map(|other| format!("crate::{other}"))
            .collect();
        let not_allowed: Vec<&str> = not_allowed.iter().map(String::as_str).collect();
        found.extend(source.places_of(&not_allowed));
    }
    assert_none(
        &found,
        "core names no other room, nor does net; xmpp, smtp, imap and http name both, store names core, and none another",
    );
}

/// A program that is not built for tests obeys none of their variables: what reads the environment is here.
#[test]
fn only_failpoints_obey_the_environment_of_tests() {
    let found: Vec<_> = sources()
        .iter()
        .filter(|source| source.name != "failpoints/enabled.rs")
        .flat_map(|source| source.places_of(&["env::var"]))
        // The variable that the configuration names for a secret.
        .filter(|place| !place.starts_with("src/config/table.rs:"))
        .collect();
    assert_none(&found, "src/failpoints alone asks for variables of tests");
    let manifest = std::fs::read_to_string(format!("{ROOT}/Cargo.toml")).unwrap();
    let features = manifest.split("[features]").nth(1).unwrap();
    let features = features.split("\n[").next().unwrap();
    assert!(features.contains("failpoints = []") && !features.contains("default"));
}

/// Connecting, TLS and back-off are written once; what is there twice is mended once.
#[test]
fn only_net_connects() {
    let of_net = [
        "TcpStream::connect",
        "TcpSocket",
        "lookup_host",
        "ToSocketAddrs",
        "rustls",
        "RandomState",
    ];
    let sources = sources();
    let (net, others): (Vec<_>, Vec<_>) = sources
        .iter()
        .partition(|source| source.name.starts_with("net/"));
    let found: Vec<_> = others
        .iter()
        .flat_map(|source| source.places_of(&of_net))
        // A name, not a pause.
        .filter(|place| !(place.starts_with("src/xmpp/ping.rs:") && place.ends_with("RandomState")))
        .collect();
    assert_none(
        &found,
        "whoever wants a connection, TLS or a pause by chance asks src/net",
    );
    let has = |text| {
        net.iter()
            .any(|source| !source.places_of(&[text]).is_empty())
    };
    for text in ["TcpStream::connect", "lookup_host", "rustls", "RandomState"] {
        assert!(
            has(text),
            "the rule above looks for what nobody writes: {text}"
        );
    }
}

/// A file that another one needs must not need it: else neither can be read, or changed, without the other. Rooms that hold
/// nothing but their own parts and what is said of all of them (`mod part;`, called as `part::of(..)`) are none.
#[test]
fn no_files_need_each_other() {
    let sources = sources();
    let files: BTreeMap<String, &str> = sources
        .iter()
        .map(|source| (module_of(&source.name), source.name.as_str()))
        .collect();
    let needs: BTreeMap<&str, BTreeSet<&str>> = sources
        .iter()
        .map(|source| {
            let named = named_paths(source);
            let found = named.iter().filter_map(|path| file_of(path, &files));
            let others = found.filter(|other| *other != source.name);
            (source.name.as_str(), others.collect())
        })
        .collect();
    let circles: Vec<String> = needs
        .keys()
        .filter(|file| all_needs(file, &needs).contains(*file))
        .map(|file| (*file).to_owned())
        .collect();
    assert_none(&circles, "these files are in a circle");
    assert!(needs["core/decide/outbound/chat.rs"].contains("core/decide/decision.rs"));
}

/// `core::decide` for `core/decide/mod.rs`.
fn module_of(name: &str) -> String {
    let name = name.trim_end_matches(".rs").trim_end_matches("/mod");
    name.replace('/', "::")
}

/// The file of the longest beginning of a path that is one.
fn file_of<'a>(path: &str, files: &BTreeMap<String, &'a str>) -> Option<&'a str> {
    let mut path = path;
    loop {
        if let Some(file) = files.get(path) {
            return Some(file);
        }
        path = path.rsplit_once("::")?.0;
    }
}

fn all_needs<'a>(file: &'a str, needs: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<&'a str> {
    let (mut all, mut open) = (BTreeSet::new(), vec![file]);
    while let Some(next) = open.pop() {
        for other in needs.get(next).into_iter().flatten() {
            if all.insert(*other) {
                open.push(other);
            }
        }
    }
    all
}

/// All paths into the crate that a file names, from its root.
fn named_paths(source: &Source) -> BTreeSet<String> {
    let without_comments = source.lines.iter().map(|(_, line)| {
        let end = line.find("//").unwrap_or(line.len());
        line[..end].trim()
    });
    let text: String = without_comments.collect::<Vec<_>>().join(" ");
    let own = module_of(&source.name);
    let above = own.rsplit_once("::").map_or("", |(above, _)| above);
    let mut paths = BTreeSet::new();
    for (start, base) in [
        ("crate::", String::new()),
        ("super::", format!("{above}::")),
    ] {
        for (at, _) in text.match_indices(start) {
            let is_begun =
                text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
            if !is_begun {
                let is_use = text[..at].ends_with("use ");
                let rest = &text[at + start.len()..];
                let end = |c: char| !(c.is_alphanumeric() || c == '_' || c == ':');
                let end = match is_use {
                    true => rest.find(';'),
                    false => rest.find(end),
                };
                spread(&base, &rest[..end.unwrap_or(rest.len())], &mut paths);
            }
        }
    }
    paths
}

/// `a::{b, c::d}` as `a::b` and `a::c::d`.
fn spread(base: &str, path: &str, paths: &mut BTreeSet<String>) {
    let Some((start, rest)) = path.split_once('{') else {
        let path = path.split(" as ").next().unwrap_or_default().trim();
        let path = format!("{base}{path}");
        paths.insert(path.trim_end_matches("::self").to_owned());
        return;
    };
    let (base, inner) = (
        format!("{base}{}", start.trim()),
        rest.trim().trim_end_matches('}'),
    );
    let (mut depth, mut begin) = (0, 0);
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                spread(&base, &inner[begin..at], paths);
                begin = at + 1;
            }
            _ => {}
        }
    }
    if !inner[begin..].trim().is_empty() {
        spread(&base, &inner[begin..], paths);
    }
}

/// Another format is one more answer to the same questions.
#[test]
fn formats_are_asked_what_they_can() {
    let by_name = [
        "== Format::",
        "!= Format::",
        "Some(Format::",
        "Format::Mail =>",
        "Format::Xmpp =>",
        "Format::Chat =>",
    ];
    let found: Vec<_> = sources()
        .iter()
        .filter(|source| source.name.starts_with("core/") || source.name.starts_with("pipeline"))
        // The packaging itself.
        .filter(|source| source.name != "core/to_mail/mod.rs")
        .flat_map(|source| source.places_of(&by_name))
        .collect();
    assert_none(&found, "a format says what it can do: Format::features");
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

/// One meaning a word: who reads a type's name need not ask which one. Types of traits' own are not meant.
#[test]
fn each_type_has_a_name_of_its_own() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in sources() {
        for (number, line) in source.code() {
            if let Some(name) = defined_type(line) {
                let place = format!("src/{}:{number}", source.name);
                places.entry(name.to_owned()).or_default().push(place);
            }
        }
    }
    assert!(places.len() > 500);
    places.retain(|_, places| places.len() > 1);
    let found: Vec<_> = places
        .iter()
        .map(|(name, places)| format!("{}: {name}", places.join(", ")))
        .collect();
    assert_none(&found, "a type has the name of another one");
}

/// The type that a line defines.
fn defined_type(line: &str) -> Option<&str> {
    let is_indented = line.starts_with(' ');
    let mut words = line.split_whitespace().peekable();
    words.next_if(|word| word.starts_with("pub"));
    let is_type = match words.next()? {
        "struct" | "enum" | "trait" | "union" => true,
        "type" => !is_indented,
        _ => false,
    };
    let name = words.next().filter(|_| is_type)?;
    let name = name.split(|c: char| !c.is_alphanumeric()).next();
    // A macro's is empty: it begins with a dollar.
    name.filter(|name| !name.is_empty())
}

#[test]
fn files_are_short() {
    let is_long = |source: &Source| source.lines.len() > FILE_LINES_MAX;
    let found: Vec<_> = sources()
        .into_iter()
        .filter(is_long)
        .map(|source| format!("src/{}: {} lines", source.name, source.lines.len()))
        .collect();
    assert_none(&found, "a file is longer than 600 lines");
}

#[test]
fn functions_take_few_parameters() {
    let found: Vec<_> = sources().iter().flat_map(long_signatures).collect();
    assert_none(
        &found,
        "a function takes more than five parameters beside self, or more than four with it in core/decide",
    );
}

fn long_signatures(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let decides = source.name.starts_with("core/decide/");
    let max = match decides {
        true => DECISION_PARAMETERS_MAX,
        false => PARAMETERS_MAX,
    };
    let code: Vec<_> = source.code().collect();
    for (index, (number, line)) in code.iter().enumerate() {
        let Some((_, rest)) = line.split_once("fn ").filter(|_| has(line, "fn ")) else {
            continue;
        };
        let rest = std::iter::once(rest).chain(code[index + 1..].iter().map(|(_, line)| *line));
        let parameters = parameters(&rest.take(40).collect::<Vec<_>>().join(" "));
        let counted = parameters.iter().filter(|text| decides || !is_self(text));
        let count = counted.count();
        if count > max {
            found.push(format!("src/{}:{number}: {count}", source.name));
        }
    }
    found
}

/// The parameters in a signature, which begins with the function's name.
fn parameters(signature: &str) -> Vec<String> {
    let signature = signature.replace("->", "");
    let (mut depth, mut list) = (0, vec![String::new()]);
    let begin = match signature.find(['(', '<']) {
        Some(at) if signature[at..].starts_with('<') => {
            signature.find(">(").map_or(at, |end| end + 1)
        }
        Some(at) => at,
        None => return Vec::new(),
    };
    for c in signature[begin..].chars() {
        match c {
            '(' | '[' | '{' | '<' => depth += 1,
            ')' | ']' | '}' | '>' => depth -= 1,
            ',' if depth == 1 => list.push(String::new()),
            _ => list.last_mut().unwrap().push(c),
        }
        if depth == 0 {
            break;
        }
    }
    list.iter()
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
        .collect()
}

/// `self`, `&self`, `&'a mut self`.
fn is_self(parameter: &str) -> bool {
    parameter.split([' ', '&']).next_back() == Some("self")
}

#[test]
fn make_test_runs_every_program_of_tests() {
    let text = |name: &str| std::fs::read_to_string(format!("{ROOT}/{name}")).unwrap();
    let (manifest, script) = (text("Cargo.toml"), text("tests/run.sh"));
    let programs: Vec<&str> = manifest
        .split("[[test]]\nname = \"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(programs.contains(&"scenarios"), "{programs:?}");
    for program in programs {
        assert!(
            script.contains(&format!("--test {program} ")),
            "{program} is not in tests/run.sh"
        );
    }
}

#[test]
fn every_standard_that_is_cited_is_listed() {
    let listed = std::fs::read_to_string(format!("{ROOT}/docs/STANDARDS.md"))
        .expect("docs/STANDARDS.md is there");
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
    assert_eq!(
        defined_type("pub(super) struct Reader<'a> {"),
        Some("Reader")
    );
    assert_eq!(defined_type("    type Error = String;"), None);
    let long =
        "f<T: Fn(A) -> B>(&mut self, a: A, (b, c): (B, C), d: Map<D, E>, e: &[E], f: F, g: G) {";
    let parameters_of_long = parameters(long);
    assert_eq!(parameters_of_long.len(), 7);
    let has_self: Vec<bool> = parameters_of_long
        .iter()
        .map(|text| is_self(text))
        .collect();
    assert_eq!(has_self, [true, false, false, false, false, false, false]);
    assert_eq!(parameters("f(self) -> Option<(A, B)> {"), ["self"]);
    assert!(is_self("&self") && is_self("mut self") && !is_self("itself: A"));
    let of = |name: &str, signature: &str| {
        let source = Source {
            name: name.to_owned(),
            lines: without_tests(signature),
        };
        long_signatures(&source)
    };
    let (four, five) = (
        "fn f(a: A, b: B, c: C, d: D) {",
        "fn f(&self, a: A, b: B, c: C, d: D) {",
    );
    let found: [Vec<String>; 2] = [vec![], vec!["src/core/decide/x.rs:1: 5".to_owned()]];
    assert_eq!([four, five].map(|text| of("core/decide/x.rs", text)), found);
    assert!(of("core/x.rs", five).is_empty() && !of("core/x.rs", &format!("fn {long}")).is_empty());
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
    assert!(has("use rand::Rng", "rand::") && !has("core::operation::Operation", "rand::"));
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
    let needy = Source {
        name: "core/a/mod.rs".to_owned(),
        lines: without_tests(
            "use crate::core::{b, c::{self, D}}; // crate::core::f\nuse super::e;\n",
        ),
    };
    let paths: Vec<String> = named_paths(&needy).into_iter().collect();
    assert_eq!(paths, ["core::b", "core::c", "core::c::D", "core::e"]);
    let needs = BTreeMap::from([("a", BTreeSet::from(["b"])), ("b", BTreeSet::from(["a"]))]);
    assert!(all_needs("a", &needs).contains("a"));
    let modules = test_modules(
        "#[cfg(test)]\nmod fake;\nmod real;",
        Path::new("src/imap/mod.rs"),
    );
    assert_eq!(modules, [PathBuf::from("src/imap/fake")]);
}
