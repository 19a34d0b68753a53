//! x
pub mod map;

pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
