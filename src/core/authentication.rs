//! Whether a mail is from whom it says: what our own mail server wrote about it into `Authentication-Results` (RFC 8601).
//!
//! Anybody can write such a field. A mail server puts its own on top, so of the fields that carry one of our ids only the
//! topmost counts, even where it cannot be read: what lies below it came with the mail.

use crate::core::address::domain_to_ascii;
use crate::core::from_mail::{ParsedMail, Truncated};
use crate::core::limits::AUTHENTICATION_FIELDS_MAX;

/// What our mail server found out about the author of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SenderVerdict {
    /// The mail is from the domain of its `From`.
    Verified,
    /// It is not, or nobody can say who its one author is, or a part of what decides it was not read.
    Failed,
    /// Our mail server said nothing about it, or did not find out.
    Unknown,
}

/// What the topmost field with one of these ids says about the domain of `From`. It says nothing about what others could
/// add without that the mail server noticed.
///
/// What a header holds behind the limit may be a second author: it counts as one, so that nobody gains by a long header. That
/// of a person's mail is a hundred times shorter.
pub fn verdict(mail: &ParsedMail, authserv_ids: &[String]) -> SenderVerdict {
    let is_clear = !mail.several_from || mail.has_one_address;
    let is_clear = is_clear && mail.cut != Some(Truncated::Header);
    let Some(from) = mail.from.as_ref().filter(|_| is_clear) else {
        return SenderVerdict::Failed;
    };
    let is_open = mail.several_from
        || mail.has_doubled_fields
        || mail.is_signed_in_part
        || mail.cut.is_some();
    match judge(&mail.authentication, authserv_ids, from.address.domain()) {
        SenderVerdict::Verified if is_open => SenderVerdict::Unknown,
        verdict => verdict,
    }
}

/// Whether our mail server found that a server of this domain sent the mail (SPF). What verifies the author says nothing of
/// that: whoever has got hold of a signed mail can send it again, with any reverse path.
pub fn is_sent_by(mail: &ParsedMail, authserv_ids: &[String], domain: &str) -> bool {
    let findings = ours(&mail.authentication, authserv_ids).map(|field| field.findings);
    let has_passed = |finding: &MethodResult| {
        let is_it = |found: &str| found == domain;
        finding.method == "spf" && finding.result == "pass" && finding.every("smtp.mailfrom", is_it)
    };
    findings.unwrap_or_default().iter().any(has_passed)
}

/// The topmost field of our mail server, of those that are looked at.
fn ours(fields: &[String], authserv_ids: &[String]) -> Option<ResultsField> {
    let is_ours = |field: &ResultsField| {
        let is_it = |id: &String| id.eq_ignore_ascii_case(&field.authserv_id);
        authserv_ids.iter().any(is_it)
    };
    let looked_at = fields.iter().take(AUTHENTICATION_FIELDS_MAX);
    looked_at.filter_map(|text| parse(text)).find(is_ours)
}

/// The fields stand as in the mail, the topmost first; the domain is in lower-case A-labels. Where there are more than are
/// looked at, and ours is not among these, it may say the worst.
fn judge(fields: &[String], authserv_ids: &[String], from: &str) -> SenderVerdict {
    let ours = ours(fields, authserv_ids);
    if ours.is_none() && fields.len() > AUTHENTICATION_FIELDS_MAX {
        return SenderVerdict::Failed;
    }
    let findings = ours.map(|field| field.findings).unwrap_or_default();
    let dmarc_failed = |finding: &MethodResult| finding.method == "dmarc" && finding.has_failed();
    let of_domain = |finding: &MethodResult| matches!(finding.method.as_str(), "dkim" | "spf");
    if findings.iter().any(dmarc_failed) {
        return SenderVerdict::Failed;
    }
    if findings.iter().any(|finding| finding.verifies(from)) {
        return SenderVerdict::Verified;
    }
    let has_passed = |finding: &MethodResult| of_domain(finding) && finding.result == "pass";
    let has_failed = |finding: &MethodResult| of_domain(finding) && finding.has_failed();
    if findings.iter().any(has_failed) && !findings.iter().any(has_passed) {
        return SenderVerdict::Failed;
    }
    SenderVerdict::Unknown
}

/// An `Authentication-Results` field (RFC 8601 §2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultsField {
    /// Who wrote it.
    pub authserv_id: String,
    /// What it says; nothing where it has another version or cannot be read.
    pub findings: Vec<MethodResult>,
}

/// The result of one method.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MethodResult {
    /// `dkim`, `spf`, `dmarc` …, in lower case.
    pub method: String,
    /// `pass`, `fail` …, in lower case.
    pub result: String,
    /// Why, in free words.
    pub reason: Option<String>,
    /// What was looked at: `header.from` in lower case and its value.
    pub properties: Vec<(String, String)>,
}

impl MethodResult {
    /// `hardfail` is what RFC 5451 called it.
    fn has_failed(&self) -> bool {
        matches!(self.result.as_str(), "fail" | "hardfail" | "softfail")
    }

    /// Whether this says that the mail is from this domain: DMARC about it, or DKIM or SPF aligned with it.
    fn verifies(&self, from: &str) -> bool {
        let aligned = |domain: &str| is_aligned(domain, from);
        self.result == "pass"
            && match self.method.as_str() {
                "dmarc" => self.every("header.from", |domain| domain == from),
                "dkim" if self.has("header.d") => self.every("header.d", aligned),
                "dkim" => self.every("header.i", aligned),
                "spf" => self.every("smtp.mailfrom", aligned),
                _ => false,
            }
    }

    fn has(&self, property: &str) -> bool {
        self.properties.iter().any(|(name, _)| name == property)
    }

    /// There is such a property, and the domains of all of that name are as wanted.
    fn every(&self, property: &str, wanted: impl Fn(&str) -> bool) -> bool {
        let mut all = self.properties.iter().filter(|(name, _)| name == property);
        self.has(property)
            && all.all(|(_, value)| domain_of(value).is_some_and(|domain| wanted(&domain)))
    }
}

/// Relaxed alignment (RFC 7489 §3.1) without a list of public suffixes: the domain is the one of `From` or lies above it.
/// Who signs for a domain answers for all below it. A top-level domain answers for nobody.
fn is_aligned(domain: &str, from: &str) -> bool {
    let is_below = |from: &str| {
        from.strip_suffix(domain)
            .is_some_and(|rest| rest.ends_with('.'))
    };
    domain.contains('.') && (from == domain || is_below(from))
}

/// The domain of `name@domain`, `@domain`, `<name@domain>` or `domain`, in lower-case A-labels.
fn domain_of(value: &str) -> Option<String> {
    let bare = value
        .strip_prefix('<')
        .and_then(|inner| inner.strip_suffix('>'))
        .unwrap_or(value);
    domain_to_ascii(bare.rsplit('@').next()?)
}

/// Reads the value of a field, unfolded. `None` where it does not say who wrote it.
pub fn parse(value: &str) -> Option<ResultsField> {
    let mut reader = ResultsReader { rest: value };
    reader.skip_space()?;
    let authserv_id = reader.word("=").filter(|id| !id.is_empty())?;
    reader.skip_space()?;
    if reader.rest.starts_with('=') {
        return None; // Some servers write no id: this is the first method.
    }
    // What cannot be read says nothing, and still is the field of this server.
    let findings = reader.findings().unwrap_or_default();
    Some(ResultsField {
        authserv_id,
        findings,
    })
}

/// What is left of a field. Every function is `None` where what comes cannot be read.
struct ResultsReader<'a> {
    rest: &'a str,
}

impl ResultsReader<'_> {
    /// All that follows the authserv-id. Only version 1 is known (RFC 8601 §2.2).
    fn findings(&mut self) -> Option<Vec<MethodResult>> {
        let version = self.word("=")?;
        self.skip_space()?;
        if !matches!(version.as_str(), "" | "1") {
            return None;
        }
        let mut findings = Vec::new();
        while !self.rest.is_empty() {
            if !self.take(';') {
                return None;
            }
            self.skip_space()?;
            let finding = self.finding()?;
            findings.extend((!finding.method.is_empty()).then_some(finding));
        }
        Some(findings)
    }

    /// Up to the next semicolon; without a method where there is `none`, or one of a version that nobody knows.
    fn finding(&mut self) -> Option<MethodResult> {
        let mut finding = MethodResult::default();
        let mut is_clear = true;
        while !self.rest.is_empty() && !self.rest.starts_with(';') {
            let key = self.key()?;
            if !self.take('=') {
                is_clear = false;
                continue;
            }
            self.skip_space()?;
            let value = self.word("")?;
            self.skip_space()?;
            if finding.result.is_empty() {
                let (method, version) = key.split_once('/').unwrap_or((&key, "1"));
                let method = if version == "1" { method } else { "" };
                (finding.method, finding.result) = (method.to_owned(), value.to_ascii_lowercase());
            } else if key == "reason" {
                finding.reason = Some(value);
            } else {
                finding.properties.push((key, value));
            }
        }
        if !is_clear {
            // A word that belongs to nothing: no value around it can be relied on.
            finding.properties.clear();
        }
        Some(finding)
    }

    /// A method or a property in lower case, without the space that may stand around its dots and slashes.
    fn key(&mut self) -> Option<String> {
        let mut key = String::new();
        loop {
            let before = self.rest.len();
            key.push_str(&self.word("=./")?.to_ascii_lowercase());
            self.skip_space()?;
            match ['.', '/'].into_iter().find(|mark| self.take(*mark)) {
                Some(mark) => key.push(mark),
                None if self.rest.starts_with('=') || self.rest.len() < before => return Some(key),
                None => return None,
            }
            self.skip_space()?;
        }
    }

    fn take(&mut self, mark: char) -> bool {
        let rest = self.rest.strip_prefix(mark);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Space and comments, which nest (RFC 5322 §3.2.2).
    fn skip_space(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        let mut rest = self.rest.chars();
        loop {
            self.rest = rest.as_str();
            match rest.next() {
                Some('(') => depth = depth.saturating_add(1),
                Some(')') if depth > 0 => depth = depth.saturating_sub(1),
                Some('\\') if depth > 0 => drop(rest.next()),
                Some(_) if depth > 0 => {}
                Some(c) if c.is_ascii_whitespace() => {}
                None if depth > 0 => return None,
                _ => return Some(()),
            }
        }
    }

    /// A word up to space, a semicolon, a comment or one of these marks; a quoted string, with `@domain` after it where it
    /// is a local part. May be empty.
    fn word(&mut self, marks: &str) -> Option<String> {
        let mut word = String::new();
        if let Some(quoted) = self.rest.strip_prefix('"') {
            self.rest = quoted;
            word = self.quoted()?;
            if !self.rest.starts_with('@') {
                let ends = |c: char| c.is_ascii_whitespace() || ";(=".contains(c);
                let has_ended = self.rest.chars().next().is_none_or(ends);
                return has_ended.then_some(word);
            }
        }
        let ends = |c: char| c.is_ascii_whitespace() || ";()\"".contains(c) || marks.contains(c);
        let end = self.rest.find(ends).unwrap_or(self.rest.len());
        let (plain, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        word.push_str(plain);
        (!rest.starts_with([')', '"'])).then_some(word)
    }

    /// After the opening quote, up to behind the closing one.
    fn quoted(&mut self) -> Option<String> {
        let mut text = String::new();
        let mut rest = self.rest.chars();
        loop {
            match rest.next()? {
                '"' => break,
                '\\' => text.push(rest.next()?),
                c => text.push(c),
            }
        }
        self.rest = rest.as_str();
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::SenderVerdict::{Failed, Unknown, Verified};
    use super::*;

    const OURS: &str = "mx.a.example";

    fn of(fields: &[&str]) -> SenderVerdict {
        of_domain(fields, "mail.example")
    }

    fn of_domain(fields: &[&str], from: &str) -> SenderVerdict {
        let fields: Vec<String> = fields.iter().map(|field| (*field).to_owned()).collect();
        judge(
            &fields,
            &[OURS.to_owned(), "Other.A.example".to_owned()],
            from,
        )
    }

    fn all(expected: SenderVerdict, fields: &[&str]) {
        for field in fields {
            assert_eq!(of(&[field]), expected, "{field}");
        }
    }

    #[test]
    fn fields_as_mail_servers_write_them_verify_their_author() {
        all(
            Verified,
            &[
                // Gmail.
                "mx.a.example; dkim=pass header.i=@mail.example header.s=20230601 header.b=kN3+/aZ=; spf=pass (google.com: domain of carol@mail.example designates 2a00:1450::1 as permitted sender) smtp.mailfrom=carol@mail.example; dmarc=pass (p=NONE sp=QUARANTINE dis=NONE) header.from=mail.example; dara=pass header.i=@a.example",
                // Gmail, through a provider of bulk mail.
                "mx.a.example; dkim=pass header.i=@esp.example header.s=s1 header.b=Zm9v; spf=pass (google.com: domain of bounces+1-ab=a.example@em.esp.example designates 192.0.2.1 as permitted sender) smtp.mailfrom=\"bounces+1-ab=a.example@em.esp.example\"; dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=mail.example",
                // Outlook, where it writes an id.
                "mx.a.example; spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=mail.example; dkim=pass (signature was verified) header.d=mail.example;dmarc=pass action=none header.from=mail.example;compauth=pass reason=100",
                // OpenDKIM.
                "mx.a.example;\tdkim=pass (2048-bit key; unprotected) header.d=mail.example header.i=@mail.example header.a=rsa-sha256 header.s=mail header.b=\"abc+/==\";\tdkim-atps=neutral",
                "mx.a.example; dkim=pass (1024-bit key) header.i=carol@mail.example",
                // OpenDMARC.
                "mx.a.example; dmarc=pass (p=none dis=none) header.from=mail.example",
                "mx.a.example; dmarc=pass (p=reject dis=none) header.from=Mail.Example; spf=pass smtp.mailfrom=mail.example",
                // policyd-spf.
                "mx.a.example; spf=pass (sender SPF authorized) smtp.mailfrom=mail.example (client-ip=192.0.2.1; helo=mail.example; envelope-from=carol@mail.example; receiver=<UNKNOWN>)",
                // rspamd, and mailcow, which uses it.
                "mx.a.example; dkim=pass header.d=mail.example header.s=dkim header.b=QmFy; spf=pass (mx.a.example: domain of carol@mail.example designates 192.0.2.1 as permitted sender) smtp.mailfrom=carol@mail.example; dmarc=pass (policy=none) header.from=mail.example",
                "mx.a.example; dkim=none; dmarc=pass (policy=quarantine) header.from=mail.example; spf=pass (mx.a.example: domain of carol@mail.example designates 192.0.2.1 as permitted sender) smtp.mailfrom=carol@mail.example; auth=pass smtp.auth=carol@mail.example smtp.mailfrom=carol@mail.example",
                // Fastmail.
                "mx.a.example; bimi=skipped (DMARC Policy is not at enforcement); arc=none (no signatures found); dkim=pass (2048-bit rsa key sha256) header.d=mail.example header.i=@mail.example header.b=abcd1234 header.a=rsa-sha256 header.s=fm1 x-bits=2048; dmarc=pass policy.published-domain-policy=none policy.applied-disposition=none policy.evaluated-disposition=none (p=none,d=none,d.eval=none) policy.policy-from=p header.from=mail.example; iprev=pass smtp.remote-ip=192.0.2.1 (out.mail.example); spf=pass smtp.mailfrom=carol@mail.example smtp.helo=out.mail.example; x-aligned-from=pass (Address match); x-ptr=pass smtp.helo=out.mail.example policy.ptr=out.mail.example",
                // Yahoo, Exim, Courier's and mail.ru's ways.
                "mx.a.example; dkim=pass header.i=@mail.example header.s=selector1; spf=pass smtp.mailfrom=mail.example; dmarc=pass(p=REJECT) header.from=mail.example;",
                "mx.a.example; iprev=pass (out.mail.example) smtp.remote-ip=192.0.2.1; spf=pass smtp.mailfrom=mail.example; dkim=pass header.d=mail.example header.s=s header.a=rsa-sha256; dmarc=pass header.from=mail.example; arc=none",
                "mx.a.example; spf=pass SPF=MAILFROM smtp.mailfrom=<carol@mail.example>",
                "other.a.example 1; dkim=pass reason=\"good signature; really\" header.d=mail.example",
            ],
        );
    }

    #[test]
    fn the_whole_grammar_is_read() {
        all(
            Verified,
            &[
                "(hi) MX.A.EXAMPLE (there (nested) \\) ) 1 (v) ; (c) dkim (d) / (e) 1 (f) = (g) pass (h) header (i) . (j) d (k) = (l) mail.example (m)",
                "\"mx.a.example\"; DKIM=PASS HEADER.D=MAIL.EXAMPLE",
                "mx.a.example;;dkim=fail header.d=x.example; ; dkim=pass header.d=mail.example;",
                "mx.a.example; spf=pass smtp.mailfrom=\"a; dmarc=fail (\\\"\"@mail.example",
                "mx.a.example; dmarc=pass reason=\"a \\\"quoted; dmarc=fail\\\" word\" header.from=\"mail.example\"",
            ],
        );
        let field = parse("mx.a.example; spf=fail reason=\"no (such) host\" smtp.helo=x").unwrap();
        assert_eq!(field.authserv_id, OURS);
        let [finding] = field.findings.as_slice() else {
            panic!("{field:?}")
        };
        assert_eq!(finding.reason.as_deref(), Some("no (such) host"));
        assert_eq!(
            finding.properties,
            [("smtp.helo".to_owned(), "x".to_owned())]
        );
        assert_eq!(parse("mx.a.example; none").unwrap().findings, []);
    }

    #[test]
    fn who_signs_answers_for_the_domains_below_and_no_others() {
        let signed = |by: &str, from: &str| {
            of_domain(&[&format!("mx.a.example; dkim=pass header.d={by}")], from)
        };
        assert_eq!(signed("mail.example", "news.mail.example"), Verified);
        assert_eq!(signed("bücher.example", "xn--bcher-kva.example"), Verified);
        assert_eq!(signed("mail.example.", "mail.example"), Verified);
        for by in [
            "news.mail.example",
            "example",
            "ail.example",
            "evil.example",
            "mail.example.evil.example",
            "",
        ] {
            assert_eq!(signed(by, "mail.example"), Unknown, "{by}");
        }
        assert_eq!(signed("example", "example"), Unknown);
        let dmarc = "mx.a.example; dmarc=pass header.from=mail.example";
        assert_eq!(of_domain(&[dmarc], "news.mail.example"), Unknown);
    }

    #[test]
    fn what_failed_is_told_from_what_nobody_knows() {
        all(
            Failed,
            &[
                "mx.a.example; dmarc=fail (p=REJECT sp=REJECT dis=NONE) header.from=mail.example",
                "mx.a.example; dkim=pass header.d=mail.example; dmarc=fail header.from=mail.example",
                "mx.a.example; dmarc=fail (p=none dis=none) header.from=mail.example; spf=pass smtp.mailfrom=evil.example",
                "mx.a.example; dmarc=pass header.from=mail.example; dmarc=fail header.from=mail.example",
                "mx.a.example; dkim=fail reason=\"signature verification failed\" header.d=mail.example; spf=none",
                "mx.a.example; dkim=fail (body hash did not verify) header.d=mail.example; spf=softfail smtp.mailfrom=mail.example",
                "mx.a.example; spf=hardfail smtp.mailfrom=carol@mail.example",
                "mx.a.example; dkim=none; spf=fail (mx.a.example: domain of carol@mail.example does not designate 192.0.2.9) smtp.mailfrom=carol@mail.example; dmarc=none",
            ],
        );
        all(
            Unknown,
            &[
                "mx.a.example; none",
                "mx.a.example",
                "mx.a.example;",
                "mx.a.example; dkim=none (message not signed); spf=neutral smtp.mailfrom=mail.example",
                "mx.a.example; dkim=temperror header.d=mail.example; spf=none; dmarc=none",
                "mx.a.example; dkim=permerror (bad message/signature format)",
                "mx.a.example; spf=pass smtp.helo=mail.example",
                "mx.a.example; spf=pass smtp.mailfrom=; dkim=none",
                "mx.a.example; spf=pass smtp.mailfrom=<>",
                "mx.a.example; dkim=pass header.d=evil.example; spf=fail smtp.mailfrom=mail.example",
                "mx.a.example; auth=pass smtp.auth=carol@mail.example; arc=pass header.d=mail.example; iprev=pass",
                "mx.a.example; dmarc=bestguesspass action=none header.from=mail.example",
            ],
        );
    }

    #[test]
    fn a_forged_field_verifies_nothing() {
        all(
            Unknown,
            &[
                // Of somebody else.
                "mx.evil.example; dmarc=pass header.from=mail.example",
                "x.mx.a.example; dmarc=pass header.from=mail.example",
                "mx.a.example.evil.example; dmarc=pass header.from=mail.example",
                "mx.a.exampl; dmarc=pass header.from=mail.example",
                "mx.a.example:25; dmarc=pass header.from=mail.example",
                "evil.example (mx.a.example); dmarc=pass header.from=mail.example",
                "evil.example mx.a.example; dmarc=pass header.from=mail.example",
                "(mx.a.example; evil.example; dmarc=pass header.from=mail.example",
                "\"mx.a.example evil\"; dmarc=pass header.from=mail.example",
                "; dmarc=pass header.from=mail.example",
                // Outlook writes no id.
                "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=mail.example; dkim=pass header.d=mail.example;dmarc=pass action=none header.from=mail.example",
                // Of another version.
                "mx.a.example 2; dmarc=pass header.from=mail.example",
                "mx.a.example 1 2; dmarc=pass header.from=mail.example",
                "mx.a.example; dmarc/2=pass header.from=mail.example",
                // About another domain.
                "mx.a.example; dmarc=pass header.from=evil.example",
                "mx.a.example; dmarc=pass header.from=mail.example.evil.example",
                "mx.a.example; dmarc=pass header.from=mail.example@evil.example",
                "mx.a.example; dmarc=pass header.from=evil.example header.from=mail.example",
                "mx.a.example; dmarc=pass smtp.mailfrom=mail.example",
                "mx.a.example; dmarc=pass",
                "mx.a.example; spf=pass smtp.mailfrom=\"carol@mail.example\"@evil.example",
                "mx.a.example; spf=pass smtp.mailfrom=\"x; dmarc=pass header.from=mail.example\"@evil.example",
                "mx.a.example; dkim=pass header.d=evil.example header.i=@mail.example",
                // Words that are not what they look like.
                "mx.a.example; x=pass (dmarc=pass header.from=mail.example)",
                "mx.a.example; x=pass reason=\"; dmarc=pass header.from=mail.example\"",
                "mx.a.example; dmarc=pas(s) header.from=mail.example",
                "mx.a.example; dmarc=pass evil header.from=mail.example",
                "mx.a.example; xdmarc=pass header.from=mail.example",
                // Unreadable.
                "mx.a.example; dmarc=pass header.from=mail.example (",
                "mx.a.example; dmarc=pass header.from=mail.example)",
                "mx.a.example; dmarc=pass header.from=mail.example; x=\"",
                "mx.a.example; dmarc=pass header.from=a\"mail.example\"",
                "mx.a.example; dmarc=pass header.from=\"mail.example\"x",
            ],
        );
    }

    #[test]
    fn only_the_topmost_field_of_ours_counts() {
        let pass = "mx.a.example; dmarc=pass header.from=mail.example";
        let fail = "mx.a.example; dmarc=fail header.from=mail.example";
        let foreign = "mx.evil.example; dmarc=pass header.from=mail.example";
        assert_eq!(of(&[]), Unknown);
        assert_eq!(of(&[fail, pass]), Failed);
        assert_eq!(of(&[pass, fail]), Verified);
        assert_eq!(of(&[foreign, fail]), Failed);
        assert_eq!(of(&["no id =", foreign, pass]), Verified);
        for nothing in [
            "mx.a.example; none",
            "mx.a.example 7; x",
            "mx.a.example; (",
            "other.a.example",
        ] {
            assert_eq!(of(&[nothing, pass]), Unknown, "{nothing}");
        }
        assert_eq!(judge(&[pass.to_owned()], &[], "mail.example"), Unknown);
    }

    #[test]
    fn whom_nobody_can_name_has_failed() {
        let verdict = |header: &str| {
            let mail = format!(
                "Authentication-Results: mx.a.example;\r\n\tdmarc=pass header.from=mail.example\r\n{header}\r\n\r\nx\r\n"
            );
            let mail = crate::core::from_mail::read(mail.as_bytes(), &[], false).unwrap();
            super::verdict(&mail, &[OURS.to_owned()])
        };
        assert_eq!(verdict("From: Carol <carol@mail.example>"), Verified);
        assert_eq!(
            verdict("From: \"carol@mail.example\" <eve@evil.example>"),
            Unknown
        );
        assert_eq!(
            verdict("From: eve@evil.example (carol@mail.example)"),
            Unknown
        );
        for header in [
            "To: a@b.example",
            "From: carol@mail.example\r\nFrom: eve@evil.example",
            "From: carol@mail.example, eve@evil.example",
            "From: <carol@mail.example> <eve@evil.example>",
            "From: friends:;",
        ] {
            assert_eq!(verdict(header), Failed, "{header}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_field_is_too_hostile(field in ".*", bytes: Vec<u8>, of_marks in "[;=.()\"\\\\/ @a1]{0,60}") {
            for text in [field.as_str(), &String::from_utf8_lossy(&bytes), &of_marks] {
                parse(text);
                let forged = format!("mx.evil.example; {text}");
                proptest::prop_assert_eq!(of(&[text, &forged]), Unknown);
                of(&[&format!("mx.a.example; dmarc=pass header.from=mail.example {text}")]);
            }
        }
    }
}
