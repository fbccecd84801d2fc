# One image for all services; the command says which one a container is.
FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json package-lock.json ./
# No scripts run: nothing has to be built, Node reads the TypeScript as it is.
RUN npm install --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund
COPY schema schema
COPY platform platform
COPY gateway gateway
COPY subgraphs subgraphs
COPY scripts/migrate.ts scripts/migrate.ts
USER node
CMD ["node", "gateway/main.ts"]
