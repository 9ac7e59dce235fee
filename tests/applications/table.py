"""The applications: what to install, how to start each, and when its picture is there. One entry adds a program."""

from dataclasses import dataclass, field

# Needed to run anything at all: the X servers, extension lists, the colour of the root window, the clock, the wheels.
BASE_PACKAGES = ["xvfb", "x11-utils", "x11-xserver-utils", "gcc", "libc6-dev", "python3-venv"]
BASE_WHEELS = ["numpy", "pillow"]


@dataclass(frozen=True)
class Holds:
    """The program says "holding" on its standard output once its last frame is swapped: those in programs/."""


@dataclass(frozen=True)
class Pauses:
    """glxrun stops the program in the swap of this frame: for those that do not stop by themselves."""

    frame: int


@dataclass(frozen=True)
class Settles:
    """The picture is there once it has not changed for so many seconds, or (a cursor blinks) at the end of its time."""

    seconds: float


@dataclass(frozen=True)
class Ends:
    """The program ends by itself with status 0; there is no picture, but what matches in its output is compared."""

    pattern: str  # a regular expression, to match at least once; ^ is the start of a line


@dataclass(frozen=True)
class Application:
    """One program. In commands and env, {programs}, {out} and {arm} stand for two folders and "direct" or "split"."""

    name: str
    command: str
    shows: Holds | Pauses | Settles | Ends
    packages: tuple[str, ...] = ()  # Debian packages, the first one gives the version in the table
    wheels: tuple[str, ...] = ()  # or PyPI wheels, likewise
    ssim: float = 1.0  # 1.0: every pixel equal
    env: dict[str, str] = field(default_factory=dict)
    prepare: str = ""  # a command run once before, on a display with GLX
    after: str = ""  # a command run after each arm, to end with status 0; its output has to be the same for both
    uncounted: str = ""  # why no frames are counted; "" where they are, as nearly everywhere
    forks: bool = False  # whether it has processes of its own
    seconds: float = 60.0  # the longest that one arm may take


def program(name, file, wheels, packages=(), **more):
    """A Python program of ours in programs/."""
    return Application(name, f"python3 {{programs}}/{file}", Holds(), packages, wheels, **more)


CLOCK = {"LD_PRELOAD": "{out}/callclock.so"}  # programs/callclock.c: for programs that move by the clock


def glmark2(scene, frame=30):
    """One scene of glmark2, with its first default options."""
    command = f"glmark2 -b {scene}:duration=60"
    return Application(f"glmark2-{scene}", command, Pauses(frame), ("glmark2-x11",), ssim=0.9, env=CLOCK)


def chromium(angle):
    """Chromium, whose ANGLE draws through the system's GLX (gl) or EGL (gl-egl)."""
    command = (
        "chromium --no-sandbox --no-first-run --user-data-dir={out}/chromium-" + angle + "-{arm} --use-gl=angle"
        f" --use-angle={angle} --ignore-gpu-blocklist --window-size=400,300 --app=file://{{programs}}/webgl.html"
    )
    return Application(f"chromium-{angle}", command, Settles(3.0), ("chromium",), ssim=0.9, forks=True)


FIREFOX = (
    "mkdir -p {out}/firefox-{arm} && cp {programs}/firefox.js {out}/firefox-{arm}/user.js && exec firefox-esr"
    " --no-remote --kiosk --profile {out}/firefox-{arm} file://{programs}/webgl.html"
)
MESA = ("mesa-utils",)
APPLICATIONS = [
    Application("glxinfo", "glxinfo", Ends("^(?:OpenGL|direct|GLX version).*"), MESA, uncounted="draws nothing"),
    Application("glxgears", "glxgears", Pauses(100), MESA, ssim=0.9, env=CLOCK),
    Application("glxheads", "glxheads", Pauses(30), MESA),
    Application("glxdemo", "glxdemo", Settles(1.0), MESA),
    program("glxpixmap", "glxpixmap.py", (), uncounted="draws to pixmaps; a window gets their content by XCopyArea"),
    Application(
        "glmark2", "glmark2 -b :duration=2", Ends(r"^\[\S+\] \S+:|glmark2 Score"), ("glmark2-x11",), seconds=400
    ),
    glmark2("ideas", frame=500),  # it starts black
    *map(
        glmark2,
        "build texture shading bump effect2d pulsar desktop buffer jellyfish terrain shadow refract conditionals"
        " function loop".split(),
    ),
    Application("extremetuxracer", "/usr/games/etr", Pauses(60), ("extremetuxracer",), ssim=0.9, env=CLOCK),
    Application("neverball", "/usr/games/neverball", Pauses(60), ("neverball",), ssim=0.9, env=CLOCK),
    program("glfw", "glfw_moderngl.py", ("glfw", "moderngl")),
    program("pygame", "pygame_opengl.py", ("pygame", "PyOpenGL")),
    program("pyglet", "pyglet_shapes.py", ("pyglet",)),
    program("raylib", "raylib_cube.py", ("raylib",)),
    program("panda3d", "panda3d_panda.py", ("panda3d",)),
    Application("es2gears", "es2gears_x11", Pauses(100), MESA, ssim=0.9, env=CLOCK),
    Application("es2_info", "es2_info", Ends("^(?:EGL_V|EGL_C|GL_V|GL_R|GL_S).*"), MESA, uncounted="draws nothing"),
    Application(
        "glmark2-es2",
        "glmark2-es2 -b :duration=2",
        Ends(r"^\[\S+\] \S+:|glmark2 Score"),
        ("glmark2-es2-x11",),
        seconds=400,
    ),
    chromium("gl"),
    chromium("gl-egl"),
    Application("firefox", f"sh -c '{FIREFOX}'", Settles(3.0), ("firefox-esr",), ssim=0.9, forks=True),
    program("qt6", "qt6_opengl_widget.py", ("PyQt6", "PyOpenGL"), env={"QT_XCB_GL_INTEGRATION": "xcb_egl"}),
    program(
        "gtk4",
        "gtk4_gl_area.py",
        ("PyOpenGL",),
        ("gir1.2-gtk-4.0", "python3-gi"),
        env={"GDK_DEBUG": "gl-egl", "PYOPENGL_PLATFORM": "egl"},
    ),
    program("qt5", "qt5_opengl_widget.py", ("PyQt5", "PyOpenGL")),
    program("gtk3", "gtk3_gl_area.py", ("PyOpenGL",), ("gir1.2-gtk-3.0", "python3-gi", "python3-gi-cairo")),
    Application(
        "openscad",
        "openscad /usr/share/openscad/examples/Basics/CSG.scad",
        Settles(3.0),
        ("openscad",),
        ssim=0.9,
        seconds=15,
    ),
    Application(
        "apitrace",
        "apitrace trace -o {out}/apitrace-{arm}.trace python3 {programs}/pyglet_shapes.py",
        Holds(),
        ("apitrace",),
        ("pyglet",),
        after="sh -c 'apitrace dump --calls=frame {out}/apitrace-{arm}.trace | grep -c glXSwapBuffers'",
    ),
    Application(
        "glretrace",
        "glretrace --wait {out}/replayed.trace",
        Settles(1.0),
        ("apitrace",),
        ("pyglet",),
        prepare="apitrace trace -o {out}/replayed.trace python3 {programs}/pyglet_shapes.py",
    ),
    program("vtk", "vtk_cone.py", ("vtk",)),
    Application(
        "mpv",
        "mpv --no-config --vo=gpu --gpu-context=x11egl --ao=null --pause --no-osc --no-border --geometry=400x300"
        " av://lavfi:testsrc=size=400x300",
        Settles(2.0),
        ("mpv",),
    ),
    Application(
        "qtwebengine",
        "/usr/bin/python3 {programs}/qtwebengine.py",
        Settles(3.0),
        ("python3-pyqt5.qtwebengine",),
        ssim=0.9,
        forks=True,
    ),
    Application(
        "godot3",
        "godot3 --audio-driver Dummy --video-driver GLES2 --path {programs}/godot3",
        Holds(),
        ("godot3",),
    ),
    Application(
        "blender",
        "blender --factory-startup --window-geometry 0 0 800 600 --python-expr"
        " 'import bpy; bpy.context.preferences.view.show_splash = False'",
        Settles(15.0),
        ("blender",),
        ssim=0.99,
        seconds=90,
    ),
    Application(
        "freecad",
        "freecad /usr/share/freecad/Mod/Fem/femtest/data/calculix/box.FCStd",
        Settles(5.0),
        ("freecad",),
        ssim=0.9,
        env={"QTWEBENGINE_DISABLE_SANDBOX": "1"},
        forks=True,
        seconds=120,
    ),
    Application(
        "supertuxkart",
        "/usr/games/supertuxkart --windowed --screensize=640x480 --render-driver=gl --disable-polyphonic-sound",
        Pauses(60),
        ("supertuxkart",),
        ssim=0.9,
        env=CLOCK,
        seconds=180,
    ),
    Application(
        "lwjgl",
        "java -Djava.library.path=/usr/lib/jni -cp /usr/share/java/lwjgl.jar {programs}/LwjglTriangle.java",
        Holds(),
        ("liblwjgl-java", "openjdk-17-jdk-headless"),
    ),
]
