//! The way into an XMPP server: SASL PLAIN without TLS, then a resource (RFC 6120 §6, §7).

use minidom::Element;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::frames::{Frame, Frames};
use super::stanza::parse;

/// A connection on its way in.
pub(super) struct Login {
    pub stream: TcpStream,
    pub frames: Frames,
}

impl Login {
    pub(super) fn new(stream: TcpStream) -> Login {
        let _ = stream.set_nodelay(true);
        Login {
            stream,
            frames: Frames::default(),
        }
    }

    /// RFC 6120 §9.1 without its TLS part. Returns the full JID.
    pub(super) async fn run(&mut self, jid: &str, password: &str, resource: &str) -> String {
        let (local, domain) = jid
            .split_once('@')
            .unwrap_or_else(|| panic!("{jid} is no bare JID"));
        self.open(domain).await;
        let token = base64(format!("\0{local}\0{password}").as_bytes());
        self.write(&format!(
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{token}</auth>"
        ))
        .await;
        let answer = self.stanza().await;
        assert!(
            answer.starts_with("<success"),
            "{jid} was not let in: {answer}"
        );
        self.frames.restart();
        self.open(domain).await;
        self.bind(resource).await
    }

    async fn open(&mut self, domain: &str) {
        self.write(&format!(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:client' version='1.0' \
             xmlns:stream='http://etherx.jabber.org/streams' to='{domain}'>"
        ))
        .await;
        let features = self.stanza().await;
        assert!(
            features.starts_with("<stream:features"),
            "{domain} refused the stream: {features}"
        );
    }

    async fn bind(&mut self, resource: &str) -> String {
        let payload = format!(
            "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>{resource}</resource></bind>"
        );
        self.write(&format!("<iq type='set' id='bind'>{payload}</iq>"))
            .await;
        let answer = self.stanza().await;
        let jid = parse(&answer)
            .as_ref()
            .and_then(|iq| iq.children().next()?.children().next().map(Element::text));
        jid.unwrap_or_else(|| panic!("the resource {resource} was not bound: {answer}"))
    }

    async fn write(&mut self, xml: &str) {
        self.stream
            .write_all(xml.as_bytes())
            .await
            .expect("the XMPP server takes what we send");
    }

    async fn stanza(&mut self) -> String {
        let mut buffer = [0; 4096];
        loop {
            match self.frames.next() {
                Some(Frame::Stanza(xml)) => return xml,
                Some(Frame::Header(_)) => continue,
                Some(Frame::End) => panic!("the XMPP server closed the stream during login"),
                None => {}
            }
            let count = self.stream.read(&mut buffer).await.unwrap_or(0);
            assert!(
                count > 0,
                "the XMPP server closed the connection during login"
            );
            self.frames.push(&buffer[..count]);
        }
    }
}

/// RFC 4648 §4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |chunk: &[u8]| {
        let bits = chunk
            .iter()
            .chain([0, 0].iter())
            .take(3)
            .fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
        let digit = |n: usize| {
            if n > chunk.len() {
                '='
            } else {
                char::from(ALPHABET[(bits >> (18 - 6 * n) & 63) as usize])
            }
        };
        (0..4).map(digit).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}
