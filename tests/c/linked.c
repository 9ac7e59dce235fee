/* A program of the nineties: linked against OpenGL, one picture in immediate mode, held until standard input ends.
 * Compiled as a program, or with -DENTRY=name as a function in a library. */
#include <stdio.h>

#include "gl_x11.h"

#ifndef ENTRY
#define ENTRY main
#endif

int ENTRY(void)
{
    Display *display = XOpenDisplay(NULL);
    if (!display) return fprintf(stderr, "no display\n"), 1;
    int wanted[] = {4 /* GLX_RGBA */, 5 /* GLX_DOUBLEBUFFER */, 8 /* GLX_RED_SIZE */, 1, 0};
    XVisualInfo *visual = glXChooseVisual(display, 0, wanted);
    if (!visual) return fprintf(stderr, "no visual\n"), 1;
    XID root = XDefaultRootWindow(display);
    XSetWindowAttributes attributes = {.colormap = XCreateColormap(display, root, visual->visual, 0)};
    XID window = XCreateWindow(display, root, 0, 0, 200, 150, 0, visual->depth, 1, visual->visual,
                               1 << 13 /* CWColormap */ | 1 << 3 /* CWBorderPixel */, &attributes);
    XMapWindow(display, window);
    void *context = glXCreateContext(display, visual, NULL, 1);
    if (!context || !glXMakeCurrent(display, window, context)) return fprintf(stderr, "no context\n"), 1;
    glClearColor(0.1f, 0.3f, 0.6f, 1);
    glClear(0x4000 /* GL_COLOR_BUFFER_BIT */);
    glBegin(4 /* GL_TRIANGLES */);
    glColor3f(1, 0, 0), glVertex2f(-0.7f, -0.6f);
    glColor3f(0, 1, 0), glVertex2f(0.8f, -0.4f);
    glColor3f(1, 1, 0), glVertex2f(0.1f, 0.9f);
    glEnd();
    glXSwapBuffers(display, window);
    if (glGetError()) return fprintf(stderr, "OpenGL error\n"), 1;
    XSync(display, 0);
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF) {}
    glXMakeCurrent(display, 0, NULL);
    glXDestroyContext(display, context);
    return 0;
}
