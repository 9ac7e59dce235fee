//! Text to values. Each function gives None for what [`super::Setting::allowed`] does not describe.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use super::{
    Damage, LogLevel, Mode, Moment, Opaque, Readback, Records, Session, Shot, Sink, Size, Spoil, Stereo,
    Transport, View, WindowManager,
};

pub fn text(value: &OsStr) -> Option<String> {
    value.to_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Whether it names a GPU is for the launcher to see.
pub fn xorg(value: &OsStr) -> Option<Option<String>> {
    text(value).map(|name| Some(name).filter(|name| name != "off"))
}

pub fn path(value: &OsStr) -> Option<PathBuf> {
    (!value.is_empty()).then(|| value.into())
}

pub fn on_off(value: &OsStr) -> Option<bool> {
    match value.to_str()? {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

pub fn spoil(value: &OsStr) -> Option<Spoil> {
    match value.to_str()? {
        "on" => Some(Spoil::On),
        "off" => Some(Spoil::Off),
        _ => None,
    }
}

pub fn transport(value: &OsStr) -> Option<Transport> {
    match value.to_str()? {
        "auto" => Some(Transport::Auto),
        "memfd" => Some(Transport::Memfd),
        "sysv" => Some(Transport::SysV),
        "putimage" => Some(Transport::PutImage),
        _ => None,
    }
}

pub fn readback(value: &OsStr) -> Option<Readback> {
    match value.to_str()? {
        "auto" => Some(Readback::Auto),
        "direct" => Some(Readback::Direct),
        "pbo" => Some(Readback::Pbo),
        "cuda" => Some(Readback::Cuda),
        _ => None,
    }
}

pub fn opaque(value: &OsStr) -> Option<Opaque> {
    match value.to_str()? {
        "exact" => Some(Opaque::Exact),
        "fast" => Some(Opaque::Fast),
        _ => None,
    }
}

/// The outer None is an error; the inner one is "off".
pub fn samples(value: &OsStr) -> Option<Option<u32>> {
    match value.to_str()? {
        "off" => Some(None),
        number => whole(number).filter(|number| *number <= 64).map(|number| Some(number as u32)),
    }
}

pub fn stereo(value: &OsStr) -> Option<Stereo> {
    Some(match value.to_str()? {
        "left" => Stereo::Left,
        "right" => Stereo::Right,
        "redcyan" => Stereo::RedCyan,
        "greenmagenta" => Stereo::GreenMagenta,
        "blueyellow" => Stereo::BlueYellow,
        "interleaved" => Stereo::Interleaved,
        "columns" => Stereo::Columns,
        "checkerboard" => Stereo::Checkerboard,
        "sidebyside" => Stereo::SideBySide,
        "topbottom" => Stereo::TopBottom,
        _ => return None,
    })
}

pub fn gamma(value: &OsStr) -> Option<f64> {
    decimal(value.to_str()?).filter(|factor| (0.1..=10.0).contains(factor))
}

pub fn damage(value: &OsStr) -> Option<Damage> {
    match value.to_str()? {
        "auto" => Some(Damage::Auto),
        "off" => Some(Damage::Off),
        _ => None,
    }
}

pub fn sink(value: &OsStr) -> Option<Sink> {
    match value.to_str()? {
        "auto" => Some(Sink::Auto),
        "shm" => Some(Sink::Shm),
        "framebuffer" => Some(Sink::Framebuffer),
        _ => None,
    }
}

pub fn mode(value: &OsStr) -> Option<Mode> {
    match value.to_str()? {
        "split" => Some(Mode::Split),
        "direct" => Some(Mode::Direct),
        _ => None,
    }
}

pub fn log_level(value: &OsStr) -> Option<LogLevel> {
    match value.to_str()? {
        "error" => Some(LogLevel::Error),
        "warn" => Some(LogLevel::Warn),
        "info" => Some(LogLevel::Info),
        "debug" => Some(LogLevel::Debug),
        _ => None,
    }
}

pub fn size(value: &OsStr) -> Option<Size> {
    let (width, height) = value.to_str()?.split_once('x')?;
    let side = |text| whole(text).filter(|side| (1..=32767).contains(side)).map(|side| side as u16);
    Some(Size { width: side(width)?, height: side(height)? })
}

/// Digits only: no sign, no space, no exponent.
pub fn whole(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// `auto`, `off` or a path.
pub fn records(value: &OsStr) -> Option<Records> {
    Some(match value.to_str() {
        Some("auto") => Records::Auto,
        Some("off") => Records::Off,
        _ => Records::File(path(value)?),
    })
}

/// Whole numbers above 0 with commas between them.
pub fn wholes(text: &str) -> Option<Vec<u64>> {
    text.split(',').map(|part| whole(part).filter(|number| *number > 0)).collect()
}

/// Digits with at most one decimal point, so that neither `inf` nor `1e9` pass.
pub fn decimal(text: &str) -> Option<f64> {
    let decimal = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    decimal.then(|| text.parse().ok()).flatten().filter(|number: &f64| number.is_finite())
}

pub fn fps(value: &OsStr) -> Option<f64> {
    decimal(value.to_str()?)
}

pub fn above_zero(text: &str) -> Option<f64> {
    decimal(text).filter(|number| *number > 0.0)
}

pub fn bands(value: &OsStr) -> Option<u16> {
    value.to_str()?.parse().ok().filter(|bands| (1..=64).contains(bands))
}

/// The outer None is an error; the inner one is "off".
pub fn stats(value: &OsStr) -> Option<Option<f64>> {
    match value.to_str()? {
        "off" => Some(None),
        seconds => decimal(seconds).filter(|seconds| (0.1..=86400.0).contains(seconds)).map(Some),
    }
}

pub fn view(value: &OsStr) -> Option<View> {
    match value.to_str()? {
        "none" => Some(View::None),
        "vnc" => Some(View::Vnc),
        "web" => Some(View::Web),
        _ => None,
    }
}

pub fn port(value: &OsStr) -> Option<u16> {
    u16::try_from(whole(value.to_str()?)?).ok()
}

pub fn wm(value: &OsStr) -> Option<WindowManager> {
    Some(match value.to_str().filter(|text| !text.is_empty())? {
        "auto" => WindowManager::Auto,
        "none" => WindowManager::None,
        program => WindowManager::Named(program.to_owned()),
    })
}

pub fn session(value: &OsStr) -> Option<Session> {
    let name = value.to_str()?;
    // The name is part of a file's: no leading dot, nothing that leads elsewhere.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let good = (1..=64).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with('.');
    good.then(|| if name == "none" { Session::None } else { Session::Named(name.to_owned()) })
}

pub fn video(value: &OsStr) -> Option<PathBuf> {
    let bytes = value.as_bytes();
    let named = bytes.len() > 4 && bytes[bytes.len() - 4..].eq_ignore_ascii_case(b".mp4");
    named.then(|| value.into())
}

/// `FILE.png`, `FILE.png@SECONDS` or `FILE.png@frame:N`. The file's own name may hold an `@`.
pub fn shot(value: &OsStr) -> Option<Shot> {
    let bytes = value.as_bytes();
    let png = |file: &[u8]| {
        let named = file.len() > 4 && file[file.len() - 4..].eq_ignore_ascii_case(b".png");
        named.then(|| PathBuf::from(OsString::from_vec(file.to_vec())))
    };
    if let Some(file) = png(bytes) {
        return Some(Shot { file, moment: Moment::Seconds(1.0) });
    }
    let at = bytes.iter().rposition(|byte| *byte == b'@')?;
    let moment = std::str::from_utf8(&bytes[at + 1..]).ok()?;
    let moment = match moment.strip_prefix("frame:") {
        Some(frame) => Moment::Frame(whole(frame).filter(|frame| *frame > 0)?),
        None => Moment::Seconds(decimal(moment).filter(|seconds| *seconds <= 86400.0)?),
    };
    Some(Shot { file: png(&bytes[..at])?, moment })
}
