/* A library that exports names of OpenGL, EGL and GLX and is none of the system's: its functions stay its own. */
int eglGetError(void) { return 4711; }
int glXQueryExtension(void *display, int *error, int *event) { return 4711; }
int glGetError(void) { return 4711; }
