//! GLX requests that programs send by XCB itself, answered here: the 2D side need not know GLX, and where it does, it
//! knows other configs.
//!
//! A request is replaced by one that every server answers, so that its place in the program's stream is taken; what was
//! asked is remembered until its reply is fetched (glxproto.h has the requests and replies).

use std::collections::HashMap;
use std::ffi::{c_int, c_void};

use parking_lot::Mutex;

use super::{Cookie, input_focus, input_focus_reply, side_of};
use crate::glx::config::AppScreen;
use crate::glx::strings;
use crate::render::attributes as attr;
use crate::runtime::Runtime;

/// What a request asked.
#[derive(Clone, Copy)]
enum Question {
    Version,
    ServerString { name: u32 },
    VisualConfigs { screen: u32 },
    Configs { screen: u32 },
}

/// Questions by connection and sequence number.
static ASKED: Mutex<Option<HashMap<(usize, u32), Question>>> = Mutex::new(None);

fn ask(connection: *mut c_void, question: Question) -> Cookie {
    let cookie = input_focus(connection);
    ASKED.lock().get_or_insert_default().insert((connection as usize, cookie.sequence), question);
    cookie
}

/// xcb_glx_query_version.
pub unsafe fn query_version(connection: *mut c_void, _major: u32, _minor: u32) -> Cookie {
    ask(connection, Question::Version)
}

/// xcb_glx_query_server_string.
pub unsafe fn query_server_string(connection: *mut c_void, _screen: u32, name: u32) -> Cookie {
    ask(connection, Question::ServerString { name })
}

/// xcb_glx_get_visual_configs.
pub unsafe fn get_visual_configs(connection: *mut c_void, screen: u32) -> Cookie {
    ask(connection, Question::VisualConfigs { screen })
}

/// xcb_glx_get_fb_configs.
pub unsafe fn get_fb_configs(connection: *mut c_void, screen: u32) -> Cookie {
    ask(connection, Question::Configs { screen })
}

/// The reply to any of these, malloc'ed for the program to free; null without a 3D side, as on a closed connection.
pub unsafe fn reply(connection: *mut c_void, cookie: Cookie, error: *mut *mut c_void) -> *mut c_void {
    let question =
        ASKED.lock().as_mut().and_then(|asked| asked.remove(&(connection as usize, cookie.sequence)));
    let Some(fetch) = input_focus_reply() else { return std::ptr::null_mut() };
    // SAFETY: the cookie is that of the request sent in the question's place; the reply is malloc'ed for us to free.
    let answered = unsafe { fetch(connection, cookie, error) };
    if answered.is_null() {
        return answered;
    }
    // SAFETY: as above.
    unsafe { libc::free(answered) };
    if Runtime::get().backend.is_none() {
        return std::ptr::null_mut();
    }
    let words = question.and_then(|question| answer(connection, question));
    words.map_or(std::ptr::null_mut(), |(fields, data)| allocate(cookie, fields, &data))
}

/// The fields of the fixed part that differ (its words 2 and 3, or 3 and 4), and what follows it.
struct Fields {
    at: usize,
    values: Vec<u32>,
}

fn answer(connection: *mut c_void, question: Question) -> Option<(Fields, Vec<u32>)> {
    let screen = |number: u32| side_of(connection)?.screens().into_iter().nth(usize::try_from(number).ok()?);
    Some(match question {
        Question::Version => (Fields { at: 2, values: vec![1, 4] }, Vec::new()),
        Question::ServerString { name } => {
            let text = strings::of_server(name as c_int)?.to_bytes_with_nul();
            let words = text.chunks(4).map(|chunk| {
                let mut word = [0; 4];
                word[..chunk.len()].copy_from_slice(chunk);
                u32::from_ne_bytes(word)
            });
            (Fields { at: 3, values: vec![text.len() as u32] }, words.collect())
        }
        Question::VisualConfigs { screen: number } => {
            let (count, properties, data) = visual_configs(&screen(number)?);
            (Fields { at: 2, values: vec![count, properties] }, data)
        }
        Question::Configs { screen: number } => {
            let (count, properties, data) = configs(&screen(number)?);
            (Fields { at: 2, values: vec![count, properties] }, data)
        }
    })
}

/// A reply: 8 bytes of header, 24 of fields, then the data.
fn allocate(cookie: Cookie, fields: Fields, data: &[u32]) -> *mut c_void {
    const FIXED: usize = 8;
    let mut words = vec![0_u32; FIXED];
    let header = [1, 0, cookie.sequence as u8, (cookie.sequence >> 8) as u8];
    words[0] = u32::from_le_bytes(header).to_le();
    words[1] = data.len() as u32;
    for (place, value) in words[fields.at..].iter_mut().zip(fields.values) {
        *place = value;
    }
    words.extend(data);
    // SAFETY: as many bytes as are copied, if there is memory.
    unsafe {
        let copy = libc::malloc(size_of_val(&words[..])).cast::<u32>();
        if !copy.is_null() {
            std::ptr::copy_nonoverlapping(words.as_ptr(), copy, words.len());
        }
        copy.cast()
    }
}

/// The configs that have a visual, each as glxproto.h's fixed list of 18 properties and pairs of further ones.
fn visual_configs(screen: &AppScreen) -> (u32, u32, Vec<u32>) {
    const BY_PLACE: [c_int; 16] = [
        attr::RGBA,
        attr::RED_SIZE,
        attr::GREEN_SIZE,
        attr::BLUE_SIZE,
        attr::ALPHA_SIZE,
        attr::ACCUM_RED_SIZE,
        attr::ACCUM_GREEN_SIZE,
        attr::ACCUM_BLUE_SIZE,
        attr::ACCUM_ALPHA_SIZE,
        attr::DOUBLEBUFFER,
        attr::STEREO,
        attr::BUFFER_SIZE,
        attr::DEPTH_SIZE,
        attr::STENCIL_SIZE,
        attr::AUX_BUFFERS,
        attr::LEVEL,
    ];
    const BY_NAME: [c_int; 4] =
        [attr::CONFIG_CAVEAT, attr::TRANSPARENT_TYPE, attr::SAMPLES, attr::SAMPLE_BUFFERS];
    let mut data = Vec::new();
    let mut count = 0;
    for config in screen.configs {
        let Some(visual) = screen.visual_of(config) else { continue };
        let get = |name| config.attribute(screen, name).unwrap_or(0) as u32;
        data.extend([visual.id, visual.class.into()]);
        data.extend(BY_PLACE.map(get));
        data.extend(BY_NAME.iter().flat_map(|&name| [name as u32, get(name)]));
        count += 1;
    }
    (count, (2 + BY_PLACE.len() + 2 * BY_NAME.len()) as u32, data)
}

/// All configs, each as pairs of attribute and value.
fn configs(screen: &AppScreen) -> (u32, u32, Vec<u32>) {
    let pairs = screen.configs.iter().flat_map(|config| {
        attr::QUERIED
            .iter()
            .flat_map(|&name| [name as u32, config.attribute(screen, name).unwrap_or(0) as u32])
    });
    (screen.configs.len() as u32, attr::QUERIED.len() as u32, pairs.collect())
}
