# An image of the server: docker run -i IMAGE code
FROM swift:6.3-bookworm AS build
RUN apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libpq-dev libsqlite3-dev \
    && rm -rf /var/lib/apt/lists/*
# The script is bash.
SHELL ["/bin/bash", "-c"]
WORKDIR /src
COPY Package.swift ./
COPY scripts/lib/packages.sh ./scripts/lib/
COPY sql ./sql
COPY Sources ./Sources
# Not built, but Package.swift refers to them.
COPY Tests ./Tests
RUN . scripts/lib/packages.sh && options=$(release_options) \
    && swift build $options --product cowork-code-mcp-server \
    && install -D "$(swift build $options --show-bin-path)/cowork-code-mcp-server" /out/cowork-code-mcp-server \
    && strip /out/cowork-code-mcp-server

FROM debian:bookworm-slim
RUN apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ca-certificates libpq5 libsqlite3-0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --user-group bridge
# The registry of MCP servers asks for it.
ARG SERVER_NAME=cowork-code-mcp-server
LABEL io.modelcontextprotocol.server.name=$SERVER_NAME
COPY --from=build /out/cowork-code-mcp-server /usr/local/bin/cowork-code-mcp-server
USER bridge
# Also for the user of a volume, whom the image does not know.
ENV HOME=/home/bridge
WORKDIR /home/bridge
ENTRYPOINT ["cowork-code-mcp-server"]
CMD ["code"]
