/* A window with a context current and frames in it, by GLX or by EGL. */
#include <stdio.h>
#include <stdlib.h>

#include "gl_x11.h"

XVisualInfo *XGetVisualInfo(Display *, long, XVisualInfo *, int *);
void *eglGetDisplay(void *), *eglCreateContext(void *, void *, void *, int *), *eglCreateWindowSurface(void *, void *, XID, int *);
unsigned eglInitialize(void *, int *, int *), eglBindAPI(unsigned), eglChooseConfig(void *, int *, void **, int, int *);
unsigned eglGetConfigAttrib(void *, void *, int, int *), eglMakeCurrent(void *, void *, void *, void *), eglTerminate(void *);
unsigned eglWaitGL(void), eglSwapBuffers(void *, void *), eglDestroyContext(void *, void *), eglSwapInterval(void *, int);

/* egl is the EGLDisplay, or null where GLX draws. */
typedef struct { Display *display; XVisualInfo *visual; XID window; void *context, *egl, *config, *surface; } Drawing;

static int by_egl;

static XVisualInfo *choose_visual(Display *display, void *egl, void **config)
{
    int wanted[] = {4 /* GLX_RGBA */, 5 /* GLX_DOUBLEBUFFER */, 8 /* GLX_RED_SIZE */, 1, 0}, count, id;
    if (!egl) return glXChooseVisual(display, 0, wanted);
    int attributes[] = {0x3024 /* EGL_RED_SIZE */, 8, 0x3025 /* EGL_DEPTH_SIZE */, 1, 0x3033 /* EGL_SURFACE_TYPE */, 4 /* window */,
                        0x3040 /* EGL_RENDERABLE_TYPE */, 8 /* OpenGL */, 0x3038};
    if (!eglInitialize(egl, NULL, NULL) || !eglBindAPI(0x30a2 /* EGL_OPENGL_API */)) return NULL;
    if (!eglChooseConfig(egl, attributes, config, 1, &count) || !count) return NULL;
    eglGetConfigAttrib(egl, *config, 0x302e /* EGL_NATIVE_VISUAL_ID */, &id);
    XVisualInfo template = {.visualid = id};
    return XGetVisualInfo(display, 1 /* VisualIDMask */, &template, &count);
}

static int make_current(Drawing drawing)
{
    return drawing.egl ? (int)eglMakeCurrent(drawing.egl, drawing.surface, drawing.surface, drawing.context)
                       : glXMakeCurrent(drawing.display, drawing.window, drawing.context);
}

/* Adds a window. */
static Drawing with_window(Drawing drawing, int x, int y, unsigned width, unsigned height)
{
    Display *display = drawing.display;
    XID root = XDefaultRootWindow(display);
    XSetWindowAttributes attributes = {.colormap = XCreateColormap(display, root, drawing.visual->visual, 0)};
    drawing.window = XCreateWindow(display, root, x, y, width, height, 0, drawing.visual->depth, 1, drawing.visual->visual,
                                   1 << 13 /* CWColormap */ | 1 << 3 /* CWBorderPixel */, &attributes);
    XMapWindow(display, drawing.window);
    if (drawing.egl) drawing.surface = eglCreateWindowSurface(drawing.egl, drawing.config, drawing.window, NULL);
    if (!make_current(drawing)) exit(101);
    if (drawing.egl) eglSwapInterval(drawing.egl, 0);
    return drawing;
}

/* A display and a context of its own, and a window at a place. */
static Drawing begin_at(int x, int y, unsigned width, unsigned height)
{
    Drawing drawing = {.display = XOpenDisplay(NULL)};
    if (drawing.display && by_egl) drawing.egl = eglGetDisplay(drawing.display);
    if (drawing.display) drawing.visual = choose_visual(drawing.display, drawing.egl, &drawing.config);
    if (!drawing.visual) fprintf(stderr, "no display or no visual\n"), exit(100);
    drawing.context = drawing.egl ? eglCreateContext(drawing.egl, drawing.config, NULL, NULL)
                                  : glXCreateContext(drawing.display, drawing.visual, NULL, 1);
    if (!drawing.context) exit(101);
    return with_window(drawing, x, y, width, height);
}

static Drawing begin(unsigned width, unsigned height) { return begin_at(0, 0, width, height); }

static void frame(Drawing drawing, int number)
{
    glClearColor(number % 2, number / 2 % 2, number % 16 / 15.f, 1);
    glClear(0x4000 /* GL_COLOR_BUFFER_BIT */);
    if (drawing.egl) eglSwapBuffers(drawing.egl, drawing.surface);
    else glXSwapBuffers(drawing.display, drawing.window);
}

static void frames(Drawing drawing, int count)
{
    for (int i = 0; i < count; i++) frame(drawing, i);
    glFinish();
    if (glGetError()) exit(102);
}

/* Its window shows the last frame from now on. */
static void show_last(Drawing drawing)
{
    if (!make_current(drawing)) exit(103);
    if (drawing.egl) eglWaitGL();
    else glXWaitGL();
}

static void tell(const char *text) { puts(text), fflush(stdout); }
