//! What must not compile, and what it says; and what must.

/// One `TestCases` for all: its cases are checked in one go.
#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("fail/*.rs");
    cases.pass("pass/*.rs");
}
