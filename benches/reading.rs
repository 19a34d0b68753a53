//! What it costs to read an answer of 2 KB as mail programs write them, and to find what of it its author wrote: on one core, by the
//! processor's time.
//!
//! `cargo bench --bench reading`. Each line is a figure.

use rustix::time::{ClockId, clock_gettime};
use stanzamail::core::from_mail;
use stanzamail::core::settings::default_recipient_headers;
use std::hint::black_box;
use std::time::Duration;

/// Octets of one mail.
const OCTETS: usize = 2_048;
/// How long each shape is read.
const LASTS: Duration = Duration::from_secs(3);

fn main() {
    for (name, mail) in [
        ("text, quoted below", text()),
        ("HTML alone, Gmail's quotation", html(&gmail())),
        ("HTML alone, Outlook's header block", html(&outlook())),
        ("text and HTML", both()),
    ] {
        let headers = default_recipient_headers();
        let read = from_mail::read(mail.as_bytes(), &headers, false).expect("it can be read");
        let own = read.own_text.expect("the history is cut");
        assert_eq!(own.trim(), "Nine is fine.", "{name}");
        let (began, mut count) = (processor(), 0_u32);
        while processor() - began < LASTS {
            for _ in 0..100 {
                let mail = from_mail::read(black_box(mail.as_bytes()), &headers, false);
                black_box(mail.is_ok());
            }
            count += 100;
        }
        let each = (processor() - began).as_secs_f64() / f64::from(count);
        println!(
            "{name}: {:.0} mails of {} octets a second, {:.0} µs each",
            1.0 / each,
            mail.len(),
            each * 1e6
        );
    }
}

fn header(kind: &str) -> String {
    format!(
        "From: Carol Meier <carol@mail.example>\r\nTo: Alice Berg <alice@chat.example.org>\r\nSubject: Re: When\r\n\
         Message-ID: <c2@mail.example>\r\nIn-Reply-To: <c1@chat.example.org>\r\nDate: Mon, 2 Nov 2026 11:02:00 +0100\r\n\
         MIME-Version: 1.0\r\nContent-Type: {kind}; charset=utf-8\r\n\r\n"
    )
}

/// The history, up to the size, of lines that begin and end so.
fn history(begin: &str, end: &str, so_far: usize) -> String {
    let line = format!(
        "{begin}We meet where we met the last time, and I bring what you asked for.{end}\r\n"
    );
    line.repeat((OCTETS - so_far) / line.len())
}

fn text() -> String {
    let begin = format!(
        "{}Nine is fine.\r\n\r\nOn Mon, Nov 2, 2026 at 10:15 AM Alice Berg <alice@chat.example.org> wrote:\r\n\r\n",
        header("text/plain")
    );
    let history = history("> ", "", begin.len());
    format!("{begin}{history}")
}

fn html(body: &str) -> String {
    format!("{}{body}", header("text/html"))
}

fn gmail() -> String {
    let begin = "<div dir=\"ltr\">Nine is fine.</div><br><div class=\"gmail_quote\"><div dir=\"ltr\" class=\"gmail_attr\">On Mon, Nov 2, \
                 2026 at 10:15 AM Alice Berg &lt;<a href=\"mailto:alice@chat.example.org\">alice@chat.example.org</a>&gt; wrote:<br></div>\
                 <blockquote class=\"gmail_quote\" style=\"margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204)\">\r\n";
    let history = history("<div>", "<br></div>", begin.len() + 400);
    format!("{begin}{history}</blockquote></div>\r\n")
}

fn outlook() -> String {
    let begin = "<html><body><div class=\"WordSection1\"><p class=\"MsoNormal\">Nine is fine.<o:p></o:p></p><div>\
                 <div style=\"border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm\"><p class=\"MsoNormal\">\
                 <b>From:</b> Alice Berg &lt;alice@chat.example.org&gt;<br><b>Sent:</b> Monday, 2 November 2026 10:15<br>\
                 <b>To:</b> Carol Meier &lt;carol@mail.example&gt;<br><b>Subject:</b> When<o:p></o:p></p></div></div>\r\n";
    let history = history(
        "<p class=\"MsoNormal\">",
        "<o:p></o:p></p>",
        begin.len() + 400,
    );
    format!("{begin}{history}</div></body></html>\r\n")
}

fn both() -> String {
    let text = text();
    let (_, text) = text.split_once("\r\n\r\n").unwrap_or_default();
    let (text, html) = (&text[..text.len() / 2], gmail());
    let html = format!("{}</blockquote></div>", &html[..html.len() / 2]);
    format!(
        "{}--x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n--x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n--x--\r\n",
        header("multipart/alternative; boundary=x").replace("; charset=utf-8", "")
    )
}

/// The processor's time of this thread.
fn processor() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        time.tv_sec.try_into().unwrap_or(0),
        time.tv_nsec.try_into().unwrap_or(0),
    )
}
