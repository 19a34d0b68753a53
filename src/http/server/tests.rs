//! With a real client, of bytes.

use super::answer::NOT_FOUND;
use super::*;
use crate::core::language::Language;
use crate::net::listen::Listen;
use std::net::SocketAddr;
use std::sync::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

const ID: &str = "0123456789abcdef0123456789abcdef";
const FILE_ID: &str = "fedcba9876543210fedcba9876543210";
const MAIL: &str = "From: Carol <carol@mail.example>\r\nSubject: Lunch\r\nContent-Type: multipart/related; boundary=b\r\n\r\n\
    --b\r\nContent-Type: text/html\r\n\r\n<p>Great</p><img src=\"cid:1@c\"><script>x</script>\r\n\
    --b\r\nContent-Type: image/svg+xml; name=\"a \\\"b.svg\"\r\nContent-ID: <1@c>\r\n\r\n<svg onload=x>\r\n\
    --b\r\nContent-Type: text/plain; name=list.txt\r\n\r\n0123456789\r\n--b--\r\n";

/// A file that is sent in pieces.
const BIG_ID: &str = "00112233445566778899aabbccddeeff";

fn big() -> Vec<u8> {
    let numbers = (0_u32..).flat_map(u32::to_be_bytes);
    numbers.take(3 * body::AT_ONCE + 17).collect()
}

/// How the names of other mails begin.
const OTHERS: &str = "0f0f0f0f";
const PATIENCE: Duration = Duration::from_secs(20);

fn kept(octets: &[u8]) -> ServedMail {
    let mut file = tempfile::tempfile().unwrap();
    io::Write::write_all(&mut file, octets).unwrap();
    io::Seek::rewind(&mut file).unwrap();
    ServedMail {
        file,
        octets: octets.len().try_into().unwrap(),
        until: Timestamp::from_secs(1_800_000_000),
    }
}

fn writing() -> WritePage {
    WritePage {
        gateway: jid::DomainPart::new("gateway.a.example")
            .unwrap()
            .into_owned(),
        chats: Vec::new(),
    }
}

/// A server that has one mail; the limits are for tests.
struct Lab {
    address: SocketAddr,
    stop: CancellationToken,
    asked: Arc<Mutex<usize>>,
}

impl Lab {
    async fn start(timings: HttpTimings) -> Self {
        Self::with(timings, MAIL.as_bytes().to_vec()).await
    }

    async fn with(timings: HttpTimings, mail: Vec<u8>) -> Self {
        Self::of(timings, mail, Some(writing())).await
    }

    async fn of(timings: HttpTimings, mail: Vec<u8>, write_page: Option<WritePage>) -> Self {
        let listen = Listen::Tcp("127.0.0.1:0".parse().unwrap());
        let listener = Listener::bind(&listen).await.unwrap();
        let Listener::Tcp(tcp) = &listener else {
            panic!("a port")
        };
        let address = tcp.local_addr().unwrap();
        let (stop, asked) = (CancellationToken::new(), Arc::new(Mutex::new(0)));
        let count = Arc::clone(&asked);
        let config = ServerConfig {
            public_url: "https://mail.example.org/x".to_owned(),
            language: Language::of_tag("fr").unwrap(),
            mails: Arc::new(move |id| {
                *count.lock().unwrap() += 1;
                let is_there = id.as_str() == ID || id.as_str().starts_with(OTHERS);
                is_there.then(|| kept(&mail))
            }),
            files: Arc::new(|id| match id.as_str() {
                FILE_ID => Some(kept(b"\x89PNG\r\n\x1a\n0123")),
                BIG_ID => Some(kept(&big())),
                _ => None,
            }),
            write_page,
            timings,
        };
        tokio::spawn(run(listener, config, stop.clone()));
        Self {
            address,
            stop,
            asked,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// The header and the body of the answer to these octets.
    async fn says(&self, request: &str) -> (String, String) {
        let mut tcp = self.connect().await;
        // Who is refused within a request may not take all of it.
        let _ = tcp.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = tcp.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (header, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        (header.to_lowercase(), body.to_owned())
    }

    async fn get(&self, path: &str, fields: &str) -> (String, String) {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{fields}\r\n");
        self.says(&request).await
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn quick() -> HttpTimings {
    HttpTimings {
        request: Duration::from_secs(1),
        ..HttpTimings::default()
    }
}

#[tokio::test]
async fn a_mail_has_a_page_with_a_frame_and_files() {
    let lab = Lab::start(HttpTimings::default()).await;
    // With and without the path of the public address.
    for prefix in ["", "/x"] {
        let (header, body) = lab.get(&format!("{prefix}/m/{ID}"), "").await;
        assert!(header.starts_with("http/1.1 200"), "{header}");
        for field in [
            "content-type: text/html; charset=utf-8",
            "content-security-policy: default-src 'none'; style-src 'sha256-",
            "frame-ancestors 'none'",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "x-robots-tag: noindex",
            "cache-control: private, no-store",
        ] {
            assert!(header.contains(field), "{field} in {header}");
        }
        assert!(!header.contains("set-cookie"));
        assert!(body.contains("<h1 dir=\"auto\">Lunch</h1>"), "{body}");
    }
    let (header, body) = lab.get(&format!("/m/{ID}/html"), "").await;
    let pictures = format!("img-src https://mail.example.org/x/m/{ID}/part/ data:;");
    for field in ["content-security-policy: sandbox allow-popups", &pictures] {
        assert!(header.contains(field), "{field} in {header}");
    }
    assert!(!header.contains("allow-scripts") && !header.contains("allow-same-origin"));
    assert!(body.contains("<img src=\"part/1\">"), "{body}");
    // Pictures from elsewhere where they are asked for, and nothing else from there.
    let (header, _) = lab.get(&format!("/m/{ID}/html?remote"), "").await;
    assert!(header.contains("/part/ data: https:;"), "{header}");
    assert!(header.contains("default-src 'none'"));
}

#[tokio::test]
async fn files_are_saved_and_never_run() {
    let lab = Lab::start(HttpTimings::default()).await;
    let (header, body) = lab.get(&format!("/m/{ID}/part/1"), "").await;
    for field in [
        "content-type: application/octet-stream",
        "content-disposition: attachment; filename=\"a _b.svg\"; filename*=utf-8''a%20_b.svg",
        "content-security-policy: default-src 'none'; sandbox",
    ] {
        assert!(header.contains(field), "{field} in {header}");
    }
    assert_eq!(body.trim_end(), "<svg onload=x>");
    let (header, body) = lab.get(&format!("/m/{ID}/mail.eml"), "").await;
    assert!(header.contains("content-type: message/rfc822"));
    assert_eq!(body, MAIL);

    let part = format!("/m/{ID}/part/2");
    let (header, body) = lab.get(&part, "Range: bytes=2-4\r\n").await;
    assert!(header.starts_with("http/1.1 206"), "{header}");
    assert!(header.contains("content-range: bytes 2-4/10"), "{header}");
    assert_eq!(body, "234");
    let (header, _) = lab.get(&part, "Range: bytes=99-\r\n").await;
    assert!(header.starts_with("http/1.1 416") && header.contains("bytes */10"));
    let (header, body) = lab.get(&part, "Range: bytes=0-1,3-4\r\n").await;
    assert!(header.starts_with("http/1.1 200") && body == "0123456789");
}

#[tokio::test]
async fn a_file_of_its_own_is_no_mail_and_a_mail_no_file() {
    let lab = Lab::start(HttpTimings::default()).await;
    let (header, body) = lab
        .get(&format!("/f/{FILE_ID}/a%20b.png"), "Range: bytes=8-9\r\n")
        .await;
    for field in [
        "http/1.1 206",
        "content-range: bytes 8-9/12",
        "content-type: image/png",
        "content-disposition: inline; filename=\"a b.png\"",
        "content-security-policy: default-src 'none'; sandbox",
        "access-control-allow-origin: *",
    ] {
        assert!(header.contains(field), "{field} in {header}");
    }
    assert_eq!(body, "01");
    for path in [
        format!("/f/{ID}/a.png"),
        format!("/m/{FILE_ID}"),
        format!("/m/{FILE_ID}/mail.eml"),
    ] {
        let (header, _) = lab.get(&path, "").await;
        assert!(header.starts_with("http/1.1 404"), "{path}: {header}");
    }
}

/// It is read while it is sent: all of it is there, and each part of it.
#[tokio::test]
async fn a_file_of_many_pieces_comes_whole_and_in_parts() {
    let lab = Lab::start(HttpTimings::default()).await;
    let whole = big();
    for (range, (start, end)) in [
        ("", (0, whole.len())),
        ("Range: bytes=65530-65545\r\n", (65_530, 65_546)),
        ("Range: bytes=131072-\r\n", (131_072, whole.len())),
        ("Range: bytes=-18\r\n", (whole.len() - 18, whole.len())),
    ] {
        let mut tcp = lab.connect().await;
        let path = format!("/f/{BIG_ID}/a.bin");
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{range}\r\n");
        tcp.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        tcp.read_to_end(&mut answer).await.unwrap();
        let is_end = |four: &[u8]| four == b"\r\n\r\n";
        let header = answer.windows(4).position(is_end).unwrap();
        let (header, body) = answer.split_at(header + 4);
        let header = String::from_utf8_lossy(header).to_lowercase();
        let length = format!("content-length: {}\r\n", end - start);
        assert!(header.contains(&length), "{header}");
        for field in [
            "nosniff",
            "content-disposition: attachment",
            "default-src 'none'; sandbox",
        ] {
            assert!(header.contains(field), "{field} in {header}");
        }
        assert!(body == &whole[start..end], "{range}");
        let head = format!("HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{range}\r\n");
        let (header, body) = lab.says(&head).await;
        assert!(
            header.contains(length.trim_end()) && body.is_empty(),
            "{header}"
        );
    }
}

/// Whoever tries learns nothing, not even by the form of the answer.
#[tokio::test]
async fn what_is_unknown_gone_or_asked_for_wrongly_is_one_answer() {
    let lab = Lab::start(HttpTimings::default()).await;
    let without_date = |header: &str| -> Vec<String> {
        let lines = header.lines().filter(|line| !line.starts_with("date:"));
        lines.map(str::to_owned).collect()
    };
    let (expected, body) = lab.get("/m/00000000000000000000000000000000", "").await;
    assert!(expected.starts_with("http/1.1 404") && body == NOT_FOUND);
    let parts = [
        format!("/m/{ID}/part/99"),
        format!("/m/{ID}/../../etc/passwd"),
        format!("/m/{}", &ID[1..]),
        format!("/m/{ID}%00"),
        "/".to_owned(),
        "/favicon.ico".to_owned(),
        "/m/..%2f..%2f".to_owned(),
    ];
    for path in &parts {
        let (header, body) = lab.get(path, "").await;
        assert_eq!(without_date(&header), without_date(&expected), "{path}");
        assert_eq!(body, NOT_FOUND);
    }
    let (header, body) = lab.get("/m/", "").await;
    assert!(header.starts_with("http/1.1 200") && body == ABOUT);
}

#[tokio::test]
async fn nothing_but_looking_is_possible() {
    let lab = Lab::start(quick()).await;
    let head = format!("HEAD /m/{ID} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let (header, body) = lab.says(&head).await;
    assert!(header.starts_with("http/1.1 200") && body.is_empty());
    for method in ["POST", "PUT", "OPTIONS", "DELETE", "TRACE", "PROPFIND"] {
        let request =
            format!("{method} /m/{ID} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
        let (header, _) = lab.says(&request).await;
        assert!(header.starts_with("http/1.1 405"), "{method}: {header}");
        assert!(header.contains("allow: get, head") && header.contains("connection: close"));
    }
    let before = *lab.asked.lock().unwrap();
    for request in [
        "GET http://other.example/m/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "nonsense\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01",
        "CONNECT other.example:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    ] {
        let (header, _) = lab.says(request).await;
        assert!(!header.contains("other.example"), "{header}");
    }
    assert_eq!(*lab.asked.lock().unwrap(), before);
}

#[tokio::test]
async fn a_header_has_an_end() {
    let lab = Lab::start(HttpTimings::default()).await;
    let long = format!("X: {}\r\n", "x".repeat(64 * 1024));
    let many = "X: y\r\n".repeat(1000);
    for fields in [&long, &many] {
        let (header, _) = lab.get(&format!("/m/{ID}"), fields).await;
        assert!(!header.starts_with("http/1.1 200"), "{header}");
    }
    assert_eq!(*lab.asked.lock().unwrap(), 0);
    let (header, _) = lab.get(&format!("/m/{ID}"), "").await;
    assert!(header.starts_with("http/1.1 200"));
}

/// As many as there may be, each of which sends an octet now and then, hold nobody up for longer than a request may take.
#[tokio::test]
async fn who_sends_slowly_is_not_waited_for() {
    let lab = Lab::start(quick()).await;
    let mut slow = Vec::new();
    for _ in 0..CONNECTIONS_MAX {
        let mut tcp = lab.connect().await;
        tcp.write_all(b"GET /m/ HTTP/1.1\r\nX").await.unwrap();
        slow.push(tcp);
    }
    let began = Instant::now();
    let (header, _) = lab.get(&format!("/m/{ID}"), "").await;
    assert!(header.starts_with("http/1.1 200"), "{header}");
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "it was waited for"
    );
    for tcp in &mut slow {
        // Closed, with a word or without.
        let mut rest = Vec::new();
        let _ = timeout(Duration::from_secs(20), tcp.read_to_end(&mut rest))
            .await
            .expect("it is closed");
    }
}

const BIG_OCTETS: usize = 24 * 1024 * 1024;

async fn with_big_mails() -> Lab {
    let timings = HttpTimings {
        room: Duration::from_secs(600),
        ..HttpTimings::default()
    };
    let mut mail =
        b"From: Carol <carol@mail.example>\r\nContent-Type: application/zip\r\n\r\n".to_vec();
    mail.resize(BIG_OCTETS, 0x50);
    Lab::with(timings, mail).await
}

/// Asks for the file of each, and takes nothing of it.
async fn greedy(lab: &Lab, ids: impl Iterator<Item = String>) -> Vec<TcpStream> {
    let mut greedy = Vec::new();
    for id in ids {
        let mut tcp = lab.connect().await;
        let request = format!("GET /m/{id}/part/0 HTTP/1.1\r\nHost: x\r\n\r\n");
        tcp.write_all(request.as_bytes()).await.unwrap();
        greedy.push(tcp);
    }
    greedy
}

/// Whoever has the addresses of many mails with big files asks for them again and again, and takes nothing of it.
#[tokio::test]
async fn e34_no_more_is_read_than_there_is_room_for() {
    let lab = with_big_mails().await;
    let ids = (0..20).map(|number| format!("{OTHERS}{number:024x}"));
    let greedy = greedy(&lab, ids).await;
    let room = usize::try_from(ROOM_KIBIBYTES).unwrap() * 1024 / BIG_OCTETS;
    let asked = || *lab.asked.lock().unwrap();
    while asked() < room + READ_MAX {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(asked(), room + READ_MAX, "the others wait unread");
    // Who goes away makes room.
    drop(greedy);
    let (header, _) = lab.get(&format!("/m/{ID}"), "").await;
    assert!(header.starts_with("http/1.1 200"), "{header}");
}

#[tokio::test]
async fn e34_who_has_one_address_leaves_room_for_others() {
    let lab = with_big_mails().await;
    let _greedy = greedy(&lab, std::iter::repeat_n(ID.to_owned(), 20)).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let other = format!("/m/{OTHERS}{:024x}/part/0", 1);
    let (header, body) = lab.get(&other, "").await;
    assert!(header.starts_with("http/1.1 200"), "{header}");
    assert!(body.len() > BIG_OCTETS / 2);
}

/// A browser asks for all pictures of a mail at once, and takes none of them quickly.
#[tokio::test]
async fn e34_what_belongs_to_one_mail_is_had_at_once_by_who_takes_it() {
    let lab = Arc::new(with_big_mails().await);
    let asking = (0..4).map(|_| {
        let lab = Arc::clone(&lab);
        tokio::spawn(async move {
            let mut tcp = lab.connect().await;
            let request =
                format!("GET /m/{ID}/part/0 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            tcp.write_all(request.as_bytes()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(300)).await;
            let mut answer = Vec::new();
            let read = tokio::time::timeout(PATIENCE, tcp.read_to_end(&mut answer));
            let _ = read.await.expect("it is answered").unwrap();
            (answer.starts_with(b"HTTP/1.1 200"), answer.len())
        })
    });
    for answer in asking.collect::<Vec<_>>() {
        let (is_there, octets) = answer.await.unwrap();
        assert!(is_there && octets > BIG_OCTETS / 2, "{octets}");
    }
}

#[tokio::test]
async fn a_page_is_in_the_language_of_the_browser() {
    let lab = Lab::start(HttpTimings::default()).await;
    for (field, tag) in [
        ("", "fr"),
        ("Accept-Language: tlh\r\n", "fr"),
        ("Accept-Language: de-AT,de;q=0.9,en;q=0.5\r\n", "de"),
        ("Accept-Language: en-GB\r\n", "en"),
    ] {
        let (_, body) = lab.get(&format!("/m/{ID}"), field).await;
        assert!(body.contains(&format!("<html lang=\"{tag}\">")), "{body}");
    }
}

#[tokio::test]
async fn an_address_that_is_typed_gets_its_contact_in_the_language_of_the_browser() {
    let lab = Lab::start(HttpTimings::default()).await;
    for (prefix, field, title) in [
        ("", "", "Écrire par chat"),
        ("/x", "Accept-Language: tlh\r\n", "Écrire par chat"),
        (
            "/x",
            "Accept-Language: de-AT,de;q=0.9,en;q=0.5\r\n",
            "Per Chat",
        ),
        ("", "Accept-Language: en\r\n", "by chat"),
    ] {
        let (header, body) = lab.get(&format!("{prefix}/write"), field).await;
        assert!(header.starts_with("http/1.1 200"), "{header}");
        for field in [
            "content-type: text/html; charset=utf-8",
            "content-security-policy: default-src 'none'; style-src 'sha256-",
            "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "x-robots-tag: noindex",
            "cache-control: private, no-store",
        ] {
            assert!(header.contains(field), "{field} in {header}");
        }
        assert!(!header.contains("set-cookie") && !header.contains("unsafe"));
        assert!(body.contains(title) && !body.contains("<svg"), "{body}");
    }
    let asked = "/write?x=y&address=carol%40mail.example";
    let (_, body) = lab.get(asked, "").await;
    let link = "xmpp:carol%5C40mail.example@gateway.a.example?message";
    assert!(body.contains(link) && body.contains("<svg"), "{body}");
    let (_, body) = lab.get("/write?address=%22%3E%3Cscript%3E%40x", "").await;
    assert!(!body.contains("<script") && body.contains("&lt;script"));
    // No mail and no file was looked for.
    assert_eq!(*lab.asked.lock().unwrap(), 0);
}

#[tokio::test]
async fn what_is_typed_has_an_end_and_is_only_looked_at() {
    let lab = Lab::start(quick()).await;
    let long = format!("/write?address={}", "x".repeat(3000));
    let (header, _) = lab.get(&long, "").await;
    assert!(header.starts_with("http/1.1 414"), "{header}");
    for query in [
        "",
        "?",
        "?address",
        "?address=",
        "?a&&=&%",
        "?address=%ff%00",
    ] {
        let (header, _) = lab.get(&format!("/write{query}"), "").await;
        assert!(header.starts_with("http/1.1 200"), "{query}: {header}");
    }
    for path in ["/write/", "/write/x", "/x/write/x", "/Write", "/writer"] {
        let (header, _) = lab.get(path, "").await;
        assert!(header.starts_with("http/1.1 404"), "{path}: {header}");
    }
    let post = "POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    let (header, _) = lab.says(post).await;
    assert!(header.starts_with("http/1.1 405"), "{header}");
}

#[tokio::test]
async fn where_the_page_is_off_nobody_sees_that_there_could_be_one() {
    let lab = Lab::of(quick(), MAIL.as_bytes().to_vec(), None).await;
    let (header, body) = lab.get("/write?address=carol%40mail.example", "").await;
    assert!(
        header.starts_with("http/1.1 404") && body == NOT_FOUND,
        "{header}"
    );
}
