//! Windows come and go without leaving anything behind, here or in the server.

mod common;

use common::{Client, TRANSPORTS, Xvfb, post, segments, watch};
use glxrun_display::Spoil;

/// Open descriptors and shared mappings of a process.
fn held(pid: u32) -> (usize, usize) {
    let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("our own processes").count();
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).expect("our own processes");
    let shared = maps.lines().filter(|line| line.contains("glxrun-frame") || line.contains("SYSV")).count();
    (descriptors, shared)
}

// One test only: what the process holds is counted.
#[test]
fn windows_come_and_go_without_a_trace() {
    let us = std::process::id();
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    let at_start = held(us);
    for transport in TRANSPORTS {
        let server = xvfb.connect(transport, Spoil::On);
        let mut after_warming_up = None;
        for cycle in 0..300u16 {
            let id = client.window(24, 100 + cycle, 100);
            let window = watch(&server, id);
            for seed in 0..5 {
                post(&window, 100 + cycle, 100, seed);
            }
            // Either may end first, with frames on their way.
            if cycle % 2 == 0 {
                client.destroy(id);
                drop(window);
            } else {
                drop(window);
                client.destroy(id);
            }
            if cycle == 20 || cycle == 299 {
                // The frames' answers are in after one round trip; the segments are detached by the next frame's turn.
                let settled = watch(&server, client.window(24, 10, 10));
                for seed in 0..2 {
                    server.sync();
                    post(&settled, 10, 10, seed);
                    settled.finish();
                }
                server.sync();
                let now = (held(us), held(xvfb.pid()));
                let before = *after_warming_up.get_or_insert(now);
                assert_eq!(
                    now, before,
                    "{transport:?}: ours and the server's descriptors and shared mappings"
                );
            }
        }
        assert!(segments().len() <= 3, "{transport:?}: only the live window's segments exist");
        drop(server);
        assert_eq!(held(us), at_start, "{transport:?}: after the connection");
    }
    client.sync();
    assert!(segments().is_empty(), "no segment outlives us");
}
