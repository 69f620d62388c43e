# The prod image: the dev image, named by its digest, with the code inside. It runs without a mount and without network.
#
# The context is the outermost repo, less what dockerignore.prod names.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
# `drop` leaves only the packages of the main group. The tests of a prod release run in this image: with `drop` they
# have what the operating system provides and nothing of the group `dev`.
ARG DEV_PACKAGES=keep
RUN [ "${DEV_PACKAGES}" = keep ] || /install/drop_dev_packages.sh
COPY . /app
# Where the runnable dir lies in the outermost repo.
ARG RUNNABLE_DIR=.
WORKDIR /app/${RUNNABLE_DIR}
