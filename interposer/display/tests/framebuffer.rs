//! Frames written straight into an Xvfb's screen: they are there, and nothing else on the screen is ever harmed for long.
//! What is on the screen is what a second client sees of the root window.

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{Client, Xvfb, counts, paint, watch};
use glxrun_display::{Damage, OnScreen, Options, Remote, Rows, Server, Spoil, Transport, Window};
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::shape::{ConnectionExt as _, SK, SO};
use x11rb::protocol::xproto::{
    ChangeWindowAttributesAux, ClipOrdering, ConfigureWindowAux, ConnectionExt as _, CreateWindowAux,
    EventMask, ImageFormat, Rectangle, WindowClass,
};

const WIDTH: u16 = 200;
const HEIGHT: u16 = 150;
/// Colour of the other windows: no pixel of a painted frame has it.
const OTHER: u32 = 0x0012_3456;

struct Stage {
    server: Arc<Server>,
    client: Client,
    xvfb: Xvfb,
    directory: tempfile::TempDir,
}

impl Stage {
    fn start(damage: Damage) -> Stage {
        let directory = tempfile::tempdir().expect("a directory");
        let name = directory.path().to_str().expect("a plain name");
        let xvfb = Xvfb::start(24, &["-fbdir", name, "-extension", "Composite"]);
        let options = Options { transport: Transport::Auto, spoil: Spoil::Off, damage };
        let server = xvfb.connect_with(options);
        server.use_framebuffer(&directory.path().join("Xvfb_screen0")).expect("it can be used");
        let client = Client::new(&xvfb);
        Stage { server, client, xvfb, directory }
    }

    fn root(&self) -> u32 {
        self.client.connection.setup().roots[0].root
    }

    /// Makes a window without mapping it.
    fn window(&self, parent: u32, (x, y): (i16, i16), (width, height): (u16, u16)) -> u32 {
        let window = self.client.connection.generate_id().expect("ids");
        let values = CreateWindowAux::new().background_pixel(OTHER).override_redirect(1);
        let class = WindowClass::INPUT_OUTPUT;
        self.client
            .connection
            .create_window(0, window, parent, x, y, width, height, 0, class, 0, &values)
            .expect("sent");
        window
    }

    fn map(&self, window: u32) {
        self.client.connection.map_window(window).expect("sent");
        self.client.sync();
    }

    fn unmap(&self, window: u32) {
        self.client.connection.unmap_window(window).expect("sent");
        self.client.sync();
    }

    fn move_to(&self, window: u32, x: i32, y: i32) {
        self.client.connection.configure_window(window, &ConfigureWindowAux::new().x(x).y(y)).expect("sent");
        self.client.sync();
    }

    /// The pixels of a rectangle of the root window, whatever is there.
    fn screen(&self, (x, y): (i16, i16), (width, height): (u16, u16)) -> Vec<u32> {
        let image =
            self.client.connection.get_image(ImageFormat::Z_PIXMAP, self.root(), x, y, width, height, !0);
        let image = image.expect("sent").reply().expect("pixels");
        pixels(&image.data)
    }
}

fn pixels(data: &[u8]) -> Vec<u32> {
    data.chunks(4)
        .map(|pixel| u32::from_le_bytes(pixel.try_into().expect("four bytes")) & 0xff_ffff)
        .collect()
}

/// Posts a frame, delivered when this returns; gives its pixels.
fn show(window: &Window, seed: u32) -> Vec<u32> {
    let (width, height) = window.size();
    let mut slot = window.acquire(width, height).expect("a slot");
    paint(&mut slot, seed);
    let posted = pixels(slot.pixels_mut());
    window.post(slot);
    window.finish();
    posted
}

/// Posts frames until they go straight into the screen. The first of a new state of affairs never does.
fn settle(window: &Window) {
    for seed in 0..10 {
        show(window, seed);
        if window.is_in_framebuffer() {
            return;
        }
    }
    panic!("frames do not get into the framebuffer");
}

/// A top-level window with a child in it that receives frames, both mapped.
struct Nested {
    parent: u32,
    child: u32,
    window: Arc<Window>,
}

fn nested(stage: &Stage) -> Nested {
    let parent = stage.window(stage.root(), (100, 80), (400, 300));
    let child = stage.window(parent, (30, 20), (WIDTH, HEIGHT));
    stage.map(parent);
    stage.map(child);
    let window = watch(&stage.server, child);
    settle(&window);
    Nested { parent, child, window }
}

#[test]
fn frames_are_on_the_screen_without_the_server() {
    let stage = Stage::start(Damage::Off);
    let Nested { window, .. } = nested(&stage);
    let posted = show(&window, 77);
    assert!(stage.screen((130, 100), (WIDTH, HEIGHT)) == posted);
    // A server that does nothing at all. Did the frames need it, this would not end.
    stage.xvfb.signal(libc::SIGSTOP);
    let before = counts(&window).0;
    (0..20).for_each(|seed| _ = show(&window, seed));
    let posted = show(&window, 99);
    assert_eq!(counts(&window).0, before + 21);
    let file = std::fs::read(stage.directory.path().join("Xvfb_screen0")).expect("the screen");
    let word = |index: usize| u32::from_be_bytes(file[index * 4..][..4].try_into().expect("a word")) as usize;
    let (first, stride) = (word(0) + word(19) * 12, word(12));
    let there: Vec<u32> = (0..usize::from(HEIGHT))
        .flat_map(|row| pixels(&file[first + (100 + row) * stride + 130 * 4..][..usize::from(WIDTH) * 4]))
        .collect();
    stage.xvfb.signal(libc::SIGCONT);
    assert!(there == posted);
    assert!(stage.screen((130, 100), (WIDTH, HEIGHT)) == posted);
}

#[test]
fn only_what_changed_is_written_and_told() {
    let stage = Stage::start(Damage::Auto);
    let Nested { window, .. } = nested(&stage);
    for seed in [5, 5, 6, 6, 7] {
        let posted = show(&window, seed);
        assert!(stage.screen((130, 100), (WIDTH, HEIGHT)) == posted, "{seed}");
        assert!(window.is_in_framebuffer());
    }
}

/// Something happens to the window that gets frames; the next ones are where they should be, and nowhere else.
fn while_it_lasts(
    happen: impl Fn(&Stage, &Nested),
    undo: impl Fn(&Stage, &Nested),
    check: impl Fn(&Stage, &[u32]),
) {
    let stage = Stage::start(Damage::Off);
    let nested = nested(&stage);
    happen(&stage, &nested);
    stage.server.sync();
    assert!(!nested.window.is_in_framebuffer(), "it must be asked anew");
    for seed in 100..110 {
        let posted = show(&nested.window, seed);
        stage.server.sync();
        check(&stage, &posted);
    }
    undo(&stage, &nested);
    stage.server.sync();
    settle(&nested.window);
    let posted = show(&nested.window, 200);
    let origin = stage.client.connection.translate_coordinates(nested.child, stage.root(), 0, 0);
    let origin = origin.expect("sent").reply().expect("a place");
    assert!(stage.screen((origin.dst_x, origin.dst_y), (WIDTH, HEIGHT)) == posted);
}

fn rows(posted: &[u32], first: usize, left: usize, width: usize, height: usize) -> Vec<u32> {
    let row = |row: usize| posted[row * usize::from(WIDTH) + left..][..width].to_vec();
    (first..first + height).flat_map(row).collect()
}

#[test]
fn the_parent_moved() {
    while_it_lasts(
        |stage, nested| stage.move_to(nested.parent, 300, 200),
        |_, _| {},
        |stage, posted| {
            assert!(stage.screen((330, 220), (WIDTH, HEIGHT)) == posted);
            // Where it was, as far as the parent does not cover it, is root.
            assert!(stage.screen((130, 100), (170, 100)).iter().all(|pixel| *pixel == 0));
        },
    );
}

#[test]
fn a_child_of_its_own_is_mapped() {
    while_it_lasts(
        |stage, nested| {
            let own = stage.window(nested.child, (10, 10), (50, 40));
            stage.map(own);
        },
        |stage, nested| {
            stage.client.connection.destroy_subwindows(nested.child).expect("sent");
            stage.client.sync();
        },
        |stage, posted| {
            assert!(stage.screen((140, 110), (50, 40)).iter().all(|pixel| *pixel == OTHER));
            assert!(stage.screen((190, 110), (140, 40)) == rows(posted, 10, 60, 140, 40));
        },
    );
}

#[test]
fn a_window_is_mapped_on_top() {
    while_it_lasts(
        |stage, _| {
            let other = stage.window(stage.root(), (200, 0), (100, 600));
            stage.map(other);
        },
        |stage, _| {
            let tree =
                stage.client.connection.query_tree(stage.root()).expect("sent").reply().expect("a tree");
            stage.unmap(*tree.children.last().expect("the one on top"));
        },
        |stage, posted| {
            assert!(stage.screen((200, 0), (100, 600)).iter().all(|pixel| *pixel == OTHER));
            assert!(stage.screen((130, 100), (70, 150)) == rows(posted, 0, 0, 70, 150));
        },
    );
}

#[test]
fn partly_off_the_screen() {
    while_it_lasts(
        |stage, nested| stage.move_to(nested.parent, -80, -60),
        |stage, nested| stage.move_to(nested.parent, 10, 10),
        |stage, posted| {
            // 50 columns and 40 rows are out.
            assert!(stage.screen((0, 0), (150, 110)) == rows(posted, 40, 50, 150, 110));
        },
    );
}

#[test]
fn partly_outside_of_its_parent() {
    while_it_lasts(
        |stage, nested| stage.move_to(nested.child, 300, 20),
        |stage, nested| stage.move_to(nested.child, 0, 0),
        |stage, posted| {
            assert!(stage.screen((400, 100), (100, 150)) == rows(posted, 0, 0, 100, 150));
            assert!(stage.screen((500, 100), (100, 150)).iter().all(|pixel| *pixel == 0));
        },
    );
}

#[test]
fn the_parent_is_unmapped() {
    while_it_lasts(
        |stage, nested| stage.unmap(nested.parent),
        |stage, nested| stage.map(nested.parent),
        |stage, _| assert!(stage.screen((130, 100), (WIDTH, HEIGHT)).iter().all(|pixel| *pixel == 0)),
    );
}

#[test]
fn it_gets_a_shape() {
    let shape = |stage: &Stage, nested: &Nested, rectangle| {
        let ordering = ClipOrdering::UNSORTED;
        let rectangles = [rectangle];
        stage
            .client
            .connection
            .shape_rectangles(SO::SET, SK::BOUNDING, ordering, nested.child, 0, 0, &rectangles)
            .expect("sent");
        stage.client.sync();
    };
    while_it_lasts(
        |stage, nested| shape(stage, nested, Rectangle { x: 20, y: 0, width: 100, height: 150 }),
        |stage, nested| shape(stage, nested, Rectangle { x: 0, y: 0, width: WIDTH, height: HEIGHT }),
        |stage, posted| {
            assert!(stage.screen((130, 100), (20, 150)).iter().all(|pixel| *pixel == OTHER));
            assert!(stage.screen((150, 100), (100, 150)) == rows(posted, 0, 20, 100, 150));
        },
    );
}

#[test]
fn the_cursor_leaves_no_trace() {
    let stage = Stage::start(Damage::Off);
    let Nested { child, window, .. } = nested(&stage);
    let connection = &stage.client.connection;
    let (font, cursor) = (connection.generate_id().expect("ids"), connection.generate_id().expect("ids"));
    connection.open_font(font, b"cursor").expect("sent");
    connection.create_glyph_cursor(cursor, font, font, 68, 69, !0, 0, 0, 0, !0, !0).expect("sent");
    let values = ChangeWindowAttributesAux::new().cursor(cursor);
    connection.change_window_attributes(child, &values).expect("sent");
    for step in 0..50 {
        connection.warp_pointer(x11rb::NONE, child, 0, 0, 0, 0, 20 + step * 3, 30 + step * 2).expect("sent");
        stage.client.sync();
        let posted = show(&window, step as u32);
        stage.client.sync();
        assert!(stage.screen((130, 100), (WIDTH, HEIGHT)) == posted, "step {step}");
    }
}

/// Another client maps, moves and unmaps a window over the one that gets frames, all the time. Whatever is written late
/// into its pixels is repaired.
#[test]
fn late_news_is_repaired() {
    let stage = Stage::start(Damage::Off);
    let Nested { window, .. } = nested(&stage);
    let other = stage.window(stage.root(), (150, 120), (60, 50));
    let harmed_for_long = |seed: u32| {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !stage.screen((150, 120), (60, 50)).iter().all(|pixel| *pixel == OTHER) {
            assert!(Instant::now() < deadline, "round {seed}: the window on top shows what is not its own");
            std::thread::yield_now();
        }
    };
    for round in 0..100 {
        std::thread::scope(|scope| {
            let frames = scope.spawn(|| (0..20).for_each(|frame| _ = show(&window, round * 20 + frame)));
            for _ in 0..round % 7 {
                std::thread::yield_now();
            }
            stage.map(other);
            frames.join().expect("no panic");
        });
        harmed_for_long(round);
        let posted = show(&window, round);
        harmed_for_long(round);
        stage.unmap(other);
        // What it had covered comes with the next frame.
        stage.server.sync();
        let uncovered = show(&window, round + 1);
        assert!(posted != uncovered);
        assert!(stage.screen((130, 100), (WIDTH, HEIGHT)) == uncovered, "round {round}");
        settle(&window);
    }
}

#[test]
fn what_cannot_be_used_is_told() {
    let directory = tempfile::tempdir().expect("a directory");
    let name = directory.path().to_str().expect("a plain name");
    let xvfb = Xvfb::start(24, &["-fbdir", name]);
    let server = xvfb.connect(Transport::Auto, Spoil::On);
    let missing =
        server.use_framebuffer(&directory.path().join("nothing")).expect_err("there is no such file");
    assert!(missing.contains("No such file"), "{missing}");
    let composite = server.use_framebuffer(&directory.path().join("Xvfb_screen0")).expect_err("not safe");
    assert!(composite.contains("Composite"), "{composite}");
    let junk = directory.path().join("junk");
    std::fs::write(&junk, [0x55; 5000]).expect("written");
    let wrong = server.use_framebuffer(&junk).expect_err("that is no screen");
    assert!(wrong.contains("not the screen"), "{wrong}");
}

/// A frame that is still elsewhere, of one colour.
struct Plain(u8);

impl Remote for Plain {
    fn fetch(&self, rows: &Rows) -> bool {
        (0..rows.count()).for_each(|y| rows.write(y, &vec![self.0; rows.length()]));
        true
    }
}

#[test]
fn remote_frames_are_fetched_onto_the_screen_and_again_where_others_drew() {
    let stage = Stage::start(Damage::Off);
    let Nested { parent, window, .. } = nested(&stage);
    let colours = |value: u8| vec![u32::from(value) * 0x01_0101; usize::from(WIDTH) * usize::from(HEIGHT)];
    let show = |value: u8| {
        window.reserve().expect("room").post(Arc::new(Plain(value)), WIDTH, HEIGHT);
        window.finish();
    };
    stage.xvfb.signal(libc::SIGSTOP);
    (1..20).for_each(show);
    stage.xvfb.signal(libc::SIGCONT);
    assert!(window.is_in_framebuffer());
    assert!(stage.screen((130, 100), (WIDTH, HEIGHT)) == colours(19));
    // What others draw into the window's place is late news for a frame that is written just then.
    for x in [300, 100, 300, 100, 300] {
        stage
            .client
            .connection
            .configure_window(parent, &ConfigureWindowAux::new().x(x).y(80))
            .expect("sent");
        stage.client.connection.flush().expect("sent");
        (30..40).for_each(show);
        let place = (x as i16 + 30, 100);
        while stage.screen(place, (WIDTH, HEIGHT)) != colours(39) {
            std::thread::yield_now();
        }
        let left = if x == 300 { (130, 100) } else { (330, 100) };
        while stage.screen(left, (WIDTH, HEIGHT)).contains(&colours(39)[0]) {
            std::thread::yield_now();
        }
    }
    show(21);
    assert!(stage.screen((330, 100), (WIDTH, HEIGHT)) == colours(21));
}

/// Writes a frame of one colour to the window's place; gives the room that it was written in.
fn write(window: &Window, colour: u32) -> OnScreen {
    let mut room = window.acquire_on_screen(WIDTH, HEIGHT).expect("the window is whole");
    let rows = room.rows().expect("rows");
    let row = colour.to_le_bytes().repeat(WIDTH.into());
    (0..usize::from(HEIGHT)).for_each(|y| rows.write(y, &row));
    room
}

#[test]
fn the_program_writes_frames_itself() {
    let stage = Stage::start(Damage::Off);
    let Nested { window, .. } = nested(&stage);
    let before = counts(&window);
    for colour in 1..=50 {
        write(&window, colour).post();
    }
    window.finish();
    assert_eq!(counts(&window), (before.0 + 50, before.1));
    assert!(stage.screen((130, 100), (WIDTH, HEIGHT)).iter().all(|pixel| *pixel == 50));
    let last = window.last_frame().expect("what is on the screen");
    assert!(pixels(&last.data).iter().all(|pixel| *pixel == 50));
    // Ways may change from frame to frame.
    let posted = show(&window, 7);
    assert!(stage.screen((130, 100), (WIDTH, HEIGHT)) == posted);
}

#[test]
fn the_window_moves_while_the_program_writes() {
    let stage = Stage::start(Damage::Off);
    let Nested { parent, child, window } = nested(&stage);
    let listener = Client::new(&stage.xvfb);
    let events = ChangeWindowAttributesAux::new().event_mask(EventMask::EXPOSURE);
    listener.connection.change_window_attributes(child, &events).expect("sent");
    listener.sync();
    let before = counts(&window);
    let room = write(&window, 3);
    stage.move_to(parent, 600, 400);
    room.post();
    window.finish();
    assert_eq!(counts(&window), (before.0, before.1 + 1), "it is not where it was written to");
    // The program is to draw again.
    loop {
        let event = listener.connection.wait_for_event().expect("an event");
        if matches!(event, Event::Expose(event) if event.window == child && event.width == WIDTH) {
            break;
        }
    }
    stage.server.sync();
    settle(&window);
    write(&window, 4).post();
    window.finish();
    assert!(stage.screen((630, 420), (WIDTH, HEIGHT)).iter().all(|pixel| *pixel == 4));
}
