//! `stanzamail peer …`: how mails to an address or a domain are written. Through the [`door`](super::door).

use crate::cli::door::{CommandError, Door, Output, unexpected, written};
use crate::config::{Config, is_ours};
use crate::control::{ControlRequest, Response};
use crate::core::address::AddressPattern;
use crate::core::id::IdKey;
use crate::core::record::{Format, Peer};
use crate::core::settings;
use clap::{Args, Subcommand};
use std::io::Write;

/// `stanzamail peer`.
#[derive(Clone, Debug, Args)]
pub(super) struct PeerArgs {
    /// What to do.
    #[command(subcommand)]
    command: PeerCommand,
}

/// What to do with the formats.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum PeerCommand {
    /// Show all formats: address or domain, format, source (configuration, admin, or learned), since when
    List,
    /// Set the format of mails to an address or a domain; learning does not change it
    Set {
        /// A mail address, bob@chat.b.example, or a domain, chat.b.example
        who: String,
        /// mail, for people with a mail client; or xmpp, for another gateway
        format: String,
    },
    /// Forget a format that was set or learned; the gateway may learn it again from the next mail
    Remove {
        /// A mail address or a domain
        who: String,
    },
}

/// Does what the command says with the store of this configuration.
pub(super) fn run(
    args: PeerArgs,
    config: &Config,
    door: &mut Door,
    output: &mut Output<'_>,
) -> Result<(), CommandError> {
    if let PeerCommand::Set { who, .. } = &args.command {
        check_not_ours(config, &who.parse()?)?;
    }
    // The key is for Message-IDs, of which none is made here.
    let configured = config.settings(IdKey::default()).peers;
    run_on(args.command, &configured, door, output)
}

fn run_on(
    command: PeerCommand,
    configured: &[settings::PeerSettings],
    door: &mut Door,
    output: &mut dyn Write,
) -> Result<(), CommandError> {
    match command {
        PeerCommand::List => {
            show_configured(output, configured)?;
            list(door, output)
        }
        PeerCommand::Set { who, format } => {
            let (who, format) = (who.parse()?, format.parse()?);
            check_not_configured(configured, &who)?;
            let peers = ask(door, ControlRequest::SetPeer { who, format })?;
            show(output, "saved\t", &peers)
        }
        PeerCommand::Remove { who } => {
            let peers = ask(door, ControlRequest::RemovePeer { who: who.parse()? })?;
            show(output, "removed\t", &peers)
        }
    }
}

/// Our own users are reached by no format.
fn check_not_ours(config: &Config, who: &AddressPattern) -> Result<(), CommandError> {
    match is_ours(config, who) {
        false => Ok(()),
        true => Err(CommandError::Refused(format!(
            "nothing was saved for {who}: this gateway gives it to its own users; name what the other gateway gives to its users"
        ))),
    }
}

/// What is saved has no effect where the configuration has a format for it, or for its domain.
fn check_not_configured(
    configured: &[settings::PeerSettings],
    who: &AddressPattern,
) -> Result<(), CommandError> {
    let concerns = |by: &AddressPattern| match who {
        AddressPattern::Address(address) => by.matches(address),
        AddressPattern::Domain(_) => by == who,
    };
    let formats = configured
        .iter()
        .filter(|peer| concerns(&peer.who))
        .filter_map(|peer| Some((&peer.who, peer.format?)));
    match formats.max_by_key(|(by, _)| *by == who) {
        None => Ok(()),
        Some((by, format)) => Err(CommandError::Refused(format!(
            "nothing was saved for {who}: the configuration gives {by} the format {format}, and goes before what is said \
             by command; change its section [[peer]] instead"
        ))),
    }
}

fn ask(door: &mut Door, request: ControlRequest) -> Result<Vec<Peer>, CommandError> {
    match door.ask(request)? {
        Response::Peers { peers } => Ok(peers),
        other => Err(unexpected(other)),
    }
}

fn list(door: &mut Door, output: &mut dyn Write) -> Result<(), CommandError> {
    let mut after = None;
    loop {
        let peers = ask(door, ControlRequest::Peers { after })?;
        after = match peers.last() {
            Some(last) => Some(last.who.clone()),
            None => return Ok(()),
        };
        show(output, "", &peers)?;
    }
}

fn show_configured(
    output: &mut dyn Write,
    configured: &[settings::PeerSettings],
) -> Result<(), CommandError> {
    for peer in configured {
        let format = peer.format.as_ref().map(Format::to_string);
        let format = format.as_deref().unwrap_or("-");
        writeln!(output, "{}\t{format}\tconfiguration\t-", peer.who)
            .map_err(written("the standard output"))?;
    }
    Ok(())
}

fn show(output: &mut dyn Write, before: &str, peers: &[Peer]) -> Result<(), CommandError> {
    for peer in peers {
        let (who, format, origin) = (&peer.who, peer.format, peer.origin);
        let since = peer.since.to_xep0082();
        let since = since.as_deref().unwrap_or("-");
        writeln!(output, "{before}{who}\t{format}\t{origin}\t{since}")
            .map_err(written("the standard output"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::door::tests::with_a_gateway;
    use clap::Parser;
    use std::path::Path;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        peer: PeerArgs,
    }

    fn configured() -> Vec<settings::PeerSettings> {
        let peer = |who: &str, format| settings::PeerSettings {
            who: who.parse().unwrap(),
            format,
            key: None,
        };
        vec![
            peer("chat.b.example", Some(Format::Xmpp)),
            peer("old@chat.b.example", Some(Format::Mail)),
            peer("c.example", None),
        ]
    }

    fn run_line(line: &str, path: &Path) -> Result<String, String> {
        let words = std::iter::once("peer").chain(line.split(' '));
        let command = Line::try_parse_from(words).unwrap().peer.command;
        let mut door = Door::open(path).map_err(|e| e.to_string())?;
        let mut output = Vec::new();
        run_on(command, &configured(), &mut door, &mut output).map_err(|e| e.to_string())?;
        Ok(String::from_utf8(output).unwrap())
    }

    #[test]
    fn our_own_users_have_no_format() {
        let text = "[xmpp]\nserver = \"127.0.0.1:5347\"\ndomain = \"gateway.example.org\"\nsecret = \"s\"\n\
                    [[address]]\nmail = \"{local}@chat.example.org\"\njid = \"{local}@example.org\"\n\
                    [smtp]\nhost = \"127.0.0.1\"\nport = 25\ntls = \"none\"\n\
                    [[mailbox]]\nhost = \"127.0.0.1\"\nport = 143\ntls = \"none\"\nusername = \"b@chat.example.org\"\n\
                    password = \"s\"\n[store]\npath = \"/tmp/none\"\n";
        let config = Config::parse(Path::new("test.toml"), text, None).unwrap();
        for (who, is_refused) in [
            ("elsewhere.example", false),
            ("bob@elsewhere.example", false),
            ("chat.example.org", true),
            ("alice@chat.example.org", true),
        ] {
            let checked = check_not_ours(&config, &who.parse().unwrap());
            assert_eq!(checked.is_err(), is_refused, "{who}");
        }
    }

    /// A time of this century as `TIME`, tabs as blanks.
    fn shown(result: Result<String, String>) -> String {
        let text = result.unwrap_or_else(|error| format!("error: {error}"));
        let words = text.lines().map(|line| {
            let words = line.split(['\t', ' ']).map(|word| match word {
                time if time.starts_with("20") && time.ends_with('Z') => "TIME",
                word => word,
            });
            words.collect::<Vec<_>>().join(" ")
        });
        words.collect::<Vec<_>>().join("\n")
    }

    fn check_a_day_of_an_admin(path: &Path) {
        let refused = |who: &str, by: &str, format: &str| {
            format!(
                "error: nothing was saved for {who}: the configuration gives {by} the format {format}, and goes before \
                 what is said by command; change its section [[peer]] instead"
            )
        };
        let configured = "chat.b.example xmpp configuration -\nold@chat.b.example mail configuration -\n\
                          c.example - configuration -";
        for (line, expected) in [
            ("list", configured.to_owned()),
            ("set D.example xmpp", "saved d.example xmpp admin TIME".to_owned()),
            ("set Bob@d.example xmpp", "saved Bob@d.example xmpp admin TIME".to_owned()),
            ("set bob@d.example mail", "saved bob@d.example mail admin TIME".to_owned()),
            // What the configuration names without a format is open.
            ("set c.example mail", "saved c.example mail admin TIME".to_owned()),
            ("remove c.example", "removed c.example mail admin TIME".to_owned()),
            ("set chat.B.example mail", refused("chat.b.example", "chat.b.example", "xmpp")),
            (
                "set bob@chat.b.example mail",
                refused("bob@chat.b.example", "chat.b.example", "xmpp"),
            ),
            (
                "set OLD@chat.b.example xmpp",
                refused("OLD@chat.b.example", "old@chat.b.example", "mail"),
            ),
            ("set sub.chat.b.example mail", "saved sub.chat.b.example mail admin TIME".to_owned()),
            ("remove sub.chat.b.example", "removed sub.chat.b.example mail admin TIME".to_owned()),
            (
                "set d.example fax",
                "error: “fax” is no format; it is mail (for people with a mail client), chat (for Delta Chat without encryption) or xmpp (for another gateway)"
                    .to_owned(),
            ),
            ("set d..example xmpp", "error: “d..example” is not a domain name".to_owned()),
            ("set bob@ xmpp", "error: “bob@” is not of the form name@domain".to_owned()),
            ("remove carol@d.example", "error: no format is saved for carol@d.example".to_owned()),
            (
                "list",
                format!("{configured}\nbob@d.example mail admin TIME\nd.example xmpp admin TIME"),
            ),
            ("remove BOB@D.example", "removed bob@d.example mail admin TIME".to_owned()),
            ("remove d.example", "removed d.example xmpp admin TIME".to_owned()),
            ("list", configured.to_owned()),
        ] {
            assert_eq!(shown(run_line(line, path)), expected, "{line}");
        }
    }

    #[test]
    fn without_a_gateway_the_store_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        check_a_day_of_an_admin(folder.path());
    }

    #[test]
    fn with_a_gateway_its_socket_is_used_and_all_is_said_the_same() {
        let folder = tempfile::tempdir().unwrap();
        with_a_gateway(folder.path(), || check_a_day_of_an_admin(folder.path()));
    }
}
