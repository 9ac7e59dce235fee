// A library that asks for GLX on a Display of its own, as NVIDIA's Vulkan driver does, and the program that loads it: compiled
// with DRIVER the one, without it the other. The program prints who finds GLX: itself, the library, and a thread of that.
#include <X11/Xlib.h>
#include <pthread.h>
#include <stdio.h>

#ifdef DRIVER
#include <X11/Xlibint.h>

int driver_finds(void) {
    int opcode, event, error;
    Display *display = XOpenDisplay(0);
    int found = XQueryExtension(display, "GLX", &opcode, &event, &error);
    // As libXext does it for a driver.
    found += XInitExtension(display, "GLX") != 0;
    XCloseDisplay(display);
    return found;
}

static void *find(void *found) {
    *(int *)found = driver_finds();
    return 0;
}

int driver_thread_finds(void) {
    int found = 0;
    pthread_t thread;
    pthread_create(&thread, 0, find, &found);
    pthread_join(thread, 0);
    return found;
}
#else
int driver_finds(void);
int driver_thread_finds(void);

int main(void) {
    int opcode, event, error;
    XInitThreads();
    Display *display = XOpenDisplay(0);
    int own = XQueryExtension(display, "GLX", &opcode, &event, &error);
    printf("program %d driver %d thread %d\n", own, driver_finds(), driver_thread_finds());
    return 0;
}
#endif
