//! Servers of all kinds: without shared memory, behind TCP, with a cookie, absent, and those that die.

mod common;

use common::{Client, TRANSPORTS, Xvfb, collect_warnings, counts, post, values, warnings, watch};
use glxrun_contract::counters::Entry;
use glxrun_display::{ConnectError, Damage, Error, Options, Server, Spoil, Transport, WatchError};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::ConnectionExt as _;

const AUTO: Options = Options { transport: Transport::Auto, spoil: Spoil::Off, damage: Damage::Off };

fn a_frame_arrives(server: &std::sync::Arc<Server>, client: &Client) {
    let id = client.window(24, 123, 45);
    let window = watch(server, id);
    let posted = post(&window, 123, 45, 1);
    window.finish();
    assert_eq!(counts(&window), (1, 0));
    let values = |data: &[u8]| values(window.layout(), 123, data);
    assert!(values(&client.pixels(id, 123, 45)) == values(&posted));
}

#[test]
fn auto_takes_memfd_here() {
    let xvfb = Xvfb::start(24, &[]);
    assert_eq!(xvfb.connect(Transport::Auto, Spoil::On).transport(), Transport::Memfd);
}

#[test]
fn a_server_without_shared_memory_gets_frames_through_the_socket() {
    let xvfb = Xvfb::start(24, &["-extension", "MIT-SHM"]);
    let since = collect_warnings();
    let client = Client::new(&xvfb);
    let server = xvfb.connect(Transport::Auto, Spoil::Off);
    assert_eq!(server.transport(), Transport::PutImage);
    a_frame_arrives(&server, &client);
    assert_eq!(warnings(&xvfb.display, since), [""; 0], "auto falls back silently");
    for forced in [Transport::Memfd, Transport::SysV] {
        let before = warnings(&xvfb.display, since).len();
        let server = xvfb.connect(forced, Spoil::Off);
        assert_eq!(server.transport(), Transport::PutImage);
        a_frame_arrives(&server, &client);
        assert_eq!(
            warnings(&xvfb.display, since).len(),
            before + 1,
            "{forced:?} was asked for and is not to be had"
        );
    }
}

#[test]
fn a_server_behind_tcp_gets_frames_through_the_socket() {
    let xvfb = Xvfb::start(24, &["-listen", "tcp", "-ac"]);
    let since = collect_warnings();
    let client = Client::new(&xvfb);
    let display = format!("localhost{}", xvfb.display);
    let server = Server::connect(&display, AUTO).expect("it listens on TCP");
    assert_eq!(server.transport(), Transport::PutImage);
    a_frame_arrives(&server, &client);
    assert_eq!(warnings(&xvfb.display, since), [""; 0], "auto falls back silently");
    // The server allows shared memory to local connections only.
    let sysv =
        Server::connect(&display, Options { transport: Transport::SysV, ..AUTO }).expect("it listens on TCP");
    assert_eq!(sysv.transport(), Transport::PutImage);
    a_frame_arrives(&sysv, &client);
    assert_eq!(warnings(&xvfb.display, since).len(), 1, "sysv was asked for and is not to be had");
}

#[test]
fn displays_that_cannot_be_opened_are_told() {
    let refused = Server::connect(":54321", AUTO).expect_err("there is no such server");
    assert!(matches!(&refused, ConnectError::Refused { display, .. } if display == ":54321"), "{refused:?}");
    assert!(refused.to_string().ends_with("no X server listens there"), "{refused}");
    let name = Server::connect("nonsense", AUTO).expect_err("that is no display's name");
    assert!(matches!(&name, ConnectError::Name { .. }), "{name:?}");
    let folder = tempfile::tempdir().expect("a folder");
    let authority = folder.path().join("authority");
    // One entry: any address, any display, a cookie.
    let part = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes(), bytes].concat();
    let entry = [vec![255, 255], part(b""), part(b""), part(b"MIT-MAGIC-COOKIE-1"), part(&[7; 16])].concat();
    std::fs::write(&authority, entry).expect("written");
    let xvfb = Xvfb::start(24, &["-auth", authority.to_str().expect("a path in UTF-8")]);
    let refused = Server::connect(&xvfb.display, AUTO).expect_err("we have no cookie");
    assert!(matches!(&refused, ConnectError::Refused { .. }), "{refused:?}");
    assert!(refused.to_string().contains("Authorization required"), "{refused}");
    let xvfb = Xvfb::start(24, &[]);
    let screen = Server::connect(&format!("{}.7", xvfb.display), AUTO).expect_err("there is no such screen");
    assert!(screen.to_string().ends_with("it has no screen 7"), "{screen}");
}

#[test]
fn a_server_that_dies_lets_everyone_go() {
    let since = collect_warnings();
    // As in a C program: a write to a dead server must not end us.
    // SAFETY: the default action is a valid handler.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    for transport in TRANSPORTS {
        for spoil in [Spoil::On, Spoil::Off] {
            let mut xvfb = Xvfb::start(24, &[]);
            let client = Client::new(&xvfb);
            let server = xvfb.connect(transport, spoil);
            let ids: Vec<u32> = (0..3).map(|_| client.window(24, 200, 200)).collect();
            let threads: Vec<_> = ids
                .iter()
                .map(|&id| {
                    let window = watch(&server, id);
                    std::thread::spawn(move || {
                        let mut posted = 0;
                        while let Some(slot) = window.acquire(200, 200) {
                            window.post(slot);
                            posted += 1;
                        }
                        window.finish();
                        let (delivered, dropped) = counts(&window);
                        assert_eq!(delivered + dropped, posted);
                    })
                })
                .collect();
            // Mid-way, and for half of the cases while the server does not listen.
            if spoil == Spoil::Off {
                client.connection.grab_server().expect("sent");
                client.sync();
            }
            // Display numbers come again.
            let warned = warnings(&xvfb.display, since).len();
            xvfb.kill();
            for thread in threads {
                thread.join().expect("no panic");
            }
            assert!(!server.is_alive());
            assert_eq!(warnings(&xvfb.display, since).len(), warned + 1, "{transport:?}, {spoil:?}");
            server.pump();
            server.sync();
            assert!(matches!(server.geometry(ids[0]), Err(Error::Dead)));
            assert!(matches!(server.watch(ids[0], Entry::private(1)), Err(WatchError::Dead)));
            assert!(server.extension("RANDR").is_none());
        }
    }
}

#[test]
fn a_forked_child_leaves_the_connection_alone() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    let server = xvfb.connect(Transport::Auto, Spoil::Off);
    let window = watch(&server, client.window(24, 64, 64));
    post(&window, 64, 64, 0);
    let slot = window.acquire(64, 64).expect("a slot");
    // SAFETY: the child calls nothing but what is meant for it, and _exit.
    let child = unsafe { libc::fork() };
    if child == 0 {
        server.clone().abandon();
        let quiet = !server.is_alive() && window.acquire(64, 64).is_none() && window.last_frame().is_none();
        window.post(slot);
        window.finish();
        server.pump();
        server.sync();
        drop(window);
        drop(server);
        // SAFETY: ends the child without the parent's exit handlers.
        unsafe { libc::_exit(if quiet { 0 } else { 1 }) };
    }
    let mut status = 0;
    // SAFETY: `status` outlives the call, and the child is ours.
    unsafe { libc::waitpid(child, &mut status, 0) };
    assert_eq!(status, 0, "the child hung or spoke");
    window.post(slot);
    (1..50).for_each(|seed| _ = post(&window, 64, 64, seed));
    window.finish();
    assert_eq!(counts(&window), (51, 0));
}

#[test]
fn extensions_and_screens_are_those_of_the_server() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    let server = xvfb.connect(Transport::Auto, Spoil::On);
    assert_eq!(server.extension("GLX"), None, "this server was started without it");
    let randr = server.extension("RANDR").expect("Xvfb has it");
    let reply = client.connection.query_extension(b"RANDR").expect("sent").reply().expect("a reply");
    assert_eq!((randr.major_opcode, randr.first_event), (reply.major_opcode, reply.first_event));
    let end = server.extensions_end();
    for name in client.connection.list_extensions().expect("sent").reply().expect("a reply").names {
        let name = String::from_utf8(name.name).expect("ASCII");
        let codes = server.extension(&name).expect("it is listed");
        assert!(codes.major_opcode != end.major_opcode, "{name}");
        assert!(codes.first_event < end.first_event && codes.first_error < end.first_error, "{name}");
    }
    let (screen, setup) = (&server.screens()[0], &client.connection.setup().roots[0]);
    assert_eq!((screen.root, screen.root_visual, screen.root_depth), (setup.root, setup.root_visual, 24));
    assert_eq!((screen.width, screen.height), (1280, 1100));
    let visual = screen.visuals.iter().find(|visual| visual.id == screen.root_visual).expect("it is listed");
    assert_eq!((visual.depth, visual.class), (24, 4));
    assert_eq!((visual.red_mask, visual.green_mask, visual.blue_mask), (0xff_0000, 0xff00, 0xff));
    assert_eq!(
        (server.bits_per_pixel(24), server.bits_per_pixel(16), server.bits_per_pixel(23)),
        (Some(32), Some(16), None)
    );
}
