/** The codes of warnings about the certificates of the data listener; a part of `WARNINGS`. */

export const CERTIFICATE_WARNINGS = {
  'certificate-expires-soon': {
    consequence: 'From then on every client that verifies certificates refuses the connection.',
    remedy: 'Renew it; the file is read again when it changes.',
  },
  'certificate-not-yet-valid': {
    consequence: 'Until then every client that verifies certificates refuses the connection.',
    remedy: 'Check the clock of this machine, or put a certificate there that is valid now.',
  },
  'certificate-never-chosen': {
    consequence: 'No client gets it: only the first certificate is for clients that ask for no name of the others.',
    remedy: 'Give it a DNS name of its own in subjectAltName, put it first, or take the entry out.',
  },
  'certificate-name-twice': {
    consequence: 'Clients that ask for this name get the earlier certificate, even when that expires first.',
    remedy: 'Put the certificate that is meant for the name first, or take the other out.',
  },
} as const;
