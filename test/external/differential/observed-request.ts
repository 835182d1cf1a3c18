/** One request as a server behind the gateway parsed it. Every server reports it in this form. */

export interface SeenBody {
  /** Bytes. */
  readonly length: number;
  /** In hex. */
  readonly sha1: string;
}

export interface ObservedRequest {
  readonly status: number;
  /** The server refused it by itself, before an application would have run. */
  readonly refused: boolean;
  readonly method: string;
  /** The request target as it came. */
  readonly target: string;
  /** The path as this server gives it to applications: decoded and normalised in its own way. One character a byte. */
  readonly path: string;
  /** By folded name: lower-case, all but letters and digits as `-`, as CGI and similar interfaces read it (RFC 3875 section 4.1.18). */
  readonly fields: ReadonlyMap<string, readonly string[]>;
  readonly body: SeenBody;
}

/** @returns the name under which CGI and similar interfaces know a field: some of them read `X.User` as `X-User`, too. */
export function fold(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-');
}

/** @returns names and values by folded name. */
export function groupFields(pairs: Iterable<readonly [string, string]>): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const [name, value] of pairs) {
    const folded = fold(name);
    fields.set(folded, [...(fields.get(folded) ?? []), value]);
  }
  return fields;
}

/**
 * Parses the log line of the servers whose format allows it: `seen STATUS METHOD TARGET PATH FIELDS LENGTH SHA1`, all but the
 * numbers in hex, `-` for an empty value. FIELDS is the field section, a line for each field.
 */
export function parseObservedLine(line: string): ObservedRequest | undefined {
  const [mark, status = '', method = '-', target = '-', path = '-', fields = '-', length = '', sha1 = ''] =
    line.split(' ');
  if (mark !== 'seen') return undefined;
  return {
    status: Number(status),
    refused: method === '-' || Number(status) >= 400,
    method: fromHex(method),
    target: fromHex(target),
    path: fromHex(path),
    fields: groupFields(fromHex(fields).split('\r\n').filter(Boolean).map(splitField)),
    body: { length: Number(length) || 0, sha1: sha1.toLowerCase() },
  };
}

function fromHex(text: string): string {
  return text === '-' ? '' : Buffer.from(text, 'hex').toString('latin1');
}

function splitField(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')];
}
