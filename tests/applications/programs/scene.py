"""What the programs here agree on, so that a picture depends on a frame's number and never on the clock.

Each draws FRAMES frames with its toolkit, says HOLDING on its standard output, keeps the last frame on the screen
until SIGTERM comes, and then ends the ordinary way: contexts and windows are destroyed and the status is 0. The runner
waits for the line before it takes a screenshot.
"""

import faulthandler
import signal
import time

FRAMES = 60
WIDTH, HEIGHT = 400, 300
HOLDING = "holding"

faulthandler.enable()
_ended = False


def _end(_number, _frame):
    global _ended
    _ended = True


signal.signal(signal.SIGTERM, _end)


def is_ended():
    """Whether SIGTERM came. Python notices between two byte codes only: a toolkit's main loop needs a timer."""
    return _ended


def hold(poll=lambda: None):
    """Calls poll() fifty times a second until SIGTERM comes."""
    while not _ended:
        poll()
        time.sleep(0.02)


def angle(frame):
    """The rotation in degrees of frame `frame`; frames after the last one look like the last one."""
    return 3.0 * min(frame, FRAMES) + 7.0


def announce(frame):
    """To be called once frame `frame` has been swapped; says HOLDING after the last one."""
    if frame == FRAMES:
        print(HOLDING, flush=True)


# Each corner's x, y in clip space and red, green, blue; then the shaders that turn it: core profile, GLSL 3.30.
TRIANGLE = (
    [0.0, 0.8] + [1.0, 0.2, 0.2],
    [-0.7, -0.4] + [0.2, 1.0, 0.2],
    [0.7, -0.4] + [0.2, 0.2, 1.0],
)
TRIANGLE_FLOATS = [number for corner in TRIANGLE for number in corner]
VERTEX_SHADER = """#version 330 core
uniform float angle;
in vec2 position;
in vec3 colour;
out vec3 shade;
void main() {
    float c = cos(radians(angle)), s = sin(radians(angle));
    gl_Position = vec4(mat2(c, s, -s, c) * position, 0.0, 1.0);
    shade = colour;
}
"""
FRAGMENT_SHADER = """#version 330 core
in vec3 shade;
out vec4 result;
void main() { result = vec4(shade, 1.0); }
"""


def draw_fixed_function(gl, frame):
    """Draws frame `frame` with OpenGL 1.x calls; `gl` is the module OpenGL.GL or one with the same names."""
    gl.glClearColor(0.1, 0.15, 0.3, 1.0)
    gl.glClear(gl.GL_COLOR_BUFFER_BIT | gl.GL_DEPTH_BUFFER_BIT)
    gl.glMatrixMode(gl.GL_PROJECTION)
    gl.glLoadIdentity()
    gl.glMatrixMode(gl.GL_MODELVIEW)
    gl.glLoadIdentity()
    gl.glRotatef(angle(frame), 0.0, 0.0, 1.0)
    gl.glBegin(gl.GL_TRIANGLES)
    for x, y, red, green, blue in TRIANGLE:
        gl.glColor3f(red, green, blue)
        gl.glVertex2f(x, y)
    gl.glEnd()
