"""VTK: a cone, turned by the frame's number, in a window of VTK's own."""

import scene
import vtk

cone = vtk.vtkConeSource()
cone.SetResolution(12)
mapper = vtk.vtkPolyDataMapper()
mapper.SetInputConnection(cone.GetOutputPort())
actor = vtk.vtkActor()
actor.SetMapper(mapper)
actor.GetProperty().SetColor(1.0, 0.6, 0.1)
renderer = vtk.vtkRenderer()
renderer.AddActor(actor)
renderer.SetBackground(0.1, 0.15, 0.3)
window = vtk.vtkRenderWindow()
window.SetSize(scene.WIDTH, scene.HEIGHT)
window.AddRenderer(renderer)
for frame in range(1, scene.FRAMES + 1):
    actor.SetOrientation(0.0, scene.angle(frame), 20.0)
    window.Render()
    scene.announce(frame)
scene.hold()
window.Finalize()
