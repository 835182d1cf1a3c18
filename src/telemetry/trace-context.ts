/** The trace that a request belongs to (W3C Trace Context, traceparent). It is forwarded as it came, valid or not. */

import { type HeaderList, valuesOf } from '../http/header-list.ts';

/**
 * Section 3.2.2: version, trace-id, parent-id and flags, in lower case. `ff` is no version, and neither id is all zeros. A version
 * above 00 may have more behind the flags (section 4.3).
 */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:$|(?<!^00.*)-)/;

/** @returns the trace-id, 32 hexadecimal digits; `undefined` without a valid traceparent, or with several. The caller chose it. */
export function readTraceId(fields: HeaderList): string | undefined {
  const [traceparent, ...further] = valuesOf(fields, 'traceparent');
  return traceparent === undefined || further.length > 0 ? undefined : TRACEPARENT.exec(traceparent)?.[1];
}
