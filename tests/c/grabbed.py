"""A program that holds the X server while it makes its first OpenGL window and draws: --xcb says by what it grabs."""

import ctypes
import sys

libX11 = ctypes.CDLL("libX11.so.6")
libGL = ctypes.CDLL("libGL.so.1")
XID, pointer, integer = ctypes.c_ulong, ctypes.c_void_p, ctypes.c_int
libX11.XOpenDisplay.restype = libGL.glXChooseVisual.restype = libGL.glXCreateContext.restype = pointer
libX11.XRootWindow.restype = libX11.XCreateSimpleWindow.restype = XID
libX11.XVisualIDFromVisual.restype = ctypes.c_ulong
libX11.XDefaultVisual.restype = libX11.XGetVisualInfo.restype = libX11.XGetImage.restype = pointer
libGL.glClearColor.argtypes = [ctypes.c_float] * 4


class VisualInfo(ctypes.Structure):
    _fields_ = [("visual", pointer), ("visualid", ctypes.c_ulong), ("rest", ctypes.c_byte * 64)]


display = pointer(libX11.XOpenDisplay(None))
if "--xcb" in sys.argv:
    libX11_xcb, libxcb = ctypes.CDLL("libX11-xcb.so.1"), ctypes.CDLL("libxcb.so.1")
    libX11_xcb.XGetXCBConnection.restype = pointer
    connection = pointer(libX11_xcb.XGetXCBConnection(display))
    libxcb.xcb_grab_server(connection)
    libxcb.xcb_flush(connection)
else:
    libX11.XGrabServer(display)
libX11.XSync(display, 0)
window = XID(libX11.XCreateSimpleWindow(display, XID(libX11.XRootWindow(display, 0)), 20, 10, 120, 80, 0, XID(0), XID(0)))
libX11.XMapWindow(display, window)
visual = pointer(libX11.XDefaultVisual(display, 0))
wanted, count = VisualInfo(visualid=libX11.XVisualIDFromVisual(visual)), integer()
info = pointer(libX11.XGetVisualInfo(display, ctypes.c_long(1), ctypes.byref(wanted), ctypes.byref(count)))
context = pointer(libGL.glXCreateContext(display, info, None, 1))
if not libGL.glXMakeCurrent(display, window, context):
    sys.exit("no context")
for blue in (1.0, 0.5, 0.0):
    libGL.glClearColor(1.0, 0.5, blue, 1.0)
    libGL.glClear(0x4000)
    libGL.glXSwapBuffers(display, window)
libGL.glXWaitGL()
if not libX11.XGetImage(display, window, 0, 0, 10, 10, ctypes.c_ulong(0xFFFFFFFF), 2):
    sys.exit("no image")
libX11.XUngrabServer(display)
libX11.XSync(display, 0)
print("ready", flush=True)
sys.stdin.read()
