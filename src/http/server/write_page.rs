//! The page on which somebody types a mail address, and gets the JID by which a chat program reaches it.

use super::answer::PageResponse;
use crate::core::language::Language;
use crate::core::page::write;
pub use crate::core::page::write::WritePage;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::{Method, Request};
use sha2::{Digest, Sha256};
use url::form_urlencoded;

/// Below the public address.
const PATH: &str = "/write";
/// What stands behind the path, in octets: an address of [`write::ADDRESS_OCTETS_MAX`], each octet of it encoded, and the name.
const QUERY_OCTETS_MAX: usize = 2048;

/// Somebody who wants to see it.
pub(super) struct AddressFormRequest {
    language: Language,
    /// `None`: nothing was typed. `Err`: too much.
    typed: Result<Option<String>, ()>,
}

impl AddressFormRequest {
    /// `None`: it asks for another page, or wants more than to look.
    pub(super) fn of<B>(request: &Request<B>, prefix: &str, language: Language) -> Option<Self> {
        let is_looking = matches!(*request.method(), Method::GET | Method::HEAD);
        let path = request.uri().path();
        let path = path.strip_prefix(prefix).unwrap_or(path);
        if !is_looking || path != PATH {
            return None;
        }
        let query = request.uri().query().unwrap_or_default();
        let typed = || {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            let (_, typed) = pairs.find(|(name, _)| name == "address")?;
            Some(typed.into_owned())
        };
        Some(Self {
            language,
            typed: match query.len() {
                0..=QUERY_OCTETS_MAX => Ok(typed()),
                _ => Err(()),
            },
        })
    }

    /// The page.
    pub(super) fn answer(&self, page: &WritePage) -> PageResponse {
        match &self.typed {
            Ok(typed) => {
                let html = write::page(self.language, page, typed.as_deref());
                PageResponse::html(html, &policy())
            }
            Err(()) => PageResponse::too_long(),
        }
    }
}

/// Nothing but its own looks, and its own form.
fn policy() -> String {
    let style = STANDARD.encode(Sha256::digest(write::style()));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}
