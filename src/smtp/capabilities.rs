//! What a server says that it can do.

/// What a server offered in its reply to `EHLO` (RFC 5321 §4.1.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SmtpCapabilities {
    /// What the server calls itself.
    pub name: String,
    /// RFC 1870: `Some(0)` where it has no fixed limit, else the biggest mail in octets; `None` without SIZE.
    pub size: Option<u64>,
    /// RFC 3461: delivery status notifications can be asked for.
    pub dsn: bool,
    /// RFC 6531: addresses and header fields in UTF-8.
    pub smtputf8: bool,
    /// RFC 6152: mails with octets above 127.
    pub eight_bit_mime: bool,
    /// RFC 2034: enhanced status codes. They are read whether it is announced or not.
    pub enhanced_status_codes: bool,
    /// RFC 2920: several commands at once.
    pub pipelining: bool,
    /// RFC 3030: a mail by its length, without a dot at its end.
    pub chunking: bool,
    /// RFC 3207. Offered before TLS only.
    pub starttls: bool,
    /// RFC 4954: the mechanisms, in upper case.
    pub login: Vec<String>,
}

impl SmtpCapabilities {
    /// Reads the lines of the reply without their codes; the first one is the server's name. Keywords are compared
    /// without case (RFC 5321 §4.1.1.1), unknown ones left alone.
    pub fn parse<'a>(mut lines: impl Iterator<Item = &'a str>) -> Self {
        let name = lines.next().and_then(|line| line.split_whitespace().next());
        let mut found = Self {
            name: name.unwrap_or_default().to_owned(),
            ..Self::default()
        };
        for line in lines {
            found.add(&line.to_ascii_uppercase());
        }
        found
    }

    fn add(&mut self, line: &str) {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("SIZE") => self.size = Some(words.next().map_or(0, |n| n.parse().unwrap_or(0))),
            Some("DSN") => self.dsn = true,
            Some("SMTPUTF8") => self.smtputf8 = true,
            Some("8BITMIME") => self.eight_bit_mime = true,
            Some("ENHANCEDSTATUSCODES") => self.enhanced_status_codes = true,
            Some("PIPELINING") => self.pipelining = true,
            Some("CHUNKING") => self.chunking = true,
            Some("STARTTLS") => self.starttls = true,
            Some("AUTH") => self.login = words.map(str::to_owned).collect(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postfix() {
        let text = "mail.test\nPIPELINING\nSIZE 10240000\nVRFY\nETRN\nAUTH PLAIN login\nENHANCEDSTATUSCODES\n8bitmime\nDSN\nSMTPUTF8\nCHUNKING";
        let expected = SmtpCapabilities {
            name: "mail.test".to_owned(),
            size: Some(10_240_000),
            dsn: true,
            smtputf8: true,
            eight_bit_mime: true,
            enhanced_status_codes: true,
            pipelining: true,
            chunking: true,
            starttls: false,
            login: vec!["PLAIN".to_owned(), "LOGIN".to_owned()],
        };
        assert_eq!(SmtpCapabilities::parse(text.lines()), expected);
    }

    #[test]
    fn a_server_that_can_nothing() {
        let bare = SmtpCapabilities::parse("mx.example Hello there\nX-SIZE 5\n\n".lines());
        assert_eq!(bare.name, "mx.example");
        assert_eq!((bare.size, bare.pipelining), (None, false));
        assert_eq!(
            SmtpCapabilities::parse(std::iter::empty()),
            SmtpCapabilities::default()
        );
        assert_eq!(SmtpCapabilities::parse("x\nSIZE".lines()).size, Some(0));
    }
}
