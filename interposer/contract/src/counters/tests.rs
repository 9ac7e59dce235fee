use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use super::*;
use crate::table::Header;

fn file() -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("counters");
    (dir, path)
}

#[test]
fn layout_is_what_the_documentation_draws() {
    assert_eq!((size_of::<Header>(), size_of::<WindowCounters>()), (128, 128));
}

#[test]
fn counts_are_seen_through_another_mapping_and_outlive_it() {
    let (_dir, path) = file();
    let reader = CounterFile::create(&path).expect("a new file");
    assert_eq!(path.metadata().expect("the file").permissions().mode() & 0o777, 0o600);
    assert_eq!(reader.entries().count(), 0);

    let writer = CounterFile::open(&path).expect("the file just made");
    let entry = writer.claim(0x400002).expect("room");
    drop(writer);
    assert_eq!([entry.count_rendered(), entry.count_rendered(), entry.count_delivered()], [1, 2, 1]);
    entry.count_dropped();
    drop(entry);

    let seen: Vec<_> = reader.entries().collect();
    let [seen] = seen[..] else { panic!("one entry, not {seen:?}") };
    assert_eq!(seen.pid.load(Relaxed), u64::from(std::process::id()));
    assert_eq!(seen.window.load(Relaxed), 0x400002);
    let counts = [&seen.rendered, &seen.delivered, &seen.dropped].map(|count| count.load(Relaxed));
    assert_eq!(counts, [2, 1, 1]);
    assert!(seen.first_rendered.load(Relaxed) <= seen.last_rendered.load(Relaxed));
    assert!(seen.last_rendered.load(Relaxed) <= seen.last_delivered.load(Relaxed));
    assert_eq!(seen.first_delivered.load(Relaxed), seen.last_delivered.load(Relaxed));
}

#[test]
fn each_claim_is_another_entry_until_the_file_is_full() {
    let (_dir, path) = file();
    let file = CounterFile::create(&path).expect("a new file");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..CAPACITY / 4 {
                    file.claim(7).expect("room").count_rendered();
                }
            });
        }
    });
    assert!(file.claim(7).is_none());
    assert_eq!(file.entries().filter(|entry| entry.rendered.load(Relaxed) == 1).count(), CAPACITY);
}

#[test]
fn private_entries_count_too() {
    let entry = Entry::private(5);
    let clone = entry.clone();
    entry.count_rendered();
    assert_eq!((clone.window.load(Relaxed), clone.rendered.load(Relaxed)), (5, 1));
}

#[test]
fn an_existing_file_is_not_taken_over() {
    let (_dir, path) = file();
    std::fs::write(&path, "precious").expect("a file");
    assert_eq!(CounterFile::create(&path).expect_err("it exists").kind(), io::ErrorKind::AlreadyExists);
}

#[test]
fn damaged_files_are_errors() {
    let (_dir, path) = file();
    CounterFile::create(&path).expect("a new file");
    let good = std::fs::read(&path).expect("the file");
    let refused = |bytes: &[u8]| {
        std::fs::write(&path, bytes).expect("a file");
        let error = CounterFile::open(&path).expect_err("damaged");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
        error.to_string()
    };
    assert!(refused(b"").contains("too short"));
    assert!(refused(&good[..127]).contains("too short"));
    assert!(refused(&good[..good.len() - 1]).contains("cannot hold"));
    assert!(refused(&[0; 4096]).contains("not a counters file"));
    let changed = |offset: usize, value: u64| {
        let mut bytes = good.clone();
        bytes[offset..offset + 8].copy_from_slice(&value.to_ne_bytes());
        bytes
    };
    assert!(refused(&changed(8, 99)).contains("version 99"));
    assert!(refused(&changed(16, u64::MAX)).contains("cannot hold"));
}

#[test]
fn wild_counts_in_a_damaged_file_are_harmless() {
    let entry = Entry::private(5);
    for count in [&entry.rendered, &entry.delivered, &entry.dropped] {
        count.store(u64::MAX, Relaxed);
    }
    assert_eq!(entry.on_their_way(), 0);
    assert_eq!([entry.count_rendered(), entry.count_delivered(), entry.count_dropped()], [0; 3]);
}

#[test]
fn counts_survive_a_kill() {
    // The test binary runs itself as the program that counts and is killed.
    if let Some(path) = std::env::var_os("COUNTERS_OF_KILLED_PROGRAM") {
        let entry = CounterFile::open(path.as_ref()).expect("the file").claim(9).expect("room");
        (0..1000).for_each(|_| _ = entry.count_delivered());
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
    let (_dir, path) = file();
    let file = CounterFile::create(&path).expect("a new file");
    let me = std::env::current_exe().expect("the test binary");
    let status = Command::new(me)
        .args(["--exact", "counters::tests::counts_survive_a_kill"])
        .env("COUNTERS_OF_KILLED_PROGRAM", &path)
        .stdout(Stdio::null())
        .status()
        .expect("the test binary runs");
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9));
    let counts: Vec<u64> = file.entries().map(|entry| entry.delivered.load(Relaxed)).collect();
    assert_eq!(counts, [1000]);
}
