//! Only what changed is sent, nothing of it is missed, and what others draw in between does not stay.

mod common;

use std::sync::Arc;

use common::{Client, TRANSPORTS, Xvfb, counts, values, watch};
use glxrun_display::{Damage, Options, Server, Spoil, Transport, Window};
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::damage::{ConnectionExt as _, ReportLevel};
use x11rb::protocol::xproto::{ConnectionExt as _, CreateGCAux, CreateWindowAux, Rectangle, WindowClass};

const WIDTH: u16 = 500;
const HEIGHT: u16 = 400;

fn connect(xvfb: &Xvfb, transport: Transport) -> Arc<Server> {
    xvfb.connect_with(Options { transport, spoil: Spoil::Off, damage: Damage::Auto })
}

/// A picture, and what is posted of it.
struct Picture {
    window: Arc<Window>,
    pixels: Vec<u8>,
}

impl Picture {
    fn new(window: Arc<Window>) -> Picture {
        let pixels = vec![0; usize::from(WIDTH) * usize::from(HEIGHT) * 4];
        Picture { window, pixels }
    }

    fn fill(&mut self, x: usize, y: usize, width: usize, height: usize, value: u8) {
        for row in y..y + height {
            let start = (row * usize::from(WIDTH) + x) * 4;
            self.pixels[start..start + width * 4].fill(value);
        }
    }

    /// Posts it and waits until it is delivered.
    fn post(&self) {
        let mut slot = self.window.acquire(WIDTH, HEIGHT).expect("a slot");
        slot.pixels_mut().copy_from_slice(&self.pixels);
        self.window.post(slot);
        self.window.finish();
    }

    fn is_shown(&self, client: &Client) -> bool {
        let values = |data: &[u8]| values(self.window.layout(), WIDTH, data);
        values(&client.pixels(self.window.id(), WIDTH, HEIGHT)) == values(&self.pixels)
    }
}

/// Another client that counts the pixels which the server says have been drawn.
struct Counter(Client);

impl Counter {
    fn new(xvfb: &Xvfb, window: u32) -> Counter {
        let client = Client::new(xvfb);
        client.connection.damage_query_version(1, 1).expect("sent").reply().expect("Xvfb has DAMAGE");
        let damage = client.connection.generate_id().expect("ids");
        client.connection.damage_create(damage, window, ReportLevel::RAW_RECTANGLES).expect("sent");
        // It starts with all of the window.
        let counter = Counter(client);
        counter.pixels();
        counter
    }

    fn pixels(&self) -> u32 {
        self.0.sync();
        let mut pixels = 0;
        while let Some(event) = self.0.connection.poll_for_event().expect("the server lives") {
            if let Event::DamageNotify(event) = event {
                pixels += u32::from(event.area.width) * u32::from(event.area.height);
            }
        }
        pixels
    }
}

#[test]
fn only_what_changed_is_sent() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    for transport in TRANSPORTS {
        let server = connect(&xvfb, transport);
        let mut picture = Picture::new(watch(&server, client.window(24, WIDTH, HEIGHT)));
        let counter = Counter::new(&xvfb, picture.window.id());
        let mut sent = || {
            picture.post();
            assert!(picture.is_shown(&client), "{transport:?}");
            let sent = counter.pixels();
            picture.fill(0, 0, 1, 1, 0);
            sent
        };
        assert_eq!(sent(), 500 * 400, "{transport:?}: the first frame");
        assert_eq!(sent(), 0, "{transport:?}: the same again");
        let mut sent_with = |x, y, width, height, value| {
            picture.fill(x, y, width, height, value);
            picture.post();
            assert!(picture.is_shown(&client), "{transport:?}");
            counter.pixels()
        };
        assert_eq!(sent_with(70, 70, 1, 1, 9), 64 * 64, "{transport:?}: one pixel");
        assert_eq!(sent_with(0, 399, 500, 1, 5), 500 * 16, "{transport:?}: the last row");
        assert_eq!(sent_with(60, 60, 10, 10, 7), 128 * 128, "{transport:?}: a corner of four tiles");
        assert_eq!(sent_with(0, 0, 500, 400, 1), 500 * 400, "{transport:?}: everything");
        let (delivered, dropped) = counts(&picture.window);
        assert_eq!((delivered, dropped), (6, 0), "{transport:?}");
    }
}

#[test]
fn frames_that_change_wholly_are_left_alone_but_not_for_ever() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    let server = connect(&xvfb, Transport::Auto);
    let mut picture = Picture::new(watch(&server, client.window(24, WIDTH, HEIGHT)));
    let counter = Counter::new(&xvfb, picture.window.id());
    for frame in 0..300u32 {
        picture.fill(0, 0, 500, 400, frame as u8);
        picture.post();
        assert_eq!(counter.pixels(), 500 * 400);
    }
    // From here on nothing changes; it takes a while to be noticed.
    let sent: Vec<u32> = (0..70)
        .map(|_| {
            picture.post();
            counter.pixels()
        })
        .collect();
    assert_eq!(sent[69], 0);
    assert!(picture.is_shown(&client));
}

#[test]
fn any_change_is_shown() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    for transport in TRANSPORTS {
        let server = connect(&xvfb, transport);
        let mut picture = Picture::new(watch(&server, client.window(24, WIDTH, HEIGHT)));
        let mut random = 12345u32;
        let mut next = |below: u32| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 8) % below
        };
        for frame in 0..50 {
            for _ in 0..next(4) {
                let (width, height) = (1 + next(120), 1 + next(120));
                let (x, y) = (next(500 - width) as usize, next(400 - height) as usize);
                picture.fill(x, y, width as usize, height as usize, next(256) as u8);
            }
            picture.post();
            assert!(picture.is_shown(&client), "{transport:?}, frame {frame}");
        }
    }
}

/// Fills a rectangle of the window as the program or any other client may do.
fn scribble(client: &Client, window: u32, rectangle: Rectangle) {
    let gc = client.connection.generate_id().expect("ids");
    client.connection.create_gc(gc, window, &CreateGCAux::new().foreground(0x00ff_00ff)).expect("sent");
    client.connection.poly_fill_rectangle(window, gc, &[rectangle]).expect("sent");
    client.connection.free_gc(gc).expect("sent");
    client.sync();
}

#[test]
fn what_others_draw_is_gone_with_the_next_frame() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    for transport in TRANSPORTS {
        let server = connect(&xvfb, transport);
        let id = client.window(24, WIDTH, HEIGHT);
        let mut picture = Picture::new(watch(&server, id));
        picture.fill(0, 0, 500, 400, 3);
        picture.post();
        for step in 0..50 {
            let (x, y) = (step * 9, step * 7);
            scribble(&client, id, Rectangle { x, y, width: 20, height: 20 });
            assert!(!picture.is_shown(&client));
            // A frame with a change elsewhere, or with none.
            if step % 2 == 0 {
                picture.fill(250, 1, 3, 3, step as u8);
            }
            picture.post();
            server.sync();
            picture.window.finish();
            assert!(picture.is_shown(&client), "{transport:?}, step {step}");
        }
    }
}

#[test]
fn a_frame_that_was_lost_comes_back_whole() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    let server = connect(&xvfb, Transport::Auto);
    let id = client.window(24, WIDTH, HEIGHT);
    let mut picture = Picture::new(watch(&server, id));
    picture.fill(0, 0, 500, 400, 3);
    picture.post();
    let root = client.connection.setup().roots[0].root;
    type Loss<'a> = (&'a str, Box<dyn Fn() + 'a>);
    let losses: [Loss; 3] = [
        (
            "covered",
            Box::new(|| {
                let cover = client.connection.generate_id().expect("ids");
                client
                    .connection
                    .create_window(
                        0,
                        cover,
                        root,
                        40,
                        40,
                        100,
                        100,
                        0,
                        WindowClass::INPUT_OUTPUT,
                        0,
                        &CreateWindowAux::new().background_pixel(0xff),
                    )
                    .expect("sent");
                client.connection.map_window(cover).expect("sent");
                client.connection.destroy_window(cover).expect("sent");
            }),
        ),
        (
            "unmapped",
            Box::new(|| {
                client.connection.unmap_window(id).expect("sent");
                client.connection.map_window(id).expect("sent");
            }),
        ),
        (
            "resized",
            Box::new(|| {
                client.resize(id, 100, 100);
                client.resize(id, WIDTH.into(), HEIGHT.into());
            }),
        ),
    ];
    for (what, lose) in losses {
        lose();
        client.sync();
        assert!(!picture.is_shown(&client), "{what}");
        picture.post();
        server.sync();
        picture.window.finish();
        assert!(picture.is_shown(&client), "{what}");
    }
}

#[test]
fn others_who_draw_all_the_time_do_not_win() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    let server = connect(&xvfb, Transport::Auto);
    let id = client.window(24, WIDTH, HEIGHT);
    let mut picture = Picture::new(watch(&server, id));
    let other = Client::new(&xvfb);
    for round in 0..30u8 {
        let drawing = std::thread::scope(|scope| {
            let drawing = scope.spawn(|| {
                for step in 0..40 {
                    scribble(
                        &other,
                        id,
                        Rectangle { x: step * 10, y: 350 - step * 5, width: 30, height: 30 },
                    );
                }
            });
            for frame in 0..40 {
                picture.fill(frame * 5, 100, 20, 20, round.wrapping_mul(40).wrapping_add(frame as u8));
                picture.post();
            }
            drawing.join()
        });
        drawing.expect("no panic");
        // The program's last frame, after all that others drew.
        picture.post();
        server.sync();
        picture.window.finish();
        assert!(picture.is_shown(&client), "round {round}");
    }
}
