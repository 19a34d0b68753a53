//! Random cases: how many of them, and of what they are made.

/// How many cases a test tries: `short`, unless the environment asks for more.
pub fn cases(short: usize) -> usize {
    let wanted = std::env::var("STANZAMAIL_HOSTILITY").ok();
    wanted.map_or(short, |text| {
        text.parse()
            .expect("STANZAMAIL_HOSTILITY is a number of cases")
    })
}

/// xorshift64*, the same for everyone: a case that fails fails again.
pub struct Dice(u64);

/// What breaks lines, mails, headers, XML, terminals, and readers of any of them.
const NASTY: &[&str] = &[
    "\r",
    "\n",
    "\r\n",
    "\r\n.\r\n",
    "\n.\n",
    "\r.\r",
    "\r\n\r\n",
    ".",
    "..",
    "\0",
    "\t",
    "\u{b}",
    "\u{c}",
    "\u{1b}[2J",
    "\u{7f}",
    "\u{85}",
    "\u{9b}",
    "\u{a0}",
    "\u{200b}",
    "\u{200e}",
    "\u{202e}",
    "\u{2028}",
    "\u{2029}",
    "\u{2066}",
    "\u{feff}",
    "\u{fffe}",
    "\u{ffff}",
    "\u{fffd}",
    "\u{10ffff}",
    "Bcc: eve@mail.example",
    "\r\nBcc: eve@mail.example\r\n",
    "\nSubject: forged\n",
    "=?utf-8?q?=0D=0ABcc:_eve@mail.example?=",
    "<",
    ">",
    "&",
    "]]>",
    "\"",
    "\\",
    ",",
    ";",
    ":",
    "(",
    "=",
    "=0D=0A",
    "-- ",
    "--b",
    "> ",
    "From ",
    " ",
    "é",
    "日本語",
    "👍🏽",
    "e\u{301}",
    "x",
];

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub fn below(&mut self, sides: usize) -> usize {
        (self.next() >> 33) as usize % sides.max(1)
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// Any character of Unicode.
    pub fn char(&mut self) -> char {
        loop {
            // Half of them from where most text and all controls are.
            let top = *self.pick(&[0x80, 0x300, 0x3000, 0x11_0000]);
            if let Some(c) = char::from_u32(self.below(top) as u32) {
                return c;
            }
        }
    }

    /// Up to `most` pieces: nasty ones, words, and any characters.
    pub fn text(&mut self, most: usize) -> String {
        let count = self.below(most + 1);
        (0..count)
            .map(|_| match self.below(4) {
                0 | 1 => (*self.pick(NASTY)).to_owned(),
                2 => (0..3).map(|_| self.char()).collect(),
                _ => "some words ".to_owned(),
            })
            .collect()
    }

    pub fn octets(&mut self, most: usize) -> Vec<u8> {
        let count = self.below(most + 1);
        (0..count).map(|_| self.next().to_be_bytes()[0]).collect()
    }
}

/// What is left of a text when everything is taken out that may be broken, joined or dropped on the way: line ends, white
/// space, and what neither XML nor a mail can carry.
pub fn visible(text: &str) -> String {
    let stays = |c: &char| {
        !c.is_whitespace() && !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{feff}')
    };
    text.chars().filter(stays).collect()
}
