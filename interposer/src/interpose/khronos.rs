//! The rows held against Khronos' registry: names, numbers and types of parameters, types of results.
//!
//! gl.xml and glx.xml are those of Debian's package khronos-api; egl.xml, which it lacks, is in `interposer/khronos`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use roxmltree::{Document, Node, ParsingOptions};

use super::{Library, Row, TABLE};

/// The registry of `gl`, `glx` or `egl`.
pub fn text(api: &str) -> String {
    let path = match api {
        "egl" => concat!(env!("CARGO_MANIFEST_DIR"), "/khronos/egl.xml").to_owned(),
        _ => format!("/usr/share/khronos-api/{api}.xml"),
    };
    let text = fs::read_to_string(&path);
    text.unwrap_or_else(|error| panic!("{path}: {error}. Run: apt-get install khronos-api"))
}

/// A registry's text as a tree.
pub fn parse(text: &str) -> Document<'_> {
    Document::parse_with_options(text, ParsingOptions { allow_dtd: true, ..Default::default() }).unwrap()
}

/// A number as a registry writes it.
pub fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// The groups of enums that the parameters of GL's rows name.
pub fn enum_groups<'a>(registry: &'a Document) -> BTreeSet<&'a str> {
    let functions = functions(registry);
    let of_rows = rows(Library::Gl).filter_map(|row| functions.get(row.name.to_str().ok()?));
    let parameters = of_rows.flat_map(|node| node.children().filter(|child| child.has_tag_name("param")));
    // Bits have a list of their own.
    parameters
        .filter(|node| c_type(*node).contains("GLenum"))
        .filter_map(|node| node.attribute("group"))
        .collect()
}

fn functions<'a>(registry: &'a Document) -> BTreeMap<&'a str, Node<'a, 'a>> {
    let commands = registry.descendants().filter(|node| node.has_tag_name("command"));
    commands
        .filter_map(|command| {
            let proto = command.children().find(|child| child.has_tag_name("proto"))?;
            let name = proto.children().find(|child| child.has_tag_name("name"))?;
            Some((name.text()?, command))
        })
        .collect()
}

/// The C type that a `param` or `proto` element spells around its name, without spaces that mean nothing.
fn c_type(node: Node) -> String {
    let pieces = node.children().filter(|child| !child.has_tag_name("name"));
    let text: String = pieces
        .flat_map(|child| child.descendants().filter(Node::is_text).filter_map(|part| part.text()))
        .collect();
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace(" *", "*").replace("* ", "*")
}

fn rows(library: Library) -> impl Iterator<Item = &'static Row> {
    TABLE.iter().flat_map(|rows| rows.iter()).filter(move |row| row.library == library)
}

/// How the rows write a C type.
fn in_rust(c: &str) -> Vec<String> {
    let one = |name: &str| -> Vec<&'static str> {
        match name {
            "void" => vec!["c_void"],
            "int" => vec!["c_int"],
            "Bool" => vec!["Bool", "c_int"],
            "unsigned int" | "GLuint" => vec!["c_uint"],
            "unsigned long" => vec!["c_ulong"],
            "GLubyte" | "GLboolean" => vec!["c_uchar"],
            "char" => vec!["c_char"],
            "Display" => vec!["Display"],
            "XVisualInfo" => vec!["XVisualInfo"],
            "GLint" | "GLsizei" => vec!["c_int"],
            "GLint64" | "int64_t" => vec!["i64"],
            "int32_t" => vec!["i32", "c_int"],
            "GLfloat" => vec!["c_float"],
            "GLdouble" => vec!["c_double"],
            "GLenum" => vec!["GLenum"],
            "GLbitfield" => vec!["GLbitfield"],
            "GLXFBConfig" | "GLXFBConfigSGIX" => vec!["GLXFBConfig"],
            "GLXContext" => vec!["GLXContext"],
            "__GLXextFuncPtr" => vec!["GLFunction"],
            "__eglMustCastToProperFunctionPointerType" => vec!["crate::glx::GLFunction"],
            "Window" | "Pixmap" | "Font" | "GLXDrawable" | "GLXWindow" | "GLXPixmap" | "GLXPbuffer"
            | "GLXPbufferSGIX" | "GLXContextID" => vec!["XID"],
            "EGLDisplay" => vec!["EGLDisplay"],
            "EGLConfig" => vec!["EGLConfig"],
            "EGLContext" => vec!["EGLContext"],
            "EGLSurface" => vec!["EGLSurface"],
            "EGLBoolean" => vec!["EGLBoolean"],
            "EGLenum" => vec!["EGLenum"],
            "EGLint" => vec!["EGLint"],
            "EGLAttrib" => vec!["EGLAttrib"],
            "EGLNativeDisplayType" => vec!["NativeDisplay"],
            "EGLNativeWindowType" | "EGLNativePixmapType" => vec!["NativeDrawable"],
            other => panic!("the C type {other} has no counterpart here"),
        }
    };
    let constant = c.starts_with("const ");
    let name = c.trim_start_matches("const ").trim_end_matches('*');
    let stars = c.len() - c.trim_end_matches('*').len();
    one(name)
        .into_iter()
        .map(|name| {
            let pointer = if constant { "*const " } else { "*mut " };
            // With two stars `const` is the inner one's.
            format!("{}{name}", if stars == 0 { String::new() } else { pointer.repeat(stars) })
        })
        .collect()
}

/// Rows and registry differ nowhere.
#[test]
fn rows_are_what_the_registry_says() {
    let mut differences = Vec::new();
    let mut checked = 0;
    for (api, library) in [("gl", Library::Gl), ("glx", Library::Glx), ("egl", Library::Egl)] {
        let xml = text(api);
        let registry = parse(&xml);
        let functions = functions(&registry);
        for row in rows(library) {
            let name = row.name.to_str().unwrap();
            let Some(command) = functions.get(name) else {
                differences.push(format!("{name} is not in {api}.xml"));
                continue;
            };
            let types: Vec<String> =
                command.children().filter(|child| child.has_tag_name("param")).map(c_type).collect();
            let ours: Vec<&str> = row.signature.arguments.iter().map(|(_, kind)| *kind).collect();
            let result = command.children().find(|child| child.has_tag_name("proto")).map(c_type).unwrap();
            let returned = if result == "void" { vec!["()".to_owned()] } else { in_rust(&result) };
            let matches = |c: &String, rust: &&str| in_rust(c).iter().any(|allowed| allowed == rust);
            let same = types.len() == ours.len() && types.iter().zip(&ours).all(|(c, rust)| matches(c, rust));
            if !same || !returned.iter().any(|allowed| allowed == row.signature.returns) {
                let returns = row.signature.returns;
                differences.push(format!(
                    "{name}: ({types:?}) -> {result}, but the row has ({ours:?}) -> {returns}"
                ));
            }
            checked += 1;
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(checked > 140, "only {checked} rows");
}
