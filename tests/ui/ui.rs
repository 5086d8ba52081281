//! Code that must not compile, with its error messages, and code that must.

/// One `TestCases`, because it checks all of its cases with one build.
#[test]
fn invalid_code_gives_the_stored_errors_and_valid_code_compiles() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("fail/*.rs");
    cases.pass("pass/*.rs");
}
