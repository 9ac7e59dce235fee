/* A program whose context is lost, as c/lost_gl.c has it: it finds out by its own query, swaps on for a while, and draws on in a new
 * context. */
#define _GNU_SOURCE
#include <dlfcn.h>

#include "drawing.h"

static unsigned call(const char *name)
{
    unsigned (*function)(void) = (unsigned (*)(void))dlsym(RTLD_DEFAULT, name);
    if (!function) fprintf(stderr, "no %s\n", name), exit(110);
    return function();
}

int main(int count, char **words)
{
    by_egl = count > 1;
    (void)words;
    XInitThreads();
    Drawing drawing = begin(100, 80);
    frames(drawing, 40); /* by then the way of reading is chosen */
    printf("status %#x\n", call("glGetGraphicsResetStatusARB"));
    call("lose_contexts");
    printf("status %#x\n", call("glGetGraphicsResetStatusARB"));
    for (int i = 0; i < 10; i++) frame(drawing, i);
    glFinish();
    printf("error %#x\n", glGetError());
    call("end_reset");
    void *lost = drawing.context;
    drawing.context = drawing.egl ? eglCreateContext(drawing.egl, drawing.config, NULL, NULL)
                                  : glXCreateContext(drawing.display, drawing.visual, NULL, 1);
    if (!make_current(drawing)) return 111;
    if (drawing.egl) eglDestroyContext(drawing.egl, lost);
    else glXDestroyContext(drawing.display, lost);
    frames(drawing, 5);
    show_last(drawing);
    tell("drawn");
    while (getchar() != EOF) {}
    return 0;
}
