//! What a process uses, and what is said of it.

use std::fs;

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
