//! EGL's configs as GLX configs.
//!
//! An EGL pbuffer has one colour buffer; a second pbuffer makes a pair (see [`crate::render::pairs`]), so each EGL config is
//! offered with and without a back buffer and, where it has the colours that screens have, with two buffers for each eye; and with
//! sRGB encoding where a surface can ask for it.

use std::ffi::c_int;

use super::api::{self, Handle, egl};
use crate::render::attributes::{self as attr, Attributes};
use crate::render::pairs::surface::{self, Config};

/// What EGL tells of a config.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Native {
    colour: [c_int; 4],
    depth: c_int,
    stencil: c_int,
    samples: c_int,
    caveat: c_int,
    float: bool,
    pbuffer: [c_int; 3],
}

impl Native {
    fn read(display: Handle, config: Handle) -> Option<Self> {
        let get = |attribute: c_int| {
            let mut value = 0;
            let known = egl!(eglGetConfigAttrib(display, config, attribute, &raw mut value));
            if known == 0 { 0 } else { value }
        };
        let fits = get(api::SURFACE_TYPE) & api::PBUFFER_BIT != 0
            && get(api::RENDERABLE_TYPE) & api::OPENGL_BIT != 0
            && get(api::COLOR_BUFFER_TYPE) == api::RGB_BUFFER
            && get(api::RED_SIZE) > 0;
        let native = Self {
            colour: [api::RED_SIZE, api::GREEN_SIZE, api::BLUE_SIZE, api::ALPHA_SIZE].map(get),
            depth: get(api::DEPTH_SIZE),
            stencil: get(api::STENCIL_SIZE),
            samples: get(api::SAMPLES),
            caveat: match get(api::CONFIG_CAVEAT) {
                api::SLOW_CONFIG => attr::SLOW_CONFIG,
                api::NON_CONFORMANT_CONFIG => attr::NON_CONFORMANT_CONFIG,
                _ => attr::NONE,
            },
            float: get(api::COLOR_COMPONENT_TYPE) == api::COLOR_COMPONENT_TYPE_FLOAT,
            pbuffer: [api::MAX_PBUFFER_WIDTH, api::MAX_PBUFFER_HEIGHT, api::MAX_PBUFFER_PIXELS].map(get),
        };
        fits.then_some(native)
    }

    /// Depths of the visuals that windows of it may have: those of X for its colours, and for 8 bits of alpha both the
    /// usual one and the one of windows with alpha. 0 is left to the number of colour bits.
    fn visual_depths(&self) -> &'static [u8] {
        match self.colour {
            [8, 8, 8, 8] => &[24, 32],
            _ => &[0],
        }
    }

    fn attributes(&self, config: Config, depth: u8, id: c_int) -> Attributes {
        let [red, green, blue, alpha] = self.colour;
        let [width, height, pixels] = self.pbuffer;
        // GLX_RGBA_FLOAT_BIT_ARB.
        let render_type = if self.float { 4 } else { attr::RGBA_BIT };
        // GLX_SWAP_UNDEFINED_OML: what the back buffer holds after a swap is not promised.
        const UNDEFINED: c_int = 0x8063;
        let mut attributes: Attributes = [
            (attr::BUFFER_SIZE, red + green + blue + alpha),
            (attr::LEVEL, 0),
            (attr::DOUBLEBUFFER, config.double.into()),
            (attr::STEREO, config.stereo.into()),
            (attr::AUX_BUFFERS, 0),
            (attr::RED_SIZE, red),
            (attr::GREEN_SIZE, green),
            (attr::BLUE_SIZE, blue),
            (attr::ALPHA_SIZE, alpha),
            (attr::DEPTH_SIZE, self.depth),
            (attr::STENCIL_SIZE, self.stencil),
            (attr::ACCUM_RED_SIZE, 0),
            (attr::ACCUM_GREEN_SIZE, 0),
            (attr::ACCUM_BLUE_SIZE, 0),
            (attr::ACCUM_ALPHA_SIZE, 0),
            (attr::CONFIG_CAVEAT, self.caveat),
            (attr::X_VISUAL_TYPE, attr::TRUE_COLOR),
            (attr::TRANSPARENT_TYPE, attr::NONE),
            (attr::TRANSPARENT_INDEX_VALUE, 0),
            (attr::TRANSPARENT_RED_VALUE, 0),
            (attr::TRANSPARENT_GREEN_VALUE, 0),
            (attr::TRANSPARENT_BLUE_VALUE, 0),
            (attr::TRANSPARENT_ALPHA_VALUE, 0),
            (attr::RENDER_TYPE, render_type),
            (attr::FBCONFIG_ID, id),
            (attr::MAX_PBUFFER_WIDTH, width),
            (attr::MAX_PBUFFER_HEIGHT, height),
            (attr::MAX_PBUFFER_PIXELS, if pixels > 0 { pixels } else { width.saturating_mul(height) }),
            (attr::OPTIMAL_PBUFFER_WIDTH_SGIX, 0),
            (attr::OPTIMAL_PBUFFER_HEIGHT_SGIX, 0),
            (attr::VISUAL_SELECT_GROUP_SGIX, 0),
            (attr::SWAP_METHOD_OML, UNDEFINED),
            (attr::SAMPLE_BUFFERS, (self.samples > 0).into()),
            (attr::SAMPLES, self.samples),
            (attr::FLOAT_COMPONENTS_NV, self.float.into()),
            (attr::FRAMEBUFFER_SRGB_CAPABLE, config.srgb.into()),
        ]
        .into_iter()
        .collect();
        attributes.native_depth = depth;
        attributes
    }
}

/// The GLX configs of a display. `srgb` tells whether its surfaces can have a colour space (EGL_KHR_gl_colorspace).
pub fn read(display: Handle, srgb: bool) -> (Vec<Attributes>, Vec<Config>) {
    let mut natives: Vec<(Native, usize)> = Vec::new();
    for handle in handles(display) {
        if let Some(native) = Native::read(display, handle)
            // Drivers list configs that differ in nothing that GLX knows, such as coverage samples.
            && !natives.iter().any(|(other, _)| *other == native)
        {
            natives.push((native, handle as usize));
        }
    }
    expand(&natives, srgb)
}

fn expand(natives: &[(Native, usize)], srgb: bool) -> (Vec<Attributes>, Vec<Config>) {
    /// GLX_FBCONFIG_ID of the first; ids are XIDs, and small ones belong to the server.
    const FIRST_ID: c_int = 0x100;
    let (mut attributes, mut configs) = (Vec::new(), Vec::new());
    // Those with stereo last, so that programs which take the first that will do do not get them.
    let kinds = [(false, false), (false, true), (true, false), (true, true)];
    for (stereo, encoded) in kinds {
        for (native, handle) in natives {
            let usual = native.colour[..3] == [8, 8, 8] && !native.float;
            if (encoded && !srgb) || ((encoded || stereo) && !usual) {
                continue;
            }
            let depth_or_stencil = surface::buffers_of(native.depth > 0, native.stencil > 0);
            for &depth in native.visual_depths() {
                for &double in if stereo { &[true][..] } else { &[true, false] } {
                    let config = Config {
                        handle: *handle,
                        srgb: encoded,
                        double,
                        stereo,
                        depth_or_stencil,
                        multisampled: native.samples > 1,
                    };
                    attributes.push(native.attributes(config, depth, FIRST_ID + configs.len() as c_int));
                    configs.push(config);
                }
            }
        }
    }
    (attributes, configs)
}

fn handles(display: Handle) -> Vec<Handle> {
    let mut count = 0;
    egl!(eglGetConfigs(display, std::ptr::null_mut(), 0, &raw mut count));
    let mut handles = vec![std::ptr::null_mut(); count.max(0) as usize];
    egl!(eglGetConfigs(display, handles.as_mut_ptr(), count, &raw mut count));
    handles.truncate(count.max(0) as usize);
    handles
}

#[cfg(test)]
mod tests {
    use super::*;

    fn native(colour: [c_int; 4], samples: c_int) -> Native {
        let pbuffer = [4096, 4096, 0];
        Native { colour, depth: 24, stencil: 8, samples, caveat: attr::NONE, float: false, pbuffer }
    }

    #[test]
    fn each_config_comes_with_one_and_with_two_buffers() {
        let (attributes, configs) = expand(&[(native([8, 8, 8, 0], 4), 7)], false);
        assert_eq!(configs.iter().map(|config| config.double).collect::<Vec<_>>(), [true, false, true]);
        assert_eq!(configs.iter().map(|config| config.stereo).collect::<Vec<_>>(), [false, false, true]);
        assert!(configs.iter().all(|config| config.handle == 7 && !config.srgb));
        assert_eq!(attributes[0].value(attr::DOUBLEBUFFER), 1);
        assert_eq!(attributes[0].value(attr::SAMPLE_BUFFERS), 1);
        assert_ne!(attributes[0].value(attr::FBCONFIG_ID), attributes[1].value(attr::FBCONFIG_ID));
        assert!(attributes[0].value(attr::MAX_PBUFFER_PIXELS) > 0);
    }

    #[test]
    fn alpha_is_offered_at_both_depths_and_srgb_comes_last() {
        let (attributes, _) = expand(&[(native([8, 8, 8, 8], 0), 1), (native([5, 6, 5, 0], 0), 2)], true);
        let depths: Vec<_> = attributes.iter().map(|attributes| attributes.native_depth).collect();
        assert_eq!(depths, [24, 24, 32, 32, 0, 0, 24, 24, 32, 32, 24, 32, 24, 32]);
        let srgb: Vec<_> = attributes.iter().map(|a| a.value(attr::FRAMEBUFFER_SRGB_CAPABLE)).collect();
        assert_eq!(srgb, [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1]);
    }
}
