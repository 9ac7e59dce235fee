//! A proxy in front of an X server, which changes what the server answers.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// What a server's answers have to suffer, given the number of the first byte and the bytes.
pub type Tamper = Box<dyn FnMut(u64, &mut Vec<u8>) -> Then + Send>;

/// What becomes of the connection.
#[derive(PartialEq, Eq)]
pub enum Then {
    GoesOn,
    Closes,
}

/// How long a connection is left open when the server has nothing more to say.
const PATIENCE: Duration = Duration::from_millis(300);

/// Takes connections for the server of this display (`:9`) on a port that a display's name can tell, and gives that name. Each
/// connection gets a tamperer of its own.
pub fn proxy(display: &str, mut tamper: impl FnMut() -> Tamper + Send + 'static) -> String {
    let theirs = format!("/tmp/.X11-unix/X{}", &display[1..]);
    let bound = (1000..50000).find_map(|display| {
        TcpListener::bind(("127.0.0.1", 6000 + display)).ok().map(|listener| (listener, display))
    });
    let (listener, display) = bound.expect("a free port");
    std::thread::spawn(move || {
        for ours in listener.incoming() {
            let Ok(ours) = ours else { return };
            let theirs = UnixStream::connect(&theirs).expect("our own Xvfb answers");
            let (mut from, mut to) = (ours.try_clone().expect("a copy"), theirs.try_clone().expect("a copy"));
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Both);
            });
            let mut tamper = tamper();
            std::thread::spawn(move || answers(theirs, ours, &mut tamper));
        }
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

/// Numbers that look random, from a seed (xorshift).
pub fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// Bytes of an Xvfb's answer to the setup: 8 and four times what it says there.
pub fn setup_length(display: &str) -> u64 {
    let mut socket = UnixStream::connect(format!("/tmp/.X11-unix/X{}", &display[1..])).expect("it answers");
    let order = if cfg!(target_endian = "big") { b'B' } else { b'l' };
    let mut request = [0; 12];
    (request[0], request[2]) = (order, 11);
    socket.write_all(&request).expect("the setup");
    let mut head = [0; 8];
    socket.read_exact(&mut head).expect("an answer");
    8 + 4 * u64::from(u16::from_ne_bytes([head[6], head[7]]))
}

/// Makes one of 20 to one of 400 bytes another one, behind the first `spared`.
pub fn wrong_bytes(seed: u64, spared: u64) -> Tamper {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let rarely = 20 + random(&mut state) % 380;
    Box::new(move |place: u64, bytes: &mut Vec<u8>| {
        for (index, byte) in bytes.iter_mut().enumerate() {
            if place + index as u64 >= spared && random(&mut state).is_multiple_of(rarely) {
                *byte = random(&mut state) as u8;
            }
        }
        Then::GoesOn
    })
}

/// Puts this length where a packet begins that is `skipped` bytes behind the setup of `setup` bytes.
pub fn huge_length(setup: u64, skipped: u64, length: u32) -> Tamper {
    Box::new(move |place: u64, bytes: &mut Vec<u8>| {
        for (index, byte) in bytes.iter_mut().enumerate() {
            let place = place + index as u64;
            if let Some(field) = place.checked_sub(setup + skipped + 4).filter(|field| *field < 4) {
                *byte = length.to_ne_bytes()[field as usize];
            }
        }
        Then::GoesOn
    })
}
