use super::*;

fn shape(width: u32, height: u32) -> Shape {
    Shape { width, height, stride: width * 4, bits_per_pixel: 32, masks: [0xff0000, 0xff00, 0xff] }
}

#[test]
fn the_newest_frame_is_read_once() {
    let (mut writer, file) = Writer::new(64).expect("memory");
    let reader = Reader::new(file).expect("the same");
    let mut frame = Frame::default();
    assert!(!reader.read(&mut frame), "there is none yet");
    for time in 1..=5 {
        writer.write(time, &shape(2, 2), &[time as u8; 16]);
    }
    assert!(reader.read(&mut frame));
    assert_eq!((frame.time, frame.shape, frame.pixels.as_slice()), (5, shape(2, 2), &[5; 16][..]));
    assert!(!reader.read(&mut frame), "it is the same");
}

#[test]
fn what_is_wanted_reaches_the_writer_and_sizes_the_reader() {
    let (writer, file) = Writer::new(64).expect("memory");
    let reader = Reader::new(file).expect("the same");
    assert_eq!(writer.interval(), Some(0));
    reader.want(None);
    assert_eq!(writer.interval(), None);
    reader.want(Some(7));
    assert_eq!(writer.interval(), Some(7));
    writer.tell_size(640, 480);
    assert_eq!(reader.size(), (640, 480));
}

#[test]
fn what_does_not_fit_is_not_written() {
    let (mut writer, file) = Writer::new(1).expect("memory");
    assert!(writer.fits(&shape(32, 32)) && !writer.fits(&shape(32, 33)));
    let reader = Reader::new(file).expect("the same");
    writer.write(1, &shape(32, 33), &[0; 32 * 33 * 4]);
    writer.write(1, &shape(2, 2), &[0; 15]);
    assert!(!reader.read(&mut Frame::default()));
    assert!(Writer::new(MOST + 1).is_err());
}

#[test]
fn strange_memory_and_strange_numbers_are_refused() {
    let unsealed = memfd_create("x", MemfdFlags::CLOEXEC).expect("memory");
    ftruncate(&unsealed, Memory::length(HEADER) as u64).expect("a size");
    assert!(Reader::new(unsealed).is_err());
    let short = memfd_create("x", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).expect("memory");
    fcntl_add_seals(&short, SealFlags::SHRINK).expect("a seal");
    assert!(Reader::new(short).is_err());

    let (writer, file) = Writer::new(64).expect("memory");
    let reader = Reader::new(file).expect("the same");
    let header = writer.memory.header();
    for bad in [
        Shape { stride: 4, ..shape(2, 2) },
        shape(33, 32),
        Shape { stride: u32::MAX, height: u32::MAX, ..shape(2, 2) },
        Shape { height: 0, ..shape(2, 2) },
    ] {
        header.areas[0].set(1, &bad);
        header.latest.store(1, SeqCst);
        assert!(!reader.read(&mut Frame::default()), "{bad:?}");
    }
    header.latest.store(99, SeqCst);
    assert!(!reader.read(&mut Frame::default()));
}

#[test]
fn frames_are_never_torn() {
    let (mut writer, file) = Writer::new(16 << 10).expect("memory");
    let reader = Reader::new(file).expect("the same");
    let last = 20_000_u64;
    let writing = std::thread::spawn(move || {
        for time in 1..=last {
            writer.write(time, &shape(64, 64), &[time as u8; 16 << 10]);
        }
    });
    let mut frame = Frame::default();
    while frame.time < last {
        if reader.read(&mut frame) {
            assert!(frame.pixels.iter().all(|byte| *byte == frame.time as u8), "frame {}", frame.time);
        }
    }
    writing.join().expect("no panic");
}
