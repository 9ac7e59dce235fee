/* A plug-in that loads the library beside it by its bare name, which its own RUNPATH=$ORIGIN must resolve: the dynamic
 * loader finds that out from who calls dlopen. */
#include <dlfcn.h>
#include <stdio.h>

int run_plugin(void)
{
    void *drawing = dlopen("libdrawing.so", RTLD_NOW | RTLD_LOCAL);
    int (*draw)(void) = drawing ? (int (*)(void))dlsym(drawing, "draw") : NULL;
    if (!draw) return fprintf(stderr, "%s\n", dlerror()), 1;
    return draw();
}
