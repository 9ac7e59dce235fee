//! Servers that lie: a proxy in front of an Xvfb changes what it answers. Frames may be lost and requests fail; nothing panics, waits
//! for ever or takes all memory.

mod common;

use std::sync::mpsc::channel;
use std::time::Duration;

use common::proxy::{Tamper, Then, huge_length, proxy, setup_length, wrong_bytes};
use common::{Client, Xvfb};
use glxrun_contract::counters::Entry;
use glxrun_display::{Damage, Options, Server, Spoil, Transport};

/// Does all that the library does with a server, whatever becomes of it.
fn use_server(name: &str, window: u32) {
    let options = Options { transport: Transport::Auto, spoil: Spoil::Off, damage: Damage::Auto };
    let Ok(server) = Server::connect(name, options) else { return };
    let _ = server.geometry(window);
    let _ = server.atom("GLXRUN_TEST");
    let _ = server.is_window(window);
    if let Ok(window) = server.watch(window, Entry::private(window)) {
        for _ in 0..3 {
            let (width, height) = window.size();
            // A size that no window has is not worth the memory.
            if let Some(mut slot) = window.acquire(width.min(2000), height.min(2000)) {
                slot.pixels_mut().fill(0x55);
                window.post(slot);
            }
            server.pump();
        }
        window.finish();
    }
    server.sync();
}

/// The same, with an end to waiting.
fn survives(what: &str, xvfb: &Xvfb, window: u32, tamper: Tamper) {
    let mut only = Some(tamper);
    let name = proxy(&xvfb.display, move || only.take().expect("one connection"));
    let (done, end) = channel();
    let user = std::thread::spawn(move || {
        use_server(&name, window);
        let _ = done.send(());
    });
    let ended = end.recv_timeout(Duration::from_secs(60));
    assert_ne!(ended, Err(std::sync::mpsc::RecvTimeoutError::Timeout), "{what}: still waits");
    assert!(user.join().is_ok(), "{what}: panicked");
}

fn stage() -> (Xvfb, Client, u32) {
    let xvfb = Xvfb::start(24, &["-ac"]);
    let client = Client::new(&xvfb);
    let window = client.window(24, 200, 100);
    (xvfb, client, window)
}

#[test]
fn answers_with_wrong_bytes() {
    let (xvfb, _client, window) = stage();
    let setup = setup_length(&xvfb.display);
    for seed in 1..=60u64 {
        // In every fourth run also those of the setup.
        let spared = if seed % 4 == 0 { 0 } else { setup };
        survives(&format!("seed {seed}"), &xvfb, window, wrong_bytes(seed, spared));
    }
}

#[test]
fn answers_that_break_off() {
    let (xvfb, _client, window) = stage();
    let setup = setup_length(&xvfb.display);
    let within = (0..8).chain((8..setup).step_by(97)).chain((setup..setup + 700).step_by(13));
    for length in within {
        let tamper = move |place: u64, bytes: &mut Vec<u8>| {
            let left = length.saturating_sub(place) as usize;
            if left > bytes.len() {
                return Then::GoesOn;
            }
            bytes.truncate(left);
            Then::Closes
        };
        survives(&format!("{length} bytes"), &xvfb, window, Box::new(tamper));
    }
}

#[test]
fn answers_of_huge_lengths() {
    let (xvfb, _client, window) = stage();
    let setup = setup_length(&xvfb.display);
    for skipped in [0, 32, 64, 96, 160] {
        for length in [0x0000_ffffu32, 0x0fff_ffff, 0x7fff_ffff, !0] {
            let tamper = huge_length(setup, skipped, length);
            survives(&format!("length {length:#x} after {skipped}"), &xvfb, window, tamper);
        }
    }
}

#[test]
fn no_answer_at_all() {
    let (xvfb, _client, window) = stage();
    for answered in [0, setup_length(&xvfb.display)] {
        let tamper = move |place: u64, bytes: &mut Vec<u8>| {
            bytes.truncate(answered.saturating_sub(place) as usize);
            Then::GoesOn
        };
        survives(&format!("silent after {answered} bytes"), &xvfb, window, Box::new(tamper));
    }
}
