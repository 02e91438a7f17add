# A stand-in for the official image if no registry can be reached: Caddy from Debian's packages.
ARG BASE
FROM ${BASE}
RUN <<'END'
set -eu
apt-get -qq update
apt-get -qq install --yes --no-install-recommends caddy libcap2-bin
# Without it, a container that may not bind low ports could not run the program at all.
setcap -r /usr/bin/caddy || true
rm -rf /var/lib/apt/lists/*
END
ENV XDG_CONFIG_HOME=/config XDG_DATA_HOME=/data
CMD ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]
