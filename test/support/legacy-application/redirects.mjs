/** Redirects in every form that applications write. */

/** @param location written as it is: each character is one byte. */
export function redirect({ response }, status, location) {
  response.writeHead(status, { Location: location, 'Content-Type': 'text/html', 'Content-Length': 0 }).end();
}

/** @returns UTF-8 as bytes in a header field, as applications send it that do not encode their paths. */
function raw(text) {
  return Buffer.from(text).toString('latin1');
}

/** From one to the next, with another status each; the last is a page. */
export const redirects = {
  'GET /chain': exchange => redirect(exchange, 301, `${exchange.address.installed}/chain/host`),
  'GET /chain/host': exchange => redirect(exchange, 302, exchange.address.to('/chain/scheme-relative')),
  'GET /chain/scheme-relative': exchange =>
    redirect(exchange, 303, `//${exchange.address.authority}${exchange.address.base}/chain/path`),
  'GET /chain/path': exchange => redirect(exchange, 307, `${exchange.address.base}/chain/relative`),
  'GET /chain/relative': exchange => redirect(exchange, 308, '../chain/query'),
  'GET /chain/query': exchange => redirect(exchange, 302, `${exchange.address.to('/chain/text')}?from=a%20b#part`),
  'GET /chain/text': exchange => redirect(exchange, 302, raw(`${exchange.address.to('/chain/käse und brot')}`)),
  'GET /chain/k%C3%A4se%20und%20brot': exchange => redirect(exchange, 302, exchange.address.to('/documents')),
};
