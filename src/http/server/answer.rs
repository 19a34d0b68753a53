//! A request becomes an answer.

use super::body::{Body, FilePart};
use super::{ServedMail, body};
use crate::core::id::OriginalId;
use crate::core::language::Language;
use crate::core::{file, from_mail, page};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};
use std::io;
use url::Url;

/// What a person reads where there is nothing, or nothing any more.
pub(super) const NOT_FOUND: &str =
    "There is no mail here, or it is gone: such pages are kept for some days only.\n";
/// What a person reads who has the address of no mail; and what `stanzamail check` looks for.
pub const ABOUT: &str = "Here are mails for whoever has the address of one.\n";
/// RFC 8187 §3.2.1, `attr-char`.
const NOT_IN_NAMES: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// RFC 6266 §4.2.
const SAVED: &str = "attachment";
const SHOWN: &str = "inline";
/// What the frame may do: open links in tabs of their own.
const FRAME: &str = "sandbox allow-popups allow-popups-to-escape-sandbox";

/// What somebody wants to see.
pub(super) struct PageRequest {
    pub id: OriginalId,
    what: What,
    language: Language,
    /// RFC 9110 §14.2: the first and the last octet.
    range: Option<(Option<u64>, Option<u64>)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Page {
        is_remote: bool,
    },
    Document {
        is_remote: bool,
    },
    Part(usize),
    Mail,
    /// A file of its own, called so.
    File(String),
}

/// An answer.
pub(super) struct PageResponse {
    status: StatusCode,
    fields: Vec<(HeaderName, HeaderValue)>,
    content: ResponseContent,
}

/// What stands below its header.
enum ResponseContent {
    Octets(Vec<u8>),
    /// Read while it is sent.
    File(FilePart),
}

/// The path of an address, without a slash at its end.
pub(super) fn path_of(url: &str) -> String {
    let url = Url::parse(url).ok();
    let path = url.map(|url| url.path().to_owned()).unwrap_or_default();
    path.trim_end_matches('/').to_owned()
}

/// The language of who asks (RFC 9110 §12.5.4); this one where that says none that is spoken here.
pub(super) fn language_of<B>(request: &Request<B>, otherwise: Language) -> Language {
    let accepted = request.headers().get(header::ACCEPT_LANGUAGE);
    let accepted = accepted.and_then(|field| Language::accepted(field.to_str().ok()?));
    accepted.unwrap_or(otherwise)
}

impl PageRequest {
    /// What a request asks for.
    ///
    /// # Errors
    /// The answer to one that asks for no mail.
    pub(super) fn of<B>(
        request: &Request<B>,
        prefix: &str,
        language: Language,
    ) -> Result<Self, PageResponse> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Err(PageResponse::not_allowed());
        }
        let uri = request.uri();
        let path = uri.path();
        let path = path.strip_prefix(prefix).unwrap_or(path);
        if path == "/m/" {
            return Err(PageResponse::plain(StatusCode::OK, ABOUT));
        }
        let is_remote = uri.query() == Some("remote");
        let (id, what) = asked(path, is_remote).ok_or_else(PageResponse::not_found)?;
        let range = range(request.headers());
        Ok(Self {
            id,
            what,
            language,
            range,
        })
    }

    /// The name of the mail, or of the file.
    pub(super) fn id(&self) -> &OriginalId {
        &self.id
    }

    /// Whether it is a file of its own, and no mail.
    pub(super) fn is_file(&self) -> bool {
        matches!(self.what, What::File(_))
    }

    /// The answer, by what is there; `None` where it has no such part. `base` is the address below which its parts lie. Blocks.
    ///
    /// # Errors
    /// [`io::Error`]: it cannot be read.
    pub(super) fn answer(
        &self,
        mut mail: ServedMail,
        base: &str,
    ) -> io::Result<Option<PageResponse>> {
        let until = mail.until;
        Ok(match &self.what {
            What::Page { is_remote } => {
                let raw = mail.read()?;
                let html = page::page(self.language, &raw, &self.id, until, *is_remote);
                Some(PageResponse::html(html, &policy_of_page()))
            }
            What::Document { is_remote } => {
                let html = page::document(&mail.read()?);
                html.map(|html| PageResponse::html(html, &policy_of_document(base, *is_remote)))
            }
            What::Part(place) => {
                let file = page::file(&mail.read()?, *place);
                file.map(|file| {
                    let media_type = served_as(&file.media_type);
                    let content = ResponseContent::Octets(file.octets);
                    PageResponse::file(&file.name, SAVED, media_type, content).part(self.range)
                })
            }
            What::Mail => {
                let content = ResponseContent::File(FilePart::all(mail));
                let answer = PageResponse::file("mail.eml", SAVED, "message/rfc822", content);
                Some(answer.part(self.range))
            }
            What::File(name) => {
                let media_type = file::media_type(&mail.beginning()?, "");
                let media_type = served_as(&media_type);
                let content = ResponseContent::File(FilePart::all(mail));
                let mut answer = PageResponse::file(name, how(media_type), media_type, content);
                // Clients in a browser fetch it, too; there is no login that they could use.
                answer.field(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
                Some(answer.part(self.range))
            }
        })
    }
}

/// The name of a mail and what of it is wanted.
fn asked(path: &str, is_remote: bool) -> Option<(OriginalId, What)> {
    if let Some(file) = path.strip_prefix("/f/") {
        let (id, name) = file.split_once('/')?;
        let name = percent_decode_str(name).decode_utf8_lossy();
        let name = from_mail::file_name(&name)?;
        return Some((OriginalId::parse(id)?, What::File(name)));
    }
    let mut pieces = path.strip_prefix("/m/")?.split('/');
    let id = OriginalId::parse(pieces.next()?)?;
    let what = match (pieces.next(), pieces.next(), pieces.next()) {
        (None, None, None) => What::Page { is_remote },
        (Some("html"), None, None) => What::Document { is_remote },
        (Some("mail.eml"), None, None) => What::Mail,
        (Some("part"), Some(place), None) => What::Part(number(place)?),
        _ => return None,
    };
    Some((id, what))
}

/// Of a part.
fn number(text: &str) -> Option<usize> {
    let is_plain = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

/// Types that browsers show as what they are and nothing else; all others are only saved.
fn served_as(media_type: &str) -> &str {
    match media_type {
        "image/png" | "image/jpeg" | "image/gif" | "image/webp" | "application/pdf" => media_type,
        other if other.starts_with("audio/") || other.starts_with("video/") => other,
        _ => "application/octet-stream",
    }
}

/// Pictures, sounds and films are shown; all else is saved.
fn how(media_type: &str) -> &'static str {
    let is_shown = ["image/", "audio/", "video/"]
        .iter()
        .any(|family| media_type.starts_with(family));
    if is_shown { SHOWN } else { SAVED }
}

/// One range of octets; several, and one that is about something else (`If-Range`), are not looked at (RFC 9110 §14.2).
fn range(fields: &HeaderMap) -> Option<(Option<u64>, Option<u64>)> {
    if fields.contains_key(header::IF_RANGE) {
        return None;
    }
    let range = fields.get(header::RANGE)?.to_str().ok()?;
    let (first, last) = range.trim().strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| match text {
        "" => Some(None),
        text if text.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok().map(Some),
        _ => None,
    };
    let range = (number(first.trim())?, number(last.trim())?);
    (range != (None, None)).then_some(range)
}

/// Of so many octets: the first of a range and the one behind its last. `None`: there are none of these.
fn within(range: (Option<u64>, Option<u64>), length: u64) -> Option<(u64, u64)> {
    let (start, end) = match range {
        (Some(first), last) => {
            let behind = last.map_or(length, |last| last.saturating_add(1));
            (first, behind.min(length))
        }
        (None, last) => (length.saturating_sub(last?), length),
    };
    (start < end).then_some((start, end))
}

/// Nothing but its own looks, and the frame.
fn policy_of_page() -> String {
    let style = STANDARD.encode(Sha256::digest(page::STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

/// Nothing but the looks and pictures that are in the mail; of pictures from elsewhere all that are encrypted on their way, where
/// they are asked for.
fn policy_of_document(base: &str, is_remote: bool) -> String {
    let elsewhere = if is_remote { " https:" } else { "" };
    format!(
        "{FRAME}; default-src 'none'; style-src 'unsafe-inline'; img-src {base}/part/ data:{elsewhere}; font-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
}

impl PageResponse {
    fn new(status: StatusCode, media_type: &str, content: ResponseContent) -> Self {
        let mut answer = Self {
            status,
            fields: Vec::new(),
            content,
        };
        answer.field(header::CONTENT_TYPE, media_type);
        answer.field(header::CACHE_CONTROL, "private, no-store");
        answer.field(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        answer.field(header::REFERRER_POLICY, "no-referrer");
        let robots = HeaderName::from_static("x-robots-tag");
        answer.field(robots, "noindex, nofollow, noarchive");
        answer.field(header::X_DNS_PREFETCH_CONTROL, "off");
        answer
    }

    /// What cannot stand in a header is left out: nothing here is anybody's words but the names of files, which are encoded.
    fn field(&mut self, name: HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.fields.push((name, value));
        }
    }

    fn plain(status: StatusCode, text: &str) -> Self {
        let content = ResponseContent::Octets(text.into());
        let mut answer = Self::new(status, "text/plain; charset=utf-8", content);
        answer.field(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox",
        );
        answer
    }

    /// There is nothing, or nothing any more.
    pub(super) fn not_found() -> Self {
        Self::plain(StatusCode::NOT_FOUND, NOT_FOUND)
    }

    fn not_allowed() -> Self {
        let text = "Mails can only be looked at here.\n";
        let mut answer = Self::plain(StatusCode::METHOD_NOT_ALLOWED, text);
        answer.field(header::ALLOW, "GET, HEAD");
        // A body that nobody reads may follow.
        answer.field(header::CONNECTION, "close");
        answer
    }

    /// Too much is under way.
    pub(super) fn busy() -> Self {
        let text = "Too much is asked for at the moment; try again in a minute.\n";
        let mut answer = Self::plain(StatusCode::SERVICE_UNAVAILABLE, text);
        answer.field(header::RETRY_AFTER, "60");
        answer
    }

    /// Longer than anything that one asks for here.
    pub(super) fn too_long() -> Self {
        Self::plain(StatusCode::URI_TOO_LONG, "That is too long.\n")
    }

    pub(super) fn html(html: String, policy: &str) -> Self {
        let content = ResponseContent::Octets(html.into());
        let mut answer = Self::new(StatusCode::OK, "text/html; charset=utf-8", content);
        answer.field(header::CONTENT_SECURITY_POLICY, policy);
        answer
    }

    fn file(name: &str, how: &str, media_type: &str, content: ResponseContent) -> Self {
        let mut answer = Self::new(StatusCode::OK, media_type, content);
        answer.field(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox",
        );
        answer.field(header::CONTENT_DISPOSITION, &disposition(how, name));
        answer.field(header::ACCEPT_RANGES, "bytes");
        answer
    }

    /// A part of a file, where one is asked for.
    fn part(mut self, range: Option<(Option<u64>, Option<u64>)>) -> Self {
        let Some(range) = range else { return self };
        let length = self.content.octets();
        match within(range, length) {
            Some((start, end)) => {
                self.content.cut(start, end);
                self.status = StatusCode::PARTIAL_CONTENT;
                let last = end.saturating_sub(1);
                self.field(
                    header::CONTENT_RANGE,
                    &format!("bytes {start}-{last}/{length}"),
                );
                self
            }
            None => {
                let status = StatusCode::RANGE_NOT_SATISFIABLE;
                let mut answer = Self::plain(status, "It has fewer octets.\n");
                answer.field(header::CONTENT_RANGE, &format!("bytes */{length}"));
                answer
            }
        }
    }

    /// What of it is in memory until it is sent, in octets.
    pub(super) fn room(&self) -> usize {
        match &self.content {
            ResponseContent::Octets(octets) => octets.len(),
            ResponseContent::File(_) => body::AT_ONCE,
        }
    }

    /// For the wire. `held` is dropped when all of it is sent, or nobody wants it any more.
    pub(super) fn into_response<H: Send + Sync + 'static>(mut self, held: H) -> Response<Body> {
        let octets = self.content.octets();
        self.field(header::CONTENT_LENGTH, &octets.to_string());
        let mut response = Response::new(match self.content {
            ResponseContent::Octets(octets) => body::of_octets(octets, held),
            ResponseContent::File(part) => body::of_file(part, held),
        });
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.fields);
        response
    }
}

impl ResponseContent {
    fn octets(&self) -> u64 {
        match self {
            Self::Octets(octets) => u64::try_from(octets.len()).unwrap_or(u64::MAX),
            Self::File(part) => part.length,
        }
    }

    /// From the first octet up to the one before `end`; there are as many.
    fn cut(&mut self, start: u64, end: u64) {
        match self {
            Self::Octets(octets) => {
                let place = |place: u64| usize::try_from(place).unwrap_or(usize::MAX);
                octets.truncate(place(end));
                octets.drain(..place(start).min(octets.len()));
            }
            Self::File(part) => {
                part.start = part.start.saturating_add(start);
                part.length = end.saturating_sub(start);
            }
        }
    }
}

/// RFC 6266 §4.3: for programs that know no encoding, too.
fn disposition(how: &str, name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '-' | '_');
    let plain: String = name
        .chars()
        .map(|c| if is_plain(c) { c } else { '_' })
        .collect();
    let encoded = utf8_percent_encode(name, NOT_IN_NAMES);
    format!("{how}; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_of_these_or_nothing() {
        const ID: &str = "0123456789abcdef0123456789abcdef";
        let of = |path: &str| asked(path, false).map(|(_, what)| what);
        let page = What::Page { is_remote: false };
        assert_eq!(of(&format!("/m/{ID}")), Some(page));
        let document = What::Document { is_remote: false };
        assert_eq!(of(&format!("/m/{ID}/html")), Some(document));
        assert_eq!(of(&format!("/m/{ID}/mail.eml")), Some(What::Mail));
        assert_eq!(of(&format!("/m/{ID}/part/12")), Some(What::Part(12)));
        for (path, name) in [
            ("a%20b.png", "a b.png"),
            ("..%2f..%2fx", "x"),
            ("%22.x", "_.x"),
        ] {
            let file = What::File(name.to_owned());
            assert_eq!(of(&format!("/f/{ID}/{path}")), Some(file), "{path}");
        }
        assert_eq!(of(&format!("/f/{ID}")), None);
        assert_eq!(of(&format!("/f/{ID}/..")), None);
        for bad in [
            "",
            "/",
            "/m",
            "/m/",
            "/m/0123",
            &format!("/m/{}", ID.to_uppercase()),
            &format!("/m/{ID}/"),
            &format!("/m/{ID}/part"),
            &format!("/m/{ID}/part/"),
            &format!("/m/{ID}/part/-1"),
            &format!("/m/{ID}/part/+1"),
            &format!("/m/{ID}/part/99999999999999999999"),
            &format!("/m/{ID}/part/1/2"),
            &format!("/m/{ID}/html/x"),
            &format!("/m/../m/{ID}"),
            &format!("/m/{ID}%2fhtml"),
            &format!("//m/{ID}"),
        ] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_range_is_what_rfc_9110_says() {
        let of = |text: &'static str| {
            let mut fields = HeaderMap::new();
            fields.insert(header::RANGE, HeaderValue::from_static(text));
            range(&fields).map(|range| within(range, 10))
        };
        for (text, expected) in [
            ("bytes=0-3", Some(Some((0, 4)))),
            ("bytes=4-", Some(Some((4, 10)))),
            ("bytes=-3", Some(Some((7, 10)))),
            ("bytes=-30", Some(Some((0, 10)))),
            ("bytes=0-99999999999", Some(Some((0, 10)))),
            ("bytes=10-", Some(None)),
            ("bytes=5-4", Some(None)),
            ("bytes=-0", Some(None)),
            ("bytes=-", None),
            ("bytes=0-1,3-4", None),
            ("bytes=x-", None),
            ("bytes=+1-2", None),
            ("octets=0-3", None),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
        // A part of what is there now does not fit to what the client has of before.
        let mut fields = HeaderMap::new();
        fields.insert(header::RANGE, HeaderValue::from_static("bytes=0-3"));
        fields.insert(header::IF_RANGE, HeaderValue::from_static("\"before\""));
        assert_eq!(range(&fields), None);
    }

    #[test]
    fn the_name_of_a_file_adds_nothing_to_the_header() {
        assert_eq!(
            disposition(SAVED, "a\"; x=\r\nSet-Cookie: 1/ü.html"),
            "attachment; filename=\"a__ x___Set-Cookie_ 1__.html\"; filename*=UTF-8''a%22%3B%20x%3D%0D%0ASet-Cookie%3A%201%2F%C3%BC.html"
        );
    }

    #[test]
    fn the_path_of_a_public_address_may_be_in_front() {
        for (url, prefix) in [
            ("https://mail.example.org", ""),
            ("https://mail.example.org/", ""),
            ("https://example.org/mails/", "/mails"),
        ] {
            assert_eq!(path_of(url), prefix);
        }
    }
}
