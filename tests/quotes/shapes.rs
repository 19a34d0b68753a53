//! The mail programs: what each makes of an answer above what it quotes.

use super::Case;
use super::languages::Language;

const ADDRESS: &str = "alice@chat.example.org";

pub struct Shape {
    /// What stands below the fields that all have, from Content-Type on.
    body: fn(&Language, &str) -> String,
}

/// The names of the programs and what they write.
pub const SHAPES: &[(&str, Shape)] = &[
    ("gmail", Shape { body: gmail }),
    ("gmail, plain", Shape { body: gmail_plain }),
    ("apple mail", Shape { body: apple }),
    ("iphone", Shape { body: iphone }),
    ("thunderbird", Shape { body: thunderbird }),
    (
        "thunderbird, html",
        Shape {
            body: thunderbird_html,
        },
    ),
    ("outlook", Shape { body: outlook }),
    (
        "outlook, plain",
        Shape {
            body: outlook_plain,
        },
    ),
    ("outlook on the web", Shape { body: outlook_web }),
    ("outlook express", Shape { body: express }),
];

impl Shape {
    pub fn mail(&self, language: &Language, answer: &str) -> String {
        format!(
            "From: Carol Meier <carol@mail.example>\nTo: Alice Berg <{ADDRESS}>\nSubject: Re: Monday\n\
             In-Reply-To: <1@chat.example.org>\nMIME-Version: 1.0\n{}",
            (self.body)(language, answer)
        )
    }

    pub fn case(&self, name: &str, language: &Language) -> Case {
        let answer = format!("{}\n\nCarol", language.answer);
        Case {
            name: format!("{name}, {}", language.code),
            mail: self.mail(language, &answer),
            shown: answer,
        }
    }
}

const PLAIN: &str = "Content-Type: text/plain; charset=utf-8\n\n";
const HTML: &str = "Content-Type: text/html; charset=utf-8\n\n";

fn both(plain: &str, html: &str) -> String {
    format!(
        "Content-Type: multipart/alternative; boundary=both\n\n--both\n{PLAIN}{plain}\n--both\n{HTML}{html}\n--both--\n"
    )
}

fn with_address(introduction: &str) -> String {
    let marked = |text: &str| text.replace("(A)", &format!("({ADDRESS})"));
    marked(introduction)
        .replace("<A>", &format!("<{ADDRESS}>"))
        .replace("\u{202a}A\u{202c}", &format!("\u{202a}{ADDRESS}\u{202c}"))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn divisions(text: &str) -> String {
    let line = |line: &str| match line {
        "" => "<div><br></div>".to_owned(),
        line => format!("<div>{}</div>", escaped(line)),
    };
    text.lines().map(line).collect()
}

/// As Gmail breaks lines.
fn broken(line: &str) -> String {
    let mut broken = String::new();
    let mut width = 0;
    for word in line.split(' ') {
        // An opening bracket stays where it is.
        let pieces = match word.strip_prefix('<') {
            Some(rest) => vec!["<", rest],
            None => vec![word],
        };
        for (at, piece) in pieces.iter().enumerate() {
            let needed = piece.chars().count() + usize::from(at == 0);
            if width + needed > 78 {
                broken.push('\n');
                width = 0;
            } else if at == 0 && width > 0 {
                broken.push(' ');
            }
            broken.push_str(piece);
            width += needed;
        }
    }
    broken
}

fn gmail_text(language: &Language, answer: &str) -> String {
    let introduction = broken(&with_address(language.gmail));
    format!(
        "{answer}\n\n{introduction}\n\n> {}\n> Alice\n>\n",
        language.question
    )
}

fn gmail(language: &Language, answer: &str) -> String {
    let html = format!(
        "<div dir=\"ltr\">{}</div><br><div class=\"gmail_quote gmail_quote_container\"><div dir=\"ltr\" class=\"gmail_attr\">{}<br></div>\
         <blockquote class=\"gmail_quote\" style=\"margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex\">{}<br>Alice<br></blockquote></div>",
        divisions(answer),
        escaped(&with_address(language.gmail)),
        escaped(language.question)
    );
    both(&gmail_text(language, answer), &html)
}

fn gmail_plain(language: &Language, answer: &str) -> String {
    format!("{PLAIN}{}", gmail_text(language, answer))
}

fn apple(language: &Language, answer: &str) -> String {
    let introduction = with_address(language.apple);
    format!(
        "{PLAIN}{answer}\n\n> {introduction}\n> \n> {}\n> Alice\n",
        language.question
    )
}

fn iphone(language: &Language, answer: &str) -> String {
    let introduction = escaped(&with_address(language.apple));
    format!(
        "{HTML}<html><body dir=\"auto\">{}<br id=\"lineBreakAtBeginningOfSignature\"><div dir=\"ltr\">{}</div><div dir=\"ltr\"><br>\
         <blockquote type=\"cite\">{introduction}<br><br></blockquote></div><blockquote type=\"cite\"><div dir=\"ltr\">\u{feff}<span>{}</span><br></div></blockquote></body></html>",
        divisions(answer),
        language.phone,
        escaped(language.question)
    )
}

fn thunderbird(language: &Language, answer: &str) -> String {
    format!(
        "Content-Type: text/plain; charset=utf-8; format=flowed\n\n{answer}\n\n{}\n> {}\n>\n> Alice\n",
        language.thunderbird, language.question
    )
}

fn thunderbird_html(language: &Language, answer: &str) -> String {
    format!(
        "{HTML}<html><head></head><body><p>{}</p><p><br></p><div class=\"moz-cite-prefix\">{}<br></div>\
         <blockquote type=\"cite\" cite=\"mid:1@chat.example.org\"><p>{}</p>Alice</blockquote></body></html>",
        escaped(answer).replace('\n', "<br>"),
        escaped(language.thunderbird),
        escaped(language.question)
    )
}

fn values() -> [String; 4] {
    [
        format!("Alice Berg <{ADDRESS}>"),
        "2 11 2026 10:15".to_owned(),
        "Carol Meier <carol@mail.example>".to_owned(),
        "Monday".to_owned(),
    ]
}

fn header_lines(language: &Language) -> String {
    let lines = language.labels.iter().zip(values());
    lines
        .map(|(label, value)| format!("{label} {value}\n"))
        .collect()
}

fn header_html(language: &Language) -> String {
    let lines = language.labels.iter().zip(values());
    let lines: Vec<String> = lines
        .map(|(label, value)| format!("<b>{label}</b> {}", escaped(&value)))
        .collect();
    lines.join("<br>\n")
}

fn outlook_text(language: &Language, answer: &str) -> String {
    format!(
        "{answer}\n\n{}\n{}\n\nAlice\n",
        header_lines(language),
        language.question
    )
}

fn outlook_plain(language: &Language, answer: &str) -> String {
    format!("{PLAIN}{}", outlook_text(language, answer))
}

fn paragraphs(text: &str) -> String {
    let line = |line: &str| match line {
        "" => "<p class=MsoNormal><o:p>&nbsp;</o:p></p>".to_owned(),
        line => format!("<p class=MsoNormal>{}<o:p></o:p></p>", escaped(line)),
    };
    text.lines().map(line).collect()
}

fn outlook(language: &Language, answer: &str) -> String {
    let html = format!(
        "<html><body><div class=WordSection1>{}<p class=MsoNormal><o:p>&nbsp;</o:p></p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'>\
         <p class=MsoNormal>{}<o:p></o:p></p></div></div><p class=MsoNormal>{}<o:p></o:p></p></div></body></html>",
        paragraphs(answer),
        header_html(language),
        escaped(language.question)
    );
    both(&outlook_text(language, answer), &html)
}

fn outlook_web(language: &Language, answer: &str) -> String {
    format!(
        "{HTML}<html><body dir=\"ltr\"><div class=\"elementToProof\">{}</div><div id=\"appendonsend\"></div><hr style=\"display:inline-block;width:98%\" tabindex=\"-1\">\
         <div id=\"divRplyFwdMsg\" dir=\"ltr\"><font face=\"Calibri\">{}</font><div>&nbsp;</div></div><div>{}<br>Alice</div></body></html>",
        divisions(answer),
        header_html(language),
        escaped(language.question)
    )
}

fn express(language: &Language, answer: &str) -> String {
    format!(
        "{PLAIN}{answer}\n\n-----{}-----\n{}\n{}\n",
        language.original,
        header_lines(language),
        language.question
    )
}
