//! Files of mails; pages of whole mails and files of one's own, where they are configured.

use super::{StateParts, Stopped, Tasks};
use crate::config::Config;
use crate::core::quota::SharedQuotas;
use crate::core::time::Timestamp;
use crate::failpoints;
use crate::http::HttpClient;
use crate::http::server::{self, PageSource, ServedMail, ServerConfig, WritePage};
use crate::net::listen::Listener;
use crate::pipeline::{Commands, FileUploader, Operations, OwnFiles, Returns, UserExporter};
use crate::smtp::Queue;
use crate::store::Store;
use crate::store::originals::Originals;
use crate::xmpp::Link;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

impl<S: Store> StateParts<S> {
    /// Who puts files of mails where users can fetch them, and fetches those of users.
    pub(super) fn files(
        &self,
        config: &Config,
        link: &Link,
        quotas: &SharedQuotas,
        end: &CancellationToken,
    ) -> Option<FileUploader> {
        let own = self.own_files_at(config);
        config.http.files.then(|| {
            let near = config.http.fetch_from.clone();
            let client = HttpClient::new(near, config.http.ca_file.as_deref());
            FileUploader::new(link.clone(), client, quotas.clone(), own, end.clone())
        })
    }

    /// Who does what users and administrators ask for beside what is decided at once.
    pub(super) fn operations(
        &self,
        config: &Config,
        queue: Queue,
        commands: Commands,
    ) -> (Operations, Returns) {
        let own = self.own_files_at(config);
        let exporter = UserExporter::of(&self.store, self.originals.clone(), own);
        Operations::of(queue, self.kept(), commands, exporter)
    }

    fn own_files_at(&self, config: &Config) -> Option<OwnFiles> {
        let kept = self.own_files.as_ref().map(Arc::clone);
        let own = kept.zip(config.http.public_url.clone());
        own.map(|(kept, public_url)| OwnFiles {
            kept,
            public_url,
            key: self.store.id_key(),
        })
    }

    /// Starts the server. Whoever connects from now on is answered.
    pub(super) async fn start_pages(
        &self,
        tasks: &mut Tasks,
        config: &Config,
        end: &CancellationToken,
    ) -> Result<(), Stopped> {
        let (http, gateway) = (&config.http, &config.xmpp.domain);
        let (Some(listen), Some(public_url)) = (&http.listen, &http.public_url) else {
            return Ok(());
        };
        let (Some(originals), Some(files)) = (&self.originals, &self.own_files) else {
            return Ok(());
        };
        let listener = Listener::bind(listen).await.map_err(|error| {
            Stopped::System(format!(
                "HTTP cannot listen at {listen} ({error}); see listen of [http], and whether something else is there"
            ))
        })?;
        tracing::info!(%listen, %public_url, "whole mails can be read by HTTP");
        let config = ServerConfig {
            public_url: public_url.clone(),
            language: config.messages.language,
            mails: kept_in(originals),
            files: kept_in(files),
            write_page: http.write_page.then(|| WritePage {
                gateway: gateway.clone(),
                chats: config.users.domains.clone(),
            }),
            timings: server::HttpTimings::default().each(failpoints::hurry),
        };
        tasks.spawn("http", server::run(listener, config, end.clone()));
        Ok(())
    }
}

/// What gives out what lies in a folder.
fn kept_in(originals: &Arc<Originals>) -> PageSource {
    let originals = Arc::clone(originals);
    Arc::new(move |id| match originals.open(id, Timestamp::now()) {
        Ok(kept) => kept.map(|kept| ServedMail {
            file: kept.file,
            octets: kept.octets,
            until: kept.until,
        }),
        Err(error) => {
            tracing::warn!(%error, "what is kept of a mail cannot be read");
            None
        }
    })
}
