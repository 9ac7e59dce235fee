"""A program that draws into another process's window, closes its Display and ends at once."""

import ctypes
import os
import subprocess
import sys

libX11 = ctypes.CDLL("libX11.so.6")
libGL = ctypes.CDLL("libGL.so.1")
XID, pointer, integer = ctypes.c_ulong, ctypes.c_void_p, ctypes.c_int
libX11.XOpenDisplay.restype = libGL.glXChooseVisual.restype = libGL.glXCreateContext.restype = pointer
libX11.XRootWindow.restype = libX11.XCreateSimpleWindow.restype = XID
libX11.XVisualIDFromVisual.restype = ctypes.c_ulong
libX11.XDefaultVisual.restype = pointer
libX11.XGetVisualInfo.restype = pointer
libGL.glClearColor.argtypes = [ctypes.c_float] * 4


class VisualInfo(ctypes.Structure):
    _fields_ = [("visual", pointer), ("visualid", ctypes.c_ulong), ("rest", ctypes.c_byte * 64)]


display = pointer(libX11.XOpenDisplay(None))
if len(sys.argv) == 1:
    root = XID(libX11.XRootWindow(display, 0))
    window = XID(libX11.XCreateSimpleWindow(display, root, 20, 10, 1200, 900, 0, XID(0), XID(0x808080)))
    libX11.XMapWindow(display, window)
    libX11.XSync(display, 0)
    subprocess.run([sys.executable, __file__, str(window.value)], check=True)
    print("ready", flush=True)
    sys.stdin.read()
else:
    visual = pointer(libX11.XDefaultVisual(display, 0))
    wanted, count = VisualInfo(visualid=libX11.XVisualIDFromVisual(visual)), integer()
    info = pointer(libX11.XGetVisualInfo(display, ctypes.c_long(1), ctypes.byref(wanted), ctypes.byref(count)))
    context = pointer(libGL.glXCreateContext(display, info, None, 1))
    window = XID(int(sys.argv[1]))
    if not libGL.glXMakeCurrent(display, window, context):
        sys.exit("no context")
    for blue in (1.0, 0.5, 0.0):
        libGL.glClearColor(1.0, 0.5, blue, 1.0)
        libGL.glClear(0x4000)
        libGL.glXSwapBuffers(display, window)
    libX11.XCloseDisplay(display)
    os._exit(0)
