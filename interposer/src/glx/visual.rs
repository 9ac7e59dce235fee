//! Visuals: GLX 1.0's way to choose a config.
//!
//! A 2D side without GLX has a handful of visuals for hundreds of configs. So a visual means the config that the
//! program last chose with it (see [`Choices`](super::display::Choices)), and until then the default one
//! ([`AppScreen::default_config`]).

use std::ffi::c_int;

use x11_dl::xlib::{Display, XVisualInfo};

use super::GLXFBConfig;
use super::config::{AppScreen, Config, Wanted, matching};
use super::display::AppDisplay;
use crate::render::attributes as attr;
use crate::x11::Xlib;

/// glXChooseVisual's list in the terms of glXChooseFBConfig (GLX 1.4, 3.3.3 and 3.5).
///
/// The list mixes flags and pairs. As drivers do, it gives RGBA configs also where GLX_RGBA is left out (there are no
/// others).
fn wanted_of(list: *const c_int) -> Wanted {
    let mut wanted: Wanted = vec![
        (attr::DOUBLEBUFFER, 0),
        (attr::STEREO, 0),
        (attr::LEVEL, 0),
        (attr::RENDER_TYPE, attr::RGBA_BIT),
        (attr::DRAWABLE_TYPE, attr::WINDOW_BIT),
        (attr::TRANSPARENT_TYPE, attr::DONT_CARE),
    ];
    let mut place = list;
    let mut next = || {
        // SAFETY: the list ends with None (0), which is not passed.
        unsafe {
            let value = *place;
            place = place.add(1);
            value
        }
    };
    loop {
        let (attribute, value) = match next() {
            0 => break,
            attr::USE_GL | attr::RGBA => continue,
            flag @ (attr::DOUBLEBUFFER | attr::STEREO) => (flag, 1),
            attribute => (attribute, next()),
        };
        match wanted.iter_mut().find(|(name, _)| *name == attribute) {
            Some(entry) => entry.1 = value,
            None => wanted.push((attribute, value)),
        }
    }
    wanted
}

/// glXChooseVisual.
pub unsafe fn choose(dpy: *mut Display, screen: c_int, list: *mut c_int) -> *mut XVisualInfo {
    let choose = || {
        let display = AppDisplay::of(dpy)?;
        let screen = display.screen(screen)?;
        if list.is_null() {
            return None;
        }
        let found = matching(screen, &wanted_of(list));
        display.choices().queried(&found);
        describe(&display, screen, found.first()?)
    };
    choose().unwrap_or(std::ptr::null_mut())
}

/// glXGetVisualFromFBConfig.
pub unsafe fn of_config(dpy: *mut Display, config: GLXFBConfig) -> *mut XVisualInfo {
    let of_config = || {
        let display = AppDisplay::of(dpy)?;
        let config = Config::from_handle(config)?;
        describe(&display, display.screen(config.screen)?, config)
    };
    of_config().unwrap_or(std::ptr::null_mut())
}

/// The XVisualInfo of a config, for the program to XFree.
fn describe(display: &AppDisplay, screen: &AppScreen, config: &'static Config) -> Option<*mut XVisualInfo> {
    let visual = screen.visual_of(config)?.id;
    let xlib = Xlib::get().ok()?;
    // SAFETY: all zeroes is a valid template.
    let mut template: XVisualInfo = unsafe { std::mem::zeroed() };
    template.visualid = visual.into();
    template.screen = screen.number;
    const VISUAL_ID_AND_SCREEN: i64 = 1 | 2;
    let mut count = 0;
    // SAFETY: a live Display, a template whose named fields are set, an out parameter.
    let info = unsafe {
        (xlib.XGetVisualInfo)(display.dpy(), VISUAL_ID_AND_SCREEN, &raw mut template, &raw mut count)
    };
    if info.is_null() {
        return None;
    }
    display.choices().given(info as usize, screen.number, visual, config);
    Some(info)
}

/// The config that a visual stands for.
pub fn config_of(display: &AppDisplay, visual: *const XVisualInfo) -> Option<&'static Config> {
    // SAFETY: the program passes a visual that it got from Xlib or us, or null.
    let info = unsafe { visual.as_ref() }?;
    let (screen, id) = (info.screen, info.visualid as u32);
    let chosen = display.choices().config(visual as usize, screen, id);
    chosen.or_else(|| display.screen(screen)?.default_config(id))
}

/// glXGetFBConfigFromVisualSGIX.
pub unsafe fn to_config(dpy: *mut Display, visual: *mut XVisualInfo) -> GLXFBConfig {
    AppDisplay::of(dpy)
        .and_then(|display| config_of(&display, visual))
        .map_or(std::ptr::null_mut(), Config::handle)
}

/// glXGetConfig.
pub unsafe fn get_config(
    dpy: *mut Display,
    visual: *mut XVisualInfo,
    attribute: c_int,
    value: *mut c_int,
) -> c_int {
    let Some(display) = AppDisplay::of(dpy) else { return attr::BAD_VISUAL };
    // SAFETY: the program passes a visual and a place for the value.
    let (Some(info), Some(value)) = (unsafe { visual.as_ref() }, unsafe { value.as_mut() }) else {
        return attr::BAD_VISUAL;
    };
    let Some(screen) = display.screen(info.screen) else { return attr::BAD_SCREEN };
    let Some(config) = config_of(&display, visual) else {
        // A visual without GL may only be asked whether it has GL.
        *value = 0;
        return if attribute == attr::USE_GL { attr::SUCCESS } else { attr::BAD_VISUAL };
    };
    let actual = match attribute {
        attr::USE_GL | attr::RGBA => Some(1),
        other => config.attribute(screen, other),
    };
    match actual {
        Some(actual) => {
            *value = actual;
            attr::SUCCESS
        }
        None => attr::BAD_ATTRIBUTE,
    }
}
