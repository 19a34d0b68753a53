//! Rules: which mail address stands for a local user, by a pair of templates over `{local}` and `{domain}`.
//!
//! | jid | mail | `zoë@a.example` is |
//! | --- | --- | --- |
//! | `{local}@a.example` | `{local}@chat.a.example` | `zo_-c3ab-@chat.a.example` |
//! | `{local}@a.example` | `im.{local}@a.example` | `im.zo_-c3ab-@a.example` |
//! | `{local}@{domain}` | `bridge+{local}_{domain}@provider.example` | `bridge+zo_-c3ab-_a.example@provider.example` |
//!
//! Every rule is reversible and no two overlap, so a JID has at most one address and an address at most one JID.

mod node;
mod overlap;
mod reserved;
mod template;

pub use reserved::CHECK;
pub use template::{Placeholder, Side, TemplateFault};

use crate::core::address::{
    LOCAL_PART_OCTETS_MAX, MailAddress, domain_to_ascii, domain_to_unicode, folded,
};
use jid::{BareJid, DomainPart, NodePart};
use reserved::ReservedNames;
use template::Template;

/// The rules of a configuration, checked: each is reversible and no two overlap.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    rules: Vec<Rule>,
    reserved: ReservedNames,
}

#[derive(Clone, Debug)]
struct Rule {
    jid: Template,
    mail: Template,
}

/// Why rules are refused. `rule` and `other` are positions in the list, from 0; the sentence counts from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// One template is wrong in itself.
    #[error("address rule {}: the {side} template “{template}” {fault}", nth(*.rule))]
    Template {
        /// Which rule.
        rule: usize,
        /// Which of its templates.
        side: Side,
        /// The template as written.
        template: String,
        /// What is wrong with it, and what is allowed.
        fault: TemplateFault,
    },
    /// Without `{local}`, a rule is about one user.
    #[error(
        "address rule {} ({text}) has no {{local}}; a rule needs it on both sides, for one user write a [[pair]]", nth(*.rule)
    )]
    NoLocal {
        /// Which rule.
        rule: usize,
        /// Both templates.
        text: String,
    },
    /// A placeholder on one side only: the rule could not be reversed.
    #[error(
        "address rule {} ({text}) has {slot} on its {side} side only, so that it cannot be reversed; write {slot} on both \
         sides or on none", nth(*.rule)
    )]
    OneSided {
        /// Which rule.
        rule: usize,
        /// Both templates.
        text: String,
        /// The placeholder.
        slot: Placeholder,
        /// The side that has it.
        side: Side,
    },
    /// Two rules that can give the same JID or the same mail address.
    #[error(
        "address rules {} ({other_text}) and {} ({text}) overlap: their {side} templates can both give the same address; \
         change one so that they cannot, for example by another domain or another prefix", nth(*.other), nth(*.rule)
    )]
    Overlap {
        /// The later one.
        rule: usize,
        /// Its templates.
        text: String,
        /// The earlier one.
        other: usize,
        /// Its templates.
        other_text: String,
        /// On which side.
        side: Side,
    },
}

impl RuleError {
    /// The position of the rule at fault (of the later one of two), from 0.
    pub fn rule(&self) -> usize {
        match self {
            Self::Template { rule, .. }
            | Self::NoLocal { rule, .. }
            | Self::OneSided { rule, .. }
            | Self::Overlap { rule, .. } => *rule,
        }
    }

    /// The side at fault: where to look first.
    pub fn side(&self) -> Side {
        match self {
            Self::Template { side, .. }
            | Self::OneSided { side, .. }
            | Self::Overlap { side, .. } => *side,
            Self::NoLocal { .. } => Side::Jid,
        }
    }
}

impl Rules {
    /// Checks and compiles `(jid template, mail template)` pairs.
    ///
    /// # Errors
    /// [`RuleError`] names the rule, what was found and what is allowed.
    pub fn new(templates: &[(String, String)]) -> Result<Self, RuleError> {
        let mut rules: Vec<Rule> = Vec::with_capacity(templates.len());
        for (at, (jid, mail)) in templates.iter().enumerate() {
            let rule = Rule::parse(at, jid, mail)?;
            for (other, (earlier, texts)) in rules.iter().zip(templates).enumerate() {
                if let Some(side) = rule.overlaps(earlier) {
                    return Err(RuleError::Overlap {
                        rule: at,
                        text: both(jid, mail),
                        other,
                        other_text: both(&texts.0, &texts.1),
                        side,
                    });
                }
            }
            rules.push(rule);
        }
        let reserved = ReservedNames::default();
        Ok(Self { rules, reserved })
    }

    /// The same where these accounts of the gateway are nobody's by rule. Each is a mail address, or the local part of one.
    pub fn reserving<'a>(mut self, logins: impl IntoIterator<Item = &'a str>) -> Self {
        for login in logins {
            self.reserved.add(login);
        }
        self
    }

    /// The mail address of a local user by the rule that matches; `None` where none does, where the address is
    /// [reserved](Rules::is_reserved), or where the local part would
    /// be longer than the 64 octets of RFC 5321 §4.5.3.1.1, and for the few JIDs that change when they are read again (🄐
    /// becomes “(A)” and that “(a)”): an answer could not find them.
    pub fn mail_of(&self, user: &BareJid) -> Option<MailAddress> {
        self.templated(user).filter(|mail| !self.is_reserved(mail))
    }

    /// The address that a local user would have by a rule, were it not reserved.
    pub fn reserved_of(&self, user: &BareJid) -> Option<MailAddress> {
        self.templated(user).filter(|mail| self.is_reserved(mail))
    }

    /// Whether an address is nobody's by rule, since it belongs to whoever runs its domain: `postmaster` and its like, the
    /// gateway's own accounts, and whom `stanzamail check` pretends to be, however a rule writes that. A pair can give it to
    /// somebody.
    pub fn is_reserved(&self, address: &MailAddress) -> bool {
        let is_check = |user: BareJid| user.node().is_some_and(|node| node.as_str() == CHECK);
        self.reserved.has(address) || self.holder_of(address).is_some_and(is_check)
    }

    /// The users of these domains who are called like that, and what their addresses would be.
    pub fn reserved_users(&self, domains: &[DomainPart]) -> Vec<(BareJid, MailAddress)> {
        let named = self.rules.iter().flat_map(|rule| {
            let mail_domains = rule.mail_domains(domains);
            mail_domains.into_iter().flat_map(|domain| {
                let locals = self.reserved.locals();
                let addresses = locals.map(move |name| MailAddress::from_parts(name, &domain));
                addresses.filter_map(Result::ok)
            })
        });
        let all = named.chain(self.reserved.addresses().cloned());
        all.filter_map(|address| Some((self.holder_of(&address)?, address)))
            .collect()
    }

    fn templated(&self, user: &BareJid) -> Option<MailAddress> {
        if BareJid::new(user.as_str()).ok().as_ref() != Some(user) {
            return None;
        }
        let node = user.node()?.as_str();
        let domain = domain_to_ascii(user.domain().as_str())?;
        self.rules
            .iter()
            .find_map(|rule| rule.mail_of(node, &domain))
    }

    /// The local user whose address this is by a rule. The domain of the JID is the template's own text, or in U-labels
    /// where the template has `{domain}`.
    pub fn user_of(&self, address: &MailAddress) -> Option<BareJid> {
        if self.is_reserved(address) {
            return None;
        }
        self.holder_of(address)
    }

    fn holder_of(&self, address: &MailAddress) -> Option<BareJid> {
        let local = folded(address.local());
        self.rules
            .iter()
            .find_map(|rule| rule.user_of(&local, address.domain()))
    }

    /// Whether an address is in a domain that a rule is about: then it is a local user's by a rule or a pair, or nobody's.
    /// The mailbox behind a rule with subaddresses (RFC 5233) is whose it is.
    pub fn serves(&self, address: &MailAddress) -> bool {
        let local = address.local().to_lowercase();
        self.rules
            .iter()
            .any(|rule| rule.serves(&local, address.domain()))
    }
}

impl Rule {
    fn parse(rule: usize, jid: &str, mail: &str) -> Result<Self, RuleError> {
        let template = |side: Side, text: &str| {
            Template::parse(side, text).map_err(|fault| RuleError::Template {
                rule,
                side,
                template: text.to_owned(),
                fault,
            })
        };
        let text = both(jid, mail);
        let (jid, mail) = (template(Side::Jid, jid)?, template(Side::Mail, mail)?);
        for slot in [Placeholder::Local, Placeholder::Domain] {
            let side = match (jid.has(slot), mail.has(slot)) {
                (true, false) => Side::Jid,
                (false, true) => Side::Mail,
                _ => continue,
            };
            return Err(RuleError::OneSided {
                rule,
                text,
                slot,
                side,
            });
        }
        if !jid.has(Placeholder::Local) {
            return Err(RuleError::NoLocal { rule, text });
        }
        Ok(Self { jid, mail })
    }

    fn overlaps(&self, other: &Self) -> Option<Side> {
        if overlap::overlap(&self.jid.pattern(), &other.jid.pattern()) {
            return Some(Side::Jid);
        }
        overlap::overlap(&self.mail.pattern(), &other.mail.pattern()).then_some(Side::Mail)
    }

    fn mail_of(&self, node: &str, domain: &str) -> Option<MailAddress> {
        let node = self.jid.local.take(node)?.local;
        let domain = self.jid.domain.take(domain)?.domain;
        let local = self.mail.local.fill(&node::encode(node), domain);
        let address = MailAddress::from_parts(&local, &self.mail.domain.fill("", domain));
        address
            .ok()
            .filter(|_| local.len() <= LOCAL_PART_OCTETS_MAX)
    }

    fn user_of(&self, local: &str, mail_domain: &str) -> Option<BareJid> {
        let before = self.mail.local.take(local)?;
        let after = self.mail.domain.take(mail_domain)?;
        // Template::check: {domain} stands once, so one of the two is empty.
        let domain = self.jid_domain(if before.domain.is_empty() {
            after.domain
        } else {
            before.domain
        })?;
        let node = self.jid.local.fill(&node::decode(before.local)?, "");
        let prepared = NodePart::new(&node).ok()?.into_owned();
        // A node that RFC 7622 would change is nobody's: its address must not reach the user of the changed one.
        (prepared.as_str() == node).then(|| BareJid::from_parts(Some(&prepared), &domain))
    }

    /// The domains of the addresses that it gives to users of these domains.
    fn mail_domains(&self, of: &[DomainPart]) -> Vec<String> {
        if !self.mail.domain.has(Placeholder::Domain) {
            return vec![self.mail.domain.fill("", "")];
        }
        of.iter()
            .filter_map(|domain| domain_to_ascii(domain.as_str()))
            .map(|domain| self.mail.domain.fill("", &domain))
            .collect()
    }

    fn serves(&self, local: &str, mail_domain: &str) -> bool {
        let is_mailbox = self.mail.local.subaddressed() == Some(local);
        self.mail.domain.take(mail_domain).is_some() && !is_mailbox
    }

    fn jid_domain(&self, domain: &str) -> Option<DomainPart> {
        if let Some(literal) = &self.jid.literal_domain {
            return Some(literal.clone());
        }
        let ascii = self.jid.domain.fill("", domain);
        // Only what mail_of would have written: lower-case A-labels.
        if domain_to_ascii(&ascii).as_ref() != Some(&ascii) {
            return None;
        }
        DomainPart::new(&domain_to_unicode(&ascii))
            .ok()
            .map(|part| part.into_owned())
    }
}

fn both(jid: &str, mail: &str) -> String {
    format!("“{jid}” ⇄ “{mail}”")
}

fn nth(position: usize) -> usize {
    position.saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rules(templates: &[(&str, &str)]) -> Result<Rules, RuleError> {
        let owned: Vec<_> = templates
            .iter()
            .map(|(jid, mail)| ((*jid).to_owned(), (*mail).to_owned()))
            .collect();
        Rules::new(&owned)
    }

    fn both_ways(rules: &Rules, jid: &str, mail: &str) {
        let user = BareJid::new(jid).unwrap();
        let address = MailAddress::parse(mail).unwrap();
        assert_eq!(
            rules.mail_of(&user).unwrap().to_string(),
            address.to_string()
        );
        assert_eq!(rules.user_of(&address), Some(user));
    }

    #[test]
    fn whom_check_pretends_to_be_is_nobody_by_whichever_rule() {
        let user = BareJid::new(&format!("{CHECK}@a.example")).unwrap();
        for mail in ["{local}@chat.a.example", "im.{local}@a.example"] {
            let rules = rules(&[("{local}@a.example", mail)]).unwrap();
            let address = rules.reserved_of(&user).unwrap();
            assert_eq!(address.to_string(), mail.replace("{local}", CHECK));
            assert_eq!(
                (rules.mail_of(&user), rules.user_of(&address)),
                (None, None)
            );
        }
        let address = rules(&[SUBADDRESS]).unwrap().reserved_of(&user).unwrap();
        assert_eq!(
            address.to_string(),
            format!("bridge+{CHECK}_a.example@provider.example")
        );
    }

    const SUBADDRESS: (&str, &str) = (
        "{local}@{domain}",
        "bridge+{local}_{domain}@provider.example",
    );

    #[test]
    fn the_three_kinds_of_rules_map_both_ways() {
        let own_domain = rules(&[("{local}@a.example", "{local}@chat.a.example")]).unwrap();
        both_ways(&own_domain, "alice@a.example", "alice@chat.a.example");
        both_ways(&own_domain, "zoë@a.example", "zo_-c3ab-@chat.a.example");
        let prefix = rules(&[("{local}@a.example", "im.{local}@a.example")]).unwrap();
        both_ways(&prefix, "alice@a.example", "im.alice@a.example");
        let subaddress = rules(&[SUBADDRESS]).unwrap();
        both_ways(
            &subaddress,
            "alice@a.example",
            "bridge+alice_a.example@provider.example",
        );
        both_ways(
            &subaddress,
            "a_b@bücher.example",
            "bridge+a_b_xn--bcher-kva.example@provider.example",
        );
    }

    #[test]
    fn domains_may_be_carried_over() {
        let rules = rules(&[("{local}@{domain}", "{domain}+{local}@chat.example")]).unwrap();
        both_ways(&rules, "a+b@a.example", "a.example+a_-2b-b@chat.example");
        let rules = super::Rules::new(&[(
            "{local}@{domain}".to_owned(),
            "{local}@chat.{domain}".to_owned(),
        )])
        .unwrap();
        both_ways(&rules, "alice@bücher.example", "alice@chat.bücher.example");
    }

    #[test]
    fn the_first_rule_that_matches_is_taken() {
        let rules = rules(&[
            ("{local}@a.example", "{local}@chat.a.example"),
            ("{local}@b.example", "{local}@chat.b.example"),
        ])
        .unwrap();
        both_ways(&rules, "bob@b.example", "bob@chat.b.example");
        assert_eq!(rules.mail_of(&BareJid::new("bob@c.example").unwrap()), None);
    }

    #[test]
    fn mail_addresses_are_matched_without_case_and_domains_as_a_labels() {
        let rules = rules(&[("{local}@bücher.example", "IM.{local}@Chat.Bücher.example")]).unwrap();
        let alice = BareJid::new("alice@bücher.example").unwrap();
        let shouted = MailAddress::parse("Im.ALICE@CHAT.XN--BCHER-KVA.EXAMPLE").unwrap();
        assert_eq!(rules.user_of(&shouted), Some(alice.clone()));
        let in_a_labels = BareJid::new("alice@xn--bcher-kva.example").unwrap();
        assert_eq!(rules.mail_of(&in_a_labels), rules.mail_of(&alice));
    }

    #[test]
    fn a_local_part_over_64_octets_maps_to_nothing() {
        let rules = rules(&[("{local}@a.example", "im.{local}@a.example")]).unwrap();
        let user = |length| BareJid::new(&format!("{}@a.example", "x".repeat(length))).unwrap();
        assert!(rules.mail_of(&user(61)).is_some());
        assert_eq!(rules.mail_of(&user(62)), None);
    }

    #[test]
    fn addresses_that_no_user_has_are_nobodys() {
        let rules = rules(&[SUBADDRESS]).unwrap();
        for mail in [
            "bridge+alice@provider.example",
            "bridge+_a.example@provider.example",
            "bridge+alice_@provider.example",
            "bridge+alice_a..example@provider.example",
            "bridge+alice_xn--a@provider.example",
            "bridge+al+ice_a.example@provider.example",
            "bridge+_-61-_a.example@provider.example",
            // Nodeprep would make a lower-case letter or an “a” of these.
            "bridge+_-c38b-_a.example@provider.example",
            "bridge+_-efbd81-_a.example@provider.example",
            "alice@provider.example",
        ] {
            let address = MailAddress::parse(mail).unwrap();
            assert_eq!(rules.user_of(&address), None, "{mail}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_in_full() {
        for (templates, sentence) in WRONG {
            assert_eq!(
                rules(templates).unwrap_err().to_string(),
                *sentence,
                "{templates:?}"
            );
        }
    }

    type Wrong = (&'static [(&'static str, &'static str)], &'static str);
    const WRONG: &[Wrong] = &[
        (
            &[("{local}@a.example", "im@a.example")],
            "address rule 1 (“{local}@a.example” ⇄ “im@a.example”) has {local} on its jid side only, so that it cannot be \
             reversed; write {local} on both sides or on none",
        ),
        (
            &[("{local}@{domain}", "{local}@a.example")],
            "address rule 1 (“{local}@{domain}” ⇄ “{local}@a.example”) has {domain} on its jid side only, so that it cannot \
             be reversed; write {domain} on both sides or on none",
        ),
        (
            &[("{local}@a.example", "{local}@{domain}")],
            "address rule 1 (“{local}@a.example” ⇄ “{local}@{domain}”) has {domain} on its mail side only, so that it \
             cannot be reversed; write {domain} on both sides or on none",
        ),
        (
            &[("alice@a.example", "alice@b.example")],
            "address rule 1 (“alice@a.example” ⇄ “alice@b.example”) has no {local}; a rule needs it on both sides, for one \
             user write a [[pair]]",
        ),
        (
            &[("{user}@a.example", "{local}@b.example")],
            "address rule 1: the jid template “{user}@a.example” has “{user}”; the placeholders are {local} and {domain}",
        ),
        (
            &[("{local}@a.example", "{local@b.example")],
            "address rule 1: the mail template “{local@b.example” has “{local”; the placeholders are {local} and {domain}",
        ),
        (
            &[("{local}@a.example", "local}@b.example")],
            "address rule 1: the mail template “local}@b.example” has “}”; the placeholders are {local} and {domain}",
        ),
        (
            &[("{local}@{domain}", "{local}{domain}@b.example")],
            "address rule 1: the mail template “{local}{domain}@b.example” has “” between {local} and {domain}, which can be \
             part of a domain, so that nobody could tell where one ends; put “_” or “+” between them",
        ),
        (
            &[("{local}@{domain}", "{local}.{domain}@b.example")],
            "address rule 1: the mail template “{local}.{domain}@b.example” has “.” between {local} and {domain}, which can \
             be part of a domain, so that nobody could tell where one ends; put “_” or “+” between them",
        ),
        (
            &[("{local}@a.example", "{local}.b.example")],
            "address rule 1: the mail template “{local}.b.example” is not of the form name@domain; write, for example, \
             “{local}@chat.example.org”",
        ),
        (
            &[("{local}@a.example", "{local}@b..example")],
            "address rule 1: the mail template “{local}@b..example” has “b..example” after the @, which is not a domain \
             name; write, for example, “chat.example.org”",
        ),
        (
            &[("{local}@{domain}", "{local}@x{domain}")],
            "address rule 1: the mail template “{local}@x{domain}” has text in one label with {domain}; put a dot between \
             them, for example “chat.{domain}”",
        ),
        (
            &[("{local}@a.example", "x@{local}.example")],
            "address rule 1: the mail template “x@{local}.example” has {local} after the @; it belongs before it",
        ),
        (
            &[("{local}_{domain}@a.example", "{local}_{domain}@b.example")],
            "address rule 1: the jid template “{local}_{domain}@a.example” has {domain} before the @; in a jid template it \
             belongs after it",
        ),
        (
            &[("{local}@a.example", "{local}+{local}@b.example")],
            "address rule 1: the mail template “{local}+{local}@b.example” has {local} twice; each placeholder may stand \
             once in a template",
        ),
        (
            &[("{local}@a.example", ".{local}@b.example")],
            "address rule 1: the mail template “.{local}@b.example” has “.{local}” before the @; allowed beside the \
             placeholders are a-z, 0-9, “-”, “_”, “+” and single dots between them",
        ),
        (
            &[
                ("{local}@a.example", "{local}@x.example"),
                ("{local}@b.example", "im.{local}@x.example"),
            ],
            "address rules 1 (“{local}@a.example” ⇄ “{local}@x.example”) and 2 (“{local}@b.example” ⇄ \
             “im.{local}@x.example”) overlap: their mail templates can both give the same address; change one so that \
             they cannot, for example by another domain or another prefix",
        ),
        (
            &[
                ("{local}@{domain}", "{local}@chat.{domain}"),
                ("{local}@a.example", "{local}@b.example"),
            ],
            "address rules 1 (“{local}@{domain}” ⇄ “{local}@chat.{domain}”) and 2 (“{local}@a.example” ⇄ \
             “{local}@b.example”) overlap: their jid templates can both give the same address; change one so that they \
             cannot, for example by another domain or another prefix",
        ),
    ];

    fn every_kind() -> impl Strategy<Value = Rules> {
        prop::sample::select(vec![
            ("{local}@a.example", "{local}@chat.a.example"),
            ("{local}@a.example", "im.{local}@a.example"),
            ("{local}@a.example", "im-{local}-x@a.example"),
            ("x{local}@a.example", "{local}@a.example"),
            SUBADDRESS,
            ("{local}@{domain}", "{domain}_{local}@provider.example"),
            ("{local}@{domain}", "{local}@chat.{domain}"),
        ])
        .prop_map(|rule| rules(&[rule]).unwrap())
    }

    #[test]
    fn a_user_whose_jid_does_not_stay_the_same_has_no_address() {
        let rules = rules(&[("{local}@a.example", "{local}@chat.a.example")]).unwrap();
        let user = |node: &str| BareJid::new(&format!("{node}@a.example")).unwrap();
        assert_eq!(rules.mail_of(&user("🄐")), None);
        assert!(rules.mail_of(&user("(a)")).is_some());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn every_user_who_has_an_address_is_found_by_it(
            rules in every_kind(),
            node in "x?[a-z0-9._\\-]{1,20}|x?\\PC{1,12}|x?[a-z_\\-é\\\\.]{1,12}",
            domain in prop::sample::select(vec!["a.example", "bücher.example", "127.0.0.1"]),
        ) {
            let Ok(user) = BareJid::new(&format!("{node}@{domain}")) else { return Ok(()) };
            if let Some(address) = rules.mail_of(&user) {
                prop_assert_eq!(rules.user_of(&address), Some(user.clone()), "{} {}", user, address);
                let shouted = MailAddress::from_parts(&address.local().to_uppercase(), address.domain()).unwrap();
                prop_assert_eq!(rules.user_of(&shouted), Some(user));
            }
        }

        #[test]
        fn every_address_that_has_a_user_is_that_users_address(
            rules in every_kind(),
            local in "(im\\.|bridge\\+)?[a-f0-9._\\-]{1,20}(_a\\.example)?",
            domain in prop::sample::select(vec!["a.example", "chat.a.example", "provider.example"]),
        ) {
            let Ok(address) = MailAddress::from_parts(&local, domain) else { return Ok(()) };
            if let Some(user) = rules.user_of(&address) {
                prop_assert_eq!(rules.mail_of(&user), Some(address));
            }
        }
    }
}
