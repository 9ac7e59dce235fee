//! Contexts: GLX's attributes in EGL's terms.

use std::ffi::c_int;

use once_cell::sync::OnceCell;
use parking_lot::Mutex;

use super::api::{self, Handle, egl};
use crate::gl::features::Features;
use crate::gl::selection::Selection;
use crate::render::attributes as attr;
use crate::render::{ContextRequest, Failure};

/// A context and which buffers the program has selected in it.
pub struct EglContext {
    /// The EGLContext.
    pub handle: usize,
    /// OpenGL ES, whose framebuffer has no front buffer to name.
    pub es: bool,
    /// It raises no errors (GLX_ARB_create_context_no_error).
    pub no_error: bool,
    /// The selected buffers. Locked by the thread in which the context is current.
    pub selection: Mutex<Selection>,
    /// What its GL can do; asked when it is current.
    pub features: OnceCell<Features>,
}

/// glx.h and glxext.h.
mod glx {
    use std::ffi::c_int;

    pub const MAJOR_VERSION: c_int = 0x2091;
    pub const MINOR_VERSION: c_int = 0x2092;
    pub const FLAGS: c_int = 0x2094;
    pub const RELEASE_BEHAVIOR: c_int = 0x2097;
    pub const RENDER_TYPE: c_int = 0x8011;
    pub const SCREEN: c_int = 0x800C;
    pub const RESET_NOTIFICATION_STRATEGY: c_int = 0x8256;
    pub const LOSE_CONTEXT_ON_RESET: c_int = 0x8252;
    pub const NO_RESET_NOTIFICATION: c_int = 0x8261;
    pub const PROFILE_MASK: c_int = 0x9126;
    pub const NO_ERROR: c_int = 0x31B3;
    /// GLX_ARB_fbconfig_float.
    pub const RGBA_FLOAT_TYPE: c_int = 0x20B9;

    pub const DEBUG_BIT: c_int = 1;
    pub const FORWARD_COMPATIBLE_BIT: c_int = 2;
    pub const ROBUST_ACCESS_BIT: c_int = 4;
    pub const CORE_PROFILE_BIT: c_int = 1;
    pub const COMPATIBILITY_PROFILE_BIT: c_int = 2;
    pub const ES_PROFILE_BIT: c_int = 4;
}

/// The core errors BadValue and BadMatch, GLXBadFBConfig and GLXBadProfileARB (GLX_ARB_create_context, _profile).
const BAD_VALUE: Failure = Failure::X(2);
const BAD_MATCH: Failure = Failure::X(8);
const BAD_FB_CONFIG: Failure = Failure::Glx(9);
const BAD_PROFILE: Failure = Failure::Glx(13);

/// An EGL attribute list without its end, and whether the context is an OpenGL ES one.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wanted {
    es: bool,
    no_error: bool,
    list: Vec<c_int>,
}

/// Whether a version of OpenGL is defined, or may be in drivers to come, which then say themselves that they lack it.
fn is_defined(major: c_int, minor: c_int) -> bool {
    let last = match major {
        1 => 5,
        2 => 1,
        3 => 3,
        _ => c_int::MAX,
    };
    major >= 1 && (0..=last).contains(&minor)
}

/// Refuses what GLX has no words for. Of several faults the first in this order counts, as with an X server's own GLX.
fn refuse(attributes: &[c_int], float: Option<bool>) -> Result<(), Failure> {
    let pairs = || attributes.chunks_exact(2).map(|pair| (pair[0], pair[1]));
    let values = |wanted: c_int| pairs().filter(move |(name, _)| *name == wanted).map(|(_, value)| value);
    let last = |wanted: c_int| values(wanted).next_back();
    let strategies = [glx::NO_RESET_NOTIFICATION, glx::LOSE_CONTEXT_ON_RESET];
    if values(glx::RESET_NOTIFICATION_STRATEGY).any(|strategy| !strategies.contains(&strategy)) {
        return Err(BAD_VALUE);
    }
    let flags = last(glx::FLAGS).unwrap_or(0);
    let es = last(glx::PROFILE_MASK) == Some(glx::ES_PROFILE_BIT);
    let major = last(glx::MAJOR_VERSION).unwrap_or(1);
    if !es && !is_defined(major, last(glx::MINOR_VERSION).unwrap_or(0)) {
        return Err(BAD_MATCH);
    }
    last(glx::RENDER_TYPE).map_or(Ok(()), |value| render_type(value, float))?;
    if flags & !(glx::DEBUG_BIT | glx::FORWARD_COMPATIBLE_BIT | glx::ROBUST_ACCESS_BIT) != 0 {
        return Err(BAD_VALUE);
    }
    let profiles = [glx::CORE_PROFILE_BIT, glx::COMPATIBILITY_PROFILE_BIT, glx::ES_PROFILE_BIT];
    if last(glx::PROFILE_MASK).is_some_and(|profile| !profiles.contains(&profile)) {
        return Err(BAD_PROFILE);
    }
    let forward = flags & glx::FORWARD_COMPATIBLE_BIT != 0;
    let no_error = last(glx::NO_ERROR).is_some_and(|value| value != 0);
    if no_error && flags & (glx::DEBUG_BIT | glx::ROBUST_ACCESS_BIT) != 0 {
        return Err(BAD_MATCH);
    }
    const KNOWN: [c_int; 8] = [
        glx::MAJOR_VERSION,
        glx::MINOR_VERSION,
        glx::FLAGS,
        glx::PROFILE_MASK,
        glx::RESET_NOTIFICATION_STRATEGY,
        glx::RELEASE_BEHAVIOR,
        glx::NO_ERROR,
        glx::RENDER_TYPE,
    ];
    if !pairs().all(|(name, _)| KNOWN.contains(&name) || name == glx::SCREEN) {
        return Err(BAD_VALUE);
    }
    if forward && major < 3 && !es { Err(BAD_MATCH) } else { Ok(()) }
}

/// `float` tells whether the config has floating-point colours; None where no config can have them.
fn translate(attributes: &[c_int], float: Option<bool>) -> Result<Wanted, Failure> {
    refuse(attributes, float)?;
    let pairs = || attributes.chunks_exact(2).map(|pair| (pair[0], pair[1]));
    let last = |wanted: c_int| pairs().rfind(|(name, _)| *name == wanted).map(|(_, value)| value);
    let es = last(glx::PROFILE_MASK) == Some(glx::ES_PROFILE_BIT);
    let no_error = last(glx::NO_ERROR).is_some_and(|value| value != 0);
    let mut list = Vec::new();
    for (name, value) in pairs() {
        match name {
            glx::MAJOR_VERSION => list.extend([api::CONTEXT_MAJOR_VERSION, value]),
            glx::MINOR_VERSION => list.extend([api::CONTEXT_MINOR_VERSION, value]),
            glx::FLAGS => {
                if es && value & glx::ROBUST_ACCESS_BIT != 0 {
                    list.extend([api::CONTEXT_OPENGL_ROBUST_ACCESS_EXT, 1]);
                }
                // The bits have the same values in both.
                let flags = if es { value & glx::DEBUG_BIT } else { value };
                list.extend([api::CONTEXT_FLAGS, flags]);
            }
            glx::PROFILE_MASK if value == glx::ES_PROFILE_BIT => {}
            glx::PROFILE_MASK => list.extend([api::CONTEXT_OPENGL_PROFILE_MASK, value]),
            glx::RESET_NOTIFICATION_STRATEGY => {
                let name = match es {
                    true => api::CONTEXT_OPENGL_RESET_NOTIFICATION_STRATEGY_EXT,
                    false => api::CONTEXT_OPENGL_RESET_NOTIFICATION_STRATEGY,
                };
                list.extend([
                    name,
                    match value {
                        glx::LOSE_CONTEXT_ON_RESET => api::LOSE_CONTEXT_ON_RESET,
                        _ => api::NO_RESET_NOTIFICATION,
                    },
                ]);
            }
            // 0 and GLX_CONTEXT_RELEASE_BEHAVIOR_FLUSH_ARB have the same values in EGL.
            glx::RELEASE_BEHAVIOR => list.extend([api::CONTEXT_RELEASE_BEHAVIOR, value]),
            glx::NO_ERROR => list.extend([api::CONTEXT_OPENGL_NO_ERROR, (value != 0).into()]),
            // GLX_RENDER_TYPE and GLX_SCREEN have nothing to say to EGL.
            _ => {}
        }
    }
    Ok(Wanted { es, no_error, list })
}

/// Whether a context may render in this type (GLX_RENDER_TYPE).
fn render_type(value: c_int, float: Option<bool>) -> Result<(), Failure> {
    match value {
        attr::RGBA_TYPE => Ok(()),
        attr::COLOR_INDEX_TYPE => Err(BAD_MATCH),
        glx::RGBA_FLOAT_TYPE => match float {
            Some(true) => Ok(()),
            Some(false) => Err(BAD_MATCH),
            None => Err(BAD_VALUE),
        },
        _ => Err(BAD_VALUE),
    }
}

/// What the failure of an EGL call is in GLX.
pub fn failure(error: c_int) -> Failure {
    match error {
        api::BAD_ATTRIBUTE => BAD_VALUE,
        // "If config does not support ... the requested API version ...": a version or flags that the driver lacks.
        api::BAD_MATCH | api::BAD_CONFIG => BAD_FB_CONFIG,
        api::BAD_CONTEXT => Failure::Glx(0),
        api::BAD_ALLOC => Failure::X(11),
        _ => Failure::Silent,
    }
}

/// Makes a context, with `config` where the driver cannot do without (null otherwise); `float` tells whether the
/// requested one has floating-point colours, None that none has. `shared` is the context to share with.
pub fn create(
    display: Handle,
    config: Handle,
    float: Option<bool>,
    request: &ContextRequest,
    shared: Option<&EglContext>,
) -> Result<EglContext, Failure> {
    let Wanted { es, no_error, mut list } = match request.attributes {
        Some(attributes) => translate(attributes, float)?,
        None => translate(&[glx::RENDER_TYPE, request.render_type], float)?,
    };
    // Contexts that share must agree (GLX_ARB_create_context_no_error).
    if shared.is_some_and(|shared| shared.no_error != no_error) {
        return Err(BAD_MATCH);
    }
    list.push(api::NONE);
    let share = request.share.map_or(std::ptr::null_mut(), |context| context.0 as Handle);
    // Which API is bound is the program's own state in this thread.
    let bound = egl!(eglQueryAPI());
    egl!(eglBindAPI(if es { api::OPENGL_ES_API } else { api::OPENGL_API }));
    let handle = egl!(eglCreateContext(display, config, share, list.as_ptr()));
    let result = match handle.is_null() {
        true => Err(failure(api::error())),
        false => Ok(EglContext {
            handle: handle as usize,
            es,
            no_error,
            selection: Mutex::default(),
            features: OnceCell::new(),
        }),
    };
    egl!(eglBindAPI(bound));
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(attributes: &[c_int]) -> Vec<c_int> {
        translate(attributes, Some(false)).expect("a good list").list
    }

    #[test]
    fn versions_profiles_and_flags() {
        let wanted = [glx::MAJOR_VERSION, 4, glx::MINOR_VERSION, 5, glx::PROFILE_MASK, 1, glx::FLAGS, 3];
        assert_eq!(list(&wanted), [0x3098, 4, 0x30FB, 5, 0x30FD, 1, 0x30FC, 3]);
    }

    #[test]
    fn es_profiles_are_another_api() {
        let wanted = translate(&[glx::PROFILE_MASK, 4, glx::MAJOR_VERSION, 2, glx::FLAGS, 4], Some(false))
            .expect("a good list");
        assert!(wanted.es);
        assert_eq!(wanted.list, [0x3098, 2, 0x30BF, 1, 0x30FC, 0]);
    }

    #[test]
    fn robustness_no_error_and_flush_control() {
        let wanted = [0x8256, 0x8252, 0x31B3, 1, 0x2097, 0];
        assert_eq!(list(&wanted), [0x31BD, 0x31BF, 0x31B3, 1, 0x2097, 0]);
    }

    #[test]
    fn nonsense_is_refused_as_glx_does() {
        assert_eq!(translate(&[0x1234, 1], Some(false)), Err(BAD_VALUE));
        assert_eq!(translate(&[glx::PROFILE_MASK, 3], Some(false)), Err(BAD_PROFILE));
        for version in [[1, 6], [2, 2], [3, 4], [0, 0], [-1, 0], [1, -1]] {
            let list = [glx::MAJOR_VERSION, version[0], glx::MINOR_VERSION, version[1]];
            assert_eq!(translate(&list, Some(false)), Err(BAD_MATCH), "{version:?}");
        }
        assert_eq!(translate(&[glx::FLAGS, 2], Some(false)), Err(BAD_MATCH));
        assert_eq!(translate(&[glx::RENDER_TYPE, glx::RGBA_FLOAT_TYPE], Some(false)), Err(BAD_MATCH));
        assert!(translate(&[glx::RENDER_TYPE, glx::RGBA_FLOAT_TYPE], Some(true)).is_ok());
        assert_eq!(translate(&[glx::RENDER_TYPE, glx::RGBA_FLOAT_TYPE], None), Err(BAD_VALUE));
        assert_eq!(translate(&[glx::NO_ERROR, 1, glx::FLAGS, 1], None), Err(BAD_MATCH));
        assert_eq!(translate(&[glx::RENDER_TYPE, 1], Some(false)), Err(BAD_VALUE));
        assert_eq!(translate(&[glx::FLAGS, 0x100], Some(false)), Err(BAD_VALUE));
        assert_eq!(translate(&[glx::RESET_NOTIFICATION_STRATEGY, 5], Some(false)), Err(BAD_VALUE));
        let several = [glx::PROFILE_MASK, 8, glx::MAJOR_VERSION, -7, 0x1234, 1];
        assert_eq!(translate(&several, Some(false)), Err(BAD_MATCH));
    }
}
