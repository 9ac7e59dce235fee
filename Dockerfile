# glxrun in an image, with Mesa's software renderer and no GPU driver: NVIDIA's container toolkit brings the host's,
# others' GPUs work by Mesa through /dev/dri. Runs as an ordinary user, needs no privileges.
#
#     docker build -t glxrun .                                  # or: make image, with docker, podman or buildah
#     docker build -t glxrun --build-arg BASE=ubuntu:24.04 .    # debian:12-slim (default), ubuntu:22.04, ubuntu:24.04
#     docker run --rm glxrun doctor
#     docker run --rm --gpus all glxrun --stats timeout 5 glxgears
#
# EXTRA names more packages, such as those that --view uses:
#     --build-arg EXTRA="tigervnc-standalone-server novnc websockify openbox"

ARG BASE=debian:12-slim

# Built on the same base, so that the libc is not newer than where it runs.
FROM ${BASE} AS build
ARG RUST=1.95
ENV DEBIAN_FRONTEND=noninteractive PATH=/root/.cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
RUN apt-get update -qq && apt-get install -qq -y --no-install-recommends gcc binutils libc6-dev ca-certificates curl
# A Rust that is mounted at /root/.cargo and /root/.rustup is used as it is.
RUN command -v cargo || curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | \
    sh -s -- -y --no-modify-path --profile minimal --default-toolchain ${RUST}
COPY . /src
RUN cd /src && CARGO_TARGET_DIR=/build cargo build --release --locked -p glxrun-launcher -p glxrun-interposer \
        -p glxrun-vulkan && \
    strip /build/release/glxrun /build/release/libglxrun.so /build/release/libglxrun_vulkan.so

FROM ${BASE}
ARG EXTRA=""
# The second line: what programs of all kinds load. mesa-utils has glxgears and glxinfo, to try things with.
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        xvfb libgl1 libopengl0 libegl1 libgles2 libglx-mesa0 libegl-mesa0 libgl1-mesa-dri libvulkan1 \
        libx11-6 libx11-xcb1 libxext6 libxrandr2 libxcursor1 libxi6 libxinerama1 fonts-dejavu-core mesa-utils \
        ${EXTRA} && \
    rm -rf /var/lib/apt/lists/*
# Some versions of NVIDIA's toolkit bring the driver's libraries, but not the files by which libglvnd finds them. They do
# nothing where the libraries are not.
RUN mkdir -p /usr/share/glvnd/egl_vendor.d && \
    echo '{"file_format_version": "1.0.0", "ICD": {"library_path": "libEGL_nvidia.so.0"}}' \
        >/usr/share/glvnd/egl_vendor.d/10_nvidia.json
COPY --from=build /build/release/glxrun /usr/local/bin/
COPY --from=build /build/release/libglxrun.so /build/release/libglxrun_vulkan.so /usr/local/lib/glxrun/
# Ubuntu has a user 1000 already. X servers of ordinary users cannot make the directory of their sockets.
RUN if id ubuntu >/dev/null 2>&1; then userdel -r ubuntu; fi; \
    useradd --create-home --uid 1000 --shell /bin/bash glxrun && mkdir -m 1777 /tmp/.X11-unix
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=all
USER 1000:1000
WORKDIR /home/glxrun
ENTRYPOINT ["glxrun"]
CMD ["--help"]
