//! How a run finds and joins a session.

use std::ffi::OsStr;

use anyhow::{Result, anyhow};
use glxrun_contract::settings::{Mode, Session, Settings};

use super::place;
use crate::Variable;
use crate::display::{Server, display_variable};
use crate::xauth::Cookie;

/// The name of a session that was not given one.
pub const DEFAULT: &str = "default";
/// In a session's answer, beside the variables of a program: the cookie of its 2D side, and where it can be looked at.
const COOKIE: &str = "cookie";
const VIEW: &str = "view";

/// A session that was found.
pub struct Found {
    /// Its name.
    pub name: String,
    /// How to connect to its 2D side.
    pub two: Server,
    /// What leads a program to its sides.
    pub variables: Vec<Variable>,
    /// Where it can be looked at.
    pub view: Option<String>,
}

/// The answer to those who look for a session.
pub fn answer(two: &Server, variables: Vec<Variable>, view: Option<&str>) -> Vec<Variable> {
    let mut answer = variables;
    answer.extend(two.cookie.as_ref().map(|cookie| (COOKIE.into(), cookie.to_hex().into())));
    answer.extend(view.map(|view| (VIEW.into(), view.into())));
    answer
}

/// The session that a run joins, if any: one that is named, or the default one where DISPLAY says nothing.
pub fn find(settings: &Settings) -> Result<Option<Found>> {
    match &settings.session {
        Some(Session::None) => Ok(None),
        Some(Session::Named(name)) => named(name).map(Some),
        // What draws by itself needs a 2D side with GLX.
        None if settings.mode == Mode::Direct || display_variable()?.is_some() => Ok(None),
        None => look_up(DEFAULT),
    }
}

/// The session of this name, which must be running.
pub fn named(name: &str) -> Result<Found> {
    look_up(name)?.ok_or_else(|| {
        anyhow!("no session {name:?} of this user is running; start one with glxrun session --session {name}")
    })
}

/// The session of this name, if it is running.
pub fn look_up(name: &str) -> Result<Option<Found>> {
    let Some(mut variables) = place::look_up(name)? else { return Ok(None) };
    let mut take = |name: &str| {
        let index = variables.iter().position(|(known, _)| known == OsStr::new(name))?;
        variables.swap_remove(index).1.into_string().ok()
    };
    let cookie = take(COOKIE).and_then(|text| Cookie::from_hex(&text));
    let view = take(VIEW);
    let display = variables.iter().find(|(name, _)| name == "DISPLAY");
    let display = display.and_then(|(_, value)| value.to_str()).unwrap_or_default().to_owned();
    Ok(Some(Found { name: name.to_owned(), two: Server { name: display, cookie }, variables, view }))
}
