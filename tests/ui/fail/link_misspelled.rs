//! A misspelled crate in `link!`.

cascade_core::link!(cascade_tests_hots);

fn main() {}
