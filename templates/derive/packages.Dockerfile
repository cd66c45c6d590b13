# The packages that a project asks for in gpubox.yaml, upon an image that has Jupyter and an SSH server already.
ARG BASE
FROM ${BASE}
USER 65534:65534
COPY install run-entrypoint capture constraints /opt/gpubox/
ARG GPUBOX_ENTRYPOINT
RUN ["sh", "/opt/gpubox/install", "entrypoint"]
USER root
COPY packages /opt/gpubox/packages
ARG PIP_INDEX_URL
ARG APT_MIRROR
RUN sh /opt/gpubox/install packages && rm -rf /tmp/gpubox
