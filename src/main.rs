//! `watertight`.

use std::process::ExitCode;

fn main() -> ExitCode {
    watertight::cli::main(std::env::args_os())
}
