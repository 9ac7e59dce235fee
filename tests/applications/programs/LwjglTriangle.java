// LWJGL, the library of many Java games: a triangle, turned by the frame's number; says "holding" as scene.py does.
import org.lwjgl.opengl.Display;
import org.lwjgl.opengl.DisplayMode;
import org.lwjgl.opengl.GL11;

public class LwjglTriangle {
    public static void main(String[] args) throws Exception {
        Display.setDisplayMode(new DisplayMode(400, 300));
        Display.create();
        for (int frame = 1; !Display.isCloseRequested(); frame++) {
            GL11.glClearColor(0.1f, 0.15f, 0.3f, 1);
            GL11.glClear(GL11.GL_COLOR_BUFFER_BIT);
            GL11.glLoadIdentity();
            GL11.glRotatef(3 * Math.min(frame, 60) + 7, 0, 0, 1);
            GL11.glBegin(GL11.GL_TRIANGLES);
            GL11.glColor3f(1, 0.2f, 0.2f);
            GL11.glVertex2f(0, 0.8f);
            GL11.glColor3f(0.2f, 1, 0.2f);
            GL11.glVertex2f(-0.7f, -0.4f);
            GL11.glColor3f(0.2f, 0.2f, 1);
            GL11.glVertex2f(0.7f, -0.4f);
            GL11.glEnd();
            Display.update();
            if (frame == 61) System.out.println("holding");
            Thread.sleep(5);
        }
    }
}
