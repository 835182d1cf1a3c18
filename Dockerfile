# The tag says which version the digest is. .github/dependabot.yml keeps both current.
FROM node:24.21.0-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6 AS base

FROM base AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY src ./src
RUN npm run build
RUN find dist -name '*.d.ts' -delete && npm ci --omit=dev --ignore-scripts

FROM base
LABEL org.opencontainers.image.title="audgate" \
      org.opencontainers.image.description="A gateway that forwards only tokens addressed to the API behind it" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# A number, so that Kubernetes can tell that it is not root (runAsNonRoot).
USER 1000:1000
EXPOSE 8080 9090
# AUDGATE_ADMIN_PORT: for a configuration whose `admin` is on another port than 9090. bash sends the request itself, which takes
# 2 ms of processor time; a start of Node.js takes 100 ms.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["bash", "-c", "exec 3<>\"/dev/tcp/127.0.0.1/${AUDGATE_ADMIN_PORT:-9090}\" && printf 'GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [ \"$status\" = 200 ] || exit 1"]
ENTRYPOINT ["node", "/app/dist/main.js"]
CMD ["--config", "/etc/audgate/audgate.yaml"]
