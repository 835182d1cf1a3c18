/** Whole requests of clients that do something odd and legal: HTTP/1.0, no Host, the absolute form, empty lines before. */

const lines = (...all: readonly string[]) => [...all, '', ''].join('\r\n');

export interface OddRequest {
  readonly method: string;
  readonly text: string;
  readonly body: string;
}

const get = (...all: readonly string[]): OddRequest => ({ method: 'GET', text: lines(...all), body: '' });
const post = (body: string, ...all: readonly string[]): OddRequest => ({
  method: 'POST',
  text: lines(...all) + body,
  body,
});

export const ODD_REQUESTS: Readonly<Record<string, OddRequest>> = {
  ApacheBench: get(
    'GET /a HTTP/1.0',
    'Connection: Keep-Alive',
    'Host: a.example',
    'User-Agent: ApacheBench/2.3',
    'Accept: */*',
  ),
  'wget 1.10': get(
    'GET /a HTTP/1.0',
    'User-Agent: Wget/1.10.2',
    'Accept: */*',
    'Host: a.example',
    'Connection: Keep-Alive',
  ),
  'PHP 5 file_get_contents': get('GET /a HTTP/1.0', 'Host: a.example', 'Connection: close'),
  'nginx without proxy_http_version': get(
    'GET /a HTTP/1.0',
    'X-Real-IP: 203.0.113.7',
    'Host: a.example',
    'Connection: close',
  ),
  'a monitor of F5, without Host': get('GET / HTTP/1.0'),
  'a monitor of HAProxy, without Host': { method: 'OPTIONS', text: lines('OPTIONS / HTTP/1.0'), body: '' },
  'a monitor of keepalived': get('GET /health HTTP/1.0', 'User-Agent: KeepAliveClient', 'Host: a.example:8443'),
  'telnet, HTTP/1.0 with a length': post('hello', 'POST /a HTTP/1.0', 'Content-Length: 5'),
  'Perl LWP, HTTP/1.0': get(
    'GET /a HTTP/1.0',
    'TE: deflate,gzip;q=0.3',
    'Keep-Alive: 300',
    'Connection: Keep-Alive, TE',
    'Host: a.example',
  ),
  'the absolute form to the same authority': get('GET http://a.example:8443/a?b HTTP/1.1', 'Host: a.example:8443'),
  'the absolute form without a path': get('GET http://a.example HTTP/1.1', 'Host: a.example'),
  'an old browser: an empty line before': get('', 'GET /a HTTP/1.1', 'Host: a.example'),
  'two empty lines before': get('', '', 'GET /a HTTP/1.1', 'Host: a.example'),
  'Host at the end': get('GET /a HTTP/1.1', 'Accept: */*', 'Host: a.example'),
  'HOST in capitals, without a blank': get('GET /a HTTP/1.1', 'HOST:a.example'),
  'an IPv6 address as Host': get('GET /a HTTP/1.1', 'Host: [2001:db8::1]:8443'),
  'GET with a length of 0': get('GET /a HTTP/1.1', 'Host: a.example', 'Content-Length: 0'),
  'Elasticsearch: GET with a body': {
    ...post(
      '{"a":1}',
      'GET /a/_search HTTP/1.1',
      'Host: a.example',
      'Content-Type: application/json',
      'Content-Length: 7',
    ),
    method: 'GET',
  },
  'DELETE with a body': {
    ...post('hello', 'DELETE /a HTTP/1.1', 'Host: a.example', 'Content-Length: 5'),
    method: 'DELETE',
  },
  'PATCH of JSON': {
    ...post(
      '[]',
      'PATCH /a HTTP/1.1',
      'Host: a.example',
      'Content-Type: application/json-patch+json',
      'Content-Length: 2',
    ),
    method: 'PATCH',
  },
  'PROPFIND of a WebDAV client': {
    ...post('<a/>', 'PROPFIND /a HTTP/1.1', 'Host: a.example', 'Depth: 1', 'Content-Length: 4'),
    method: 'PROPFIND',
  },
  'a form with a boundary': post(
    '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n',
    'POST /a HTTP/1.1',
    'Host: a.example',
    'Content-Type: multipart/form-data; boundary=x',
    'Content-Length: 59',
  ),
  'a query with everything that is allowed': get(
    'GET /a;/?a[]=1&b={c}|d^e`f"g<h>&i=%zz&j=\'!$()*+,;:@~ HTTP/1.1'.replace('/a;/', '/a/'),
    'Host: a.example',
  ),
  'a long target': get(`GET /${'a'.repeat(8_000)} HTTP/1.1`, 'Host: a.example'),
  'a large cookie': get('GET /a HTTP/1.1', 'Host: a.example', `Cookie: a=${'b'.repeat(12_000)}`),
};
