"""Screenshots of an X server's root window, and how alike two of them are."""

import struct
import subprocess

import numpy
from PIL import Image

ROOT_COLOUR = (0x40, 0x60, 0x80)  # what no program here draws, so that its windows can be told from the root window
WINDOW = 7  # pixels: the side of the squares in which SSIM compares, as in the paper and in scikit-image


def paint_root(server):
    """Gives the root window ROOT_COLOUR. The server has to run with -noreset to keep it."""
    subprocess.run(
        ["xsetroot", "-display", server.display, "-solid", "#%02x%02x%02x" % ROOT_COLOUR], check=True, timeout=10
    )


def screenshot(server):
    """The root window with all that lies on it, as an array of height x width x 3 bytes: red, green, blue.

    Read from the server's own frame buffer, which it keeps in a file in xwd's format: the program xwd remaps colours
    where windows of several visuals lie on the screen.
    """
    dump = server.framebuffer.read_bytes()
    header = struct.unpack(">25I", dump[:100])
    width, height, big_endian, bits_per_pixel, stride = header[4], header[5], header[7], header[11], header[12]
    if bits_per_pixel != 32 or big_endian:
        raise ValueError(f"{bits_per_pixel} bits a pixel, byte order {big_endian}: only little-endian 32 is read")
    start = header[0] + 12 * header[19]  # the header, then the colour map
    rows = numpy.frombuffer(dump, numpy.uint8, height * stride, start).reshape(height, stride)
    return rows[:, : width * 4].reshape(height, width, 4)[:, :, 2::-1].copy()


def save(picture, path):
    """Writes a PNG."""
    Image.fromarray(picture).save(path)


def drawn_part(*pictures):
    """The slices of the smallest rectangle outside which all pictures show the bare root window; None if all do."""
    drawn = numpy.any([(picture != ROOT_COLOUR).any(axis=2) for picture in pictures], axis=0)
    rows, columns = numpy.flatnonzero(drawn.any(axis=1)), numpy.flatnonzero(drawn.any(axis=0))
    if not len(rows):
        return None
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def is_plain(picture):
    """Whether there is but one colour, as in a window that nobody drew to."""
    return bool((picture == picture[0, 0]).all())


def box_mean(plane):
    """The mean of each WINDOW x WINDOW square, by differences of a running sum."""
    total = numpy.pad(plane, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    side = WINDOW
    return (total[side:, side:] - total[:-side, side:] - total[side:, :-side] + total[:-side, :-side]) / side**2


def ssim(one, other):
    """Structural similarity (Wang et al. 2004) of two pictures' luma, -1 to 1; exactly 1.0 only if all pixels equal."""
    if numpy.array_equal(one, other):
        return 1.0
    x, y = (picture @ numpy.array([0.299, 0.587, 0.114]) for picture in (one, other))
    mean_x, mean_y = box_mean(x), box_mean(y)
    variance_x = box_mean(x * x) - mean_x**2
    variance_y = box_mean(y * y) - mean_y**2
    covariance = box_mean(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    likeness = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    likeness /= (mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2)
    return min(float(likeness.mean()), 0.9999)
