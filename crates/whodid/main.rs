//! whodid: who did this?
//!
//! Wiring: reads the command line, merges settings, runs one command, prints its answer, picks the exit code. Alone prints.

mod args;
mod commands;
mod exit;
mod failure;
mod render;
mod settings;

/// Ingest makes and drops columns of many sizes on several threads; the system's allocator keeps twice the memory for it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use args::{Arguments, Format};
use clap::Parser as _;
use exit::Exit;
use failure::Failure;
use settings::Settings;
use std::process::ExitCode;

/// Threads beside the first of a command that asks a lake: its work is one thread's, and waits for the network besides.
const ASKING_THREADS: usize = 2;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are answers; everything else is a wrong command line, which clap explains on stderr.
            let failed = error.use_stderr();
            if failed && wants_json() {
                let text = error.to_string();
                let message = text.lines().next().unwrap_or("").trim_start_matches("error: ").to_owned();
                render::failure(&Failure::usage(message, "whodid --help"), true);
                return Exit::Failed.into();
            }
            return if error.print().is_ok() && !failed { Exit::Done.into() } else { Exit::Failed.into() };
        }
    };
    start_log(arguments.global.verbose);
    let json = arguments.global.json.is_some() || matches!(arguments.global.format, Some(Format::Json | Format::Jsonl));
    if matches!(&arguments.verb, Some(args::Verb::Report(report)) if report.verb.is_none()) {
        settings::give_memory_back_soon();
    }
    let asks = matches!(arguments.verb, None | Some(args::Verb::Trace { .. } | args::Verb::Log { .. } | args::Verb::Show { .. }));
    let makes_config = matches!(arguments.verb, Some(args::Verb::Init { .. }));
    let outcome = Settings::of(&arguments.global, makes_config).and_then(|settings| {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        if asks && settings.logs.is_empty() {
            runtime.worker_threads(ASKING_THREADS);
        }
        let runtime = runtime.enable_all().build()?;
        let outcome = runtime.block_on(commands::run(arguments, &settings));
        // What still hangs on a connection must not hold up the end.
        runtime.shutdown_timeout(std::time::Duration::from_millis(100));
        outcome
    });
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => {
            render::failure(&failure, json);
            failure.exit.into()
        }
    }
}

/// Whether a command line that could not be understood asked for JSON.
fn wants_json() -> bool {
    let words: Vec<String> = std::env::args_os().filter_map(|word| word.into_string().ok()).collect();
    let two = words.windows(2).any(|pair| matches!(pair, [flag, value] if flag == "--format" && value.starts_with("json")));
    two || words.iter().any(|word| word == "--json" || word.starts_with("--json=") || word.starts_with("--format=json"))
}

/// Diagnostics go to stderr: warnings always, more with `-v`.
fn start_log(verbose: u8) {
    let level = match verbose {
        0 => "off,whodid=warn,source=warn,lake=warn,query=warn",
        1 => "error,whodid=info,source=info,lake=info,query=info",
        _ => "info,whodid=debug,source=debug,lake=debug,query=debug",
    };
    let filter = tracing_subscriber::EnvFilter::new(level);
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).with_target(false).init();
}

/// Ends a command whose answer nobody reads any more (`| head`) quietly.
pub(crate) fn closed(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::BrokenPipe
}

impl From<Failure> for Exit {
    fn from(failure: Failure) -> Self {
        failure.exit
    }
}
