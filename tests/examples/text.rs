//! The files, and the blocks of the README.

/// A file of the project.
pub fn file(name: &str) -> String {
    let path = format!("{}/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The only block of this language in the README that has these words.
pub fn readme(language: &str, words: &str) -> String {
    block(&file("README.md"), language, words)
}

/// The same of any text.
pub fn block(text: &str, language: &str, words: &str) -> String {
    let blocks = blocks(text, language);
    let blocks: Vec<&str> = blocks.filter(|block| block.contains(words)).collect();
    let [block] = blocks[..] else {
        panic!(
            "there are {} blocks of {language} with {words:?}",
            blocks.len()
        );
    };
    block.to_owned()
}

/// All blocks of this language.
fn blocks<'a>(text: &'a str, language: &str) -> impl Iterator<Item = &'a str> {
    let fence = format!("```{language}\n");
    let all: Vec<&str> = text.split(&fence).skip(1).collect();
    all.into_iter()
        .filter_map(|rest| Some(rest.split_once("```")?.0))
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
    let pasted = blocks(&readme, "sh").flat_map(|block| commands(block, ""));
    let typed = blocks(&readme, "console").flat_map(|block| commands(block, "# "));
    pasted.chain(typed).collect()
}

/// The commands behind a prompt, which may be none, each with the lines that continue it, without remarks.
pub fn commands(text: &str, prompt: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    let mut is_wanted = false;
    for line in text.lines() {
        let continues = line.starts_with("    ");
        match line.strip_prefix(prompt).filter(|_| !continues) {
            Some(command) => {
                is_wanted = true;
                commands.push(without_remark(command));
            }
            None if is_wanted && continues => {
                if let Some(last) = commands.last_mut() {
                    last.push('\n');
                    last.push_str(&without_remark(line));
                }
            }
            None => is_wanted = false,
        }
    }
    commands
}

fn without_remark(line: &str) -> String {
    match line.split_once("   # ") {
        Some((command, _)) => command.trim_end().to_owned(),
        None => line.to_owned(),
    }
}
