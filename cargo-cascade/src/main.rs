//! `cargo cascade`

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    cargo_cascade::main()
}
