//! What a person says to an invitation. Any words accept, but those that begin with a no, in whatever language: alone or
//! with thanks they refuse; with more behind them nobody knows, and the user reads them.

/// Lines by which a mail client says whom it quotes.
const INTRODUCTION_LINES_MAX: usize = 3;

/// Lines that are looked at: a greeting, and what follows it.
const LINES_MAX: usize = 2;

/// Characters of a line that are.
const LINE_CHARS_MAX: usize = 200;

/// No, in lower case.
const NO: &str = "no|nope|nah|nein|nee|neen|non|nej|nei|nie|não|nao|nem|ei|нет|ні|не|нi|hayır|hayir|yok|όχι|οχι|לא|لا|không|tidak|bukan|nē|jo|ez|ไม่|nikal";

/// No, and something else in another language: now (Swedish, Dutch), yes (Greek, Korean).
const PERHAPS_NO: &str = "ne|nu";

/// No, in scripts without spaces: whatever follows.
const NO_BEGINS: [&str; 8] = [
    "いいえ",
    "いえ",
    "不",
    "否",
    "아니",
    "いや",
    "結構です",
    "ไม่",
];

/// What makes a no no less of one.
const POLITE: &str = "no|nein|non|thanks|thank|thx|ty|you|u|very|much|so|please|sorry|danke|dankeschön|vielen|dank|besten|nicht|leider|bitte|merci|beaucoup|désolé|gracias|muchas|grazie|mille|obrigado|obrigada|tak|tack|takk|ellers|kiitos|dziękuję|dzięki|děkuji|děkuju|díky|ďakujem|köszönöm|mulțumesc|mersi|спасибо|дякую|благодаря|хвала|hvala|teşekkürler|teşekkür|ederim|ευχαριστώ|תודה|شكرا|شكراً|cảm|ơn|terima|kasih|dank|je|wel|bedankt|tänan|aitäh|paldies|ačiū|sir|madam|not|interested|kein|interesse|intéressé|interesado|ขอบคุณ";

/// How people begin a letter.
const GREETINGS: &str = "hi|hello|hey|dear|good|hallo|guten|liebe|lieber|sehr|moin|servus|grüezi|bonjour|salut|bonsoir|chère|cher|hola|buenos|buenas|estimado|estimada|ciao|salve|buongiorno|gentile|olá|oi|bom|boa|caro|cara|hej|hei|heisann|kære|kjære|bästa|beste|geachte|dag|goedendag|cześć|dzień|witam|ahoj|dobrý|szia|kedves|bună|привет|здравствуйте|добрый|вітаю|здравей|zdravo|merhaba|selam|γεια|שלום|مرحبا|xin|halo|selamat";

/// What a mail says to an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InvitationAnswer {
    /// Yes, or anything that is no no.
    Yes,
    /// No.
    No,
    /// It begins with a no, and goes on.
    Unclear,
}

/// The answer of a text: of what stands above a quotation, or, where that is only its introduction, of what stands below it.
pub(crate) fn of(text: &str) -> InvitationAnswer {
    let filled = |line: &&str| !line.is_empty();
    let lines: Vec<&str> = text.lines().map(str::trim).filter(filled).collect();
    let is_quoted = |line: &&str| line.starts_with('>');
    let quote = lines.iter().position(is_quoted).unwrap_or(lines.len());
    let (above, rest) = lines.split_at(quote);
    let is_introduction = above.len() <= INTRODUCTION_LINES_MAX
        && above.last().is_none_or(|line| line.ends_with(':'));
    let of_above = of_lines(above.iter().copied());
    match of_above {
        InvitationAnswer::Yes if is_introduction => {
            of_lines(rest.iter().copied().filter(|line| !is_quoted(line)))
        }
        answer => answer,
    }
}

fn of_lines<'a>(lines: impl Iterator<Item = &'a str>) -> InvitationAnswer {
    for line in lines.take(LINES_MAX) {
        let line: String = line.chars().take(LINE_CHARS_MAX).collect();
        let line = line.to_lowercase();
        let ends = |c: char| ",.;:!?–—…、，。！".contains(c);
        let clauses = line
            .split(ends)
            .map(bare)
            .filter(|clause| !clause.is_empty());
        let mut clauses = clauses.skip_while(|clause| is_in(GREETINGS, first_word(clause)));
        if let Some(first) = clauses.next() {
            return of_clause(first, clauses);
        }
    }
    InvitationAnswer::Yes
}

/// Without what people put around a word.
fn bare(clause: &str) -> &str {
    clause.trim_matches(|c: char| c.is_whitespace() || "*_\"'“”„«»()[]-~`".contains(c))
}

fn first_word(clause: &str) -> &str {
    clause.split_whitespace().next().map_or("", bare)
}

fn is_in(table: &str, word: &str) -> bool {
    table.split('|').any(|known| known == word)
}

fn of_clause<'a>(first: &'a str, rest: impl Iterator<Item = &'a str>) -> InvitationAnswer {
    if NO_BEGINS.iter().any(|no| first.starts_with(no)) {
        return InvitationAnswer::No;
    }
    let word = first_word(first);
    let (is_no, is_perhaps) = (is_in(NO, word), is_in(PERHAPS_NO, word));
    if !is_no && !is_perhaps {
        return InvitationAnswer::Yes;
    }
    let others = first.split_whitespace().skip(1);
    let mut others = others.chain(rest.flat_map(str::split_whitespace)).map(bare);
    match others.all(|word| is_in(POLITE, word)) {
        true => InvitationAnswer::No,
        false if is_no => InvitationAnswer::Unclear,
        false => InvitationAnswer::Yes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_no_is_one_in_any_language() {
        for text in [
            "no",
            "No.",
            "*no*",
            "No, thank you.",
            "no thanks",
            "Hi Alice, no.",
            "Dear Alice,\n\nNo, thank you very much.\n\nCarol",
            "Nein",
            "Nein danke",
            "Hallo Alice,\nnein, vielen Dank.",
            "Non merci",
            "No, gracias.",
            "No grazie",
            "Não, obrigado",
            "Nej tack",
            "Nei takk",
            "Nej tak!",
            "Ei kiitos",
            "Nee, dank je wel",
            "Nie, dziękuję",
            "Ne, děkuji",
            "Nem, köszönöm",
            "Nu, mulțumesc",
            "Нет, спасибо",
            "Ні, дякую",
            "Не",
            "Hayır, teşekkürler",
            "Όχι, ευχαριστώ",
            "לא תודה",
            "لا شكرا",
            "いいえ、結構です",
            "不用了，谢谢",
            "아니요",
            "Không, cảm ơn",
            "Tidak, terima kasih",
            "Alice wrote:\n> would like to chat\nNo",
        ] {
            assert_eq!(of(text), InvitationAnswer::No, "{text}");
        }
    }

    #[test]
    fn a_no_stands_above_or_below_a_quotation() {
        let quote = "> Hello,\n>\n> To refuse, answer with the one word no.\n";
        for refusal in [
            "\nNo.\n\n-- \nCarol".to_owned(),
            format!("NO!\nbob <bob@chat.b.example> wrote:\n{quote}"),
            format!("bob <bob@chat.b.example> wrote:\n\n{quote}No."),
            format!("On Monday\nbob <bob@chat.b.example>\nwrote:\n{quote}\nno\n-- \nCarol"),
            format!("{quote}\nNo"),
        ] {
            assert_eq!(of(&refusal), InvitationAnswer::No, "{refusal}");
        }
        for acceptance in [
            "> no".to_owned(),
            "I never say\nno".to_owned(),
            format!("With pleasure\n\nbob wrote:\n{quote}"),
            format!("bob wrote:\n{quote}With pleasure\nno"),
            format!("Yes.\n{quote}No"),
        ] {
            assert_eq!(of(&acceptance), InvitationAnswer::Yes, "{acceptance}");
        }
    }

    #[test]
    fn what_begins_with_a_no_and_goes_on_accepts_nothing() {
        for text in [
            "No idea who you are.",
            "Nein, ich kenne Sie nicht.",
            "Non, pas maintenant, écris-moi plus tard",
            "No problem, gladly!",
        ] {
            assert_eq!(of(text), InvitationAnswer::Unclear, "{text}");
        }
    }

    #[test]
    fn all_other_words_accept() {
        for text in [
            "Yes, gladly!",
            "Yes, no problem.",
            "Hi Alice, nice to hear from you. No wonder!",
            "Nobody has asked me yet!",
            "Nu kör vi!",
            "Notes are attached",
            "Alice wrote:\n> no\nGladly",
            "",
            "Hi Alice",
        ] {
            assert_eq!(of(text), InvitationAnswer::Yes, "{text}");
        }
    }
}
