//! Whether the DNS says where mail to a domain goes (RFC 5321 §5.1).

use super::{CheckLine, CheckResult};
use ring::rand::{SecureRandom, SystemRandom};
use simple_dns::{CLASS, Name, Packet, PacketFlag, QTYPE, Question, RCODE, TYPE, rdata::RData};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::timeout;

/// How long a name server may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// Name servers that are asked (resolv.conf(5)).
const SERVERS_MAX: usize = 3;
/// An answer by UDP (RFC 1035 §4.2.1).
const ANSWER_OCTETS: usize = 4096;
/// Top-level domains that the public DNS does not have (RFC 6761, RFC 6762, ICANN's `internal`).
const PRIVATE: [&str; 7] = [
    "example",
    "internal",
    "invalid",
    "lan",
    "local",
    "localhost",
    "test",
];

/// What was found.
#[derive(Debug, PartialEq, Eq)]
enum DnsAnswer {
    /// Where mail goes, the best first.
    Servers(Vec<String>),
    /// There is none of these records.
    Nothing,
    /// There is no such name.
    NoName,
}

pub(super) async fn line(domain: &str) -> CheckLine {
    let finding = match domain.rsplit('.').next() {
        Some(last) if PRIVATE.contains(&last) => CheckResult::Note(
            "it is no domain of the public DNS, so that only mail servers that know it otherwise can send mail to it".to_owned(),
        ),
        _ => judge(domain, &servers()).await,
    };
    CheckLine::new(format!("MX of {domain}"), finding)
}

async fn judge(domain: &str, servers: &[SocketAddr]) -> CheckResult {
    match ask(domain, TYPE::MX, servers).await {
        Ok(DnsAnswer::Servers(hosts)) if hosts == ["."] => CheckResult::Wrong(
            "the DNS says that it takes no mail (RFC 7505); nobody can write to your users"
                .to_owned(),
        ),
        Ok(DnsAnswer::Servers(hosts)) => CheckResult::Ok(hosts.join(", ")),
        Ok(DnsAnswer::NoName) => missing("the DNS has no such name"),
        Ok(DnsAnswer::Nothing) => {
            for kind in [TYPE::A, TYPE::AAAA] {
                if let Ok(DnsAnswer::Servers(_)) = ask(domain, kind, servers).await {
                    return CheckResult::Ok("none, so mail goes to its own address".to_owned());
                }
            }
            missing("the DNS has neither an MX nor an address")
        }
        Err(why) => CheckResult::Note(format!("could not be looked up: {why}")),
    }
}

fn missing(what: &str) -> CheckResult {
    CheckResult::Note(format!(
        "{what}: mail from elsewhere cannot reach your users; add an MX that names your mail server"
    ))
}

async fn ask(domain: &str, kind: TYPE, servers: &[SocketAddr]) -> Result<DnsAnswer, String> {
    let mut last = "no name server is configured".to_owned();
    for server in servers {
        match timeout(PATIENCE, ask_one(domain, kind, *server)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(why)) => last = format!("{server}: {why}"),
            Err(_) => last = format!("{server} did not answer within {} s", PATIENCE.as_secs()),
        }
    }
    Err(last)
}

async fn ask_one(domain: &str, kind: TYPE, server: SocketAddr) -> Result<DnsAnswer, String> {
    let own = if server.is_ipv4() {
        "0.0.0.0:0"
    } else {
        "[::]:0"
    };
    let socket = UdpSocket::bind(own)
        .await
        .map_err(|error| error.to_string())?;
    socket
        .connect(server)
        .await
        .map_err(|error| error.to_string())?;
    let mut id = [0_u8; 2];
    SystemRandom::new()
        .fill(&mut id)
        .map_err(|error| error.to_string())?;
    let id = u16::from_be_bytes(id);
    let name = Name::new(domain).map_err(|error| error.to_string())?;
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    let question = Question::new(name, QTYPE::TYPE(kind), CLASS::IN.into(), false);
    packet.questions.push(question);
    let octets = packet
        .build_bytes_vec()
        .map_err(|error| error.to_string())?;
    socket
        .send(&octets)
        .await
        .map_err(|error| error.to_string())?;
    let mut answer = vec![0_u8; ANSWER_OCTETS];
    loop {
        let count = socket
            .recv(&mut answer)
            .await
            .map_err(|error| error.to_string())?;
        let octets = answer.get(..count).unwrap_or_default();
        // Another packet than the one that is awaited is not an answer.
        if let Ok(packet) = Packet::parse(octets)
            && packet.id() == id
        {
            return read(&packet);
        }
    }
}

fn read(packet: &Packet<'_>) -> Result<DnsAnswer, String> {
    match packet.rcode() {
        RCODE::NoError => {}
        RCODE::NameError => return Ok(DnsAnswer::NoName),
        other => return Err(format!("the name server says {other:?}")),
    }
    let mut hosts: Vec<(u16, String)> = packet
        .answers
        .iter()
        .filter_map(|record| match &record.rdata {
            RData::MX(mx) => Some((mx.preference, named(&mx.exchange))),
            RData::A(a) => Some((0, Ipv4Addr::from(a.address).to_string())),
            RData::AAAA(a) => Some((0, IpAddr::from(a.address.to_be_bytes()).to_string())),
            _ => None,
        })
        .collect();
    hosts.sort();
    if hosts.is_empty() {
        return Ok(DnsAnswer::Nothing);
    }
    Ok(DnsAnswer::Servers(
        hosts.into_iter().map(|(_, host)| host).collect(),
    ))
}

/// The root is a dot.
fn named(name: &Name<'_>) -> String {
    let name = name.to_string();
    if name.is_empty() {
        ".".to_owned()
    } else {
        name
    }
}

/// Those that this machine asks.
fn servers() -> Vec<SocketAddr> {
    let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    of_file(&text)
}

fn of_file(text: &str) -> Vec<SocketAddr> {
    let address = |line: &str| {
        let mut words = line.split_whitespace();
        let is_server = words.next() == Some("nameserver");
        let address: IpAddr = words.next()?.parse().ok()?;
        is_server.then(|| SocketAddr::new(address, 53))
    };
    text.lines().filter_map(address).take(SERVERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use simple_dns::ResourceRecord;
    use simple_dns::rdata::{A, MX};

    /// A name server that knows an MX of one name, an address of another, that one takes no mail, and nothing of all others.
    async fn name_server() -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        tokio::spawn(async move {
            let mut octets = [0_u8; 512];
            loop {
                let (count, from) = socket.recv_from(&mut octets).await.unwrap();
                let query = Packet::parse(&octets[..count]).unwrap();
                // Whoever can send to us can say anything, but does not know what was asked.
                let mut stray = Packet::new_reply(query.id() ^ 1);
                *stray.rcode_mut() = RCODE::Refused;
                let stray = stray.build_bytes_vec().unwrap();
                socket.send_to(&stray, from).await.unwrap();
                socket.send_to(&answer(&query), from).await.unwrap();
            }
        });
        address
    }

    fn answer(query: &Packet<'_>) -> Vec<u8> {
        let mut reply = Packet::new_reply(query.id());
        let question = &query.questions[0];
        let record = |data: RData<'static>| {
            ResourceRecord::new(question.qname.clone().into_owned(), CLASS::IN, 60, data)
        };
        let mx = |preference, host: &'static str| {
            let exchange = Name::new(host).unwrap();
            RData::MX(MX {
                preference,
                exchange,
            })
        };
        match (question.qname.to_string().as_str(), question.qtype) {
            ("two.net", QTYPE::TYPE(TYPE::MX)) => {
                reply.answers.push(record(mx(20, "second.net")));
                reply.answers.push(record(mx(10, "first.net")));
            }
            ("none.net", QTYPE::TYPE(TYPE::MX)) => reply.answers.push(record(mx(0, ""))),
            ("address.net", QTYPE::TYPE(TYPE::A)) => {
                reply.answers.push(record(RData::A(A { address: 1 })));
            }
            ("two.net" | "none.net" | "address.net" | "bare.net", _) => {}
            ("broken.net", _) => *reply.rcode_mut() = RCODE::ServerFailure,
            _ => *reply.rcode_mut() = RCODE::NameError,
        }
        reply.build_bytes_vec().unwrap()
    }

    #[tokio::test]
    async fn mail_goes_to_the_servers_of_the_mx_or_to_the_address_or_nowhere() {
        let server = [name_server().await];
        let says =
            async |domain: &str| CheckLine::new(domain, judge(domain, &server).await).to_string();
        assert_eq!(
            says("two.net").await,
            "ok     two.net: first.net, second.net"
        );
        assert!(
            says("address.net")
                .await
                .starts_with("ok     address.net: none, so")
        );
        assert!(
            says("none.net")
                .await
                .starts_with("WRONG  none.net: the DNS says that it takes no mail")
        );
        assert!(
            says("bare.net")
                .await
                .starts_with("note   bare.net: the DNS has neither")
        );
        assert!(
            says("other.net")
                .await
                .starts_with("note   other.net: the DNS has no such name")
        );
        assert!(
            says("broken.net")
                .await
                .contains("could not be looked up: 127.0.0.1")
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_server_that_is_silent_or_missing_is_said() {
        let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let servers = [silent.local_addr().unwrap()];
        assert!(
            matches!(judge("a.net", &servers).await, CheckResult::Note(says) if says.contains("did not answer within 3 s"))
        );
        assert!(
            matches!(judge("a.net", &[]).await, CheckResult::Note(says) if says.contains("no name server is configured"))
        );
        let wrong = "a..net";
        assert!(matches!(judge(wrong, &servers).await, CheckResult::Note(_)));
    }

    #[test]
    fn the_name_servers_are_those_of_the_machine() {
        let text = "# nameserver 192.0.2.9\nsearch a.example\nnameserver 192.0.2.1\nnameserver ::1\nnameserver x\n\
                    nameserver 192.0.2.3\nnameserver 192.0.2.4\n";
        let found: Vec<String> = of_file(text).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["192.0.2.1:53", "[::1]:53", "192.0.2.3:53"]);
    }
}
