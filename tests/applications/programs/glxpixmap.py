"""GLX 1.1 and 1.3 pixmaps: OpenGL draws into X pixmaps, and the X server copies them into a plain X window.

Like Mesa's demo glxpixmap, with plain ctypes. The window never has a GL context: what it shows is there only if what
GL drew is visible to XCopyArea. The left half comes from glXCreateGLXPixmap, the right half from glXCreatePixmap. X
draws a bar over what GL drew.
"""

import ctypes as c
import math

import scene

x11, gl = c.CDLL("libX11.so.6"), c.CDLL("libGL.so.1")
HALF = scene.WIDTH // 2
GLX_RGBA, GLX_RED_SIZE, GLX_GREEN_SIZE, GLX_BLUE_SIZE, GLX_DEPTH_SIZE = 4, 8, 9, 10, 12
GLX_DRAWABLE_TYPE, GLX_PIXMAP_BIT, GLX_RGBA_TYPE, GLX_DOUBLEBUFFER = 0x8010, 2, 0x8014, 5
GL_COLOR_BUFFER_BIT, GL_TRIANGLE_FAN = 0x4000, 6


class XVisualInfo(c.Structure):
    _fields_ = [("visual", c.c_void_p), ("visualid", c.c_ulong), ("screen", c.c_int), ("depth", c.c_int)]
    _fields_ += [(name, c.c_ulong) for name in ("kind", "red_mask", "green_mask", "blue_mask", "entries", "bits")]


def function(library, name, result, *arguments):
    found = library[name]
    found.restype, found.argtypes = result, arguments
    return found


pointer, xid, integer = c.c_void_p, c.c_ulong, c.c_int
XOpenDisplay = function(x11, "XOpenDisplay", pointer, c.c_char_p)
XDefaultRootWindow = function(x11, "XDefaultRootWindow", xid, pointer)
XCreateSimpleWindow = function(x11, "XCreateSimpleWindow", xid, pointer, xid, *[integer] * 5, xid, xid)
XMapWindow = function(x11, "XMapWindow", integer, pointer, xid)
XCreatePixmap = function(x11, "XCreatePixmap", xid, pointer, xid, *[integer] * 3)
XCreateGC = function(x11, "XCreateGC", pointer, pointer, xid, xid, pointer)
XSetForeground = function(x11, "XSetForeground", integer, pointer, pointer, xid)
XFillRectangle = function(x11, "XFillRectangle", integer, pointer, xid, pointer, *[integer] * 4)
XCopyArea = function(x11, "XCopyArea", integer, pointer, xid, xid, pointer, *[integer] * 6)
XFreePixmap = function(x11, "XFreePixmap", integer, pointer, xid)
XCloseDisplay = function(x11, "XCloseDisplay", integer, pointer)
XSync = function(x11, "XSync", integer, pointer, integer)
glXChooseVisual = function(gl, "glXChooseVisual", c.POINTER(XVisualInfo), pointer, integer, c.POINTER(integer))
glXCreateContext = function(gl, "glXCreateContext", pointer, pointer, c.POINTER(XVisualInfo), pointer, integer)
glXCreateGLXPixmap = function(gl, "glXCreateGLXPixmap", xid, pointer, c.POINTER(XVisualInfo), xid)
glXMakeCurrent = function(gl, "glXMakeCurrent", integer, pointer, xid, pointer)
glXChooseFBConfig = function(
    gl, "glXChooseFBConfig", c.POINTER(pointer), pointer, integer, c.POINTER(integer), c.POINTER(integer)
)
glXGetVisualFromFBConfig = function(gl, "glXGetVisualFromFBConfig", c.POINTER(XVisualInfo), pointer, pointer)
glXCreatePixmap = function(gl, "glXCreatePixmap", xid, pointer, pointer, xid, pointer)
glXCreateNewContext = function(gl, "glXCreateNewContext", pointer, pointer, pointer, integer, pointer, integer)
glXWaitGL = function(gl, "glXWaitGL", None)
glXDestroyContext = function(gl, "glXDestroyContext", None, pointer, pointer)
glXDestroyGLXPixmap = function(gl, "glXDestroyGLXPixmap", None, pointer, xid)
glXDestroyPixmap = function(gl, "glXDestroyPixmap", None, pointer, xid)
glClearColor = function(gl, "glClearColor", None, *[c.c_float] * 4)
glColor3f = function(gl, "glColor3f", None, *[c.c_float] * 3)
glVertex2f = function(gl, "glVertex2f", None, *[c.c_float] * 2)


def attributes(*values):
    return (integer * (len(values) + 1))(*values, 0)


display = XOpenDisplay(None)
if not display:
    raise SystemExit("glxpixmap: cannot open the display")
root = XDefaultRootWindow(display)
window = XCreateSimpleWindow(display, root, 0, 0, scene.WIDTH, scene.HEIGHT, 0, 0, 0)
XMapWindow(display, window)


def old_style():
    """A pixmap, its GLX twin and a context, by GLX 1.1: single-buffered, from a visual."""
    wanted = attributes(GLX_RGBA, GLX_RED_SIZE, 8, GLX_GREEN_SIZE, 8, GLX_BLUE_SIZE, 8, GLX_DEPTH_SIZE, 16)
    visual = glXChooseVisual(display, 0, wanted)
    if not visual:
        raise SystemExit("glxpixmap: no single-buffered visual")
    pixmap = XCreatePixmap(display, root, HALF, scene.HEIGHT, visual.contents.depth)
    drawable = glXCreateGLXPixmap(display, visual, pixmap)
    return pixmap, drawable, glXCreateContext(display, visual, None, True), glXDestroyGLXPixmap


def new_style():
    """The same by GLX 1.3: from a config that can draw to pixmaps."""
    wanted = attributes(GLX_DRAWABLE_TYPE, GLX_PIXMAP_BIT, GLX_DOUBLEBUFFER, 0, GLX_RED_SIZE, 8, GLX_DEPTH_SIZE, 16)
    count = integer()
    configs = glXChooseFBConfig(display, 0, wanted, c.byref(count))
    for config in configs[: count.value]:
        visual = glXGetVisualFromFBConfig(display, config)
        if visual and visual.contents.depth == 24:
            pixmap = XCreatePixmap(display, root, HALF, scene.HEIGHT, 24)
            drawable = glXCreatePixmap(display, config, pixmap, None)
            context = glXCreateNewContext(display, config, GLX_RGBA_TYPE, None, True)
            return pixmap, drawable, context, glXDestroyPixmap
    raise SystemExit("glxpixmap: no config of depth 24 for pixmaps")


def draw(turn):
    """A star of four points."""
    gl.glViewport(0, 0, HALF, scene.HEIGHT)
    glClearColor(0.1, 0.15, 0.3, 1.0)
    gl.glClear(GL_COLOR_BUFFER_BIT)
    gl.glBegin(GL_TRIANGLE_FAN)
    glColor3f(1.0, 1.0, 1.0)
    glVertex2f(0.0, 0.0)
    for corner in range(9):
        radius = 0.7 if corner % 2 else 0.25
        turned = math.radians(turn + 45 * corner)
        glColor3f(1.0, corner / 8, 0.2)
        glVertex2f(radius * math.cos(turned), radius * math.sin(turned))
    gl.glEnd()


pixmaps = [old_style(), new_style()]
pen = XCreateGC(display, pixmaps[0][0], 0, None)
for frame in range(1, scene.FRAMES + 1):
    for column, (pixmap, drawable, context, _) in enumerate(pixmaps):
        if not glXMakeCurrent(display, drawable, context):
            raise SystemExit("glxpixmap: glXMakeCurrent failed")
        draw(scene.angle(frame))
        glXWaitGL()
        XSetForeground(display, pen, 0xC04040)
        XFillRectangle(display, pixmap, pen, 10, scene.HEIGHT - 30, HALF - 20, 20)  # X over what GL drew
        XCopyArea(display, pixmap, window, pen, 0, 0, HALF, scene.HEIGHT, column * HALF, 0)
    XSync(display, False)
    scene.announce(frame)
scene.hold()  # nothing covers the window, so it need not be painted again
for pixmap, drawable, context, destroy in pixmaps:
    glXMakeCurrent(display, 0, None)
    glXDestroyContext(display, context)
    destroy(display, drawable)
    XFreePixmap(display, pixmap)
XCloseDisplay(display)
