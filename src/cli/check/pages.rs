//! Whether users reach the pages of mails.

use super::CheckLine;
use crate::cli::door::SOCKET;
use crate::config::Config;
use crate::control;
use crate::core::page::write::FORM;
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
            match !config.http.write_page || has_form(&client, public_url).await {
                true => CheckLine::ok(what, "users can read whole mails there"),
                false => CheckLine::note(
                    what,
                    format!(
                        "users can read whole mails there, but nobody sees the page {public_url}/write: let the reverse proxy pass that path on, too, or set write_page = false in [http]"
                    ),
                ),
            }
        }
        Ok(_) => CheckLine::wrong(what, format!("something else answers there; {remedy}")),
        Err(error) if is_running(config) => CheckLine::wrong(what, format!("{error}; {remedy}")),
        Err(error) => CheckLine::note(what, format!("{error}; no gateway runs that could answer")),
    })
}

/// Whether the page on which an address is typed is there.
async fn has_form(client: &HttpClient, public_url: &str) -> bool {
    let url = format!("{public_url}/write");
    let fetched = client.fetch(&url, ANSWER_OCTETS_MAX).await;
    fetched.is_ok_and(|fetched| String::from_utf8_lossy(&fetched.octets).contains(FORM))
}

fn is_running(config: &Config) -> bool {
    let found = control::ControlClient::connect(&config.store.path.join(SOCKET));
    matches!(found, Ok(Some(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::check::CheckResult;
    use std::path::Path;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// A proxy that answers these paths as the gateway does, and others with an error.
    async fn proxy(passes_on: &'static [&'static str]) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = vec![0; 4096];
                let length = stream.read(&mut request).await.unwrap();
                let request = String::from_utf8_lossy(&request[..length]).into_owned();
                let path = request.split(' ').nth(1).unwrap_or_default();
                let (status, body) = match path {
                    path if !passes_on.contains(&path) => ("404 Not Found", "no"),
                    "/m/" => ("200 OK", ABOUT),
                    _ => ("200 OK", FORM),
                };
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        port
    }

    fn config(port: u16, more: &str) -> Config {
        let text = format!(
            "[xmpp]\nserver = \"127.0.0.1:5347\"\ndomain = \"gateway.a.example\"\nsecret = \"secret\"\n\
             [[address]]\njid = \"{{local}}@a.example\"\nmail = \"{{local}}@chat.a.example\"\n\
             [smtp]\nhost = \"127.0.0.1\"\nport = 25\ntls = \"none\"\n\
             [[mailbox]]\nhost = \"127.0.0.1\"\nport = 143\ntls = \"none\"\nusername = \"b@chat.a.example\"\npassword = \"secret\"\n\
             [http]\nlisten = \"127.0.0.1:8025\"\npublic_url = \"http://127.0.0.1:{port}\"\n{more}\n"
        );
        Config::parse(Path::new("test.toml"), &text, None).unwrap()
    }

    #[tokio::test]
    async fn a_proxy_that_passes_on_mails_alone_is_told_of() {
        let both = proxy(&["/m/", "/write"]).await;
        let line = line(&config(both, "")).await.unwrap();
        assert!(matches!(line.finding, CheckResult::Ok(_)), "{line:?}");
        let mails = proxy(&["/m/"]).await;
        let line = super::line(&config(mails, "")).await.unwrap();
        assert!(matches!(line.finding, CheckResult::Note(_)), "{line:?}");
        assert!(format!("{line:?}").contains("/write: let the reverse proxy pass"));
        let line = super::line(&config(mails, "write_page = false"))
            .await
            .unwrap();
        assert!(matches!(line.finding, CheckResult::Ok(_)), "{line:?}");
    }
}
