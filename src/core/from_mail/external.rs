//! A file that is not in the mail: where it lies (RFC 2046 §5.2.3), by its URL (RFC 2017) or on a server for anybody. It is never
//! fetched.

use super::attachment;
use super::mime::MailPart;
use mail_parser::ContentType;

/// The longest address, in octets.
const ADDRESS_OCTETS_MAX: usize = 2048;

/// What the file is called and where it lies; `None` where no reader of a chat could get it.
pub(super) fn whereabouts(part: &MailPart<'_>) -> Option<String> {
    let content_type = part.content_type()?;
    let access = content_type.attribute("access-type")?;
    let address = match access.to_ascii_lowercase().as_str() {
        "url" => by_url(content_type),
        "anon-ftp" => by_ftp(content_type),
        _ => None,
    }?;
    let body = part.decoded();
    let inner = MailPart::read(&body);
    let name = inner.file_name().and_then(attachment::file_name);
    Some(match name {
        Some(name) => format!("{name}: {address}"),
        None => address,
    })
}

/// RFC 2017 §3: white space in it is none of it.
fn by_url(content_type: &ContentType<'_>) -> Option<String> {
    let written = content_type.attribute("url")?;
    let url: String = written.split_ascii_whitespace().collect();
    let schemes = ["https://", "http://", "ftp://"];
    let is_web = schemes.iter().any(|scheme| {
        let start = url.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    is_address(&url).then_some(url).filter(|_| is_web)
}

fn by_ftp(content_type: &ContentType<'_>) -> Option<String> {
    let parameter = |name| content_type.attribute(name).map(str::trim);
    let (site, name) = (parameter("site")?, parameter("name")?);
    let folder = parameter("directory").unwrap_or_default();
    let folder = folder.trim_matches('/');
    let url = match folder.is_empty() {
        true => format!("ftp://{site}/{name}"),
        false => format!("ftp://{site}/{folder}/{name}"),
    };
    (!site.is_empty() && !site.contains(['/', '@']) && is_address(&url)).then_some(url)
}

fn is_address(url: &str) -> bool {
    url.len() <= ADDRESS_OCTETS_MAX && url.chars().all(|c| c.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_elsewhere_is_named_with_its_address() {
        let said = |parameters: &str, inner: &str| {
            let mail = format!(
                "Content-Type: message/external-body; {parameters}\r\n\r\nContent-Type: application/pdf{inner}\r\n\r\n"
            );
            whereabouts(&MailPart::read(mail.as_bytes()))
        };
        let url = "access-type=URL; URL=\"https://files.mail.example/\r\n a.pdf\"; size=10";
        for (parameters, inner, expected) in [
            (
                url,
                "; name=\"../a.pdf\"",
                Some("a.pdf: https://files.mail.example/a.pdf"),
            ),
            (url, "", Some("https://files.mail.example/a.pdf")),
            (
                "access-type=anon-ftp; site=ftp.mail.example; directory=\"/pub/\"; name=\"rfc1.txt\"",
                "",
                Some("ftp://ftp.mail.example/pub/rfc1.txt"),
            ),
            ("access-type=URL; URL=\"file:///etc/passwd\"", "", None),
            ("access-type=URL; URL=\"javascript:alert(1)\"", "", None),
            ("access-type=local-file; name=\"/u/a\"", "", None),
            ("access-type=mail-server; server=\"a@b.example\"", "", None),
            (
                "access-type=anon-ftp; site=\"a@b.example\"; name=x",
                "",
                None,
            ),
            ("access-type=URL", "", None),
            ("", "", None),
        ] {
            assert_eq!(said(parameters, inner).as_deref(), expected, "{parameters}");
        }
    }
}
