"""A Qt 6 QOpenGLWidget beside an ordinary widget: Qt composes both with OpenGL, through EGL, into one window."""

import sys

from OpenGL import GL
from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtOpenGLWidgets import QOpenGLWidget
from PyQt6.QtWidgets import QApplication, QLabel, QVBoxLayout, QWidget

import scene


class Canvas(QOpenGLWidget):
    """Draws one frame per paint event and asks for the next one when it has been swapped."""

    frame = 0

    def initializeGL(self):
        self.frameSwapped.connect(self.next_frame)

    def paintGL(self):
        self.frame = min(self.frame + 1, scene.FRAMES)
        scene.draw_fixed_function(GL, self.frame)

    def next_frame(self):
        if self.frame < scene.FRAMES:
            self.update()
        elif not self.property("held"):
            self.setProperty("held", True)
            scene.announce(self.frame)


application = QApplication(sys.argv)
window = QWidget(flags=Qt.WindowType.FramelessWindowHint)
layout = QVBoxLayout(window)
layout.addWidget(QLabel("A QLabel above a QOpenGLWidget"))
layout.addWidget(Canvas(), stretch=1)
window.resize(scene.WIDTH, scene.HEIGHT)
window.show()
timer = QTimer(interval=50)
timer.timeout.connect(lambda: scene.is_ended() and application.quit())
timer.start()
application.exec()
