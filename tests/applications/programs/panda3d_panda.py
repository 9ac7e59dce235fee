"""Panda3D: the panda model it ships, lit and turned by hand instead of by its clock."""

from direct.showbase.ShowBase import ShowBase
from panda3d.core import AmbientLight, DirectionalLight, loadPrcFileData

import scene

loadPrcFileData("", f"win-size {scene.WIDTH} {scene.HEIGHT}")
loadPrcFileData("", "load-display pandagl")
loadPrcFileData("", "aux-display")  # no software renderer behind our back
loadPrcFileData("", "audio-library-name null")
loadPrcFileData("", "sync-video false")
loadPrcFileData("", "notify-level-display warning")

base = ShowBase()
base.setBackgroundColor(0.1, 0.15, 0.3)
base.disableMouse()
panda = base.loader.loadModel("models/panda")
panda.reparentTo(base.render)
base.camera.setPos(0, -28, 8)
base.camera.lookAt(0, 0, 5)
for light, colour in ((AmbientLight("ambient"), 0.4), (DirectionalLight("sun"), 0.9)):
    light.setColor((colour, colour, colour, 1))
    node = base.render.attachNewNode(light)
    node.setHpr(-30, -40, 0)
    base.render.setLight(node)

# renderFrame draws; flipFrame makes the swap that Panda3D would else put off until the next renderFrame.
for frame in range(1, scene.FRAMES + 1):
    panda.setH(scene.angle(frame))
    base.graphicsEngine.renderFrame()
    base.graphicsEngine.flipFrame()
    scene.announce(frame)
scene.hold()
base.destroy()
