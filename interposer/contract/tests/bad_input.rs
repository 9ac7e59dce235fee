//! Settings, counters files and frame records of any content: an error or numbers, and an end.
//!
//! PROPTEST_CASES says how many cases each test tries (256).

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;

use glxrun_contract::counters::{CounterFile, Entry};
use glxrun_contract::records::{Moment, Reader, RecordFile};
use glxrun_contract::settings::{Audience, Settings, Source, TABLE};
use proptest::collection::vec;
use proptest::prelude::*;

/// Text that is or resembles a value: of the alphabet of values, of their pieces, of any bytes.
fn values() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&'static str> =
        TABLE.iter().flat_map(|row| row.metavar.split('|').chain([row.default])).collect();
    let piece = prop_oneof![
        proptest::sample::select(pieces).prop_map(str::to_owned),
        any::<u64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| number.to_string()),
        "[x.:@,/%+-]",
        Just(".png".to_owned()),
        Just("frame:".to_owned()),
    ];
    prop_oneof![
        "[0-9a-zA-Z.:@,/x_+-]{0,40}".prop_map(String::into_bytes),
        vec(piece, 0..6).prop_map(|pieces| pieces.concat().into_bytes()),
        vec(1..=u8::MAX, 0..60),
        "[0-9]{300,400}".prop_map(String::into_bytes),
        ".{0,2000}".prop_map(|text| text.replace('\0', "").into_bytes()),
    ]
}

proptest! {
    #[test]
    fn a_value_is_taken_or_refused_whole(value in values()) {
        let value = OsStr::from_bytes(&value);
        for row in TABLE {
            let (mut by_flag, mut by_variable) = (Settings::default(), Settings::default());
            let outcome = row.set(&mut by_flag, value, Source::Flag);
            prop_assert_eq!(outcome.is_ok(), row.set(&mut by_variable, value, Source::Environment).is_ok());
            prop_assert_eq!(&by_flag, &by_variable);
            let Err(problem) = outcome else { continue };
            prop_assert_eq!(by_flag, Settings::default(), "{} is refused and changes something", row.name);
            let (name, text) = (row.flag.unwrap_or(row.env), problem.to_string());
            prop_assert!(text.contains(name) && text.contains(row.allowed), "{}", text);
        }
    }
}

proptest! {
    // All rows in one case.
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 8, ..ProptestConfig::default() })]

    /// The launcher ends at the first bad value; the library takes what is good.
    #[test]
    fn all_rows_at_once(values in vec(proptest::option::of(values()), TABLE.len())) {
        let given = |name: &str| {
            let index = TABLE.iter().position(|row| row.name == name)?;
            Some(OsStr::from_bytes(values[index].as_ref()?).to_owned())
        };
        let bad = TABLE.iter().find(|row| {
            given(row.name).is_some_and(|value| row.set(&mut Settings::default(), &value, Source::Flag).is_err())
        });
        match (Settings::gather(|row| given(row.name), |_| None), bad) {
            (Ok(_), None) => {}
            (Err(problem), Some(row)) => prop_assert!(problem.to_string().contains(row.allowed)),
            (outcome, bad) => prop_assert!(false, "{outcome:?}, first bad: {:?}", bad.map(|row| row.name)),
        }
        // What one of them understands, the other does: nothing is lost between them.
        for row in TABLE.iter().filter(|row| row.audience == Audience::Both) {
            let Some(value) = given(row.name).filter(|value| !value.is_empty()) else { continue };
            let mut library = Settings::default();
            if row.set(&mut library, &value, Source::Environment).is_ok() {
                let only = |other: &glxrun_contract::settings::Setting| (other.name == row.name).then(|| value.clone());
                prop_assert_eq!(Settings::gather(only, |_| None).ok(), Some(library));
            }
        }
    }
}

/// What is done to a good file.
#[derive(Clone, Debug)]
struct Damage {
    /// Words that are overwritten: where and by what.
    words: Vec<(prop::sample::Index, u64)>,
    /// How many words they are among: all, or those at the file's beginning, which are in use.
    among: usize,
    /// The length it is cut or grown to.
    length: Option<usize>,
    /// Words of the header, by their number.
    header: Vec<(usize, u64)>,
}

impl Damage {
    fn apply(&self, path: &Path) {
        let mut bytes = std::fs::read(path).expect("the file was made");
        let words = self.among.min(bytes.len() / 8);
        let places = self.words.iter().map(|(place, word)| (place.index(words), *word));
        for (place, word) in places.chain(self.header.iter().copied()) {
            bytes[place * 8..][..8].copy_from_slice(&word.to_ne_bytes());
        }
        bytes.resize(self.length.unwrap_or(bytes.len()), 0xff);
        std::fs::write(path, bytes).expect("a file of ours");
    }
}

fn word() -> impl Strategy<Value = u64> {
    prop_oneof![any::<u64>(), 0..70_000u64, Just(u64::MAX), Just(u64::MAX - 1), Just(1 << 63), Just(1 << 32)]
}

fn damage() -> impl Strategy<Value = Damage> {
    let words = vec((any::<prop::sample::Index>(), word()), 0..40);
    // Magic, version and capacity come first, then what the kind of file keeps there.
    let header = prop_oneof![3 => vec((3..11usize, word()), 0..4), 1 => vec((0..11usize, word()), 0..4)];
    let length = proptest::option::weighted(0.3, prop_oneof![0..300usize, 0..200_000usize]);
    let among = prop_oneof![Just(usize::MAX), Just(64)];
    (words, among, length, header).prop_map(|(words, among, length, header)| Damage {
        words,
        among,
        length,
        header,
    })
}

proptest! {
    #[test]
    fn damaged_records_are_refused_or_read(damage in damage(), capacity in 1..40usize, begun in 0..60u64) {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("records");
        let good = RecordFile::create(&path, capacity).expect("a new file");
        let entry = Entry::private(7).recorded_in(Some(good.clone()));
        for number in 0..begun {
            entry.record(number, number).note(Moment::Done);
        }
        drop((entry, good));
        damage.apply(&path);
        match RecordFile::open(&path) {
            Err(error) => prop_assert_eq!(error.kind(), ErrorKind::InvalidData, "{}", error),
            Ok(file) => {
                // A writer and a reader of what is there.
                let entry = Entry::private(7).recorded_in(Some(file.clone()));
                let mut reader = Reader::new(file.clone());
                for number in 0..3 {
                    entry.record(number, number).note(Moment::Left);
                    prop_assert!(reader.read(number == 2).len() <= 200_000 / 128);
                }
                file.start();
                file.release(file.held());
                file.hold(file.held(), std::time::Duration::ZERO);
                let _ = file.started();
            }
        }
    }

    #[test]
    fn damaged_counters_are_refused_or_read(damage in damage()) {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("counters");
        let good = CounterFile::create(&path).expect("a new file");
        (0..3).for_each(|window| drop(good.claim(window)));
        drop(good);
        damage.apply(&path);
        match CounterFile::open(&path) {
            Err(error) => prop_assert_eq!(error.kind(), ErrorKind::InvalidData, "{}", error),
            Ok(file) => {
                if let Some(entry) = file.claim(9) {
                    entry.count_rendered();
                    entry.count_delivered();
                    entry.count_dropped();
                }
                for entry in file.entries() {
                    let rendered = entry.rendered.load(Relaxed);
                    prop_assert!(entry.on_their_way() <= rendered);
                }
            }
        }
    }
}

/// A length that only the file system believes.
#[test]
fn huge_files_are_not_read_whole() {
    let dir = tempfile::tempdir().expect("a directory");
    for (name, magic) in [("counters", b"glxrunFC"), ("records", b"glxrunFR")] {
        let path = dir.path().join(name);
        let file = std::fs::File::create(&path).expect("a new file");
        file.set_len(1 << 40).expect("a sparse file");
        for capacity in [1, 1 << 20, 1 << 32, u64::MAX] {
            use std::os::unix::fs::FileExt;
            file.write_all_at(magic, 0).expect("room");
            file.write_all_at(&1u64.to_ne_bytes(), 8).expect("room");
            file.write_all_at(&u64::to_ne_bytes(capacity), 16).expect("room");
            let opened = match name {
                "counters" => CounterFile::open(&path).map(|file| file.entries().count()),
                _ => RecordFile::open(&path).map(|file| Reader::new(file).read(true).len()),
            };
            assert!(opened.is_ok_and(|count| count == 0) || capacity > 1, "{name} of {capacity}");
        }
    }
}

/// What is no plain file is refused without waiting for it.
#[test]
fn special_files_are_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let fifo = dir.path().join("fifo");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RWXU).expect("a fifo");
    for path in [fifo.as_path(), Path::new("/dev/zero"), Path::new("/dev/null"), dir.path()] {
        assert!(CounterFile::open(path).is_err(), "{}", path.display());
        assert!(RecordFile::open(path).is_err(), "{}", path.display());
    }
}
