//! Matching configs with visuals and with what programs ask for, on lists as Mesa on Xvfb gives them.

use super::*;

/// A config of the 3D side, as Mesa describes it.
#[derive(Clone, Copy)]
struct Native {
    id: c_int,
    bits: [c_int; 4],
    double: bool,
    depth: c_int,
    stencil: c_int,
    samples: c_int,
    native_depth: u8,
    visual_type: c_int,
}

const PLAIN: Native = Native {
    id: 0,
    bits: [8, 8, 8, 0],
    double: true,
    depth: 24,
    stencil: 8,
    samples: 0,
    native_depth: 24,
    visual_type: attr::TRUE_COLOR,
};

fn attributes(native: &Native) -> Attributes {
    let [red, green, blue, alpha] = native.bits;
    let mut attributes: Attributes = [
        (attr::FBCONFIG_ID, native.id),
        (attr::RED_SIZE, red),
        (attr::GREEN_SIZE, green),
        (attr::BLUE_SIZE, blue),
        (attr::ALPHA_SIZE, alpha),
        (attr::BUFFER_SIZE, red + green + blue + alpha),
        (attr::DOUBLEBUFFER, native.double.into()),
        (attr::DEPTH_SIZE, native.depth),
        (attr::STENCIL_SIZE, native.stencil),
        (attr::SAMPLE_BUFFERS, (native.samples > 0).into()),
        (attr::SAMPLES, native.samples),
        (attr::X_VISUAL_TYPE, native.visual_type),
        (attr::CONFIG_CAVEAT, attr::NONE),
        (attr::TRANSPARENT_TYPE, attr::NONE),
        (attr::RENDER_TYPE, attr::RGBA_BIT),
        (attr::DRAWABLE_TYPE, 7),
        (attr::LEVEL, 0),
        (attr::STEREO, 0),
    ]
    .into_iter()
    .collect();
    attributes.native_depth = native.native_depth;
    attributes
}

/// A list in a server's order, with ids from 1.
fn configs(natives: &[Native]) -> &'static [Config] {
    let list: Vec<_> =
        natives.iter().zip(1..).map(|(native, id)| attributes(&Native { id, ..*native })).collect();
    build(&list, 0, &Settings::default())
}

#[test]
fn fast_ones_without_alpha_are_backed_by_their_twins_with_alpha() {
    let alpha = Native { bits: [8, 8, 8, 8], native_depth: 32, ..PLAIN };
    let natives = [
        PLAIN,
        Native { native_depth: 24, ..alpha },
        Native { stencil: 0, ..alpha },
        alpha,
        Native { bits: [5, 6, 5, 0], native_depth: 16, ..PLAIN },
        Native { samples: 4, ..PLAIN },
        Native { samples: 4, ..alpha },
    ];
    let native: Vec<_> = natives.iter().map(attributes).collect();
    let list = build(&native, 0, &Settings { opaque: Opaque::Fast, ..Settings::default() });
    let backing: Vec<_> = list.iter().map(|config| (config.backing.0, config.hides_alpha)).collect();
    assert_eq!(backing, [(3, true), (3, false), (2, false), (3, false), (4, false), (6, true), (6, false)]);
    assert_eq!(list[0].attributes.value(attr::ALPHA_SIZE), 0);
    assert_eq!(list[0].depth, 24);
    // Samples are resolved between surfaces with the same colours.
    assert_eq!(list[5].without_samples(), Some(ConfigIndex(3)));
}

fn visual(id: u32, depth: u8, masks: [u32; 3]) -> Visual {
    let [red_mask, green_mask, blue_mask] = masks;
    Visual {
        id,
        depth,
        class: TRUE_COLOR_CLASS,
        bits_per_rgb: 8,
        colormap_entries: 256,
        red_mask,
        green_mask,
        blue_mask,
    }
}

const MASKS_8: [u32; 3] = [0xff_0000, 0xff00, 0xff];
const MASKS_565: [u32; 3] = [0xf800, 0x7e0, 0x1f];
const ROOT: u32 = 0x21;
const ARGB: u32 = 0x53;

/// A screen without GLX, as Xvfb and Xvnc have it: its root visual and, at depth 24, one of depth 32.
fn screen(root_depth: u8) -> Screen {
    let mut visuals = vec![Visual { class: 5, ..visual(0x22, root_depth, MASKS_8) }];
    visuals.push(visual(ROOT, root_depth, if root_depth == 16 { MASKS_565 } else { MASKS_8 }));
    if root_depth == 24 {
        visuals.push(visual(ARGB, 32, MASKS_8));
    }
    Screen { root: 1, root_visual: ROOT, root_depth, width: 640, height: 480, visuals }
}

fn ids(found: &[&Config]) -> Vec<c_int> {
    found.iter().map(|config| config.attributes.value(attr::FBCONFIG_ID)).collect()
}

fn chosen(natives: &[Native], wanted: &[c_int]) -> Vec<c_int> {
    let configs = configs(natives);
    let screen = AppScreen::new(0, &screen(24), vec![24], configs);
    let list: Vec<_> = wanted.iter().copied().chain([0]).collect();
    ids(&matching(&screen, &wanted_of(list.as_ptr())))
}

#[test]
fn each_depth_has_its_visual() {
    let configs = configs(&[
        PLAIN,
        Native { bits: [8, 8, 8, 8], ..PLAIN },
        Native { bits: [8, 8, 8, 8], native_depth: 32, ..PLAIN },
        Native { bits: [5, 6, 5, 0], native_depth: 0, ..PLAIN },
    ]);
    let visuals = |root_depth| {
        let screen = AppScreen::new(0, &screen(root_depth), vec![], configs);
        configs.iter().map(|config| screen.visual_of(config).map(|visual| visual.id)).collect::<Vec<_>>()
    };
    assert_eq!(visuals(24), [Some(ROOT), Some(ROOT), Some(ARGB), None]);
    assert_eq!(visuals(16), [None, None, None, Some(ROOT)]);
}

#[test]
fn a_screen_that_no_config_fits_converts_from_8_bits() {
    let configs = configs(&[PLAIN]);
    let screen = AppScreen::new(0, &screen(16), vec![], configs);
    assert_eq!(screen.visual_of(&configs[0]).map(|visual| visual.id), Some(ROOT));
}

#[test]
fn so_does_one_whose_only_fitting_visual_is_not_the_root_s() {
    let configs = configs(&[PLAIN, Native { bits: [8, 8, 8, 8], native_depth: 32, ..PLAIN }]);
    let masks = [0x3ff0_0000, 0xf_fc00, 0x3ff];
    let visuals = vec![visual(ROOT, 30, masks), visual(ARGB, 32, MASKS_8)];
    let deep = Screen { root: 1, root_visual: ROOT, root_depth: 30, width: 640, height: 480, visuals };
    let screen = AppScreen::new(0, &deep, vec![], configs);
    let visuals: Vec<_> =
        configs.iter().map(|config| screen.visual_of(config).map(|visual| visual.id)).collect();
    assert_eq!(visuals, [Some(ROOT), Some(ARGB)]);
}

#[test]
fn only_true_color_is_offered() {
    const DIRECT_COLOR: c_int = 0x8003;
    let list = configs(&[Native { visual_type: DIRECT_COLOR, ..PLAIN }, PLAIN]);
    assert_eq!(ids(&list.iter().collect::<Vec<_>>()), [2]);
}

#[test]
fn alpha_at_depth_24_is_drawn_with_the_depth_32_twin() {
    let list = configs(&[
        Native { bits: [8, 8, 8, 8], ..PLAIN },
        Native { bits: [8, 8, 8, 8], stencil: 0, native_depth: 32, ..PLAIN },
        Native { bits: [8, 8, 8, 8], native_depth: 32, ..PLAIN },
        Native { bits: [8, 8, 8, 8], samples: 4, ..PLAIN },
    ]);
    let backing: Vec<_> = list.iter().map(|config| config.backing.0).collect();
    // The multisampled one has no twin and stands for itself.
    assert_eq!(backing, [2, 1, 2, 3]);
    assert_eq!(list[0].depth, 24);
}

#[test]
fn what_a_screen_says_of_a_config() {
    let list = configs(&[PLAIN, Native { bits: [5, 6, 5, 0], native_depth: 0, ..PLAIN }]);
    let screen = AppScreen::new(0, &screen(24), vec![16, 24], list);
    let of = |index: usize, attribute| list[index].attribute(&screen, attribute);
    assert_eq!(of(0, attr::VISUAL_ID), Some(ROOT as c_int));
    assert_eq!(of(0, attr::X_RENDERABLE), Some(1));
    assert_eq!(of(0, attr::DRAWABLE_TYPE), Some(7));
    assert_eq!(of(1, attr::VISUAL_ID), Some(0));
    assert_eq!(of(1, attr::DRAWABLE_TYPE), Some(attr::PIXMAP_BIT | attr::PBUFFER_BIT));
    assert_eq!(of(0, 0x1234), None);
}

#[test]
fn choosing_prefers_less_that_was_not_asked_for() {
    let natives = [
        Native { bits: [8, 8, 8, 8], ..PLAIN },
        Native { samples: 4, ..PLAIN },
        PLAIN,
        Native { double: false, ..PLAIN },
        Native { depth: 16, stencil: 0, ..PLAIN },
    ];
    // Alpha last; single before double; no samples before some; deeper depth buffer first.
    assert_eq!(chosen(&natives, &[attr::RED_SIZE, 8]), [4, 3, 5, 2, 1]);
    assert_eq!(chosen(&natives, &[attr::DOUBLEBUFFER, 1, attr::STENCIL_SIZE, 1]), [3, 2, 1]);
    assert_eq!(chosen(&natives, &[attr::SAMPLES, 2]), [2]);
    assert_eq!(chosen(&natives, &[attr::ALPHA_SIZE, 8]), [1]);
    assert!(chosen(&natives, &[attr::RED_SIZE, 16]).is_empty());
}

#[test]
fn a_game_engines_query_finds_configs_and_their_sample_buffers() {
    let natives = [Native { samples: 4, ..PLAIN }, PLAIN, Native { bits: [8, 8, 8, 8], ..PLAIN }];
    let list = [
        attr::X_RENDERABLE,
        1,
        attr::DRAWABLE_TYPE,
        attr::WINDOW_BIT,
        attr::RENDER_TYPE,
        attr::RGBA_BIT,
        attr::X_VISUAL_TYPE,
        attr::TRUE_COLOR,
        attr::RED_SIZE,
        4,
        attr::ALPHA_SIZE,
        attr::DONT_CARE,
        attr::SAMPLES,
        attr::DONT_CARE,
        attr::SAMPLE_BUFFERS,
        attr::DONT_CARE,
    ];
    assert_eq!(chosen(&natives, &list), [2, 1, 3]);
}

#[test]
fn an_id_stands_for_its_config_whatever_else_is_asked() {
    assert_eq!(chosen(&[PLAIN, PLAIN], &[attr::FBCONFIG_ID, 2, attr::RED_SIZE, 16]), [2]);
}

#[test]
fn unknown_attributes_do_not_count() {
    assert_eq!(chosen(&[PLAIN], &[0x1234, 1]), [1]);
}

#[test]
fn a_visual_nobody_chose_means_a_config_with_everything_usual() {
    let natives = [
        Native { double: false, ..PLAIN },
        Native { samples: 4, ..PLAIN },
        PLAIN,
        Native { bits: [8, 8, 8, 8], ..PLAIN },
        Native { stencil: 0, ..PLAIN },
    ];
    let configs = configs(&natives);
    let screen = AppScreen::new(0, &screen(24), vec![24], configs);
    let id = |visual| {
        let config = screen.default_config(visual);
        config.map(|config| config.attributes.value(attr::FBCONFIG_ID))
    };
    assert_eq!(id(ROOT), Some(4));
    assert_eq!(id(0x99), None);
}
