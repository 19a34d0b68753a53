//! Readers of single values: what TOML holds, checked, or what would have been allowed.

use crate::core::address::{AddressPattern, MailAddress, domain_to_ascii};
use crate::core::limits;
use crate::core::signature::{KeyError, PublicKey};
use crate::net::listen::Listen;
use jid::{BareJid, DomainPart};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use toml::de::DeValue;
use url::Url;

/// What a reader answers.
pub(super) type ReadValue<T> = Result<T, Wrong>;

/// Why a value is refused.
#[derive(Debug)]
pub(super) struct Wrong {
    /// What is allowed.
    pub(super) allowed: String,
    /// What was found and where in the file, if it is only a part of the value.
    pub(super) part: Option<(String, usize)>,
}

impl Wrong {
    fn because(allowed: impl Into<String>) -> Self {
        Self {
            allowed: allowed.into(),
            part: None,
        }
    }
}

/// A value as a message shows it: as TOML has it, cut where it is long.
pub(super) fn shown(value: &DeValue<'_>) -> String {
    const CHARS_MAX: usize = 60;
    match value {
        DeValue::String(text) if text.chars().count() > CHARS_MAX => {
            format!("{:?}…", text.chars().take(CHARS_MAX).collect::<String>())
        }
        DeValue::String(text) => format!("{text:?}"),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Boolean(flag) => flag.to_string(),
        other => kind(other).to_owned(),
    }
}

/// What kind of value it is, where its content must not be shown.
pub(super) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(text) if text.is_empty() => "an empty text",
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// One line of text.
pub(super) fn text(value: &DeValue<'_>) -> ReadValue<String> {
    value
        .as_str()
        .filter(|text| !text.trim().is_empty() && !text.chars().any(char::is_control))
        .map(str::to_owned)
        .ok_or_else(|| Wrong::because("one line of text in quotes"))
}

/// `true` or `false`.
pub(super) fn flag(value: &DeValue<'_>) -> ReadValue<bool> {
    value
        .as_bool()
        .ok_or_else(|| Wrong::because("true or false, without quotes"))
}

/// A whole number in this range.
pub(super) fn number<T>(range: RangeInclusive<T>) -> impl Fn(&DeValue<'_>) -> ReadValue<T>
where
    T: TryFrom<i64> + PartialOrd + std::fmt::Display,
{
    move |value| {
        value
            .as_integer()
            .and_then(|number| i64::from_str_radix(number.as_str(), number.radix()).ok())
            .and_then(|number| T::try_from(number).ok())
            .filter(|number| range.contains(number))
            .ok_or_else(|| {
                let (from, to) = (range.start(), range.end());
                Wrong::because(format!(
                    "a whole number from {from} to {to}, without quotes"
                ))
            })
    }
}

/// A number, or `None` for `"unlimited"`.
pub(super) fn quota() -> impl Fn(&DeValue<'_>) -> ReadValue<Option<u32>> {
    let range = 1..=1_000_000;
    move |value| match value.as_str() {
        Some("unlimited") => Ok(None),
        _ => number(range.clone())(value).map(Some).map_err(|_| {
            let (from, to) = (range.start(), range.end());
            Wrong::because(format!(
                "a whole number from {from} to {to}, without quotes, or \"unlimited\""
            ))
        }),
    }
}

/// One of these words.
pub(super) fn choice<T: Clone>(words: &[(&str, T)]) -> impl Fn(&DeValue<'_>) -> ReadValue<T> {
    move |value| {
        let found = words.iter().find(|(word, _)| value.as_str() == Some(word));
        found.map(|(_, meaning)| meaning.clone()).ok_or_else(|| {
            let mut all: Vec<_> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
            let last = all.pop().unwrap_or_default();
            Wrong::because(format!("{} or {last}", all.join(", ")))
        })
    }
}

pub(super) const MINUTE: Duration = Duration::from_secs(60);
pub(super) const HOUR: Duration = Duration::from_secs(3600);
pub(super) const DAY: Duration = Duration::from_secs(24 * 3600);

/// In milliseconds.
const TIME_UNITS: &[(&str, u64)] = &[
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// A time as it is written, `"4h"`.
pub(super) fn time_shown(time: Duration) -> String {
    if time.is_zero() {
        return "\"0s\"".to_owned();
    }
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    format!("{:?}", in_units(millis, "", TIME_UNITS))
}

/// A time, `"300ms"`, `"90s"`, `"5m"`, `"4h"` or `"3d"`, in this range.
pub(super) fn duration(
    range: RangeInclusive<Duration>,
) -> impl Fn(&DeValue<'_>) -> ReadValue<Duration> {
    move |value| {
        value
            .as_str()
            .and_then(|text| measure(text, TIME_UNITS))
            .map(Duration::from_millis)
            .filter(|time| range.contains(time))
            .ok_or_else(|| {
                let (from, to) = (time_shown(*range.start()), time_shown(*range.end()));
                // Milliseconds are read everywhere, and named where they make sense.
                let short = if *range.start() < Duration::from_secs(1) {
                    "ms, "
                } else {
                    ""
                };
                Wrong::because(format!(
                    "a time from {from} to {to}: a whole number and {short}s, m, h or d"
                ))
            })
    }
}

/// A time in this range, or `"off"`, which is none at all.
pub(super) fn or_off(
    range: RangeInclusive<Duration>,
) -> impl Fn(&DeValue<'_>) -> ReadValue<Duration> {
    let time = duration(range);
    move |value| match value.as_str() {
        Some("off") => Ok(Duration::ZERO),
        _ => time(value).map_err(|wrong| Wrong::because(format!("\"off\", or {}", wrong.allowed))),
    }
}

/// How long handled mails and messages are remembered.
pub(super) fn remembered(value: &DeValue<'_>) -> ReadValue<Duration> {
    let range = limits::REMEMBERED_MIN..=limits::REMEMBERED_MAX;
    duration(range)(value).map_err(|wrong| {
        let why = "with less, bounces would be about nothing that is known, and a mail could be sent again and shown as a new one";
        Wrong::because(format!("{} ({why})", wrong.allowed))
    })
}

/// A size in octets, `"512 B"`, `"100 KiB"`, `"32 MiB"` or `"1 GiB"`, in this range.
pub(super) fn size(range: RangeInclusive<usize>) -> impl Fn(&DeValue<'_>) -> ReadValue<usize> {
    const UNITS: &[(&str, u64)] = &[
        ("GiB", 1 << 30),
        ("MiB", 1 << 20),
        ("KiB", 1 << 10),
        ("B", 1),
    ];
    move |value| {
        value
            .as_str()
            .and_then(|text| measure(text, UNITS))
            .and_then(|octets| usize::try_from(octets).ok())
            .filter(|octets| range.contains(octets))
            .ok_or_else(|| {
                let shown =
                    |octets: &usize| in_units(u64::try_from(*octets).unwrap_or(0), " ", UNITS);
                Wrong::because(format!(
                    "a size from {:?} to {:?}: a whole number and B, KiB, MiB or GiB",
                    shown(range.start()),
                    shown(range.end())
                ))
            })
    }
}

/// `12 KiB` in these units, of which each is the end of a text. `None` where it is not of that form or too big.
fn measure(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits_end = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, unit) = text.split_at_checked(digits_end)?;
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    digits.parse::<u64>().ok()?.checked_mul(*factor)
}

/// The reverse of [`measure`], in the biggest unit that gives a whole number. `units` begin with the biggest.
fn in_units(amount: u64, space: &str, units: &[(&str, u64)]) -> String {
    let (unit, factor) = units
        .iter()
        .find(|(_, factor)| amount.is_multiple_of(*factor))
        .copied()
        .unwrap_or(("", 1));
    format!(
        "{}{space}{unit}",
        amount.checked_div(factor).unwrap_or(amount)
    )
}

/// The name of a host, in A-labels, or its IP address.
pub(super) fn host(value: &DeValue<'_>) -> ReadValue<String> {
    value
        .as_str()
        .and_then(host_of)
        .ok_or_else(|| Wrong::because("the name of a host or its IP address"))
}

/// A host, with or without a port.
pub(super) fn host_or_port(value: &DeValue<'_>) -> ReadValue<String> {
    let with_port = || {
        host_and_port(value)
            .ok()
            .and(value.as_str().map(str::to_owned))
    };
    let alone = host(value).ok();
    alone.or_else(with_port).ok_or_else(|| {
        Wrong::because("the name of a host or its IP address, with or without a port: upload.example.org or 192.168.0.5:5281")
    })
}

/// `host:port`; an IPv6 address stands in brackets.
pub(super) fn host_and_port(value: &DeValue<'_>) -> ReadValue<HostPort> {
    let parse = |text: &str| {
        let (host, port) = text.rsplit_once(':')?;
        let port = port.parse().ok().filter(|port| *port > 0)?;
        let inner = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let host = match inner {
            Some(inner) => inner.parse::<std::net::Ipv6Addr>().ok()?.to_string(),
            None => host_of(host).filter(|host| !host.contains(':'))?,
        };
        Some(HostPort { host, port })
    };
    value
        .as_str()
        .and_then(parse)
        .ok_or_else(|| Wrong::because("a host and a port with a colon between them"))
}

/// A port of this machine, or `unix:` and the path of a socket.
pub(super) fn listen(value: &DeValue<'_>) -> ReadValue<Listen> {
    let parse = |text: &str| match text.strip_prefix("unix:") {
        Some(path) => path
            .starts_with('/')
            .then(|| Listen::Unix(PathBuf::from(path))),
        None => {
            let address: SocketAddr = text.parse().ok()?;
            (address.ip().is_loopback() && address.port() > 0).then_some(Listen::Tcp(address))
        }
    };
    value.as_str().and_then(parse).ok_or_else(|| {
        Wrong::because("127.0.0.1 or [::1] with a port, or \"unix:\" and a path that begins with /")
    })
}

/// An address of the web that others can be appended to, without a slash at its end. Not encrypted only on this machine.
pub(super) fn public_url(value: &DeValue<'_>) -> ReadValue<String> {
    let parse = |text: &str| {
        let url = Url::parse(text).ok()?;
        let host = url.host_str()?;
        let is_web = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(host));
        let is_bare = url.query().is_none() && url.fragment().is_none();
        let is_nobodys = url.username().is_empty() && url.password().is_none();
        // What else could end a word in a header or in a text.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~/:[]".contains(c);
        let text = url.as_str().trim_end_matches('/');
        let fits = is_web && is_bare && is_nobodys && text.chars().all(is_plain);
        fits.then(|| text.to_owned())
    };
    value.as_str().and_then(parse).ok_or_else(|| {
        Wrong::because(
            "\"https://\" and a host, with or without a port and a path, and nothing else",
        )
    })
}

/// A host and a TCP port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// A name in A-labels or an IP address, without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

/// As [`std::net::ToSocketAddrs`] takes it: `[::1]:5347`.
impl std::fmt::Display for HostPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

fn host_of(text: &str) -> Option<String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_string());
    }
    domain_to_ascii(text).filter(|name| !name.starts_with('['))
}

/// Whether what is sent to this host stays on this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    host == "localhost" || IpAddr::from_str(host).is_ok_and(|address| address.is_loopback())
}

/// The domain of JIDs (RFC 7622 §3.2).
pub(super) fn jid_domain(value: &DeValue<'_>) -> ReadValue<DomainPart> {
    value
        .as_str()
        .filter(|text| domain_to_ascii(text).is_some())
        .and_then(|text| DomainPart::new(text).ok())
        .map(|domain| domain.into_owned())
        .ok_or_else(|| Wrong::because("a domain name"))
}

/// The JID of a user: `alice@example.org`.
pub(super) fn user_jid(value: &DeValue<'_>) -> ReadValue<BareJid> {
    value
        .as_str()
        .and_then(|text| BareJid::new(text).ok())
        .filter(|jid| jid.node().is_some())
        .ok_or_else(|| Wrong::because("a JID of the form name@domain"))
}

/// Where somebody can be reached.
pub(super) fn contact_uri(value: &DeValue<'_>) -> ReadValue<String> {
    let is_one = |text: &&str| {
        let rest = ["mailto:", "xmpp:", "https:"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme));
        rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_graphic()))
    };
    value
        .as_str()
        .filter(is_one)
        .map(str::to_owned)
        .ok_or_else(|| Wrong::because("a URI that begins with mailto:, xmpp: or https:"))
}

/// A mail address.
pub(super) fn mail_address(value: &DeValue<'_>) -> ReadValue<MailAddress> {
    value
        .as_str()
        .and_then(|text| MailAddress::parse(text).ok())
        .ok_or_else(|| Wrong::because("a mail address of the form name@domain"))
}

/// The domain of mail addresses, in lower-case A-labels.
pub(super) fn mail_domain(value: &DeValue<'_>) -> ReadValue<String> {
    value
        .as_str()
        .and_then(domain_to_ascii)
        .ok_or_else(|| Wrong::because("a domain name"))
}

/// The public key of another gateway.
pub(super) fn public_key(value: &DeValue<'_>) -> ReadValue<PublicKey> {
    let text = value.as_str().unwrap_or_default();
    PublicKey::parse(text).map_err(|error| {
        let but = match error {
            KeyError::Length(octets) if octets > 0 => format!(", not of {octets}"),
            KeyError::Placeholder => ", not all of them the same".to_owned(),
            _ => String::new(),
        };
        Wrong::because(format!(
            "\"ed25519:\" and base64 of 32 octets{but}: the line that stanzamail key prints at the other gateway"
        ))
    })
}

/// A mail address or the domain of many.
pub(super) fn pattern(value: &DeValue<'_>) -> ReadValue<AddressPattern> {
    value
        .as_str()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Wrong::because("a mail address or a domain name"))
}

/// The name of a header field (RFC 5322 §3.6.8).
pub(super) fn header_name(value: &DeValue<'_>) -> ReadValue<String> {
    value
        .as_str()
        .filter(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && b != b':'))
        .map(str::to_owned)
        .ok_or_else(|| Wrong::because("the name of a header without its colon"))
}

/// The name under which a mail server writes Authentication-Results (RFC 8601 §2.5).
pub(super) fn authserv_id(value: &DeValue<'_>) -> ReadValue<String> {
    let may_stand = |b: u8| b.is_ascii_graphic() && !b"()<>;=\"\\".contains(&b);
    value
        .as_str()
        .filter(|id| !id.is_empty() && id.bytes().all(may_stand))
        .map(str::to_owned)
        .ok_or_else(|| {
            Wrong::because("what stands before the first semicolon in Authentication-Results")
        })
}

/// A program, by its whole path, and its arguments.
pub(super) fn command(value: &DeValue<'_>) -> ReadValue<Vec<String>> {
    let word = |value: &DeValue<'_>| value.as_str().map(str::to_owned);
    let words = value.as_array().and_then(|words| {
        let words = words.iter().map(|value| word(value.get_ref()));
        words.collect::<Option<Vec<String>>>()
    });
    let is_path = |words: &Vec<String>| words.first().is_some_and(|path| path.starts_with('/'));
    let holds = |words: &Vec<String>| words.iter().all(|word| !word.contains('\0'));
    words.filter(is_path).filter(holds).ok_or_else(|| {
        Wrong::because(
            "a list of texts: a program by its whole path, which begins with /, and its arguments",
        )
    })
}

/// A list of what `item` reads.
pub(super) fn list<T>(
    item: impl Fn(&DeValue<'_>) -> ReadValue<T>,
) -> impl Fn(&DeValue<'_>) -> ReadValue<Vec<T>> {
    move |value| {
        let items = value
            .as_array()
            .ok_or_else(|| Wrong::because("a list in brackets"))?;
        items
            .iter()
            .map(|value| {
                item(value.get_ref()).map_err(|wrong| Wrong {
                    part: Some((shown(value.get_ref()), value.span().start)),
                    ..wrong
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_on_this_machine_are_known() {
        for host in ["localhost", "127.0.0.1", "127.8.9.1", "::1"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "127.0.0.1.example.org",
            "localhost.example.org",
            "10.0.0.1",
            "::",
            "::ffff:10.0.0.1",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn times_and_sizes_are_whole_numbers_with_a_unit() {
        let text = |text: &'static str| DeValue::String(text.into());
        let time = duration(Duration::from_secs(5)..=Duration::from_secs(86_400));
        assert_eq!(time(&text("90s")).unwrap(), Duration::from_secs(90));
        assert_eq!(time(&text("5m")).unwrap(), Duration::from_secs(300));
        assert_eq!(time(&text("4 h")).unwrap(), Duration::from_secs(14_400));
        assert_eq!(time(&text("5300ms")).unwrap(), Duration::from_millis(5300));
        for wrong in [
            "",
            "s",
            "90",
            "90x",
            "-1s",
            "1.5h",
            "4s",
            "4999ms",
            "2d",
            "99999999999999999999s",
            "999999999999999999d",
        ] {
            assert!(time(&text(wrong)).is_err(), "{wrong}");
        }
        for (millis, shown) in [(0, "0s"), (300, "300ms"), (1500, "1500ms"), (90_000, "90s")] {
            assert_eq!(
                time_shown(Duration::from_millis(millis)),
                format!("{shown:?}")
            );
        }
        let octets = size(1024..=1 << 30);
        assert_eq!(octets(&text("100 KiB")).unwrap(), 102_400);
        assert_eq!(octets(&text("1GiB")).unwrap(), 1 << 30);
        for wrong in ["100 KB", "100", "1 B", "2 GiB"] {
            assert!(octets(&text(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_server_is_a_host_and_a_port() {
        let read = |text: &'static str| {
            host_and_port(&DeValue::String(text.into())).map(|it| it.to_string())
        };
        assert_eq!(read("localhost:5347").unwrap(), "localhost:5347");
        assert_eq!(read("[::1]:5347").unwrap(), "[::1]:5347");
        assert_eq!(read("bücher.example:1").unwrap(), "xn--bcher-kva.example:1");
        for wrong in [
            "localhost",
            "localhost:",
            "localhost:0",
            "localhost:65536",
            "::1:5347",
            ":5347",
            "a b:1",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
