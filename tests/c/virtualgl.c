/* Stands for VirtualGL: a preloaded library with its name, which passes swaps on to the driver and notes that it did. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

void glXSwapBuffers(void *display, unsigned long drawable) {
    static void (*real)(void *, unsigned long);
    if (!real) {
        real = dlsym(RTLD_NEXT, "glXSwapBuffers");
        close(open(getenv("VIRTUALGL_NOTE"), O_CREAT | O_WRONLY, 0600));
    }
    real(display, drawable);
}
