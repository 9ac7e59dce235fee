//! Displays whose servers lie: glxrun and its commands end, with a status of theirs, and nothing panics.

mod common;
#[path = "../../interposer/display/tests/common/proxy.rs"]
mod proxy;

use common::{Runs, Stage, Xvfb};
use proxy::{Tamper, huge_length, proxy, setup_length, wrong_bytes};

/// What a user would do with a display, on one whose answers are tampered with.
fn survives(what: &str, xvfb: &Xvfb, tamper: impl Fn() -> Tamper + Send + 'static) {
    let stage = Stage::new();
    let name = proxy(&xvfb.display, tamper);
    let shot = stage.path("shot.png");
    for words in [&["true"][..], &["doctor", "--json"], &["--shot", &shot.to_string_lossy(), "true"]] {
        let run = stage.glxrun().env("DISPLAY", &name).args(words).run();
        let fine = run.status.is_some_and(|status| [0, 1, 125].contains(&status));
        assert!(
            fine && !run.stderr.contains("panicked"),
            "{what}, {words:?}: {:?} {}",
            run.status,
            run.stderr
        );
        assert!(run.status != Some(125) || run.stderr.starts_with("glxrun: "), "{what}: {}", run.stderr);
    }
    stage.assert_clean(&[]);
}

#[test]
fn answers_with_wrong_bytes() {
    let xvfb = Xvfb::with_glx();
    let setup = setup_length(&xvfb.display);
    for seed in 1..=8 {
        let spared = if seed % 4 == 0 { 0 } else { setup };
        survives(&format!("seed {seed}"), &xvfb, move || wrong_bytes(seed, spared));
    }
}

#[test]
fn answers_of_huge_lengths() {
    let xvfb = Xvfb::with_glx();
    let setup = setup_length(&xvfb.display);
    for length in [0x0000_ffff, 0x0fff_ffff, !0] {
        survives(&format!("{length:#x}"), &xvfb, move || huge_length(setup, 0, length));
    }
}
