//! Configs (GLXFBConfig): the 3D side's, as the program sees them on its 2D screens.
//!
//! The 2D side need not know GLX, so which config fits which visual is decided here: a config can make windows where
//! the program's screen has a TrueColor visual of the depth that its colours need.

use std::cmp::Ordering;
use std::ffi::{c_int, c_void};

use glxrun_display::{Screen, Visual};
use x11_dl::xlib::Display;

use super::GLXFBConfig;
use super::display::AppDisplay;
use super::texture;
use crate::gl::api as gl;
use crate::render::ConfigIndex;
use crate::render::attributes::{self as attr, Attributes};
use crate::runtime::Runtime;

/// A config that the program may use. Its address is the GLXFBConfig handle.
#[derive(Debug)]
pub struct Config {
    /// What the 3D side says of it.
    pub attributes: Attributes,
    /// The 3D side's config that contexts and pbuffers are made with.
    pub backing: ConfigIndex,
    /// Depth in bits of the visual that its windows need.
    pub depth: u8,
    /// The screen of the program's display that it belongs to.
    pub screen: c_int,
    /// Its place in the list.
    pub index: usize,
    /// It has no alpha, but what it is backed by has (see [`crate::gl::opaque`]).
    pub hides_alpha: bool,
    /// For a multisampled config: one of the 3D side's without samples and with its colours.
    unsampled: Option<ConfigIndex>,
}

/// The core visual class TrueColor (X protocol, section 8).
const TRUE_COLOR_CLASS: u8 = 4;

/// The configs of a screen of the program's, from the 3D side's. They live as long as the process. With `fast` those
/// without alpha are backed by ones with alpha.
pub fn build(native: &[Attributes], screen: c_int, fast: bool) -> &'static [Config] {
    let list = native.iter().enumerate().filter(|(_, attributes)| is_offered(attributes)).enumerate().map(
        |(index, (place, attributes))| {
            let with_alpha = if fast { with_alpha(native, attributes) } else { None };
            let backing = with_alpha.or_else(|| alpha_stand_in(native, attributes)).unwrap_or(place);
            Config {
                attributes: attributes.clone(),
                backing: ConfigIndex(backing),
                depth: visual_depth(attributes),
                screen,
                index,
                hides_alpha: with_alpha.is_some(),
                unsampled: unsampled(native, &native[backing]),
            }
        },
    );
    Box::leak(list.collect())
}

/// RGBA configs of TrueColor visuals. Those of DirectColor are twins of these, and no 2D side needs them.
fn is_offered(attributes: &Attributes) -> bool {
    let visual = attributes.value(attr::X_VISUAL_TYPE);
    attributes.value(attr::RED_SIZE) > 0 && matches!(visual, attr::TRUE_COLOR | attr::NONE | 0)
}

/// The depth of a config's visual: its own on the 3D side, else what its colour bits need.
fn visual_depth(attributes: &Attributes) -> u8 {
    if attributes.native_depth != 0 {
        return attributes.native_depth;
    }
    let colour = [attr::RED_SIZE, attr::GREEN_SIZE, attr::BLUE_SIZE].map(|size| attributes.value(size));
    colour.iter().sum::<c_int>().clamp(0, 32) as u8
}

/// Mesa's pbuffers of configs with 8 bits of alpha and a depth-24 visual raise BadMatch when their front buffer is
/// flushed; the equal config with a depth-32 visual does not, and stands in.
fn alpha_stand_in(native: &[Attributes], wanted: &Attributes) -> Option<usize> {
    if wanted.value(attr::ALPHA_SIZE) != 8 || wanted.native_depth != 24 {
        return None;
    }
    native.iter().position(|other| other.native_depth == 32 && same_but_for(&[], wanted, other))
}

/// For a config of 8 bits a channel without alpha: the same with alpha, and a depth-32 visual if it has one (see
/// [`alpha_stand_in`]).
fn with_alpha(native: &[Attributes], wanted: &Attributes) -> Option<usize> {
    let bits = [attr::RED_SIZE, attr::GREEN_SIZE, attr::BLUE_SIZE, attr::ALPHA_SIZE];
    if bits.map(|size| wanted.value(size)) != [8, 8, 8, 0] {
        return None;
    }
    let fits = |other: &Attributes| {
        other.value(attr::ALPHA_SIZE) == 8
            && other.native_depth != 24
            && same_but_for(&[attr::ALPHA_SIZE, attr::BUFFER_SIZE, attr::BIND_TO_TEXTURE_RGBA], wanted, other)
    };
    native.iter().position(fits)
}

/// Whether two configs are the same but for these attributes, and those that always differ.
fn same_but_for(attributes: &[c_int], one: &Attributes, other: &Attributes) -> bool {
    const DIFFERENT: [c_int; 3] = [attr::FBCONFIG_ID, attr::VISUAL_ID, attr::BIND_TO_TEXTURE_TARGETS];
    attr::QUERIED
        .iter()
        .filter(|attribute| !DIFFERENT.contains(attribute) && !attributes.contains(attribute))
        .all(|&attribute| other.get(attribute) == one.get(attribute))
}

/// A double-buffered config with the same colours and no samples; None for one that has no samples itself.
fn unsampled(native: &[Attributes], sampled: &Attributes) -> Option<ConfigIndex> {
    if sampled.value(attr::SAMPLES) == 0 {
        return None;
    }
    // Drivers (Mesa's check_compatible) refuse a surface whose depth or stencil buffer differs from the context's.
    const SAME: [c_int; 7] = [
        attr::RED_SIZE,
        attr::GREEN_SIZE,
        attr::BLUE_SIZE,
        attr::ALPHA_SIZE,
        attr::DEPTH_SIZE,
        attr::STENCIL_SIZE,
        attr::FRAMEBUFFER_SRGB_CAPABLE,
    ];
    let same =
        |other: &Attributes| SAME.iter().all(|&attribute| other.value(attribute) == sampled.value(attribute));
    let fits = |other: &&Attributes| {
        same(other)
            && is_offered(other)
            && other.value(attr::SAMPLES) == 0
            && other.value(attr::DOUBLEBUFFER) != 0
    };
    // Mesa's alpha configs of depth 24 cannot be flushed (see alpha_stand_in): the deepest is the right one.
    let best = native.iter().filter(fits).max_by_key(|other| other.native_depth)?;
    native.iter().position(|other| std::ptr::eq(other, best)).map(ConfigIndex)
}

impl Config {
    /// The 3D side's config to resolve samples to; None where there are none.
    pub fn without_samples(&self) -> Option<ConfigIndex> {
        self.unsampled
    }

    /// The GL format to resolve samples to; None where there are none.
    pub fn resolved_format(&self) -> Option<u32> {
        let value = |attribute| self.attributes.value(attribute);
        if value(attr::SAMPLES) == 0 {
            return None;
        }
        let srgb = value(attr::FRAMEBUFFER_SRGB_CAPABLE) == 1;
        Some(match (value(attr::RED_SIZE), value(attr::ALPHA_SIZE) > 0, srgb) {
            (10, ..) => gl::RGB10_A2,
            (5, ..) => gl::RGB565,
            (_, true, true) => gl::SRGB8_ALPHA8,
            (_, false, true) => gl::SRGB8,
            (_, true, false) => gl::RGBA8,
            (_, false, false) => gl::RGB8,
        })
    }

    /// The config behind a handle, if it is one.
    pub fn from_handle(handle: GLXFBConfig) -> Option<&'static Self> {
        let configs = Runtime::get()
            .all_configs()
            .into_iter()
            .find(|configs| configs.as_ptr_range().contains(&handle.cast_const().cast()))?;
        configs.iter().find(|config| config.handle() == handle)
    }

    /// The GLXFBConfig that the program holds.
    pub fn handle(&self) -> GLXFBConfig {
        std::ptr::from_ref(self).cast_mut().cast::<c_void>()
    }

    /// Whether it has a back buffer.
    pub fn is_double_buffered(&self) -> bool {
        self.attributes.value(attr::DOUBLEBUFFER) != 0
    }

    /// An attribute as glXGetFBConfigAttrib tells it for a screen; None for one that GLX does not know.
    pub fn attribute(&self, screen: &AppScreen, attribute: c_int) -> Option<c_int> {
        let visual = screen.visual_of(self);
        Some(match attribute {
            attr::VISUAL_ID => visual.map_or(0, |visual| visual.id as c_int),
            attr::X_VISUAL_TYPE => visual.map_or(attr::NONE, |_| attr::TRUE_COLOR),
            attr::X_RENDERABLE => {
                let pixmaps = screen.pixmap_depths.contains(&self.depth);
                (visual.is_some() || pixmaps).into()
            }
            attr::DRAWABLE_TYPE => match visual {
                Some(_) => attr::WINDOW_BIT | attr::PIXMAP_BIT | attr::PBUFFER_BIT,
                None if screen.pixmap_depths.contains(&self.depth) => attr::PIXMAP_BIT | attr::PBUFFER_BIT,
                None => attr::PBUFFER_BIT,
            },
            attr::SCREEN => screen.number,
            attr::USE_GL | attr::RGBA => 1,
            other => {
                let pixmaps = screen.pixmap_depths.contains(&self.depth);
                return texture::attribute(self, pixmaps, other).or_else(|| self.attributes.get(other));
            }
        })
    }
}

/// A screen of the program's display and which of its visuals each config has there.
#[derive(Debug)]
pub struct AppScreen {
    /// Its number.
    pub number: c_int,
    root_depth: u8,
    /// The configs, as GLX knows them on this screen.
    pub configs: &'static [Config],
    visuals: Vec<Option<Visual>>,
    /// Depths that pixmaps can have.
    pixmap_depths: Vec<u8>,
}

impl AppScreen {
    /// Matches the configs with a screen's visuals.
    pub fn new(number: c_int, screen: &Screen, pixmap_depths: Vec<u8>, configs: &'static [Config]) -> Self {
        let mut visuals: Vec<_> =
            configs.iter().map(|config| matching_visual(screen, config.depth, &config.attributes)).collect();
        if visuals.iter().flatten().all(|visual| visual.depth != screen.root_depth) {
            // No config has the root window's colours (a depth-16 screen and a driver without 5-6-5, a depth-30 one and
            // NVIDIA's EGL devices): convert from 8 bits.
            let root = visual_of_depth(screen, screen.root_depth).copied();
            for (visual, config) in visuals.iter_mut().zip(configs) {
                if visual.is_none() && config.attributes.value(attr::RED_SIZE) == 8 {
                    *visual = root;
                }
            }
        }
        Self { number, root_depth: screen.root_depth, configs, visuals, pixmap_depths }
    }

    /// The visual of a config's windows on this screen.
    pub fn visual_of(&self, config: &Config) -> Option<&Visual> {
        self.visuals.get(config.index)?.as_ref()
    }

    /// The config that a window of this visual has if the program never asked for one: double-buffered, with depth
    /// and stencil buffers and alpha where there is one, and nothing that costs (samples, accumulation).
    pub fn default_config(&self, visual: u32) -> Option<&'static Config> {
        let fits = |config: &&Config| self.visual_of(config).is_some_and(|candidate| candidate.id == visual);
        self.configs.iter().filter(fits).min_by_key(|config| {
            let value = |attribute| config.attributes.value(attribute);
            (
                value(attr::CONFIG_CAVEAT) != attr::NONE,
                value(attr::DOUBLEBUFFER) == 0,
                value(attr::SAMPLES),
                value(attr::ACCUM_RED_SIZE),
                (value(attr::DEPTH_SIZE) - 24).abs(),
                (value(attr::STENCIL_SIZE) - 8).abs(),
                -value(attr::ALPHA_SIZE),
                value(attr::FRAMEBUFFER_SRGB_CAPABLE),
            )
        })
    }
}

fn visual_of_depth(screen: &Screen, depth: u8) -> Option<&Visual> {
    let usable = |visual: &&Visual| visual.depth == depth && visual.class == TRUE_COLOR_CLASS;
    let root = screen.visuals.iter().find(|visual| visual.id == screen.root_visual).filter(usable);
    root.or_else(|| screen.visuals.iter().find(usable))
}

fn matching_visual(screen: &Screen, depth: u8, attributes: &Attributes) -> Option<Visual> {
    let visual = visual_of_depth(screen, depth)?;
    let bits = [visual.red_mask, visual.green_mask, visual.blue_mask].map(|mask| mask.count_ones() as c_int);
    let wanted = [attr::RED_SIZE, attr::GREEN_SIZE, attr::BLUE_SIZE].map(|size| attributes.value(size));
    (bits == wanted).then_some(*visual)
}

/// How glXChooseFBConfig compares an attribute (GLX 1.4, table 3.4).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    AtLeast,
    Exact,
    Mask,
    Ignored,
}

fn rule(attribute: c_int) -> Option<Rule> {
    Some(match attribute {
        attr::BUFFER_SIZE
        | attr::AUX_BUFFERS
        | attr::RED_SIZE
        | attr::GREEN_SIZE
        | attr::BLUE_SIZE
        | attr::ALPHA_SIZE
        | attr::DEPTH_SIZE
        | attr::STENCIL_SIZE
        | attr::ACCUM_RED_SIZE
        | attr::ACCUM_GREEN_SIZE
        | attr::ACCUM_BLUE_SIZE
        | attr::ACCUM_ALPHA_SIZE
        | attr::SAMPLE_BUFFERS
        | attr::SAMPLES => Rule::AtLeast,
        attr::LEVEL
        | attr::DOUBLEBUFFER
        | attr::STEREO
        | attr::X_RENDERABLE
        | attr::X_VISUAL_TYPE
        | attr::CONFIG_CAVEAT
        | attr::TRANSPARENT_TYPE
        | attr::TRANSPARENT_INDEX_VALUE
        | attr::TRANSPARENT_RED_VALUE
        | attr::TRANSPARENT_GREEN_VALUE
        | attr::TRANSPARENT_BLUE_VALUE
        | attr::TRANSPARENT_ALPHA_VALUE
        | attr::FBCONFIG_ID
        | attr::VISUAL_SELECT_GROUP_SGIX
        | attr::SWAP_METHOD_OML
        | attr::FLOAT_COMPONENTS_NV
        | attr::FRAMEBUFFER_SRGB_CAPABLE
        | attr::BIND_TO_TEXTURE_RGB
        | attr::BIND_TO_TEXTURE_RGBA
        | attr::BIND_TO_MIPMAP_TEXTURE
        | attr::Y_INVERTED => Rule::Exact,
        attr::DRAWABLE_TYPE | attr::RENDER_TYPE | attr::BIND_TO_TEXTURE_TARGETS => Rule::Mask,
        attr::VISUAL_ID
        | attr::MAX_PBUFFER_WIDTH
        | attr::MAX_PBUFFER_HEIGHT
        | attr::MAX_PBUFFER_PIXELS
        | attr::OPTIMAL_PBUFFER_WIDTH_SGIX
        | attr::OPTIMAL_PBUFFER_HEIGHT_SGIX
        | attr::SCREEN
        // Not for these lists, but programs that come from glXChooseVisual leave them in; drivers do not mind.
        | attr::USE_GL
        | attr::RGBA => Rule::Ignored,
        _ => return None,
    })
}

/// What a program asks of a config: attribute and value, each once.
pub type Wanted = Vec<(c_int, c_int)>;

/// The configs that fit, best first (GLX 1.4, 3.3.3). Attributes that are unknown do not count, as with Mesa: a program
/// that asks for a newer extension's gets what there is.
pub fn matching(screen: &AppScreen, wanted: &Wanted) -> Vec<&'static Config> {
    // An id stands for one config; everything else is then ignored.
    if let Some((_, id)) =
        wanted.iter().find(|(name, id)| *name == attr::FBCONFIG_ID && *id != attr::DONT_CARE)
    {
        let same = |config: &&Config| config.attributes.value(attr::FBCONFIG_ID) == *id;
        return screen.configs.iter().filter(same).collect();
    }
    // -1 is a level like any other, and GLX_DONT_CARE for everything else.
    let counts = |(name, value): &&(c_int, c_int)| *value != attr::DONT_CARE || *name == attr::LEVEL;
    let fits = |config: &&Config| {
        wanted.iter().filter(counts).all(|&(attribute, value)| {
            let actual = config.attribute(screen, attribute).unwrap_or(0);
            match rule(attribute) {
                Some(Rule::AtLeast) => actual >= value,
                Some(Rule::Exact) => actual == value,
                Some(Rule::Mask) => actual & value == value,
                Some(Rule::Ignored) | None => true,
            }
        })
    };
    let mut found: Vec<_> = screen.configs.iter().filter(fits).collect();
    found.sort_by(|a, b| {
        // Windows deeper than the screen (with alpha for a compositor) are for those who ask for them.
        let deep =
            |config: &Config| screen.visual_of(config).is_some_and(|visual| visual.depth > screen.root_depth);
        deep(a).cmp(&deep(b)).then_with(|| preference(&a.attributes, &b.attributes))
    });
    found
}

/// The order that drivers of the field give: fewer caveats, then for each colour none before more, fewer bits in
/// all, single before double buffering, fewer auxiliary and sample buffers, no depth buffer before a deep one, ...
fn preference(a: &Attributes, b: &Attributes) -> Ordering {
    let caveat = |config: &Attributes| match config.value(attr::CONFIG_CAVEAT) {
        attr::SLOW_CONFIG => 1,
        attr::NON_CONFORMANT_CONFIG => 2,
        _ => 0,
    };
    let smaller = |attribute| a.value(attribute).cmp(&b.value(attribute));
    let larger_or_zero = |attribute| match (a.value(attribute), b.value(attribute)) {
        (0, 0) => Ordering::Equal,
        (0, _) => Ordering::Less,
        (_, 0) => Ordering::Greater,
        (a, b) => b.cmp(&a),
    };
    smaller(attr::VISUAL_SELECT_GROUP_SGIX)
        .then_with(|| caveat(a).cmp(&caveat(b)))
        .then_with(|| larger_or_zero(attr::RED_SIZE))
        .then_with(|| larger_or_zero(attr::GREEN_SIZE))
        .then_with(|| larger_or_zero(attr::BLUE_SIZE))
        .then_with(|| larger_or_zero(attr::ALPHA_SIZE))
        .then_with(|| smaller(attr::BUFFER_SIZE))
        .then_with(|| smaller(attr::DOUBLEBUFFER))
        .then_with(|| smaller(attr::AUX_BUFFERS))
        .then_with(|| smaller(attr::SAMPLE_BUFFERS))
        .then_with(|| smaller(attr::SAMPLES))
        .then_with(|| larger_or_zero(attr::DEPTH_SIZE))
        .then_with(|| smaller(attr::STENCIL_SIZE))
        .then_with(|| larger_or_zero(attr::ACCUM_RED_SIZE))
        .then_with(|| larger_or_zero(attr::ACCUM_GREEN_SIZE))
        .then_with(|| larger_or_zero(attr::ACCUM_BLUE_SIZE))
        .then_with(|| larger_or_zero(attr::ACCUM_ALPHA_SIZE))
}

/// glXChooseFBConfig's list over its defaults. GLX_DONT_CARE is a legal value of all but the level.
fn wanted_of(list: *const c_int) -> Wanted {
    let mut wanted: Wanted = vec![
        (attr::LEVEL, 0),
        (attr::STEREO, 0),
        (attr::RENDER_TYPE, attr::RGBA_BIT),
        (attr::DRAWABLE_TYPE, attr::WINDOW_BIT),
        (attr::TRANSPARENT_TYPE, attr::NONE),
    ];
    for (attribute, value) in pairs(list) {
        match wanted.iter_mut().find(|(name, _)| *name == attribute) {
            Some(entry) => entry.1 = value,
            None => wanted.push((attribute, value)),
        }
    }
    wanted
}

/// The pairs of a list that ends with None (0); a null list is empty.
pub fn pairs(list: *const c_int) -> impl Iterator<Item = (c_int, c_int)> {
    let mut place = list;
    std::iter::from_fn(move || {
        // SAFETY: GLX lists hold pairs up to the terminator.
        unsafe {
            if place.is_null() || *place == 0 {
                return None;
            }
            let pair = (*place, *place.add(1));
            place = place.add(2);
            Some(pair)
        }
    })
}

/// An array of handles for the program to XFree; null when empty.
fn array_of(found: &[&'static Config], count: *mut c_int) -> *mut GLXFBConfig {
    // SAFETY: the program passes a place for the count (null is tolerated).
    if let Some(count) = unsafe { count.as_mut() } {
        *count = found.len() as c_int;
    }
    if found.is_empty() {
        return std::ptr::null_mut();
    }
    // SAFETY: Xlib's XFree is free(3), so the array comes from malloc.
    unsafe {
        let array = libc::malloc(size_of_val(found)).cast::<GLXFBConfig>();
        if !array.is_null() {
            for (place, config) in found.iter().enumerate() {
                array.add(place).write(config.handle());
            }
        }
        array
    }
}

/// Puts the config that each visual stands for first, for programs (SFML) that list all configs and take the first one
/// whose visual is the one they have: where a server has a visual for each config, there is just one.
fn meant_first(display: &AppDisplay, screen: &AppScreen, found: &mut [&'static Config]) {
    let mut visuals: Vec<u32> = screen.visuals.iter().flatten().map(|visual| visual.id).collect();
    visuals.sort_unstable();
    visuals.dedup();
    let choices = display.choices();
    let meant = |visual| choices.last(screen.number, visual).or_else(|| screen.default_config(visual));
    let first: Vec<_> = visuals.into_iter().filter_map(meant).collect();
    found.sort_by_key(|config| !first.iter().any(|meant| std::ptr::eq(*meant, *config)));
}

/// glXChooseFBConfig.
pub unsafe fn choose(
    dpy: *mut Display,
    screen: c_int,
    list: *const c_int,
    count: *mut c_int,
) -> *mut GLXFBConfig {
    let found = AppDisplay::of(dpy).and_then(|display| {
        let screen = display.screen(screen)?;
        let mut found = matching(screen, &wanted_of(list));
        if pairs(list).next().is_none() {
            meant_first(&display, screen, &mut found);
        } else {
            display.choices().queried(&found);
        }
        Some(found)
    });
    array_of(&found.unwrap_or_default(), count)
}

/// glXChooseFBConfigSGIX.
pub unsafe fn choose_sgix(
    dpy: *mut Display,
    screen: c_int,
    list: *mut c_int,
    count: *mut c_int,
) -> *mut GLXFBConfig {
    // SAFETY: the same contract.
    unsafe { choose(dpy, screen, list, count) }
}

/// glXGetFBConfigs.
pub unsafe fn all(dpy: *mut Display, screen: c_int, count: *mut c_int) -> *mut GLXFBConfig {
    let found = AppDisplay::of(dpy).and_then(|display| {
        let screen = display.screen(screen)?;
        let mut found: Vec<_> = screen.configs.iter().collect();
        meant_first(&display, screen, &mut found);
        Some(found)
    });
    array_of(&found.unwrap_or_default(), count)
}

/// glXGetFBConfigAttrib.
pub unsafe fn get_attribute(
    dpy: *mut Display,
    config: GLXFBConfig,
    attribute: c_int,
    value: *mut c_int,
) -> c_int {
    let Some(display) = AppDisplay::of(dpy) else { return attr::BAD_ATTRIBUTE };
    let Some(config) = Config::from_handle(config) else {
        display.raise(super::error::GlxError::BadFBConfig, 0, super::error::minor::GET_FB_CONFIGS);
        return attr::BAD_VALUE;
    };
    match display.screen(config.screen).and_then(|screen| config.attribute(screen, attribute)) {
        Some(actual) => {
            // SAFETY: the program passes a place for the value.
            unsafe { *value = actual };
            attr::SUCCESS
        }
        None => attr::BAD_ATTRIBUTE,
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
