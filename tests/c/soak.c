/* A long run: `soak steady|changes SECONDS` or `soak windows NUMBER`. It stops LOOKS times with a line `look PID OBJECTS`, OpenGL
 * objects in its context by the library's and its own doing, and goes on after a line of input. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gl_x11.h"

enum { LOOKS = 40, NAMES = 2000 };

unsigned char glIsTexture(unsigned);
void *glXGetProcAddress(const char *);

static Display *display;
static XVisualInfo *visual;

static XID window(unsigned width, unsigned height)
{
    XID root = XDefaultRootWindow(display);
    static XID colormap;
    if (!colormap) colormap = XCreateColormap(display, root, visual->visual, 0);
    XSetWindowAttributes attributes = {.colormap = colormap};
    XID made = XCreateWindow(display, root, 0, 0, width, height, 0, visual->depth, 1, visual->visual,
                             1 << 13 /* CWColormap */ | 1 << 3 /* CWBorderPixel */, &attributes);
    XMapWindow(display, made);
    return made;
}

static void frame(XID window, int number)
{
    glClearColor(number % 2, number / 2 % 2, number % 16 / 15.f, 1);
    glClear(0x4000 /* GL_COLOR_BUFFER_BIT */);
    glXSwapBuffers(display, window);
}

/* Drivers give the lowest names that are free, so all that lasts is among the first. */
static int objects(void)
{
    static const char *queries[] = {"glIsBuffer", "glIsFramebuffer", "glIsRenderbuffer", "glIsVertexArray", "glIsProgram"};
    int count = 0;
    for (unsigned name = 1; name < NAMES; name++) count += glIsTexture(name);
    for (unsigned i = 0; i < sizeof queries / sizeof *queries; i++) {
        unsigned char (*is)(unsigned) = (unsigned char (*)(unsigned))glXGetProcAddress(queries[i]);
        for (unsigned name = 1; name < NAMES; name++) count += is(name);
    }
    return count;
}

static void look(void)
{
    glXWaitGL();
    XSync(display, 0);
    printf("look %d %d\n", getpid(), objects()), fflush(stdout);
    for (int c; (c = getchar()) != '\n';)
        if (c == EOF) exit(104);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void *elsewhere(void *context)
{
    XID own = window(60, 60);
    if (!glXMakeCurrent(display, own, context)) exit(103);
    for (int i = 0; i < 3; i++) frame(own, i);
    glXMakeCurrent(display, 0, NULL);
    XDestroyWindow(display, own);
    return NULL;
}

/* What programs do in a day: windows change size and go, contexts and threads come and end. */
static void change(XID window, void *context, int turn)
{
    XResizeWindow(display, window, 200 + turn * 37 % 500, 150 + turn * 53 % 400);
    for (int i = 0; i < 3; i++) frame(window, turn + i);
    void *other = glXCreateContext(display, visual, turn % 2 ? context : NULL, 1);
    pthread_t thread;
    pthread_create(&thread, NULL, elsewhere, other);
    pthread_join(thread, NULL);
    glXDestroyContext(display, other);
}

int main(int count, char **words)
{
    int wanted[] = {4 /* GLX_RGBA */, 5 /* GLX_DOUBLEBUFFER */, 8 /* GLX_RED_SIZE */, 1, 0};
    if (count < 3) return 99;
    XInitThreads();
    display = XOpenDisplay(NULL);
    visual = display ? glXChooseVisual(display, 0, wanted) : NULL;
    if (!visual) return fprintf(stderr, "no display or no visual\n"), 100;
    void *context = glXCreateContext(display, visual, NULL, 1);
    double seconds = atof(words[2]);
    if (!strcmp(words[1], "windows")) {
        int number = atoi(words[2]);
        XID before = 0;
        for (int i = 1; i <= number; i++) {
            XID next = window(20 + i % 50, 30);
            if (!glXMakeCurrent(display, next, context)) return 103;
            if (before) XDestroyWindow(display, before);
            frame(next, i);
            before = next;
            if (i * LOOKS / number != (i - 1) * LOOKS / number) look();
        }
    } else {
        int steady = !strcmp(words[1], "steady");
        XID only = window(steady ? 1920 : 300, steady ? 1080 : 200);
        if (!glXMakeCurrent(display, only, context)) return 103;
        double start = now();
        for (int looks = 1, turn = 0; looks <= LOOKS; turn++) {
            steady ? frame(only, turn) : change(only, context, turn);
            if (now() - start > seconds * looks / LOOKS) look(), looks++;
        }
    }
    glXWaitGL();
    puts("end");
    return 0;
}
