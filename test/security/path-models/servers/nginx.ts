/**
 * nginx: "The matching is performed against a normalized URI, after decoding the text encoded in the %XX form, resolving
 * references to relative path components . and .., and possible compression of two or more adjacent slashes into a single
 * slash" (ngx_http_core_module, `location`; `merge_slashes` is on by default). NUL is refused (ngx_http_parse_complex_uri),
 * on Windows a backslash is a slash.
 */

import { decodeBytes, pathOf, readUtf8, resolveDots, type ServerModel, split } from '../server-model.ts';

/** @returns nginx's `$uri`, one character a byte. */
export function normalizeAsNginx(target: string, isWindows = false): string | undefined {
  const decoded = decodeBytes(pathOf(target));
  if (decoded === undefined || decoded.includes('\0')) return undefined;
  const slashed = isWindows ? decoded.replaceAll('\\', '/') : decoded;
  return resolveDots(slashed.replace(/\/{2,}/g, '/'));
}

const read = (isWindows: boolean) => (target: string) => {
  const uri = normalizeAsNginx(target, isWindows);
  // Compared byte by byte: what is not UTF-8 stays as it is.
  return split(uri)?.map(segment => readUtf8(segment) ?? segment);
};

export const nginx: ServerModel = { name: 'nginx', read: read(false) };
export const nginxOnWindows: ServerModel = { name: 'nginx on Windows', read: read(true) };

/**
 * `proxy_pass http://behind$uri`: with variables the URI "is passed to the server as is, replacing the original request URI"
 * (ngx_http_proxy_module), so the server behind it decodes a second time.
 */
export function behindNginx(model: ServerModel): ServerModel {
  const readAgain = (target: string) => {
    const uri = normalizeAsNginx(target);
    return uri === undefined || /[\x00-\x20\x7f]/.test(uri) ? undefined : model.read(uri);
  };
  return { name: `${model.name}, behind nginx with $uri`, read: readAgain };
}
