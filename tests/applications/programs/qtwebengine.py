"""Qt WebEngine: Chromium with a GPU process of its own inside a program, as in Electron; its pages are textures of Qt's."""

import os

import scene

os.environ["QTWEBENGINE_DISABLE_SANDBOX"] = "1"
os.environ["QTWEBENGINE_CHROMIUM_FLAGS"] = "--ignore-gpu-blocklist"
from PyQt5.QtCore import QTimer, QUrl
from PyQt5.QtWebEngineWidgets import QWebEngineView
from PyQt5.QtWidgets import QApplication

application = QApplication([])
view = QWebEngineView()
view.resize(scene.WIDTH, scene.HEIGHT)
view.load(QUrl.fromLocalFile(os.path.join(os.path.dirname(os.path.abspath(__file__)), "webgl.html")))
view.show()
timer = QTimer()
timer.timeout.connect(lambda: application.quit() if scene.is_ended() else None)
timer.start(20)
application.exec_()
del view
