//! Who waits for whom: frames that come faster than the server takes them, sizes that change, windows that end.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use common::{Client, TRANSPORTS, Xvfb, counts, post, values, watch};
use glxrun_contract::counters::Entry;
use glxrun_display::{Spoil, Transport, WatchError};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    ChangeWindowAttributesAux, ConnectionExt as _, CreateWindowAux, EventMask, WindowClass,
};

#[test]
fn with_spoil_off_every_frame_is_delivered() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    for transport in TRANSPORTS {
        let server = xvfb.connect(transport, Spoil::Off);
        let id = client.window(24, 200, 100);
        let window = watch(&server, id);
        let last =
            (0..300).map(|seed| post(&window, 200, 100, seed)).reduce(|_, newer| newer).expect("frames");
        window.finish();
        assert_eq!(counts(&window), (300, 0), "{transport:?}");
        let values = |data: &[u8]| values(window.layout(), 200, data);
        assert!(values(&client.pixels(id, 200, 100)) == values(&last), "{transport:?}");
    }
}

#[test]
fn with_spoil_off_a_frame_waits_for_a_server_that_does_not_listen() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    for transport in TRANSPORTS {
        let server = xvfb.connect(transport, Spoil::Off);
        let window = watch(&server, client.window(24, 64, 64));
        post(&window, 64, 64, 0);
        window.finish();
        client.connection.grab_server().expect("sent");
        client.sync();
        post(&window, 64, 64, 1);
        post(&window, 64, 64, 2);
        let third = {
            let window = window.clone();
            std::thread::spawn(move || {
                let slot = window.acquire(64, 64).expect("the window lives");
                let (delivered, _) = counts(&window);
                window.post(slot);
                delivered
            })
        };
        client.connection.ungrab_server().expect("sent");
        client.sync();
        assert!(
            third.join().expect("no panic") >= 2,
            "{transport:?}: the third frame did not wait for the first"
        );
        window.finish();
        assert_eq!(counts(&window), (4, 0), "{transport:?}");
    }
}

#[test]
fn with_spoil_on_the_newest_frame_wins_and_nobody_waits() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    for transport in TRANSPORTS {
        let server = xvfb.connect(transport, Spoil::On);
        // A frame is more than any socket takes at once.
        let id = client.window(24, 1200, 1000);
        let window = watch(&server, id);
        // A server that answers nothing at all. Were a post to wait for it, this test would not end.
        xvfb.signal(libc::SIGSTOP);
        let last = (0..12)
            .map(|seed| {
                server.pump();
                post(&window, 1200, 1000, seed)
            })
            .reduce(|_, newer| newer)
            .expect("frames");
        assert_eq!(window.last_frame().expect("posted").data, last);
        let (delivered, dropped) = counts(&window);
        assert_eq!(delivered, 0, "{transport:?}");
        assert!(dropped >= 10, "{transport:?}: one in flight and one queued is all that may be left");
        xvfb.signal(libc::SIGCONT);
        window.finish();
        let (delivered, dropped) = counts(&window);
        assert_eq!(delivered + dropped, 12, "{transport:?}");
        assert!((1..=2).contains(&delivered), "{transport:?}: {delivered} delivered");
        let values = |data: &[u8]| values(window.layout(), 1200, data);
        assert!(values(&client.pixels(id, 1200, 1000)) == values(&last), "{transport:?}: not the newest");
    }
}

#[test]
fn frames_grow_and_shrink_with_the_window() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    for transport in TRANSPORTS {
        for spoil in [Spoil::On, Spoil::Off] {
            let server = xvfb.connect(transport, spoil);
            let id = client.window(24, 1, 1);
            let window = watch(&server, id);
            let sizes = (1..20).map(|step| step * 31).chain((1..20).rev().map(|step| step * 31));
            for size in sizes {
                client.resize(id, size.into(), (size / 2 + 1).into());
                server.pump();
                let (width, height) = window.size();
                assert_eq!((width, height), (size, size / 2 + 1));
                let posted = post(&window, width, height, size.into());
                window.finish();
                let values = |data: &[u8]| values(window.layout(), width, data);
                assert!(
                    values(&client.pixels(id, width, height)) == values(&posted),
                    "{transport:?}, {size}"
                );
            }
            client.destroy(id);
        }
    }
}

#[test]
fn a_resize_by_another_client_is_known_after_pump() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    let server = xvfb.connect(Transport::Auto, Spoil::On);
    let id = client.window(24, 10, 10);
    let window = watch(&server, id);
    // Replies that other threads wait for bring events along: these must not get lost.
    let done = Arc::new(AtomicBool::new(false));
    let asking = {
        let (server, done) = (server.clone(), done.clone());
        std::thread::spawn(move || {
            while !done.load(Ordering::Relaxed) {
                server.geometry(id).expect("the window lives");
            }
        })
    };
    for step in 0..2000 {
        let (width, height) = (10 + step % 300, 10 + step % 7);
        client.resize(id, width, height);
        server.pump();
        assert_eq!(window.size(), (width as u16, height as u16), "step {step}");
    }
    done.store(true, Ordering::Relaxed);
    asking.join().expect("no panic");
}

#[test]
fn a_resize_by_a_client_that_hears_of_it_first_is_known_after_sync() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    let server = xvfb.connect(Transport::Auto, Spoil::On);
    let id = client.window(24, 10, 10);
    // The server then writes to this client before it writes to us.
    let events = ChangeWindowAttributesAux::new().event_mask(EventMask::STRUCTURE_NOTIFY);
    client.connection.change_window_attributes(id, &events).expect("sent");
    let window = watch(&server, id);
    for step in 0..1000 {
        let (width, height) = (10 + step % 300, 10 + step % 7);
        client.resize(id, width, height);
        server.sync();
        assert_eq!(window.size(), (width as u16, height as u16), "step {step}");
    }
}

#[test]
fn a_destroyed_window_is_gone_and_its_id_can_live_again() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    for transport in TRANSPORTS {
        let server = xvfb.connect(transport, Spoil::Off);
        let id = client.window(24, 50, 40);
        let first = watch(&server, id);
        assert!(Arc::ptr_eq(&first, &watch(&server, id)), "one window, one handle");
        post(&first, 50, 40, 1);
        let slot = first.acquire(50, 40).expect("a slot");
        client.destroy(id);
        server.sync();
        assert!(first.is_gone());
        first.post(slot);
        assert!(first.acquire(50, 40).is_none());
        assert!(first.last_frame().is_none());
        first.finish();

        client.window_with_id(id, 24, 60, 30);
        let second = watch(&server, id);
        assert!(first.is_gone() && !second.is_gone());
        assert_eq!(second.size(), (60, 30));
        drop(first);
        let posted = post(&second, 60, 30, 2);
        second.finish();
        assert_eq!(counts(&second), (1, 0));
        let values = |data: &[u8]| values(second.layout(), 60, data);
        assert!(values(&client.pixels(id, 60, 30)) == values(&posted), "{transport:?}");
        client.resize(id, 61, 31);
        server.pump();
        assert_eq!(second.size(), (61, 31), "{transport:?}: the first handle's end silenced the second");
        client.destroy(id);
    }
}

#[test]
fn a_window_destroyed_under_its_frames_frees_who_waits() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    for transport in TRANSPORTS {
        for spoil in [Spoil::On, Spoil::Off] {
            let server = xvfb.connect(transport, spoil);
            let id = client.window(24, 64, 64);
            let window = watch(&server, id);
            let posting = {
                let window = window.clone();
                std::thread::spawn(move || {
                    let mut posted = 0;
                    while let Some(slot) = window.acquire(64, 64) {
                        window.post(slot);
                        posted += 1;
                    }
                    posted
                })
            };
            // Let some frames through.
            while counts(&window).0 < 20 {
                std::thread::yield_now();
            }
            client.destroy(id);
            let posted: u64 = posting.join().expect("no panic");
            assert!(window.is_gone());
            server.sync();
            let (delivered, dropped) = counts(&window);
            assert_eq!(delivered + dropped, posted, "{transport:?}, {spoil:?}");
            assert!(server.is_alive());
        }
    }
}

#[test]
fn what_cannot_be_watched_is_told() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    let server = xvfb.connect(Transport::Auto, Spoil::On);
    let missing = server.watch(0x1234, Entry::private(0x1234)).expect_err("there is no such window");
    assert!(matches!(missing, WatchError::BadWindow(0x1234)), "{missing:?}");
    let id = client.connection.generate_id().expect("ids");
    let root = client.connection.setup().roots[0].root;
    client
        .connection
        .create_window(0, id, root, 0, 0, 5, 5, 0, WindowClass::INPUT_ONLY, 0, &CreateWindowAux::new())
        .expect("sent");
    client.sync();
    let input_only = server.watch(id, Entry::private(id)).expect_err("it has no pixels");
    assert!(matches!(input_only, WatchError::InputOnly(_)), "{input_only:?}");
    assert!(server.is_alive());
}

#[test]
fn windows_do_not_wait_for_each_other() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    let server = xvfb.connect(Transport::Auto, Spoil::Off);
    let threads: Vec<_> = (0..6)
        .map(|seed| {
            let window = watch(&server, client.window(24, 90, 70));
            std::thread::spawn(move || {
                (0..100).for_each(|frame| _ = post(&window, 90, 70, seed * 1000 + frame));
                window.finish();
                counts(&window)
            })
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().expect("no panic"), (100, 0));
    }
}
