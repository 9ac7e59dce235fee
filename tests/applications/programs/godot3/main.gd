# A cube, turned by the frame's number; after the 60th it stays, and "holding" is printed, as in scene.py.
extends Spatial

var frame = 0

func _process(_delta):
	if frame == 62:
		print("holding")
	frame += 1
	$Cube.rotation_degrees = Vector3(20, 3 * min(frame, 60) + 7, 0)
