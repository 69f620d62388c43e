# The dev image: OS packages, and what the base image brings. The code is not in it: it is mounted on /app.
#
# The context is the runnable dir, cut down by dockerignore.dev.
ARG BASE_IMAGE=debian:bookworm-slim

FROM ${BASE_IMAGE}
COPY devops/docker_build/os_packages.txt devops/docker_build/install_os_packages.sh /install/
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,target=/var/lib/apt,sharing=locked \
    sh /install/install_os_packages.sh /install/os_packages.txt
COPY --chmod=0440 devops/docker_build/sudoers /etc/sudoers.d/image
COPY --chmod=0644 devops/docker_build/sudo.conf devops/docker_build/gitconfig /etc/
COPY --chmod=0755 devops/docker_run/entrypoint.sh devops/docker_run/version_check.sh /install/
WORKDIR /app
ENTRYPOINT ["/install/entrypoint.sh"]
CMD ["bash"]
ARG AM_CONTAINER_VERSION=
ENV AM_CONTAINER_VERSION=${AM_CONTAINER_VERSION}
