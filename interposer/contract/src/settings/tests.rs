use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use super::*;

fn row(name: &str) -> &'static Setting {
    TABLE.iter().find(|setting| setting.name == name).expect("a setting of that name")
}

fn parsed(name: &str, value: &str) -> Option<Settings> {
    let mut settings = Settings::default();
    row(name).set(&mut settings, OsStr::new(value), Source::Flag).ok().map(|()| settings)
}

fn accepts(name: &str, good: &[&str], bad: &[&str]) {
    for value in good {
        assert!(parsed(name, value).is_some(), "--{name} {value:?} should be accepted");
    }
    for value in bad {
        assert!(parsed(name, value).is_none(), "--{name} {value:?} should be refused");
    }
}

#[test]
fn names_flags_and_variables_are_unique_and_alike() {
    let mut seen = HashSet::new();
    for setting in TABLE {
        assert!(seen.insert(setting.name), "{} twice", setting.name);
        assert!(setting.flag.is_none_or(|flag| flag == setting.name), "{}", setting.name);
        let variable = format!("GLXRUN_{}", setting.name.to_uppercase().replace('-', "_"));
        assert_eq!(setting.env, variable);
    }
}

#[test]
fn defaults_in_words_are_the_defaults() {
    for name in [
        "size",
        "spoil",
        "fps",
        "refresh-rate",
        "transport",
        "readback",
        "opaque",
        "samples",
        "force-alpha",
        "stereo",
        "gamma",
        "damage",
        "sink",
        "stats",
        "mode",
        "pause-at-frame",
        "log",
    ] {
        assert_eq!(parsed(name, row(name).default).expect(name), Settings::default(), "{name}");
    }
}

#[test]
fn values_in_usage_lines_are_accepted() {
    for setting in TABLE
        .iter()
        .filter(|setting| setting.metavar.contains('|') && !["shot", "records"].contains(&setting.name))
    {
        for value in setting.metavar.split('|') {
            assert!(parsed(setting.name, value).is_some(), "--{} {value}", setting.name);
            assert!(setting.allowed.contains(value), "{} does not name {value}", setting.allowed);
        }
        accepts(setting.name, &[], &["", "ON", "yes", " on", "auto "]);
    }
}

#[test]
fn numbers_and_sizes() {
    accepts(
        "size",
        &["1x1", "32767x32767"],
        &["", "x", "0x1", "1x0", "32768x1", "1280", "1280X1024", "+1x1", "1x1x24", "-1x5"],
    );
    accepts("fps", &["0", "59.94", "1000"], &["", ".", "-1", "1e3", "inf", "NaN", "60fps", "1,5"]);
    accepts("refresh-rate", &["0.5", "144"], &["0", "0.0", "-60", ""]);
    accepts(
        "pause-at-frame",
        &["0", "18446744073709551615"],
        &["-1", "1.0", "18446744073709551616", "", "+1"],
    );
    accepts("stats", &["off", "0.1", "2", "86400"], &["0", "", "on", "-2", "86401"]);
    let size = parsed("size", "1920x1080").expect("a size").size;
    assert_eq!(size, Size { width: 1920, height: 1080 });
    assert_eq!(parsed("stats", "0.5").expect("seconds").stats, Some(0.5));
}

#[test]
fn shots() {
    let shot = |value| parsed("shot", value).and_then(|settings| settings.shot);
    let at = |file: &str, moment| Some(Shot { file: file.into(), moment });
    assert_eq!(shot("a.png"), at("a.png", Moment::Seconds(1.0)));
    assert_eq!(shot("a.PNG@0"), at("a.PNG", Moment::Seconds(0.0)));
    assert_eq!(shot("d/a.png@2.5"), at("d/a.png", Moment::Seconds(2.5)));
    assert_eq!(shot("a.png@frame:100"), at("a.png", Moment::Frame(100)));
    assert_eq!(shot("me@home.png"), at("me@home.png", Moment::Seconds(1.0)));
    assert_eq!(shot("me@home.png@frame:1"), at("me@home.png", Moment::Frame(1)));
    let bad = [
        "",
        "a",
        ".png",
        "a.jpg",
        "a.png@",
        "a.png@frame:",
        "a.png@frame:0",
        "a.png@-1",
        "a.png@soon",
        "@1",
        "a@1",
    ];
    accepts("shot", &[], &bad);
}

#[test]
fn text_must_be_unicode_but_a_path_need_not() {
    let odd = OsStr::from_bytes(b"/\xff");
    let mut settings = Settings::default();
    assert!(row("display3d").set(&mut settings, odd, Source::Flag).is_err());
    row("library").set(&mut settings, odd, Source::Flag).expect("any bytes are a path");
    assert_eq!(settings.library.as_deref(), Some(odd.as_ref()));
}

#[test]
fn the_library_reports_bad_values_and_uses_defaults() {
    let value = |setting: &Setting| match setting.name {
        "spoil" => Some(OsString::from("maybe")),
        "fps" => Some(OsString::from("30")),
        "size" => Some(OsString::from("the launcher's business")),
        "log" => Some(OsString::new()),
        _ => None,
    };
    let (settings, problems) = Settings::for_library(value);
    assert_eq!(settings, Settings { fps: 30.0, ..Settings::default() });
    let problems: Vec<String> = problems.iter().map(Problem::to_string).collect();
    assert_eq!(problems, ["GLXRUN_SPOIL=maybe: the value must be on or off; using the default (on)"]);
}

#[test]
fn a_flag_wins_over_the_environment_and_bad_values_are_refused() {
    let given = |name: &'static str, value: &'static str| {
        move |setting: &Setting| (setting.name == name).then(|| OsString::from(value))
    };
    let settings = Settings::gather(given("spoil", "off"), given("spoil", "on")).expect("good values");
    assert_eq!(settings.spoil, Spoil::Off);
    let settings =
        Settings::gather(given("spoil", "off"), given("spoil", "junk")).expect("the variable is not used");
    assert_eq!(settings.spoil, Spoil::Off);
    assert_eq!(Settings::gather(|_| None, given("fps", "")).expect("empty is unset"), Settings::default());

    let problem = Settings::gather(given("size", "big"), |_| None).expect_err("no size");
    assert_eq!(
        problem.to_string(),
        "--size big: the value must be WIDTHxHEIGHT in pixels, each 1 to 32767, such as 1280x1024"
    );
    let problem = Settings::gather(|_| None, given("mode", "both")).expect_err("no mode");
    assert_eq!(problem.to_string(), "GLXRUN_MODE=both: the value must be split or direct");
}

#[test]
fn records_and_held_frames() {
    let records = |value| parsed("records", value).map(|settings| settings.records);
    assert_eq!(records("auto"), Some(Records::Auto));
    assert_eq!(records("off"), Some(Records::Off));
    assert_eq!(records("a file"), Some(Records::File("a file".into())));
    let held = parsed("hold-frames", "10,2").expect("frames");
    assert_eq!(held.hold_frames, [10, 2]);
    for wrong in ["0", "1,", ",", "1 2", "-1"] {
        assert!(parsed("hold-frames", wrong).is_none(), "{wrong}");
    }
}
