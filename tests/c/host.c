/* A host of plug-ins: loads the library named by its argument, and runs what that says. */
#include <dlfcn.h>
#include <stdio.h>

int main(int count, char **arguments)
{
    void *plugin = count > 1 ? dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    int (*run)(void) = plugin ? (int (*)(void))dlsym(plugin, "run_plugin") : NULL;
    if (!run) return fprintf(stderr, "%s\n", dlerror()), 1;
    return run();
}
