//! What an admin types: `stanzamail [--config FILE] run | check | map | queue | peer | key`.

mod check;
mod door;
mod key;
mod log;
mod map;
mod peer;
mod queue;
mod repair;

use crate::config::Config;
use crate::crash;
use crate::supervisor;
use check::CheckArgs;
use clap::{Parser, Subcommand};
use std::fmt::Display;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// A wrong configuration: `EX_CONFIG` of sysexits(3). A service manager need not start us again.
const EXIT_CONFIG: u8 = 78;

/// Joins an XMPP server and e-mail: the users of the one chat with everyone who has the other.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// The configuration; config.example.toml says what may stand in it.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "STANZAMAIL_CONFIG",
        default_value = "/etc/stanzamail/stanzamail.toml"
    )]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway until it is told to stop (SIGTERM, SIGINT).
    Run,
    /// Try everything that the configuration names, and say what is wrong and what to do. Ends with 1 if anything is.
    Check(check::CheckArgs),
    /// The pairs of JIDs and mail addresses; works whether the gateway runs or not.
    Map(map::MapArgs),
    /// The mails that wait to be sent, and what is in quarantine; works whether the gateway runs or not.
    Queue(queue::QueueArgs),
    /// Print the public key of this gateway, as the admin of a peer puts it into [[peer]]. Makes it where there is none.
    Key,
    /// How mails to a contact are written: for a person, or for another gateway; works whether the gateway runs or not.
    Peer(peer::PeerArgs),
}

/// The whole program.
pub fn main() -> ExitCode {
    crash::print_no_caught_panic();
    let args = Args::parse();
    let config = Config::load(&args.config);
    match (args.command, config) {
        (Command::Check(CheckArgs { repair: true, from }), Ok(config)) => {
            ended(repair::run(&config, from.as_deref()))
        }
        (Command::Check(_), config) => in_runtime(check::run(&args.config, config)),
        (Command::Run, Ok(config)) => {
            log::init(config.log.level);
            keep_secrets_out_of_core_dumps();
            in_runtime(run(config))
        }
        (Command::Map(args), Ok(config)) => ended(map::run(args, &config.store.path)),
        (Command::Queue(args), Ok(config)) => ended(queue::run(args, &config.store.path)),
        (Command::Key, Ok(config)) => ended(key::run(&config.store.path)),
        (Command::Peer(args), Ok(config)) => ended(peer::run(args, &config)),
        (_, Err(errors)) => {
            eprintln!("{errors}");
            ExitCode::from(EXIT_CONFIG)
        }
    }
}

fn ended(result: Result<(), impl Display>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the gateway until it is told to stop.
async fn run(config: Config) -> ExitCode {
    match supervisor::run(config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
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
