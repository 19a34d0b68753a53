//! The component: by the gateway that runs with it, or else by a login.

use super::{Finding, Line};
use crate::cli::door::SOCKET;
use crate::config::{self, Changed, Config};
use crate::control::{Client, Request, Response};
use crate::core::record::Pair;
use crate::pipeline::{NotFetched, UploadService};
use crate::{supervisor, xmpp};
use jid::DomainRef;
use std::collections::BTreeSet;

/// Servers that are asked, of very many.
const SERVERS_MAX: usize = 5;

const MIB: u64 = 1024 * 1024;

/// A second login under the same name would take the place of a running gateway, or half of its stanzas; so one that runs
/// is asked instead.
pub(super) async fn lines(config: &Config, store: &Line) -> Vec<Line> {
    let what = format!("component {} at {}", config.xmpp.domain, config.xmpp.server);
    let mut gateway = match Client::connect(&config.store.path.join(SOCKET)) {
        Ok(Some(gateway)) => gateway,
        Ok(None) => return vec![by_login(what, config).await],
        // Whether one runs cannot be seen.
        Err(_) if matches!(store.finding, Finding::Wrong(_)) => {
            let why = "was not tried: a gateway that runs is asked by a socket in the store, which is to be mended first";
            return vec![Line::note(what, why)];
        }
        Err(error) => return vec![Line::wrong(what, format!("was not tried: {error}"))],
    };
    match gateway.ask(&Request::Running) {
        Ok(Response::Running {
            is_attached,
            fingerprints,
        }) => {
            let changed = Changed::between(&fingerprints, &config.fingerprints());
            let mut lines = compared(what, is_attached, &changed);
            if is_attached {
                lines.extend(files(&mut gateway, config));
            }
            lines.extend(
                config
                    .pair
                    .iter()
                    .filter_map(|pair| held(&mut gateway, pair)),
            );
            lines
        }
        Ok(_) => vec![Line::note(
            what,
            "a gateway of another version is running, which does not say with what; restart it: systemctl restart stanzamail",
        )],
        Err(error) => vec![Line::wrong(
            what,
            format!("the gateway that runs does not say with what: {error}"),
        )],
    }
}

/// A pair that cannot be saved, since the store holds one of its sides in another.
fn held(gateway: &mut Client, pair: &config::Pair) -> Option<Line> {
    let is_other = |found: &Pair| found.jid != pair.jid || found.mail != pair.mail;
    for side in [pair.jid.to_string(), pair.mail.to_string()] {
        let Ok(Response::Pairs { pairs }) = gateway.ask(&Request::Find { side }) else {
            return None;
        };
        if let Some(other) = pairs.into_iter().find(is_other) {
            return Some(Line::wrong(
                format!("pair {}", pair.jid),
                format!(
                    "cannot be taken: the store has {} with {}; remove that first: stanzamail map remove {}",
                    other.jid, other.mail, other.jid
                ),
            ));
        }
    }
    None
}

/// What becomes of files, both ways: a line for the server of each of the first domains.
fn files(gateway: &mut Client, config: &Config) -> Vec<Line> {
    let of_jids = config.users.jids.iter().map(|jid| jid.domain());
    let domains = config.users.domains.iter().map(AsRef::as_ref);
    let domains: BTreeSet<&DomainRef> = domains.chain(of_jids).collect();
    let mut lines = Vec::new();
    for domain in domains.into_iter().take(SERVERS_MAX) {
        let server = domain.to_string();
        if let Ok(Response::Upload { service }) = gateway.ask(&Request::Upload { server }) {
            let own = config.http.public_url.as_deref();
            lines.push(of_upload(domain, &config.xmpp.domain, own, service));
        }
    }
    lines
}

/// `own` is where files lie that no upload service takes.
fn of_upload(
    domain: &DomainRef,
    gateway: &DomainRef,
    own: Option<&str>,
    found: UploadService,
) -> Line {
    let what = format!("files of {domain}");
    let remedy = "see docs/OPERATING.md, “Files”";
    let fate = own.map_or_else(
        || "are named in the text, and no more".to_owned(),
        |own| format!("lie at {own}"),
    );
    match found {
        UploadService::Unknown => Line::note(
            what,
            "could not be tried: the stream to the XMPP server was lost",
        ),
        UploadService::None => Line::note(
            what,
            format!("{domain} names no upload service (XEP-0363): files of mails {fate}; {remedy}"),
        ),
        UploadService::Refuses { service, why } => Line::note(
            what,
            format!(
                "{service} gives contacts no place for files ({why}), so that files of mails {fate}; allow {gateway} there; {remedy}"
            ),
        ),
        UploadService::Gives {
            service,
            host,
            not_fetched: Some(NotFetched::Private),
            ..
        } => Line::note(
            what,
            format!(
                "{service} takes those of mails; those that users send stay links, since {host} has a private address; write \
                 fetch_from = [{host:?}] in [http] if it is yours"
            ),
        ),
        UploadService::Gives {
            service,
            host,
            not_fetched: Some(NotFetched::Unreachable(why)),
            ..
        } => Line::note(
            what,
            format!(
                "{service} takes those of mails; those that users send stay links, since {host} cannot be reached from here: {why}"
            ),
        ),
        UploadService::Gives {
            service,
            octets_max,
            not_fetched: None,
            ..
        } => {
            let most = octets_max.map_or_else(String::new, |octets| {
                format!(", each up to {} MiB", octets.div_ceil(MIB))
            });
            Line::ok(
                what,
                format!("{service} takes those of mails{most}; those that users send are attached"),
            )
        }
    }
}

async fn by_login(what: String, config: &Config) -> Line {
    match xmpp::try_login(&supervisor::xmpp_config(config)).await {
        Ok(()) => Line::ok(what, "the server takes the secret"),
        Err(error) => Line::wrong(what, error.to_string()),
    }
}

/// What a gateway that runs shows of this configuration, and what it does not have of it.
fn compared(what: String, is_attached: bool, changed: &Changed) -> Vec<Line> {
    let of_xmpp = |section: &String| section == "[xmpp]";
    let component = if changed.by_restart.iter().any(of_xmpp) {
        Line::wrong(
            what,
            "was not tried: the gateway that is running was started with another [xmpp]; stop it (systemctl stop \
             stanzamail) and check again, or restart it and look at its log",
        )
    } else if is_attached {
        Line::ok(what, "a gateway is running with it")
    } else {
        Line::wrong(
            what,
            "a gateway is running with it and is not attached to the server; its log says why: journalctl -u stanzamail",
        )
    };
    let mut lines = vec![component];
    let named = |sections: &[String], remedy: &str| {
        let sections = sections.join(", ");
        Line::note(
            "running gateway",
            format!("has an older {sections} than this file: systemctl {remedy} stanzamail"),
        )
    };
    if !changed.by_restart.is_empty() {
        lines.push(named(&changed.by_restart, "restart"));
    }
    if !changed.at_once.is_empty() {
        lines.push(named(&changed.at_once, "reload"));
    }
    lines
}
