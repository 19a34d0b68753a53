//! `make demo`: Alice, who has an XMPP client, and Carol, who has a mail client, talk through a gateway between real
//! servers. In the second act Alice meets Bob, whose XMPP server has a gateway of its own. Prints both sides of each step,
//! raw, and ends with 0 only if every step was seen.
//!
//! | file | what |
//! | --- | --- |
//! | `stage.rs` | the servers and the gateways |
//! | `person.rs`, `person.py` | Alice's and Bob's clients: slixmpp |
//! | `story.rs` | the first act: Alice and Carol |
//! | `meeting.rs` | the second act: Alice and Bob |
//! | `show.rs` | how it is printed |
//! | `left.rs` | proof that nothing is left running |
//!
//! Carol's client is s-nail (`tests/servers/real_mail_client.rs`).

mod left;
mod meeting;
mod person;
#[path = "../../tests/servers/mod.rs"]
mod servers;
mod show;
mod stage;
mod story;

use std::io::BufRead;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering};

use futures::FutureExt;
use tokio::signal::unix::{SignalKind, signal};

use person::Person;
use stage::{Kind, Stage, System};

/// The user's own clients have the word.
static STAYING: AtomicBool = AtomicBool::new(false);

const USAGE: &str = "usage: demo [--mail greenmail|dovecot|lmtp] [--stay]   (make demo [MAIL=greenmail|dovecot|lmtp] [STAY=1])";

/// What the command line asks for.
struct Wishes {
    mail: Kind,
    stay: bool,
}

impl Wishes {
    fn read(mut arguments: impl Iterator<Item = String>) -> Option<Wishes> {
        let mut wishes = Wishes {
            mail: Kind::best(),
            stay: false,
        };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--mail" => wishes.mail = Kind::named(&arguments.next()?)?,
                "--stay" => wishes.stay = true,
                _ => return None,
            }
        }
        Some(wishes)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(wishes) = Wishes::read(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    if let Err(why) = built() {
        show::failure(&why);
        return ExitCode::FAILURE;
    }
    // The harness tells what is wrong by panicking: the words are for a person here, not a place in the code.
    std::panic::set_hook(Box::new(|panic| {
        let words = panic.payload_as_str().unwrap_or("a panic without words");
        show::failure(words);
    }));
    let mut watch = left::Watch::new();
    let played = tokio::select! {
        played = AssertUnwindSafe(play(&wishes, &mut watch)).catch_unwind() => played.unwrap_or(false),
        () = interrupted() => { show::failure("interrupted"); false }
    };
    // Everything that `play` started was dropped with it, however it ended.
    let clean = left_nothing(&mut watch).await;
    match played && clean {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// The whole evening. True if every step was seen.
async fn play(wishes: &Wishes, watch: &mut left::Watch) -> bool {
    show::title(&format!(
        "Stanzamail: Prosody and {}, on loopback, in folders of their own",
        wishes.mail.words()
    ));
    let mut stage = Stage::set(wishes.mail, program()).await;
    watch.note(stage.ports());
    show::configuration(
        "The gateway's whole configuration:",
        &stage.ours.gateway.config(),
    );
    let mut theirs = None;
    let acts = acts(wishes, watch, &mut stage, &mut theirs);
    let played = match AssertUnwindSafe(acts).catch_unwind().await {
        Ok(Ok(())) => true,
        Ok(Err(why)) => {
            show::failure(&why);
            false
        }
        Err(_) => false,
    };
    if !played {
        for system in [Some(&stage.ours), theirs.as_ref()].into_iter().flatten() {
            show::log(&system.xmpp.gateway, &system.gateway.log());
        }
    }
    played
}

async fn acts(
    wishes: &Wishes,
    watch: &mut left::Watch,
    stage: &mut Stage,
    theirs: &mut Option<System>,
) -> Result<(), String> {
    // The second server starts while the first act is on.
    let (told, second) = tokio::join!(story::tell(stage), System::theirs(&stage.mail, program()));
    let theirs = theirs.insert(second);
    watch.note(stage.ports());
    let mut alice = told?;
    story::farewell(stage, &mut alice).await?;
    second_act(wishes, watch, stage, theirs, alice).await
}

async fn second_act(
    wishes: &Wishes,
    watch: &mut left::Watch,
    stage: &mut Stage,
    theirs: &mut System,
    mut alice: Person,
) -> Result<(), String> {
    show::title("The second act: two systems meet, and nothing but mail is between them");
    meeting::exchange_keys(stage, theirs).await?;
    watch.note(theirs.ports());
    meeting::tell(stage, theirs, &mut alice).await?;
    watch.note(theirs.ports());
    drop(alice);
    if wishes.stay {
        show::accounts(stage, theirs);
        until_told().await;
        watch.note(stage.ports());
    }
    tokio::join!(stage.ours.end(), theirs.end());
    Ok(())
}

/// The program under test lies beside the folder of the examples, wherever Cargo builds. `cargo run --example demo` alone builds no
/// program: [`built`] does.
fn program() -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    let folder = own.ancestors().nth(2).unwrap_or(Path::new("."));
    folder.join("stanzamail")
}

/// Where the program is missing or older than this one, Cargo is asked to build both, which costs nothing where nothing has changed.
fn built() -> Result<(), String> {
    let (own, program) = (std::env::current_exe().unwrap_or_default(), program());
    let time = |path: &Path| path.metadata().and_then(|known| known.modified()).ok();
    if time(&program).is_some_and(|built| time(&own).is_some_and(|own| built >= own)) {
        return Ok(());
    }
    let what = ["build", "--bin", "stanzamail", "--example", "demo"];
    let folder = program.parent().and_then(Path::file_name);
    let profile = match folder.and_then(|name| name.to_str()) {
        Some("debug") | None => vec![],
        Some(profile) => vec!["--profile", profile],
    };
    let by_hand = format!(
        "{} is missing or older than the demo: run `make demo`, or `cargo {}`",
        program.display(),
        [what.as_slice(), profile.as_slice()].concat().join(" ")
    );
    // Only Cargo says where it is itself: whoever runs the demo without it builds what they want.
    let Some(cargo) = std::env::var_os("CARGO") else {
        return Err(by_hand);
    };
    let mut cargo = Command::new(cargo);
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    let is_built = cargo.args(what).args(profile).status();
    match is_built.is_ok_and(|status| status.success()) && program.is_file() {
        true => Ok(()),
        false => Err(by_hand),
    }
}

/// Ctrl-C or SIGTERM, unless that is how the demo is meant to end.
async fn interrupted() {
    signalled().await;
    if STAYING.load(Ordering::Acquire) {
        std::future::pending().await
    }
}

async fn signalled() {
    let listen = |kind| signal(kind).expect("a signal can be listened for");
    let (mut int, mut term) = (
        listen(SignalKind::interrupt()),
        listen(SignalKind::terminate()),
    );
    tokio::select! {
        _ = int.recv() => {}
        _ = term.recv() => {}
    }
}

/// Until Enter, Ctrl-C or SIGTERM. The end of the input is nobody's wish.
async fn until_told() {
    STAYING.store(true, Ordering::Release);
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        if std::io::stdin()
            .lock()
            .read_line(&mut line)
            .is_ok_and(|n| n > 0)
        {
            let _ = tell.send(());
        } else {
            std::mem::forget(tell);
        }
    });
    tokio::select! {
        _ = told => {}
        () = signalled() => {}
    }
}

async fn left_nothing(watch: &mut left::Watch) -> bool {
    match watch.nothing_left().await {
        Ok(words) => {
            show::good(&words);
            true
        }
        Err(words) => {
            show::failure(&words);
            false
        }
    }
}
