# Scopegate in a container: one bundle, no packages, no shell needed, not root.
#   docker build -t scopegate .
#   docker run --read-only --cap-drop ALL -p 8080:8080 \
#     -v "$PWD/proxy.config.yaml:/etc/scopegate/proxy.config.yaml:ro" scopegate
# NODE_IMAGE may name any image with Node 24 or later.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json ./
COPY src ./src
RUN npm run build
# the packages are in the bundle; their licences go along
RUN npm prune --omit=dev --no-audit --no-fund && mkdir /licenses \
  && find node_modules -type f -iname 'licen[cs]e*' -exec cp --parents -t /licenses {} +

FROM ${NODE_IMAGE}
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="scopegate" \
      org.opencontainers.image.description="OAuth 2.0 service-to-service security as a sidecar" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
ENV NODE_ENV=production
WORKDIR /opt/scopegate
COPY package.json proxy.config.schema.json LICENSE ./
COPY deploy/cloudformation ./deploy/cloudformation
COPY --from=build /licenses ./licenses
COPY --from=build /build/dist ./dist
# what V8 compiled once, written here and by nobody later: a start takes a quarter less
ENV NODE_COMPILE_CACHE=/opt/scopegate/compiled
RUN SCOPEGATE_CONFIG='{ version: 1, inbound: { listen: "127.0.0.1:0", upstream: "http://127.0.0.1:9", \
    routes: [{ path: /a, methods: [GET], public: true }] }, admin: { listen: "127.0.0.1:0" } }' \
  timeout 5 node dist/main.js run -c env:SCOPEGATE_CONFIG >/dev/null; test -d compiled
# numeric, so that Kubernetes can check runAsNonRoot
USER 1000:1000
EXPOSE 8080 8081 9901
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=4s --start-period=10s --retries=3 \
  CMD ["node", "/opt/scopegate/dist/main.js", "health", "-c", "/etc/scopegate/proxy.config.yaml"]
ENTRYPOINT ["node", "/opt/scopegate/dist/main.js"]
CMD ["run", "-c", "/etc/scopegate/proxy.config.yaml"]
