/** The codes of diagnostics about `mcp`, as a part of the table in check-codes.ts. */

export const MCP_ERRORS = {
  'mcp-token-forwarded': {
    consequence: 'The upstream could use the token of the client wherever the gateway accepts it.',
    remedy: 'Remove the key; on a route with mcp the token is removed by default.',
  },
  'mcp-sse-prefix': {
    consequence: 'Clients would send their messages to a path that the gateway does not know.',
    remedy: 'Let the server have the path of the route, and remove strip_prefix.',
  },
} as const;

export const MCP_WARNINGS = {
  'mcp-on-report': {
    consequence: 'Every request comes without a token, and the log says nothing of what enforce would refuse.',
    remedy: 'Begin with verify, or with enforce on a second host or path.',
  },
  'mcp-endpoint': {
    consequence: 'Clients that compare the two, as RFC 9728 section 3.3 demands, end with an error.',
    remedy: 'Write the URL of the endpoint as resource, or name the route after the path of the resource.',
  },
  'mcp-session-key': {
    consequence: 'Whoever finds the key can make ids of the sessions of others.',
    remedy: 'Use 32 random bytes in base64, such as openssl rand -base64 32 prints.',
  },
  'mcp-initial-scopes': {
    consequence: 'At an issuer that keeps a client to the scopes of its first request, that rule can never be met.',
    remedy: 'Add the scope, unless the issuer grants more later.',
  },
  'mcp-sse-base-path': {
    consequence:
      'The stream of HTTP+SSE names an endpoint that no route of the gateway may match; bodies are never rewritten.',
    remedy:
      'Give the server the path of the route, and the upstream no path, unless the server names another one by itself.',
  },
} as const;
