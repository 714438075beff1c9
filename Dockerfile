# The commands in an image: docker build -t ser . && docker run --rm -v "$PWD":/work ser analyze talk.wav
# The page to speak to: docker build --build-arg EXTRAS=web -t ser . && docker run --rm -p 127.0.0.1:8000:8000
#     -e SER_WEB_TOKEN=… ser web --host 0.0.0.0
# More than analysis, conversion, tables and ser-yt: docker build --build-arg EXTRAS=plot,listen -t ser .

FROM python:3.13-slim AS build
ARG EXTRAS=""
COPY setup.cfg pyproject.toml MANIFEST.in README.md LICENSE LICENSE-WEIGHTS /src/
COPY ser /src/ser
RUN python -m venv /opt/ser \
    && /opt/ser/bin/pip install --no-cache-dir "/src${EXTRAS:+[$EXTRAS]}" \
    && /opt/ser/bin/pip uninstall --yes pip

FROM python:3.13-slim
# The models lie in the package; nothing is downloaded at run time.
COPY --from=build /opt/ser /opt/ser
RUN useradd --create-home --uid 1000 ser
ENV PATH=/opt/ser/bin:$PATH
USER 1000
WORKDIR /work
# ser web
EXPOSE 8000
ENTRYPOINT ["ser"]
CMD ["--help"]
