/* Preloaded into glxrun: the files that tell of NVIDIA's driver and of EGL's drivers are those below FAKE_ROOT. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const faked[] = {
    "/sys/module/nvidia/", "/proc/driver/nvidia/", "/usr/share/glvnd/", "/etc/glvnd/", NULL,
};
/* Only as folders to list: the loader needs what is in them. */
static const char *const listed[] = {
    "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/local/nvidia/lib64", NULL,
};

static const char *path_of(const char *path, const char *const *prefixes, char *room, size_t size)
{
    for (; *prefixes; prefixes++) {
        if (strncmp(path, *prefixes, strlen(*prefixes)) == 0) {
            snprintf(room, size, "%s%s", getenv("FAKE_ROOT"), path);
            return room;
        }
    }
    return path;
}

int open64(const char *path, int flags, ...)
{
    char room[4096];
    va_list rest;
    va_start(rest, flags);
    int mode = va_arg(rest, int);
    va_end(rest);
    int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, "open64");
    return real(path_of(path, faked, room, sizeof room), flags, mode);
}

DIR *opendir(const char *path)
{
    char room[4096];
    DIR *(*real)(const char *) = dlsym(RTLD_NEXT, "opendir");
    const char *place = path_of(path, faked, room, sizeof room);
    return real(place == path ? path_of(path, listed, room, sizeof room) : place);
}
