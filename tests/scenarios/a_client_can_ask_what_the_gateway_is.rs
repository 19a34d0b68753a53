//! What a client asks to show the gateway and its contacts is answered, and everything else gets an error.

use minidom::Element;

use super::servers::stanza::{error_condition, find, kind_of};
use super::servers::{Flavour, XmppClient};
use super::world::{Options, World};

const DISCO_INFO: &str = "http://jabber.org/protocol/disco#info";
const DISCO_ITEMS: &str = "http://jabber.org/protocol/disco#items";
const GATEWAY: &str = "jabber:iq:gateway";

#[tokio::test]
async fn on_prosody() {
    ask(World::with(options()).await, "alice").await;
}

#[tokio::test]
async fn on_ejabberd() {
    ask(World::on(Flavour::Ejabberd, options()).await, "bob").await;
}

fn options() -> Options {
    Options {
        more: "[users]\ncontact = [\"mailto:postmaster@a.example\"]".to_owned(),
        ..Options::default()
    }
}

async fn ask(world: World, name: &str) {
    let user = world.login(name).await;
    let (gateway, carol) = (world.xmpp.gateway.clone(), world.carol());
    it_is_found_as_a_gateway_to_mail(&world, &user).await;
    for jid in [&gateway, &carol] {
        let pong = user
            .iq("get", Some(jid), "<ping xmlns='urn:xmpp:ping'/>")
            .await;
        assert_eq!(kind_of(&pong), "result", "{pong:?}");
        let version = get(&user, jid, "query", "jabber:iq:version").await;
        let name = version.get_child("name", "jabber:iq:version");
        assert_eq!(name.map(Element::text).as_deref(), Some("Stanzamail"));
    }
    let info = get(&user, &gateway, "query", DISCO_INFO).await;
    let form = info
        .get_child("x", "jabber:x:data")
        .expect("it says whom to ask");
    let is_one = |field: &&Element| field.attr("var") == Some("admin-addresses");
    let addresses = form.children().find(is_one).map(|field| field.children());
    let addresses: Vec<_> = addresses.into_iter().flatten().map(Element::text).collect();
    assert_eq!(addresses, ["mailto:postmaster@a.example"]);
    let policies = info.children().filter(|one| one.is("x", "jabber:x:data"));
    let policies: Vec<String> = policies.map(String::from).collect();
    assert!(
        policies.iter().any(|form| {
            form.contains("urn:xmpp:data-policy:0") && form.contains("<value>2160</value>")
        }),
        "{policies:?}"
    );
    an_address_becomes_a_jid(&world, &user).await;

    let vcard = get(&user, &carol, "vCard", "vcard-temp").await;
    let address = find(&vcard, "USERID", "vcard-temp").map(Element::text);
    assert_eq!(address.as_deref(), Some("carol@mail.example"));
    let features = features(&get(&user, &carol, "query", DISCO_INFO).await);
    assert!(
        features.contains(&"urn:xmpp:receipts".to_owned()),
        "{features:?}"
    );

    for (kind, jid) in [("get", &gateway), ("set", &carol)] {
        let error = user
            .iq(kind, Some(jid), "<query xmlns='urn:example:unheard-of'/>")
            .await;
        let condition = error_condition(&error);
        assert_eq!(
            condition.as_deref(),
            Some("service-unavailable"),
            "{error:?}"
        );
    }
}

/// A client finds it among the items of the server and by its identity (XEP-0100 §6.1).
async fn it_is_found_as_a_gateway_to_mail(world: &World, user: &XmppClient) {
    let (server, gateway) = (&world.xmpp.domain, &world.xmpp.gateway);
    let items = get(user, server, "query", DISCO_ITEMS).await;
    let mut jids = items.children().filter_map(|item| item.attr("jid"));
    assert!(jids.any(|jid| jid == gateway), "{items:?}");

    let info = get(user, gateway, "query", DISCO_INFO).await;
    let identity = info
        .get_child("identity", DISCO_INFO)
        .expect("it says what it is");
    let identity = (identity.attr("category"), identity.attr("type"));
    assert_eq!(identity, (Some("gateway"), Some("smtp")));
    for feature in ["urn:xmpp:ping", "jabber:iq:version", "vcard-temp", GATEWAY] {
        assert!(features(&info).contains(&feature.to_owned()), "{info:?}");
    }
}

async fn an_address_becomes_a_jid(world: &World, user: &XmppClient) {
    let gateway = &world.xmpp.gateway;
    let prompt = get(user, gateway, "query", GATEWAY).await;
    assert!(prompt.get_child("prompt", GATEWAY).is_some(), "{prompt:?}");
    let typed = |text: &str| format!("<query xmlns='{GATEWAY}'><prompt>{text}</prompt></query>");
    let answer = user
        .iq("set", Some(gateway), &typed("carol@mail.example"))
        .await;
    let jid = find(&answer, "jid", GATEWAY).map(Element::text);
    assert_eq!(jid, Some(world.carol()));
    let error = user
        .iq("set", Some(gateway), &typed("not an address"))
        .await;
    assert_eq!(error_condition(&error).as_deref(), Some("not-acceptable"));
}

/// The payload of a successful answer.
async fn get(user: &XmppClient, jid: &str, name: &str, namespace: &str) -> Element {
    let answer = user
        .iq("get", Some(jid), &format!("<{name} xmlns='{namespace}'/>"))
        .await;
    let payload = answer.get_child(name, namespace);
    payload
        .unwrap_or_else(|| panic!("{jid} does not answer: {answer:?}"))
        .clone()
}

fn features(info: &Element) -> Vec<String> {
    let features = info.children().filter(|child| child.name() == "feature");
    features
        .filter_map(|feature| feature.attr("var").map(str::to_owned))
        .collect()
}
