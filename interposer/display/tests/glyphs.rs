//! A font's bitmaps are what the server itself draws.

mod common;

use common::{Client, Xvfb};
use glxrun_display::{Error, Glyph, Spoil, Transport};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{ChangeGCAux, ConnectionExt as _, CreateGCAux};

#[test]
fn glyphs_are_what_the_server_draws() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    let server = xvfb.connect(Transport::Auto, Spoil::On);
    let connection = &client.connection;
    for name in ["fixed", "cursor"] {
        let font = connection.generate_id().expect("ids");
        connection.open_font(font, name.as_bytes()).expect("sent").check().expect("a built-in font");
        let glyphs = server.glyphs(font, 0, 256).expect("the font is there");
        assert_eq!(glyphs.len(), 256);
        assert!(
            glyphs.iter().filter(|glyph| glyph.bitmap.iter().any(|&byte| byte != 0)).count() > 90,
            "{name}"
        );

        let window = client.window(24, 200, 200);
        let gc = connection.generate_id().expect("ids");
        connection.create_gc(gc, window, &CreateGCAux::new().font(font)).expect("sent");
        for (code, glyph) in glyphs.iter().enumerate() {
            connection.change_gc(gc, &ChangeGCAux::new().foreground(0)).expect("sent");
            let all = x11rb::protocol::xproto::Rectangle { x: 0, y: 0, width: 200, height: 200 };
            connection.poly_fill_rectangle(window, gc, &[all]).expect("sent");
            connection.change_gc(gc, &ChangeGCAux::new().foreground(0xff_ffff)).expect("sent");
            connection.poly_text16(window, gc, 100, 100, &[1, 0, 0, code as u8]).expect("sent");
            let drawn = client.pixels(window, 200, 200);
            if glyph.advance == 0.0 && glyph.bitmap.is_empty() {
                // The font lacks it; a server may draw its default character instead.
                continue;
            }
            for y in 0..200 {
                for x in 0..200 {
                    let lit = drawn[(y * 200 + x) * 4] != 0;
                    assert_eq!(
                        lit,
                        bit(glyph, x as i32 - 100, 100 - y as i32),
                        "{name} {code:#x} at {x},{y}"
                    );
                }
            }
        }
    }
}

/// The pixel at this place right of and above the origin's pixel corner.
fn bit(glyph: &Glyph, right: i32, up: i32) -> bool {
    let (x, y) = (right + glyph.x_origin as i32, up - 1 + glyph.y_origin as i32);
    let inside = (0..i32::from(glyph.width)).contains(&x) && (0..i32::from(glyph.height)).contains(&y);
    let row = usize::from(glyph.width.div_ceil(8));
    inside && glyph.bitmap[y as usize * row + x as usize / 8] & (0x80 >> (x % 8)) != 0
}

#[test]
fn characters_that_a_font_lacks_are_empty() {
    let xvfb = Xvfb::start(24, &[]);
    let client = Client::new(&xvfb);
    let server = xvfb.connect(Transport::Auto, Spoil::On);
    let font = client.connection.generate_id().expect("ids");
    client.connection.open_font(font, b"cursor").expect("sent").check().expect("a built-in font");
    let glyphs = server.glyphs(font, 0xfff0, 32).expect("the font is there");
    assert_eq!(glyphs, vec![Glyph::default(); 32]);
    assert!(server.glyphs(font, 0, 0).expect("the font is there").is_empty());
    let error = server.glyphs(0x99, 0, 1).expect_err("there is no such font");
    assert!(matches!(error, Error::X { code: 7, .. }), "{error:?}");
}
