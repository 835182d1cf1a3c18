/** What the steps of a decision need of a request: it comes over a connection, or somebody asks about it who has received it himself. */

import type { IncomingRequest } from './http/server/incoming-request.ts';
import type { Transaction } from './transaction.ts';

/** As in `Transaction`, which is such a request. */
export interface JudgedRequest
  extends Pick<
    Transaction,
    | 'requestId'
    | 'responseFields'
    | 'original'
    | 'hasWholeBody'
    | 'head'
    | 'match'
    | 'decision'
    | 'vouched'
    | 'asked'
    | 'sessions'
    | 'session'
    | 'issued'
    | 'body'
    | 'isHandshake'
    | 'isInFlight'
    | 'refusedFor'
    | 'wait'
    | 'reply'
  > {
  readonly request: Pick<IncomingRequest, 'head' | 'isOver' | 'closeAfter' | 'handler' | 'startBody'>;
}
