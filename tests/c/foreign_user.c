/* Asks the library named by its argument for three functions, and fails unless they are that library's own. */
#include <dlfcn.h>
#include <stdio.h>

int main(int count, char **arguments)
{
    void *library = count > 1 ? dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    if (!library) return fprintf(stderr, "%s\n", dlerror()), 1;
    static const char *const names[] = {"eglGetError", "glXQueryExtension", "glGetError"};
    for (int i = 0; i < 3; i++) {
        int (*function)(void *, int *, int *) = (int (*)(void *, int *, int *))dlsym(library, names[i]);
        int error, event;
        if (!function || function(NULL, &error, &event) != 4711) return fprintf(stderr, "%s is not its own\n", names[i]), 1;
    }
    return 0;
}
