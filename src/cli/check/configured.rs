//! What can be said of a configuration without asking anybody.

use super::CheckLine;
use crate::config::{self, Config};
use crate::core::record::Format;
use crate::core::signature::PublicKey;
use crate::store::signing_key;
use jid::{BareJid, DomainRef, NodePart};

/// Who has which address, whom we believe, and what is known of peers.
pub(super) fn lines(config: &Config) -> Vec<CheckLine> {
    let of_keys = config
        .notes()
        .map(|note| CheckLine::note("configuration", format!("line {note}")));
    let mut lines: Vec<CheckLine> = of_keys.collect();
    lines.extend(rules(config));
    // That nothing is verified is a choice, though not a good one.
    lines.push(match config.trust.meaning(&config.peer) {
        Ok(meaning) => CheckLine::ok("trust", meaning),
        Err(open) => CheckLine::note("trust", open),
    });
    let own = own_key(config);
    lines.extend(config.peer.iter().map(|peer| other_side(peer, own)));
    lines
}

/// Everyone who may use the gateway needs a mail address: shown by an example for each domain.
fn rules(config: &Config) -> Vec<CheckLine> {
    let of_domains = config.users.domains.iter().map(|domain| {
        let example = example(domain).and_then(|user| Some((config.rules().mail_of(&user)?, user)));
        let result = match example {
            Some((mail, user)) => Ok(format!("for example, {user} has the address {mail}")),
            None => Err(no_rule(config, domain)),
        };
        CheckLine::new(format!("users of {domain}"), result)
    });
    let of_jids = config.users.jids.iter().map(|jid| {
        let pair = config.pair.iter().find(|pair| pair.jid == *jid);
        let mail = pair
            .map(|pair| pair.mail.clone())
            .or_else(|| config.rules().mail_of(jid));
        let result = match mail {
            Some(mail) => Ok(format!("has the address {mail}")),
            None => Err(no_address(config, jid)),
        };
        CheckLine::new(format!("user {jid}"), result)
    });
    let given = config
        .pair
        .iter()
        .filter(|pair| config.rules().is_reserved(&pair.mail));
    let given = given.map(|pair| {
        let meaning = "goes to this user, though no rule gives that address to anybody: it is reserved for the operator of the domain";
        CheckLine::note(
            format!("pair {}", pair.jid),
            format!("mail to {} {meaning}", pair.mail),
        )
    });
    of_domains.chain(of_jids).chain(given).collect()
}

fn no_rule(config: &Config, domain: &DomainRef) -> String {
    let after_at = |template: &str| {
        template
            .rsplit_once('@')
            .map(|(_, domain)| domain.to_owned())
    };
    let is_swapped = |rule: &&config::Address| {
        after_at(&rule.mail).is_some_and(|mail| mail.eq_ignore_ascii_case(domain.as_str()))
    };
    let swapped = config.address.iter().find(is_swapped);
    match swapped.and_then(|rule| after_at(&rule.jid)) {
        Some(other) => format!(
            "no rule gives its users mail addresses; your [[address]] is for users of {other}, with mail addresses at {domain}: \
             are its jid and mail swapped?"
        ),
        None => "no rule gives its users mail addresses; add an [[address]], or a [[pair]] for each of them".to_owned(),
    }
}

fn no_address(config: &Config, jid: &BareJid) -> String {
    match config.rules().reserved_of(jid) {
        Some(mail) => format!(
            "has no mail address, since {mail} is reserved for the operator of the domain; add a [[pair]]"
        ),
        None => "has no mail address; add a [[pair]], or an [[address]] for its domain".to_owned(),
    }
}

/// The key of this gateway, where it has one. `check` makes none.
fn own_key(config: &Config) -> Option<PublicKey> {
    let store = &config.store.path;
    let signer = signing_key::is_there(store).then(|| signing_key::open(store));
    Some(signer?.ok()?.public())
}

/// What the configuration says of a peer; its key, to be compared with what `stanzamail key` prints there.
fn other_side(peer: &config::PeerSection, own: Option<PublicKey>) -> CheckLine {
    let what = format!("peer {}", peer.who);
    if peer.key.is_some() && peer.key == own {
        return CheckLine::wrong(
            what,
            "key is that of this gateway, so no mail from there is believed; give what `stanzamail key` prints at the other one",
        );
    }
    let format = match peer.format {
        Some(Format::Mail) => "format mail",
        Some(Format::Xmpp) => "format xmpp",
        Some(Format::Chat) => "format chat",
        None => "the format that its mails show",
    };
    let key = match peer.key {
        Some(key) => format!("signed with {key}"),
        None => "not signed".to_owned(),
    };
    CheckLine::new(what, Ok(format!("{format}, {key}")))
}

fn example(domain: &DomainRef) -> Option<BareJid> {
    let node = NodePart::new("alice").ok()?;
    Some(BareJid::from_parts(Some(&node), domain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_rule_that_is_the_wrong_way_round_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stanzamail.toml");
        let says = |jid: &str, mail: &str| {
            let text = format!(
                "[xmpp]\nserver = \"127.0.0.1:5347\"\ndomain = \"mail.a.example\"\nsecret = \"x\"\n[[address]]\n\
                 jid = \"{{local}}@{jid}\"\nmail = \"{{local}}@{mail}\"\n[smtp]\nhost = \"a\"\n[[mailbox]]\n\
                 host = \"a\"\nusername = \"b\"\npassword = \"c\"\n"
            );
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
            let config = Config::load(&path).unwrap();
            rules(&config)[0].to_string()
        };
        let swapped = says("chat.a.example", "a.example");
        let end = "for users of chat.a.example, with mail addresses at a.example: are its jid and mail swapped?";
        assert!(
            swapped.starts_with("WRONG  users of a.example") && swapped.ends_with(end),
            "{swapped}"
        );
        assert!(says("b.example", "chat.b.example").contains("add an [[address]]"));
        assert!(says("a.example", "chat.a.example").starts_with("ok"));
    }

    #[test]
    fn a_peer_is_shown_with_the_whole_of_its_key() {
        let key = "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
        let mut peer = config::PeerSection {
            who: "chat.b.example".parse().unwrap(),
            format: Some(Format::Xmpp),
            key: Some(key.parse().unwrap()),
        };
        assert_eq!(
            other_side(&peer, None).to_string(),
            format!("ok     peer chat.b.example: format xmpp, signed with {key}")
        );
        let of_itself = other_side(&peer, peer.key).to_string();
        assert!(
            of_itself.starts_with("WRONG  peer chat.b.example: key is that of this gateway"),
            "{of_itself}"
        );
        (peer.format, peer.key) = (None, None);
        assert!(
            other_side(&peer, None)
                .to_string()
                .ends_with("the format that its mails show, not signed")
        );
    }
}
