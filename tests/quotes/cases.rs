//! Shapes that there is one of each.

use super::Case;

/// What a single mail is.
struct One {
    name: &'static str,
    /// Its subject, and `In-Reply-To` where it answers something.
    subject: &'static str,
    is_answer: bool,
    content: &'static str,
    body: &'static str,
    shown: &'static str,
}

const PLAIN: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

const fn answer(
    name: &'static str,
    content: &'static str,
    body: &'static str,
    shown: &'static str,
) -> One {
    One {
        name,
        subject: "Re: Monday",
        is_answer: true,
        content,
        body,
        shown,
    }
}

const fn first(
    name: &'static str,
    content: &'static str,
    body: &'static str,
    shown: &'static str,
) -> One {
    One {
        name,
        subject: "Monday",
        is_answer: false,
        content,
        body,
        shown,
    }
}

const fn whole(one: One) -> One {
    One {
        shown: one.body,
        ..one
    }
}

pub fn all() -> Vec<Case> {
    [ABOVE, BETWEEN, FORWARDS, SIGNATURES, TRAPS, BROKEN].concat_all()
}

trait ConcatAll {
    fn concat_all(&self) -> Vec<Case>;
}

impl ConcatAll for [&[One]; 6] {
    fn concat_all(&self) -> Vec<Case> {
        self.iter()
            .flat_map(|ones| ones.iter())
            .map(One::case)
            .collect()
    }
}

impl One {
    fn case(&self) -> Case {
        let answers = if self.is_answer {
            "In-Reply-To: <1@chat.example.org>\n"
        } else {
            ""
        };
        Case {
            name: self.name.to_owned(),
            mail: format!(
                "From: Carol Meier <carol@mail.example>\nTo: Alice Berg <alice@chat.example.org>\nSubject: {}\n{answers}\
                 MIME-Version: 1.0\nContent-Type: {}\n\n{}",
                self.subject, self.content, self.body
            ),
            shown: self.shown.to_owned(),
        }
    }
}

/// Answers above what they quote, as programs beside the usual ones write them.
#[rustfmt::skip]
const ABOVE: &[One] = &[
    answer("mutt", PLAIN, "Nine is fine.\n\nOn Mon, Nov 02, 2026 at 10:15:00AM +0100, Alice Berg wrote:\n> Shall we meet at nine?\n> \n> Alice\n", "Nine is fine."),
    answer("neomutt, the address alone", PLAIN, "Nine is fine.\n\nOn Mon, 02 Nov 2026, alice@chat.example.org wrote:\n> Shall we meet at nine?\n", "Nine is fine."),
    answer("gnus", PLAIN, "Nine is fine.\n\nAlice Berg <alice@chat.example.org> writes:\n\n> Shall we meet at nine?\n", "Nine is fine."),
    answer("gnus, no address", PLAIN, "Nine is fine.\n\nAlice Berg writes:\n\n> Shall we meet at nine?\n", "Nine is fine."),
    answer("alpine", PLAIN, "Nine is fine.\n\nOn Mon, 2 Nov 2026, Alice Berg wrote:\n\n> Shall we meet at nine?\n", "Nine is fine."),
    answer("pine, a star", PLAIN, "Nine is fine.\n\n* Alice Berg <alice@chat.example.org> [2026-11-02 10:15]:\n> Shall we meet at nine?\n", "Nine is fine."),
    answer("horde", PLAIN, "Nine is fine.\n\nQuoting Alice Berg <alice@chat.example.org>:\n\n> Shall we meet at nine?\n", "Nine is fine."),
    answer("horde, german", PLAIN, "Neun passt.\n\nZitat von Alice Berg <alice@chat.example.org>:\n\n> Um neun?\n", "Neun passt."),
    answer("claws mail", PLAIN, "Nine is fine.\n\nOn Mon, 2 Nov 2026 10:15:00 +0100\nAlice Berg <alice@chat.example.org> wrote:\n\n> Shall we meet at nine?\n", "Nine is fine."),
    answer("evolution", PLAIN, "Nine is fine.\n\nOn Mon, 2026-11-02 at 10:15 +0100, Alice Berg wrote:\n> Shall we meet at nine?\n", "Nine is fine."),
    answer("kmail", PLAIN, "Nine is fine.\n\nOn Monday, November 2, 2026 10:15:00 AM Central European Standard Time you wrote:\n> Shall we meet at nine?\n", "Nine is fine."),
    answer("roundcube", PLAIN, "Nine is fine.\n\nAm 2026-11-02 10:15, schrieb Alice Berg:\n> Shall we meet at nine?\n", "Nine is fine."),
    answer("roundcube, html", HTML, "<p>Nine is fine.</p>\n<p id=\"reply-intro\">Ngày 2026-11-02 10:15, Alice Berg ghi:</p>\n<blockquote type=\"cite\" style=\"padding: 0 0.4em; border-left: #1010ff 2px solid\"><p>Shall we meet at nine?</p></blockquote>", "Nine is fine."),
    answer("fastmail", HTML, "<div>Nine is fine.<br></div><div><br></div><div>On Mon, 2 Nov 2026, at 10:15 AM, Alice Berg wrote:<br></div><blockquote type=\"cite\" id=\"qt\"><div>Shall we meet at nine?<br></div></blockquote>", "Nine is fine."),
    answer("proton", HTML, "<div style=\"font-family: Arial\">Nine is fine.</div><div class=\"protonmail_signature_block\"><div class=\"protonmail_signature_block-proton\">Sent with <a href=\"https://proton.me/\">Proton Mail</a> secure email.</div></div><div class=\"protonmail_quote\">On Monday, November 2nd, 2026 at 10:15 AM, Alice Berg &lt;alice@chat.example.org&gt; wrote:<br><blockquote class=\"protonmail_quote\" type=\"cite\">Shall we meet at nine?</blockquote></div>", "Nine is fine."),
    answer("proton, plain", PLAIN, "Nine is fine.\n\nSent with Proton Mail secure email.\n\nOn Monday, November 2nd, 2026 at 10:15 AM, Alice Berg <alice@chat.example.org> wrote:\n\n> Shall we meet at nine?\n", "Nine is fine."),
    answer("proton, old", PLAIN, "Nine is fine.\n\n‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐\nOn Monday, November 2nd, 2026 at 10:15 AM, Alice Berg <alice@chat.example.org> wrote:\n\n> Shall we meet at nine?\n", "Nine is fine."),
    answer("tuta", HTML, "<div dir=\"auto\">Nine is fine.</div><div dir=\"auto\">-- </div><div dir=\"auto\">Sent with Tuta; enjoy secure &amp; ad-free emails</div><div>2 Nov 2026, 10:15 by alice@chat.example.org:<br></div><blockquote class=\"tutanota_quote\" style=\"border-left: 1px solid #93A3B8\"><div>Shall we meet at nine?</div></blockquote>", "Nine is fine."),
    answer("yahoo", PLAIN, " Nine is fine.\n\n    On Monday, November 2, 2026 at 10:15:00 AM GMT+1, Alice Berg <alice@chat.example.org> wrote:  \n \n Shall we meet at nine?\n  ", "Nine is fine."),
    answer("yahoo, html", HTML, "<html><body><div class=\"ydp1yahoo-style-wrap\"><div dir=\"ltr\">Nine is fine.</div><div><br></div></div><div id=\"yahoo_quoted_1\" class=\"yahoo_quoted\"><div><div>Am Montag schrieb wer auch immer:</div><div>Shall we meet at nine?</div></div></div></body></html>", "Nine is fine."),
    answer("aol", HTML, "<div>Nine is fine.</div><div class=\"aolmail_quoted\">-----Original Message-----<br>From: Alice<br>Shall we meet at nine?</div>", "Nine is fine."),
    answer("gmx", HTML, "<div style=\"font-family: Verdana\"><div>Nine is fine.</div><div>&nbsp;<div name=\"quote\" style=\"margin:10px 5px 5px 10px; border-left:2px solid #C3D9E5\"><div style=\"margin:0 0 10px 0;\"><b>Gesendet:</b>&nbsp;Montag, 02. November 2026 um 10:15 Uhr<br><b>Von:</b>&nbsp;\"Alice Berg\" &lt;alice@chat.example.org&gt;<br><b>An:</b>&nbsp;carol@mail.example<br><b>Betreff:</b>&nbsp;Monday</div><div name=\"quoted-content\">Shall we meet at nine?</div></div></div></div>", "Nine is fine."),
    answer("web.de, plain", PLAIN, "Nine is fine.\n \n\nGesendet: Montag, 02. November 2026 um 10:15 Uhr\nVon: \"Alice Berg\" <alice@chat.example.org>\nAn: carol@mail.example\nBetreff: Monday\n\nShall we meet at nine?\n", "Nine is fine."),
    answer("k-9", PLAIN, "Nine is fine.\n\nAm 2. November 2026 10:15:00 MEZ schrieb Alice Berg <alice@chat.example.org>:\n>Shall we meet at nine?\n>\n>Alice\n", "Nine is fine."),
    answer("fairemail", HTML, "<div dir=\"auto\">Nine is fine.</div><br><div fairemail=\"quote\"><p>Nov 2, 2026 10:15:00 AM Alice Berg &lt;alice@chat.example.org&gt;:</p><blockquote style=\"margin-left: 0px; border-left-style: solid\">Shall we meet at nine?</blockquote></div>", "Nine is fine."),
    answer("samsung", HTML, "<html><body><div dir=\"auto\">Nine is fine.</div><div id=\"composer_signature\" dir=\"auto\"><div style=\"font-size:85%\">Sent from my Galaxy</div></div><div dir=\"auto\"><br></div><div><br></div><div align=\"left\" dir=\"auto\" style=\"font-size:100%;color:#000000\"><div>-------- Original message --------</div><div>From: Alice Berg &lt;alice@chat.example.org&gt; </div><div>Date: 02/11/2026  10:15  (GMT+01:00) </div><div>To: carol@mail.example </div><div>Subject: Monday </div><div><br></div></div>Shall we meet at nine?</body></html>", "Nine is fine."),
    answer("zimbra", PLAIN, "Nine is fine.\n\n----- On Nov 2, 2026, at 10:15 AM, Alice Berg alice@chat.example.org wrote:\n\n> Shall we meet at nine?\n", "Nine is fine."),
    answer("zimbra, header lines", PLAIN, "Nine is fine.\n\nFrom: \"Alice Berg\" <alice@chat.example.org>\nTo: \"Carol Meier\" <carol@mail.example>\nSent: Monday, November 2, 2026 10:15:00 AM\nSubject: Monday\n\nShall we meet at nine?\n", "Nine is fine."),
    answer("zoho", HTML, "<div><div>Nine is fine.</div><div class=\"zmail_extra_hr\" style=\"border-top: 1px solid rgb(204, 204, 204)\"></div><div class=\"zmail_extra\"><div id=\"Zm-_Id_-Sgn1\">---- On Mon, 02 Nov 2026 10:15:00 +0100 <b>Alice Berg &lt;alice@chat.example.org&gt;</b> wrote ---</div><blockquote id=\"blockquote_zmail\">Shall we meet at nine?</blockquote></div></div>", "Nine is fine."),
    answer("em client", PLAIN, "Nine is fine.\n\n------ Original Message ------\nFrom \"Alice Berg\" <alice@chat.example.org>\nTo carol@mail.example\nDate 02/11/2026 10:15:00\nSubject Monday\n\nShall we meet at nine?\n", "Nine is fine."),
    answer("lotus notes, russian", PLAIN, "Да, в девять.\n\n-----Исходное сообщение-----\nОт: Alice Berg\nОтправлено: 2 ноября 2026 г. 10:15\nКому: Carol\nТема: Monday\n\nВ девять?\n", "Да, в девять."),
    answer("mail.ru", HTML, "Да, в девять.<br><br><br><blockquote style=\"border-left:1px solid #0857A6; margin:10px; padding:0 0 0 10px;\">Понедельник, 2 ноября 2026, 10:15 +03:00 от Alice Berg &lt;alice@chat.example.org&gt;:<br>&nbsp;<div id=\"\">В девять?</div></blockquote>", "Да, в девять."),
    answer("yandex", HTML, "<div>Да, в девять.</div><div> </div><div>02.11.2026, 10:15, \"Alice Berg\" &lt;alice@chat.example.org&gt;:</div><blockquote><p>В девять?</p></blockquote>", "Да, в девять."),
    answer("qq", PLAIN, "好的。\n\n\n------------------ 原始邮件 ------------------\n发件人: \"Alice Berg\" <alice@chat.example.org>;\n发送时间: 2026年11月2日(星期一) 上午10:15\n收件人: \"Carol\"<carol@mail.example>;\n主题: Monday\n\n九点见面吗？\n", "好的。"),
    answer("netease", PLAIN, "好的。\n\n\n\n\nAt 2026-11-02 10:15:00, \"Alice Berg\" <alice@chat.example.org> wrote:\n>九点见面吗？\n>\n", "好的。"),
    answer("naver", PLAIN, "네, 좋아요.\n\n-----Original Message-----\nFrom: \"Alice Berg\"<alice@chat.example.org>\nTo: \"Carol\"<carol@mail.example>;\nCc:\nSent: 2026-11-02 (월) 10:15:00 (GMT+09:00)\nSubject: Monday\n\n아홉 시에 만날까요?\n", "네, 좋아요."),
    answer("outlook, names alone", PLAIN, "Nine is fine.\n\nFrom: Berg, Alice\nSent: Monday, November 2, 2026 10:15 AM\nTo: Meier, Carol\nSubject: Monday\n\nShall we meet at nine?\n", "Nine is fine."),
    answer("outlook, many recipients over several lines", PLAIN, "Nine is fine.\n\nFrom: Alice Berg <alice@chat.example.org>\nSent: Monday, November 2, 2026 10:15 AM\nTo: Carol Meier <carol@mail.example>; Dan Other <dan@mail.example>;\n Eve Last <eve@mail.example>\nCc: Fay Copy <fay@mail.example>\nSubject: Monday\n\nShall we meet at nine?\n", "Nine is fine."),
    answer("hotmail, the subject first", PLAIN, "Nine is fine.\n\nSubject: Monday\nFrom: alice@chat.example.org\nTo: carol@mail.example\nDate: Mon, 2 Nov 2026 10:15:00 +0100\n\nShall we meet at nine?\n", "Nine is fine."),
    answer("outlook for mac", PLAIN, "Nine is fine.\n\nFrom: Alice Berg <alice@chat.example.org>\nDate: Monday, 2 November 2026 at 10:15\nTo: Carol Meier <carol@mail.example>\nSubject: Monday\nShall we meet at nine?\n", "Nine is fine."),
    answer("outlook, stars around the labels", PLAIN, "Nine is fine.\n\n*From:* Alice Berg <alice@chat.example.org>\n*Sent:* Monday, November 2, 2026 10:15 AM\n*To:* Carol Meier <carol@mail.example>\n*Subject:* Monday\n\nShall we meet at nine?\n", "Nine is fine."),
    answer("outlook on a phone, its words and a line", PLAIN, "Nine is fine.\n\nGet Outlook for iOS<https://aka.ms/o0ukef>\n________________________________\nFrom: Alice Berg <alice@chat.example.org>\nSent: Monday, November 2, 2026 10:15:00 AM\nTo: Carol Meier <carol@mail.example>\nSubject: Monday\n\nShall we meet at nine?\n", "Nine is fine."),
    answer("two answers deep, flat", PLAIN, "Nine is fine.\n\nVon: Alice Berg <alice@chat.example.org>\nGesendet: Montag, 2. November 2026 10:15\nAn: Carol Meier <carol@mail.example>\nBetreff: AW: Monday\n\nUm neun?\n\nVon: Carol Meier <carol@mail.example>\nGesendet: Montag, 2. November 2026 09:15\nAn: Alice Berg <alice@chat.example.org>\nBetreff: Monday\n\nWann?\n", "Nine is fine."),
    answer("a text above an html history", "multipart/alternative; boundary=x", "\n--x\nContent-Type: text/plain; charset=utf-8\n\nNine is fine.\n\nAlice:\nShall we meet at nine?\n--x\nContent-Type: text/html; charset=utf-8\n\n<div>Nine is fine.</div><div class=\"yahoo_quoted\"><div>Alice:</div><div>Shall we meet at nine?</div></div>\n--x--\n", "Nine is fine."),
    answer("groupwise", PLAIN, "Nine is fine.\n\n>>> Alice Berg <alice@chat.example.org> 02.11.2026 10:15 >>>\nShall we meet at nine?\n\nAlice", "Nine is fine."),
    answer("groupwise, a name alone", PLAIN, "Nine is fine.\n\n>>> Alice Berg  11/02/26 10:15 AM >>>\nShall we meet at nine?", "Nine is fine."),
    answer("outlook, the address as a link, no line above", PLAIN, "Nine is fine.\n\nFrom: Berg, Alice [mailto:alice@chat.example.org] \nSent: Monday, November 2, 2026 10:15 AM\nTo: Meier, Carol\nSubject: Monday\n\nShall we meet at nine?", "Nine is fine."),
    One { subject: "RE: Monday", ..answer("outlook, somebody else of the conversation", PLAIN, "Nine is fine.\n\nFrom: Dan Other <dan@mail.example>\nSent: Monday, November 2, 2026 10:15 AM\nTo: Carol Meier <carol@mail.example>; Alice Berg <alice@chat.example.org>\nSubject: RE: Monday\n\nI can at nine.", "Nine is fine.") },
    answer("outlook, header lines and nothing below", PLAIN, "Nine is fine.\n\nFrom: Alice Berg <alice@chat.example.org>\nSent: Monday, November 2, 2026 10:15 AM\nTo: Carol Meier <carol@mail.example>\nSubject: Monday", "Nine is fine."),
    answer("outlook, no blank line above the header lines", PLAIN, "Nine is fine.\nCarol\nFrom: Alice Berg <alice@chat.example.org>\nSent: Monday, November 2, 2026 10:15 AM\nTo: Carol Meier <carol@mail.example>\nSubject: Monday\n\nShall we meet at nine?", "Nine is fine.\nCarol"),
    answer("outlook, a blank line behind each header line", PLAIN, "Nine is fine.\n\nFrom: Alice Berg <alice@chat.example.org>\n\nSent: Monday, November 2, 2026 10:15 AM\n\nTo: Carol Meier <carol@mail.example>\n\nSubject: Monday\n\n\n\nShall we meet at nine?", "Nine is fine."),
    One { subject: "Lunch (was: Monday)", ..answer("outlook, under another subject", PLAIN, "Nine is fine.\n\nFrom: Alice Berg <alice@chat.example.org>\nSent: Monday, November 2, 2026 10:15 AM\nTo: Carol Meier <carol@mail.example>\nSubject: Monday\n\nShall we meet at nine?", "Nine is fine.") },
    One { subject: "Antwort: Monday", ..answer("lotus notes, german", PLAIN, "Nine is fine.\n\nMit freundlichen Grüßen\nCarol\n\n\n\n\nVon:    Alice Berg <alice@chat.example.org>\nAn:     carol@mail.example\nDatum:  02.11.2026 10:15\nBetreff:        Monday\n\n\n\nShall we meet at nine?", "Nine is fine.\n\nMit freundlichen Grüßen\nCarol") },
    answer("outlook for mac, indented", PLAIN, "Nine is fine.\n\nFrom: \"Alice Berg\" <alice@chat.example.org>\nDate: Monday, November 2, 2026 at 10:15\nTo: \"Carol Meier\" <carol@mail.example>\nSubject: Monday\n\n    Shall we meet at nine?\n    \n    Alice", "Nine is fine."),
    answer("yahoo, japanese", HTML, "<div>はい、九時で。</div><blockquote style=\"border-left:1px solid\"><div>----- Original Message -----</div><div>From: Alice Berg &lt;alice@chat.example.org&gt;</div><div>To: carol@mail.example</div><div>Date: 2026/11/2, Mon 10:15</div><div>Subject: Monday</div><div>九時に？</div></blockquote>", "はい、九時で。"),
    answer("seznam", HTML, "<p>Ano, v devět.</p><p>---------- Původní e-mail ----------<br>Od: Alice Berg &lt;alice@chat.example.org&gt;<br>Komu: carol@mail.example<br>Datum: 2. 11. 2026 10:15:00<br>Předmět: Monday</p><blockquote data-email=\"alice@chat.example.org\">V devět?</blockquote>", "Ano, v devět."),
    answer("naver, html", HTML, "<div>네, 좋아요.</div><div style=\"padding-bottom:10px\"><div class=\"replyHeader\"><br></div>-----Original Message-----<br><b>From:</b> \"Alice Berg\"&lt;alice@chat.example.org&gt;<br><b>To:</b> &lt;carol@mail.example&gt;;<br><b>Cc:</b> <br><b>Sent:</b> 2026-11-02 (월) 10:15:00 (GMT+09:00)<br><b>Subject:</b> Monday<br><br></div>아홉 시?", "네, 좋아요."),
    answer("mail.ru, android", PLAIN, "Да, в девять.\n--\nОтправлено из Mail.ru для Android\nпонедельник, 02 ноября 2026г., 10:15 +03:00 от Alice Berg alice@chat.example.org:\n\n> В девять?", "Да, в девять."),
    answer("mail.ru, plain", PLAIN, "Да, в девять.\n\n\n  \n>Понедельник, 2 ноября 2026, 10:15 +03:00 от Alice Berg <alice@chat.example.org>:\n> \n>В девять?", "Да, в девять."),
    answer("t-online", PLAIN, "Neun passt.\n\n-----Original-Nachricht-----\nBetreff: Monday\nDatum: 2026-11-02T10:15:00+0100\nVon: \"Alice Berg\" <alice@chat.example.org>\nAn: \"carol@mail.example\" <carol@mail.example>\n\nUm neun?", "Neun passt."),
    answer("web.de, app", HTML, "<div>Neun passt.</div><div><br></div><div>-- <br>Diese Nachricht wurde von meinem Android Mobiltelefon mit WEB.DE Mail gesendet.</div><div class=\"gmail_quote\">Am 02.11.26, 10:15 schrieb \"Alice Berg\" &lt;alice@chat.example.org&gt;:<blockquote class=\"gmail_quote\">Um neun?</blockquote></div>", "Neun passt."),
    answer("huawei", HTML, "<div>Nine is fine.</div><div><br></div><div>发自我的华为手机</div><br><br>-------- 原始邮件 --------<br>发件人： Alice Berg &lt;alice@chat.example.org&gt;<br>日期： 2026年11月2日周一 10:15<br>收件人： carol@mail.example<br>主 题： Monday<br><blockquote>Shall we?</blockquote>", "Nine is fine."),
    answer("zimbra, html", HTML, "<div>Nine is fine.</div><div><br></div><hr id=\"zwchr\" data-marker=\"__DIVIDER__\"><div data-marker=\"__HEADERS__\"><b>From: </b>\"Alice Berg\" &lt;alice@chat.example.org&gt;<br><b>To: </b>carol<br><b>Sent: </b>Monday<br><b>Subject: </b>Monday<br></div><div data-marker=\"__QUOTED_TEXT__\">Shall we?</div>", "Nine is fine."),
    answer("spark", HTML, "<html><body><div name=\"messageBodySection\">Nine is fine.</div><div name=\"messageSignatureSection\"><br>Sent from <a href=\"https://sparkmailapp.com\">Spark</a></div><div name=\"messageReplySection\">On 2 Nov 2026 at 10:15 +0100, Alice Berg &lt;alice@chat.example.org&gt;, wrote:<br><blockquote type=\"cite\">Shall we?</blockquote></div></body></html>", "Nine is fine."),
    answer("mailspring", HTML, "<div>Nine is fine.</div><signature id=\"x\"><div>Sent from <a href=\"https://getmailspring.com\">Mailspring</a></div></signature><div class=\"gmail_quote_attribution\">On Nov 2 2026, at 10:15 am, Alice Berg &lt;alice@chat.example.org&gt; wrote:</div><blockquote>Shall we?</blockquote>", "Nine is fine."),
    answer("hey", HTML, "<div class=\"trix-content\">Nine is fine.</div><div class=\"hey-quote\"><p>On November 2, 2026, Alice Berg &lt;alice@chat.example.org&gt; wrote:</p><blockquote>Shall we?</blockquote></div>", "Nine is fine."),
    answer("superhuman", HTML, "<div>Nine is fine.</div><br><div class=\"gmail_signature\">Sent via <a href=\"https://sprh.mn\">Superhuman</a></div><br><div class=\"gmail_quote\">On Mon, Nov 02, 2026 at 10:15 AM, Alice Berg &lt;<a href=\"mailto:alice@chat.example.org\">alice@chat.example.org</a>&gt; wrote:<blockquote class=\"gmail_quote\">Shall we?</blockquote></div>", "Nine is fine."),
    answer("front", HTML, "<div>Nine is fine.</div><blockquote type=\"cite\" class=\"front-blockquote\"><div>On November 2, 2026 at 10:15 AM GMT+1 <a href=\"mailto:alice@chat.example.org\">alice@chat.example.org</a> wrote:</div><div>Shall we?</div></blockquote>", "Nine is fine."),
    answer("kmail, html", HTML, "<p>Nine is fine.</p><p>On Montag, 2. November 2026 10:15:00 Mitteleuropäische Normalzeit Alice Berg wrote:</p><p>&gt; Shall we?</p><p>&gt; Alice</p>", "Nine is fine."),
    answer("netease, chinese", PLAIN, "好的，九点。\n\n\n\n\n\n\n\n\n\n\n在 2026-11-02 10:15:00，\"Alice Berg\" <alice@chat.example.org> 写道：\n>九点见面吗？", "好的，九点。"),
    answer("docomo", PLAIN, "はい、九時で。\n\n2026/11/02 10:15、Alice Berg <alice@chat.example.org>のメール:\n> 九時に？", "はい、九時で。"),
    answer("proton on a phone, no marks", PLAIN, "Nine is fine.\n\nSent from Proton Mail for iOS\n\n-------- Original Message --------\nOn Monday, 11/02/26 at 10:15 Alice Berg <alice@chat.example.org> wrote:\n\nShall we meet at nine?", "Nine is fine."),
    answer("outlook, each answer in its blue", HTML, "<html><body><div class=WordSection1><p class=MsoNormal><span style='color:#1F497D'>Nine is fine.</span><o:p></o:p></p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal><b>From:</b> Alice Berg &lt;alice@chat.example.org&gt; <br><b>Sent:</b> Monday, November 2, 2026 10:15 AM<br><b>To:</b> Carol Meier &lt;carol@mail.example&gt;<br><b>Subject:</b> Monday<o:p></o:p></p></div></div><p class=MsoNormal><span style='color:#1F497D'>So, nine?</span><o:p></o:p></p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal><b>From:</b> Dan &lt;dan@mail.example.org&gt; <br><b>Sent:</b> Monday, November 2, 2026 10:15 AM<br><b>To:</b> Carol Meier &lt;carol@mail.example&gt;<br><b>Subject:</b> Monday<o:p></o:p></p></div></div><p class=MsoNormal>When shall we meet?<o:p></o:p></p></div></body></html>", "Nine is fine."),
    answer("outlook, a red word and a link in the history", HTML, "<html><body><div class=WordSection1><p class=MsoNormal>Nine is fine.<o:p></o:p></p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal><b>From:</b> Alice Berg &lt;alice@chat.example.org&gt; <br><b>Sent:</b> Monday, November 2, 2026 10:15 AM<br><b>To:</b> Carol Meier &lt;carol@mail.example&gt;<br><b>Subject:</b> Monday<o:p></o:p></p></div></div><p class=MsoNormal>Shall we meet at <span style=\"color:red\">nine</span>? See <a href=\"https://x.example/\"><span style=\"color:blue\">the plan</span></a>.<o:p></o:p></p><p class=MsoNormal>Alice<o:p></o:p></p></div></body></html>", "Nine is fine."),
];

/// Answers below and between what they quote.
#[rustfmt::skip]
const BETWEEN: &[One] = &[
    whole(answer("below", PLAIN, "On 02/11/2026 10:15, Alice Berg wrote:\n> Shall we meet at nine?\n\nNine is fine.", "")),
    whole(answer("between", PLAIN, "On 02/11/2026 10:15, Alice Berg wrote:\n> Shall we meet at nine?\n\nYes.\n\n> Where?\n\nAt the gate.", "")),
    whole(answer("greeting above, answers between", PLAIN, "Hi Alice,\n\nOn 02/11/2026 10:15, Alice Berg wrote:\n> Shall we meet at nine?\nYes.\n> Where?\nAt the gate.", "")),
    whole(answer("a word below the last quotation", PLAIN, "See my remark.\n\nOn 02/11/2026 10:15, Alice Berg wrote:\n> Shall we meet at nine?\n\nNo!", "")),
    answer("between, and a signature", PLAIN, "On 02/11/2026 10:15, Alice Berg wrote:\n> Shall we meet at nine?\n\nYes.\n\n> Where?\n\nAt the gate.\n\n-- \nCarol Meier\nMill Lane 4", "On 02/11/2026 10:15, Alice Berg wrote:\n> Shall we meet at nine?\n\nYes.\n\n> Where?\n\nAt the gate."),
    answer("gmail, between", HTML, "<div dir=\"ltr\"><div class=\"gmail_quote\"><div dir=\"ltr\" class=\"gmail_attr\">On Mon, Nov 2, 2026 at 10:15 AM Alice Berg &lt;alice@chat.example.org&gt; wrote:<br></div><blockquote class=\"gmail_quote\">Shall we meet at nine?<br></blockquote><div>Yes.</div><blockquote class=\"gmail_quote\">Where?</blockquote><div>At the gate.</div></div></div>", "On Mon, Nov 2, 2026 at 10:15 AM Alice Berg <alice@chat.example.org> wrote:\n\n> Shall we meet at nine?\n\nYes.\n\n> Where?\n\nAt the gate."),
    answer("thunderbird, below, html", HTML, "<div class=\"moz-cite-prefix\">On 02/11/2026 10:15, Alice Berg wrote:<br></div><blockquote type=\"cite\">Shall we meet at nine?</blockquote><p>Nine is fine.</p><div class=\"moz-signature\">-- <br>Carol Meier<br>Mill Lane 4</div>", "On 02/11/2026 10:15, Alice Berg wrote:\n\n> Shall we meet at nine?\n\nNine is fine."),
    whole(answer("answers in the unmarked history, as said above it", PLAIN, "My answers are below in red.\n\nFrom: Alice Berg <alice@chat.example.org>\nSent: Monday, November 2, 2026 10:15 AM\nTo: Carol Meier <carol@mail.example>\nSubject: Monday\n\nShall we meet at nine? YES\nWhere? AT THE GATE", "")),
    whole(answer("the same in german", PLAIN, "Antworten im Text unten.\n\nVon: Alice Berg <alice@chat.example.org>\nGesendet: Montag, 2. November 2026 10:15\nAn: Carol Meier <carol@mail.example>\nBetreff: Monday\n\nUm neun? JA", "")),
    whole(answer("answers in the quotation, as said above it", PLAIN, "My comments inline.\n\nOn 02/11/2026 10:15, Alice Berg wrote:\n> Shall we meet at nine? YES\n> Where? AT THE GATE", "")),
    whole(answer("delta chat, the quotation above", "text/plain; charset=utf-8; format=flowed", "> Shall we meet at nine?\n\nYes.", "")),
    whole(answer("nested, the last word is the author's", PLAIN, "> On Monday Carol wrote:\n>> Where?\n> At the gate?\n\nYes.", "")),
    answer("the footer of a list below answers", PLAIN, "> Where?\n\nAt the gate.\n\n_______________________________________________\nfriends mailing list\nfriends@lists.mail.example\nhttps://lists.mail.example/listinfo/friends", "> Where?\n\nAt the gate."),
    whole(answer("outlook, the name of its author before each answer", PLAIN, "Hi Alice,\n\nFrom: Alice Berg <alice@chat.example.org>\nSent: Monday, November 2, 2026 10:15 AM\nTo: Carol Meier <carol@mail.example>\nSubject: Monday\n\nShall we meet at nine?\n[Carol Meier] Yes, nine is fine.\nWhere?", "")),
    answer("outlook, answers in red", HTML, "<html><body><div class=WordSection1><p class=MsoNormal>Hi Alice,<o:p></o:p></p><p class=MsoNormal>&nbsp;<o:p></o:p></p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal><b>From:</b> Alice Berg &lt;alice@chat.example.org&gt; <br><b>Sent:</b> Monday, November 2, 2026 10:15 AM<br><b>To:</b> Carol Meier &lt;carol@mail.example&gt;<br><b>Subject:</b> Monday<o:p></o:p></p></div></div><p class=MsoNormal>Shall we meet at nine?<o:p></o:p></p><p class=MsoNormal><span style='color:red'>Yes, nine is fine.</span><o:p></o:p></p><p class=MsoNormal>Where?<o:p></o:p></p><p class=MsoNormal><span style='color:red'>At the gate.</span><o:p></o:p></p></div></body></html>", "Hi Alice,\n\nFrom: Alice Berg <alice@chat.example.org>\nSent: Monday, November 2, 2026 10:15 AM\nTo: Carol Meier <carol@mail.example>\nSubject: Monday\nShall we meet at nine?\nYes, nine is fine.\nWhere?\nAt the gate."),
    answer("outlook, answers in red behind the questions", HTML, "<html><body><div class=WordSection1><p class=MsoNormal>Hi Alice,<o:p></o:p></p><p class=MsoNormal>&nbsp;<o:p></o:p></p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal><b>From:</b> Alice Berg &lt;alice@chat.example.org&gt; <br><b>Sent:</b> Monday, November 2, 2026 10:15 AM<br><b>To:</b> Carol Meier &lt;carol@mail.example&gt;<br><b>Subject:</b> Monday<o:p></o:p></p></div></div><p class=MsoNormal>Shall we meet at nine? <span style='color:red'>Yes, nine is fine.</span><o:p></o:p></p><p class=MsoNormal>Where? <span style='color:red'>At the gate.</span><o:p></o:p></p></div></body></html>", "Hi Alice,\n\nFrom: Alice Berg <alice@chat.example.org>\nSent: Monday, November 2, 2026 10:15 AM\nTo: Carol Meier <carol@mail.example>\nSubject: Monday\nShall we meet at nine? Yes, nine is fine.\nWhere? At the gate."),
    answer("outlook, answers in dark red, beside plain text", "multipart/alternative; boundary=b1", "--b1\nContent-Type: text/plain; charset=utf-8\n\nHi Alice,\n\nFrom: Alice Berg <alice@chat.example.org>\nSent: Monday, November 2, 2026 10:15 AM\nTo: Carol Meier <carol@mail.example>\nSubject: Monday\n\nShall we meet at nine?\nYes, nine is fine.\nWhere?\nAt the gate.\n\n--b1\nContent-Type: text/html; charset=utf-8\n\n<html><body><div class=WordSection1><p class=MsoNormal>Hi Alice,<o:p></o:p></p><p class=MsoNormal>&nbsp;<o:p></o:p></p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal><b>From:</b> Alice Berg &lt;alice@chat.example.org&gt; <br><b>Sent:</b> Monday, November 2, 2026 10:15 AM<br><b>To:</b> Carol Meier &lt;carol@mail.example&gt;<br><b>Subject:</b> Monday<o:p></o:p></p></div></div><p class=MsoNormal>Shall we meet at nine?<o:p></o:p></p><p class=MsoNormal><span style='color:#C00000'>Yes, nine is fine.</span><o:p></o:p></p><p class=MsoNormal>Where?<o:p></o:p></p><p class=MsoNormal><span style='color:#C00000'>At the gate.</span><o:p></o:p></p></div></body></html>\n--b1--", "Hi Alice,\n\nFrom: Alice Berg <alice@chat.example.org>\nSent: Monday, November 2, 2026 10:15 AM\nTo: Carol Meier <carol@mail.example>\nSubject: Monday\n\nShall we meet at nine?\nYes, nine is fine.\nWhere?\nAt the gate."),
    answer("outlook, answers in the blue of the words above", HTML, "<html><body><div class=WordSection1><p class=MsoNormal><span style='color:#1F497D'>Hi Alice,</span><o:p></o:p></p><p class=MsoNormal>&nbsp;<o:p></o:p></p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal><b>From:</b> Alice Berg &lt;alice@chat.example.org&gt; <br><b>Sent:</b> Monday, November 2, 2026 10:15 AM<br><b>To:</b> Carol Meier &lt;carol@mail.example&gt;<br><b>Subject:</b> Monday<o:p></o:p></p></div></div><p class=MsoNormal>Shall we meet at nine?<o:p></o:p></p><p class=MsoNormal><span style='color:#1F497D'>Yes, nine is fine.</span><o:p></o:p></p><p class=MsoNormal>Where?<o:p></o:p></p><p class=MsoNormal><span style='color:#1F497D'>At the gate.</span><o:p></o:p></p></div></body></html>", "Hi Alice,\n\nFrom: Alice Berg <alice@chat.example.org>\nSent: Monday, November 2, 2026 10:15 AM\nTo: Carol Meier <carol@mail.example>\nSubject: Monday\nShall we meet at nine?\nYes, nine is fine.\nWhere?\nAt the gate."),
    answer("outlook on the web, answers in red", HTML, "<html><body dir=\"ltr\"><div class=\"elementToProof\">See inside, please.</div><div id=\"appendonsend\"></div><hr tabindex=\"-1\"><div id=\"divRplyFwdMsg\" dir=\"ltr\"><font face=\"Calibri\"><b>From:</b> Alice Berg &lt;alice@chat.example.org&gt;<br><b>Sent:</b> Monday<br><b>To:</b> Carol<br><b>Subject:</b> Monday</font><div>&nbsp;</div></div><div>Shall we meet at nine?<br><span style=\"color: rgb(200, 38, 19);\">Yes, nine is fine.</span><br>Where?<br><span style=\"color: rgb(200, 38, 19);\">At the gate.</span></div></body></html>", "See inside, please.\n\n---\n\nFrom: Alice Berg <alice@chat.example.org>\nSent: Monday\nTo: Carol\nSubject: Monday\n\nShall we meet at nine?\nYes, nine is fine.\nWhere?\nAt the gate."),
    answer("gmail, an answer in red within the quotation", HTML, "<div dir=\"ltr\">Hi Alice,<br></div><br><div class=\"gmail_quote\"><div dir=\"ltr\" class=\"gmail_attr\">On Mon, Nov 2, 2026 at 10:15 AM Alice Berg &lt;alice@chat.example.org&gt; wrote:<br></div><blockquote class=\"gmail_quote\" style=\"margin:0\"><div dir=\"ltr\">Shall we meet at nine?<div><font color=\"#ff0000\">Yes, nine is fine.</font></div><div>Where?</div></div></blockquote></div>", "Hi Alice,\n\nOn Mon, Nov 2, 2026 at 10:15 AM Alice Berg <alice@chat.example.org> wrote:\n\n> Shall we meet at nine?\n> Yes, nine is fine.\n> Where?"),
    answer("apple mail, an answer in red within the quotation", HTML, "<html><body>Hi Alice,<br><div><blockquote type=\"cite\"><div>On 2 Nov 2026, at 10:15, Alice Berg &lt;alice@chat.example.org&gt; wrote:</div><br><div>Shall we meet at nine?<div><font color=\"#ff2600\">Yes, nine is fine.</font></div><div>Where?</div></div></blockquote></div></body></html>", "Hi Alice,\n\n> On 2 Nov 2026, at 10:15, Alice Berg <alice@chat.example.org> wrote:\n>\n> Shall we meet at nine?\n> Yes, nine is fine.\n> Where?"),
    answer("outlook, answers in green, and more below", HTML, "<html><body><div class=WordSection1><p class=MsoNormal>Hi Alice,<o:p></o:p></p><p class=MsoNormal>&nbsp;<o:p></o:p></p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal><b>From:</b> Alice Berg &lt;alice@chat.example.org&gt; <br><b>Sent:</b> Monday, November 2, 2026 10:15 AM<br><b>To:</b> Carol Meier &lt;carol@mail.example&gt;<br><b>Subject:</b> Monday<o:p></o:p></p></div></div><p class=MsoNormal>Shall we meet at nine?<o:p></o:p></p><p class=MsoNormal><span style='color:#00B050'>Yes, nine is fine.</span><o:p></o:p></p><p class=MsoNormal>Where? I am late.<o:p></o:p></p><p class=MsoNormal><span style='color:#00B050'>At the gate.</span><o:p></o:p></p><p class=MsoNormal>Alice</p></div></body></html>", "Hi Alice,\n\nFrom: Alice Berg <alice@chat.example.org>\nSent: Monday, November 2, 2026 10:15 AM\nTo: Carol Meier <carol@mail.example>\nSubject: Monday\nShall we meet at nine?\nYes, nine is fine.\nWhere? I am late.\nAt the gate.\nAlice"),
];

/// What is sent on.
#[rustfmt::skip]
const FORWARDS: &[One] = &[
    whole(first("gmail", PLAIN, "Look at this.\n\n---------- Forwarded message ---------\nFrom: Dan Other <dan@mail.example>\nDate: Mon, Nov 2, 2026 at 10:15 AM\nSubject: Roof\nTo: Carol Meier <carol@mail.example>\n\n\nThe roof is done.\n\nOn Sun, Nov 1, 2026 at 9:00 AM Carol Meier <carol@mail.example> wrote:\n\n> Is it done?\n\n-- \nDan", "")),
    whole(answer("an answer that sends something on", PLAIN, "Look at this.\n\n---------- Forwarded message ---------\nFrom: Dan Other <dan@mail.example>\nDate: Mon, Nov 2, 2026 at 10:15 AM\nSubject: Roof\nTo: Carol Meier <carol@mail.example>\n\nThe roof is done.", "")),
    whole(first("apple", PLAIN, "Look at this.\n\nBegin forwarded message:\n\n> From: Dan Other <dan@mail.example>\n> Subject: Roof\n> Date: 2 November 2026 at 10:15:00 CET\n> To: Carol Meier <carol@mail.example>\n> \n> The roof is done.", "")),
    whole(first("apple, german", PLAIN, "Schau mal.\n\nAnfang der weitergeleiteten Nachricht:\n\n> Von: Dan Other <dan@mail.example>\n> Betreff: Dach\n> Datum: 2. November 2026 um 10:15:00 MEZ\n> An: Carol Meier <carol@mail.example>\n> \n> Das Dach ist fertig.", "")),
    whole(One { subject: "FW: Monday", ..answer("outlook", PLAIN, "Look at this.\n\nFrom: Dan Other <dan@mail.example>\nSent: Monday, November 2, 2026 10:15 AM\nTo: Carol Meier <carol@mail.example>\nSubject: Monday\n\nThe roof is done.", "") }),
    whole(One { subject: "I: Monday", ..answer("outlook, italian", PLAIN, "Guarda.\n\nDa: Dan Other <dan@mail.example>\nInviato: lunedì 2 novembre 2026 10:15\nA: Carol Meier <carol@mail.example>\nOggetto: Monday\n\nIl tetto è pronto.", "") }),
    whole(One { subject: "Roof, for you", ..answer("outlook, with another subject", PLAIN, "Look at this.\n\nFrom: Dan Other <dan@mail.example>\nSent: Monday, November 2, 2026 10:15 AM\nTo: Carol Meier <carol@mail.example>\nSubject: Monday\n\nThe roof is done.", "") }),
    whole(One { subject: "VS: Monday", ..answer("outlook, norwegian", PLAIN, "Se her.\n\nFra: Dan Other <dan@mail.example>\nSendt: mandag 2. november 2026 10:15\nTil: Carol Meier <carol@mail.example>\nEmne: Monday\n\nTaket er ferdig.", "") }),
    whole(first("thunderbird", PLAIN, "Look at this.\n\n-------- Forwarded Message --------\nSubject: Roof\nDate: Mon, 2 Nov 2026 10:15:00 +0100\nFrom: Dan Other <dan@mail.example>\nTo: Carol Meier <carol@mail.example>\n\nThe roof is done.\n\n-- \nDan", "")),
    whole(first("thunderbird, french", PLAIN, "Regarde.\n\n-------- Message transféré --------\nSujet : Toit\nDate : Mon, 2 Nov 2026 10:15:00 +0100\nDe : Dan Other <dan@mail.example>\nPour : Carol Meier <carol@mail.example>\n\nLe toit est fini.\n\n-- \nDan", "")),
    first("what the author signs above it goes", PLAIN, "Look at this.\n\nSent from my iPhone\n\nBegin forwarded message:\n\n> From: Dan Other <dan@mail.example>\n> Subject: Roof\n> \n> The roof is done.", "Look at this.\n\nBegin forwarded message:\n\n> From: Dan Other <dan@mail.example>\n> Subject: Roof\n>\n> The roof is done."),
    answer("an answer to what was sent on", PLAIN, "Good.\n\nOn Mon, Nov 2, 2026 at 10:15 AM Alice Berg <alice@chat.example.org> wrote:\n\n> ---------- Forwarded message ---------\n> From: Dan\n>\n> The roof is done.\n", "Good."),
    answer("a flat answer to what was sent on", PLAIN, "Good.\n\nFrom: Alice Berg <alice@chat.example.org>\nSent: Monday, November 2, 2026 10:15 AM\nTo: Carol Meier <carol@mail.example>\nSubject: Monday\n\n---------- Forwarded message ---------\nFrom: Dan\n\nThe roof is done.\n", "Good."),
];

/// Signatures.
#[rustfmt::skip]
const SIGNATURES: &[One] = &[
    first("the separator", PLAIN, "Nine is fine.\n\n-- \nCarol Meier\nMill Lane 4\n\nTel. 555 0117", "Nine is fine."),
    first("gmail's class", HTML, "<div dir=\"ltr\">Nine is fine.<br clear=\"all\"><div><br></div><span class=\"gmail_signature_prefix\">-- </span><br><div dir=\"ltr\" class=\"gmail_signature\" data-smartmail=\"gmail_signature\">Carol Meier<br>Mill Lane 4</div></div>", "Nine is fine."),
    first("outlook's id", HTML, "<div class=\"elementToProof\">Nine is fine.</div><div id=\"Signature\"><p>Carol Meier</p><p>Mill Lane 4</p></div>", "Nine is fine."),
    first("thunderbird's class", HTML, "<p>Nine is fine.</p><pre class=\"moz-signature\" cols=\"72\">-- \nCarol Meier\nMill Lane 4</pre>", "Nine is fine."),
    first("a phone", PLAIN, "Nine is fine.\n\nSent from my Samsung Galaxy S21", "Nine is fine."),
    first("a mail program", PLAIN, "Nine is fine.\n\nSent from Mail for Windows", "Nine is fine."),
    first("yahoo", HTML, "<div>Nine is fine.</div><div><a href=\"https://overview.mail.yahoo.example/?.src=iOS\">Sent from Yahoo Mail for iPhone</a></div>", "Nine is fine."),
    first("gmx", PLAIN, "Neun passt.\n\nGesendet mit der GMX Mail App", "Neun passt."),
    first("k-9, german", PLAIN, "Neun passt.\n-- \nDiese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.", "Neun passt."),
    first("outlook, in parentheses", HTML, "<div>Neuf heures.</div><div>Télécharger <a href=\"https://aka.ms/o0ukef\">Outlook pour iOS</a></div>", "Neuf heures."),
    first("a scanner", PLAIN, "Nine is fine.\n\n---\nThis email has been checked for viruses by Avast antivirus software.\nwww.avast.com", "Nine is fine."),
    first("a list", PLAIN, "Nine is fine.\n\n-- \nYou received this message because you are subscribed to the Google Groups \"friends\" group.\nTo unsubscribe from this group and stop receiving emails from it, send an email to friends+unsubscribe@lists.mail.example.", "Nine is fine."),
    first("two, one below the other", PLAIN, "Nine is fine.\n\n-- \nCarol Meier\n\n_______________________________________________\nfriends mailing list\nhttps://lists.mail.example/listinfo/friends", "Nine is fine."),
    whole(first("an afterthought below it", PLAIN, "Nine is fine.\n\n-- \nCarol Meier\n\nP.S. Bring the key!", "")),
    whole(first("a block without a separator stays", PLAIN, "Nine is fine.\n\nKind regards\n\nCarol Meier\nHead of Roofs\nMill Lane 4\nTel. 555 0117", "")),
    whole(first("nothing but a signature", PLAIN, "-- \nCarol Meier", "")),
    whole(first("nothing but what a phone says", PLAIN, "Sent from my iPhone", "")),
    answer("two, the lower one quoted without marks", PLAIN, "Nine is fine.\n\n-- \nCarol Meier\nMill Lane 4\n\nOn Mon, Nov 2, 2026 at 10:15 AM Alice Berg <alice@chat.example.org> wrote:\n\nShall we meet at nine?\n\n-- \nAlice Berg", "Nine is fine."),
    first("a list with the same separator below the author's", PLAIN, "Nine is fine.\n-- \nCarol Meier\nMill Lane 4\n\n-- \nYou received this message because you are subscribed to the Google Groups \"roof\" group.\nTo unsubscribe from this group and stop receiving emails from it, send an email to roof+unsubscribe@lists.example.", "Nine is fine."),
    answer("two, header lines between", PLAIN, "Nine is fine.\n\n-- \nCarol Meier\nMill Lane 4\n\nFrom: Alice Berg <alice@chat.example.org>\nSent: Monday, November 2, 2026 10:15 AM\nTo: Carol Meier <carol@mail.example>\nSubject: Monday\n\nShall we meet at nine?\n-- \nAlice Berg\nRoofs Ltd", "Nine is fine."),
    answer("two, a separator of outlook between", PLAIN, "Nine is fine.\n-- \nCarol\n\n-----Original Message-----\nFrom: Alice Berg <alice@chat.example.org>\nSent: Monday, November 2, 2026 10:15 AM\nTo: Carol Meier <carol@mail.example>\nSubject: Monday\n\nShall we?\n-- \nAlice", "Nine is fine."),
    first("the author's words between two separators", PLAIN, "Part one is about the roof, and it is long.\n-- \nPart two is about the cellar: we must pump it out before Friday, and who has the key? I asked Dan and he said that he gave it to you. Please look for it, and tell me.\n-- \nCarol Meier", "Part one is about the roof, and it is long.\n-- \nPart two is about the cellar: we must pump it out before Friday, and who has the key? I asked Dan and he said that he gave it to you. Please look for it, and tell me."),
    first("a list's, and what its author drew a line over", PLAIN, "Nine is fine.\n\n==============================\nThe plan:\n    https://plans.mail.example/7\n--\nfriends mailing list\nfriends@lists.mail.example\nhttps://lists.mail.example/mailman/listinfo/friends", "Nine is fine.\n\n==============================\nThe plan:\n    https://plans.mail.example/7"),
    whole(first("a company's below a line, with a word of lists in it", PLAIN, "Nine is fine.\n\n------------------------------------------\nMeier Roofs\nMill Lane 4\nAsk us whatever you like.\nTo unsubscribe, answer with \"stop\".", "")),
];

/// What looks like a quotation or a signature and is none.
#[rustfmt::skip]
const TRAPS: &[One] = &[
    whole(answer("a sentence", PLAIN, "On Monday, Carol wrote:\nthe roof is done.\n\nOn Tuesday Dan wrote: it leaks.\n\nWhat now?", "")),
    whole(first("a quotation of the author's", PLAIN, "The contract says:\n\n> The rent is due on Monday.\n\nIs that right?", "")),
    whole(first("the same, at the end", PLAIN, "The contract says:\n\n> The rent is due on Monday.", "")),
    whole(answer("the same in an answer", PLAIN, "I do not agree. The contract says:\n\n> The rent is due on Monday.", "")),
    whole(answer("who said what, at the end", PLAIN, "I do not agree. As the old saying goes, and I wrote it down at 10:15, somebody wrote:\n\n> The rent is due on Monday.", "")),
    whole(answer("a plan with labels", PLAIN, "The plan:\n\nFrom: Hamburg\nTo: Lisbon\nDate: 14 December 2026\nSubject: holiday\n\nDoes it suit you?", "")),
    whole(first("a mail that the author has copied", PLAIN, "He wrote me this:\n\nFrom: Dan Other <dan@mail.example>\nSent: Monday, November 2, 2026 10:15 AM\nTo: Carol Meier <carol@mail.example>\nSubject: Roof\n\nThe roof is done.", "")),
    whole(answer("a mail that the author has copied into an answer", PLAIN, "He wrote me this:\n\n-----Original Message-----\nFrom: Dan Other <dan@mail.example>\nSent: Monday, November 2, 2026 10:15 AM\nTo: Carol Meier <carol@mail.example>\nSubject: Roof\n\nThe roof is done.", "")),
    whole(answer("the same without a line", PLAIN, "He wrote me this:\n\nFrom: Dan Other <dan@mail.example>\nSent: Monday, November 2, 2026 10:15 AM\nTo: Carol Meier <carol@mail.example>\nSubject: Roof\n\nThe roof is done.", "")),
    whole(answer("dashes", PLAIN, "First part\n----------\nNine is fine.\n\nSecond part\n--\nSo is ten.", "")),
    whole(answer("two dashes and a long text", PLAIN, "First\n\n--\n\nSecond", "")),
    whole(answer("a sentence about a phone", PLAIN, "Nine is fine.\n\nI have sent this from my iPhone, so forgive the typos.", "")),
    whole(answer("get the phone", PLAIN, "Nine is fine.\n\nGet the iPhone from the shed, please.", "")),
    whole(answer("from the phone", PLAIN, "Nine is fine.\n\nSent from my heart, and from my mobile, too. See you.", "")),
    whole(first("arrows", PLAIN, "> 100 people came.\n\n> 50 stayed.", "")),
    whole(first("an indented html paragraph", HTML, "Look", "")),
    first("gmail's own quotation button", HTML, "<div dir=\"ltr\">He said:<blockquote class=\"gmail_quote\">I never did that.</blockquote></div>", "He said:\n\n> I never did that."),
    first("apple's own quotation level", HTML, "<body>He said:<br><blockquote type=\"cite\">I never did that.</blockquote></body>", "He said:\n\n> I never did that."),
    whole(answer("a colon before a date", PLAIN, "The meetings are on\n2.11.2026 10:15 and 3.11.2026 11:15:\nboth in the shed.", "")),
    whole(answer("nothing but a quotation", PLAIN, "On Mon, Nov 2, 2026 at 10:15 AM Alice Berg <alice@chat.example.org> wrote:\n\n> Shall we meet at nine?", "")),
    whole(answer("nothing but a flat history", PLAIN, "From: Alice Berg <alice@chat.example.org>\nSent: Monday, November 2, 2026 10:15 AM\nTo: Carol Meier <carol@mail.example>\nSubject: Monday\n\nShall we meet at nine?", "")),
    answer("the author's last sentence over the introduction", PLAIN, "I come at 10:15 on 2.11.2026.\nAm 02.11.26 um 10:15 schrieb Alice Berg:\n> Wann?", "I come at 10:15 on 2.11.2026."),
    answer("an address over the introduction", PLAIN, "Write to dan@mail.example\nOn 02/11/2026 10:15, Alice Berg wrote:\n> To whom?", "Write to dan@mail.example"),
];

/// Damaged by the way.
#[rustfmt::skip]
const BROKEN: &[One] = &[
    answer("an introduction over three lines", PLAIN, "Nine is fine.\n\nAm 2. November 2026 um 10:15:23 MEZ schrieb\nAlice Berg\n<alice@chat.example.org>:\n> Um neun?", "Nine is fine."),
    answer("an introduction broken before the verb", PLAIN, "Nine is fine.\n\nLe lundi 2 novembre 2026 à 10:15, Alice Berg <alice@chat.example.org> a\nécrit :\n> A neuf heures ?", "Nine is fine."),
    answer("an address broken after its bracket", PLAIN, "Nine is fine.\n\nOn Mon, Nov 2, 2026 at 10:15 AM Alice Berg <\nalice@chat.example.org> wrote:\n\n> Shall we meet at nine?", "Nine is fine."),
    answer("no marks", PLAIN, "Nine is fine.\n\nOn Mon, Nov 2, 2026 at 10:15 AM Alice Berg <alice@chat.example.org> wrote:\n\nShall we meet at nine?\n\nAlice", "Nine is fine."),
    whole(answer("a quoted line that lost its mark", PLAIN, "Nine is fine.\n\nOn Mon, Nov 2, 2026 at 10:15 AM Alice Berg <alice@chat.example.org> wrote:\n> Shall we meet at nine or a quarter\npast it?\n> Alice", "")),
    answer("an introduction without a blank line above", PLAIN, "Nine is fine.\nOn Nov 2, 2026 at 10:15 +0100, Alice Berg <alice@chat.example.org>, wrote:\n> Shall we meet at nine?", "Nine is fine."),
    answer("text in two parts, the quotation in the second", "multipart/mixed; boundary=x", "\n--x\nContent-Type: text/plain; charset=utf-8\n\nNine is fine.\n--x\nContent-Type: text/plain; charset=utf-8\n\nOn 02/11/2026 10:15, Alice Berg wrote:\n> Shall we meet at nine?\n--x--\n", "Nine is fine."),
    answer("text in two parts, an answer in the second", "multipart/mixed; boundary=x", "\n--x\nContent-Type: text/plain; charset=utf-8\n\nHi,\n\nOn 02/11/2026 10:15, Alice Berg wrote:\n> Shall we meet at nine?\n--x\nContent-Type: text/plain; charset=utf-8\n\nNine is fine.\n--x--\n", "Hi,\n\nOn 02/11/2026 10:15, Alice Berg wrote:\n> Shall we meet at nine?\n\nNine is fine."),
    answer("an attachment and a quotation", "multipart/mixed; boundary=x", "\n--x\nContent-Type: text/plain; charset=utf-8\n\nOn 02/11/2026 10:15, Alice Berg wrote:\n> The plan?\n--x\nContent-Type: application/pdf; name=plan.pdf\nContent-Disposition: attachment; filename=plan.pdf\n\nPDF\n--x--\n", ""),
    answer("html that never ends its quotation", HTML, "<div>Nine is fine.</div><blockquote type=\"cite\">Shall we meet at nine?", "Nine is fine."),
];
