/** Why the decision on an entry cannot be replayed: the log does not hold what it depends on. */

/** Each cause as it is printed. */
export const UNKNOWN = {
  issuer_not_logged: 'untrusted issuer, not in the log; it may be trusted now',
  issuer_rules: 'the rules of its issuer differ from those of --from',
  token_not_read: 'the answer did not depend on the token then',
  token_reason_not_logged: 'the token did not verify, and why is not in the log',
  token_type_not_logged: 'the typ or kind of the token decides, and is not in the log',
  revocation_not_logged: 'an entry of revoked depends on a claim that is not in the log',
  claim_not_logged: 'a claim that the route requires decides, and is not in the log',
  scope_claim_differs: 'its scopes are read from another claim than under --from',
  audiences_joined: 'aud and audience_claim both decide, and the log has them joined',
  field_omitted: 'a field that decides was left out of the log (access_log.omit)',
  line_cut: 'the log has cut the route, method or host',
  claims_cut: 'the claims are longer than the log keeps',
  path_cut: 'the path is longer than the log keeps, or a value in it is masked',
  query_not_logged: 'the query decides, and is not in the log',
  origin_not_logged: 'the Origin decides, and is not in the log',
  tool_not_logged: 'a rule under mcp decides, and what the request asked for is not in the log',
  fault: 'a fault of the gateway decided',
  unfamiliar: 'the line is not one that this version writes',
} as const;

export type UnknownCause = keyof typeof UNKNOWN;

export interface Unknown {
  readonly unknown: UnknownCause;
}
