//! Frames whose pixels are elsewhere when they are posted: fetched once and straight to where they belong, in order,
//! and never lost.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Client, Xvfb, counts, values, watch};
use glxrun_display::{Damage, Options, Remote, Rows, Spoil, Transport, Window};

const SIZE: (u16, u16) = (200, 100);

/// A frame of one colour that counts how often it is fetched and how many of its kind there are.
struct Plain {
    colour: u8,
    fetched: Arc<AtomicUsize>,
    alive: Arc<AtomicUsize>,
}

impl Remote for Plain {
    fn fetch(&self, rows: &Rows) -> bool {
        self.fetched.fetch_add(1, Ordering::Relaxed);
        (0..rows.count()).for_each(|y| rows.write(y, &vec![self.colour; rows.length()]));
        true
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Pixels that are gone.
struct Lost;

impl Remote for Lost {
    fn fetch(&self, _: &Rows) -> bool {
        false
    }
}

#[derive(Default)]
struct Source {
    fetched: Arc<AtomicUsize>,
    alive: Arc<AtomicUsize>,
}

impl Source {
    fn frame(&self, colour: u8) -> Arc<Plain> {
        self.alive.fetch_add(1, Ordering::Relaxed);
        Arc::new(Plain { colour, fetched: self.fetched.clone(), alive: self.alive.clone() })
    }

    fn wait_until_let_go(&self) {
        while self.alive.load(Ordering::Relaxed) > 0 {
            std::thread::yield_now();
        }
    }

    fn fetched(&self) -> usize {
        self.fetched.load(Ordering::Relaxed)
    }
}

fn post(window: &Window, frame: Arc<dyn Remote>) {
    window.counters().count_rendered();
    window.reserve().expect("room").post(frame, SIZE.0, SIZE.1);
}

/// Whether the window shows this colour in all its pixels.
fn shows(client: &Client, window: &Window, colour: u8) -> bool {
    let pixels = values(window.layout(), SIZE.0, &client.pixels(window.id(), SIZE.0, SIZE.1));
    let expected = u32::from_le_bytes([colour, colour, colour, 0]);
    pixels.iter().all(|pixel| *pixel == expected)
}

#[test]
fn with_spoil_off_each_is_shown() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    for transport in common::TRANSPORTS {
        for damage in [Damage::Off, Damage::Auto] {
            let server = xvfb.connect_with(Options { transport, spoil: Spoil::Off, damage });
            let window = watch(&server, client.window(24, SIZE.0, SIZE.1));
            let source = Source::default();
            (1..=200).for_each(|colour| post(&window, source.frame(colour)));
            window.finish();
            assert!(shows(&client, &window, 200), "{transport:?} {damage:?}");
            assert_eq!(counts(&window), (200, 0), "{transport:?} {damage:?}");
            assert_eq!(source.fetched(), 200, "{transport:?} {damage:?}");
            // Whoever sent the last one still holds it for a moment.
            source.wait_until_let_go();
        }
    }
}

#[test]
fn with_spoil_on_what_is_overtaken_is_never_fetched() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    let server = xvfb.connect(Transport::Auto, Spoil::On);
    let window = watch(&server, client.window(24, SIZE.0, SIZE.1));
    let source = Source::default();
    post(&window, source.frame(1));
    window.finish();
    xvfb.signal(libc::SIGSTOP);
    (2..=100).for_each(|colour| post(&window, source.frame(colour)));
    xvfb.signal(libc::SIGCONT);
    window.finish();
    let (delivered, dropped) = counts(&window);
    assert_eq!((delivered + dropped, source.fetched() as u64), (100, delivered));
    assert!(delivered <= 4, "{delivered} delivered");
    assert!(shows(&client, &window, 100));
}

#[test]
fn frames_keep_the_order_in_which_they_were_begun() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    for spoil in [Spoil::On, Spoil::Off] {
        let server = xvfb.connect(Transport::Auto, spoil);
        let window = watch(&server, client.window(24, SIZE.0, SIZE.1));
        let source = Source::default();
        let first = window.reserve().expect("room");
        let second = window.reserve().expect("room");
        let third = window.reserve().expect("room");
        second.post(source.frame(2), SIZE.0, SIZE.1);
        first.post(source.frame(1), SIZE.0, SIZE.1);
        third.post(source.frame(3), SIZE.0, SIZE.1);
        window.finish();
        assert!(shows(&client, &window, 3), "{spoil:?}");
        let (delivered, dropped) = counts(&window);
        assert_eq!(delivered + dropped, 3, "{spoil:?}");
        if spoil == Spoil::Off {
            assert_eq!(dropped, 0);
        }
    }
}

#[test]
fn what_is_about_to_be_lost_is_brought_in() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    // Memory that is shared is attached first, with an answer that a stopped server does not give.
    let server = xvfb.connect(Transport::PutImage, Spoil::Off);
    let window = watch(&server, client.window(24, SIZE.0, SIZE.1));
    let source = Source::default();
    xvfb.signal(libc::SIGSTOP);
    (1..=3).for_each(|colour| post(&window, source.frame(colour)));
    window.bring_in();
    source.wait_until_let_go();
    xvfb.signal(libc::SIGCONT);
    window.finish();
    assert!(shows(&client, &window, 3));
    assert_eq!(counts(&window), (3, 0));
    assert!(window.last_frame().expect("posted").data.iter().all(|byte| *byte == 3));
}

#[test]
fn a_lost_one_is_dropped_and_the_next_one_shown() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    for spoil in [Spoil::On, Spoil::Off] {
        let server = xvfb.connect(Transport::Auto, spoil);
        let window = watch(&server, client.window(24, SIZE.0, SIZE.1));
        post(&window, Arc::new(Lost));
        window.finish();
        assert_eq!(counts(&window), (0, 1));
        assert!(window.last_frame().is_none());
        post(&window, Source::default().frame(9));
        window.finish();
        assert_eq!(counts(&window), (1, 1));
        assert!(shows(&client, &window, 9));
    }
}

#[test]
fn a_server_that_dies_lets_go_of_all_of_them() {
    let mut xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    let server = xvfb.connect(Transport::Auto, Spoil::Off);
    let window = watch(&server, client.window(24, SIZE.0, SIZE.1));
    let source = Source::default();
    post(&window, source.frame(1));
    let reserved = window.reserve().expect("room");
    xvfb.kill();
    // Waits for room until the connection is found lost.
    while let Some(room) = window.reserve() {
        window.counters().count_rendered();
        room.post(source.frame(2), SIZE.0, SIZE.1);
    }
    window.counters().count_rendered();
    reserved.post(source.frame(3), SIZE.0, SIZE.1);
    window.finish();
    drop((window, server));
    assert_eq!(source.alive.load(Ordering::Relaxed), 0);
}
