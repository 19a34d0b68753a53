//! The files, and the blocks of the README.

/// A file of the project.
pub fn file(name: &str) -> String {
    let path = format!("{}/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The only block of this language in the README that has these words.
pub fn readme(language: &str, words: &str) -> String {
    let readme = file("README.md");
    let fence = format!("```{language}\n");
    let blocks: Vec<&str> = readme
        .split(&fence)
        .skip(1)
        .filter_map(|rest| Some(rest.split_once("```")?.0))
        .filter(|block| block.contains(words))
        .collect();
    let [block] = blocks[..] else {
        panic!(
            "the README has {} blocks of {language} with {words:?}",
            blocks.len()
        );
    };
    block.to_owned()
}

/// Replaces texts that must be there.
pub fn replaced(text: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from:?} is not in\n{text}");
        text.replace(from, to)
    })
}

/// Every command that the README shows to be typed as root.
pub fn readme_commands() -> Vec<String> {
    let readme = file("README.md");
    let commands = readme.lines().filter_map(|line| line.strip_prefix("# "));
    commands
        .map(|command| command.split("    #").next().unwrap_or_default().to_owned())
        .collect()
}
