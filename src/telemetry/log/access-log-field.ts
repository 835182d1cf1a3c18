/** What the access log reference says of a field. */

import type { OmittableField } from '../../config/values/access-log.ts';

export interface AccessLogField {
  readonly name: OmittableField | 'level' | 'time' | 'truncated' | 'msg';
  /** `timestamp`: a string as in RFC 3339, in UTC, with milliseconds. */
  readonly type: 'string' | 'object' | 'array of strings' | 'integer' | 'number' | 'boolean' | 'timestamp';
  /** When the field is in the line. */
  readonly present:
    | 'always'
    | 'sent with a valid traceparent'
    | 'on a route that is not public'
    | 'denied, reported or failed'
    | 'failed'
    | 'failed, and the cause is tls'
    | 'failed, and the cause is other'
    | 'sent to an upstream'
    | 'sent to an upstream that responded'
    | 'the body of an MCP request was read'
    | 'an exception of the route excused something'
    | 'the token verified, also where it has expired since'
    | 'the token verified and has this claim as a string'
    | 'the token verified and has a typ'
    | 'the token verified and names itself no access token'
    | 'a token came and did not verify'
    | 'a value was cut';
  readonly description: string;
  /** Never shortened by `fitLine`: the value is not from the caller, so it is short, and readers of the log need it. */
  readonly isNeverCut?: true;
}
