//! A crate that there is not.

cascade_core::link!(cascade_tests_hots);

fn main() {}
