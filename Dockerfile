# mirrorkit in a container, built without a network: `make wheelhouse`, then `docker build --network none .`
# The wheels belong to one Python: another base needs wheels for it, `make wheelhouse FOR=…`.
ARG BASE=python:3.11-slim-bookworm

# Libraries change seldom, mirrorkit often: each is a layer of its own, and no pip stays in the image.
FROM ${BASE} AS libraries
COPY wheelhouse/[^m]*.whl wheelhouse/m[^i]*.whl /wheelhouse/
RUN python3 -m venv /opt/pip \
 && python3 -m venv --without-pip /opt/python \
 && /opt/pip/bin/pip --python /opt/python/bin/python install --no-index --no-deps --no-cache-dir /wheelhouse/*.whl

FROM libraries AS own
COPY wheelhouse/mirrorkit-*.whl /own/
RUN /opt/pip/bin/pip --python /opt/python/bin/python install --no-index --no-deps --no-cache-dir \
    --target /opt/mirrorkit /own/mirrorkit-*.whl \
 && install -d -o 10001 -g 10001 /var/lib/mirrorkit

FROM ${BASE}
COPY --from=libraries /opt/python /opt/python
COPY --from=own --chown=10001:10001 /var/lib/mirrorkit /var/lib/mirrorkit
COPY --from=own /opt/mirrorkit /opt/mirrorkit
ENV PATH=/opt/mirrorkit/bin:$PATH PYTHONPATH=/opt/mirrorkit PYTHONDONTWRITEBYTECODE=1 \
    MIRRORKIT_STORE=/var/lib/mirrorkit/store MIRRORKIT_LISTEN=:5080
# The folder of the class: its lock, images.lock.d and mirrorkit.yaml, read-only.
WORKDIR /class
VOLUME /var/lib/mirrorkit
EXPOSE 5080
USER 10001:10001
# http.client heeds no proxy, which Docker may put into every container's environment.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["python3", "-c", \
  "import http.client as h; c = h.HTTPConnection('127.0.0.1', 5080, timeout=4); c.request('GET', '/livez'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["mirrorkit"]
CMD ["serve"]
