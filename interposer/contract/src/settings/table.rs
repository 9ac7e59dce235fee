//! The table of settings: the one place that names a setting, its flag, its variable and its help.

use super::{Audience, Setting, parse};

/// Every setting, in the order in which help and documentation show them.
pub static TABLE: &[Setting] = &[
    Setting {
        name: "display3d",
        flag: Some("display3d"),
        short: Some('d'),
        env: "GLXRUN_DISPLAY3D",
        metavar: "SIDE",
        bare: None,
        allowed: "the name of an X display, such as :1, xvfb for a private one, or an EGL device: egl (the first GPU), egl:software, egl:INDEX, \
                  egl:/dev/dri/..., egl:PCI-ADDRESS or egl:GPU-UUID",
        default: "the first GPU by EGL, else software",
        help: "the 3D side, where rendering happens: an EGL device (egl, egl:N) or an X display",
        detail: "`glxrun --list-devices` shows the EGL devices; they need no X server. An X display needs the GLX \
                 extension and must not be the one that the program's windows are on. Without a GPU, what renders in \
                 software is EGL's software device, else a private Xvfb, and that is announced. A bare `egl` heeds \
                 NVIDIA_VISIBLE_DEVICES.",
        common: true,
        audience: Audience::Both,
        parse: |settings, value| {
            settings.display3d = Some(parse::text(value)?);
            Some(())
        },
    },
    Setting {
        name: "xorg",
        flag: Some("xorg"),
        short: None,
        env: "GLXRUN_XORG",
        metavar: "GPU",
        bare: Some("auto"),
        allowed: "auto (the first GPU), a number, a PCI address, GPU-UUID, dummy or off",
        default: "off",
        help: "start an Xorg without a monitor on a GPU as the 3D side",
        detail: "For GPUs whose driver renders by GLX only. Xorg and the GPU's driver for it must be installed. It runs as \
                 the same user, takes no keyboard, mouse or virtual terminal, and ends with the program. `dummy` is \
                 Xorg's driver without a GPU, to try things with. `glxrun xorg-conf` prints the configuration. The flag \
                 alone means `auto`.",
        common: false,
        audience: Audience::Launcher,
        parse: |settings, value| {
            settings.xorg = parse::xorg(value)?;
            Some(())
        },
    },
    Setting {
        name: "size",
        flag: Some("size"),
        short: None,
        env: "GLXRUN_SIZE",
        metavar: "WxH",
        bare: None,
        allowed: "WIDTHxHEIGHT in pixels, each 1 to 32767, such as 1280x1024",
        default: "1280x1024",
        help: "size of the Xvfb if DISPLAY is unset",
        detail: "",
        common: true,
        audience: Audience::Launcher,
        parse: |settings, value| {
            settings.size = parse::size(value)?;
            Some(())
        },
    },
    Setting {
        name: "view",
        flag: Some("view"),
        short: None,
        env: "GLXRUN_VIEW",
        metavar: "none|vnc|web",
        bare: None,
        allowed: "none, vnc or web",
        default: "none",
        help: "a 2D side to look at, by VNC or in a browser",
        detail: "With `vnc` or `web` glxrun starts a 2D side of its own, whatever DISPLAY says, and tells its address and a \
                 password on stderr. It is TigerVNC's Xvnc where that is installed (its screen follows the viewer's size where \
                 the viewer asks for that), else an Xvfb with x11vnc; `web` puts noVNC before it, through websockify. \
                 [sessions.md](sessions.md) tells more.",
        common: true,
        audience: Audience::Launcher,
        parse: |settings, value| {
            settings.view = parse::view(value)?;
            Some(())
        },
    },
    Setting {
        name: "listen",
        flag: Some("listen"),
        short: None,
        env: "GLXRUN_LISTEN",
        metavar: "ADDRESS",
        bare: None,
        allowed: "an IP address of this machine, or 0.0.0.0 or :: for all",
        default: "127.0.0.1",
        help: "address that the view is reached at",
        detail: "The password is never sent in clear, but `web` and old VNC viewers do not encrypt what is shown and typed: on a                  network that others share, leave this alone and use a tunnel (ssh, kubectl port-forward) or a TLS proxy.",
        common: false,
        audience: Audience::Launcher,
        parse: |settings, value| {
            settings.listen = value.to_str()?.parse().ok()?;
            Some(())
        },
    },
    Setting {
        name: "vnc-port",
        flag: Some("vnc-port"),
        short: None,
        env: "GLXRUN_VNC_PORT",
        metavar: "PORT",
        bare: None,
        allowed: "a port number, 0 for a free one",
        default: "0: the first free one from 5900 on",
        help: "port of `--view vnc`",
        detail: "",
        common: false,
        audience: Audience::Launcher,
        parse: |settings, value| {
            settings.vnc_port = parse::port(value)?;
            Some(())
        },
    },
    Setting {
        name: "web-port",
        flag: Some("web-port"),
        short: None,
        env: "GLXRUN_WEB_PORT",
        metavar: "PORT",
        bare: None,
        allowed: "a port number, 0 for a free one",
        default: "0: the first free one from 6080 on",
        help: "port of `--view web`",
        detail: "",
        common: false,
        audience: Audience::Launcher,
        parse: |settings, value| {
            settings.web_port = parse::port(value)?;
            Some(())
        },
    },
    Setting {
        name: "password-file",
        flag: Some("password-file"),
        short: None,
        env: "GLXRUN_PASSWORD_FILE",
        metavar: "FILE",
        bare: None,
        allowed: "a path",
        default: "none: a random password, told once on stderr",
        help: "file whose first line is the view's password",
        detail: "VNC looks at the first 8 bytes of a password only.",
        common: false,
        audience: Audience::Launcher,
        parse: |settings, value| {
            settings.password_file = Some(parse::path(value)?);
            Some(())
        },
    },
    Setting {
        name: "wm",
        flag: Some("wm"),
        short: None,
        env: "GLXRUN_WM",
        metavar: "NAME",
        bare: None,
        allowed: "auto, none or the name of a window manager",
        default: "auto",
        help: "window manager on a 2D side that glxrun starts: its name, auto or none",
        detail: "`auto` takes openbox or another one that is installed, for a view or a session: where people look, or programs \
                 come and go. A plain run gets none unless it is named: a window manager moves windows about and maps them \
                 late, so that the first frames of a program that does not wait for that are not seen.",
        common: false,
        audience: Audience::Launcher,
        parse: |settings, value| {
            settings.wm = parse::wm(value)?;
            Some(())
        },
    },
    Setting {
        name: "session",
        flag: Some("session"),
        short: None,
        env: "GLXRUN_SESSION",
        metavar: "NAME",
        bare: None,
        allowed: "a name of letters, digits, '-', '_' and '.', or none",
        default: "default, where DISPLAY is unset",
        help: "session to join (`glxrun session`), or none",
        detail: "Without this, a run whose DISPLAY is unset joins the session `default` of this user, if it is running. Its program \
                 gets the session's 2D side, and its 3D side unless another one is named. A name that is given must be a \
                 running session's, and DISPLAY then counts for nothing; with `none` a run has sides of its own.",
        common: false,
        audience: Audience::Launcher,
        parse: |settings, value| {
            settings.session = Some(parse::session(value)?);
            Some(())
        },
    },
    Setting {
        name: "spoil",
        flag: Some("spoil"),
        short: None,
        env: "GLXRUN_SPOIL",
        metavar: "on|off",
        bare: None,
        allowed: "on or off",
        default: "on",
        help: "on: skip a frame that a newer one overtakes; off: show every frame",
        detail: "With `off` every frame is delivered and the program waits for the 2D side where it must.",
        common: true,
        audience: Audience::Both,
        parse: |settings, value| {
            settings.spoil = parse::spoil(value)?;
            Some(())
        },
    },
    Setting {
        name: "fps",
        flag: Some("fps"),
        short: None,
        env: "GLXRUN_FPS",
        metavar: "N",
        bare: None,
        allowed: "a number of frames per second, 0 for no cap",
        default: "0",
        help: "frame-rate cap of each window, 0 for none",
        detail: "",
        common: true,
        audience: Audience::Both,
        parse: |settings, value| {
            settings.fps = parse::fps(value)?;
            Some(())
        },
    },
    Setting {
        name: "refresh-rate",
        flag: Some("refresh-rate"),
        short: None,
        env: "GLXRUN_REFRESH_RATE",
        metavar: "HZ",
        bare: None,
        allowed: "a number of Hz above 0",
        default: "60",
        help: "refresh rate that swap intervals count in",
        detail: "A program that asks for a swap interval of 1 gets at most this many frames per second.",
        common: false,
        audience: Audience::Both,
        parse: |settings, value| {
            settings.refresh_rate = parse::above_zero(value.to_str()?)?;
            Some(())
        },
    },
    Setting {
        name: "transport",
        flag: Some("transport"),
        short: None,
        env: "GLXRUN_TRANSPORT",
        metavar: "auto|memfd|sysv|putimage",
        bare: None,
        allowed: "auto, memfd, sysv or putimage",
        default: "auto",
        help: "how frames reach the 2D side's X server",
        detail: "`memfd` is shared memory passed as a file descriptor, `sysv` a System V segment (the X server must \
                 run as the same user), `putimage` goes through the socket and also works over a network. `auto` \
                 takes the first of these that the server accepts.",
        common: false,
        audience: Audience::Both,
        parse: |settings, value| {
            settings.transport = parse::transport(value)?;
            Some(())
        },
    },
    Setting {
        name: "readback",
        flag: Some("readback"),
        short: None,
        env: "GLXRUN_READBACK",
        metavar: "auto|direct|pbo|cuda",
        bare: None,
        allowed: "auto, direct, pbo or cuda",
        default: "auto",
        help: "how pixels get into a frame",
        detail: "From a rendered surface into memory that the 2D side sees. `direct` has the driver copy them in the program's \
                 thread, which waits. With `pbo` that thread only starts a transfer into a pixel buffer (OpenGL 4.4 or \
                 GL_ARB_buffer_storage), from which another thread copies; with `cuda` the GPU copies from there (NVIDIA with \
                 libcuda; else as `pbo`). `auto` measures during the first frames which is the quickest, and which \
                 order of bytes, which is then put right in a thread of its own; software renderers are read as with `direct`.",
        common: false,
        audience: Audience::Both,
        parse: |settings, value| {
            settings.readback = parse::readback(value)?;
            Some(())
        },
    },
    Setting {
        name: "opaque",
        flag: Some("opaque"),
        short: None,
        env: "GLXRUN_OPAQUE",
        metavar: "exact|fast",
        bare: None,
        allowed: "exact or fast",
        default: "exact",
        help: "fast: give windows a hidden alpha",
        detail: "Windows without alpha are then backed by surfaces with alpha, which software renderers read several times quicker. Programs that blend with the alpha \
                 that is in the window (GL_DST_ALPHA) although it has none look different then; all others do not notice.",
        common: true,
        audience: Audience::Both,
        parse: |settings, value| {
            settings.opaque = parse::opaque(value)?;
            Some(())
        },
    },
    Setting {
        name: "samples",
        flag: Some("samples"),
        short: None,
        env: "GLXRUN_SAMPLES",
        metavar: "N",
        bare: None,
        allowed: "a whole number up to 64, or off",
        default: "off",
        help: "samples a pixel that every window gets, whatever its program asks for",
        detail: "Only configs with so many samples are offered, with more where there are none with just as many; 0 offers those without. \
                 Programs of GLX and of EGL then antialias, or not, without knowing of it.",
        common: false,
        audience: Audience::Both,
        parse: |settings, value| {
            settings.samples = parse::samples(value)?;
            Some(())
        },
    },
    Setting {
        name: "force-alpha",
        flag: Some("force-alpha"),
        short: None,
        env: "GLXRUN_FORCE_ALPHA",
        metavar: "on|off",
        bare: Some("on"),
        allowed: "on or off",
        default: "off",
        help: "on: every window has alpha, whether its program asks for it or not",
        detail: "Only configs with alpha are offered, first those whose windows look like all others. For programs that read the alpha of their window \
                 and forget to ask for one; `--opaque fast` hides the alpha instead. The flag alone means `on`.",
        common: false,
        audience: Audience::Both,
        parse: |settings, value| {
            settings.force_alpha = parse::on_off(value)?;
            Some(())
        },
    },
    Setting {
        name: "stereo",
        flag: Some("stereo"),
        short: None,
        env: "GLXRUN_STEREO",
        metavar: "MODE",
        bare: None,
        allowed: "left, right, redcyan, greenmagenta, blueyellow, interleaved, columns, checkerboard, sidebyside or topbottom",
        default: "redcyan",
        help: "how the two pictures of a stereo window are shown: left, right, redcyan, ..., sidebyside, topbottom",
        detail: "Programs that ask GLX for stereo get it. `left` and `right` show the picture of one eye; `redcyan`, `greenmagenta` and `blueyellow` both, for \
                 glasses of these colours; with `interleaved` (rows), `columns` and `checkerboard` the eyes take turns, for screens that part them; \
                 `sidebyside` and `topbottom` show both at half the size.",
        common: false,
        audience: Audience::Both,
        parse: |settings, value| {
            settings.stereo = parse::stereo(value)?;
            Some(())
        },
    },
    Setting {
        name: "gamma",
        flag: Some("gamma"),
        short: None,
        env: "GLXRUN_GAMMA",
        metavar: "FACTOR",
        bare: None,
        allowed: "a number from 0.1 to 10",
        default: "1",
        help: "brighten (above 1) or darken (below 1) what is shown",
        detail: "Each colour is raised to the power of 1/FACTOR on its way to the window. What the program reads back stays as it was drawn. Frames are then read in \
                 the program's thread, as with `--readback direct`.",
        common: false,
        audience: Audience::Both,
        parse: |settings, value| {
            settings.gamma = parse::gamma(value)?;
            Some(())
        },
    },
    Setting {
        name: "bands",
        flag: Some("bands"),
        short: None,
        env: "GLXRUN_BANDS",
        metavar: "N",
        bare: None,
        allowed: "a whole number from 1 to 64",
        default: "1",
        help: "read and send each frame in N parts",
        detail: "For software renderers and large windows: while one part is read the one above it is sent, when it is still in the processor's cache. \
                 The picture is then not changed at once: who looks at the window in the middle of a frame, such as a recorder, may see parts of two. Of no effect \
                 with the framebuffer sink, with --damage auto, and where a GPU's frames are read by other threads.",
        common: false,
        audience: Audience::Both,
        parse: |settings, value| {
            settings.bands = parse::bands(value)?;
            Some(())
        },
    },
    Setting {
        name: "damage",
        flag: Some("damage"),
        short: None,
        env: "GLXRUN_DAMAGE",
        metavar: "auto|off",
        bare: None,
        allowed: "auto or off",
        default: "off",
        help: "auto: send only what has changed",
        detail: "For windows that change in places. VNC servers, x11vnc and X connections over a network then have less \
                 to do. Frames are compared in tiles of 64x64 pixels in a thread of its own; windows whose frames change \
                 wholly are soon left alone.",
        common: false,
        audience: Audience::Both,
        parse: |settings, value| {
            settings.damage = parse::damage(value)?;
            Some(())
        },
    },
    Setting {
        name: "sink",
        flag: Some("sink"),
        short: None,
        env: "GLXRUN_SINK",
        metavar: "auto|shm|framebuffer",
        bare: None,
        allowed: "auto, shm or framebuffer",
        default: "auto",
        help: "where frames are put on the 2D side",
        detail: "`framebuffer` writes them straight into the screen of the Xvfb that glxrun starts where DISPLAY is unset, \
                 while a window is wholly visible; a program that looks at the screen at the same moment may see two frames \
                 in one picture. That Xvfb has no Composite extension, and so no windows with alpha, and paints no \
                 cursor. `shm` hands them to the X server, by whichever \
                 `transport`. `auto` is `shm`.",
        common: false,
        audience: Audience::Both,
        parse: |settings, value| {
            settings.sink = parse::sink(value)?;
            Some(())
        },
    },
    Setting {
        name: "framebuffer",
        flag: None,
        short: None,
        env: "GLXRUN_FRAMEBUFFER",
        metavar: "PATH",
        bare: None,
        allowed: "a path",
        default: "none",
        help: "file in which DISPLAY's Xvfb keeps its screen (`-fbdir`)",
        detail: "The launcher sets it with `--sink framebuffer` for the Xvfb that it starts. For one of your own: \
                 `Xvfb -fbdir DIRECTORY -extension Composite`, and `DIRECTORY/Xvfb_screen0`.",
        common: false,
        audience: Audience::Library,
        parse: |settings, value| {
            settings.framebuffer = Some(parse::path(value)?);
            Some(())
        },
    },
    Setting {
        name: "stats",
        flag: Some("stats"),
        short: None,
        env: "GLXRUN_STATS",
        metavar: "SECONDS",
        bare: Some("2"),
        allowed: "a number of seconds from 0.1 to 86400, or off",
        default: "off",
        help: "print frames per second every SECONDS (2) and at exit",
        detail: "Rendered and delivered frames are counted apart, for each window; the flag alone means 2 seconds.",
        common: true,
        audience: Audience::Launcher,
        parse: |settings, value| {
            settings.stats = parse::stats(value)?;
            Some(())
        },
    },
    Setting {
        name: "mode",
        flag: Some("mode"),
        short: None,
        env: "GLXRUN_MODE",
        metavar: "split|direct",
        bare: None,
        allowed: "split or direct",
        default: "split",
        help: "direct: no split, only count frames",
        detail: "In `direct` mode the program draws by itself on its own display, to compare with; no 3D side is used.",
        common: true,
        audience: Audience::Both,
        parse: |settings, value| {
            settings.mode = parse::mode(value)?;
            Some(())
        },
    },
    Setting {
        name: "pause-at-frame",
        flag: Some("pause-at-frame"),
        short: None,
        env: "GLXRUN_PAUSE_AT_FRAME",
        metavar: "N",
        bare: None,
        allowed: "a whole number, 0 for never",
        default: "0",
        help: "keep frame N's picture: its swap never returns",
        detail: "Frames are counted from 1 in each window.",
        common: false,
        audience: Audience::Both,
        parse: |settings, value| {
            settings.pause_at_frame = parse::whole(value.to_str()?)?;
            Some(())
        },
    },
    Setting {
        name: "shot",
        flag: Some("shot"),
        short: None,
        env: "GLXRUN_SHOT",
        metavar: "FILE.png[@SECONDS|@frame:N]",
        bare: None,
        allowed: "FILE.png, FILE.png@SECONDS or FILE.png@frame:N",
        default: "none; SECONDS is 1",
        help: "picture of the 2D side, SECONDS after the first frame or at frame N",
        detail: "The whole root window is saved, once: SECONDS after the first frame was delivered, or as soon as \
                 a window has N delivered frames.",
        common: true,
        audience: Audience::Launcher,
        parse: |settings, value| {
            settings.shot = Some(parse::shot(value)?);
            Some(())
        },
    },
    Setting {
        name: "record",
        flag: Some("record"),
        short: None,
        env: "GLXRUN_RECORD",
        metavar: "FILE.mp4",
        bare: None,
        allowed: "FILE.mp4",
        default: "none",
        help: "video of the biggest window, of its frames as they are shown (needs ffmpeg)",
        detail: "At most `--refresh-rate` frames a second, each at the time at which it was posted: a window that stands still costs \
                 nothing, and a frame that ffmpeg has no time for is left out, so that the program is never slowed down. \
                 Once the window has had another size for 0.3 s, or another window is the biggest, another file is begun: \
                 FILE-2.mp4 and so on; what was shorter than 0.5 s before that is not kept.",
        common: false,
        audience: Audience::Launcher,
        parse: |settings, value| {
            settings.record = Some(parse::video(value)?);
            Some(())
        },
    },
    Setting {
        name: "tap",
        flag: None,
        short: None,
        env: "GLXRUN_TAP",
        metavar: "PATH",
        bare: None,
        allowed: "a path",
        default: "none",
        help: "Unix socket of a reader that gets a copy of frames as they are posted",
        detail: "The launcher makes it for `--record`. interposer/contract/src/tap.rs describes what is sent there.",
        common: false,
        audience: Audience::Library,
        parse: |settings, value| {
            settings.tap = Some(parse::path(value)?);
            Some(())
        },
    },
    Setting {
        name: "vulkan",
        flag: Some("vulkan"),
        short: None,
        env: "GLXRUN_VULKAN",
        metavar: "on|off",
        bare: None,
        allowed: "on or off",
        default: "on",
        help: "off: leave Vulkan programs alone",
        detail: "A layer of glxrun's shows the windows of Vulkan programs, and they see the GPU that the 3D side names \
                 ([vulkan.md](vulkan.md)). With `off` the Vulkan driver does both, if it can.",
        common: false,
        audience: Audience::Launcher,
        parse: |settings, value| {
            settings.vulkan = parse::on_off(value)?;
            Some(())
        },
    },
    Setting {
        name: "vulkan-device",
        flag: None,
        short: None,
        env: "GLXRUN_VULKAN_DEVICE",
        metavar: "DEVICE",
        bare: None,
        allowed: "software, a PCI address or GPU-UUID",
        default: "all",
        help: "the device that Vulkan programs with windows see",
        detail: "The launcher sets it to what the 3D side is.",
        common: false,
        audience: Audience::Library,
        parse: |settings, value| {
            settings.vulkan_device = Some(parse::text(value)?);
            Some(())
        },
    },
    Setting {
        name: "library",
        flag: Some("library"),
        short: None,
        env: "GLXRUN_LIBRARY",
        metavar: "PATH",
        bare: None,
        allowed: "a path",
        default: "libglxrun.so beside glxrun, in ../lib/glxrun or in ../lib",
        help: "the libglxrun.so to preload",
        detail: "",
        common: false,
        audience: Audience::Launcher,
        parse: |settings, value| {
            settings.library = Some(parse::path(value)?);
            Some(())
        },
    },
    Setting {
        name: "log",
        flag: Some("log"),
        short: None,
        env: "GLXRUN_LOG",
        metavar: "error|warn|info|debug",
        bare: None,
        allowed: "error, warn, info or debug",
        default: "warn",
        help: "what the library tells on stderr",
        detail: "",
        common: false,
        audience: Audience::Both,
        parse: |settings, value| {
            settings.log = parse::log_level(value)?;
            Some(())
        },
    },
    Setting {
        name: "trace",
        flag: Some("trace"),
        short: None,
        env: "GLXRUN_TRACE",
        metavar: "FILE",
        bare: None,
        allowed: "a path, or - for stderr",
        default: "none",
        help: "write the program's GLX, EGL and X calls, and GL's that name buffers, to FILE",
        detail: "The functions are those that glxrun answers. Each call is a line: seconds since 1970, thread, \
                 function and arguments, what it returned, `<seconds>`. Calls stand in the order in which they began; \
                 one that ends in `= ?` had not returned when the program ended. The file holds all of them however \
                 that was. A process that traces beside the first one writes to FILE.PID. An existing FILE is \
                 overwritten; only its owner can read it.",
        common: false,
        audience: Audience::Both,
        parse: |settings, value| {
            settings.trace = Some(parse::path(value)?);
            Some(())
        },
    },
    Setting {
        name: "counters",
        flag: None,
        short: None,
        env: "GLXRUN_COUNTERS",
        metavar: "PATH",
        bare: None,
        allowed: "a path",
        default: "none",
        help: "file of frame counts that the library writes to",
        detail: "The launcher makes the file and sets the variable.",
        common: false,
        audience: Audience::Library,
        parse: |settings, value| {
            settings.counters = Some(parse::path(value)?);
            Some(())
        },
    },
    Setting {
        name: "records",
        flag: Some("records"),
        short: None,
        env: "GLXRUN_RECORDS",
        metavar: "auto|off|PATH",
        bare: None,
        allowed: "auto, off or a PATH",
        default: "auto",
        help: "where the library notes what happens to each frame",
        detail: "The last frames, with the times at which each was swapped, read back, sent and shown; `glxrun top` and `glxrun compare` \
                 read it. With `auto` the launcher makes a file for the run in its private directory, with PATH one that must not exist yet \
                 and stays; for a library that is preloaded by hand `auto` is `off`.",
        common: false,
        audience: Audience::Both,
        parse: |settings, value| {
            settings.records = parse::records(value)?;
            Some(())
        },
    },
    Setting {
        name: "hold-frames",
        flag: None,
        short: None,
        env: "GLXRUN_HOLD_FRAMES",
        metavar: "N,N,...",
        bare: None,
        allowed: "whole numbers above 0 with commas between them",
        default: "none",
        help: "frames whose swaps wait until a picture has been taken",
        detail: "For `glxrun compare` and `glxrun golden`, which take the pictures and let the frames go by the file of frame records.",
        common: false,
        audience: Audience::Library,
        parse: |settings, value| {
            settings.hold_frames = parse::wholes(value.to_str()?)?;
            Some(())
        },
    },
];
