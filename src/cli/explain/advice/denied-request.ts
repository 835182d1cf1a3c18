/** What advice is given on, and the advice. */

import type { ProtectedRoute } from '../../../config/config.ts';
import type { Path } from '../../../config/source/document.ts';
import type { Reason } from '../../../denial.ts';
import type { CompactJws } from '../../../token/jws/compact-jws.ts';
import type { Evaluation } from '../evaluate/evaluation.ts';

export interface Advice {
  readonly cause: string;
  readonly remedy?: Remedy;
}

export interface Remedy {
  readonly text: string;
  /** The key of the YAML to change. */
  readonly path?: Path;
}

/** A request that a protected route denies, with its token as far as it can be read. */
export interface DeniedRequest {
  readonly evaluation: Evaluation;
  readonly reason: Reason;
  readonly route: ProtectedRoute;
  /** Its claims are verified only where the reason is decided after the signature. */
  readonly jws: CompactJws | undefined;
}
