"""A GTK 4 GtkGLArea beside an ordinary widget: GSK draws the window with OpenGL, through EGL."""

import ctypes
import signal

import gi

gi.require_version("Gtk", "4.0")
from gi.repository import GLib, Gtk
from OpenGL import GL

import scene


class Canvas(Gtk.GLArea):
    """Draws one frame per render signal and asks for the next one when idle."""

    frame = 0

    def __init__(self, **properties):
        super().__init__(has_depth_buffer=True, auto_render=False, **properties)
        self.connect("realize", self.prepare)
        self.connect("render", self.draw)

    def prepare(self, _area):
        self.make_current()
        if error := self.get_error():
            raise SystemExit(f"gtk: {error.message}")
        self.program = GL.glCreateProgram()
        for kind, source in (
            (GL.GL_VERTEX_SHADER, scene.VERTEX_SHADER),
            (GL.GL_FRAGMENT_SHADER, scene.FRAGMENT_SHADER),
        ):
            shader = GL.glCreateShader(kind)
            GL.glShaderSource(shader, source)
            GL.glCompileShader(shader)
            GL.glAttachShader(self.program, shader)
        GL.glLinkProgram(self.program)
        corners = (ctypes.c_float * 15)(*scene.TRIANGLE_FLOATS)
        self.vertices = GL.glGenVertexArrays(1)
        GL.glBindVertexArray(self.vertices)
        GL.glBindBuffer(GL.GL_ARRAY_BUFFER, GL.glGenBuffers(1))
        GL.glBufferData(GL.GL_ARRAY_BUFFER, corners, GL.GL_STATIC_DRAW)
        for name, size, offset in (("position", 2, 0), ("colour", 3, 8)):
            location = GL.glGetAttribLocation(self.program, name)
            GL.glEnableVertexAttribArray(location)
            GL.glVertexAttribPointer(location, size, GL.GL_FLOAT, False, 20, ctypes.c_void_p(offset))

    def draw(self, _area, _context):
        self.frame = min(self.frame + 1, scene.FRAMES)
        GL.glClearColor(0.1, 0.15, 0.3, 1.0)
        GL.glClear(GL.GL_COLOR_BUFFER_BIT | GL.GL_DEPTH_BUFFER_BIT)
        GL.glUseProgram(self.program)
        GL.glUniform1f(GL.glGetUniformLocation(self.program, "angle"), scene.angle(self.frame))
        GL.glBindVertexArray(self.vertices)
        GL.glDrawArrays(GL.GL_TRIANGLES, 0, 3)
        GLib.idle_add(self.next_frame, priority=GLib.PRIORITY_LOW)
        return True

    def next_frame(self):
        if self.frame < scene.FRAMES:
            self.queue_render()
        else:
            scene.announce(self.frame)
        return GLib.SOURCE_REMOVE


loop = GLib.MainLoop()
window = Gtk.Window(title="gtk", decorated=False, default_width=scene.WIDTH, default_height=scene.HEIGHT)
box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
box.append(Gtk.Label(label="A GtkLabel above a GtkGLArea", margin_top=6, margin_bottom=6))
box.append(Canvas(hexpand=True, vexpand=True))
window.set_child(box)
GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGTERM, loop.quit)
window.present()
loop.run()
