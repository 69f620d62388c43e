# syntax=docker/dockerfile:1
FROM BASE_IMAGE AS builder
ARG AM_CONTAINER_VERSION
ARG CLEAN_UP_INSTALLATION
ARG INSTALL_DIND
ARG POETRY_MODE
ENV APP_DIR=/app
ENV ENV_NAME=venv
ENV HOME=/home
ENV INSTALL_DIR=/install
WORKDIR $INSTALL_DIR

COPY devops/docker_build/install_os_packages.sh .
RUN bash install_os_packages.sh

COPY devops/docker_build/poetry.lock poetry.lock.in
COPY devops/docker_build/poetry.toml devops/docker_build/pyproject.toml devops/docker_build/install_python_packages.sh ./
RUN bash install_python_packages.sh

COPY devops/docker_build/create_users.sh .
RUN bash create_users.sh

ENV AM_CONTAINER_VERSION=$AM_CONTAINER_VERSION
WORKDIR $APP_DIR
ENTRYPOINT ["devops/docker_run/entrypoint.sh"]
