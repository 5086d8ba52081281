//! What is done to this repository beside building and testing it. Without dependencies, so that it starts at once.

#![forbid(unsafe_code)]
#![expect(clippy::print_stderr, reason = "it speaks to the one who called it")]

mod bench;
mod browser;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask <task>

tasks:
  bench [--large] [--only <benchmark>]…
                    measure everything, print one table and write it to benches/RESULTS.md; beside Django and
                    Terraform where there are Python and Terraform. --large also measures 50 million instances,
                    which takes 20 GB of memory, and what takes many minutes; --only prints a part, and writes nothing
  browser           drive the pages in a headless Chromium; pictures of them are left in target/browser";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["browser"] => browser::run(),
        ["bench", arguments @ ..] => bench::run(arguments),
        _ => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}
