//! SIGHUP, or `stanzamail reload`: the configuration is read again. What decisions depend on holds from the next event on; what a connection or a
//! file depends on takes a restart, and the log says so. A configuration that is wrong changes nothing.

use super::{Stopped, reserved, save_pairs, say_who_is_believed, settings_of};
use crate::config::{Changed, Config, ConfigErrors, PairSection};
use crate::control::Response;
use crate::control::queue::{Announcer, Itself};
use crate::core::settings::Settings;
use crate::pipeline::Commands;
use crate::store::Store;
use crate::xmpp::Link;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::signal::unix::Signal;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// What reading the configuration again takes.
pub struct Reload {
    /// Where it stands.
    pub path: PathBuf,
    /// Changes how much is logged.
    pub set_level: Arc<dyn Fn(tracing::Level) + Send + Sync>,
    /// Does what administrators ask for by XMPP.
    pub commands: Commands,
}

/// The configuration that holds.
pub(super) struct Current<S> {
    config: Mutex<Config>,
    settings: watch::Sender<Settings>,
    store: Arc<S>,
    commands: Commands,
    set_level: Arc<dyn Fn(tracing::Level) + Send + Sync>,
    again: Arc<Notify>,
}

impl<S: Store> Current<S> {
    pub(super) fn new(
        config: &Config,
        store: Arc<S>,
        reload: &Reload,
    ) -> Result<Arc<Self>, Stopped> {
        let (settings, _) = watch::channel(settings_of(config, &*store)?);
        Ok(Arc::new(Self {
            config: Mutex::new(config.clone()),
            settings,
            store,
            commands: Arc::clone(&reload.commands),
            set_level: Arc::clone(&reload.set_level),
            again: Arc::default(),
        }))
    }

    pub(super) fn config(&self) -> Config {
        let config = self.config.lock();
        config.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn settings(&self) -> watch::Receiver<Settings> {
        self.settings.subscribe()
    }

    /// Does what administrators ask for by XMPP.
    pub(super) fn commands(&self) -> Commands {
        Arc::clone(&self.commands)
    }

    /// What commands are told of the gateway that runs, and can change of it.
    pub(super) fn itself(self: &Arc<Self>, link: Link) -> Itself {
        let current = Arc::clone(self);
        Itself {
            trouble: link.trouble(),
            announcer: Announcer {
                link: link.clone(),
                gateway: self.config().xmpp.domain.clone(),
                settings: self.settings(),
            },
            status: Box::new(move || Response::Running {
                is_attached: link.online(),
                fingerprints: current.config().fingerprints(),
            }),
            set_level: Arc::clone(&self.set_level),
            again: Arc::clone(&self.again),
        }
    }

    /// Takes what can be taken.
    async fn take(&self, wanted: Config, reload: &Reload) -> Result<(), Stopped> {
        let running = self.config();
        let changed = Changed::between(&running.fingerprints(), &wanted.fingerprints());
        let config = with_what_takes_a_restart_of(&running, wanted);
        let settings = settings_of(&config, &*self.store)?;
        save_pairs(&*self.store, &config).await?;
        reserved::tell(&config, &self.store).await?;
        (reload.set_level)(config.log.level);
        self.settings.send_replace(settings);
        log(&changed);
        if changed
            .at_once
            .iter()
            .any(|section| ["[trust]", "[[peer]]"].contains(&section.as_str()))
        {
            say_who_is_believed(&config);
        }
        for pair in left_out(&running, &config) {
            tracing::warn!(
                "the pair of {} and {} was taken out of the configuration, and the store keeps it: `stanzamail map remove {}`",
                pair.jid,
                pair.mail,
                pair.jid
            );
        }
        *self.config.lock().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }
}

/// The pairs of JIDs that `wanted` no longer names.
fn left_out<'a>(running: &'a Config, wanted: &Config) -> Vec<&'a PairSection> {
    let jids: BTreeSet<_> = wanted.pair.iter().map(|pair| &pair.jid).collect();
    let pairs = running.pair.iter();
    pairs.filter(|pair| !jids.contains(&pair.jid)).collect()
}

/// Reads the configuration again at each SIGHUP and whenever a command wants it, until `stop`.
pub(super) fn when_asked<S: Store>(
    mut asked: Signal,
    current: Arc<Current<S>>,
    reload: Reload,
    stop: CancellationToken,
) {
    let again = async move {
        loop {
            tokio::select! {
                Some(()) = asked.recv() => {}
                () = current.again.notified() => {}
            }
            let path = reload.path.clone();
            let read = tokio::task::spawn_blocking(move || Config::load(&path)).await;
            match read {
                Ok(Ok(config)) => {
                    if let Err(error) = current.take(config, &reload).await {
                        tracing::error!("the new configuration was rejected: {error}");
                    }
                }
                Ok(Err(errors)) => refuse(&errors),
                Err(error) => tracing::error!(%error, "the configuration was not read again"),
            }
        }
    };
    tokio::spawn(async move { stop.run_until_cancelled(again).await });
}

fn refuse(errors: &ConfigErrors) {
    for error in errors.first() {
        tracing::error!("{}:{error}", errors.file.display());
    }
    if let Some(more) = errors.more() {
        tracing::error!("{more}");
    }
    tracing::error!(
        "the configuration is wrong, so the previous one stays in effect; correct it and reload again"
    );
}

fn log(changed: &Changed) {
    if changed.is_none() {
        tracing::info!("the configuration was read again; nothing has changed");
    }
    if !changed.at_once.is_empty() {
        let sections = changed.at_once.join(", ");
        tracing::info!("the configuration was read again; changed: {sections}");
    }
    if !changed.by_restart.is_empty() {
        let sections = changed.by_restart.join(", ");
        tracing::warn!(
            "changes in {sections} take effect after a restart: systemctl restart stanzamail"
        );
    }
}

/// So that nothing of it holds in one place and not in another.
fn with_what_takes_a_restart_of(running: &Config, mut config: Config) -> Config {
    config.xmpp.clone_from(&running.xmpp);
    config.smtp.clone_from(&running.smtp);
    config.mailbox.clone_from(&running.mailbox);
    config.lmtp.clone_from(&running.lmtp);
    config.store.clone_from(&running.store);
    config.presence.clone_from(&running.presence);
    config.http.clone_from(&running.http);
    config.delivery.clone_from(&running.delivery);
    config.mail.clone_from(&running.mail);
    config
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use std::time::Duration;

    fn config(text: &str) -> Config {
        Config::parse(Path::new("stanzamail.toml"), text, None).unwrap()
    }

    /// Of no section one half holds at once and the other after a restart; what is logged as waiting for one does.
    #[test]
    fn what_takes_a_restart_is_as_it_was_and_all_else_as_it_is_wanted() {
        let text = include_str!("../../config.example.toml");
        let text = text.replace("secret_file = ", "secret = ");
        let running = config(&text.replace("password_file = ", "password = "));
        assert!(running.delivery.expire > Duration::from_secs(3600));
        let mut wanted = running.clone();
        wanted.xmpp.server.port = 1;
        wanted.smtp.host.push('1');
        wanted.mailbox.clear();
        wanted.store.path.push("elsewhere");
        wanted.presence.expires += Duration::from_secs(1);
        wanted.delivery.expire = Duration::from_secs(3600);
        wanted.log.level = tracing::Level::TRACE;
        wanted.users.admins.push("admin@a.example".parse().unwrap());
        let asked = Changed::between(&running.fingerprints(), &wanted.fingerprints());
        assert_eq!(asked.by_restart.len(), 6, "{:?}", asked.by_restart);
        let taken = with_what_takes_a_restart_of(&running, wanted);
        let changed = Changed::between(&running.fingerprints(), &taken.fingerprints());
        assert_eq!(changed.by_restart, Vec::<String>::new());
        assert_eq!(changed.at_once, asked.at_once);
        assert_eq!(changed.at_once.len(), 2);
    }
}
