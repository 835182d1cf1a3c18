/** The codes of `check --online`; check-codes.ts has the others. */

/** Errors of `check --online`, about what the file names: the file is served, but not as it was meant. */
export const ONLINE_ERRORS = {
  'issuer-unreachable': {
    consequence:
      'While that is so, tokens of this issuer get 503 on routes that need one, and are only counted on report.',
    remedy:
      'Correct the place of its keys, its ca_file or the proxy of the environment, and see that this machine may reach it.',
  },
  'introspection-unusable': {
    consequence: 'Its opaque tokens get 503 on routes that need one, or cannot be told from made-up ones.',
    remedy:
      'Correct the endpoint, and the client_id with its secret or key, which has to be that of a client that may introspect.',
  },
  'upstream-unreachable': {
    consequence: 'Requests that go there get 502 or 504.',
    remedy: 'Start it, correct its address or its tls, and see that this machine may reach it.',
  },
} as const;
