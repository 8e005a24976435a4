# One image, two roles: without arguments it takes webhooks, with `worker` it does the work. See docs/app.md.
FROM python:3.12-slim-bookworm

RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/amts
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY sync sync
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore '.[bot,postgres,adaptive]'

RUN groupadd --gid 10001 amts \
    && useradd --uid 10001 --gid amts --create-home --home-dir /var/lib/amts amts
# By its number a platform can see that it is not root.
USER 10001:10001
WORKDIR /var/lib/amts
ENV AMTS_HOME=/var/lib/amts PYTHONUNBUFFERED=1
VOLUME /var/lib/amts

EXPOSE 8000
# Of the web process; give a worker --no-healthcheck. Not by urllib, which would ask a proxy.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["python", "-c", "\
from http.client import HTTPConnection as Connection; \
connection = Connection('127.0.0.1', 8000, timeout=4); \
connection.request('GET', '/healthz'); \
raise SystemExit(connection.getresponse().status != 200)"]
ENTRYPOINT ["amts"]
CMD ["serve", "--bind", "0.0.0.0:8000"]
