//! What a gateway uses while it works: memory, open files, threads; and where that leads.

use std::collections::BTreeMap;
use std::time::Duration;

/// One look at a process.
#[derive(Clone, Copy, Debug)]
pub struct Vitals {
    /// VmRSS, KiB.
    pub memory: u64,
    /// What of it is the program's own (RssAnon), KiB. The rest is its code, as far as it is read in.
    pub own: u64,
    /// Files and sockets.
    pub files: usize,
    pub threads: usize,
}

impl Vitals {
    pub fn of(process: u32) -> Vitals {
        let status = std::fs::read_to_string(format!("/proc/{process}/status"));
        let status = status.expect("the gateway runs");
        let number = |name: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.split_whitespace().next()?.parse().ok())
                .expect("Linux counts it")
        };
        let files = std::fs::read_dir(format!("/proc/{process}/fd"));
        Vitals {
            memory: number("VmRSS:"),
            own: number("RssAnon:"),
            files: files.expect("the gateway runs").count(),
            threads: number("Threads:") as usize,
        }
    }

    pub fn megabytes(&self) -> f64 {
        megabytes(self.memory as f64)
    }
}

impl std::fmt::Display for Vitals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (memory, own) = (self.megabytes(), megabytes(self.own as f64));
        let (files, threads) = (self.files, self.threads);
        write!(
            f,
            "{memory:.1} MB ({own:.1} without code), {files} files, {threads} threads"
        )
    }
}

/// How much more memory in an hour, in MB: the slope of the straight line that is nearest to the least of each minute (least
/// squares). What a moment takes and gives back is no growth.
pub fn growth_an_hour(samples: &[(Duration, Vitals)]) -> f64 {
    let mut minutes: BTreeMap<u64, f64> = BTreeMap::new();
    for (at, vitals) in samples {
        let least = minutes.entry(at.as_secs() / 60).or_insert(f64::MAX);
        *least = least.min(vitals.megabytes());
    }
    let points: Vec<(f64, f64)> = minutes
        .into_iter()
        .map(|(minute, memory)| (minute as f64 / 60.0, memory))
        .collect();
    let count = points.len() as f64;
    let (hours, memory) = points
        .iter()
        .fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
    let (hours, memory) = (hours / count, memory / count);
    let rise: f64 = points.iter().map(|(h, m)| (h - hours) * (m - memory)).sum();
    let run: f64 = points.iter().map(|(h, _)| (h - hours).powi(2)).sum();
    rise / run
}

fn megabytes(kibibytes: f64) -> f64 {
    kibibytes * 1024.0 / 1e6
}

#[test]
fn growth_is_the_slope_of_what_was_seen() {
    let sample = |minute: u64, memory: u64| {
        let vitals = Vitals {
            memory,
            own: 0,
            files: 0,
            threads: 0,
        };
        (Duration::from_secs(60 * minute), vitals)
    };
    let mut even: Vec<_> = (0..60).map(|minute| sample(minute, 20_000)).collect();
    let (at, peak) = sample(59, 40_000);
    even.push((at + Duration::from_secs(5), peak));
    assert!(growth_an_hour(&even).abs() < 1e-9);
    let leak: Vec<_> = (0..60)
        .map(|minute| sample(minute, 20_000 + minute * 125))
        .collect();
    assert!((growth_an_hour(&leak) - 7.68).abs() < 1e-9);
}
