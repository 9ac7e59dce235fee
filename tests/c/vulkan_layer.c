// A Vulkan layer that stands between glxrun's and the driver, to play a driver of another kind.
//
//   TEST_LOST_AFTER=N    from the Nth vkQueueSubmit on, the device is lost
//   TEST_NO_IMPORT=1     memory of the program's cannot be imported
#include <stdlib.h>
#include <string.h>
#include <vulkan/vk_layer.h>
#include <vulkan/vulkan.h>

static PFN_vkGetInstanceProcAddr next_instance;
static PFN_vkGetDeviceProcAddr next_device;
static PFN_vkQueueSubmit next_submit;
static PFN_vkWaitForFences next_wait;
static int submits;

static int is_lost(void) {
    const char *after = getenv("TEST_LOST_AFTER");
    return after && submits >= atoi(after);
}

static VkResult submit(VkQueue queue, uint32_t count, const VkSubmitInfo *infos, VkFence fence) {
    submits++;
    return is_lost() ? VK_ERROR_DEVICE_LOST : next_submit(queue, count, infos, fence);
}

static VkResult wait_for_fences(VkDevice device, uint32_t count, const VkFence *fences, VkBool32 all, uint64_t timeout) {
    return is_lost() ? VK_ERROR_DEVICE_LOST : next_wait(device, count, fences, all, timeout);
}

static VkResult pointer_properties(VkDevice device, VkExternalMemoryHandleTypeFlagBits type, const void *pointer,
                                   VkMemoryHostPointerPropertiesEXT *properties) {
    return VK_ERROR_INVALID_EXTERNAL_HANDLE;
}

static VkResult create_instance(const VkInstanceCreateInfo *info, const VkAllocationCallbacks *allocator,
                                VkInstance *instance) {
    VkLayerInstanceCreateInfo *link = (void *)info->pNext;
    while (link->sType != VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO || link->function != VK_LAYER_LINK_INFO)
        link = (void *)link->pNext;
    next_instance = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    return ((PFN_vkCreateInstance)next_instance(0, "vkCreateInstance"))(info, allocator, instance);
}

static VkResult create_device(VkPhysicalDevice physical, const VkDeviceCreateInfo *info,
                              const VkAllocationCallbacks *allocator, VkDevice *device) {
    VkLayerDeviceCreateInfo *link = (void *)info->pNext;
    while (link->sType != VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO || link->function != VK_LAYER_LINK_INFO)
        link = (void *)link->pNext;
    PFN_vkGetInstanceProcAddr instance = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    next_device = link->u.pLayerInfo->pfnNextGetDeviceProcAddr;
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    VkResult result = ((PFN_vkCreateDevice)instance(0, "vkCreateDevice"))(physical, info, allocator, device);
    if (result < 0) return result;
    next_submit = (PFN_vkQueueSubmit)next_device(*device, "vkQueueSubmit");
    next_wait = (PFN_vkWaitForFences)next_device(*device, "vkWaitForFences");
    return result;
}

static PFN_vkVoidFunction device_function(VkDevice device, const char *name) {
    if (!strcmp(name, "vkGetDeviceProcAddr")) return (PFN_vkVoidFunction)device_function;
    if (!strcmp(name, "vkQueueSubmit")) return (PFN_vkVoidFunction)submit;
    if (!strcmp(name, "vkWaitForFences")) return (PFN_vkVoidFunction)wait_for_fences;
    if (!strcmp(name, "vkGetMemoryHostPointerPropertiesEXT") && getenv("TEST_NO_IMPORT"))
        return (PFN_vkVoidFunction)pointer_properties;
    return next_device(device, name);
}

static PFN_vkVoidFunction instance_function(VkInstance instance, const char *name) {
    if (!strcmp(name, "vkGetInstanceProcAddr")) return (PFN_vkVoidFunction)instance_function;
    if (!strcmp(name, "vkCreateInstance")) return (PFN_vkVoidFunction)create_instance;
    if (!strcmp(name, "vkCreateDevice")) return (PFN_vkVoidFunction)create_device;
    if (!strcmp(name, "vkGetDeviceProcAddr")) return (PFN_vkVoidFunction)device_function;
    return next_instance(instance, name);
}

VkResult vkNegotiateLoaderLayerInterfaceVersion(VkNegotiateLayerInterface *interface) {
    interface->loaderLayerInterfaceVersion = 2;
    interface->pfnGetInstanceProcAddr = instance_function;
    interface->pfnGetDeviceProcAddr = device_function;
    interface->pfnGetPhysicalDeviceProcAddr = 0;
    return VK_SUCCESS;
}
