//! What is posted is what the window shows, by each transport, on each depth, at odd sizes.

mod common;

use common::{Client, TRANSPORTS, Xvfb, counts, paint, post, values, watch};
use glxrun_display::{Error, Finish, Image, Spoil, Transport};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::ConnectionExt as _;

const SIZES: [(u16, u16); 3] = [(1, 1), (17, 13), (641, 479)];

fn frames_are_shown_exactly(screen_depth: u8, depth: u8) {
    let xvfb = Xvfb::start(screen_depth, &[]);
    let client = Client::new(&xvfb);
    for transport in TRANSPORTS {
        let server = xvfb.connect(transport, Spoil::Off);
        assert_eq!(server.transport(), transport, "depth {depth}");
        for (width, height) in SIZES {
            let id = client.window(depth, width, height);
            let window = watch(&server, id);
            assert_eq!((window.size(), window.depth()), ((width, height), depth));
            for seed in 1..4 {
                let posted = post(&window, width, height, seed);
                window.finish();
                let shown = client.pixels(id, width, height);
                let values = |data: &[u8]| values(window.layout(), width, data);
                assert!(
                    values(&shown) == values(&posted),
                    "{transport:?}, depth {depth}, {width}x{height}, frame {seed}"
                );
                assert_eq!(window.last_frame().expect("a frame was posted").data, posted);
            }
            assert_eq!(counts(&window), (3, 0));
            client.destroy(id);
        }
    }
}

#[test]
fn frames_are_shown_exactly_on_depth_24() {
    frames_are_shown_exactly(24, 24);
}

#[test]
fn frames_are_shown_exactly_on_depth_32() {
    frames_are_shown_exactly(24, 32);
}

#[test]
fn frames_are_shown_exactly_on_depth_30() {
    frames_are_shown_exactly(30, 30);
}

#[test]
fn frames_are_shown_exactly_on_depth_16() {
    frames_are_shown_exactly(16, 16);
}

#[test]
fn what_is_left_to_do_is_done_before_a_frame_is_seen() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    for transport in TRANSPORTS {
        let server = xvfb.connect(transport, Spoil::Off);
        let id = client.window(24, 641, 479);
        let window = watch(&server, id);
        for seed in 0..20 {
            let finish = Finish { flip: seed % 2 == 1, swap_red_blue: seed % 4 > 1 };
            let mut slot = window.acquire(641, 479).expect("a slot");
            paint(&mut slot, seed);
            let mut expected = slot.pixels_mut().to_vec();
            finish.run(&mut expected, slot.stride());
            slot.finish_later(finish);
            window.post(slot);
            // Whoever asks first, the picture is a whole one.
            assert!(window.last_frame().expect("a frame was posted").data == expected, "{finish:?}");
            window.finish();
            let values = |data: &[u8]| values(window.layout(), 641, data);
            assert!(values(&client.pixels(id, 641, 479)) == values(&expected), "{transport:?}, {finish:?}");
        }
    }
}

#[test]
fn a_frame_of_another_size_than_the_window_goes_to_its_top_left() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    for transport in TRANSPORTS {
        let server = xvfb.connect(transport, Spoil::Off);
        let id = client.window(24, 100, 80);
        let window = watch(&server, id);
        let large = post(&window, 300, 200, 1);
        let small = post(&window, 40, 30, 2);
        window.finish();
        let shown = values(window.layout(), 100, &client.pixels(id, 100, 80));
        let (large, small) = (values(window.layout(), 300, &large), values(window.layout(), 40, &small));
        for y in 0..80 {
            for x in 0..100 {
                let expected = if x < 40 && y < 30 { small[y * 40 + x] } else { large[y * 300 + x] };
                assert_eq!(shown[y * 100 + x], expected, "{transport:?} at {x},{y}");
            }
        }
        client.destroy(id);
    }
}

#[test]
fn children_of_the_window_are_left_alone() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    let server = xvfb.connect(Transport::Auto, Spoil::Off);
    let id = client.window(24, 64, 64);
    let child = client.window(24, 16, 16);
    client.connection.reparent_window(child, id, 8, 8).expect("sent");
    client.connection.clear_area(false, child, 0, 0, 16, 16).expect("sent");
    client.sync();
    let window = watch(&server, id);
    post(&window, 64, 64, 7);
    window.finish();
    assert!(client.pixels(child, 16, 16).chunks(4).all(|pixel| pixel[..3] == [0; 3]));
}

#[test]
fn a_dropped_slot_shows_nothing_and_counts_nothing() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    let server = xvfb.connect(Transport::Auto, Spoil::Off);
    let id = client.window(24, 32, 32);
    let window = watch(&server, id);
    assert!(window.last_frame().is_none());
    for seed in 0..10 {
        let mut slot = window.acquire(32, 32).expect("a slot");
        paint(&mut slot, seed);
    }
    assert!(window.last_frame().is_none());
    assert_eq!(counts(&window), (0, 0));
    assert!(window.acquire(0, 32).is_none(), "an empty frame");
}

#[test]
fn images_go_to_pixmaps_and_back() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    let root = client.connection.setup().roots[0].root;
    for transport in TRANSPORTS {
        let server = xvfb.connect(transport, Spoil::On);
        for (depth, width, height) in [(1, 77, 5), (8, 13, 9), (24, 17, 13), (24, 700, 500), (32, 1000, 300)]
        {
            let pixmap = client.connection.generate_id().expect("ids");
            client.connection.create_pixmap(depth, pixmap, root, width + 3, height + 2).expect("sent");
            client.sync();
            assert_eq!(server.geometry(pixmap).expect("it is there").depth, depth);
            let bits = usize::from(server.bits_per_pixel(depth).expect("a pixmap of it exists"));
            let stride = (usize::from(width) * bits).div_ceil(32) * 4;
            let mut data: Vec<u8> =
                (0..stride * usize::from(height)).map(|index| (index * 7 % 251) as u8).collect();
            let used = usize::from(width) * bits;
            for row in data.chunks_mut(stride) {
                // Pad bytes and the unused byte of depth 24 need not survive.
                row[used / 8..].fill(0);
                if depth == 24 {
                    row.iter_mut().skip(3).step_by(4).for_each(|byte| *byte = 0);
                }
            }
            let image = Image { width, height, depth, stride, data };
            server.put_image(pixmap, &image, 3, 2).expect("the pixmap takes it");
            let mut read = server.get_image(pixmap, 3, 2, width, height).expect("the pixmap gives it");
            for row in read.data.chunks_mut(stride) {
                row[used / 8..].fill(0);
            }
            assert!(read == image, "{transport:?}, depth {depth}, {width}x{height}");
        }
        let error = server.get_image(0x1, 0, 0, 1, 1).expect_err("there is no such drawable");
        assert!(matches!(error, Error::X { code: 9, resource: 1, .. }), "{error:?}");
        assert!(server.is_alive());
    }
}
