//! What somebody says that they are and can (XEP-0030), and the hash of it in their presence (XEP-0115), by which a client need not
//! ask each of them.

use crate::core::record::Format;
use crate::core::to_stanza::file::SHARING;
use crate::core::xml::{
    Build, CHAT_MARKERS, CORRECTION, FALLBACK, REACTIONS, REPLY, VCARD4, empty, text,
};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jid::BareJid;
use minidom::Element;
use ring::digest;
use xmpp_parsers::ns;

/// XEP-0393.
const STYLING: &str = "urn:xmpp:styling:0";
/// XEP-0424.
const RETRACTION: &str = "urn:xmpp:message-retract:1";

/// An answer to a question what somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// What they are: each with its category, its type and a name (XEP-0030 §3.1).
    pub identities: Vec<(&'static str, &'static str, Option<String>)>,
    /// What they understand, in any order.
    pub features: Vec<&'static str>,
}

impl Info {
    /// What a contact does with what it is sent: as a client would say it of itself. Nothing in it is about one contact, so that
    /// all of a format have one hash. That somebody is typing is told to nobody (XEP-0085): it is over before a mail is there.
    pub fn of_contact(format: Format) -> Self {
        let mut features = vec![
            ns::DISCO_INFO,
            ns::DISCO_ITEMS,
            ns::CAPS,
            ns::PING,
            ns::VERSION,
            ns::VCARD,
            VCARD4,
            ns::RECEIPTS,
            ns::OOB,
            SHARING,
            STYLING,
            CORRECTION,
            REACTIONS,
            REPLY,
            FALLBACK,
        ];
        let can = format.features();
        if can.stanzas || can.chat {
            features.push(CHAT_MARKERS);
        }
        if can.stanzas {
            features.push(RETRACTION);
        }
        Self {
            identities: vec![("client", "pc", None)],
            features,
        }
    }

    /// The verification string (XEP-0115 §5.1). SHA-1 is what XEP-0115 has; who finds another list with the same hash has
    /// misled clients about what contacts of a gateway can.
    pub fn hash(&self) -> String {
        let identities = self.identities.iter();
        let mut identities: Vec<String> = identities
            .map(|(category, kind, name)| {
                format!(
                    "{category}/{kind}//{}<",
                    name.as_deref().unwrap_or_default()
                )
            })
            .collect();
        identities.sort_unstable();
        let mut features: Vec<String> = self.features.iter().map(|var| format!("{var}<")).collect();
        features.sort_unstable();
        let all = [identities.concat(), features.concat()].concat();
        let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, all.as_bytes());
        BASE64_STANDARD.encode(digest)
    }

    /// Whether this is what was asked for: by no node, or by the one that presence names.
    pub fn is_at(&self, node: Option<&str>, gateway: &str) -> bool {
        let named = || format!("{}#{}", software(gateway), self.hash());
        node.is_none_or(|node| node == named())
    }

    /// As a child of presence.
    pub fn in_presence(&self, gateway: &str) -> Element {
        Build::new("c", ns::CAPS)
            .attr("hash", "sha-1")
            .attr("node", &software(gateway))
            .attr("ver", &self.hash())
            .done()
    }

    /// The answer.
    pub fn query(&self, node: Option<&str>) -> Element {
        let identities = self.identities.iter().map(|(category, kind, name)| {
            Build::new("identity", ns::DISCO_INFO)
                .attr("category", category)
                .attr("type", kind)
                .attr_if("name", name.as_deref())
                .done()
        });
        let features = self.features.iter().map(|var| {
            Build::new("feature", ns::DISCO_INFO)
                .attr("var", var)
                .done()
        });
        Build::new("query", ns::DISCO_INFO)
            .attr_if("node", node)
            .children(identities)
            .children(features)
            .done()
    }
}

/// A URI of who is asked (XEP-0115 §4): whoever looks it up finds the gateway.
fn software(gateway: &str) -> String {
    format!("xmpp:{gateway}")
}

/// The presence of a contact with what its format can and the id of its picture; without one it says that there is none (XEP-0153
/// §3.1), so that no client asks, or goes on showing one.
#[must_use]
pub fn announced(
    mut presence: Element,
    contact: &BareJid,
    format: Format,
    avatar: Option<&str>,
) -> Element {
    let info = Info::of_contact(format);
    presence.append_child(info.in_presence(contact.domain().as_str()));
    let photo = match avatar {
        Some(id) => text("photo", ns::VCARD_UPDATE, id),
        None => empty("photo", ns::VCARD_UPDATE),
    };
    presence.append_child(Build::new("x", ns::VCARD_UPDATE).child(photo).done());
    presence
}

#[cfg(test)]
mod tests {
    use super::*;

    /// XEP-0115 §5.2.
    #[test]
    fn the_hash_is_that_of_the_specification() {
        let exodus = Info {
            identities: vec![("client", "pc", Some("Exodus 0.9.1".to_owned()))],
            features: vec![
                "http://jabber.org/protocol/muc",
                "http://jabber.org/protocol/disco#info",
                "http://jabber.org/protocol/disco#items",
                "http://jabber.org/protocol/caps",
            ],
        };
        assert_eq!(exodus.hash(), "QgayPKawpkPSDYmwT/WM94uAlu0=");
    }

    #[test]
    fn formats_that_can_different_things_have_different_hashes() {
        let (mail, xmpp) = (
            Info::of_contact(Format::Mail),
            Info::of_contact(Format::Xmpp),
        );
        assert_ne!(mail.hash(), xmpp.hash());
        for info in [&mail, &xmpp] {
            let node = format!("xmpp:gateway.example#{}", info.hash());
            assert!(info.is_at(Some(&node), "gateway.example"));
            assert!(info.is_at(None, "gateway.example"));
            assert!(!info.is_at(Some(&node), "gateway.other"));
            assert!(
                !info
                    .features
                    .contains(&"http://jabber.org/protocol/chatstates")
            );
            let mut features = info.features.clone();
            features.sort_unstable();
            features.dedup();
            assert_eq!(features.len(), info.features.len(), "each once");
        }
        assert!(xmpp.features.contains(&CHAT_MARKERS));
        assert!(!mail.features.contains(&CHAT_MARKERS));
        assert!(mail.features.contains(&REACTIONS));
    }
}
