//! What an admin types: `stanzamail [--config FILE] run | check | status | map | queue | peer | users | announce | key | reload | log-level`. What
//! of it may be said in a chat as well is in [`by_chat`].

mod by_chat;
mod check;
mod door;
mod file;
mod key;
mod log;
mod map;
mod original;
mod owner;
mod peer;
mod queue;
mod repair;
mod status;
mod users;

use crate::config::{Config, ConfigErrors};
use crate::core::text::clean;
use crate::panics;
use crate::store::StoreError;
use crate::supervisor::{self, Reload, Signals, Stopped};
use check::CheckArgs;
use clap::{Parser, Subcommand};
use door::{CommandError, Door, Output};
use std::fmt::Display;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// A wrong configuration: `EX_CONFIG` of sysexits(3). A service manager need not start us again.
const EXIT_CONFIG: u8 = 78;

/// A gateway between XMPP and e-mail: the users of an XMPP server chat with everyone who has a mail address.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// The configuration; config.example.toml explains every key.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "STANZAMAIL_CONFIG",
        default_value = "/etc/stanzamail/stanzamail.toml"
    )]
    config: PathBuf,
    #[command(subcommand)]
    command: CliCommand,
}

#[derive(Debug, Subcommand)]
enum CliCommand {
    /// Run the gateway until SIGTERM or SIGINT.
    Run,
    /// Try everything that the configuration names, and say what is wrong and what to do. Exits with 1 if anything is wrong.
    Check(check::CheckArgs),
    /// Show whether a gateway runs and is connected to its XMPP server, and how many mails wait.
    Status,
    /// Have the running gateway read its configuration again, as SIGHUP does.
    Reload,
    /// Change the log level of the running gateway, until its configuration is read again.
    LogLevel {
        /// error, warn, info, debug or trace
        level: String,
    },
    /// The pairs of JIDs and mail addresses; works whether the gateway runs or not.
    Map(map::MapArgs),
    /// The mails that wait to be sent, and the quarantine; works whether the gateway runs or not.
    #[command(alias = "quarantine")]
    Queue(queue::QueueArgs),
    /// Print a mail that was kept as it came (`originals` of `[store]`).
    Original {
        /// Its id: the beginning of its file name in originals/
        id: String,
    },
    /// Print the public key of this gateway, as the admin of a peer puts it into [[peer]]. Makes a key if there is none.
    Key,
    /// The format of mails to a contact: for a person, or for another gateway; works whether the gateway runs or not.
    Peer(peer::PeerArgs),
    /// Have the running gateway send a message to every user about whom something is stored. Repeated within a day, it tells those who
    /// were not told before
    Announce {
        /// The text of the message
        #[arg(required = true)]
        text: Vec<String>,
    },
    /// The users about whom something is stored, how much, and its deletion; works whether the gateway runs or not.
    Users(users::UsersArgs),
}

/// The whole program.
pub fn main() -> ExitCode {
    panics::print_no_caught_panic();
    let args = Args::parse();
    if matches!(args.command, CliCommand::Run) {
        return in_runtime(start(args.config));
    }
    let config = Config::load(&args.config);
    match (args.command, config) {
        (
            CliCommand::Check(CheckArgs {
                repair: true, from, ..
            }),
            Ok(config),
        ) => ended(repair::run(&config, from.as_deref())),
        (CliCommand::Check(check), config) => {
            in_runtime(check::run(&args.config, config, check.send))
        }
        (CliCommand::Original { id }, Ok(config)) => ended(original::run(&id, &config)),
        (CliCommand::Key, Ok(config)) => ended(key::run(&config.store.path)),
        (command, Ok(config)) => {
            let done = door::through(&config.store.path, |door, output| {
                on_store(command, &config, door, output)
            });
            match done {
                Err(CommandError::Unwell) => ExitCode::FAILURE,
                done => ended(done),
            }
        }
        (_, Err(errors)) => wrong(&errors),
    }
}

fn wrong(errors: &ConfigErrors) -> ExitCode {
    door::beside(&clean::for_terminal(&errors.to_string()));
    ExitCode::from(EXIT_CONFIG)
}

/// What is done with the store, by whichever door.
fn on_store(
    command: CliCommand,
    config: &Config,
    door: &mut Door,
    output: &mut Output<'_>,
) -> Result<(), CommandError> {
    match command {
        CliCommand::Map(args) => map::run(args, config, door, output),
        CliCommand::Queue(args) => queue::run(args, door, output),
        CliCommand::Peer(args) => peer::run(args, config, door, output),
        CliCommand::Users(args) => users::run(args, config, door, output),
        CliCommand::Announce { text } => users::announce(&text, door, output),
        CliCommand::Status => status::show(door, output),
        CliCommand::Reload => status::reload(door, output),
        CliCommand::LogLevel { level } => status::log_level(level, door, output),
        CliCommand::Run | CliCommand::Check(_) | CliCommand::Key | CliCommand::Original { .. } => {
            Err(CommandError::Refused(
                "this is done on the machine itself".to_owned(),
            ))
        }
    }
}

fn ended(result: Result<(), impl Display>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            door::beside(&clean::one_line(&error.to_string()));
            ExitCode::FAILURE
        }
    }
}

/// Reads the configuration and runs the gateway by it. Before that, nothing but to listen to signals.
async fn start(path: PathBuf) -> ExitCode {
    let signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => return ended(Err(error)),
    };
    let config = match Config::load(&path) {
        Ok(config) => config,
        Err(errors) => return wrong(&errors),
    };
    let set_level = log::init(config.log.level);
    keep_secrets_out_of_core_dumps();
    let reload = Reload {
        commands: by_chat::commands(path.clone()),
        path,
        set_level,
    };
    run(config, reload, signals).await
}

/// Runs the gateway until it is told to stop.
async fn run(config: Config, reload: Reload, signals: Signals) -> ExitCode {
    let store = config.store.path.clone();
    // Root could open it, and the gateway's own user nothing any more that root has made in it.
    if let Some((_, 0)) = owner::of_another(&store)
        && let Err(error) = door::check_owner(&store)
    {
        tracing::error!("{error}");
        return ExitCode::from(EXIT_CONFIG);
    }
    if owner::is_made_as_root(&store) {
        tracing::warn!(
            "this runs as root and makes {} for root alone: a service that runs as another user will not be able to read it",
            store.display()
        );
    }
    match supervisor::run(config, reload, signals).await {
        Ok(()) => ExitCode::SUCCESS,
        // A [[pair]] that the store has otherwise: another start would not mend it.
        Err(Stopped::Store(error @ StoreError::Held { .. })) => {
            tracing::error!("{error}");
            ExitCode::from(EXIT_CONFIG)
        }
        Err(error) => {
            match owner::remedy(&store) {
                Some(remedy) => tracing::error!("{error}; {remedy}"),
                None => tracing::error!("{error}"),
            }
            ExitCode::FAILURE
        }
    }
}

/// A core dump holds no memory from now on, and so no secret and nobody's mail: core(5), `coredump_filter`. Unlike a size
/// limit, this holds for dumps that are piped to a program, too. Where there is no such file, there are no such dumps.
fn keep_secrets_out_of_core_dumps() {
    if let Err(error) = std::fs::write("/proc/self/coredump_filter", "0") {
        tracing::debug!(%error, "core dumps cannot be restricted");
    }
}

/// How long a thread for work that blocks waits for more of it. With tokio's ten seconds, as many threads as were busy at once
/// when the disk was slowest are kept by a few jobs a second, each of them with its own share of memory.
const IDLE_THREADS_END: Duration = Duration::from_millis(500);

fn in_runtime(work: impl Future<Output = ExitCode>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_keep_alive(IDLE_THREADS_END)
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => {
            eprintln!("the system gives us no threads: {error}; raise its limits (ulimit -u)");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_quarantine_is_found_by_its_name() {
        let args = Args::try_parse_from(["stanzamail", "quarantine", "list"]).unwrap();
        assert!(matches!(args.command, CliCommand::Queue(_)));
    }

    #[test]
    fn the_configuration_is_looked_for_where_the_readme_puts_it() {
        let command = Args::command();
        let argument = command.get_arguments().find(|arg| arg.get_id() == "config");
        assert_eq!(
            argument.unwrap().get_default_values(),
            ["/etc/stanzamail/stanzamail.toml"]
        );
    }

    #[test]
    fn the_configuration_may_be_named_before_and_after_the_command() {
        for line in [
            ["stanzamail", "--config=x", "run"],
            ["stanzamail", "run", "--config=x"],
        ] {
            assert_eq!(
                Args::try_parse_from(line).unwrap().config,
                PathBuf::from("x")
            );
        }
    }
}
