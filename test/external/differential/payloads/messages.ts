/** Whole messages: methods and their bodies, versions, line ends, what follows on the connection, Expect and Upgrade. */

import {
  chunked,
  message,
  type Payload,
  type PayloadClass,
  payload,
  type RequestOptions,
  raw,
  single,
  sized,
} from '../payload.ts';

const SMUGGLED = 'GET /api/smuggled HTTP/1.1\r\nHost: api.test\r\nX-Case: smuggled\r\n\r\n';
const CHUNKS = '5\r\nhello\r\n0\r\n\r\n';

const METHODS = [
  'get',
  'Get',
  'GETT',
  'G',
  'PRI',
  'TRACE',
  'TRACK',
  'DEBUG',
  'PROPFIND',
  'MKCOL',
  'LOCK',
  'REPORT',
  'SEARCH',
  'PURGE',
  'SOURCE',
  'QUERY',
  'M-SEARCH',
  'LINK',
  'SUBSCRIBE',
  'G@T',
  'GET\x00',
  'GET,POST',
  '"GET"',
  'G\xc9T',
  `X${'X'.repeat(300)}`,
].map(method => single(JSON.stringify(method.slice(0, 20)), '/api/x', { method }));

const BODIED = ['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY'].flatMap(method => [
  single(`${method}, sized`, '/api/x', { method, ...sized('hello') }),
  single(`${method}, chunked`, '/api/x', { method, ...chunked(CHUNKS, 'hello') }),
  single(`${method}, a request as its body`, '/api/x', { method, ...sized(SMUGGLED) }),
  single(`${method}, a request in a chunk`, '/api/x', {
    method,
    ...chunked(`${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`, SMUGGLED),
  }),
  single(`${method}, length 0`, '/api/x', { method, ...sized('') }),
]);

const version = (text: string, fields: readonly string[] = [], options: RequestOptions = {}) =>
  single(`HTTP/${text} ${fields.join(' | ')}`, '/api/x', { version: text, fields, ...options });
const posted = { method: 'POST', content: 'hello', body: 'hello' };

const VERSIONS = [
  version('1.0'),
  version('1.0', ['Connection: keep-alive']),
  version('1.0', ['Connection: Keep-Alive, X-User', 'X-User: mallory']),
  version('1.0', ['Connection: close']),
  version('1.0', [], { host: [] }),
  version('1.0', ['Content-Length: 5'], posted),
  version('1.0', ['Content-Length: 5', 'Connection: keep-alive'], posted),
  version('1.0', ['Transfer-Encoding: chunked'], { ...posted, content: CHUNKS }),
  version('1.0', ['Transfer-Encoding: chunked', 'Connection: keep-alive'], { ...posted, content: CHUNKS }),
  version('1.0', ['Expect: 100-continue', 'Content-Length: 5'], posted),
  payload('HTTP/1.0, kept alive, DELETE with a request behind', [
    message('/api/x', { method: 'DELETE', version: '1.0', fields: ['Connection: keep-alive'] }),
    raw(SMUGGLED, { target: '/api/smuggled' }),
  ]),
  version('1.2'),
  version('1.'),
  version('1'),
  version('0.9'),
  version('2.0'),
  version('9.9'),
  version('01.1'),
  version('1.10'),
  version('1.1\x00'),
  version('-1.1'),
];

const exactly = (name: string, wire: string, end?: Payload['end']) => payload(name, [raw(wire)], end);
const withLineEnd = (text: string) =>
  `GET /api/x HTTP/1.1\r\n{fields}\r\n`
    .replace('{fields}', 'Host: api.test\r\nX-Case: {case}.{n}\r\nAuthorization: Bearer {token}\r\n')
    .replaceAll('\r\n', text);

const LINES = [
  exactly('LF everywhere', withLineEnd('\n')),
  exactly('CR everywhere', withLineEnd('\r'), 'leave'),
  exactly('LF CR everywhere', withLineEnd('\n\r'), 'leave'),
  exactly('CR CR LF everywhere', withLineEnd('\r\r\n'), 'leave'),
  exactly('LF after the request line', 'GET /api/x HTTP/1.1\n{fields}\r\n'),
  exactly('CR after the request line', 'GET /api/x HTTP/1.1\r{fields}\r\n', 'leave'),
  exactly('LF at the end of the head', 'GET /api/x HTTP/1.1\r\n{fields}\n'),
  exactly('CR at the end of the head', 'GET /api/x HTTP/1.1\r\n{fields}\r', 'leave'),
  exactly('LF LF inside a value', 'GET /api/x HTTP/1.1\r\nX: y\n\nGET /api/smuggled HTTP/1.1\r\n{fields}\r\n'),
  exactly('empty lines before', '\r\n\r\nGET /api/x HTTP/1.1\r\n{fields}\r\n'),
  exactly('LF before', '\nGET /api/x HTTP/1.1\r\n{fields}\r\n'),
  exactly('CR before', '\rGET /api/x HTTP/1.1\r\n{fields}\r\n'),
  exactly('a NUL before', '\x00GET /api/x HTTP/1.1\r\n{fields}\r\n'),
  exactly('a byte order mark before', '\xef\xbb\xbfGET /api/x HTTP/1.1\r\n{fields}\r\n'),
  exactly('the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'wait'),
  exactly('a TLS hello', '\x16\x03\x01\x00\xa5\x01\x00\x00', 'wait'),
  exactly('a PROXY line', 'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET /api/x HTTP/1.1\r\n{fields}\r\n'),
  exactly('cut in the head', 'GET /api/x HTTP/1.1\r\n{fields}X-Odd: a', 'leave'),
];

const PIPELINES = [
  payload(
    'twenty',
    Array.from({ length: 20 }, (_, index) => message(`/${index % 2 ? 'api' : 'open'}/${index}`)),
  ),
  payload('a refused one between', [message('/api/1'), message('/api/../2'), message('/api/3')]),
  payload('an unknown one between', [message('/api/1'), message('/unknown'), message('/strip/3')]),
  payload('bodies', [
    message('/api/1', { method: 'POST', ...chunked(CHUNKS, 'hello') }),
    message('/api/2', { method: 'PUT', ...sized('two') }),
    message('/api/3', { method: 'DELETE', ...chunked(CHUNKS, 'hello') }),
    message('/api/4', { method: 'HEAD' }),
  ]),
  payload('an empty line between', [
    message('/api/1', { method: 'POST', ...sized('one') }),
    raw('\r\nGET /api/2 HTTP/1.1\r\n{fields}\r\n', { target: '/api/2' }),
  ]),
  payload('after Connection: close', [message('/api/1', { fields: ['Connection: close'] }), message('/api/2')], 'wait'),
  payload('after HTTP/1.0', [message('/api/1', { version: '1.0' }), message('/api/2')], 'wait'),
  payload('garbage after', [message('/api/1'), raw('\x00\x01\x02\r\n\r\n')], 'wait'),
  payload('a body too long', [message('/api/1', { method: 'POST', ...sized('one') }), raw('GARBAGE\r\n\r\n')], 'wait'),
  payload(
    'a body too short',
    [message('/api/1', { method: 'POST', fields: ['Content-Length: 9'], content: 'one' })],
    'leave',
  ),
  payload('a GET with bytes behind', [message('/api/1', { content: 'x=y' })], 'wait'),
  payload('a refused body, then a request in it', [message('/api/..', { method: 'POST', ...sized(SMUGGLED) })]),
];

const SWITCHES = [
  single('Expect', '/api/x', {
    method: 'POST',
    fields: ['Expect: 100-continue', 'Content-Length: 5'],
    content: 'hello',
    body: 'hello',
  }),
  single('Expect, GET', '/api/x', { fields: ['Expect: 100-continue'] }),
  single('Expect, upper case', '/api/x', {
    method: 'PUT',
    fields: ['Expect: 100-CONTINUE', 'Transfer-Encoding: chunked'],
    content: CHUNKS,
    body: 'hello',
  }),
  single('Expect twice', '/api/x', {
    method: 'POST',
    fields: ['Expect: 100-continue', 'Expect: 100-continue', 'Content-Length: 5'],
    content: 'hello',
    body: 'hello',
  }),
  single('Expect, refused', '/api/..', {
    method: 'POST',
    fields: ['Expect: 100-continue', `Content-Length: ${SMUGGLED.length}`],
    content: SMUGGLED,
  }),
  single('Expect: another', '/api/x', { fields: ['Expect: 200-ok'] }),
  single('Expect: empty', '/api/x', { fields: ['Expect:'] }),
  single('Expect: listed', '/api/x', { fields: ['Connection: Expect', 'Expect: 100-continue'] }),
  single('Upgrade: h2c', '/api/x', {
    fields: ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'],
  }),
  single('Upgrade: h2c, unlisted', '/api/x', { fields: ['Upgrade: h2c'] }),
  single('Upgrade: TLS/1.2', '/api/x', { fields: ['Connection: Upgrade', 'Upgrade: TLS/1.2'] }),
  single('Upgrade: websocket, no key', '/api/x', { fields: ['Connection: Upgrade', 'Upgrade: websocket'] }),
  single('Upgrade: websocket, POST', '/api/x', {
    method: 'POST',
    fields: ['Connection: Upgrade', 'Upgrade: websocket', 'Content-Length: 5'],
    content: 'hello',
    body: 'hello',
  }),
  single('Upgrade, DELETE, a request in a chunk', '/api/x', {
    method: 'DELETE',
    fields: ['Connection: Upgrade', 'Upgrade: websocket', 'Transfer-Encoding: chunked'],
    content: `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`,
    body: SMUGGLED,
  }),
];

export const messages: readonly PayloadClass[] = [
  { name: 'methods', payloads: METHODS },
  { name: 'bodies on every method', payloads: BODIED },
  { name: 'versions', payloads: VERSIONS },
  { name: 'line ends', payloads: LINES },
  { name: 'pipelining', payloads: PIPELINES },
  { name: 'Expect and Upgrade', payloads: SWITCHES },
];
