# The suite, for workers: docker build --build-arg EXTRAS=postgres,s3 --tag suite .
#
# EXTRAS are those of pyproject.toml: postgres and s3 for studies that machines share, gpu for NVIDIA, and the paths that
# a study times on (litert, onnx, openvino).
ARG PYTHON=3.12.12

FROM python:${PYTHON}-slim-bookworm AS build
ARG EXTRAS=postgres,s3
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY suite suite
RUN python -m venv /opt/suite && /opt/suite/bin/pip install --no-cache-dir ".[${EXTRAS}]"

FROM python:${PYTHON}-slim-bookworm
RUN useradd --uid 10001 --create-home suite && install --directory --owner 10001 --group 10001 /work /work/runs /work/datasets
COPY --from=build /opt/suite /opt/suite
ENV PATH=/opt/suite/bin:$PATH TFDS_DATA_DIR=/work/datasets PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /work
ENTRYPOINT ["suite"]
CMD ["--help"]
