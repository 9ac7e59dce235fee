/* Attribute lists of any content: what each call answers, and which error the program gets. Each list ends where its page does,
   so that reading beyond its end is a crash.

       lists glx|egl SEED COUNT [all]

   prints a line for each call, the same for each run with that seed on the same kind of driver. Without `all`, what Mesa's own GLX
   crashes at, or answers by chance, is left out: no list at all for a pbuffer, and negative sizes. */
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "gl_x11.h"

void **glXChooseFBConfig(Display *, int, const int *, int *);
void *glXGetVisualFromFBConfig(Display *, void *);
void *glXGetProcAddressARB(const char *);
XID glXCreatePbuffer(Display *, void *, const int *), glXCreateWindow(Display *, void *, XID, const int *);
void glXDestroyPbuffer(Display *, XID), glXDestroyWindow(Display *, XID);
int XFree(void *);

void *eglGetDisplay(Display *);
unsigned eglInitialize(void *, int *, int *), eglChooseConfig(void *, const int *, void **, int, int *), eglBindAPI(unsigned);
unsigned eglDestroySurface(void *, void *), eglDestroyContext(void *, void *);
int eglGetError(void);
void *eglCreateContext(void *, void *, void *, const int *), *eglCreateWindowSurface(void *, void *, XID, const int *);
void *eglCreatePbufferSurface(void *, void *, const int *);

static uint64_t state;
static unsigned chance(unsigned limit) { /* xorshift */
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (state >> 11) % limit;
}
#define ONE_OF(list) (list)[chance(sizeof(list) / sizeof *(list))]

static int base;
static int tell_error(Display *display, XErrorEvent *event) {
    (void)display;
    if (!base) return 0; /* EGL has errors of its own; what Xlib hears of is by chance */
    if (event->code >= base) printf(" error GLX+%d", event->code - base);
    else printf(" error %d", event->code);
    return 0;
}

static int value(void) {
    static const int values[] = {0, 1, 1, 2, 4, 5, 8, 8, 16, 24, 32, 64, 300, -1, -2, 1 << 30, INT32_MAX, INT32_MIN, 0x8000, 0x8002, 0x8014, 0x3038};
    return chance(8) ? ONE_OF(values) : (int)state;
}

/* A length that memory has room for, as a driver tries whatever it is asked for. */
static int all;
static int size(int length) {
    return length > 4096 ? length % 100 : length < 0 && !all ? 0 : length;
}

/* A list of pairs of these attributes and of others, ended by `end`; sometimes none at all. The first `lone` of `known` have no
   value. */
static char *page_end;
static const int *list(const int *known, unsigned count, unsigned lone, int end) {
    int words[40], length = 0;
    if (!chance(12)) return NULL;
    for (unsigned pairs = chance(7); pairs; pairs--) {
        int attribute = chance(10) ? known[chance(count)] : (int)state;
        int alone = 0;
        for (unsigned i = 0; i < lone; i++) alone |= attribute == known[i];
        words[length++] = attribute == end ? 1 : attribute;
        if (!alone) words[length++] = value();
    }
    words[length++] = end;
    for (int i = 0; i < length; i++) printf(" %x", words[i]);
    return memcpy(page_end - length * sizeof(int), words, length * sizeof(int));
}
#define LIST(known, end) list(known, sizeof(known) / sizeof *(known), 0, end)

/* Not GLX_FBCONFIG_ID: Mesa then looks at the other attributes too, against GLX 1.4, 3.3.3. */
static const int CONFIG[] = {2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0x20, 0x22, 0x23, 0x8010, 0x8011, 0x8012, 0x800B, 100000, 100001};
/* glXChooseVisual's: those without a value come first. */
static const int VISUAL[] = {1, 4, 5, 6, 2, 3, 7, 8, 9, 10, 11, 12, 13, 14, 100000, 100001};
static const int CONTEXT[] = {0x2091, 0x2092, 0x2091, 0x2092, 0x2093, 0x2094, 0x9126, 0x8011, 0x8256};
static const int PBUFFER[] = {0x8041, 0x8040, 0x801C, 0x801B};

static void glx(Display *display, int count) {
    int events, found, usual[] = {0x8010, 5, 0x8011, 1, 8, 8, 0};
    glXQueryExtension(display, &base, &events);
    void **configs = glXChooseFBConfig(display, 0, usual, &found);
    void *(*create)(Display *, void *, void *, int, const int *) = glXGetProcAddressARB("glXCreateContextAttribsARB");
    XVisualInfo *visual = glXGetVisualFromFBConfig(display, configs[0]);
    XID root = XDefaultRootWindow(display);
    XSetWindowAttributes attributes = {.colormap = XCreateColormap(display, root, visual->visual, 0)};
    XID window = XCreateWindow(display, root, 0, 0, 40, 30, 0, visual->depth, 1, visual->visual, 1 << 13 | 1 << 3, &attributes);
    for (int i = 0; i < count; i++) {
        printf("%d", i);
        switch (chance(5)) {
        case 0: {
            int number = 77;
            void **chosen = glXChooseFBConfig(display, 0, LIST(CONFIG, 0), &number);
            printf(" choose config: %s", chosen ? "some" : "none");
            if (chosen) XFree(chosen);
            break;
        }
        case 1: {
            const int *words = list(VISUAL, sizeof VISUAL / sizeof *VISUAL, 4, 0);
            if (!words) words = memset(page_end - sizeof(int), 0, sizeof(int)); /* it may not be null */
            XVisualInfo *chosen = glXChooseVisual(display, 0, (int *)words);
            printf(" choose visual: %s", chosen ? "some" : "none");
            if (chosen) XFree(chosen);
            break;
        }
        case 2: {
            void *context = create(display, configs[chance(found)], NULL, 1, LIST(CONTEXT, 0));
            printf(" context: %s", context ? "made" : "none");
            XSync(display, 0);
            if (context) glXDestroyContext(display, context);
            break;
        }
        case 3: {
            const int *words = LIST(PBUFFER, 0);
            if (!words && !all) words = memset(page_end - sizeof(int), 0, sizeof(int));
            for (int *word = (int *)words; word && *word; word += 2)
                if (*word == 0x8041 || *word == 0x8040) word[1] = size(word[1]);
            XID pbuffer = glXCreatePbuffer(display, configs[chance(found)], words);
            XSync(display, 0);
            printf(" pbuffer: %s", pbuffer ? "made" : "none");
            if (pbuffer) glXDestroyPbuffer(display, pbuffer);
            break;
        }
        case 4: {
            XID drawable = glXCreateWindow(display, configs[0], window, LIST(PBUFFER, 0));
            XSync(display, 0);
            printf(" window: %s", drawable ? "made" : "none");
            if (drawable) glXDestroyWindow(display, drawable);
        }
        }
        XSync(display, 0);
        puts("");
    }
}

/* Not the swap intervals: what configs have there differs from driver to driver. */
static const int EGL_CONFIG[] = {0x3020, 0x3021, 0x3022, 0x3023, 0x3024, 0x3025, 0x3026, 0x3027, 0x3029, 0x302C, 0x302D, 0x3031, 0x3032, 0x3033, 0x3034, 0x3039, 0x303A, 0x303D, 0x303E, 0x303F, 0x3040, 0x3042};
static const int EGL_CONTEXT[] = {0x3098, 0x3098, 0x30FB, 0x30FC, 0x30FD, 0x31B0, 0x31B1, 0x31B2, 0x31BD, 0x3138};
static const int EGL_WINDOW[] = {0x3086, 0x309D, 0x3087, 0x3088, 0x30B1};
static const int EGL_PBUFFER[] = {0x3056, 0x3057, 0x3058, 0x3080, 0x3081, 0x3082, 0x309D};

static void egl(Display *native, int count) {
    void *display = eglGetDisplay(native), *configs[64];
    int found = 0, usual[] = {0x3033, 5, 0x3040, 8 | 4, 0x3024, 8, 0x3023, 8, 0x3022, 8, 0x3021, 0, 0x3038};
    eglInitialize(display, NULL, NULL);
    eglChooseConfig(display, usual, configs, 64, &found);
    XID root = XDefaultRootWindow(native), window = 0;
    for (int i = 0; i < count; i++) {
        printf("%d", i);
        switch (chance(4)) {
        case 0: {
            int number = 77;
            void *some[64];
            unsigned works = eglChooseConfig(display, LIST(EGL_CONFIG, 0x3038), some, 64, &number);
            printf(" choose: %u %s %#x", works, !works ? "-" : number ? "some" : "none", eglGetError());
            break;
        }
        case 1: {
            eglBindAPI(chance(2) ? 0x30A2 : 0x30A0);
            void *context = eglCreateContext(display, configs[chance(found)], NULL, LIST(EGL_CONTEXT, 0x3038));
            printf(" context: %s %#x", context ? "made" : "none", eglGetError());
            if (context) eglDestroyContext(display, context);
            break;
        }
        case 2: {
            window = XCreateWindow(native, root, 0, 0, 40, 30, 0, 0, 1, NULL, 0, NULL);
            void *surface = eglCreateWindowSurface(display, configs[0], window, LIST(EGL_WINDOW, 0x3038));
            printf(" window: %s %#x", surface ? "made" : "none", eglGetError());
            if (surface) eglDestroySurface(display, surface);
            XDestroyWindow(native, window);
            break;
        }
        case 3: {
            const int *words = LIST(EGL_PBUFFER, 0x3038);
            for (int *word = (int *)words; word && *word != 0x3038; word += 2)
                if (*word == 0x3056 || *word == 0x3057) word[1] = size(word[1]);
            void *surface = eglCreatePbufferSurface(display, configs[chance(found)], words);
            printf(" pbuffer: %s %#x", surface ? "made" : "none", eglGetError());
            if (surface) eglDestroySurface(display, surface);
        }
        }
        XSync(native, 0);
        puts("");
    }
}

int main(int count, char **words) {
    if (count < 4) return 99;
    all = count > 4;
    long page = sysconf(_SC_PAGESIZE);
    char *memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory + page, page, PROT_NONE)) return 98;
    page_end = memory + page;
    state = strtoull(words[2], NULL, 0) * 0x9e3779b97f4a7c15 | 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    Display *display = XOpenDisplay(NULL);
    if (!display) return 97;
    XSetErrorHandler(tell_error);
    (!strcmp(words[1], "glx") ? glx : egl)(display, atoi(words[3]));
    puts("end");
    return 0;
}
