//! Configs: the driver's own, told as they are for the program's X server.
//!
//! A config that can make pbuffers can make windows of the 2D side's visual that holds its colours. Which visual a
//! config has is decided by us, like for GLX: the 2D side's server knows nothing of the 3D side's.

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::ptr::null_mut;

use glxrun_display::{Screen, Visual};
use x11_dl::xlib::{VisualIDMask, XVisualInfo};

use super::display::{AppDisplay, pairs};
use super::native::Native;
use super::numbers as egl;
use super::{EGLBoolean, EGLConfig, EGLDisplay, FALSE, TRUE, driver, error, lifetime};
use crate::interpose::Inside;
use crate::x11::Xlib;

/// The core visual classes (X protocol, section 8), which are EGL's native visual types.
const TRUE_COLOR: c_int = 4;
const DIRECT_COLOR: c_int = 5;

/// The largest swap interval that we accept.
pub const MAX_SWAP_INTERVAL: c_int = 1000;

/// A config of the driver's as the program sees it.
#[derive(Clone, Debug)]
pub struct Config {
    handle: usize,
    /// EGL_SURFACE_TYPE as the program is to see it.
    pub surface_type: c_int,
    /// The visual of its windows.
    visual: Option<Visual>,
}

/// All configs, in the driver's order.
#[derive(Debug)]
pub struct Configs(Vec<Config>);

impl Configs {
    /// The config behind a handle.
    pub fn find(&self, config: EGLConfig) -> Option<&Config> {
        self.0.iter().find(|known| known.handle == config as usize)
    }
}

/// The colours of a config and the visual that it has on the 3D side.
#[derive(Clone, Copy, Debug)]
struct Colours {
    red: c_int,
    green: c_int,
    blue: c_int,
    /// Depth of the visual that its windows need.
    depth: u8,
    /// Its class.
    class: c_int,
}

/// Reads the driver's configs and matches them with the program's screen.
pub fn read(display: &AppDisplay, native: &Native) -> Option<Configs> {
    let screen = native.side.server.screens().get(native.screen)?;
    let mut count = 0;
    driver!(eglGetConfigs(display.handle(), null_mut(), 0, &raw mut count));
    let mut handles = vec![null_mut(); usize::try_from(count).ok()?];
    if driver!(eglGetConfigs(display.handle(), handles.as_mut_ptr(), count, &raw mut count)) == 0 {
        return None;
    }
    handles.truncate(usize::try_from(count).ok()?);
    let get = |config, attribute| {
        let mut value = 0;
        driver!(eglGetConfigAttrib(display.handle(), config, attribute, &raw mut value));
        value
    };
    let mut configs: Vec<(Config, Colours)> = handles
        .into_iter()
        .map(|handle| {
            let colours = colours(display, |attribute| get(handle, attribute));
            let surface_type = get(handle, egl::SURFACE_TYPE);
            let visual =
                (surface_type & egl::PBUFFER_BIT != 0).then(|| visual_of(screen, &colours)).flatten();
            (Config { handle: handle as usize, surface_type, visual }, colours)
        })
        .collect();
    if configs.iter().all(|(config, _)| config.visual.is_none()) {
        // No config has just these colours (a depth-16 screen, a driver without 5-6-5): convert from 8 bits.
        let root = screen.visuals.iter().find(|visual| visual.id == screen.root_visual).copied();
        for (config, colours) in &mut configs {
            if colours.red == 8 && config.surface_type & egl::PBUFFER_BIT != 0 {
                config.visual = root;
            }
        }
    }
    let has_pixmaps = |depth: u8| native.side.server.bits_per_pixel(depth).is_some();
    let as_seen = configs.into_iter().map(|(mut config, colours)| {
        config.surface_type =
            surface_type(config.surface_type, config.visual.is_some(), has_pixmaps(colours.depth));
        config
    });
    Some(Configs(as_seen.filter(|config| config.surface_type != 0).collect()))
}

/// The surfaces of a config that has `theirs` on the 3D side.
fn surface_type(theirs: c_int, has_visual: bool, has_pixmaps: bool) -> c_int {
    let mut bits = theirs & !(egl::WINDOW_BIT | egl::PIXMAP_BIT | egl::SWAP_BEHAVIOR_PRESERVED_BIT);
    if theirs & egl::PBUFFER_BIT == 0 {
        return bits;
    }
    if has_visual {
        // A pbuffer keeps its content when it is read.
        bits |= egl::WINDOW_BIT | egl::SWAP_BEHAVIOR_PRESERVED_BIT;
    }
    if has_pixmaps {
        bits |= egl::PIXMAP_BIT;
    }
    bits
}

fn colours(display: &AppDisplay, get: impl Fn(c_int) -> c_int) -> Colours {
    let (red, green, blue) = (get(egl::RED_SIZE), get(egl::GREEN_SIZE), get(egl::BLUE_SIZE));
    let needed = (red + green + blue).clamp(0, 32) as u8;
    let class = match get(egl::NATIVE_VISUAL_TYPE) {
        DIRECT_COLOR => DIRECT_COLOR,
        _ => TRUE_COLOR,
    };
    let depth = native_depth(display, get(egl::NATIVE_VISUAL_ID)).unwrap_or(needed);
    Colours { red, green, blue, depth, class }
}

/// The depth of a visual of the 3D side's X server.
fn native_depth(display: &AppDisplay, visual: c_int) -> Option<u8> {
    if display.xlib().is_null() || visual == 0 {
        return None;
    }
    let xlib = Xlib::get().ok()?;
    let _inside = Inside::enter();
    let mut wanted = MaybeUninit::<XVisualInfo>::zeroed();
    let mut count = 0;
    // SAFETY: our own Display; only the id of the template is read; the list is Xlib's to free.
    unsafe {
        (*wanted.as_mut_ptr()).visualid = visual as _;
        let found = (xlib.XGetVisualInfo)(display.xlib(), VisualIDMask, wanted.as_mut_ptr(), &raw mut count);
        if found.is_null() {
            return None;
        }
        let depth = (*found).depth;
        (xlib.XFree)(found.cast());
        u8::try_from(depth).ok()
    }
}

/// The visual of the 2D side's screen that has these colours; the root window's if that is one.
fn visual_of(screen: &Screen, colours: &Colours) -> Option<Visual> {
    let wanted = [colours.red, colours.green, colours.blue];
    let fits = |visual: &&Visual| {
        let bits =
            [visual.red_mask, visual.green_mask, visual.blue_mask].map(|mask| mask.count_ones() as c_int);
        visual.depth == colours.depth && c_int::from(visual.class) == colours.class && bits == wanted
    };
    let root = screen.visuals.iter().find(|visual| visual.id == screen.root_visual).filter(fits);
    root.or_else(|| screen.visuals.iter().find(fits)).copied()
}

/// What a program asks of a config, apart into what the driver can judge and what only we can.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wanted {
    /// The driver's list, with its terminator.
    theirs: Vec<c_int>,
    surface_type: c_int,
    visual_type: Option<c_int>,
    native_renderable: Option<bool>,
}

impl Wanted {
    fn of(list: &[(c_int, c_int)]) -> Self {
        let mut wanted = Self { surface_type: egl::WINDOW_BIT, ..Self::default() };
        // An id stands for one config; everything else is then ignored (EGL 1.5, 3.4.1).
        if let Some((name, id)) =
            list.iter().find(|(name, id)| *name == egl::CONFIG_ID && *id != egl::DONT_CARE)
        {
            return Self { theirs: vec![*name, *id, egl::NONE], surface_type: 0, ..wanted };
        }
        for &(name, value) in list {
            let asked = (value != egl::DONT_CARE).then_some(value);
            match name {
                egl::SURFACE_TYPE => wanted.surface_type = asked.unwrap_or(0),
                egl::NATIVE_VISUAL_TYPE => wanted.visual_type = asked,
                egl::NATIVE_RENDERABLE => wanted.native_renderable = asked.map(|value| value != 0),
                egl::MIN_SWAP_INTERVAL | egl::MAX_SWAP_INTERVAL | egl::MATCH_NATIVE_PIXMAP => {}
                _ => wanted.theirs.extend([name, value]),
            }
        }
        let ours = egl::WINDOW_BIT | egl::PIXMAP_BIT | egl::SWAP_BEHAVIOR_PRESERVED_BIT;
        // Whatever is asked for, a pbuffer will stand in for it.
        let theirs = if wanted.surface_type & ours != 0 { egl::PBUFFER_BIT } else { 0 };
        wanted.theirs.extend([egl::SURFACE_TYPE, theirs | (wanted.surface_type & !ours), egl::NONE]);
        wanted
    }

    fn accepts(&self, config: &Config) -> bool {
        config.surface_type & self.surface_type == self.surface_type
            && self.visual_type.is_none_or(|class| visual_type(config) == class)
            && self.native_renderable.is_none_or(|wanted| config.visual.is_some() == wanted)
    }
}

/// Whether an attribute that the driver is not asked for may have this value; it judges the others.
fn is_allowed(name: c_int, value: c_int) -> bool {
    match name {
        egl::NATIVE_RENDERABLE => matches!(value, 0 | 1 | egl::DONT_CARE),
        egl::MIN_SWAP_INTERVAL | egl::MAX_SWAP_INTERVAL => value >= 0 || value == egl::DONT_CARE,
        _ => true,
    }
}

fn visual_type(config: &Config) -> c_int {
    config.visual.map_or(egl::NONE, |visual| visual.class.into())
}

/// Writes configs as EGL's functions give them: all counted without an array, else as many as it holds.
///
/// # Safety
/// `array` is null or has room for `size` configs.
unsafe fn give(found: &[EGLConfig], array: *mut EGLConfig, size: c_int, count: *mut c_int) -> EGLBoolean {
    // SAFETY: the program passes a place for the count.
    let Some(count) = (unsafe { count.as_mut() }) else { return error::fail(egl::BAD_PARAMETER) };
    let given =
        if array.is_null() { found.len() } else { found.len().min(usize::try_from(size).unwrap_or(0)) };
    if !array.is_null() {
        // SAFETY: the caller's contract; `given` is not more than `size`.
        unsafe { std::ptr::copy_nonoverlapping(found.as_ptr(), array, given) };
    }
    *count = given as c_int;
    error::succeed()
}

/// eglGetConfigs.
pub unsafe fn all(dpy: EGLDisplay, array: *mut EGLConfig, size: c_int, count: *mut c_int) -> EGLBoolean {
    if lifetime::refuses(dpy) {
        return FALSE;
    }
    let Some(configs) = AppDisplay::find(dpy).and_then(|display| display.configs()) else {
        return error::theirs(driver!(eglGetConfigs(dpy, array, size, count)));
    };
    let handles: Vec<EGLConfig> = configs.0.iter().map(|config| config.handle as EGLConfig).collect();
    // SAFETY: EGL's contract for the arguments.
    unsafe { give(&handles, array, size, count) }
}

/// eglChooseConfig: the driver chooses and sorts, those that do not fit the 2D side are left out.
pub unsafe fn choose(
    dpy: EGLDisplay,
    attribs: *const c_int,
    array: *mut EGLConfig,
    size: c_int,
    count: *mut c_int,
) -> EGLBoolean {
    if lifetime::refuses(dpy) {
        return FALSE;
    }
    let Some(configs) = AppDisplay::find(dpy).and_then(|display| display.configs()) else {
        return error::theirs(driver!(eglChooseConfig(dpy, attribs, array, size, count)));
    };
    let list = pairs(attribs, |value| value);
    if !list.iter().all(|(name, value)| is_allowed(*name, *value)) {
        return error::fail(egl::BAD_ATTRIBUTE);
    }
    let wanted = Wanted::of(&list);
    let mut found = vec![null_mut(); configs.0.len() + 64];
    let (room, mut number) = (found.len() as c_int, 0);
    if driver!(eglChooseConfig(dpy, wanted.theirs.as_ptr(), found.as_mut_ptr(), room, &raw mut number)) == 0 {
        return error::theirs(0);
    }
    found.truncate(usize::try_from(number).unwrap_or(0));
    found.retain(|&handle| configs.find(handle).is_some_and(|config| wanted.accepts(config)));
    // Programs take the first one's visual, whatever surface they asked for; EGL's X11 platform has hardly any without.
    found.sort_by_key(|&handle| configs.find(handle).is_none_or(|config| config.visual.is_none()));
    // SAFETY: EGL's contract for the arguments.
    unsafe { give(&found, array, size, count) }
}

/// eglGetConfigAttrib.
pub unsafe fn get_attribute(
    dpy: EGLDisplay,
    config: EGLConfig,
    attribute: c_int,
    value: *mut c_int,
) -> EGLBoolean {
    if lifetime::refuses(dpy) {
        return FALSE;
    }
    let configs = AppDisplay::find(dpy).and_then(|display| display.configs());
    let theirs = driver!(eglGetConfigAttrib(dpy, config, attribute, value));
    let known = configs.as_ref().and_then(|configs| configs.find(config)).filter(|_| theirs == TRUE);
    // SAFETY: the driver has just written there, or there is none.
    let (Some(config), Some(value)) = (known, unsafe { value.as_mut() }) else {
        return error::theirs(theirs);
    };
    match attribute {
        egl::SURFACE_TYPE => *value = config.surface_type,
        egl::NATIVE_VISUAL_ID => *value = config.visual.map_or(0, |visual| visual.id as c_int),
        egl::NATIVE_VISUAL_TYPE => *value = visual_type(config),
        egl::NATIVE_RENDERABLE => *value = config.visual.is_some().into(),
        egl::MIN_SWAP_INTERVAL => *value = 0,
        egl::MAX_SWAP_INTERVAL => *value = MAX_SWAP_INTERVAL,
        _ => {}
    }
    error::theirs(theirs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_asked_of_us_and_pbuffers_of_the_driver() {
        let wanted = Wanted::of(&[(egl::RED_SIZE, 8)]);
        assert_eq!(wanted.surface_type, egl::WINDOW_BIT);
        assert_eq!(wanted.theirs, [egl::RED_SIZE, 8, egl::SURFACE_TYPE, egl::PBUFFER_BIT, egl::NONE]);
        let any = Wanted::of(&[(egl::SURFACE_TYPE, egl::DONT_CARE)]);
        assert_eq!((any.surface_type, &any.theirs[..]), (0, &[egl::SURFACE_TYPE, 0, egl::NONE][..]));
    }

    #[test]
    fn an_id_stands_alone() {
        let wanted = Wanted::of(&[(egl::RED_SIZE, 8), (egl::CONFIG_ID, 7)]);
        assert_eq!(wanted.theirs, [egl::CONFIG_ID, 7, egl::NONE]);
        assert_eq!(wanted.surface_type, 0);
    }

    #[test]
    fn what_has_pbuffers_has_windows_where_the_screen_has_a_visual() {
        assert_eq!(surface_type(egl::PBUFFER_BIT, false, false), egl::PBUFFER_BIT);
        assert_eq!(surface_type(egl::WINDOW_BIT, true, true), 0);
        let all = egl::PBUFFER_BIT | egl::PIXMAP_BIT | egl::WINDOW_BIT | egl::SWAP_BEHAVIOR_PRESERVED_BIT;
        assert_eq!(surface_type(egl::PBUFFER_BIT, true, true), all);
    }

    #[test]
    fn the_root_windows_visual_comes_first() {
        let visual = |id, class| Visual {
            id,
            depth: 24,
            class,
            bits_per_rgb: 8,
            colormap_entries: 256,
            red_mask: 0xff_0000,
            green_mask: 0xff00,
            blue_mask: 0xff,
        };
        let visuals = vec![visual(1, 5), visual(2, 4), visual(3, 4)];
        let screen = Screen { root: 0, root_visual: 3, root_depth: 24, width: 1, height: 1, visuals };
        let colours = |class, depth| Colours { red: 8, green: 8, blue: 8, depth, class };
        assert_eq!(visual_of(&screen, &colours(TRUE_COLOR, 24)).map(|visual| visual.id), Some(3));
        assert_eq!(visual_of(&screen, &colours(DIRECT_COLOR, 24)).map(|visual| visual.id), Some(1));
        assert_eq!(visual_of(&screen, &colours(TRUE_COLOR, 32)), None);
    }
}
