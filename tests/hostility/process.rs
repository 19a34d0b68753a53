//! What a process uses, and what is said of it.

use std::fs;
use std::time::Duration;

/// Memory of this process now (VmRSS), KiB.
pub fn memory() -> u64 {
    of_status("self", "VmRSS:")
}

/// The most memory that a process has used so far (VmHWM), KiB.
pub fn peak_memory(pid: &str) -> u64 {
    of_status(pid, "VmHWM:")
}

fn of_status(pid: &str, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or_else(|| panic!("the process {pid} runs"))
}

/// Processor time of this process so far, in steps of 10 ms (proc_pid_stat(5): utime and stime).
pub fn processor() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").expect("it runs");
    let fields = stat.rsplit_once(')').expect("a name in brackets").1;
    let times = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = times.filter_map(|time| time.parse::<u64>().ok()).sum();
    Duration::from_millis(10 * ticks)
}
