use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::counters::Entry;

fn file(capacity: usize) -> (tempfile::TempDir, std::path::PathBuf, RecordFile) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("records");
    let file = RecordFile::create(&path, capacity).expect("a new file");
    (dir, path, file)
}

fn entry(file: &RecordFile) -> Entry {
    Entry::private(0x400002).recorded_in(Some(file.clone()))
}

#[test]
fn a_frame_is_read_through_another_mapping_when_it_is_over() {
    let (_dir, path, file) = file(8);
    assert_eq!(path.metadata().expect("the file").permissions().mode() & 0o777, 0o600);
    assert_eq!(size_of::<Line>(), 128);
    file.start();
    let mut reader = Reader::new(RecordFile::open(&path).expect("the file just made"));
    let record = entry(&file).record(1, now());
    for moment in [Moment::Slot, Moment::Read, Moment::Left, Moment::Taken, Moment::Sent] {
        record.note(moment);
    }
    assert_eq!(reader.read(false), []);
    record.note_at(Moment::Done, u64::MAX);
    record.note(Moment::Done);
    let frames = reader.read(false);
    let [frame] = frames[..] else { panic!("one frame, not {frames:?}") };
    assert_eq!((frame.pid, frame.window, frame.number), (std::process::id().into(), 0x400002, 1));
    assert!(file.started() <= frame.times[0]);
    assert!(frame.times[..7].is_sorted(), "{frame:?}");
    assert_eq!((frame.at(Moment::Done), frame.at(Moment::Dropped)), (Some(u64::MAX), None));
    assert_eq!(reader.read(true), []);
}

#[test]
fn the_ring_comes_round_and_what_was_overwritten_is_counted() {
    let (_dir, _, file) = file(4);
    let mut reader = Reader::new(file.clone());
    let entry = entry(&file);
    let old = entry.record(1, 1);
    (2..=10).for_each(|number| drop(entry.record(number, number)));
    old.note(Moment::Done);
    let frames = reader.read(true);
    assert_eq!(frames.iter().map(|frame| frame.number).collect::<Vec<_>>(), [7, 8, 9, 10]);
    assert!(
        frames.iter().all(|frame| frame.at(Moment::Done).is_none()),
        "the old frame's record is another's"
    );
    assert_eq!(reader.lost, 6);
}

#[test]
fn a_frame_that_is_never_over_is_waited_for_no_longer_than_half_a_ring() {
    let (_dir, _, file) = file(64);
    let mut reader = Reader::new(file.clone());
    let entry = entry(&file);
    let slow = entry.record(1, 1);
    let mut given = Vec::new();
    for number in 2..=40 {
        let record = entry.record(number, number);
        record.note(Moment::Left);
        record.note(Moment::Done);
        if number == 20 {
            slow.note(Moment::Left);
        }
        given.extend(reader.read(false).iter().map(|frame| frame.number));
        assert_eq!(given.is_empty(), number <= 32, "after {number}: {given:?}");
    }
    assert_eq!(given, (1..=40).collect::<Vec<_>>());
}

#[test]
fn frames_of_many_threads_keep_apart() {
    let (_dir, _, file) = file(4096);
    let mut reader = Reader::new(file.clone());
    std::thread::scope(|scope| {
        for thread in 1..=4_u32 {
            let entry = Entry::private(thread).recorded_in(Some(file.clone()));
            scope.spawn(move || {
                for number in 1..=1000 {
                    let record = entry.record(number, u64::from(thread));
                    record.note_at(Moment::Left, number);
                    record.note_at(Moment::Dropped, number);
                }
            });
        }
    });
    let frames = reader.read(false);
    assert_eq!((frames.len(), reader.lost), (4000, 0));
    for frame in frames {
        assert_eq!((frame.times[0], frame.at(Moment::Dropped)), (frame.window, Some(frame.number)));
    }
}

#[test]
fn a_held_frame_goes_on_when_it_is_let_go() {
    let (_dir, _, file) = file(1);
    std::thread::scope(|scope| {
        let holder = scope.spawn(|| file.hold(7, Duration::from_secs(600)));
        while file.held() != 7 {
            std::thread::yield_now();
        }
        file.release(6);
        assert!(!holder.is_finished());
        file.release(7);
    });
    file.hold(8, Duration::ZERO);
}

#[test]
fn damaged_files_are_errors() {
    let (_dir, path, file) = file(2);
    drop(file);
    let whole = std::fs::read(&path).expect("the file");
    let refused = |bytes: &[u8]| {
        std::fs::write(&path, bytes).expect("writable");
        let error = RecordFile::open(&path).expect_err("it is damaged");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        error.to_string()
    };
    assert_eq!(refused(b""), "a file of frame records of 0 bytes is too short");
    assert!(refused(&whole[..whole.len() - 1]).contains("cannot hold 2 frames"));
    let with = |at: usize, value: u64| {
        let mut bytes = whole.clone();
        bytes[at..at + 8].copy_from_slice(&value.to_ne_bytes());
        bytes
    };
    assert_eq!(refused(&with(0, 1)), "not a file of frame records of glxrun");
    assert_eq!(refused(&with(8, 9)), "a file of frame records of version 9, not 1");
    assert!(refused(&with(16, 3)).contains("cannot hold 3 frames"));
    assert!(refused(&with(16, u64::MAX)).contains("cannot hold"));
    assert!(refused(&with(16, 0)).contains("without room"));
}

#[test]
fn a_wild_ticket_in_a_damaged_file_is_harmless() {
    let (_dir, _, file) = file(4);
    let entry = entry(&file);
    file.own(Own::Newest).store(u64::MAX - 1, Relaxed);
    let mut reader = Reader::new(file.clone());
    entry.record(1, 1).note(Moment::Done);
    assert!(reader.read(true).len() <= 1);
    file.own(Own::Newest).store(u64::MAX, Relaxed);
    assert!(reader.read(true).len() <= 4);
}
