/* A program that draws, tells its process id, waits for a line and then waits for signals that any of its threads could take. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include <unistd.h>
#include "gl_x11.h"

int main(void) {
    Display *display = XOpenDisplay(NULL);
    int wanted[] = {4, 5, 8, 1, 0};
    XVisualInfo *visual = glXChooseVisual(display, 0, wanted);
    XID root = XDefaultRootWindow(display);
    XSetWindowAttributes attributes = {.colormap = XCreateColormap(display, root, visual->visual, 0)};
    XID window = XCreateWindow(display, root, 0, 0, 100, 80, 0, visual->depth, 1, visual->visual, 1 << 13 | 1 << 3, &attributes);
    XMapWindow(display, window);
    glXMakeCurrent(display, window, glXCreateContext(display, visual, NULL, 1));
    for (int i = 0; i < 10; i++) {
        glClear(0x4000);
        glXSwapBuffers(display, window);
    }
    printf("ready %d\n", getpid()), fflush(stdout);
    if (getchar() == EOF) return 1;

    /* Blocked only now: threads that were there before have a mask of their own making. */
    sigset_t set;
    sigemptyset(&set), sigaddset(&set, SIGALRM), sigaddset(&set, SIGUSR1), sigaddset(&set, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    struct itimerval often = {{0, 500}, {0, 500}};
    setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0, signal; i < 300; i++) {
        if (i % 3 == 0) kill(getpid(), SIGUSR1);
        glClear(0x4000);
        glXSwapBuffers(display, window);
        if (sigwait(&set, &signal)) return 2;
    }
    puts("end");
    return 0;
}
