// A GLFW program with a Vulkan surface: says which extensions GLFW wants, and draws frames of one colour until it is ended.
#define GLFW_INCLUDE_VULKAN
#include <GLFW/glfw3.h>
#include <stdio.h>
#include <stdlib.h>

static void must(VkResult result, const char *what) {
    if (result < 0) {
        printf("%s: %d\n", what, result);
        exit(1);
    }
}

int main(void) {
    if (!glfwInit() || !glfwVulkanSupported()) must(VK_ERROR_UNKNOWN, "glfw");
    glfwWindowHint(GLFW_CLIENT_API, GLFW_NO_API);
    GLFWwindow *window = glfwCreateWindow(320, 200, "GLFW", 0, 0);
    VkInstanceCreateInfo info = {VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO};
    info.ppEnabledExtensionNames = glfwGetRequiredInstanceExtensions(&info.enabledExtensionCount);
    VkInstance instance;
    must(vkCreateInstance(&info, 0, &instance), "instance");
    VkSurfaceKHR surface;
    must(glfwCreateWindowSurface(instance, window, 0, &surface), "surface");
    VkPhysicalDevice physical;
    uint32_t one = 1, index, count = 8;
    must(vkEnumeratePhysicalDevices(instance, &one, &physical), "devices");
    if (!glfwGetPhysicalDevicePresentationSupport(instance, physical, 0)) must(VK_ERROR_UNKNOWN, "support");
    float priority = 1;
    const char *swapchains = "VK_KHR_swapchain";
    VkDeviceQueueCreateInfo queues = {VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, 0, 0, 0, 1, &priority};
    VkDeviceCreateInfo devices = {VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, 0, 0, 1, &queues, 0, 0, 1, &swapchains};
    VkDevice device;
    must(vkCreateDevice(physical, &devices, 0, &device), "device");
    VkQueue queue;
    vkGetDeviceQueue(device, 0, 0, &queue);
    VkSwapchainCreateInfoKHR chains = {
        .sType = VK_STRUCTURE_TYPE_SWAPCHAIN_CREATE_INFO_KHR, .surface = surface, .minImageCount = 2,
        .imageFormat = VK_FORMAT_B8G8R8A8_UNORM, .imageExtent = {320, 200}, .imageArrayLayers = 1,
        .imageUsage = VK_IMAGE_USAGE_TRANSFER_DST_BIT, .preTransform = VK_SURFACE_TRANSFORM_IDENTITY_BIT_KHR,
        .compositeAlpha = VK_COMPOSITE_ALPHA_OPAQUE_BIT_KHR, .presentMode = VK_PRESENT_MODE_FIFO_KHR};
    VkSwapchainKHR swapchain;
    must(vkCreateSwapchainKHR(device, &chains, 0, &swapchain), "swapchain");
    VkImage images[8];
    must(vkGetSwapchainImagesKHR(device, swapchain, &count, images), "images");
    VkCommandPoolCreateInfo pools = {VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO, 0,
                                     VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT, 0};
    VkCommandPool pool;
    must(vkCreateCommandPool(device, &pools, 0, &pool), "pool");
    VkCommandBufferAllocateInfo buffers = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, 0, pool, 0, 1};
    VkCommandBuffer commands;
    must(vkAllocateCommandBuffers(device, &buffers, &commands), "commands");
    VkFenceCreateInfo fences = {VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    VkFence fence;
    must(vkCreateFence(device, &fences, 0, &fence), "fence");
    while (!glfwWindowShouldClose(window)) {
        must(vkAcquireNextImageKHR(device, swapchain, UINT64_MAX, 0, fence, &index), "acquire");
        must(vkWaitForFences(device, 1, &fence, VK_TRUE, UINT64_MAX), "wait");
        vkResetFences(device, 1, &fence);
        VkCommandBufferBeginInfo begin = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
        VkImageSubresourceRange range = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
        VkImageMemoryBarrier barrier = {
            VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER, 0, 0, VK_ACCESS_TRANSFER_WRITE_BIT, VK_IMAGE_LAYOUT_UNDEFINED,
            VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, VK_QUEUE_FAMILY_IGNORED, VK_QUEUE_FAMILY_IGNORED, images[index], range};
        VkClearColorValue orange = {{1, 128 / 255.f, 0, 1}};
        must(vkBeginCommandBuffer(commands, &begin), "begin");
        vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 0, 0, 0, 0, 1,
                             &barrier);
        vkCmdClearColorImage(commands, images[index], VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, &orange, 1, &range);
        barrier.srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT, barrier.dstAccessMask = 0;
        barrier.oldLayout = barrier.newLayout, barrier.newLayout = VK_IMAGE_LAYOUT_PRESENT_SRC_KHR;
        vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, 0, 0, 0, 0, 0,
                             1, &barrier);
        must(vkEndCommandBuffer(commands), "end");
        VkSubmitInfo submit = {VK_STRUCTURE_TYPE_SUBMIT_INFO, 0, 0, 0, 0, 1, &commands, 0, 0};
        must(vkQueueSubmit(queue, 1, &submit, 0), "submit");
        VkPresentInfoKHR present = {VK_STRUCTURE_TYPE_PRESENT_INFO_KHR, 0, 0, 0, 1, &swapchain, &index, 0};
        must(vkQueuePresentKHR(queue, &present), "present");
        vkQueueWaitIdle(queue);
        glfwPollEvents();
    }
    return 0;
}
