//! What the benches share.

// Each uses another part of it.
#![allow(dead_code, missing_docs)]

use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Whether a part is asked for on the command line; all are where none is named.
pub fn is_wanted(name: &str) -> bool {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let mut names = wanted
        .iter()
        .filter(|word| !word.starts_with('-'))
        .peekable();
    names.peek().is_none() || names.any(|word| word == name)
}

/// The figures, a row for each. With the spread in parentheses: of rounds the least and the most, of single times the
/// slowest hundredth.
#[derive(Default)]
pub struct Table(Vec<[String; 5]>);

impl Table {
    /// Rates beside those of the bare servers, which were measured in turns with them.
    pub fn rate(&mut self, what: &str, rates: &[f64], bare: &[f64], goal: f64) {
        let ratios: Vec<f64> = rates
            .iter()
            .zip(bare)
            .map(|(rate, bare)| rate / bare)
            .collect();
        self.row([
            what.to_owned(),
            format!("{}/s", of_rounds(rates, 0)),
            format!("{}/s", of_rounds(bare, 0)),
            of_rounds(&ratios, 2),
            format!("{goal}"),
        ]);
    }

    pub fn row(&mut self, row: [String; 5]) {
        eprintln!("{}", row.join(" | "));
        self.0.push(row);
    }

    /// To the standard output; or, where several benches make one table (`make bench`), to the end of that file.
    pub fn print(&self) {
        let rows: String = self
            .0
            .iter()
            .map(|row| format!("| {} |\n", row.join(" | ")))
            .collect();
        match std::env::var_os("STANZAMAIL_BENCH_TABLE") {
            Some(path) => {
                let mut options = std::fs::OpenOptions::new();
                let file = options.create(true).append(true).open(path);
                let mut file = file.expect("the file of the table can be written");
                std::io::Write::write_all(&mut file, rows.as_bytes()).expect("the disk has room");
            }
            None => print!("\n{HEAD}{rows}"),
        }
    }
}

const HEAD: &str = "| figure | Stanzamail | bare, or beside it | ratio | goal |\n\
    | --- | --- | --- | --- | --- |\n";

/// The middle, and in parentheses the least and the most.
fn of_rounds(values: &[f64], digits: usize) -> String {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (least, most) = (sorted[0], sorted[sorted.len() - 1]);
    let middle = sorted[sorted.len() / 2];
    format!("{middle:.digits$} ({least:.digits$} to {most:.digits$})")
}

pub fn middle(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// The middle and the slowest hundredth, in milliseconds.
pub fn spread(times: &[Duration]) -> (f64, f64) {
    let mut sorted: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1e3).collect();
    sorted.sort_by(f64::total_cmp);
    let at = |percent: usize| sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)];
    (at(50), at(99))
}

pub fn rate(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

/// Lines of words.
pub fn text_of(octets: usize) -> String {
    let words = "words of a message that goes from one to another and is read by nobody ";
    words.chars().cycle().take(octets).collect()
}

/// A connection that talks in lines.
pub struct Lines(BufReader<TcpStream>);

impl Lines {
    pub async fn open(port: u16) -> Lines {
        let stream = TcpStream::connect(("127.0.0.1", port))
            .await
            .expect("the server runs");
        stream.set_nodelay(true).expect("a socket takes options");
        Lines(BufReader::with_capacity(64 * 1024, stream))
    }

    pub async fn say(&mut self, text: &str) {
        self.0
            .write_all(text.as_bytes())
            .await
            .expect("the server reads");
    }

    /// Reads up to a line that begins so, and fails on any other refusal.
    pub async fn until(&mut self, beginning: &str) {
        self.find(|line| line.starts_with(beginning.as_bytes()))
            .await;
    }

    /// The next line with this word.
    pub async fn until_with(&mut self, word: &str) -> String {
        let line = self
            .find(|line| line.windows(word.len()).any(|part| part == word.as_bytes()))
            .await;
        String::from_utf8_lossy(&line).into_owned()
    }

    async fn find(&mut self, wanted: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = self.0.read_until(b'\n', &mut line).await.unwrap_or(0);
            assert!(read > 0, "the server closed the connection");
            if wanted(&line) {
                return line;
            }
        }
    }
}
