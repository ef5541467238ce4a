# syntax=docker/dockerfile:1

FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
# Shown by `gate115 version`; docker build --build-arg GATE115_COMMIT=$(git rev-parse --short HEAD)
ARG GATE115_COMMIT=
# The cache is no layer, so the binary is copied out of it in the same step.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked && cp target/release/gate115 /gate115

FROM debian:bookworm-slim
# Without root certificates no connection to 115 can be verified.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10115 gate115 \
    && useradd --uid 10115 --gid 10115 --no-create-home --home-dir /data --shell /usr/sbin/nologin gate115 \
    && install -d -o gate115 -g gate115 -m 0750 /data \
    && install -d /etc/gate115
COPY --from=build /gate115 /usr/local/bin/gate115
USER gate115
# Here data_dir's default, ./data, is the volume.
WORKDIR /
VOLUME /data
EXPOSE 5244
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["gate115", "healthcheck"]
ENTRYPOINT ["gate115"]
CMD ["serve", "-c", "/etc/gate115/config.yaml"]
