//! The lists of names, and calls as they are written.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::line::{CAPACITY, Line};
use super::names::{BITS, EGL, GL, GLX};
use super::sink::ROOM;
use super::{Argument, Raw, text};
use crate::interpose::khronos;

/// A list as the registry has it: what can stand in the rows' arguments, one name for each value.
fn registered(api: &str) -> BTreeMap<u64, String> {
    let xml = khronos::text(api);
    let registry = khronos::parse(&xml);
    let groups = khronos::enum_groups(&registry);
    let mut found: BTreeMap<u64, String> = BTreeMap::new();
    for entry in
        registry.descendants().filter(|node| node.has_tag_name("enum") && node.has_attribute("value"))
    {
        let (Some(name), Some(value)) = (entry.attribute("name"), entry.attribute("value")) else { continue };
        let Some(value) = khronos::number(value) else { continue };
        let of_list = entry.parent_element();
        let namespace = of_list.and_then(|list| list.attribute("namespace")).unwrap_or_default();
        let wanted = match api {
            "gl" => {
                let own = entry.attribute("group").unwrap_or_default();
                own.split(',').any(|group| groups.contains(group))
            }
            // Bits and codes have namespaces of their own there.
            "glx" => namespace == "GLX" && value != 0 && name != "GLX_DONT_CARE",
            _ => namespace == "EGL" && (0x3000..0x4000).contains(&value),
        };
        if wanted {
            // The shortest is the one without a vendor.
            let kept = found.entry(value).or_insert_with(|| name.to_owned());
            if name.len() < kept.len() {
                name.clone_into(kept);
            }
        }
    }
    found
}

fn bits_are_enums(api: &str) -> BTreeMap<String, u64> {
    let xml = khronos::text(api);
    let registry = khronos::parse(&xml);
    let entries = registry.descendants().filter(|node| node.has_tag_name("enum"));
    entries
        .filter_map(|entry| {
            Some((entry.attribute("name")?.to_owned(), khronos::number(entry.attribute("value")?)?))
        })
        .collect()
}

/// The lists in `names/` are what the registry says. `GLXRUN_BLESS=1` writes them anew.
#[test]
fn names_are_those_of_the_registry() {
    for (api, names) in [("gl", &GL), ("glx", &GLX), ("egl", &EGL)] {
        if std::env::var_os("GLXRUN_BLESS").is_some() {
            let lines: String =
                registered(api).iter().map(|(value, name)| format!("{value:#06x} {name}\n")).collect();
            let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("src/trace/names/{api}.txt"));
            fs::write(&path, lines).unwrap();
            continue;
        }
        let known = bits_are_enums(api);
        for (value, name) in names.entries() {
            assert_eq!(known.get(name), Some(&value), "{name}: {api}.xml says otherwise");
        }
        // A newer registry has more of them.
        assert!(names.entries().count() > 100, "{api}");
    }
}

#[test]
fn bits_are_those_of_the_registry() {
    let known = bits_are_enums("gl");
    for (bit, name) in BITS {
        assert_eq!(known.get(name), Some(&bit), "{name}");
    }
}

fn shown(function: &str, arguments: &[(&'static str, &'static str, u64)]) -> String {
    let arguments: Vec<Argument> =
        arguments.iter().map(|&(name, kind, value)| Argument { name, kind, value }).collect();
    let mut line = Line::new();
    text::call(&mut line, function, &arguments);
    let whole = String::from_utf8(line.bytes().to_vec()).unwrap();
    let (_, after) = whole.split_once(' ').unwrap();
    after.split_once(' ').unwrap().1.to_owned()
}

fn ended(function: &str, arguments: &[Argument], kind: &'static str, answer: u64) -> String {
    let line = text::outcome(function, arguments, kind, answer, Duration::from_micros(1_000_002));
    String::from_utf8(line.bytes().to_vec()).unwrap()
}

#[test]
fn enums_have_names() {
    assert_eq!(shown("glDrawBuffer", &[("buffer", "GLenum", 0x0404)]), "glDrawBuffer(buffer=GL_FRONT)");
    assert_eq!(shown("glDrawBuffer", &[("buffer", "GLenum", 0xdead)]), "glDrawBuffer(buffer=0xdead)");
    assert_eq!(
        shown("glClear", &[("mask", "GLbitfield", 0x4100)]),
        "glClear(mask=GL_DEPTH_BUFFER_BIT|GL_COLOR_BUFFER_BIT)"
    );
    let list = [0x8ce0_u32, 0];
    let buffers = ("buffers", "*const GLenum", list.as_ptr().raw());
    assert_eq!(
        shown("glDrawBuffers", &[("count", "c_int", 2), buffers]),
        format!("glDrawBuffers(count=2, buffers=[GL_COLOR_ATTACHMENT0, GL_NONE])")
    );
}

#[test]
fn attributes_have_names_and_values() {
    // GLX_RGBA, GLX_DOUBLEBUFFER, GLX_DEPTH_SIZE 24, None
    let visual = [4, 5, 12, 24, 0];
    assert_eq!(
        shown("glXChooseVisual", &[("attribs", "*mut c_int", visual.as_ptr().raw())]),
        "glXChooseVisual(attribs=[GLX_RGBA, GLX_DOUBLEBUFFER, GLX_DEPTH_SIZE=24])"
    );
    let config = [5, 1, 12, -1, 0];
    assert_eq!(
        shown("glXChooseFBConfig", &[("attribs", "*const c_int", config.as_ptr().raw())]),
        "glXChooseFBConfig(attribs=[GLX_DOUBLEBUFFER=1, GLX_DEPTH_SIZE=-1])"
    );
    let egl = [0x3024_isize, 8, 0x3038];
    assert_eq!(
        shown("eglCreatePlatformWindowSurface", &[("attribs", "*const EGLAttrib", egl.as_ptr().raw())]),
        "eglCreatePlatformWindowSurface(attribs=[EGL_RED_SIZE=8])"
    );
    assert_eq!(shown("eglChooseConfig", &[("attribs", "*const EGLint", 0)]), "eglChooseConfig(attribs=null)");
}

#[test]
fn outcomes_tell_what_was_put_where() {
    let value = 24;
    let argument = Argument { name: "value", kind: "*mut c_int", value: (&raw const value).raw() };
    assert_eq!(ended("glXGetConfig", &[argument], "c_int", 0), " = 0, value=24 <1.000002>");
    assert_eq!(ended("glFlush", &[], "()", 0), " = void <1.000002>");
    assert_eq!(ended("eglGetError", &[], "EGLint", 0x3000), " = EGL_SUCCESS <1.000002>");
    let text = c"GLX_ARB_\"multisample\"\n";
    assert_eq!(
        ended("glXQueryExtensionsString", &[], "*const c_char", text.as_ptr().raw()),
        r#" = "GLX_ARB_\"multisample\"\x0a" <1.000002>"#
    );
}

#[test]
fn long_texts_are_cut_and_durations_stay() {
    let text = std::ffi::CString::new("\n".repeat(500)).unwrap();
    let long = ended("glXQueryExtensionsString", &[], "*const c_char", text.as_ptr().raw());
    assert_eq!(long.len(), ROOM);
    assert!(long.ends_with(" <1.000002>"), "{long}");
    let name: u64 = text.as_ptr().raw();
    let many: Vec<_> = (0..40).map(|_| ("name", "*const c_char", name)).collect();
    assert!(shown("glXGetProcAddress", &many).len() < CAPACITY);
}
