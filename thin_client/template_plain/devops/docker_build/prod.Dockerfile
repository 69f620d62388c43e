# The prod image: the dev image, named by its digest, with the code inside. It runs without a mount and without network.
#
# The context is the outermost repo, less what dockerignore.prod names.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
COPY . /app
# Where the runnable dir lies in the outermost repo.
ARG RUNNABLE_DIR=.
WORKDIR /app/${RUNNABLE_DIR}
