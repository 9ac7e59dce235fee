//! A reader beside the program gets frames as they are posted: the first, the last, and not too many between.

mod common;

use std::io::{ErrorKind, IoSliceMut, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};

use common::{Client, TRANSPORTS, Xvfb, counts, post, watch};
use glxrun_contract::tap::{Frame, HELLO, MESSAGE, Reader};
use glxrun_display::Spoil;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

/// The next message: a window and its memory.
fn receive(stream: &UnixStream) -> (u32, Reader) {
    let mut message = [0; MESSAGE];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut parts = [IoSliceMut::new(&mut message)];
    recvmsg(stream.as_fd(), &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC).expect("a message");
    let descriptors = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    let memory: OwnedFd = descriptors.flatten().next().expect("memory");
    assert_eq!(message[..HELLO.len()], HELLO);
    let window = message[HELLO.len()..].try_into().expect("4 bytes");
    (u32::from_ne_bytes(window), Reader::new(memory).expect("good memory"))
}

/// Reads until a frame has these pixels; gives the number of frames until then.
fn read_until(reader: &Reader, pixels: &[u8]) -> u32 {
    let (mut frame, mut count) = (Frame::default(), 0);
    let limit = Instant::now() + Duration::from_secs(60);
    while frame.pixels != pixels {
        count += u32::from(reader.read(&mut frame));
        assert!(Instant::now() < limit, "the frame does not come");
        std::thread::sleep(Duration::from_millis(1));
    }
    count
}

#[test]
fn the_last_of_many_frames_arrives_by_every_transport() {
    let directory = tempfile::tempdir().expect("a directory");
    let xvfb = Xvfb::start(24, &[]);
    for (number, transport) in TRANSPORTS.into_iter().enumerate() {
        let client = Client::new(&xvfb);
        let socket = directory.path().join(format!("tap{number}"));
        let listener = UnixListener::bind(&socket).expect("a socket");
        let server = xvfb.connect(transport, Spoil::Off);
        server.use_tap(&socket);
        let id = client.window(24, 90, 70);
        let window = watch(&server, id);

        let first = post(&window, 90, 70, 1);
        let (mut stream, _) = listener.accept().expect("a connection");
        let (told, reader) = receive(&stream);
        assert_eq!(told, id);
        read_until(&reader, &first);
        assert_eq!(reader.size(), (90, 70));

        // Ten a second at most: the last one comes by itself, a while after it was posted.
        reader.want(Some(100_000_000));
        let mut last = Vec::new();
        for seed in 2..40 {
            last = post(&window, 90, 70, seed);
        }
        window.finish();
        assert!(read_until(&reader, &last) <= 20);
        assert_eq!(counts(&window), (39, 0), "one that is sent again counts once");

        // Frames that are not wanted are left out, but not one of another size.
        reader.want(None);
        post(&window, 90, 70, 50);
        client.resize(id, 200, 150);
        let larger = post(&window, 200, 150, 51);
        let (told, reader) = receive(&stream);
        assert_eq!(told, id);
        assert_eq!(read_until(&reader, &larger), 1);

        client.destroy(id);
        server.sync();
        assert_eq!(stream.read(&mut [0]).expect("the end"), 0);
    }
}

#[test]
fn a_reader_that_is_not_there_harms_nobody() {
    let directory = tempfile::tempdir().expect("a directory");
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    let socket = directory.path().join("tap");
    let server = xvfb.connect(TRANSPORTS[0], Spoil::Off);
    server.use_tap(&socket);
    let nobody = watch(&server, client.window(24, 40, 40));
    post(&nobody, 40, 40, 1);
    nobody.finish();

    // One that goes away.
    let listener = UnixListener::bind(&socket).expect("a socket");
    let left = watch(&server, client.window(24, 40, 40));
    post(&left, 40, 40, 1);
    drop(listener.accept().expect("a connection"));
    drop(listener);
    for (seed, size) in (2..10).zip([40, 400].into_iter().cycle()) {
        post(&left, size, size, seed);
    }
    left.finish();
    assert_eq!((counts(&nobody), counts(&left)), ((1, 0), (9, 0)));
    assert!(server.is_alive());
    assert_eq!(UnixStream::connect(&socket).expect_err("nobody").kind(), ErrorKind::ConnectionRefused);
}
