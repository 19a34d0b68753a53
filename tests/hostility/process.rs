//! What a process uses, and what is said of it.

use std::fs;
use std::process::Command;
use std::time::Duration;

/// Runs a test once more in a process of its own, since tests in one process share its memory; true in the one that only
/// started it.
pub fn ran_alone(test: &str) -> bool {
    const VARIABLE: &str = "STANZAMAIL_TEST_ALONE";
    if std::env::var_os(VARIABLE).is_some() {
        return false;
    }
    let program = std::env::current_exe().expect("this program has a path");
    let mut command = Command::new(program);
    command.args(["--exact", test, "--nocapture"]);
    let output = command.env(VARIABLE, "1").output().expect("it runs again");
    let said = String::from_utf8_lossy(&output.stdout);
    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{test} is no test: {said}");
    true
}

/// Memory of this process now (VmRSS), KiB.
pub fn memory() -> u64 {
    of_status("self", "VmRSS:")
}

/// The most memory that a process has used so far (VmHWM), KiB.
pub fn peak_memory(pid: &str) -> u64 {
    of_status(pid, "VmHWM:")
}

/// Memory of another process now (VmRSS), KiB.
pub fn memory_of(pid: u32) -> u64 {
    of_status(&pid.to_string(), "VmRSS:")
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
