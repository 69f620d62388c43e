# The dev image: OS packages, then Python packages from poetry.lock. The code is not in it: it is mounted on /app.
#
# The context is the runnable dir, cut down to devops/ by dockerignore.dev.
ARG BASE_IMAGE=debian:bookworm-slim

FROM ${BASE_IMAGE} AS base
ENV PYTHONDONTWRITEBYTECODE=1
COPY devops/docker_build/os_packages.txt devops/docker_build/install_os_packages.sh /install/
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,target=/var/lib/apt,sharing=locked \
    sh /install/install_os_packages.sh /install/os_packages.txt

# Which versions: this stage alone sees the mode and the nonce that makes the resolver really run. What follows depends
# only on the lock it writes, so an unchanged lock leaves the image as it was.
FROM base AS resolve
# update: newest allowed versions of everything; refresh: only what pyproject.toml asks for; no_update: the repo's lock.
ARG POETRY_MODE=update
ARG PACKAGE_INDEX=https://pypi.org/simple
ARG RESOLVE_NONCE=
WORKDIR /resolve
COPY devops/docker_build/resolve_packages.sh devops/docker_build/package_index.py /install/
COPY devops/docker_build/pyproject.toml devops/docker_build/poetry.toml devops/docker_build/poetry.lock* ./
RUN --mount=type=cache,target=/root/.cache,sharing=locked sh /install/resolve_packages.sh /resolved

# The venv has a stage of its own too: the address of a company's index does not end up in the image's history.
FROM base AS packages
ARG PACKAGE_INDEX=https://pypi.org/simple
WORKDIR /resolve
COPY devops/docker_build/install_packages.sh devops/docker_build/package_index.py /install/
COPY --from=resolve /resolved/ ./
RUN --mount=type=cache,target=/root/.cache,sharing=locked sh /install/install_packages.sh /installed

FROM base
COPY --chmod=0440 devops/docker_build/sudoers /etc/sudoers.d/image
COPY --chmod=0644 devops/docker_build/sudo.conf devops/docker_build/gitconfig /etc/
COPY --from=packages /venv /venv
COPY --from=packages /installed/ /install/
COPY --chmod=0755 devops/docker_build/drop_dev_packages.sh devops/docker_run/entrypoint.sh devops/docker_run/version_check.sh /install/
# As variables and not only in the entrypoint, so that `docker exec` finds the venv as well.
ENV VIRTUAL_ENV=/venv PATH=/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
WORKDIR /app
ENTRYPOINT ["/install/entrypoint.sh"]
CMD ["bash"]
ARG AM_CONTAINER_VERSION=
ENV AM_CONTAINER_VERSION=${AM_CONTAINER_VERSION}
