//! Cases about when swaps happen. The driver's own GLX may lack these extensions: they are for split runs.

use std::ffi::c_int;

use glxrun_examples::draw::{self, Cube};
use glxrun_examples::gl::consts::*;
use glxrun_examples::timing::Timing;
use glxrun_examples::{Result, check};

use crate::app::App;

const SWAP_INTERVAL: c_int = 0x20F1;
const LATE_SWAPS_TEAR: c_int = 0x20F3;
const BACK_BUFFER_AGE: c_int = 0x20F4;
const BAD_VALUE: c_int = 6;

/// Fails with both values if they differ.
fn equal<T: PartialEq + std::fmt::Debug>(what: &str, actual: T, expected: T) -> Result<()> {
    check(actual == expected, || format!("{what}: {actual:?} instead of {expected:?}"))
}

pub fn sync_control(app: &mut App) -> Result<()> {
    let (window, _) = app.start()?;
    let (timing, drawable) = (Timing::new(app.glx.display.clone())?, window.drawable);
    let (numerator, denominator) = timing.rate(drawable)?;
    check(numerator > 0 && denominator > 0, || format!("a rate of {numerator}/{denominator} Hz"))?;
    let period = 1e6 * f64::from(denominator) / f64::from(numerator);
    let start = timing.now(drawable)?;
    equal("swaps at first", start.sbc, 0)?;
    // UST is the time at which that refresh began.
    let of_refresh = |ust: i64, msc: i64| (ust as f64 - msc as f64 * period).abs() < 2.0;
    check(of_refresh(start.ust, start.msc), || format!("{start:?} does not fit a period of {period} us"))?;

    draw::clear(&app.gl, 0);
    let later = start.msc + 3;
    equal("the first swap's number", timing.swap(drawable, [later, 0, 0]), 1)?;
    let swapped = timing.wait_for_sbc(drawable, 1).ok_or("glXWaitForSbcOML fails")?;
    check(swapped.sbc == 1 && swapped.msc >= later, || format!("{swapped:?} instead of {later}, 1"))?;
    for number in 2..5 {
        draw::clear(&app.gl, number as u32);
        app.glx.swap(drawable);
    }
    let all = timing.wait_for_sbc(drawable, 0).ok_or("glXWaitForSbcOML fails")?;
    equal("all swaps", all.sbc, 4)?;
    equal("swaps done", timing.now(drawable)?.sbc, 4)?;

    let now = timing.now(drawable)?.msc;
    let waited = timing.wait_for_msc(drawable, [now + 2, 0, 0]).ok_or("glXWaitForMscOML fails")?;
    check(waited.msc >= now + 2 && of_refresh(waited.ust, waited.msc), || format!("{waited:?} after {now}"))?;
    let past = timing.wait_for_msc(drawable, [0, 0, 0]).ok_or("glXWaitForMscOML fails")?;
    check(past.msc >= waited.msc, || format!("{past:?} after {waited:?}"))?;
    for wrong in [[-1, 0, 0], [0, -1, 0], [0, 2, 2], [0, 0, -1]] {
        equal("glXWaitForMscOML", timing.wait_for_msc(drawable, wrong), None)?;
        equal("glXSwapBuffersMscOML", timing.swap(drawable, wrong), -1)?;
    }
    equal("glXWaitForSbcOML", timing.wait_for_sbc(drawable, -1), None)?;

    let count = timing.video_sync().map_err(|error| format!("glXGetVideoSyncSGI: error {error}"))?;
    let waited =
        timing.wait_video_sync(1, 0).map_err(|error| format!("glXWaitVideoSyncSGI: error {error}"))?;
    check(waited.wrapping_sub(count) >= 1, || format!("{waited} after {count}"))?;
    equal("glXWaitVideoSyncSGI", timing.wait_video_sync(0, 0), Err(BAD_VALUE))?;

    timing.set_interval(drawable, -2);
    equal("the swap interval", timing.attribute(drawable, SWAP_INTERVAL), 2)?;
    equal("late swaps tear", timing.attribute(drawable, LATE_SWAPS_TEAR), 1)?;
    let before = timing.now(drawable)?.msc;
    for _ in 0..3 {
        app.glx.swap(drawable);
    }
    let after = timing.now(drawable)?.msc;
    check(after >= before + 4, || format!("three swaps of interval -2 from {before} to {after}"))?;
    app.hold()
}

pub fn swap_events(app: &mut App) -> Result<()> {
    let (window, _) = app.start()?;
    let timing = Timing::new(app.glx.display.clone())?;
    let swap = |number: u32| {
        draw::clear(&app.gl, number);
        app.glx.swap(window.drawable);
    };
    swap(0);
    timing.wait_for_sbc(window.drawable, 1).ok_or("glXWaitForSbcOML fails")?;
    timing.select_swaps(window.drawable, true);
    let mut last = timing.now(window.drawable)?;
    for number in 1..=app.frames {
        swap(number);
    }
    for number in 2..=i64::from(app.frames) + 1 {
        let told = loop {
            let event = app.display().wait_for_event();
            if let Some(told) = timing.swap_event(&event) {
                break told;
            }
        };
        let [ust, msc, sbc] = told.moment;
        equal("the event's window", told.drawable, window.x)?;
        equal("the event's type", told.event_type, 0x8181)?;
        equal("sent by a client", told.send_event, 0)?;
        equal("the swap's number", sbc, number)?;
        check(ust >= last.ust && msc >= last.msc, || format!("{told:?} after {last:?}"))?;
        (last.ust, last.msc) = (ust, msc);
    }
    timing.select_swaps(window.drawable, false);
    swap(0);
    timing.wait_for_sbc(window.drawable, 0).ok_or("glXWaitForSbcOML fails")?;
    app.display().sync();
    while let Some(event) = app.display().next_event() {
        check(timing.swap_event(&event).is_none(), || "an event that nobody wants any more".into())?;
    }
    app.hold()
}

pub fn buffer_age(app: &mut App) -> Result<()> {
    let (window, _) = app.start()?;
    let (timing, gl) = (Timing::new(app.glx.display.clone())?, app.gl);
    let age = || timing.attribute(window.drawable, BACK_BUFFER_AGE);
    equal("the age before the first swap", age(), 0)?;
    gl.clear_color(0.0, 0.0, 1.0, 1.0);
    gl.clear(COLOR_BUFFER_BIT);
    app.glx.swap(window.drawable);
    // What an age of 1 promises: only what changes need be drawn.
    for frame in 1..=app.frames {
        equal("the age", age(), 1)?;
        gl.enable(SCISSOR_TEST);
        gl.scissor(frame as i32 * 8, 10, 6, 20);
        gl.clear_color(1.0, 1.0, 0.0, 1.0);
        gl.clear(COLOR_BUFFER_BIT);
        gl.disable(SCISSOR_TEST);
        app.glx.swap(window.drawable);
    }
    app.frame_done(0)?;
    for frame in 1..=app.frames as i32 {
        let drawn = [(frame * 8 + 2, [255, 255, 0]), (frame * 8 + 7, [0, 0, 255])];
        for (x, expected) in drawn {
            equal("a pixel that was drawn once", &gl.read_pixels(x, 15, 1, 1)[..3], &expected[..])?;
        }
    }
    let size = (app.size.0 + 32, app.size.1 + 16);
    app.display().resize(window.x, size);
    app.display().wait_for_size(window.x, size);
    gl.viewport(0, 0, size.0 as i32, size.1 as i32);
    equal("the age after a resize", age(), 0)?;
    app.hold()
}

pub fn copy_sub_buffer(app: &mut App) -> Result<()> {
    let (window, _) = app.start()?;
    let timing = Timing::new(app.glx.display.clone())?;
    let (width, height) = app.size.signed();
    let cube = Cube::new(&app.gl)?;
    for frame in 0..app.frames {
        cube.draw(&app.gl, frame * 5, app.size.signed())?;
        if frame % 4 == 0 {
            app.glx.swap(window.drawable);
        } else {
            let (x, y) = (width / 8 * (frame as i32 % 8), height / 4);
            timing.copy_sub_buffer(window.drawable, (x, y), (width / 9, height / 2));
        }
        app.frame_done(frame)?;
    }
    app.hold()
}
