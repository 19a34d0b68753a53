//! Users of several systems who know each other already: what finished handshakes leave in the rosters and in the
//! gateways' stores, for scenarios that need more of them than can shake hands in time.

#![allow(dead_code)]

use super::servers::stanza::contact;
use super::world::{Quartet, QuartetOptions, Side};
use serde_json::json;
use std::collections::BTreeMap;

/// Who knows whom. Users are bare JIDs; each has the address `<local part>@chat.<domain>`.
#[derive(Default)]
pub struct Friends(BTreeMap<String, Vec<String>>);

impl Friends {
    /// `user` has `other` as a contact, subscribed both ways.
    pub fn one_way(&mut self, user: &str, other: &str) {
        self.0.entry(user.into()).or_default().push(other.into());
    }

    /// Each has the other.
    pub fn both_ways(&mut self, user: &str, other: &str) {
        self.one_way(user, other);
        self.one_way(other, user);
    }

    /// Writes the rosters, before the servers start; and in which format the gateways write to each other.
    pub fn in_rosters(&self, mut options: QuartetOptions) -> QuartetOptions {
        let domains = options
            .sides
            .each_ref()
            .map(|side| side.xmpp.domains[0].clone());
        for side in &mut options.sides {
            for other in domains
                .iter()
                .filter(|other| **other != side.xmpp.domains[0])
            {
                side.more.push_str(&format!(
                    "[[peer]]\ndomain = \"chat.{other}\"\nformat = \"xmpp\"\n"
                ));
            }
            for (user, others) in self.of(&side.xmpp.domains[0]) {
                let others = others.iter().map(|other| jid(user, other)).collect();
                side.xmpp.rosters.push((user.clone(), others));
            }
        }
        options
    }

    /// Writes the rows, before the gateways start.
    pub async fn in_stores(&self, quartet: &Quartet) {
        for side in [&quartet.a, &quartet.b, &quartet.c, &quartet.d] {
            self.in_store(side).await;
        }
    }

    async fn in_store(&self, side: &Side) {
        let of_side = self.of(&side.xmpp.domain);
        let rows: String = of_side
            .flat_map(|(user, others)| others.iter().map(|other| row(user, other)))
            .collect();
        let file = side.gateway.folder().join("friends.jsonl");
        std::fs::write(&file, rows).expect("the gateway's folder is ours");
        let arguments = ["map", "import", &file.to_string_lossy()];
        let output = side.gateway.command(&arguments).await;
        assert!(output.status.success(), "{output:?}");
    }

    fn of(&self, domain: &str) -> impl Iterator<Item = (&String, &Vec<String>)> {
        let is_here = move |user: &str| domain_of(user) == domain;
        self.0.iter().filter(move |(user, _)| is_here(user))
    }
}

/// The JID by which one knows the other.
pub fn jid(user: &str, other: &str) -> String {
    contact(&address(other), &format!("gateway.{}", domain_of(user)))
}

/// The address of a user.
pub fn address(user: &str) -> String {
    let (name, domain) = user.split_once('@').expect("a user is a bare JID");
    format!("{name}@chat.{domain}")
}

fn domain_of(user: &str) -> &str {
    user.split_once('@').expect("a user is a bare JID").1
}

fn row(user: &str, other: &str) -> String {
    let row = json!({
        "kind": "contact", "user": user, "mail": address(other), "subscription": "both", "jid": jid(user, other),
        "handshake": { "asked": "asked-before", "asking": "asked-before" },
    });
    format!("{row}\n")
}
