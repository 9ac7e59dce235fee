"""A Qt 5 QOpenGLWidget beside an ordinary widget: Qt composes both with OpenGL into one window."""

import sys

from OpenGL import GL
from PyQt5.QtCore import Qt, QTimer
from PyQt5.QtWidgets import QApplication, QLabel, QOpenGLWidget, QVBoxLayout, QWidget

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
window = QWidget(flags=Qt.FramelessWindowHint)
layout = QVBoxLayout(window)
layout.addWidget(QLabel("A QLabel above a QOpenGLWidget"))
layout.addWidget(Canvas(), stretch=1)
window.resize(scene.WIDTH, scene.HEIGHT)
window.show()
timer = QTimer(interval=50)
timer.timeout.connect(lambda: scene.is_ended() and application.quit())
timer.start()
application.exec()
