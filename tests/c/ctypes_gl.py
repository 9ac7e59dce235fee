"""OpenGL from Python's ctypes: what many small tools do, and what a hook on dlsym alone must survive."""
import ctypes

x11 = ctypes.CDLL("libX11.so.6")
gl = ctypes.CDLL("libGL.so.1")
x11.XOpenDisplay.restype = ctypes.c_void_p
display = ctypes.c_void_p(x11.XOpenDisplay(None))
error, event, major, minor = (ctypes.c_int() for _ in range(4))
print("GLX:", gl.glXQueryExtension(display, ctypes.byref(error), ctypes.byref(event)))
gl.glXQueryVersion(display, ctypes.byref(major), ctypes.byref(minor))
print("version:", major.value, minor.value)
gl.glXGetProcAddressARB.restype = ctypes.c_void_p
print("glXSwapBuffers:", gl.glXGetProcAddressARB(b"glXSwapBuffers") is not None)
visual = gl.glXChooseVisual
visual.restype = ctypes.c_void_p
wanted = (ctypes.c_int * 5)(4, 5, 8, 1, 0)
print("visual:", visual(display, 0, wanted) is not None)
