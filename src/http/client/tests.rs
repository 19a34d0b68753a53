//! A web of one's own: a name server that answers what it likes, and servers that do what none should.

use super::*;
use simple_dns::rdata::{A, RData};
use simple_dns::{CLASS, Packet, ResourceRecord};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

/// Somebody's, as far as the guard knows.
const PUBLIC: Ipv4Addr = Ipv4Addr::new(93, 184, 215, 14);
const LIMITS: FetchLimits = FetchLimits {
    connect: Duration::from_secs(20),
    silence: Duration::from_secs(20),
    total: Duration::from_secs(60),
};

/// Asks a name server; all that is public is one listener.
struct Lab {
    name_server: SocketAddr,
    public: SocketAddr,
    dialled: Arc<Mutex<Vec<IpAddr>>>,
}

impl Wire for Lab {
    async fn look_up(
        &self,
        host: &str,
        port: u16,
        limit: Duration,
    ) -> Result<Vec<SocketAddr>, TcpError> {
        let name = simple_dns::Name::new(host).expect("a name").into_owned();
        let asked = async {
            let socket = UdpSocket::bind("127.0.0.1:0").await?;
            let mut packet = Packet::new_query(7);
            let kind = simple_dns::TYPE::A.into();
            let question = simple_dns::Question::new(name, kind, CLASS::IN.into(), false);
            packet.questions.push(question);
            let octets = packet.build_bytes_vec().expect("a packet");
            socket.send_to(&octets, self.name_server).await?;
            let mut answer = [0; 512];
            let count = socket.recv(&mut answer).await?;
            Ok::<_, std::io::Error>(answer[..count].to_vec())
        };
        let answer = timeout(limit, asked)
            .await
            .expect("the name server lives")?;
        let answer = Packet::parse(&answer).expect("an answer");
        let address = |record: &ResourceRecord<'_>| match &record.rdata {
            RData::A(a) => Some(SocketAddr::from((Ipv4Addr::from(a.address), port))),
            _ => None,
        };
        Ok(answer.answers.iter().filter_map(address).collect())
    }

    async fn connect(
        &self,
        addresses: &[SocketAddr],
        limit: Duration,
    ) -> Result<Connected, TcpError> {
        let dialled = addresses.iter().map(SocketAddr::ip);
        self.dialled.lock().unwrap().extend(dialled);
        let to: Vec<SocketAddr> = addresses
            .iter()
            .map(|address| match address.ip() == IpAddr::V4(PUBLIC) {
                true => self.public,
                false => *address,
            })
            .collect();
        tcp::connect(&to[..], limit).await.map(Connected)
    }
}

/// Answers the n-th question with the n-th of these, the last for ever; counts the questions.
async fn name_server(answers: Vec<Ipv4Addr>) -> (SocketAddr, Arc<AtomicUsize>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let (address, asked) = (socket.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        let mut octets = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut octets).await {
            let query = Packet::parse(&octets[..length]).unwrap();
            let turn = count.fetch_add(1, Ordering::SeqCst);
            let address = answers.get(turn).or(answers.last()).unwrap();
            let mut reply = Packet::new_reply(query.id());
            let a = A {
                address: (*address).into(),
            };
            let name = query.questions[0].qname.clone();
            reply
                .answers
                .push(ResourceRecord::new(name, CLASS::IN, 0, RData::A(a)));
            let reply = reply.build_bytes_vec().unwrap();
            socket.send_to(&reply, from).await.unwrap();
        }
    });
    (address, asked)
}

/// Answers each request with what `answer` makes of its target, and leaves.
async fn server(
    answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static,
) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let told = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            let request = request_of(&mut tcp).await;
            let target = request.split(' ').nth(1).unwrap_or_default().to_owned();
            let octets = answer(&target);
            told.lock().unwrap().push(request);
            let _ = tcp.write_all(&octets).await;
        }
    });
    (address, heard)
}

/// All of a request; its body has the length that it says.
async fn request_of(tcp: &mut tokio::net::TcpStream) -> String {
    let mut octets = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&octets).into_owned();
        if let Some((header, body)) = text.split_once("\r\n\r\n") {
            let lengths = header.lines().filter_map(|line| line.split_once(": "));
            let mut lengths =
                lengths.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
            let length = lengths
                .next()
                .map_or(0, |(_, length)| length.parse().unwrap());
            if body.len() >= length {
                return text;
            }
        }
        if tcp.read_buf(&mut octets).await.unwrap_or(0) == 0 {
            return text;
        }
    }
}

fn file(octets: &str) -> Vec<u8> {
    let length = octets.len();
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\n\r\n{octets}")
        .into_bytes()
}

fn redirect(to: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

fn near(address: SocketAddr) -> HttpClient {
    HttpClient::over(System, [address.to_string()], None, LIMITS)
}

#[tokio::test]
async fn a_file_is_fetched_over_redirects_with_nothing_that_says_who_asks() {
    let (address, heard) = server(|target| match target {
        "/a?x=1" => redirect("b%20c"),
        _ => file("hello"),
    })
    .await;
    let url = format!("http://{address}/a?x=1");
    let fetched = near(address).fetch(&url, 5).await.unwrap();
    assert_eq!(fetched.octets, b"hello");
    assert_eq!(fetched.media_type.as_deref(), Some("text/plain"));
    let heard = heard.lock().unwrap().clone();
    assert!(heard[1].starts_with("GET /b%20c HTTP/1.1\r\n"), "{heard:?}");
    for request in &heard {
        let request = request.to_lowercase();
        assert!(request.contains(&format!("host: {address}")), "{request}");
        assert!(request.contains("accept-encoding: identity"), "{request}");
        for field in ["cookie:", "authorization:", "referer:"] {
            assert!(!request.contains(field), "{request}");
        }
    }
}

#[tokio::test]
async fn a_file_is_put_with_the_fields_that_a_slot_may_ask_for() {
    let (address, heard) = server(|_| b"HTTP/1.1 201 Created\r\n\r\n".to_vec()).await;
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let put = Put {
        url: format!("http://{address}/slot"),
        fields: vec![
            field("Authorization", "Bearer x"),
            field("Host", "evil.example"),
            field("X-Other", "1"),
            field("Cookie", "a=b\r\nX-Injected: 1"),
        ],
        media_type: "text/plain".to_owned(),
        file: FileBody::of(5, std::iter::once(Ok(b"hello".to_vec()))),
    };
    let client = HttpClient::new([], None);
    client.put(put).await.unwrap();
    let heard = heard.lock().unwrap().clone();
    let first = heard[0].to_lowercase();
    assert!(
        first.starts_with("put /slot http/1.1\r\n") && first.ends_with("hello"),
        "{first}"
    );
    assert!(first.contains("authorization: bearer x") && first.contains("content-length: 5"));
    assert!(first.contains("content-type: text/plain"), "{first}");
    for other in ["evil", "x-other", "injected"] {
        assert!(!first.contains(other), "{first}");
    }
}

/// A service that takes a small file and says nothing is waited for as long as for any answer, and not as for a big file.
#[tokio::test]
async fn who_takes_a_file_and_says_nothing_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let limits = FetchLimits {
        silence: Duration::from_millis(100),
        ..LIMITS
    };
    let client = HttpClient::over(System, [address.to_string()], None, limits);
    let put = Put {
        url: format!("http://{address}/slot"),
        fields: Vec::new(),
        media_type: "text/plain".to_owned(),
        file: FileBody::of(5, std::iter::once(Ok(b"hello".to_vec()))),
    };
    let done = client.put(put).await;
    assert_eq!(done, Err(Error::Slow(limits.silence)));
}

/// Ways to write the addresses that nobody outside should reach.
fn closed_hosts() -> Vec<String> {
    let hosts = [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "127.0.0.1.",
        "127.255.255.254",
        "localhost",
        "LOCALHOST",
        "0.0.0.0",
        "0",
        "0x0",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::127.0.0.1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::ffff:0:127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b::a9fe:a9fe]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::]",
        "[fe80::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[ff02::1]",
        "[fec0::1]",
        "[2001:db8::1]",
        "10.0.0.1",
        "10.1",
        "0xa.0.0.1",
        "012.0.0.1",
        "167772161",
        "100.64.0.1",
        "100.100.100.200",
        "169.254.169.254",
        "169.254.43518",
        "0xa9fea9fe",
        "2852039166",
        "0251.0376.0251.0376",
        "168.63.129.16",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.168.0.1",
        "192.168.1",
        "3232235521",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "255.255.255.255",
        "１２７.０.０.１",
        "127。0。0。1",
    ];
    hosts.map(str::to_owned).to_vec()
}

#[tokio::test]
async fn b13_sixty_ways_to_write_a_closed_address_reach_nobody() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = HttpClient::over(System, [], None, LIMITS);
    let hosts = closed_hosts();
    assert!(hosts.len() >= 60);
    for host in &hosts {
        let url = format!("http://{host}:{port}/latest/meta-data/");
        let error = client.fetch(&url, 1000).await.unwrap_err();
        assert!(matches!(error, Error::Closed(_)), "{url}: {error}");
        assert!(!error.is_passing());
    }
    let others = [
        ("file:///etc/passwd", Error::NotWeb),
        ("ftp://files.example/a", Error::NotWeb),
        ("gopher://127.0.0.1:25/_HELO", Error::NotWeb),
        ("data:text/plain,x", Error::NotWeb),
        ("javascript:alert(1)", Error::NotWeb),
        ("aesgcm://files.example/a#00", Error::NotWeb),
        ("//files.example/a", Error::NotWeb),
        ("http://", Error::NotWeb),
        ("http://[fe80::1%25eth0]/", Error::NotWeb),
        ("http://256.1.1.1/", Error::NotWeb),
        ("http://user:secret@127.0.0.1/", Error::Login),
        ("http://files.example@127.0.0.1/", Error::Login),
    ];
    for (url, expected) in others {
        assert_eq!(client.fetch(url, 1000).await, Err(expected), "{url}");
    }
    let nobody = timeout(Duration::from_millis(100), listener.accept()).await;
    assert!(nobody.is_err(), "somebody was connected to");
}

/// The name is asked for once for each connection, and the connection goes to what was answered.
#[tokio::test]
async fn b13_a_name_that_leads_elsewhere_when_asked_again_leads_nowhere() {
    let (address, heard) = server(|target| match target {
        "/once" => file("fine"),
        "/home" => redirect("http://rebinds.example/secret"),
        _ => redirect(target),
    })
    .await;
    // (what the name server says, what is fetched, what comes of it, whom was dialled)
    let home = Ipv4Addr::LOCALHOST;
    let cases = [
        (vec![PUBLIC, home], "/once", None, vec![PUBLIC]),
        (vec![home, PUBLIC], "/once", Some("closed"), vec![]),
        (vec![PUBLIC, home], "/home", Some("closed"), vec![PUBLIC]),
        (
            vec![PUBLIC, PUBLIC, home],
            "/home",
            Some("closed"),
            vec![PUBLIC; 2],
        ),
        (vec![PUBLIC], "/loop", Some("redirects"), vec![PUBLIC; 4]),
    ];
    for (answers, target, error, expected) in cases {
        let (name_server, asked) = name_server(answers).await;
        let dialled = Arc::default();
        let lab = Lab {
            name_server,
            public: address,
            dialled: Arc::clone(&dialled),
        };
        let client = HttpClient::over(lab, [], None, LIMITS);
        let fetched = client
            .fetch(&format!("http://rebinds.example{target}"), 1000)
            .await;
        let kind = fetched.err().map(|error| match error {
            Error::Closed(_) => "closed",
            Error::Redirects => "redirects",
            other => panic!("{other}"),
        });
        assert_eq!(kind, error, "{target}");
        let dialled = dialled.lock().unwrap().clone();
        let expected: Vec<IpAddr> = expected.into_iter().map(IpAddr::V4).collect();
        assert_eq!(dialled, expected, "{target}");
        let refused = usize::from(error == Some("closed"));
        assert_eq!(asked.load(Ordering::SeqCst), dialled.len() + refused);
    }
    let all = heard.lock().unwrap().join("");
    let secrets = all.matches("GET /secret").count();
    assert_eq!(secrets, 1, "by its public address alone");
}

#[tokio::test]
async fn b13_a_redirect_leads_to_no_closed_address_and_to_no_plain_one() {
    let client = HttpClient::over(System, [], None, LIMITS);
    for to in ["http://169.254.169.254/", "//127.0.0.1/", "http://[::1]/"] {
        let (address, _) = server(move |_| redirect(to)).await;
        let fetched = near(address).fetch(&format!("http://{address}/"), 10).await;
        assert!(
            matches!(fetched, Err(Error::Closed(_))),
            "{to}: {fetched:?}"
        );
    }
    for (to, expected) in [
        ("file:///etc/passwd", Error::NotWeb),
        ("http://u:p@a.example/", Error::Login),
    ] {
        let (address, _) = server(move |_| redirect(to)).await;
        let fetched = near(address).fetch(&format!("http://{address}/"), 10).await;
        assert_eq!(fetched, Err(expected), "{to}");
    }
    // A neighbour of a host that may be near is not near.
    let (address, _) = server(|_| file("x")).await;
    let fetched = client.fetch(&format!("http://{address}/"), 10).await;
    assert!(matches!(fetched, Err(Error::Closed(_))));
    let neighbour = SocketAddr::from((address.ip(), address.port() ^ 1));
    let fetched = near(neighbour)
        .fetch(&format!("http://{address}/"), 10)
        .await;
    assert!(matches!(fetched, Err(Error::Closed(_))));
}

#[tokio::test]
async fn b14_what_has_no_end_is_cut_off_and_nothing_is_unpacked() {
    let endless = |announced: &'static str| {
        move |_: &str| {
            let mut octets = format!("HTTP/1.1 200 OK\r\n{announced}\r\n").into_bytes();
            octets.resize(4 * 1024 * 1024, b'x');
            octets
        }
    };
    for (announced, octets) in [
        ("", None),
        ("Content-Length: 4000000\r\n", Some(4_000_000)),
        ("Content-Length: 99999999999\r\n", Some(99_999_999_999)),
    ] {
        let (address, _) = server(endless(announced)).await;
        let fetched = near(address)
            .fetch(&format!("http://{address}/"), 1_000_000)
            .await;
        assert_eq!(fetched, Err(Error::TooLarge(octets)), "{announced}");
    }
    let (address, _) = server(endless("Content-Encoding: gzip\r\n")).await;
    let fetched = near(address)
        .fetch(&format!("http://{address}/"), 9_000_000)
        .await;
    assert_eq!(fetched, Err(Error::Encoded));
    let (address, _) =
        server(|_| b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort".to_vec()).await;
    let fetched = near(address)
        .fetch(&format!("http://{address}/"), 100)
        .await;
    assert!(
        fetched.as_ref().is_err_and(Error::is_passing),
        "{fetched:?}"
    );
    let (address, _) = server(|_| {
        let mut octets = b"HTTP/1.1 200 OK\r\n".to_vec();
        (0..100_000).for_each(|n| octets.extend(format!("X-{n}: 1\r\n").bytes()));
        octets
    })
    .await;
    let fetched = near(address)
        .fetch(&format!("http://{address}/"), 100)
        .await;
    assert!(
        matches!(fetched, Err(Error::Unreachable { .. })),
        "{fetched:?}"
    );
}

/// Has room for so many octets.
struct Narrow(usize);

impl Taker for Narrow {
    fn begin(&mut self, _: u64) -> bool {
        true
    }

    async fn take(&mut self, octets: &[u8]) -> bool {
        let left = self.0.checked_sub(octets.len());
        self.0 = left.unwrap_or(0);
        left.is_some()
    }
}

#[tokio::test]
async fn b14_what_nobody_has_room_for_is_not_fetched_to_its_end() {
    let octets = "x".repeat(4_000_000);
    let (address, _) = server(move |_| file(&octets)).await;
    let url = format!("http://{address}/");
    for (room, is_enough) in [(4_000_000, true), (2_000_000, false), (0, false)] {
        let mut taker = Narrow(room);
        let client = near(address);
        let fetched = client.fetch_into(&url, 9_000_000, &mut taker).await;
        match is_enough {
            true => assert!(fetched.is_ok(), "{fetched:?}"),
            false => assert_eq!(fetched, Err(Error::NoRoom)),
        }
    }
}

/// Each waits for its limit, which is all that is measured.
#[tokio::test]
async fn b14_who_sends_nothing_or_a_drop_at_a_time_is_left() {
    let limits = FetchLimits {
        silence: Duration::from_millis(300),
        total: Duration::from_millis(900),
        ..LIMITS
    };
    for (first, drops) in [
        ("", false),
        ("HTTP/1.1 200 OK\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\n\r\n", true),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let slow = tokio::spawn(async move {
            let (mut tcp, _) = listener.accept().await.unwrap();
            request_of(&mut tcp).await;
            tcp.write_all(first.as_bytes()).await.unwrap();
            while !drops || tcp.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        let client = HttpClient::over(System, [address.to_string()], None, limits);
        let fetched = client.fetch(&format!("http://{address}/"), 1_000_000).await;
        assert!(
            matches!(fetched, Err(Error::Slow(_))),
            "{first:?} {drops}: {fetched:?}"
        );
        slow.abort();
    }
}

#[test]
fn what_may_pass_is_told_from_what_stays() {
    let status = |status| Error::Status {
        host: "files.example".to_owned(),
        status,
    };
    for (code, passes) in [
        (404, false),
        (403, false),
        (410, false),
        (429, true),
        (500, true),
        (503, true),
    ] {
        assert_eq!(status(code).is_passing(), passes, "{code}");
    }
    assert_eq!(status(404).to_string(), "files.example answers 404");
}
