//! The contract under a disk that damages files, and under power that fails: what was accepted is there.
//!
//! `STANZAMAIL_DISK=500/1000/10000` says how many damages, how many power cuts and how many mails that wait are tried
//! (`make chaos`); without it the short form runs.

#[path = "../servers/process.rs"]
#[allow(dead_code)]
mod process;

mod damage;
mod image;
mod power;
mod room;
mod state;
mod trace;

/// How often each is tried.
struct Size {
    damages: u64,
    cuts: u64,
    mails: u64,
}

fn size() -> Size {
    let Ok(text) = std::env::var("STANZAMAIL_DISK") else {
        return Size {
            damages: 25,
            cuts: 50,
            mails: 500,
        };
    };
    let numbers: Vec<u64> = text.split('/').map(|n| n.parse().unwrap()).collect();
    let [damages, cuts, mails] = numbers[..] else {
        panic!("STANZAMAIL_DISK=500/1000/10000");
    };
    Size {
        damages,
        cuts,
        mails,
    }
}

/// Chance that is the same in each run.
struct Dice(u64);

impl Dice {
    fn of(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Below `end` (xorshift64*).
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap() % end.max(1)
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// Does this for each number below `end` and adds up the answers; several at once, since each mostly waits.
fn each(end: u64, one: impl Fn(u64) -> [usize; 3] + std::marker::Sync) -> [usize; 3] {
    const THREADS: usize = 8;
    let next = std::sync::atomic::AtomicU64::new(0);
    let work = || {
        let mut sums = [0; 3];
        loop {
            let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            if number >= end {
                return sums;
            }
            for (sum, more) in sums.iter_mut().zip(one(number)) {
                *sum += more;
            }
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        let mut sums = [0; 3];
        for thread in threads {
            let done = thread.join().expect("it holds");
            sums.iter_mut()
                .zip(done)
                .for_each(|(sum, more)| *sum += more);
        }
        sums
    })
}
