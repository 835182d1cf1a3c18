/** The origins of web pages, as browsers write them into the field Origin (RFC 6454 section 6.2). */

import { accept, type ParsedValue, type Rejected, reject } from '../parsed-value.ts';

export const WEB_ORIGIN = 'an origin such as https://app.example.com, or "*" alone';
/** The pattern in the JSON Schema; the parser is stricter. */
export const WEB_ORIGIN_FORM = /^(?:\*|[a-z][a-z0-9+.-]*:\/\/(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?)$/;

const WRITTEN = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#@]+)$/;

/**
 * @returns `text`, or `*`. An origin is compared character by character, so whatever a browser would write otherwise is
 *   rejected with what it writes: upper case, a default port, a path (also `/` alone), a name that is not in ASCII. `null` is
 *   rejected, since any page can get it (a sandboxed frame); and so is a pattern.
 */
export function parseWebOrigin(text: string): ParsedValue<string> {
  if (text === '*') return accept(text);
  if (text === 'null') return reject('is what pages of no origin send, which any page can become');
  if (text.includes('*')) return reject('is a pattern: origins are compared exactly');
  const [, scheme, authority] = WRITTEN.exec(text) ?? [];
  if (scheme === undefined || authority === undefined) return rejectForm(text);
  const nearest = writeAsBrowser(text);
  if (nearest === undefined) return reject('has no valid host or port');
  return nearest === text ? accept(text) : reject('is not as browsers write it', { nearest });
}

function rejectForm(text: string): Rejected {
  const nearest = /^[a-z0-9+.-]+:/i.test(text) ? writeAsBrowser(text) : writeAsBrowser(`https://${text}`);
  return reject('is no scheme, host and port alone', { nearest });
}

/** Of schemes other than those of the web, as of applications (`capacitor://localhost`), WHATWG URL gives no origin. */
function writeAsBrowser(text: string): string | undefined {
  const url = parseUrl(text);
  if (url === undefined || url.host === '') return undefined;
  const written = url.origin === 'null' ? `${url.protocol}//${url.host.toLowerCase()}` : url.origin;
  return WEB_ORIGIN_FORM.test(written) ? written : undefined;
}

/** Not by `URL.canParse`: after some thousand calls that of Node.js 20 reads no URL any more that is not in ASCII. */
function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
