//! What a library in the program tells the user: one line a message on stderr, prefixed `glxrun: `.
//!
//! An error is something that the user must act on or a bug of ours; a warning means that the world did something
//! odd. Each line is one write(2), so lines of several processes do not mix.

use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::settings::LogLevel;

struct Stderr;

impl Log for Stderr {
    fn enabled(&self, metadata: &Metadata) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let line = match record.level() {
            Level::Error | Level::Warn => format!("glxrun: {}\n", record.args()),
            level => format!("glxrun: {}: {}\n", level.as_str().to_ascii_lowercase(), record.args()),
        };
        // An error has nowhere to go.
        let _ = rustix::io::write(rustix::stdio::stderr(), line.as_bytes());
    }

    fn flush(&self) {}
}

/// Starts logging. The program may have set a logger of its own crate graph; ours is private to its library.
pub fn start(level: LogLevel) {
    // Fails only in a forked child that makes a second runtime, where it is set already.
    let _ = log::set_logger(&Stderr);
    log::set_max_level(match level {
        LogLevel::Error => LevelFilter::Error,
        LogLevel::Warn => LevelFilter::Warn,
        LogLevel::Info => LevelFilter::Info,
        LogLevel::Debug => LevelFilter::Debug,
    });
}
