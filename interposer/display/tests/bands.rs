//! Frames whose upper rows are sent while the lower ones are still being made.

mod common;

use std::time::{Duration, Instant};

use common::{Client, TRANSPORTS, Xvfb, counts, paint, values, watch};
use glxrun_display::{Finish, Slot, Spoil, Window};

const WIDTH: u16 = 120;
const HEIGHT: u16 = 90;

/// Posts a frame in bands of `each` rows; gives its pixels as they are to be seen.
fn in_bands(window: &Window, seed: u32, each: u16, finish: Finish) -> Vec<u8> {
    let mut picture = window.acquire(WIDTH, HEIGHT).expect("a slot");
    paint(&mut picture, seed);
    let painted = picture.pixels_mut().to_vec();
    let mut shown = painted.clone();
    finish.run(&mut shown, picture.stride());
    window.counters().count_rendered();
    picture.finish_later(finish);
    for top in (0..HEIGHT).step_by(each.into()) {
        copy(&mut picture, &painted, top, each);
        picture.show_upper(top + each);
    }
    window.post(picture);
    shown
}

fn copy(slot: &mut Slot, painted: &[u8], top: u16, count: u16) {
    let start = usize::from(top) * slot.stride();
    let rows = slot.rows_mut(top, count);
    rows.copy_from_slice(&painted[start..start + rows.len()]);
}

#[test]
fn the_last_frame_is_whole_whatever_the_bands() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    let swapped = Finish { flip: false, swap_red_blue: true };
    for (transport, spoil) in TRANSPORTS.iter().flat_map(|way| [(*way, Spoil::Off), (*way, Spoil::On)]) {
        let server = xvfb.connect(transport, spoil);
        let id = client.window(24, WIDTH, HEIGHT);
        let window = watch(&server, id);
        for (each, finish) in [(1, swapped), (7, Finish::default()), (45, swapped), (90, swapped)] {
            let mut last = Vec::new();
            for seed in 0..40 {
                last = in_bands(&window, seed * 3 + u32::from(each), each, finish);
            }
            // What is kept of it is finished too, once.
            let kept = window.last_frame().expect("a frame").data;
            assert!(kept == last, "{transport:?} {spoil:?} {each}");
            window.finish();
            let values = |data: &[u8]| values(window.layout(), WIDTH, data);
            let there = client.pixels(id, WIDTH, HEIGHT);
            assert!(values(&there) == values(&last), "{transport:?} {spoil:?} {each}");
        }
        let (delivered, dropped) = counts(&window);
        assert_eq!(delivered + dropped, 160, "{transport:?} {spoil:?}");
        assert!(spoil == Spoil::On || dropped == 0, "{transport:?}: {dropped} dropped");
    }
}

#[test]
fn upper_rows_are_there_before_the_frame_is_posted() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    let server = xvfb.connect(TRANSPORTS[0], Spoil::Off);
    let id = client.window(24, WIDTH, HEIGHT);
    let window = watch(&server, id);
    in_bands(&window, 1, 30, Finish::default());
    window.finish();
    let mut slot = window.acquire(WIDTH, HEIGHT).expect("a slot");
    paint(&mut slot, 2);
    let painted = values(window.layout(), WIDTH, slot.pixels_mut());
    slot.show_upper(40);
    let (upper, start) = (usize::from(WIDTH) * 40, Instant::now());
    loop {
        let there = values(window.layout(), WIDTH, &client.pixels(id, WIDTH, HEIGHT));
        assert!(there[upper..] != painted[upper..], "rows that were not to be shown yet");
        if there[..upper] == painted[..upper] {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "the rows do not arrive");
    }
    // Given up, it counts for nothing, and the next one is whole.
    drop(slot);
    let last = in_bands(&window, 3, 20, Finish::default());
    window.finish();
    let there = values(window.layout(), WIDTH, &client.pixels(id, WIDTH, HEIGHT));
    assert!(there == values(window.layout(), WIDTH, &last));
    assert_eq!(counts(&window), (2, 0));
}
