/** How a server reads a request target before it chooses what to serve: small models, each after the documentation of its server. */

export interface ServerModel {
  readonly name: string;
  /** @returns the segments of the path that is served, decoded; `undefined` where the server refuses the target itself. */
  readonly read: (target: string) => readonly string[] | undefined;
}

/** @returns every percent-encoding decoded once, one character a byte; `undefined` where one is broken. */
export function decodeBytes(text: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined;
  return text.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** @returns bytes, one character each, as UTF-8; `undefined` where they are not. */
export function readUtf8(bytes: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(bytes, 'latin1'));
  } catch {
    return undefined;
  }
}

/** @returns bytes, one character each, as UTF-8, with U+FFFD for what is not. */
export function replaceInvalid(bytes: string): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.from(bytes, 'latin1'));
}

/** @returns the path with its dot segments resolved (RFC 3986 section 5.2.4); `undefined` where they lead above the root. */
export function resolveDots(path: string): string | undefined {
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    if (segment === '..' && kept.pop() === undefined) return undefined;
    if (segment !== '.' && segment !== '..') kept.push(segment);
    else if (isLast) kept.push('');
  }
  return `/${kept.join('/')}`;
}

export function split(path: string | undefined): readonly string[] | undefined {
  return path?.split('/').slice(1);
}

/** @returns the path of an origin-form target (RFC 9112 section 3.2.1). */
export function pathOf(target: string): string {
  return target.replace(/[?#].*$/s, '');
}
