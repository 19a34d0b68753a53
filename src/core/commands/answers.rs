//! `yes` or `no` and nothing else: no question is remembered, so that nothing is deleted by a slip.

use super::texts::answers as texts;
use super::{Call, listed, of, words};
use crate::core::language::{Language, Sentence};

/// What would be an answer to the question that the gateway asks before it deletes something.
const ASKED: &str = "forget-me";

/// What is said to who writes that; `None`: it is neither.
pub(super) fn about(call: &Call<'_>, body: &str) -> Option<String> {
    let language = call.language();
    let is = |word: Sentence| {
        let said = |language: Language| word.in_language(language);
        words::is_said(body, call.understood(), said)
    };
    let yes = Sentence("word-yes");
    if is(Sentence("word-no")) {
        return Some(texts::no_alone(language));
    }
    let begins = listed(&of(language, ASKED, "words")).into_iter().next()?;
    let command = format!("{begins} {}", yes.in_language(language));
    is(yes).then(|| texts::yes_alone(language, body, &command))
}
