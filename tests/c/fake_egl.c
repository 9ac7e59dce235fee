/* A libEGL.so.1 that fails as FAKE_EGL says: it has no device platform (as libglvnd's without a driver), no device, or an
 * NVIDIA device that does not start. */
#include <stdlib.h>
#include <string.h>

static int is(const char *what)
{
    return strcmp(getenv("FAKE_EGL"), what) == 0;
}

const char *eglQueryString(void *display, int name)
{
    return is("no-platform") ? "EGL_EXT_platform_base" : "EGL_EXT_platform_device EGL_EXT_device_base";
}

int eglGetError(void)
{
    static int error = 0x3001; /* EGL_NOT_INITIALIZED */
    int last = error;
    error = error == 0x3000 ? 0x3001 : 0x3000;
    return last;
}

unsigned eglInitialize(void *display, int *major, int *minor)
{
    return 0;
}

unsigned eglTerminate(void *display)
{
    return 1;
}

static unsigned query_devices(int most, void **devices, int *count)
{
    *count = is("no-devices") ? 0 : 1;
    if (most > 0 && *count > 0)
        devices[0] = count;
    return 1;
}

static const char *query_device_string(void *device, int name)
{
    return name == 0x3055 ? "EGL_NV_device_cuda EGL_EXT_device_drm" : "/dev/dri/card0";
}

static void *get_platform_display(unsigned platform, void *device, const int *attributes)
{
    return device;
}

void *eglGetProcAddress(const char *name)
{
    if (strcmp(name, "eglQueryDevicesEXT") == 0)
        return query_devices;
    if (strcmp(name, "eglQueryDeviceStringEXT") == 0)
        return query_device_string;
    return strcmp(name, "eglGetPlatformDisplayEXT") == 0 ? get_platform_display : NULL;
}
