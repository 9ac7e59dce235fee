//! Points at which a test has a thread of the library panic. Release builds have none.

/// Panics where `GLXRUN_FAIL_POINT` names this point, in a debug build.
#[cfg(debug_assertions)]
pub fn point(name: &str) {
    use std::sync::OnceLock;
    static WANTED: OnceLock<Option<String>> = OnceLock::new();
    let wanted = WANTED.get_or_init(|| std::env::var("GLXRUN_FAIL_POINT").ok());
    assert!(wanted.as_deref() != Some(name), "the fail point {name}");
}

/// Nothing.
#[cfg(not(debug_assertions))]
pub fn point(_name: &str) {}
