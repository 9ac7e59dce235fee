//! `--stats` and `--shot`, with a program that counts frames as the preloaded library does.

mod common;

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::process::Command;

use common::{Outcome, Runs, Stage, Xvfb};
use glxrun_contract::counters::CounterFile;
use rustix::process::{Signal, getpid, kill_process};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ChangeWindowAttributesAux, ConnectionExt};

/// Not a test by itself: the program that the tests run. It paints the root window, counts ten frames of which one
/// is dropped, and ends as it is told.
#[test]
fn the_program() {
    let Some(end) = std::env::var_os("PROGRAM_ENDS") else { return };
    let counters = std::env::var_os("GLXRUN_COUNTERS").expect("a counters file");
    let (x, screen) = x11rb::connect(None).expect("the 2D side");
    let screen = &x.setup().roots[screen];
    let colour: u32 = std::env::var("PROGRAM_COLOUR").map_or(0, |colour| colour.parse().expect("a pixel"));
    let paint = ChangeWindowAttributesAux::new().background_pixel(colour);
    x.change_window_attributes(screen.root, &paint).expect("sent");
    x.clear_area(false, screen.root, 0, 0, 0, 0).expect("sent");
    x.get_input_focus().expect("sent").reply().expect("all is painted");

    let entry = CounterFile::open(Path::new(&counters)).expect("the counters").claim(0x400002).expect("room");
    for frame in 0..10 {
        entry.count_rendered();
        if frame == 5 {
            entry.count_dropped()
        } else {
            entry.count_delivered()
        };
    }
    match end.to_str() {
        // SAFETY: plain call.
        Some("_exit") => unsafe { libc::_exit(5) },
        Some("kill -9") => kill_process(getpid(), Signal::KILL).expect("ourselves"),
        Some("pause") => loop {
            std::thread::park();
        },
        _ => {}
    }
}

fn program(command: &mut Command, end: &str) {
    let me = std::env::current_exe().expect("this binary");
    command.arg(me).args(["--exact", "the_program", "--nocapture"]).env("PROGRAM_ENDS", end);
}

fn stats_of(end: &str) -> Outcome {
    let stage = Stage::new();
    let mut command = stage.glxrun();
    command.arg("--stats=600");
    program(&mut command, end);
    let outcome = command.run();
    stage.assert_clean(&[]);
    outcome
}

#[test]
fn a_summary_is_right_however_the_program_ends() {
    for (end, status) in [("exit", 0), ("_exit", 5), ("kill -9", 137)] {
        let outcome = stats_of(end);
        assert_eq!(outcome.status, Some(status), "{}", outcome.stderr);
        let summary = outcome.stderr.lines().last().expect("a line");
        let start = "glxrun: 0x400002: rendered 10 frames, delivered 9, dropped 1 in 0.0 s (";
        assert!(summary.starts_with(start) && summary.ends_with(" delivered)"), "{summary}");
    }
}

#[test]
fn a_program_without_frames_is_told_so() {
    let stage = Stage::new();
    let outcome = stage.glxrun().args(["--stats", "true"]).run();
    assert!(outcome.stderr.ends_with("glxrun: no frames were rendered\n"), "{}", outcome.stderr);
}

#[test]
fn rates_are_printed_while_the_program_runs() {
    let stage = Stage::new();
    let mut command = stage.glxrun();
    command.arg("--stats=0.1").arg("--shot").arg(stage.path("a.png"));
    program(&mut command, "pause");
    // The picture is taken a second after the first frame, so by then there was time for a line.
    let run = command.start();
    common::until("the picture is taken", || std::fs::metadata(stage.path("a.png")).is_ok());
    run.kill(Signal::TERM);
    let outcome = run.end();
    let rates: Vec<_> =
        outcome.stderr.lines().filter(|line| line.contains("rendered") && line.contains("fps,")).collect();
    let [rates] = rates[..] else {
        panic!("one line, as only once were there new frames: {}", outcome.stderr)
    };
    assert!(rates.starts_with("glxrun: 0x400002: rendered ") && rates.ends_with(", dropped 1"), "{rates}");
}

/// The picture's size and its only colour.
fn colour(file: &Path) -> (u32, u32, [u8; 3]) {
    let decoder = png::Decoder::new(BufReader::new(File::open(file).expect("the picture")));
    let mut reader = decoder.read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut pixels).expect("pixels");
    assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
    let first: [u8; 3] = pixels[..3].try_into().expect("a pixel");
    assert!(pixels.chunks_exact(3).all(|pixel| pixel == first), "more than one colour");
    (info.width, info.height, first)
}

#[test]
fn a_picture_is_taken_at_every_depth() {
    for (depth, pixel, rgb) in [
        (24, 0x336699, [0x33, 0x66, 0x99]),
        (16, 0xf81f, [255, 0, 255]),
        (30, 1023 << 20 | 512 << 10, [255, 128, 0]),
    ] {
        let stage = Stage::new();
        let two = Xvfb::start(&["-ac", "-screen", "0", &format!("65x33x{depth}"), "-extension", "GLX"]);
        let file = stage.path("picture.png");
        let mut command = stage.glxrun();
        command.env("DISPLAY", &two.display).env("PROGRAM_COLOUR", pixel.to_string());
        command.arg("--shot").arg(format!("{}@frame:9", file.display()));
        program(&mut command, "pause");
        let run = command.start();
        common::until("the picture is written", || std::fs::metadata(&file).is_ok_and(|meta| meta.len() > 0));
        run.kill(Signal::TERM);
        let outcome = run.end();
        assert!(
            outcome.stderr.ends_with(&format!("glxrun: saved {} (65x33)\n", file.display())),
            "{}",
            outcome.stderr
        );
        assert_eq!(colour(&file), (65, 33, rgb), "depth {depth}");
        stage.assert_clean(&[]);
    }
}

#[test]
fn a_program_that_ends_before_its_picture_keeps_its_status() {
    for (shot, why) in
        [("a.png@frame:10", "before frame 10 was delivered"), ("a.png@600", "less than 600 s after")]
    {
        let stage = Stage::new();
        let mut command = stage.glxrun();
        command.arg("--shot").arg(stage.path(shot));
        program(&mut command, "_exit");
        let outcome = command.run();
        assert_eq!(outcome.status, Some(5));
        assert!(
            outcome.stderr.contains("glxrun: no picture ") && outcome.stderr.contains(why),
            "{}",
            outcome.stderr
        );
        assert!(std::fs::metadata(stage.path("a.png")).is_err());
    }
}

#[test]
fn a_picture_that_cannot_be_written_is_told() {
    let stage = Stage::new();
    std::fs::create_dir(stage.path("a.png")).expect("a directory");
    let mut command = stage.glxrun();
    command.arg("--shot").arg(format!("{}@frame:1", stage.path("a.png").display()));
    program(&mut command, "exit");
    let outcome = command.run();
    assert_eq!(outcome.status, Some(0));
    assert!(outcome.stderr.contains("a.png: "), "{}", outcome.stderr);
}
