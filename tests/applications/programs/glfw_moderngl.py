"""GLFW with a core profile, drawn through moderngl (which finds OpenGL by itself, with its own dlopen)."""

import struct

import glfw
import moderngl

import scene

glfw.init()
glfw.window_hint(glfw.CONTEXT_VERSION_MAJOR, 3)
glfw.window_hint(glfw.CONTEXT_VERSION_MINOR, 3)
glfw.window_hint(glfw.OPENGL_PROFILE, glfw.OPENGL_CORE_PROFILE)
glfw.window_hint(glfw.RESIZABLE, False)
window = glfw.create_window(scene.WIDTH, scene.HEIGHT, "glfw", None, None)
if not window:
    raise SystemExit(f"glfw: {glfw.get_error()}")
glfw.make_context_current(window)
context = moderngl.create_context()
program = context.program(vertex_shader=scene.VERTEX_SHADER, fragment_shader=scene.FRAGMENT_SHADER)
corners = context.buffer(struct.pack("15f", *scene.TRIANGLE_FLOATS))
triangle = context.vertex_array(program, [(corners, "2f 3f", "position", "colour")])

for frame in range(1, scene.FRAMES + 1):
    context.clear(0.1, 0.15, 0.3)
    program["angle"].value = scene.angle(frame)
    triangle.render()
    glfw.swap_buffers(window)
    glfw.poll_events()
    scene.announce(frame)
scene.hold(glfw.poll_events)
glfw.terminate()
