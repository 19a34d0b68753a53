//! The upload service of an XMPP server: found by service discovery (XEP-0030), asked for a place for each file (XEP-0363).

use crate::core::file::{self, NotHosted};
use crate::core::text::clean;
use crate::core::xml::{Build, empty};
use crate::http;
use crate::xmpp::{Link, Question, SendError};
use minidom::Element;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use xmpp_parsers::ns;

/// XEP-0363.
const UPLOAD: &str = "urn:xmpp:http:upload:0";
/// How long a server may take for an answer. ejabberd gives none where mod_privilege is loaded.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// Services of a server that are asked what they are.
const ITEMS_MAX: usize = 50;
/// For how long a service that was found is not looked for again, and one that was not.
const FOUND_FOR: Duration = Duration::from_secs(600);
const MISSING_FOR: Duration = Duration::from_secs(60);
/// Servers that are remembered.
const SERVERS_MAX: usize = 100;
/// Header fields of a slot that are looked at, and the octets of each.
const FIELDS_MAX: usize = 10;
const FIELD_OCTETS_MAX: usize = 8 * 1024;

/// Who takes files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Service {
    jid: String,
    /// The most that it takes, in octets, where it says so.
    pub octets_max: Option<u64>,
}

/// A place for a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UploadSlot {
    pub put: String,
    pub get: String,
    pub fields: Vec<(String, String)>,
}

/// The services of all servers that were asked.
pub(super) struct Services {
    link: Link,
    found: Mutex<BTreeMap<String, FoundService>>,
    /// Where files lie that are put there, by the server.
    origins: Mutex<BTreeMap<String, UploadOrigin>>,
}

#[derive(Clone)]
struct UploadOrigin {
    until: Instant,
    origin: Option<String>,
}

#[derive(Clone)]
struct FoundService {
    until: Instant,
    service: Option<Arc<Service>>,
}

impl Services {
    pub(super) fn new(link: Link) -> Self {
        Self {
            link,
            found: Mutex::default(),
            origins: Mutex::default(),
        }
    }

    /// Where files lie that are put at the upload service of a server: what a place for a small one says.
    pub(super) async fn origin(&self, server: &str) -> Option<String> {
        let origins = || self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        let known = origins().get(server).cloned();
        if let Some(known) = known.filter(|known| Instant::now() < known.until) {
            return known.origin;
        }
        let service = self.of(server).await.ok()??;
        let gateway = self.link.domain();
        let slot = service
            .slot(&self.link, gateway, ("a.txt", 1, "text/plain"))
            .await;
        let origin = match slot {
            Ok(slot) => http::origin(&slot.get),
            Err(No::Not(_)) => None,
            Err(No::Cut) => return None,
        };
        let lasts = match origin {
            Some(_) => FOUND_FOR,
            None => MISSING_FOR,
        };
        let mut origins = origins();
        if origins.len() >= SERVERS_MAX {
            origins.clear();
        }
        let known = UploadOrigin {
            until: Instant::now() + lasts,
            origin: origin.clone(),
        };
        origins.insert(server.to_owned(), known);
        origin
    }

    fn found(&self) -> MutexGuard<'_, BTreeMap<String, FoundService>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, server: &str) -> Option<FoundService> {
        let found = self.found().get(server).cloned();
        found.filter(|found| Instant::now() < found.until)
    }

    pub(super) fn is_known_to_be_missing(&self, server: &str) -> bool {
        self.known(server)
            .is_some_and(|found| found.service.is_none())
    }

    /// The upload service of a server; `None` where it has none, or does not say.
    ///
    /// # Errors
    /// [`Disconnected`]: it is not known.
    pub(super) async fn of(&self, server: &str) -> Result<Option<Arc<Service>>, Disconnected> {
        if let Some(found) = self.known(server) {
            return Ok(found.service);
        }
        let service = look(&self.link, server).await?.map(Arc::new);
        let lasts = match service {
            Some(_) => FOUND_FOR,
            None => MISSING_FOR,
        };
        let mut all = self.found();
        if all.len() >= SERVERS_MAX {
            all.clear();
        }
        all.insert(
            server.to_owned(),
            FoundService {
                until: Instant::now() + lasts,
                service: service.clone(),
            },
        );
        Ok(service)
    }
}

/// The stream to the XMPP server broke, or was not there: nobody was asked, or nobody heard the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Disconnected;

/// Why there is no answer that helps.
pub(super) enum No {
    Cut,
    Not(NotHosted),
}

impl No {
    /// What somebody answers, or fails to answer, is not what was looked for.
    fn of_one(self) -> Result<(), Disconnected> {
        match self {
            Self::Cut => Err(Disconnected),
            Self::Not(_) => Ok(()),
        }
    }
}

/// The server itself, as Prosody with `modules_enabled`, or one of its services.
async fn look(link: &Link, server: &str) -> Result<Option<Service>, Disconnected> {
    let gateway = link.domain();
    if let Some(service) = described(link, gateway, server).await? {
        return Ok(Some(service));
    }
    let items = match ask(link, gateway, server, empty("query", ns::DISCO_ITEMS)).await {
        Ok(items) => items,
        Err(no) => return no.of_one().map(|()| None),
    };
    let items = items.get_child("query", ns::DISCO_ITEMS);
    for item in items
        .into_iter()
        .flat_map(Element::children)
        .take(ITEMS_MAX)
    {
        let jid = item.attr("jid").unwrap_or_default();
        if jid != gateway
            && let Some(service) = described(link, gateway, jid).await?
        {
            return Ok(Some(service));
        }
    }
    Ok(None)
}

/// What somebody says of itself, if it takes files.
async fn described(link: &Link, gateway: &str, jid: &str) -> Result<Option<Service>, Disconnected> {
    match ask(link, gateway, jid, empty("query", ns::DISCO_INFO)).await {
        Ok(answer) => {
            let info = answer.get_child("query", ns::DISCO_INFO);
            Ok(info.and_then(|info| service_of(jid, info)))
        }
        Err(no) => no.of_one().map(|()| None),
    }
}

fn service_of(jid: &str, info: &Element) -> Option<Service> {
    let is_upload =
        |child: &Element| child.name() == "feature" && child.attr("var") == Some(UPLOAD);
    info.children().any(is_upload).then(|| Service {
        jid: jid.to_owned(),
        octets_max: octets_max(info),
    })
}

/// From its form (XEP-0128).
fn octets_max(info: &Element) -> Option<u64> {
    let fields = info
        .children()
        .filter(|child| child.is("x", ns::DATA_FORMS));
    let mut fields = fields.flat_map(Element::children);
    let field = fields.find(|field| field.attr("var") == Some("max-file-size"))?;
    field
        .get_child("value", ns::DATA_FORMS)?
        .text()
        .trim()
        .parse()
        .ok()
}

async fn ask(link: &Link, from: &str, to: &str, payload: Element) -> Result<Element, No> {
    let question = Question {
        from: from.to_owned(),
        to: to.to_owned(),
        payload,
    };
    let answer = link.ask(question, ANSWER_LIMIT).await;
    let answer = answer.map_err(|error| match error {
        SendError::Offline | SendError::Lost => No::Cut,
        SendError::NoAnswer(_) => No::Not(NotHosted::Silent),
    })?;
    match answer.attr("type") {
        Some("result") => Ok(answer),
        _ => Err(No::Not(refusal(&answer))),
    }
}

/// What an error says (XEP-0363 §5.1).
fn refusal(answer: &Element) -> NotHosted {
    let Some(error) = answer.children().find(|child| child.name() == "error") else {
        return NotHosted::Refused("without a reason".to_owned());
    };
    if let Some(too_large) = error.get_child("file-too-large", UPLOAD) {
        let max = too_large.get_child("max-file-size", UPLOAD);
        return NotHosted::TooLarge(max.and_then(|max| max.text().trim().parse().ok()));
    }
    let text = error.get_child("text", ns::XMPP_STANZAS).map(Element::text);
    let condition = error
        .children()
        .find(|child| child.has_ns(ns::XMPP_STANZAS));
    let words = text.filter(|text| !text.trim().is_empty());
    let words = words.or_else(|| condition.map(|condition| condition.name().to_owned()));
    let words = words.unwrap_or_else(|| "without a reason".to_owned());
    NotHosted::Refused(clean::for_header(
        &words,
        crate::core::limits::REPLY_TEXT_CHARS_MAX,
    ))
}

impl Service {
    pub(super) fn jid(&self) -> &str {
        &self.jid
    }

    /// A place for a file of this name, this many octets and this media type. Asked for by the contact: what Prosody counts
    /// as used is counted for each who asks.
    ///
    /// # Errors
    /// [`No`]: it is not known whether there is one; or why there is none.
    pub(super) async fn slot(
        &self,
        link: &Link,
        contact: &str,
        (name, octets, media_type): (&str, usize, &str),
    ) -> Result<UploadSlot, No> {
        let request = Build::new("request", UPLOAD)
            .attr("filename", name)
            .attr("size", &octets.to_string())
            .attr("content-type", media_type)
            .done();
        match ask(link, contact, &self.jid, request).await {
            Ok(answer) => {
                let unread = || NotHosted::Refused("its answer is not understood".to_owned());
                slot_of(&answer).ok_or_else(|| No::Not(unread()))
            }
            Err(No::Cut) => Err(No::Cut),
            Err(No::Not(why)) => {
                tracing::warn!(
                    service = self.jid,
                    ?why,
                    "the upload service gave no slot for a file"
                );
                Err(No::Not(why))
            }
        }
    }
}

fn slot_of(answer: &Element) -> Option<UploadSlot> {
    let slot = answer.get_child("slot", UPLOAD)?;
    let put = slot.get_child("put", UPLOAD)?;
    let fields = put.children().filter(|child| child.is("header", UPLOAD));
    let fields = fields.take(FIELDS_MAX).filter_map(|field| {
        let (name, value) = (field.attr("name")?.to_owned(), field.text());
        (value.len() <= FIELD_OCTETS_MAX).then_some((name, value))
    });
    Some(UploadSlot {
        put: file::url(put.attr("url")?)?,
        get: file::url(slot.get_child("get", UPLOAD)?.attr("url")?)?,
        fields: fields.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(xml: &str) -> Element {
        xml.parse().unwrap()
    }

    #[test]
    fn a_slot_is_read_and_what_is_none_is_none() {
        let slot = |put: &str, get: &str| {
            let xml = format!(
                "<iq xmlns='jabber:component:accept' type='result'><slot xmlns='{UPLOAD}'><put url='{put}'><header name='Authorization'>Bearer x</header></put><get url='{get}'/></slot></iq>"
            );
            slot_of(&element(&xml))
        };
        let found = slot("https://u.a.example/p", "https://u.a.example/g").unwrap();
        assert_eq!(found.put, "https://u.a.example/p");
        assert_eq!(found.get, "https://u.a.example/g");
        assert_eq!(
            found.fields,
            [("Authorization".to_owned(), "Bearer x".to_owned())]
        );
        assert_eq!(slot("file:///etc/passwd", "https://u.a.example/g"), None);
        assert_eq!(slot("https://u.a.example/p", "x"), None);
    }

    #[test]
    fn each_refusal_says_what_it_is() {
        let refused = |inside: &str| {
            let xml = format!(
                "<iq xmlns='jabber:component:accept' type='error'><error>{inside}</error></iq>"
            );
            refusal(&element(&xml))
        };
        let stanzas = ns::XMPP_STANZAS;
        assert_eq!(
            refused(&format!(
                "<not-acceptable xmlns='{stanzas}'/><file-too-large xmlns='{UPLOAD}'><max-file-size>20000</max-file-size></file-too-large>"
            )),
            NotHosted::TooLarge(Some(20000))
        );
        assert_eq!(
            refused(&format!("<forbidden xmlns='{stanzas}'/>")),
            NotHosted::Refused("forbidden".to_owned())
        );
        assert_eq!(
            refused(&format!(
                "<resource-constraint xmlns='{stanzas}'/><text xmlns='{stanzas}'>Quota\nreached</text>"
            )),
            NotHosted::Refused("Quota reached".to_owned())
        );
        assert_eq!(
            refused(""),
            NotHosted::Refused("without a reason".to_owned())
        );
    }

    #[test]
    fn a_service_is_one_that_says_so() {
        let info = |inside: &str| {
            element(&format!(
                "<query xmlns='{}'>{inside}</query>",
                ns::DISCO_INFO
            ))
        };
        let feature = format!("<feature var='{UPLOAD}'/>");
        let form = "<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE'><value>urn:xmpp:http:upload:0</value></field><field var='max-file-size'><value>10485760</value></field></x>";
        let service = service_of("u.a.example", &info(&format!("{feature}{form}"))).unwrap();
        assert_eq!(service.octets_max, Some(10_485_760));
        assert_eq!(
            service_of("u.a.example", &info(&feature))
                .unwrap()
                .octets_max,
            None
        );
        assert_eq!(service_of("u.a.example", &info(form)), None);
    }
}
