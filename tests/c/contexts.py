"""GLX and EGL in one thread, which has one current context: prints what the calls return."""

import ctypes

libX11 = ctypes.CDLL("libX11.so.6")
libGL = ctypes.CDLL("libGL.so.1")
libEGL = ctypes.CDLL("libEGL.so.1")
XID, pointer, integer = ctypes.c_ulong, ctypes.c_void_p, ctypes.c_int
for function in (
    [libX11.XOpenDisplay, libX11.XDefaultVisual, libX11.XGetVisualInfo, libGL.glXChooseVisual]
    + [libGL.glXCreateContext, libGL.glXGetCurrentContext, libEGL.eglGetDisplay, libEGL.eglCreateContext]
    + [libEGL.eglGetCurrentContext, libEGL.eglCreatePbufferSurface]
):
    function.restype = pointer
libX11.XRootWindow.restype = libX11.XCreateSimpleWindow.restype = XID
libX11.XVisualIDFromVisual.restype = ctypes.c_ulong


class VisualInfo(ctypes.Structure):
    _fields_ = [("visual", pointer), ("visualid", ctypes.c_ulong), ("rest", ctypes.c_byte * 64)]


display = pointer(libX11.XOpenDisplay(None))
visual = pointer(libX11.XDefaultVisual(display, 0))
wanted, count = VisualInfo(visualid=libX11.XVisualIDFromVisual(visual)), integer()
info = pointer(libX11.XGetVisualInfo(display, ctypes.c_long(1), ctypes.byref(wanted), ctypes.byref(count)))
window = XID(libX11.XCreateSimpleWindow(display, XID(libX11.XRootWindow(display, 0)), 0, 0, 60, 40, 0, XID(0), XID(0)))
context = pointer(libGL.glXCreateContext(display, info, None, 1))
print("GLX current", libGL.glXMakeCurrent(display, window, context))

egl = pointer(libEGL.eglGetDisplay(display))
print("EGL", libEGL.eglInitialize(egl, None, None), libEGL.eglBindAPI(0x30A2))
config = pointer()
attributes = [0x3033, 1, 0x3040, 8, 0x3038]  # EGL_SURFACE_TYPE pbuffer, EGL_RENDERABLE_TYPE OpenGL
libEGL.eglChooseConfig(egl, (integer * 5)(*attributes), ctypes.byref(config), 1, ctypes.byref(count))
other = pointer(libEGL.eglCreateContext(egl, config, None, None))
small = pointer(libEGL.eglCreatePbufferSurface(egl, config, (integer * 5)(0x3057, 8, 0x3056, 8, 0x3038)))
print("EGL current beside it", libEGL.eglMakeCurrent(egl, small, small, other), hex(libEGL.eglGetError()))
print("still GLX's", libGL.glXGetCurrentContext() == context.value)

print("released", libGL.glXMakeCurrent(display, XID(0), None))
print("EGL current", libEGL.eglMakeCurrent(egl, None, None, None), libEGL.eglMakeCurrent(egl, small, small, other))
handler = ctypes.CFUNCTYPE(integer, pointer, pointer)(lambda _display, _event: print("an X error") or 0)
libX11.XSetErrorHandler(handler)
print("GLX current beside it", libGL.glXMakeCurrent(display, window, context))
libX11.XSync(display, 0)
print("still EGL's", libEGL.eglGetCurrentContext() == other.value)
