//! Mail servers that lie, and whoever sits on the way to honest ones. They say what the test wrote and keep every octet
//! that they are sent.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use stanzamail::imap::{After, FirstStart, ImapTimings, Login, MailboxConfig, left_keyword};
use stanzamail::smtp::{SmtpConfig, TlsMode};
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

pub const USER: &str = "canary-user";
pub const PASSWORD: &str = "canary-password";

/// How long a conversation with a server that goes silent may last.
const SILENCE: Duration = Duration::from_millis(700);

/// What a server does, step by step. Before each but the first thing that it says, it waits for a line.
pub struct Script {
    pub says: Vec<Vec<u8>>,
    /// Then it begins with TLS.
    pub tls: Option<TlsAcceptor>,
    /// What it says inside of TLS, each but a greeting after a line.
    pub inside: Vec<Vec<u8>>,
    /// What it says in the end, again and again.
    pub endless: Vec<u8>,
}

impl Script {
    pub fn of(says: &[&str]) -> Self {
        Self {
            says: says.iter().map(|say| say.as_bytes().to_vec()).collect(),
            tls: None,
            inside: Vec::new(),
            endless: Vec::new(),
        }
    }

    pub fn tls(mut self, tls: &TlsAcceptor) -> Self {
        self.tls = Some(tls.clone());
        self
    }

    pub fn inside(mut self, says: &[&str]) -> Self {
        self.inside = says.iter().map(|say| say.as_bytes().to_vec()).collect();
        self
    }

    pub fn endless(mut self, what: &[u8]) -> Self {
        self.endless = what.to_vec();
        self
    }
}

/// A server that plays its script to everybody.
pub struct Liar {
    pub port: u16,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Liar {
    pub async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (script, hears) = (Arc::new(script), Arc::clone(&heard));
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                tokio::spawn(play(tcp, Arc::clone(&script), Arc::clone(&hears)));
            }
        });
        Self { port, heard }
    }

    /// Every octet that anybody could have read on the way, and those that the server itself could read.
    pub fn heard(&self) -> Vec<u8> {
        self.heard.lock().expect("nobody panicked").clone()
    }

    pub fn heard_text(&self) -> String {
        String::from_utf8_lossy(&self.heard()).into_owned()
    }
}

async fn play(mut tcp: tokio::net::TcpStream, script: Arc<Script>, heard: Arc<Mutex<Vec<u8>>>) {
    for (number, say) in script.says.iter().enumerate() {
        if number > 0 && !hear_line(&mut tcp, &heard).await {
            return;
        }
        if tcp.write_all(say).await.is_err() {
            return;
        }
    }
    match &script.tls {
        Some(tls) => {
            let Ok(mut inside) = tls.accept(tcp).await else {
                return;
            };
            for say in &script.inside {
                if !say.starts_with(b"220") && !hear_line(&mut inside, &heard).await {
                    return;
                }
                if inside.write_all(say).await.is_err() {
                    return;
                }
            }
            go_on(inside, &script.endless, &heard).await;
        }
        None => go_on(tcp, &script.endless, &heard).await,
    }
}

async fn hear_line(from: &mut (impl AsyncRead + Unpin), heard: &Mutex<Vec<u8>>) -> bool {
    let mut octet = [0];
    while matches!(from.read(&mut octet).await, Ok(1)) {
        heard.lock().expect("nobody panicked").push(octet[0]);
        if octet[0] == b'\n' {
            return true;
        }
    }
    false
}

/// Listens, and says the same without end if there is something to say.
async fn go_on(stream: impl AsyncRead + AsyncWrite, endless: &[u8], heard: &Mutex<Vec<u8>>) {
    let (mut from, mut to) = tokio::io::split(stream);
    let listening = async {
        let mut octets = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut octets).await {
            heard
                .lock()
                .expect("nobody panicked")
                .extend_from_slice(&octets[..count]);
        }
    };
    let talking = async {
        let much = endless.repeat(1 + 64 * 1024 / endless.len().max(1));
        while !endless.is_empty() && to.write_all(&much).await.is_ok() {}
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = listening => {}
        () = talking => {}
    }
}

/// What must not be seen on the way, in every form in which it is sent.
pub fn secrets() -> Vec<String> {
    use base64::Engine;
    let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let plain = format!("\0{USER}\0{PASSWORD}");
    [
        USER.to_owned(),
        PASSWORD.to_owned(),
        base64(USER),
        base64(PASSWORD),
        base64(&plain),
    ]
    .to_vec()
}

/// Panics if a secret, a command that begins a login or the words of a mail are among the octets.
pub fn nothing_secret_in(octets: &[u8], what: &str) {
    let text = String::from_utf8_lossy(octets).to_uppercase();
    let words = [
        "AUTH",
        "LOGIN",
        "MAIL FROM",
        "RCPT TO",
        "DATA\r\n",
        "SELECT",
        "FETCH",
    ];
    let secrets = secrets();
    for secret in secrets.iter().map(String::as_str).chain(words) {
        assert!(
            !text.contains(&secret.to_uppercase()),
            "{secret} was sent: {what}: {text}"
        );
    }
}

pub fn smtp(port: u16, tls: TlsMode, ca: &Authority) -> SmtpConfig {
    let mut config = SmtpConfig::new("localhost", port, tls, "gateway.example");
    config.ca_file = Some(ca.path());
    config.login = Some(Login::by_password(USER, PASSWORD));
    config.limits.connect = SILENCE;
    config.limits.command = SILENCE;
    config.limits.login = SILENCE;
    config
}

pub fn imap(port: u16, tls: TlsMode, ca: &Authority) -> MailboxConfig {
    MailboxConfig {
        name: "canary/INBOX".to_owned(),
        host: "localhost".to_owned(),
        port,
        tls,
        ca_file: Some(ca.path()),
        login: Login::by_password(USER, PASSWORD),
        folder: "INBOX".to_owned(),
        idle: true,
        poll: Duration::from_secs(1),
        after: After::Keep,
        left_keyword: left_keyword("gateway.a.example"),
        octets_max: 1024 * 1024,
        spill_folder: std::env::temp_dir(),
        first_start: FirstStart::All,
        timings: ImapTimings {
            connect: SILENCE,
            silence: SILENCE,
            command: Duration::from_secs(1),
            ..ImapTimings::default()
        },
    }
}

/// An authority, and the file by which it is trusted.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: tempfile::NamedTempFile,
}

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    None,
    Name,
    Expired,
    NotYet,
    SelfSigned,
    /// Of an authority that has the same name and another key.
    OtherAuthority,
    /// It is for clients only.
    Purpose,
}

impl Authority {
    pub fn new() -> Self {
        let key = KeyPair::generate().expect("a key is made");
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        parameters
            .distinguished_name
            .push(DnType::CommonName, "Authority of the tests");
        let pem = parameters.self_signed(&key).expect("it signs itself").pem();
        let mut file = tempfile::NamedTempFile::new().expect("a file is made");
        file.write_all(pem.as_bytes()).expect("it can be written");
        Self {
            issuer: Issuer::new(parameters, key),
            file,
        }
    }

    fn path(&self) -> std::path::PathBuf {
        self.file.path().to_owned()
    }

    /// A server's side of TLS with a certificate for `localhost` and this flaw.
    pub fn server(&self, flaw: Flaw) -> TlsAcceptor {
        let key = KeyPair::generate().expect("a key is made");
        let name = if flaw == Flaw::Name {
            "localhost.evil.example"
        } else {
            "localhost"
        };
        let mut parameters = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        match flaw {
            Flaw::Expired => {
                parameters.not_before = rcgen::date_time_ymd(2001, 1, 1);
                parameters.not_after = rcgen::date_time_ymd(2002, 1, 1);
            }
            Flaw::NotYet => parameters.not_before = rcgen::date_time_ymd(2199, 1, 1),
            Flaw::Purpose => {
                parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]
            }
            _ => {}
        }
        if flaw == Flaw::NotYet {
            parameters.not_after = rcgen::date_time_ymd(2200, 1, 1);
        }
        let certificate = match flaw {
            Flaw::SelfSigned => parameters.self_signed(&key),
            Flaw::OtherAuthority => parameters.signed_by(&key, &Self::new().issuer),
            _ => parameters.signed_by(&key, &self.issuer),
        };
        let certificate = certificate.expect("it is signed");
        let private = PrivatePkcs8KeyDer::from(key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("there are versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private.into())
            .expect("the certificate has this key");
        TlsAcceptor::from(Arc::new(config))
    }
}
