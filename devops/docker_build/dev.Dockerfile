# The dev image: what Slipway's own checks need, Node and the packages of package-lock.json among them. The code is not in
# it: it is mounted on /app.
ARG BASE_IMAGE=debian:trixie-slim
FROM ${BASE_IMAGE}
COPY devops/docker_build/os_packages.txt devops/docker_build/install_os_packages.sh /install/
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,target=/var/lib/apt,sharing=locked \
    sh /install/install_os_packages.sh /install/os_packages.txt
WORKDIR /install/node
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm,sharing=locked npm ci && find . -name .cache -prune -exec rm -rf {} +
# Node looks in the dirs above /app too, so a clone without packages of its own finds these.
RUN ln -s /install/node/node_modules /node_modules
COPY --chmod=0644 devops/docker_build/gitconfig /etc/
COPY --chmod=0755 devops/docker_run/entrypoint.sh devops/docker_run/version_check.sh /install/
ENV PATH=/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
WORKDIR /app
ENTRYPOINT ["/install/entrypoint.sh"]
CMD ["bash"]
ARG AM_CONTAINER_VERSION=
ENV AM_CONTAINER_VERSION=${AM_CONTAINER_VERSION}
