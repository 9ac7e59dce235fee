/* A program that ends, forks and closes at bad moments: `faults CASE`. It tells on standard output how far it came, and its exit
 * status is part of the answer. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gl_x11.h"

typedef struct { Display *display; XID window; void *context; } Drawing;

static Drawing begin(unsigned width, unsigned height)
{
    int wanted[] = {4 /* GLX_RGBA */, 5 /* GLX_DOUBLEBUFFER */, 8 /* GLX_RED_SIZE */, 1, 0};
    Drawing drawing = {.display = XOpenDisplay(NULL)};
    XVisualInfo *visual = drawing.display ? glXChooseVisual(drawing.display, 0, wanted) : NULL;
    if (!visual) fprintf(stderr, "no display or no visual\n"), exit(100);
    XID root = XDefaultRootWindow(drawing.display);
    XSetWindowAttributes attributes = {.colormap = XCreateColormap(drawing.display, root, visual->visual, 0)};
    drawing.window = XCreateWindow(drawing.display, root, 0, 0, width, height, 0, visual->depth, 1, visual->visual,
                                   1 << 13 /* CWColormap */ | 1 << 3 /* CWBorderPixel */, &attributes);
    XMapWindow(drawing.display, drawing.window);
    drawing.context = glXCreateContext(drawing.display, visual, NULL, 1);
    if (!drawing.context || !glXMakeCurrent(drawing.display, drawing.window, drawing.context)) exit(101);
    return drawing;
}

static void frame(Drawing drawing, int number)
{
    glClearColor(number % 2, number / 2 % 2, number % 16 / 15.f, 1);
    glClear(0x4000 /* GL_COLOR_BUFFER_BIT */);
    glXSwapBuffers(drawing.display, drawing.window);
}

static void frames(Drawing drawing, int count)
{
    for (int i = 0; i < count; i++) frame(drawing, i);
    glFinish();
    if (glGetError()) exit(102);
}

/* From here on the kernel refuses this system call, as a container's seccomp profile may. */
static void deny(int call)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1 /* EPERM */),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    /* For the threads that there are already too. */
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program)) perror("seccomp"), exit(105);
}

/* No descriptor above those in use. */
static void no_more_descriptors(void)
{
    int highest = 0;
    DIR *open_ones = opendir("/proc/self/fd");
    for (struct dirent *entry; (entry = readdir(open_ones));)
        if (atoi(entry->d_name) > highest) highest = atoi(entry->d_name);
    closedir(open_ones);
    struct rlimit limit = {highest, highest};
    if (setrlimit(RLIMIT_NOFILE, &limit)) perror("setrlimit"), exit(106);
}

static void apply_limits(char **words, const char *when)
{
    for (; *words; words++) {
        size_t length = strlen(*words) - (strlen(*words) > strlen(when) ? strlen(when) : 0);
        if (strcmp(*words + length, when)) continue;
        if (!strncmp(*words, "deny-memfd", length)) deny(SYS_memfd_create);
        if (!strncmp(*words, "deny-shmget", length)) deny(SYS_shmget);
        if (!strncmp(*words, "no-descriptors", length)) no_more_descriptors();
    }
}

static void tell(const char *text) { puts(text), fflush(stdout); }

static Drawing global;
static int error_base;

/* Errors of GLX have numbers from the extension's base on. */
static int tell_error(Display *display, XErrorEvent *error)
{
    (void)display;
    int own = error->code >= 128;
    printf("error %s%d of request %s\n", own ? "GLX+" : "", own ? error->code - error_base : error->code, error->request >= 128 ? "GLX" : "core");
    return 0;
}

static int tell_nothing(Display *display, XErrorEvent *error) { return (void)display, (void)error, 0; }

/* A child's end, as a number: its status, or 1000 and the signal. */
static void tell_end_of(pid_t child)
{
    int status = 0;
    waitpid(child, &status, 0);
    printf("the child ended with %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status));
    fflush(stdout);
}

static void draw_as_child(int count)
{
    pid_t child = fork();
    if (!child) {
        frames(begin(80, 60), count);
        _exit(0);
    }
    tell_end_of(child);
}

static void last_frame(void) { frames(global, 2), tell("drawn at exit"); }

static void on_signal(int number) { frames(global, 1), exit(30 + number); }

static void *swap_for_ever(void *frames_so_far)
{
    Drawing drawing = begin(100, 80);
    for (int i = 0;; i++) frame(drawing, i), atomic_fetch_add((atomic_int *)frames_so_far, 1);
    return NULL;
}

static void *draw_and_end(void *unused)
{
    (void)unused;
    global = begin(100, 80);
    frames(global, 3);
    return NULL; /* with the context current */
}

int main(int count, char **words)
{
    const char *name = count > 1 ? words[1] : "";
    /* A direct run has no glxrun that ends it with the test. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    apply_limits(words + 1, "-now");
    XInitThreads();
    if (!strcmp(name, "draw")) {
        Drawing drawing = begin(100, 80);
        if (count > 2 && !strcmp(words[2], "grow")) {
            /* Frames of a new size need new memory. */
            for (int i = 0; i < 20; i++) {
                if (i == 3) apply_limits(words, "-later");
                XResizeWindow(drawing.display, drawing.window, 100 + 40 * i, 80 + 30 * i);
                frame(drawing, i);
            }
        } else {
            frames(drawing, 5);
        }
        tell("drawn");
        while (getchar() != EOF) {}
    } else if (!strcmp(name, "for-ever")) {
        Drawing drawing = begin(count > 2 ? atoi(words[2]) : 300, count > 3 ? atoi(words[3]) : 200);
        for (int i = 0;; i++) {
            frame(drawing, i);
            if (i == 3) tell("ready");
        }
    } else if (!strcmp(name, "close-display")) {
        for (int i = 0; i < 3; i++) {
            Drawing drawing = begin(100, 80);
            frames(drawing, 3);
            XCloseDisplay(drawing.display); /* with the context current */
            tell("closed");
        }
    } else if (!strcmp(name, "fork-before")) {
        draw_as_child(3);
        frames(begin(100, 80), 3);
    } else if (!strcmp(name, "fork-between")) {
        Drawing drawing = begin(100, 80);
        pid_t child = fork();
        if (!child) execl("/proc/self/exe", words[0], "draw", NULL);
        frames(drawing, 3);
        tell_end_of(child);
        frames(drawing, 3);
    } else if (!strcmp(name, "fork-after")) {
        Drawing drawing = begin(100, 80);
        frames(drawing, 3);
        draw_as_child(3);
        frames(drawing, 3);
    } else if (!strcmp(name, "fork-and-exit")) {
        /* The child leaves by exit(3): the parent's connections and contexts must outlive its exit handlers. */
        Drawing drawing = begin(100, 80);
        frames(drawing, 3);
        pid_t child = fork();
        if (!child) exit(7);
        tell_end_of(child);
        frames(drawing, 3);
        XSync(drawing.display, 0);
    } else if (!strcmp(name, "exec")) {
        frames(begin(100, 80), 3);
        execl("/proc/self/exe", words[0], "draw", NULL);
    } else if (!strcmp(name, "thread-ends")) {
        for (int i = 0; i < 5; i++) {
            pthread_t thread;
            pthread_create(&thread, NULL, draw_and_end, NULL);
            pthread_join(thread, NULL);
            tell("the thread has ended");
        }
        frames(begin(60, 60), 3);
    } else if (!strcmp(name, "exit-elsewhere")) {
        static atomic_int drawn;
        pthread_t thread;
        pthread_create(&thread, NULL, swap_for_ever, &drawn);
        while (drawn < 20) usleep(100);
        tell("exit");
        exit(5);
    } else if (!strcmp(name, "dlclose")) {
        for (int i = 0; i < 3; i++) {
            void *library = dlopen("libGL.so.1", RTLD_NOW | RTLD_LOCAL);
            void (*swap)(Display *, XID) = (void (*)(Display *, XID))dlsym(library, "glXSwapBuffers");
            Drawing drawing = begin(100, 80);
            frames(drawing, 2);
            swap(drawing.display, drawing.window);
            glXMakeCurrent(drawing.display, 0, NULL);
            glXDestroyContext(drawing.display, drawing.context);
            XCloseDisplay(drawing.display);
            dlclose(library);
        }
        tell("closed");
    } else if (!strcmp(name, "atexit")) {
        global = begin(100, 80);
        frames(global, 3);
        atexit(last_frame); /* after drivers have registered theirs, which run later then */
        exit(6);
    } else if (!strcmp(name, "signal")) {
        global = begin(100, 80);
        signal(SIGTERM, on_signal);
        frames(global, 3);
        tell("ready");
        raise(SIGTERM);
    } else if (!strcmp(name, "abort")) {
        frames(begin(100, 80), 3);
        abort();
    } else if (!strcmp(name, "dangling")) {
        /* Drawables that are gone, were never there, or are something else: the errors, and a good frame in between. */
        Drawing drawing = begin(100, 80);
        int event_base;
        glXQueryExtension(drawing.display, &error_base, &event_base);
        XSetErrorHandler(tell_error);
        XID gone = XCreatePixmap(drawing.display, drawing.window, 10, 10, 24), root = XDefaultRootWindow(drawing.display);
        XFreePixmap(drawing.display, gone);
        XID bad[] = {0, 0x12345678, gone, root};
        const char *names[] = {"none", "one that never was", "one that is gone", "the root window"};
        for (int i = 0; i < 4; i++) {
            frames(drawing, 2);
            printf("swap %s\n", names[i]);
            glXSwapBuffers(drawing.display, bad[i]);
            XSync(drawing.display, 0);
        }
        for (int i = 0; i < 3; i++) {
            printf("make current %s\n", names[i]);
            printf("gives %d\n", glXMakeCurrent(drawing.display, bad[i], drawing.context));
            XSync(drawing.display, 0);
        }
        glXMakeCurrent(drawing.display, drawing.window, drawing.context);
        frames(drawing, 2);
        XDestroyWindow(drawing.display, drawing.window);
        XSync(drawing.display, 0);
        puts("after the window's end");
        XSetErrorHandler(tell_nothing); /* drivers differ in what they say of it */
        frames(drawing, 3);
        XSync(drawing.display, 0);
    } else {
        fprintf(stderr, "no such case\n");
        return 99;
    }
    tell("end");
    return 0;
}
