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
    let fence = format!("```{language}\n");
    let blocks: Vec<&str> = text
        .split(&fence)
        .skip(1)
        .filter_map(|rest| Some(rest.split_once("```")?.0))
        .filter(|block| block.contains(words))
        .collect();
    let [block] = blocks[..] else {
        panic!(
            "there are {} blocks of {language} with {words:?}",
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
    let blocks = readme.split("```console\n").skip(1);
    let blocks = blocks.map(|rest| rest.split("```").next().unwrap_or_default());
    blocks.flat_map(|block| lines_of(block, "# ")).collect()
}

/// The commands behind a prompt, each with the lines that continue it, without remarks.
pub fn lines_of(text: &str, prompt: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    let mut is_wanted = false;
    for line in text.lines() {
        let begins = ["# ", "$ "].iter().any(|prompt| line.starts_with(prompt));
        if let Some(command) = line.strip_prefix(prompt) {
            is_wanted = true;
            commands.push(without_remark(command));
        } else if let (true, false, Some(last)) = (is_wanted, begins, commands.last_mut()) {
            is_wanted = line.starts_with("    ");
            if is_wanted {
                last.push('\n');
                last.push_str(&without_remark(line));
            }
        } else {
            is_wanted = false;
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
