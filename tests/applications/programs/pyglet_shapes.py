"""pyglet: shapes, and a label in a font it loads, in a window of its own making."""

import pyglet

import scene

window = pyglet.window.Window(scene.WIDTH, scene.HEIGHT, "pyglet", vsync=False)
batch = pyglet.graphics.Batch()
centre = (scene.WIDTH // 2, scene.HEIGHT // 2)
star = pyglet.shapes.Star(*centre, 120, 60, 7, color=(255, 200, 40, 255), batch=batch)
disc = pyglet.shapes.Circle(*centre, 40, color=(200, 40, 40, 255), batch=batch)
label = pyglet.text.Label("pyglet", x=12, y=12, font_size=18, batch=batch)

for frame in range(1, scene.FRAMES + 1):
    window.switch_to()
    window.dispatch_events()
    window.clear()
    star.rotation = scene.angle(frame)
    batch.draw()
    window.flip()
    scene.announce(frame)
scene.hold(window.dispatch_events)
window.close()
