/**
 * The code of every diagnostic, what follows from it, and what to do. `audgate check`, the status page and the reference show
 * this table. Codes are stable, since scripts refer to them.
 */

import { EXCEPTION_ERRORS } from '../exceptions/exception-codes.ts';
import type { CheckAdvice } from './check-advice.ts';
import { MCP_ERRORS } from './mcp-check-codes.ts';
import { ONLINE_ERRORS } from './online-codes.ts';
import { WARNINGS } from './warning-codes.ts';

/** Errors: such a file is not served. */
export const ERRORS = {
  'yaml-syntax': {
    consequence: 'The file cannot be read to its end, so nothing else in it was looked at.',
    remedy: 'Correct the YAML at this place.',
  },
  'over-limit': {
    consequence: 'Loading more than that could hold up, or end, the process that serves.',
    remedy: 'Write less than the limit in the message.',
  },
  'unreadable-file': {
    consequence: 'What the file was to say is unknown.',
    remedy: 'Put a UTF-8 text file there that the user of the gateway may read.',
  },
  'unset-variable': {
    consequence: 'What the value was to be is unknown.',
    remedy: 'Set the variable, or write a default: ${NAME:-default}.',
  },
  'invalid-value': {
    consequence: 'The gateway does not guess what was meant.',
    remedy: 'Write what the message expects.',
  },
  'missing-key': {
    consequence: 'There is no default that would be safe.',
    remedy: 'Add the key.',
  },
  'unknown-key': {
    consequence: 'What it was meant to switch on would silently stay off.',
    remedy: 'Write the nearest valid name, or remove the key.',
  },
  'duplicate-key': {
    consequence: 'Readers of YAML differ in which of the two they take.',
    remedy: 'Keep one of them.',
  },
  'public-route-key': {
    consequence: 'It reads like protection, but nobody looks at tokens on a public route.',
    remedy: 'Remove the key, or remove public: true.',
  },
  'jwks-file': {
    consequence: 'No token of this issuer could be verified.',
    remedy: 'Put the JSON Web Key Set of the issuer there.',
  },
  certificate: {
    consequence: 'No connection with TLS could be opened with it.',
    remedy: 'Put PEM files there: certificates, and the private key of the certificate, without a passphrase.',
  },
  'certificate-expired': {
    consequence: 'Every client that verifies certificates refuses the connection.',
    remedy: 'Renew it, or take the entry out.',
  },
  'weak-algorithm': {
    consequence: 'Others than the issuer could mint tokens that verify.',
    remedy: 'List only asymmetric algorithms, which are the default.',
  },
  'unknown-issuer': {
    consequence: 'Nobody is trusted under this name, so no token could be accepted for it.',
    remedy: 'Write the exact name of an entry under issuers, or add one.',
  },
  'reserved-header': {
    consequence: 'A claim, which a user may choose, would frame, route or authenticate the request at the upstream.',
    remedy: 'Give the claim a field of your own, such as X-User.',
  },
  'reserved-header-rule': {
    consequence:
      'The gateway decides on this field itself: the rule would undo a check, forge an identity or break the message.',
    remedy: 'Remove the rule; where a claim is to name the user, use claims_to_headers.',
  },
  'duplicate-route': {
    consequence: 'Only one of the two could ever be reached.',
    remedy: 'Join the two, or give one of them another host or path.',
  },
  'duplicate-route-id': {
    consequence: 'Metrics and log could not tell the two apart.',
    remedy: 'Give each route an id of its own.',
  },
  'audience-conflict': {
    consequence: 'A token for one API would open the other.',
    remedy: 'Let each audience stand for one resource; routes to one API share its resource.',
  },
  ...EXCEPTION_ERRORS,
  ...MCP_ERRORS,
  'address-conflict': {
    consequence: 'One of the two listeners could not be opened.',
    remedy: 'Give listen, admin and authorizer a port each.',
  },
} as const satisfies Readonly<Record<string, CheckAdvice>>;

export type WarningCode = keyof typeof WARNINGS;
export type OnlineCode = keyof typeof ONLINE_ERRORS;
export type CheckCode = keyof typeof ERRORS | OnlineCode | WarningCode;

/** By code. */
export const CHECK_CODES: Readonly<Record<CheckCode, CheckAdvice>> = { ...ERRORS, ...ONLINE_ERRORS, ...WARNINGS };
