/** The codes of diagnostics about `exceptions`; parts of `ERRORS` and `WARNINGS`. */

export const EXCEPTION_ERRORS = {
  'exception-without-owner': {
    consequence: 'Nobody would see to it that the client is mended before the exception lapses.',
    remedy: 'Write the person or the team that looks after the client.',
  },
} as const;

export const EXCEPTION_WARNINGS = {
  'exception-on-report': {
    consequence: 'It reads as if all other clients were refused.',
    remedy: 'Set enforcement to enforce, or keep the exception for then.',
  },
  'exception-lapsed': {
    consequence: 'The client is refused like any other.',
    remedy: 'Remove the exception, or agree on another day with its owner.',
  },
  'exception-lapses-soon': {
    consequence: 'From then on the client is refused like any other.',
    remedy: 'See on the status page whether it is still used, and ask its owner.',
  },
} as const;
