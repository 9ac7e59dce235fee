/* A libGL.so.1 whose contexts can be lost, as after a reset of the GPU (GL_ARB_robustness, "Graphics Reset Recovery"): commands have
 * no effect, their error is GL_CONTEXT_LOST and waits end. It stands before the real libraries, which it is linked to. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

static atomic_int lost;

unsigned lose_contexts(void) { return lost = 1; }
/* Contexts made from now on work. */
unsigned end_reset(void) { return lost = 0; }

/* The function of that name in the real libraries. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

unsigned glGetGraphicsResetStatusARB(void) { return lost ? 0x8254 /* GL_INNOCENT_CONTEXT_RESET */ : 0; }
unsigned glGetGraphicsResetStatus(void) { return glGetGraphicsResetStatusARB(); }
unsigned glGetError(void) { return lost ? 0x507 /* GL_CONTEXT_LOST */ : REAL(glGetError)(); }
void glClear(unsigned mask) { if (!lost) REAL(glClear)(mask); }
void glFinish(void) { if (!lost) REAL(glFinish)(); }
void glGetIntegerv(unsigned name, int *value) { if (!lost) REAL(glGetIntegerv)(name, value); }
void glGenBuffers(int count, unsigned *names) { if (!lost) REAL(glGenBuffers)(count, names); }
void glBindBuffer(unsigned target, unsigned name) { if (!lost) REAL(glBindBuffer)(target, name); }
void *glFenceSync(unsigned condition, unsigned flags) { return lost ? NULL : REAL(glFenceSync)(condition, flags); }
unsigned glClientWaitSync(void *sync, unsigned flags, unsigned long timeout)
{
    return lost ? 0x911D /* GL_WAIT_FAILED */ : REAL(glClientWaitSync)(sync, flags, timeout);
}
void *glMapBufferRange(unsigned target, long offset, long length, unsigned access)
{
    return lost ? NULL : REAL(glMapBufferRange)(target, offset, length, access);
}
void glReadPixels(int x, int y, int width, int height, unsigned format, unsigned type, void *pixels)
{
    if (!lost) REAL(glReadPixels)(x, y, width, height, format, type, pixels);
}

void *glXGetProcAddressARB(const char *name)
{
    static const struct { const char *name; void *function; } own[] = {
        {"glGetGraphicsResetStatusARB", glGetGraphicsResetStatusARB}, {"glGetGraphicsResetStatus", glGetGraphicsResetStatus},
        {"glFenceSync", glFenceSync}, {"glClientWaitSync", glClientWaitSync}, {"glMapBufferRange", glMapBufferRange},
        {"glGenBuffers", glGenBuffers}, {"glBindBuffer", glBindBuffer},
    };
    for (unsigned i = 0; i < sizeof own / sizeof *own; i++)
        if (!strcmp(name, own[i].name)) return own[i].function;
    return REAL(glXGetProcAddressARB)(name);
}
void *glXGetProcAddress(const char *name) { return glXGetProcAddressARB(name); }
