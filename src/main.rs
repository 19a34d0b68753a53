//! The `stanzamail` program: see [`stanzamail::cli`].

fn main() -> std::process::ExitCode {
    stanzamail::cli::main()
}
