"""raylib (PyPI's wheel carries its own GLFW): a cube and some text."""

import math

import pyray

import scene

pyray.set_trace_log_level(pyray.TraceLogLevel.LOG_WARNING)
pyray.init_window(scene.WIDTH, scene.HEIGHT, "raylib")
camera = pyray.Camera3D((0, 0, 0), (0, 0, 0), (0, 1, 0), 45, pyray.CameraProjection.CAMERA_PERSPECTIVE)
for frame in range(1, scene.FRAMES + 1):
    turn = math.radians(scene.angle(frame))
    camera.position = pyray.Vector3(6 * math.sin(turn), 4, 6 * math.cos(turn))
    pyray.begin_drawing()
    pyray.clear_background(pyray.RAYWHITE)
    pyray.begin_mode_3d(camera)
    pyray.draw_cube((0, 0, 0), 2, 2, 2, pyray.RED)
    pyray.draw_cube_wires((0, 0, 0), 2, 2, 2, pyray.MAROON)
    pyray.draw_grid(8, 1)
    pyray.end_mode_3d()
    pyray.draw_text("raylib", 12, 12, 20, pyray.DARKGRAY)
    pyray.end_drawing()
    scene.announce(frame)
scene.hold(pyray.poll_input_events)
pyray.close_window()
