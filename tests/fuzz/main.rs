//! Every fuzz target for a short time, with the project's own mails and stanzas cut up and stuck together. The long form is
//! `make fuzz`.

mod targets;

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// For each target; `STANZAMAIL_FUZZ_SECONDS` says otherwise.
const SECONDS: u64 = 1;
/// So many inputs at least, besides the files themselves.
const RUNS_MIN: u64 = 100;
/// The longest input, in octets.
const OCTETS_MAX: usize = 16 * 1024;

/// xorshift64*.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % sides.max(1)
    }
}

/// Files to begin with.
fn seeds() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seeds = vec![
        Vec::new(),
        std::fs::read(root.join("config.example.toml")).unwrap(),
    ];
    let mut folders = vec![root.join("tests/data")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                seeds.push(std::fs::read(path).unwrap());
            }
        }
    }
    seeds
}

/// Octets that mean something to one reader or another.
const WORDS: [&[u8]; 30] = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"<",
    b">",
    b"&#13;",
    b"\xff",
    b"\xef\xbf\xbe",
    b"--b",
    b"=?utf-8?B?",
    b"?=",
    b";",
    b"\"",
    b"(",
    b"@",
    b"\\40",
    b"%",
    b"<message/>",
    b"xmlns='jabber:client'",
    b"Final-Recipient: rfc822; a@b.example",
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n",
    b"ed25519-sha256",
    b"dkim=pass header.d=",
    b"250-",
    b"550 5.1.1 ",
    b"\r\n.\r\n",
    b"MAIL FROM:<c@d.example> SIZE=1\r\n",
    b"RCPT TO:<alice@chat.a.example>\r\n",
    b"DATA\r\n",
];

fn mutated(seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut input = seeds[dice.below(seeds.len())].clone();
    for _ in 0..=dice.below(6) {
        let at = dice.below(input.len() + 1);
        match dice.below(6) {
            0 => input.truncate(at),
            1 => input
                .splice(at..at, WORDS[dice.below(WORDS.len())].iter().copied())
                .for_each(drop),
            2 if at < input.len() => input[at] ^= 1 << dice.below(8),
            3 => {
                let end = (at + dice.below(200)).min(input.len());
                input.drain(at..end);
            }
            4 => {
                let other = &seeds[dice.below(seeds.len())];
                let from = dice.below(other.len() + 1);
                let piece = &other[from..(from + dice.below(400)).min(other.len())];
                input.splice(at..at, piece.iter().copied()).for_each(drop);
            }
            _ => {
                let end = (at + dice.below(100)).min(input.len());
                let piece = input[at..end].to_vec();
                for _ in 0..dice.below(8) {
                    input.splice(at..at, piece.iter().copied()).for_each(drop);
                }
            }
        }
    }
    input.truncate(OCTETS_MAX);
    input
}

#[test]
fn no_target_falls_over() {
    let seconds = std::env::var("STANZAMAIL_FUZZ_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok());
    let limit = Duration::from_secs(seconds.unwrap_or(SECONDS));
    let seeds = seeds();
    let left = Mutex::new(targets::TARGETS.iter());
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((name, target)) = next() {
                    feed(name, *target, &seeds, limit);
                }
            });
        }
    });
}

fn feed(name: &str, target: fn(&[u8]), seeds: &[Vec<u8>], limit: Duration) {
    let mut dice = Dice(0x5eed ^ name.len() as u64 | 1);
    let (start, mut runs) = (Instant::now(), 0_u64);
    for seed in seeds {
        target(seed);
    }
    // On a busy machine the time is over before anything was tried.
    while start.elapsed() < limit || runs < RUNS_MIN {
        let input = mutated(seeds, &mut dice);
        let held = std::panic::catch_unwind(|| target(&input));
        assert!(
            held.is_ok(),
            "{name} falls over {:?}",
            String::from_utf8_lossy(&input)
        );
        runs += 1;
    }
    println!("{name}: {runs} inputs");
}
