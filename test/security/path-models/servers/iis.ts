/**
 * IIS: Http.sys decodes the URL once, `%uNNNN` included (registry settings PercentUAllowed, EnableNonUTF8 and FavorUTF8, all
 * on by default: what is not UTF-8 is read in the ANSI code page), refuses control characters (AllowRestrictedChars), takes
 * `\` for `/` and resolves dot segments. The file system below drops dots and blanks at the end of a name ("Naming Files,
 * Paths, and Namespaces": "Do not end a file or directory name with a space or a period") and repeated separators. With
 * `allowDoubleEscaping` what still has escapes is let through. Letters are compared with their case here, as the gateway does.
 */

import { decodeBytes, readUtf8, replaceInvalid, resolveDots, type ServerModel, split } from '../server-model.ts';

const BROKEN = /%(?![0-9A-Fa-f]{2}|[uU][0-9A-Fa-f]{4})/;
const UNICODE = /%[uU]([0-9A-Fa-f]{4})/g;

/** The whole of it is UTF-8, or none. */
function decodeTarget(path: string): string {
  const pieces = path.split(UNICODE);
  const bytes = pieces.filter((_, index) => index % 2 === 0).map(piece => decodeBytes(piece) ?? piece);
  const isUtf8 = bytes.every(piece => readUtf8(piece) !== undefined);
  const text = bytes.map(piece => (isUtf8 ? readUtf8(piece) : piece) ?? '');
  return text.map((piece, index) => (index === 0 ? '' : readUnicode(pieces[2 * index - 1])) + piece).join('');
}

function readUnicode(hex = ''): string {
  return String.fromCharCode(Number.parseInt(hex, 16));
}

function decodeText(path: string): string {
  const decoded = path.replace(/(?:%[0-9A-Fa-f]{2})+/g, run => replaceInvalid(decodeBytes(run) ?? run));
  return decoded.replace(UNICODE, (_, hex: string) => readUnicode(hex));
}

function read(target: string) {
  const path = target.replace(/\?.*$/s, '');
  const decoded = BROKEN.test(path) ? undefined : decodeTarget(path);
  if (decoded === undefined || /[\x00-\x1f\x7f]/.test(decoded)) return undefined;
  const whole = resolveDots(decoded.replace(/[/\\]+/g, '/'));
  return split(whole?.replace(/(?<![ .])[ .]+(?=\/|$)/g, '').replace(/\/{2,}/g, '/'));
}

export const iis: ServerModel = { name: 'IIS with allowDoubleEscaping', read };

/** ASP.NET code that calls `HttpUtility.UrlDecode` on a path that IIS has decoded; it knows `%uNNNN` as well. */
export const iisDecodingAgain: ServerModel = {
  name: 'IIS and HttpUtility.UrlDecode',
  read: target => {
    const once = read(target);
    return once && split(decodeText(`/${once.join('/')}`).replace(/[/\\]+/g, '/'));
  },
};
