//! `cargo watertight`: Cargo names the subcommand again in front of the arguments.

use std::ffi::OsString;
use std::iter::once;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).peekable();
    arguments.next_if(|first| first == "watertight");
    watertight::cli::main(once(OsString::from("cargo watertight")).chain(arguments))
}
