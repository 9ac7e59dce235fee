// A Vulkan program that does what its standard input says: windows by Xlib or XCB, cleared to colours, so that a test knows
// what each pixel must be. Every command is answered with a line.
//
//   vulkan xlib|xcb WINDOWS MODE [new]     MODE: a VkPresentModeKHR; new: with VK_KHR_present_wait and
//                                          VK_EXT_swapchain_maintenance1
//
//   draw R G B      one frame of each window, in one vkQueuePresentKHR: "drawn ACQUIRED PRESENTED", the worst VkResults
//   size W H        resizes the windows; "size"
//   swapchain       new swapchains in place of the old ones; "swapchain W H" of the first window
//   unmap, map      "unmap", "map"
//   destroy         destroys the first window, not its surface; "destroy"
//   wait            waits for the last present; "wait RESULT"
//   held            acquires images until there is none; "held COUNT RESULT", with a timeout of 1 ms. Then gives them back (new).
//   fork            a child makes an instance, a window and a frame of its own; "fork STATUS"
//   gl              clears a window of its own with OpenGL, by GLX, to blue; "gl"
#define VK_USE_PLATFORM_XLIB_KHR
#define VK_USE_PLATFORM_XCB_KHR
#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vulkan/vulkan.h>
#include <xcb/xcb.h>

enum { MOST = 16 };

struct window {
    xcb_window_t id;
    VkSurfaceKHR surface;
    VkSwapchainKHR swapchain;
    VkExtent2D extent;
    uint32_t count;
    VkImage images[MOST];
    VkSemaphore acquired;
};

static int by_xlib, is_new, mode, windows;
static Display *display;
static xcb_connection_t *connection;
static VkInstance instance;
static VkPhysicalDevice physical;
static VkDevice device;
static VkQueue queue;
static uint32_t family;
static VkCommandPool pool;
static VkCommandBuffer commands;
static VkFence done, released[MOST];
static VkSemaphore drawn;
static uint64_t presents;
static struct window all[MOST];

#define DEVICE(name) PFN_##name name##_ = (PFN_##name)vkGetDeviceProcAddr(device, #name)

static void must(VkResult result, const char *what) {
    if (result < 0) {
        printf("%s: %d\n", what, result);
        exit(1);
    }
}

// Until the server has done what was asked for.
static void settle(void) {
    if (by_xlib)
        XSync(display, 0);
    else
        free(xcb_get_input_focus_reply(connection, xcb_get_input_focus(connection), 0));
}

static void make_window(struct window *window, int index) {
    if (by_xlib) {
        window->id = XCreateSimpleWindow(display, DefaultRootWindow(display), 220 * index, 0, 200, 100, 0, 0, 0);
        XMapWindow(display, window->id);
        VkXlibSurfaceCreateInfoKHR info = {VK_STRUCTURE_TYPE_XLIB_SURFACE_CREATE_INFO_KHR, 0, 0, display, window->id};
        must(vkCreateXlibSurfaceKHR(instance, &info, 0, &window->surface), "surface");
    } else {
        xcb_screen_t *screen = xcb_setup_roots_iterator(xcb_get_setup(connection)).data;
        window->id = xcb_generate_id(connection);
        xcb_create_window(connection, XCB_COPY_FROM_PARENT, window->id, screen->root, 220 * index, 0, 200, 100, 0,
                          XCB_WINDOW_CLASS_INPUT_OUTPUT, screen->root_visual, 0, 0);
        xcb_map_window(connection, window->id);
        VkXcbSurfaceCreateInfoKHR info = {VK_STRUCTURE_TYPE_XCB_SURFACE_CREATE_INFO_KHR, 0, 0, connection, window->id};
        must(vkCreateXcbSurfaceKHR(instance, &info, 0, &window->surface), "surface");
    }
    VkSemaphoreCreateInfo semaphore = {VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO};
    must(vkCreateSemaphore(device, &semaphore, 0, &window->acquired), "semaphore");
}

static VkResult make_swapchain(struct window *window) {
    VkSurfaceCapabilitiesKHR capabilities;
    VkResult result = vkGetPhysicalDeviceSurfaceCapabilitiesKHR(physical, window->surface, &capabilities);
    if (result < 0) return result;
    VkSurfaceFormatKHR formats[MOST];
    uint32_t count = MOST;
    must(vkGetPhysicalDeviceSurfaceFormatsKHR(physical, window->surface, &count, formats), "formats");
    VkFormat format = formats[0].format;
    for (uint32_t i = 0; i < count; i++)
        if (formats[i].format == VK_FORMAT_B8G8R8A8_UNORM) format = formats[i].format;
    VkBool32 supported = VK_FALSE;
    must(vkGetPhysicalDeviceSurfaceSupportKHR(physical, family, window->surface, &supported), "support");
    if (!supported) must(VK_ERROR_UNKNOWN, "no support");
    window->extent = capabilities.currentExtent;
    VkSwapchainCreateInfoKHR info = {
        .sType = VK_STRUCTURE_TYPE_SWAPCHAIN_CREATE_INFO_KHR,
        .surface = window->surface,
        .minImageCount = 3,
        .imageFormat = format,
        .imageExtent = window->extent,
        .imageArrayLayers = 1,
        .imageUsage = VK_IMAGE_USAGE_TRANSFER_DST_BIT | VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT,
        .preTransform = VK_SURFACE_TRANSFORM_IDENTITY_BIT_KHR,
        .compositeAlpha = VK_COMPOSITE_ALPHA_OPAQUE_BIT_KHR,
        .presentMode = mode,
        .clipped = VK_TRUE,
        .oldSwapchain = window->swapchain,
    };
    result = vkCreateSwapchainKHR(device, &info, 0, &window->swapchain);
    if (result < 0) return result;
    vkDestroySwapchainKHR(device, info.oldSwapchain, 0);
    window->count = MOST;
    must(vkGetSwapchainImagesKHR(device, window->swapchain, &window->count, window->images), "images");
    return result;
}

static void start(void) {
    const char *instance_names[] = {"VK_KHR_surface", "VK_KHR_xlib_surface", "VK_KHR_xcb_surface",
                                    "VK_KHR_get_surface_capabilities2", "VK_EXT_surface_maintenance1"};
    const char *device_names[] = {"VK_KHR_swapchain", "VK_KHR_present_id", "VK_KHR_present_wait",
                                  "VK_EXT_swapchain_maintenance1"};
    VkApplicationInfo application = {VK_STRUCTURE_TYPE_APPLICATION_INFO, .apiVersion = VK_API_VERSION_1_2};
    VkInstanceCreateInfo info = {VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO, 0, 0, &application, 0, 0, is_new ? 5 : 3,
                                 instance_names};
    must(vkCreateInstance(&info, 0, &instance), "instance");
    uint32_t one = 1;
    must(vkEnumeratePhysicalDevices(instance, &one, &physical), "devices");
    float priority = 1;
    VkDeviceQueueCreateInfo queues = {VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, 0, 0, family, 1, &priority};
    VkPhysicalDevicePresentIdFeaturesKHR ids = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PRESENT_ID_FEATURES_KHR, 0, VK_FALSE};
    VkPhysicalDevicePresentWaitFeaturesKHR waits = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PRESENT_WAIT_FEATURES_KHR, &ids};
    VkPhysicalDeviceSwapchainMaintenance1FeaturesEXT maintenance = {
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SWAPCHAIN_MAINTENANCE_1_FEATURES_EXT, &waits};
    VkPhysicalDeviceFeatures2 features = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, &maintenance};
    VkDeviceCreateInfo devices = {VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, 0, 0, 1, &queues, 0, 0, is_new ? 4 : 1,
                                  device_names};
    if (is_new) {
        vkGetPhysicalDeviceFeatures2(physical, &features);
        if (!ids.presentId || !waits.presentWait || !maintenance.swapchainMaintenance1) must(VK_ERROR_UNKNOWN, "features");
        devices.pNext = &features;
    }
    must(vkCreateDevice(physical, &devices, 0, &device), "device");
    vkGetDeviceQueue(device, family, 0, &queue);
    VkCommandPoolCreateInfo pools = {VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO, 0,
                                     VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT, family};
    must(vkCreateCommandPool(device, &pools, 0, &pool), "pool");
    VkCommandBufferAllocateInfo buffers = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, 0, pool,
                                           VK_COMMAND_BUFFER_LEVEL_PRIMARY, 1};
    must(vkAllocateCommandBuffers(device, &buffers, &commands), "commands");
    VkFenceCreateInfo fence = {VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    must(vkCreateFence(device, &fence, 0, &done), "fence");
    for (int i = 0; i < windows; i++) must(vkCreateFence(device, &fence, 0, &released[i]), "fence");
    VkSemaphoreCreateInfo semaphore = {VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO};
    must(vkCreateSemaphore(device, &semaphore, 0, &drawn), "semaphore");
    for (int i = 0; i < windows; i++) {
        make_window(&all[i], i);
        must(make_swapchain(&all[i]), "swapchain");
    }
}

static void turn(VkImage image, VkImageLayout from, VkImageLayout to) {
    VkImageMemoryBarrier barrier = {
        VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER, 0, 0, VK_ACCESS_TRANSFER_WRITE_BIT, from, to, VK_QUEUE_FAMILY_IGNORED,
        VK_QUEUE_FAMILY_IGNORED, image, {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1}};
    if (to == VK_IMAGE_LAYOUT_PRESENT_SRC_KHR) barrier.srcAccessMask = barrier.dstAccessMask, barrier.dstAccessMask = 0;
    vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 0, 0, 0, 0, 1,
                         &barrier);
}

static VkResult draw(const float *colour, VkResult *acquired) {
    VkSwapchainKHR swapchains[MOST];
    VkSemaphore semaphores[MOST];
    VkPipelineStageFlags stages[MOST];
    uint32_t indices[MOST];
    uint64_t ids[MOST];
    *acquired = VK_SUCCESS;
    for (int i = 0; i < windows; i++) {
        VkResult result =
            vkAcquireNextImageKHR(device, all[i].swapchain, 10000000000, all[i].acquired, 0, &indices[i]);
        if (result < 0) *acquired = result;
        if (result != VK_SUCCESS && *acquired >= 0) *acquired = result;
        swapchains[i] = all[i].swapchain, semaphores[i] = all[i].acquired, ids[i] = presents + 1;
        stages[i] = VK_PIPELINE_STAGE_TRANSFER_BIT;
    }
    if (*acquired < 0) return *acquired;
    VkCommandBufferBeginInfo begin = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO, 0,
                                      VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
    must(vkBeginCommandBuffer(commands, &begin), "begin");
    for (int i = 0; i < windows; i++) {
        VkImage image = all[i].images[indices[i]];
        VkClearColorValue value = {{colour[0], colour[1], colour[2], 1}};
        VkImageSubresourceRange range = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
        turn(image, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL);
        vkCmdClearColorImage(commands, image, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, &value, 1, &range);
        turn(image, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, VK_IMAGE_LAYOUT_PRESENT_SRC_KHR);
    }
    must(vkEndCommandBuffer(commands), "end");
    VkSubmitInfo submit = {VK_STRUCTURE_TYPE_SUBMIT_INFO, 0, windows, semaphores, stages, 1, &commands, 1, &drawn};
    must(vkQueueSubmit(queue, 1, &submit, done), "submit");
    VkSwapchainPresentFenceInfoEXT fences = {VK_STRUCTURE_TYPE_SWAPCHAIN_PRESENT_FENCE_INFO_EXT, 0, windows, released};
    VkPresentIdKHR identity = {VK_STRUCTURE_TYPE_PRESENT_ID_KHR, &fences, windows, ids};
    VkPresentInfoKHR present = {VK_STRUCTURE_TYPE_PRESENT_INFO_KHR, is_new ? &identity : 0, 1, &drawn, windows, swapchains,
                                indices, 0};
    VkResult presented = vkQueuePresentKHR(queue, &present);
    presents++;
    must(vkWaitForFences(device, 1, &done, VK_TRUE, 10000000000), "drawing");
    vkResetFences(device, 1, &done);
    if (is_new) {
        must(vkWaitForFences(device, windows, released, VK_TRUE, 10000000000) ? VK_ERROR_UNKNOWN : 0, "present fences");
        vkResetFences(device, windows, released);
    } else {
        vkQueueWaitIdle(queue);
    }
    return presented;
}

static void held(void) {
    uint32_t indices[MOST], count = 0;
    VkResult result;
    while ((result = vkAcquireNextImageKHR(device, all[0].swapchain, 1000000, 0, done, &indices[count])) >= 0) {
        if (result == VK_TIMEOUT || result == VK_NOT_READY) break;
        must(vkWaitForFences(device, 1, &done, VK_TRUE, 10000000000) ? VK_ERROR_UNKNOWN : 0, "acquire fence");
        vkResetFences(device, 1, &done);
        count++;
    }
    printf("held %u %d\n", count, result);
    if (is_new) {
        DEVICE(vkReleaseSwapchainImagesEXT);
        VkReleaseSwapchainImagesInfoEXT info = {VK_STRUCTURE_TYPE_RELEASE_SWAPCHAIN_IMAGES_INFO_EXT, 0, all[0].swapchain,
                                                count, indices};
        must(vkReleaseSwapchainImagesEXT_(device, &info), "release");
    }
}

static void connect_to_server(void) {
    if (by_xlib)
        display = XOpenDisplay(0);
    else
        connection = xcb_connect(0, 0);
    if (by_xlib ? !display : xcb_connection_has_error(connection)) must(VK_ERROR_UNKNOWN, "display");
}

static void in_child(void) {
    const float green[] = {0, 1, 0};
    VkResult acquired;
    memset(all, 0, sizeof all);
    windows = 1;
    connect_to_server();
    start();
    int failed = draw(green, &acquired) || acquired;
    vkDestroySwapchainKHR(device, all[0].swapchain, 0);
    vkDestroySurfaceKHR(instance, all[0].surface, 0);
    // Not exit: Mesa's handlers wait for threads that the parent has.
    _exit(failed);
}

// OpenGL is loaded, so that the program needs no headers of it.
static void gl(void) {
    void *library = dlopen("libGL.so.1", RTLD_NOW);
    if (!library) must(VK_ERROR_UNKNOWN, "libGL");
    XVisualInfo *(*choose)(Display *, int, int *) = dlsym(library, "glXChooseVisual");
    void *(*create)(Display *, XVisualInfo *, void *, int) = dlsym(library, "glXCreateContext");
    int (*make_current)(Display *, XID, void *) = dlsym(library, "glXMakeCurrent");
    void (*swap)(Display *, XID) = dlsym(library, "glXSwapBuffers");
    void (*colour)(float, float, float, float) = dlsym(library, "glClearColor");
    void (*clear)(unsigned) = dlsym(library, "glClear");
    Display *own = XOpenDisplay(0);
    int attributes[] = {4, 5, 0};  // GLX_RGBA, GLX_DOUBLEBUFFER
    XVisualInfo *visual = choose(own, DefaultScreen(own), attributes);
    if (!visual) must(VK_ERROR_UNKNOWN, "visual");
    XSetWindowAttributes window_attributes = {.colormap = XCreateColormap(own, DefaultRootWindow(own), visual->visual, 0)};
    XID window = XCreateWindow(own, DefaultRootWindow(own), 0, 300, 120, 80, 0, visual->depth, InputOutput, visual->visual,
                               CWColormap | CWBorderPixel, &window_attributes);
    XStoreName(own, window, "OpenGL");
    XMapWindow(own, window);
    make_current(own, window, create(own, visual, 0, 1));
    colour(0, 0, 1, 1);
    clear(0x4000);  // GL_COLOR_BUFFER_BIT
    swap(own, window);
    XSync(own, 0);
}

static void resize(int width, int height) {
    const uint32_t size[] = {width, height};
    for (int i = 0; i < windows; i++)
        if (by_xlib)
            XResizeWindow(display, all[i].id, width, height);
        else
            xcb_configure_window(connection, all[i].id, XCB_CONFIG_WINDOW_WIDTH | XCB_CONFIG_WINDOW_HEIGHT, size);
}

static void end(void) {
    vkDeviceWaitIdle(device);
    for (int i = 0; i < windows; i++) {
        vkDestroySwapchainKHR(device, all[i].swapchain, 0);
        vkDestroySurfaceKHR(instance, all[i].surface, 0);
        vkDestroySemaphore(device, all[i].acquired, 0);
        vkDestroyFence(device, released[i], 0);
    }
    vkDestroySemaphore(device, drawn, 0);
    vkDestroyFence(device, done, 0);
    vkDestroyCommandPool(device, pool, 0);
    vkDestroyDevice(device, 0);
    vkDestroyInstance(instance, 0);
}

int main(int count, char **words) {
    if (count < 4) return 2;
    by_xlib = !strcmp(words[1], "xlib"), windows = atoi(words[2]), mode = atoi(words[3]), is_new = count > 4;
    setvbuf(stdout, 0, _IOLBF, 0);
    connect_to_server();
    start();
    char line[200], word[20];
    int a, b, c;
    while (fgets(line, sizeof line, stdin)) {
        int numbers = sscanf(line, "%19s %d %d %d", word, &a, &b, &c);
        if (numbers == 4 && !strcmp(word, "draw")) {
            const float colour[] = {a / 255.f, b / 255.f, c / 255.f};
            VkResult acquired, presented = draw(colour, &acquired);
            printf("drawn %d %d\n", acquired, presented);
        } else if (numbers == 3 && !strcmp(word, "size")) {
            resize(a, b);
            settle();
            puts("size");
        } else if (!strcmp(word, "swapchain")) {
            VkResult result = VK_SUCCESS;
            for (int i = 0; i < windows && result >= 0; i++) result = make_swapchain(&all[i]);
            if (result < 0)
                printf("swapchain %d\n", result);
            else
                printf("swapchain %u %u\n", all[0].extent.width, all[0].extent.height);
        } else if (!strcmp(word, "unmap") || !strcmp(word, "map")) {
            for (int i = 0; i < windows; i++)
                if (by_xlib)
                    (*word == 'm' ? XMapWindow : XUnmapWindow)(display, all[i].id);
                else
                    (*word == 'm' ? xcb_map_window : xcb_unmap_window)(connection, all[i].id);
            settle();
            puts(word);
        } else if (!strcmp(word, "destroy")) {
            if (by_xlib)
                XDestroyWindow(display, all[0].id);
            else
                xcb_destroy_window(connection, all[0].id);
            settle();
            puts("destroy");
        } else if (!strcmp(word, "wait")) {
            DEVICE(vkWaitForPresentKHR);
            printf("wait %d\n", vkWaitForPresentKHR_(device, all[0].swapchain, presents, 10000000000));
        } else if (!strcmp(word, "held")) {
            held();
        } else if (!strcmp(word, "fork")) {
            int status = 0;
            pid_t child = fork();
            if (!child) in_child();
            waitpid(child, &status, 0);
            printf("fork %d\n", status);
        } else if (!strcmp(word, "gl")) {
            gl();
            puts("gl");
        }
    }
    end();
    return 0;
}
