# The packages that a project asks for in gpubox.yaml, upon an image that has Jupyter and an SSH server already.
ARG BASE
FROM ${BASE}
USER root
COPY install constraints /opt/gpubox/
COPY packages /opt/gpubox/packages
ARG PIP_INDEX_URL
ARG APT_MIRROR
RUN sh /opt/gpubox/install packages
