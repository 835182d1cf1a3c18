/** A denial to give advice on, and the advice. */

import type { ProtectedRoute } from '../../../config/config.ts';
import type { Path } from '../../../config/source/document.ts';
import type { Reason } from '../../../denial.ts';
import type { CompactJws } from '../../../token/jws/compact-jws.ts';
import type { Judgement } from '../evaluate/evaluation.ts';

export interface Advice {
  readonly cause: string;
  readonly remedy?: Remedy;
}

export interface Remedy {
  readonly text: string;
  /** The key of the YAML that it is about. */
  readonly path?: Path;
}

/** A denial of a protected route, with its token as far as it can be read. */
export interface Case {
  readonly judgement: Judgement;
  readonly reason: Reason;
  readonly route: ProtectedRoute;
  /** Its claims are verified only for reasons that come after the signature. */
  readonly jws: CompactJws | undefined;
}
