/* A program that ends, forks and closes at bad moments: `faults [egl] CASE`. It tells on standard output how far it came, and its
 * exit status is part of the answer. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drawing.h"

/* The arguments from the case's name on. */
static char **words;
static int count;
static Drawing global;

/* From here on the kernel answers this system call with an error, as a container's seccomp profile or a full machine does. */
static void deny(int call, int error)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
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

/* Words such as deny-memfd-later. */
static void apply_limits(const char *when)
{
    for (int i = 1; i < count; i++) {
        size_t length = strlen(words[i]) - (strlen(words[i]) > strlen(when) ? strlen(when) : 0);
        if (strcmp(words[i] + length, when)) continue;
        if (!strncmp(words[i], "deny-memfd", length)) deny(SYS_memfd_create, EPERM);
        if (!strncmp(words[i], "deny-shmget", length)) deny(SYS_shmget, EPERM);
        if (!strncmp(words[i], "full-memfd", length)) deny(SYS_ftruncate, ENOSPC);
        if (!strncmp(words[i], "full-shmget", length)) deny(SYS_shmget, ENOSPC);
        if (!strncmp(words[i], "no-descriptors", length)) no_more_descriptors();
    }
}

/* A child's end, as a number: its status, or 1000 and the signal. */
static void tell_end_of(pid_t child)
{
    int status = 0;
    waitpid(child, &status, 0);
    printf("the child ended with %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status));
    fflush(stdout);
}

static void exec_draw(void) { execl("/proc/self/exe", "faults", by_egl ? "egl" : "draw", by_egl ? "draw" : NULL, NULL); }

/* Five frames, or with `grow` twenty, each larger; it waits for the end of its input. */
static void draw(void)
{
    Drawing drawing = begin(100, 80);
    if (count > 1 && !strcmp(words[1], "grow")) {
        /* Frames of a new size need new memory. */
        for (int i = 0; i < 20; i++) {
            if (i == 3) apply_limits("-later");
            XResizeWindow(drawing.display, drawing.window, 100 + 40 * i, 80 + 30 * i);
            frame(drawing, i);
        }
    } else {
        frames(drawing, 5);
    }
    show_last(drawing);
    tell("drawn");
    while (getchar() != EOF) {}
}

static void for_ever(void)
{
    Drawing drawing = begin(count > 1 ? atoi(words[1]) : 300, count > 2 ? atoi(words[2]) : 200);
    for (int i = 0;; i++) {
        frame(drawing, i);
        if (i == 3) tell("ready");
    }
}

/* A frame for each line `frame` of its input, a larger window for each `larger`. */
static void step(void)
{
    unsigned width = count > 1 ? atoi(words[1]) : 300, height = count > 2 ? atoi(words[2]) : 200;
    Drawing drawing = begin(width, height);
    char line[80];
    for (int i = 0; fgets(line, sizeof line, stdin);) {
        if (!strcmp(line, "frame\n")) frame(drawing, i++), tell("swapped");
        if (strcmp(line, "larger\n")) continue;
        XResizeWindow(drawing.display, drawing.window, width *= 4, height *= 4);
        XSync(drawing.display, 0);
        tell("larger");
    }
    show_last(drawing);
}

/* `grid COUNT ROW FRAMES`: so many windows side by side, eight a row from that row on. The last frame of window i is i + FRAMES - 1. */
static void grid(void)
{
    int windows = atoi(words[1]), row = atoi(words[2]), last = atoi(words[3]);
    Drawing drawings[windows];
    drawings[0] = begin_at(0, row * 130, 200, 100);
    for (int i = 1; i < windows; i++) drawings[i] = with_window(drawings[0], i % 8 * 240, (row + i / 8) * 130, 200, 100);
    for (int number = 0; number < last; number++)
        for (int i = 0; i < windows; i++) {
            if (windows > 1 && !make_current(drawings[i])) exit(103);
            frame(drawings[i], i + number);
        }
    if (glGetError()) exit(102);
    for (int i = 0; i < windows; i++) show_last(drawings[i]);
    tell("drawn");
    while (getchar() != EOF) {}
}

/* A second display once the first one's server has been replaced by another. */
static void reconnect(void)
{
    frames(begin(100, 80), 3);
    tell("ready");
    while (getchar() != '\n') {}
    frames(begin(100, 80), 5);
    tell("drawn");
    while (getchar() != EOF) {}
}

static void close_display(void)
{
    for (int i = 0; i < 3; i++) {
        Drawing drawing = begin(100, 80);
        frames(drawing, 3);
        XCloseDisplay(drawing.display); /* with the context current */
        tell("closed");
    }
}

static void draw_as_child(void)
{
    pid_t child = fork();
    if (!child) {
        frames(begin(80, 60), 3);
        _exit(0);
    }
    tell_end_of(child);
}

static void fork_before(void)
{
    draw_as_child();
    frames(begin(100, 80), 3);
}

static void fork_between(void)
{
    Drawing drawing = begin(100, 80);
    pid_t child = fork();
    if (!child) exec_draw();
    frames(drawing, 3);
    tell_end_of(child);
    frames(drawing, 3);
}

static void fork_after(void)
{
    Drawing drawing = begin(100, 80);
    frames(drawing, 3);
    draw_as_child();
    frames(drawing, 3);
}

/* The child leaves by exit(3): the parent's connections and contexts must outlive its exit handlers. */
static void fork_and_exit(void)
{
    Drawing drawing = begin(100, 80);
    frames(drawing, 3);
    pid_t child = fork();
    if (!child) exit(7);
    tell_end_of(child);
    frames(drawing, 3);
    XSync(drawing.display, 0);
}

static void exec_current(void)
{
    frames(begin(100, 80), 3);
    exec_draw();
}

static void *swap_for_ever(void *frames_so_far)
{
    Drawing drawing = begin(100, 80);
    for (int i = 0;; i++) frame(drawing, i), atomic_fetch_add((atomic_int *)frames_so_far, 1);
    return NULL;
}

static void start_swapping(void)
{
    static atomic_int drawn;
    pthread_t thread;
    pthread_create(&thread, NULL, swap_for_ever, &drawn);
    while (drawn < 20) usleep(100);
}

/* Whatever the other thread holds at that moment, children that start another program do so. */
static void fork_while_swapping(void)
{
    start_swapping();
    for (int i = 0; i < 20; i++) {
        pid_t child = fork();
        if (!child) execl("/bin/true", "true", NULL);
        tell_end_of(child);
    }
    _exit(0);
}

static void exit_elsewhere(void)
{
    start_swapping();
    tell("exit");
    exit(5);
}

static void *draw_and_end(void *unused)
{
    (void)unused;
    frames(begin(100, 80), 3);
    return NULL; /* with the context current */
}

static void thread_ends(void)
{
    for (int i = 0; i < 5; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, draw_and_end, NULL);
        pthread_join(thread, NULL);
        tell("the thread has ended");
    }
    frames(begin(60, 60), 3);
}

static void close_library(void)
{
    for (int i = 0; i < 3; i++) {
        void *library = dlopen(by_egl ? "libEGL.so.1" : "libGL.so.1", RTLD_NOW | RTLD_LOCAL);
        Drawing drawing = begin(100, 80);
        frames(drawing, 2);
        if (by_egl) {
            unsigned (*swap)(void *, void *) = (unsigned (*)(void *, void *))dlsym(library, "eglSwapBuffers");
            swap(drawing.egl, drawing.surface);
            eglMakeCurrent(drawing.egl, NULL, NULL, NULL);
            eglDestroyContext(drawing.egl, drawing.context);
            eglTerminate(drawing.egl);
        } else {
            void (*swap)(Display *, XID) = (void (*)(Display *, XID))dlsym(library, "glXSwapBuffers");
            swap(drawing.display, drawing.window);
            glXMakeCurrent(drawing.display, 0, NULL);
            glXDestroyContext(drawing.display, drawing.context);
        }
        XCloseDisplay(drawing.display);
        dlclose(library);
    }
    tell("closed");
}

static void last_frame(void) { frames(global, 2), tell("drawn at exit"); }

static void draw_at_exit(void)
{
    global = begin(100, 80);
    frames(global, 3);
    atexit(last_frame); /* after drivers have registered theirs, which run later then */
    exit(6);
}

static int draws_in_destructor;

/* In a new context, after all exit handlers. */
__attribute__((destructor)) static void draw_at_the_very_end(void)
{
    if (draws_in_destructor) frames(begin(60, 60), 2), tell("drawn by a destructor");
}

static void destructor(void)
{
    frames(begin(100, 80), 3);
    draws_in_destructor = 1;
    exit(9);
}

/* The handler is registered before drivers register theirs, which run before it then. */
static void draw_at_early_exit(void)
{
    atexit(last_frame);
    global = begin(100, 80);
    frames(global, 3);
    exit(6);
}

static void on_signal(int number) { frames(global, 1), exit(30 + number); }

static void draw_at_signal(void)
{
    global = begin(100, 80);
    signal(SIGTERM, on_signal);
    frames(global, 3);
    tell("ready");
    raise(SIGTERM);
}

static void raise_at_exit(void) { raise(SIGTERM); }

static void on_late_signal(int number) { (void)number, frames(global, 1), tell("drawn by a signal's handler at exit"); }

/* The signal comes while exit handlers run. */
static void draw_at_late_signal(void)
{
    global = begin(100, 80);
    signal(SIGTERM, on_late_signal);
    frames(global, 3);
    atexit(raise_at_exit);
    exit(8);
}

static void abort_current(void)
{
    frames(begin(100, 80), 3);
    abort();
}

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

/* Drawables that are gone, were never there, or are something else: the errors, and a good frame in between. */
static void dangling(void)
{
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
    make_current(drawing);
    frames(drawing, 2);
    XDestroyWindow(drawing.display, drawing.window);
    XSync(drawing.display, 0);
    puts("after the window's end");
    XSetErrorHandler(tell_nothing); /* drivers differ in what they say of it */
    frames(drawing, 3);
    XSync(drawing.display, 0);
}

static const struct { const char *name; void (*run)(void); } cases[] = {
    {"draw", draw},
    {"for-ever", for_ever},
    {"step", step},
    {"grid", grid},
    {"reconnect", reconnect},
    {"close-display", close_display},
    {"fork-before", fork_before},
    {"fork-between", fork_between},
    {"fork-after", fork_after},
    {"fork-and-exit", fork_and_exit},
    {"fork-while-swapping", fork_while_swapping},
    {"exec", exec_current},
    {"thread-ends", thread_ends},
    {"exit-elsewhere", exit_elsewhere},
    {"dlclose", close_library},
    {"atexit", draw_at_exit},
    {"early-atexit", draw_at_early_exit},
    {"destructor", destructor},
    {"signal", draw_at_signal},
    {"late-signal", draw_at_late_signal},
    {"abort", abort_current},
    {"dangling", dangling},
};

int main(int number, char **arguments)
{
    words = arguments + 1, count = number - 1;
    if (count > 0 && !strcmp(words[0], "egl")) by_egl = 1, words++, count--;
    /* A direct run has no glxrun that ends it with the test. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    apply_limits("-now");
    XInitThreads();
    for (unsigned i = 0; count > 0 && i < sizeof cases / sizeof *cases; i++) {
        if (strcmp(words[0], cases[i].name)) continue;
        cases[i].run();
        tell("end");
        return 0;
    }
    fprintf(stderr, "no such case\n");
    return 99;
}
