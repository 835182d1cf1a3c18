/** What stands between the browser and the application. */

import type { Certificate } from '../../../support/certificates.ts';
import type { LegacyApplication } from '../../../support/legacy-application.ts';
import type { Variant } from '../variant.ts';

export interface RunningProxy {
  /** Host and port, where it listens with TLS. */
  readonly address: string;
  close(): Promise<void>;
}

export interface Placement {
  readonly application: LegacyApplication;
  readonly variant: Variant;
  /** Of the name that the browser knows. */
  readonly certificate: Certificate;
}

export type StartProxy = (placement: Placement) => Promise<RunningProxy>;
