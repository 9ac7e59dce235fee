//! Servers that lie: a proxy in front of an Xvfb changes what it answers. Frames may be lost and requests fail; nothing panics, waits
//! for ever or takes all memory.

mod common;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::channel;
use std::time::Duration;

use common::{Client, Xvfb};
use glxrun_contract::counters::Entry;
use glxrun_display::{Damage, Options, Server, Spoil, Transport};

/// What a server's answers have to suffer, given the number of the first byte and the bytes.
type Tamper = Box<dyn FnMut(u64, &mut Vec<u8>) -> Then + Send>;

/// What becomes of the connection.
#[derive(PartialEq, Eq)]
enum Then {
    GoesOn,
    Closes,
}

/// How long a connection is left open when the server has nothing more to say.
const PATIENCE: Duration = Duration::from_millis(300);

/// Takes one connection on a port that a display's name can tell, and gives that name.
fn proxy(server: &Xvfb, mut tamper: Tamper) -> String {
    let number = &server.display[1..];
    let theirs = UnixStream::connect(format!("/tmp/.X11-unix/X{number}")).expect("our own Xvfb answers");
    let bound = (1000..50000).find_map(|display| {
        TcpListener::bind(("127.0.0.1", 6000 + display)).ok().map(|listener| (listener, display))
    });
    let (listener, display) = bound.expect("a free port");
    std::thread::spawn(move || {
        let (ours, _) = listener.accept().expect("the connection comes");
        let (mut from, mut to) = (ours.try_clone().expect("a copy"), theirs.try_clone().expect("a copy"));
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
        });
        answers(theirs, ours, &mut tamper);
    });
    format!("127.0.0.1:{display}")
}

/// Passes the answers on until one side closes.
fn answers(mut from: UnixStream, mut to: TcpStream, tamper: &mut Tamper) {
    let (mut place, mut buffer) = (0, vec![0; 1 << 16]);
    from.set_read_timeout(Some(PATIENCE)).expect("a limit");
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let mut bytes = buffer[..count].to_vec();
        let then = tamper(place, &mut bytes);
        place += count as u64;
        if to.write_all(&bytes).is_err() || then == Then::Closes {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

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
    let name = proxy(xvfb, tamper);
    let (done, end) = channel();
    let user = std::thread::spawn(move || {
        use_server(&name, window);
        let _ = done.send(());
    });
    let ended = end.recv_timeout(Duration::from_secs(60));
    assert_ne!(ended, Err(std::sync::mpsc::RecvTimeoutError::Timeout), "{what}: still waits");
    assert!(user.join().is_ok(), "{what}: panicked");
}

/// Numbers that look random, from a seed (xorshift).
fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

fn stage() -> (Xvfb, Client, u32) {
    let xvfb = Xvfb::start(24, &["-ac"]);
    let client = Client::new(&xvfb);
    let window = client.window(24, 200, 100);
    (xvfb, client, window)
}

/// Bytes of an Xvfb's answer to the setup: 8 and four times what it says there.
fn setup_length(xvfb: &Xvfb) -> u64 {
    let number = &xvfb.display[1..];
    let mut socket = UnixStream::connect(format!("/tmp/.X11-unix/X{number}")).expect("it answers");
    let order = if cfg!(target_endian = "big") { b'B' } else { b'l' };
    let mut request = [0; 12];
    (request[0], request[2]) = (order, 11);
    socket.write_all(&request).expect("the setup");
    let mut head = [0; 8];
    socket.read_exact(&mut head).expect("an answer");
    8 + 4 * u64::from(u16::from_ne_bytes([head[6], head[7]]))
}

#[test]
fn answers_with_wrong_bytes() {
    let (xvfb, _client, window) = stage();
    let setup = setup_length(&xvfb);
    for seed in 1..=60u64 {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // One of 20 to one of 400 bytes is another one; in every fourth run also those of the setup.
        let rarely = 20 + random(&mut state) % 380;
        let spared = if seed % 4 == 0 { 0 } else { setup };
        let tamper = move |place: u64, bytes: &mut Vec<u8>| {
            for (index, byte) in bytes.iter_mut().enumerate() {
                if place + index as u64 >= spared && random(&mut state).is_multiple_of(rarely) {
                    *byte = random(&mut state) as u8;
                }
            }
            Then::GoesOn
        };
        survives(&format!("seed {seed}"), &xvfb, window, Box::new(tamper));
    }
}

#[test]
fn answers_that_break_off() {
    let (xvfb, _client, window) = stage();
    let setup = setup_length(&xvfb);
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
    let setup = setup_length(&xvfb);
    for skipped in [0, 32, 64, 96, 160] {
        for length in [0x0000_ffffu32, 0x0fff_ffff, 0x7fff_ffff, !0] {
            let tamper = move |place: u64, bytes: &mut Vec<u8>| {
                for (index, byte) in bytes.iter_mut().enumerate() {
                    let place = place + index as u64;
                    if let Some(field) = place.checked_sub(setup + skipped + 4).filter(|field| *field < 4) {
                        *byte = length.to_ne_bytes()[field as usize];
                    }
                }
                Then::GoesOn
            };
            survives(&format!("length {length:#x} after {skipped}"), &xvfb, window, Box::new(tamper));
        }
    }
}

#[test]
fn no_answer_at_all() {
    let (xvfb, _client, window) = stage();
    for answered in [0, setup_length(&xvfb)] {
        let tamper = move |place: u64, bytes: &mut Vec<u8>| {
            bytes.truncate(answered.saturating_sub(place) as usize);
            Then::GoesOn
        };
        survives(&format!("silent after {answered} bytes"), &xvfb, window, Box::new(tamper));
    }
}
