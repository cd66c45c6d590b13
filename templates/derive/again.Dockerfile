# A layer that lacks something optional, with another attempt to add it.
ARG BASE
FROM ${BASE}
USER root
COPY install /opt/gpubox/
ARG APT_MIRROR
ARG GPUBOX_TIME
RUN sh /opt/gpubox/install tmux
