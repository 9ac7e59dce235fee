"""pygame (SDL2) with OpenGL 1.x calls through PyOpenGL."""

import os

os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"

import pygame
from OpenGL import GL

import scene

pygame.display.init()
pygame.display.gl_set_attribute(pygame.GL_DEPTH_SIZE, 24)
pygame.display.set_mode((scene.WIDTH, scene.HEIGHT), pygame.OPENGL | pygame.DOUBLEBUF)
for frame in range(1, scene.FRAMES + 1):
    scene.draw_fixed_function(GL, frame)
    pygame.display.flip()
    pygame.event.pump()
    scene.announce(frame)
scene.hold(pygame.event.pump)
pygame.quit()
