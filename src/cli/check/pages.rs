//! Whether users reach the pages of mails.

use super::CheckLine;
use crate::cli::door::SOCKET;
use crate::config::Config;
use crate::control;
use crate::http::server::ABOUT;
use crate::http::{self, HttpClient};

/// What is read of whatever answers, in octets.
const ANSWER_OCTETS_MAX: u64 = 64 * 1024;

/// Who answers at the public address; `None` where there is none.
pub(super) async fn line(config: &Config) -> Option<CheckLine> {
    let (public_url, listen) = (
        config.http.public_url.as_ref()?,
        config.http.listen.as_ref()?,
    );
    let what = format!("pages at {public_url}");
    // Its own name may lead to a private address.
    let client = HttpClient::new(http::host(public_url), config.http.ca_file.as_deref());
    let remedy = format!(
        "let the reverse proxy pass it on to {listen}; see docs/OPERATING.md, “Whole mails in a browser”"
    );
    let fetched = client
        .fetch(&format!("{public_url}/m/"), ANSWER_OCTETS_MAX)
        .await;
    Some(match fetched {
        Ok(fetched) if fetched.octets == ABOUT.as_bytes() => {
            CheckLine::ok(what, "users can read whole mails there")
        }
        Ok(_) => CheckLine::wrong(what, format!("something else answers there; {remedy}")),
        Err(error) if is_running(config) => CheckLine::wrong(what, format!("{error}; {remedy}")),
        Err(error) => CheckLine::note(what, format!("{error}; no gateway runs that could answer")),
    })
}

fn is_running(config: &Config) -> bool {
    let found = control::ControlClient::connect(&config.store.path.join(SOCKET));
    matches!(found, Ok(Some(_)))
}
