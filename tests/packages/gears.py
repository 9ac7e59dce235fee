#!/usr/bin/env python3
"""Reads what `inside` prints, passes it on up to the picture, writes the picture to the file that is named, and checks
that it shows the three gears: red, green and blue, on black. Python's own library suffices."""

import base64
import struct
import sys
import zlib


def pixels(png):
    """Rows of a PNG of 8 bits each of red, green and blue, as bytearrays."""
    at, data, size = 8, b"", None
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        body = png[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert (depth, colour) == (8, 2), "not 8 bits of RGB"
            size = width, height
        elif kind == b"IDAT":
            data += body
        at += length + 12
    data, stride = zlib.decompress(data), size[0] * 3
    above, rows = bytearray(stride), []
    for y in range(size[1]):
        start = y * (stride + 1)
        method, row = data[start], bytearray(data[start + 1 : start + 1 + stride])
        for i in range(stride):
            left = row[i - 3] if i >= 3 else 0
            corner = above[i - 3] if i >= 3 else 0
            row[i] = (row[i] + predict(method, left, above[i], corner)) & 255
        rows.append(row)
        above = row
    return rows


def predict(method, left, up, corner):
    """The PNG filters: none, sub, up, average, Paeth."""
    if method < 4:
        return (0, left, up, (left + up) // 2)[method]
    nearest = left + up - corner
    return min((abs(nearest - left), 0, left), (abs(nearest - up), 1, up), (abs(nearest - corner), 2, corner))[2]


def main():
    text, _, picture = sys.stdin.read().partition("\nPICTURE\n")
    print(text)
    if not picture:
        sys.exit("FAILED: no picture")
    png = base64.b64decode(picture)
    with open(sys.argv[1], "wb") as file:
        file.write(png)
    counts = dict.fromkeys(("red", "green", "blue", "black"), 0)
    for row in pixels(png):
        for red, green, blue in zip(row[0::3], row[1::3], row[2::3]):
            if red > 2 * green and red > 2 * blue and red > 40:
                counts["red"] += 1
            elif green > 2 * red and green > 2 * blue and green > 40:
                counts["green"] += 1
            elif blue > 2 * red and blue > green * 1.5 and blue > 40:
                counts["blue"] += 1
            elif max(red, green, blue) < 8:
                counts["black"] += 1
    print("pixels:", counts)
    if min(counts.values()) < 1000:
        sys.exit("FAILED: these are not three gears")
    print(f"ok: three gears, see {sys.argv[1]}")


main()
