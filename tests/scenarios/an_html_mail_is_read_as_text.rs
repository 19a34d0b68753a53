//! A mail that is only HTML is readable text with the targets of its links, and nothing in it is fetched.

use std::net::TcpListener;

use super::servers::stanza::body;
use super::world::GreenWorld;

#[tokio::test]
async fn with_its_links_and_without_the_network() {
    let world = GreenWorld::start().await;
    let alice = world.xmpp.login("alice").await;
    let tracker = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    tracker
        .set_nonblocking(true)
        .expect("a listener can be asked without waiting");
    let port = tracker.local_addr().expect("it has an address").port();

    let to = "bridge+alice@chat.a.example";
    let mail = format!(
        "From: Shop <carol@mail.example>\nTo: {to}\nSubject: Offers\nMIME-Version: 1.0\n\
         Content-Type: text/html; charset=utf-8\n\n{}",
        page(port)
    );
    let sent = world.mail.submit("carol@mail.example", &[to], mail).await;
    sent.expect("GreenMail takes it");

    let text = body(&alice.next_message_from(&world.carol()).await).expect("it has a body");
    assert!(text.starts_with("*Offers*\n"), "{text}");
    for expected in [
        "Hello *Alice* & friends,",
        "our offers (https://shop.example/offers?id=7&lang=de)",
        "- apples",
        "- pears",
    ] {
        assert!(
            text.contains(expected),
            "{expected:?} is missing in: {text}"
        );
    }
    for unwanted in ["<", "color: red", "alert", "pixel.gif"] {
        assert!(!text.contains(unwanted), "{unwanted:?} is in: {text}");
    }
    assert!(tracker.accept().is_err(), "somebody asked for the picture");
}

fn page(port: u16) -> String {
    format!(
        "<html><head><title>Shop</title><style>p {{ color: red }}</style>\n\
         <link rel=\"stylesheet\" href=\"http://127.0.0.1:{port}/style.css\">\n\
         <script>alert('hello')</script></head>\n\
         <body><p>Hello <b>Alice</b> &amp; friends,</p>\n\
         <p>read <a href=\"https://shop.example/offers?id=7&amp;lang=de\">our offers</a>:</p>\n\
         <ul><li>apples</li><li>pears</li></ul>\n\
         <img src=\"http://127.0.0.1:{port}/pixel.gif\" width=\"1\" height=\"1\"></body></html>\n"
    )
}
