/* What the programs call of Xlib, GLX and OpenGL, so that only the runtime libraries must be installed. */
typedef struct _XDisplay Display;
typedef unsigned long XID;
typedef struct { void *visual; XID visualid; int screen, depth, class; unsigned long red, green, blue; int size, bits; } XVisualInfo;
typedef struct {
    XID background_pixmap; unsigned long background_pixel; XID border_pixmap; unsigned long border_pixel;
    int bit_gravity, win_gravity, backing_store; unsigned long backing_planes, backing_pixel; int save_under;
    long event_mask, do_not_propagate_mask; int override_redirect; XID colormap, cursor;
} XSetWindowAttributes;

typedef struct { int type; Display *display; XID resource; unsigned long serial; unsigned char code, request, minor; } XErrorEvent;

int XInitThreads(void), XFreePixmap(Display *, XID), glXQueryExtension(Display *, int *, int *);
XID XCreatePixmap(Display *, XID, unsigned, unsigned, unsigned);
int (*XSetErrorHandler(int (*)(Display *, XErrorEvent *)))(Display *, XErrorEvent *);
Display *XOpenDisplay(const char *);
int XResizeWindow(Display *, XID, unsigned, unsigned), XCloseDisplay(Display *), XMapWindow(Display *, XID), XSync(Display *, int), XDestroyWindow(Display *, XID);
XID XDefaultRootWindow(Display *), XCreateColormap(Display *, XID, void *, int);
XID XCreateWindow(Display *, XID, int, int, unsigned, unsigned, unsigned, int, unsigned, void *, unsigned long, XSetWindowAttributes *);
XVisualInfo *glXChooseVisual(Display *, int, int *);
void *glXCreateContext(Display *, XVisualInfo *, void *, int);
int glXMakeCurrent(Display *, XID, void *);
void glXWaitGL(void), glXSwapBuffers(Display *, XID), glXDestroyContext(Display *, void *);
void glClearColor(float, float, float, float), glClear(unsigned), glFinish(void), glBegin(unsigned), glEnd(void);
void glColor3f(float, float, float), glVertex2f(float, float);
unsigned glGetError(void);
