#!/bin/sh
# Installs the Debian/Ubuntu packages that the tests need and that are missing. Quick when there is nothing to do.
# `deps.sh piglit` installs piglit instead, which only `make conformance` needs.
set -eu

packages="
    xvfb                        # Xvfb, the X server of most tests
    tigervnc-standalone-server  # Xvnc, the other 2D side
    x11vnc novnc websockify     # --view
    openbox                     # a window manager
    ffmpeg                      # --record
    chromium                    # the browser that looks at --view web
    xserver-xorg-core xserver-xorg-video-dummy  # Xorg, for --xorg
    libgl1 libopengl0 libglx-mesa0 libgl1-mesa-dri libegl1  # Mesa: the software renderer
    libx11-6 libxrandr2 libxcomposite1  # what the example programs load
    mesa-utils                  # glxinfo, glxgears, glxheads, glxdemo
    vulkan-tools mesa-vulkan-drivers vulkan-validationlayers  # vkcube, lavapipe, what finds mistakes
    libvulkan-dev libxcb1-dev libx11-dev libglfw3-dev  # small Vulkan programs in the tests
    libsdl2-tests               # testvulkan
    glmark2-es2-x11             # a benchmark that uses EGL
    chromium                    # looks at the pages that glxrun makes
    x11-utils                   # xdpyinfo, xwininfo: programs without OpenGL
    python3                     # OpenGL by ctypes
    khronos-api                 # gl.xml and glx.xml, which the table of functions is held against
    gcc libc6-dev               # Rust's linker, and small C programs in the tests
"

[ "${1:-}" = piglit ] && packages=piglit
missing=""
for package in $(printf '%s\n' "$packages" | sed 's/#.*//'); do
    case "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" in
        installed) ;;
        *) missing="$missing $package" ;;
    esac
done
# A package of its own in older releases, part of mesa-utils in newer ones.
[ "${1:-}" = piglit ] || command -v es2gears_x11 >/dev/null || missing="$missing mesa-utils-extra"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
    echo "the tests need packages that are not installed; run:" >&2
    echo "    sudo apt-get install -y --no-install-recommends$missing" >&2
    exit 1
fi
echo "installing for the tests:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq </dev/null
# Piglit's shaders are gigabytes, and programs that are run one by one do not need them.
shaders='--path-exclude=/usr/lib/*/piglit/generated_tests/*'
# shellcheck disable=SC2086 # a list of words
apt-get install -qq -y --no-install-recommends -o DPkg::Options::="$shaders" $missing </dev/null
