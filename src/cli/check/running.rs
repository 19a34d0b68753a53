//! The component: by the gateway that runs with it, or else by a login.

use super::{CheckLine, CheckResult};
use crate::cli::door::SOCKET;
use crate::config::{self, Changed, Config};
use crate::control::{ControlClient, ControlRequest, Response};
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
pub(super) async fn lines(config: &Config, store: &CheckLine) -> Vec<CheckLine> {
    let what = format!("component {} at {}", config.xmpp.domain, config.xmpp.server);
    let mut gateway = match ControlClient::connect(&config.store.path.join(SOCKET)) {
        Ok(Some(gateway)) => gateway,
        Ok(None) => return vec![by_login(what, config).await],
        // Whether one runs cannot be seen.
        Err(_) if matches!(store.finding, CheckResult::Wrong(_)) => {
            let why = "was not tried: a gateway that runs is asked by a socket in the store, which is to be mended first";
            return vec![CheckLine::note(what, why)];
        }
        Err(error) => return vec![CheckLine::wrong(what, format!("was not tried: {error}"))],
    };
    match gateway.ask(&ControlRequest::Running) {
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
        Ok(_) => vec![CheckLine::note(
            what,
            "a gateway of another version is running, which does not report its configuration; restart it: systemctl restart stanzamail",
        )],
        Err(error) => vec![CheckLine::wrong(
            what,
            format!("the running gateway does not report its configuration: {error}"),
        )],
    }
}

/// A pair that cannot be saved, since the store holds one of its sides in another.
fn held(gateway: &mut ControlClient, pair: &config::PairSection) -> Option<CheckLine> {
    let is_other = |found: &Pair| found.jid != pair.jid || found.mail != pair.mail;
    for side in [pair.jid.to_string(), pair.mail.to_string()] {
        let Ok(Response::Pairs { pairs }) = gateway.ask(&ControlRequest::Find { side }) else {
            return None;
        };
        if let Some(other) = pairs.into_iter().find(is_other) {
            return Some(CheckLine::wrong(
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
fn files(gateway: &mut ControlClient, config: &Config) -> Vec<CheckLine> {
    let of_jids = config.users.jids.iter().map(|jid| jid.domain());
    let domains = config.users.domains.iter().map(AsRef::as_ref);
    let domains: BTreeSet<&DomainRef> = domains.chain(of_jids).collect();
    let mut lines = Vec::new();
    for domain in domains.into_iter().take(SERVERS_MAX) {
        let server = domain.to_string();
        if let Ok(Response::Upload { service }) = gateway.ask(&ControlRequest::Upload { server }) {
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
) -> CheckLine {
    let what = format!("files of {domain}");
    let remedy = "see docs/OPERATING.md, “Files”";
    let fate = own.map_or_else(
        || "are named in the text, and no more".to_owned(),
        |own| format!("lie at {own}"),
    );
    match found {
        UploadService::Unknown => CheckLine::note(
            what,
            "could not be tried: the stream to the XMPP server was lost",
        ),
        UploadService::None => CheckLine::note(
            what,
            format!("{domain} names no upload service (XEP-0363): files of mails {fate}; {remedy}"),
        ),
        UploadService::Refuses { service, why } => CheckLine::note(
            what,
            format!(
                "{service} gives contacts no upload slot ({why}), so that files of mails {fate}; allow {gateway} there; {remedy}"
            ),
        ),
        UploadService::Gives {
            service,
            host,
            not_fetched: Some(NotFetched::Private),
            ..
        } => CheckLine::note(
            what,
            format!(
                "{service} accepts those of mails; those that users send stay links, since {host} has a private address; write \
                 fetch_from = [{host:?}] in [http] if it is yours"
            ),
        ),
        UploadService::Gives {
            service,
            host,
            not_fetched: Some(NotFetched::Unreachable(why)),
            ..
        } => CheckLine::note(
            what,
            format!(
                "{service} accepts those of mails; those that users send stay links, since {host} cannot be reached from here: {why}"
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
            CheckLine::ok(
                what,
                format!(
                    "{service} accepts those of mails{most}; those that users send are attached"
                ),
            )
        }
    }
}

async fn by_login(what: String, config: &Config) -> CheckLine {
    match xmpp::try_login(&supervisor::xmpp_config(config)).await {
        Ok(()) => CheckLine::ok(what, "the server accepts the secret"),
        Err(error) => CheckLine::wrong(what, error.to_string()),
    }
}

/// What a gateway that runs shows of this configuration, and what it does not have of it.
fn compared(what: String, is_attached: bool, changed: &Changed) -> Vec<CheckLine> {
    let of_xmpp = |section: &String| section == "[xmpp]";
    let component = if changed.by_restart.iter().any(of_xmpp) {
        CheckLine::wrong(
            what,
            "was not tried: the gateway that is running was started with another [xmpp]; stop it (systemctl stop \
             stanzamail) and check again, or restart it and look at its log",
        )
    } else if is_attached {
        CheckLine::ok(what, "a gateway is running with it")
    } else {
        CheckLine::wrong(
            what,
            "a gateway is running with it and is not attached to the server; its log says why: journalctl -u stanzamail",
        )
    };
    let mut lines = vec![component];
    let named = |sections: &[String], remedy: &str| {
        let sections = sections.join(", ");
        CheckLine::note(
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
