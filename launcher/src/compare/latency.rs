//! `--latency`: the time from an input event to a change of the pixels on the 2D side.
//!
//! Events are injected by XTEST, as if from a keyboard or mouse, and a part of the window is read again and again until it
//! looks different. Reading takes a round trip, some 0.1 ms, which is the precision. A picture that changes without input tells
//! nothing, and then it says so.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    ConnectionExt as _, ImageFormat, InputFocus, KEY_PRESS_EVENT, KEY_RELEASE_EVENT, MOTION_NOTIFY_EVENT,
};
use x11rb::protocol::xtest::ConnectionExt as _;

use crate::display::RustConnection;

/// Events of a run.
const EVENTS: usize = 30;
/// How long the picture may take to change.
const LIMIT: Duration = Duration::from_secs(1);
/// Events without an effect after which it is given up.
const IN_VAIN: usize = 3;
/// How long the picture must have been the same before an event.
const STILL: Duration = Duration::from_millis(40);
/// Size of the part that is watched.
const SIDE: u16 = 32;

/// What is injected.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A key press and its release, by the key's name.
    Key(String),
    /// The pointer, moved to and fro.
    Motion,
}

/// What to inject and where to look.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The event.
    pub input: Input,
    /// Where in the window the watched part's middle is; None: in the window's middle.
    pub at: Option<(i16, i16)>,
}

/// Reads `motion` or `key:NAME`.
pub fn parse_input(text: &str) -> Result<Input> {
    match text.split_once(':') {
        None if text == "motion" => Ok(Input::Motion),
        Some(("key", name)) => {
            keysym(name)?;
            Ok(Input::Key(name.to_owned()))
        }
        _ => bail!("it must be motion or key:NAME, such as key:space"),
    }
}

/// Reads `X,Y`.
pub fn parse_place(text: &str) -> Result<(i16, i16)> {
    let numbers = text.split_once(',').and_then(|(x, y)| Some((x.parse().ok()?, y.parse().ok()?)));
    numbers.context("it must be X,Y in pixels of the window")
}

/// The keysym of a key's name: a character of Latin-1, or one of a few that have none.
fn keysym(name: &str) -> Result<u32> {
    let known = [
        ("space", 0x20),
        ("Return", 0xff0d),
        ("Escape", 0xff1b),
        ("Tab", 0xff09),
        ("Left", 0xff51),
        ("Up", 0xff52),
        ("Right", 0xff53),
        ("Down", 0xff54),
    ];
    if let Some((_, symbol)) = known.iter().find(|(key, _)| *key == name) {
        return Ok(*symbol);
    }
    let mut letters = name.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) if (' '..='\u{ff}').contains(&letter) => Ok(letter as u32),
        _ => bail!(
            "there is no key {name:?}; there are single characters, space, Return, Escape, Tab, Left, Right, Up and Down"
        ),
    }
}

/// Times in ms of events' effects on `window` of the display.
pub fn measure(connection: &RustConnection, screen: usize, window: u32, wanted: &Wanted) -> Result<Vec<f64>> {
    let root = connection.setup().roots.get(screen).context("the X server has no such screen")?.root;
    connection.xtest_get_version(2, 2)?.reply().context("the X server has no XTEST extension")?;
    let size = connection.get_geometry(window)?.reply()?;
    let corner = connection.translate_coordinates(window, root, 0, 0)?.reply()?;
    let side = SIDE.min(size.width).min(size.height);
    let (x, y) = wanted.at.unwrap_or((size.width as i16 / 2, size.height as i16 / 2));
    let inside = |at: i16, length: u16| (at - side as i16 / 2).clamp(0, (length - side) as i16);
    let place = (corner.dst_x + inside(x, size.width), corner.dst_y + inside(y, size.height));
    let look = || -> Result<Vec<u8>> {
        let image =
            connection.get_image(ImageFormat::Z_PIXMAP, root, place.0, place.1, side, side, u32::MAX)?;
        Ok(image.reply().context("the watched part of the window is not on the screen")?.data)
    };
    let move_to = |x: i16, y: i16| connection.xtest_fake_input(MOTION_NOTIFY_EVENT, 0, 0, root, x, y, 0);
    let middle = (corner.dst_x + size.width as i16 / 2, corner.dst_y + size.height as i16 / 2);
    move_to(middle.0, middle.1)?;
    connection.set_input_focus(InputFocus::POINTER_ROOT, window, x11rb::CURRENT_TIME)?;
    let key = match &wanted.input {
        Input::Key(name) => {
            Some(keycode(connection, keysym(name)?).context("the X server's keyboard lacks that key")?)
        }
        Input::Motion => None,
    };

    let mut times = Vec::new();
    let mut in_vain = 0;
    for event in 0..EVENTS {
        let before = wait_until_still(&look)?;
        let start = Instant::now();
        match key {
            Some(key) => connection.xtest_fake_input(KEY_PRESS_EVENT, key, 0, x11rb::NONE, 0, 0, 0)?,
            None => move_to(middle.0 + if event % 2 == 0 { 24 } else { -24 }, middle.1)?,
        };
        connection.flush()?;
        let mut changed = None;
        while changed.is_none() && start.elapsed() < LIMIT {
            if look()? != before {
                changed = Some(start.elapsed());
            }
        }
        if let Some(key) = key {
            connection.xtest_fake_input(KEY_RELEASE_EVENT, key, 0, x11rb::NONE, 0, 0, 0)?;
            connection.flush()?;
        }
        match changed {
            Some(time) => times.push(time.as_secs_f64() * 1e3),
            None => in_vain += 1,
        }
        ensure!(
            in_vain < IN_VAIN,
            "{in_vain} events changed nothing within {} s where it was looked ({side}x{side} pixels around {x},{y}); name another input \
             (--latency) or place (--latency-at)",
            LIMIT.as_secs()
        );
    }
    Ok(times)
}

/// Waits until what is watched has been the same for a while.
fn wait_until_still(look: &impl Fn() -> Result<Vec<u8>>) -> Result<Vec<u8>> {
    let deadline = Instant::now() + LIMIT;
    let (mut seen, mut since) = (look()?, Instant::now());
    while since.elapsed() < STILL {
        std::thread::sleep(Duration::from_millis(2));
        let now = look()?;
        if now != seen {
            (seen, since) = (now, Instant::now());
        }
        ensure!(
            Instant::now() < deadline,
            "the picture changes without input where it is looked, so nothing can be told; name a place that only input changes \
             (--latency-at X,Y)"
        );
    }
    Ok(seen)
}

/// The key that has a symbol, alone or with shift.
fn keycode(connection: &RustConnection, symbol: u32) -> Option<u8> {
    let setup = connection.setup();
    let count = setup.max_keycode - setup.min_keycode + 1;
    let map = connection.get_keyboard_mapping(setup.min_keycode, count).ok()?.reply().ok()?;
    let each = usize::from(map.keysyms_per_keycode).max(1);
    let index = map.keysyms.chunks(each).position(|symbols| symbols.contains(&symbol))?;
    Some(setup.min_keycode + index as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_and_places() {
        assert_eq!(parse_input("motion").expect("an input"), Input::Motion);
        assert_eq!(parse_input("key:space").expect("an input"), Input::Key("space".to_owned()));
        assert_eq!(keysym("a").expect("a key"), 0x61);
        for wrong in ["key", "key:", "key:nothing", "click", ""] {
            parse_input(wrong).expect_err(wrong);
        }
        assert_eq!(parse_place("3,-4").expect("a place"), (3, -4));
        parse_place("3").expect_err("one number");
    }
}
