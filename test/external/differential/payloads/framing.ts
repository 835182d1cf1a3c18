/** Where a body ends (RFC 9112 sections 6 and 7), which server could think otherwise, and what then follows as a request. */

import { chunked, type Payload, type PayloadClass, type RequestOptions, single } from '../payload.ts';

const SMUGGLED = 'GET /api/smuggled HTTP/1.1\r\nHost: api.test\r\nX-Case: smuggled\r\n\r\n';
const CHUNKS = '5\r\nhello\r\n0\r\n\r\n';

const post = (name: string, fields: readonly string[], content: string, options: RequestOptions = {}): Payload =>
  single(name, '/api/x', { method: 'POST', fields, content, ...options });

const LENGTHS = [
  '+5',
  '-5',
  '5,5',
  '5, 5',
  '5,6',
  '0x5',
  '5 ',
  ' 5',
  '05',
  '0000000005',
  '5.0',
  '5e0',
  '٥',
  '5;',
  '',
  'a',
  '5\t',
  '5 5',
]
  .map(value => Buffer.from(value).toString('latin1'))
  .map(value => post(`Content-Length: <${value}>`, [`Content-Length: ${value}`], 'hello', { body: 'hello' }));

const HUGE = ['18446744073709551616', '18446744073709551621', '9223372036854775808', '99999999999999999999999'].map(
  value => post(`Content-Length: ${value}`, [`Content-Length: ${value}`], 'hello', { end: 'leave' }),
);

const CODINGS = [
  'chunked',
  'Chunked',
  'CHUNKED',
  ' chunked ',
  'chunked,',
  ',chunked',
  'chunked, chunked',
  'identity',
  'identity, chunked',
  'chunked, identity',
  'gzip, chunked',
  'chunked, gzip',
  'chunked;q=1',
  '"chunked"',
  'chunke',
  'chunkedd',
  'xchunked',
  'x, chunked',
  '\x0bchunked',
  'chunked\x0b',
  'chunked\x00',
  '\tchunked',
  '',
  'chun\xadked',
];

const TRANSFER = CODINGS.map(value =>
  post(`Transfer-Encoding: ${JSON.stringify(value)}`, [`Transfer-Encoding: ${value}`], CHUNKS, { body: 'hello' }),
);

const TE_NAMES = [
  'Transfer-Encoding : chunked',
  'Transfer_Encoding: chunked',
  ' Transfer-Encoding: chunked',
  'Transfer-Encoding\x00: chunked',
  'Transfer-Encoding:\r\n chunked',
  'X: y\r\n Transfer-Encoding: chunked',
  'X: y\rTransfer-Encoding: chunked',
  'X: y\nTransfer-Encoding: chunked',
  'Transfer\u00adEncoding: chunked',
  'Content-Encoding: chunked',
];

const RIVALS = [
  ...TE_NAMES.map(line =>
    post(`length and ${JSON.stringify(line)}`, [`Content-Length: ${CHUNKS.length}`, line], CHUNKS, { body: CHUNKS }),
  ),
  ...TE_NAMES.map(line => post(`only ${JSON.stringify(line)}`, [line], CHUNKS, { end: 'wait' })),
  post('CL.TE', ['Content-Length: 6', 'Transfer-Encoding: chunked'], `0\r\n\r\nG${SMUGGLED}`),
  post('TE.CL', ['Transfer-Encoding: chunked', 'Content-Length: 4'], `5c\r\n${SMUGGLED}`),
  post('CL.TE, all', [`Content-Length: ${SMUGGLED.length + 5}`, 'Transfer-Encoding: chunked'], `0\r\n\r\n${SMUGGLED}`),
  post('CL 0 and TE', ['Content-Length: 0', 'Transfer-Encoding: chunked'], CHUNKS),
  post('TE twice', ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], CHUNKS),
  post('TE twice, alike', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], CHUNKS),
  post('TE, empty TE', ['Transfer-Encoding: chunked', 'Transfer-Encoding:'], CHUNKS),
  post('CL twice', ['Content-Length: 5', 'Content-Length: 6'], 'hello!'),
  post('CL twice, alike', ['Content-Length: 5', 'Content-Length: 5'], 'hello'),
  post('CL and Content_Length', ['Content-Length: 5', 'Content_Length: 0'], 'hello', { body: 'hello' }),
  post('Content_Length alone', ['Content_Length: 5'], ''),
  post('TE field', ['TE: trailers, chunked', 'Connection: TE'], ''),
  post(
    'Connection: Content-Length, smuggled',
    [`Content-Length: ${SMUGGLED.length}`, 'Connection: Content-Length'],
    SMUGGLED,
    { body: SMUGGLED },
  ),
  post('Connection: Transfer-Encoding', ['Transfer-Encoding: chunked', 'Connection: Transfer-Encoding'], CHUNKS, {
    body: 'hello',
  }),
];

const inChunks = (name: string, wire: string, body = 'hello', options: RequestOptions = {}): Payload =>
  single(name, '/api/x', { method: 'POST', ...chunked(wire, body), ...options });
const first = (line: string, options: RequestOptions = {}) =>
  inChunks(`size line ${JSON.stringify(line.slice(0, 60))}`, `${line}\r\nhello\r\n0\r\n\r\n`, 'hello', options);
const last = (line: string) => inChunks(`last chunk ${JSON.stringify(line)}`, `5\r\nhello\r\n${line}\r\n\r\n`);

const EXTENSIONS = [
  '5;a',
  '5;a=b',
  '5;a="b c"',
  '5;a="\\""',
  '5 ;a=b',
  '5; a = b',
  '5;',
  '5;;',
  '5;a="x\ny"',
  '5;\nhello\r\n0\r\n\r\nG',
  '5;a\rb',
  '5;\xff',
  '5;\x00',
  `5;${'a'.repeat(3000)}`,
  `5;${'a'.repeat(17_000)}`,
].map(line => first(line));

const SIZES = [
  '05',
  '0000000000000005',
  '00000000000000005',
  `${'0'.repeat(100)}5`,
  '5 ',
  ' 5',
  '5\t',
  '+5',
  '-5',
  '0x5',
  '5h',
  '5,',
  '5\x00',
  '5\x0b',
  '10000000000000005',
  '100000005',
  'ffffffffffffffff5',
  '8000000000000005',
  '5_',
  '',
].map(line => first(line, { end: 'leave' }));

const CHUNKED: readonly Payload[] = [
  inChunks('upper-case size', `A\r\n0123456789\r\n0\r\n\r\n`, '0123456789'),
  inChunks('lower-case size', `a\r\n0123456789\r\n0\r\n\r\n`, '0123456789'),
  inChunks('byte by byte', `${[...'hello'].map(byte => `1\r\n${byte}\r\n`).join('')}0\r\n\r\n`),
  inChunks('LF after the size', '5\nhello\r\n0\r\n\r\n'),
  inChunks('LF after the data', '5\r\nhello\n0\r\n\r\n'),
  inChunks('CR after the data', '5\r\nhello\r0\r\n\r\n'),
  inChunks('nothing after the data', '5\r\nhello0\r\n\r\n'),
  inChunks('more data than its size', '5\r\nhello!\r\n0\r\n\r\n'),
  inChunks('two bytes where CRLF belongs', '5\r\nhelloXX0\r\n\r\n'),
  inChunks('LF LF at the end', '5\r\nhello\r\n0\n\n'),
  inChunks('CRLF LF at the end', '5\r\nhello\r\n0\r\n\n'),
  inChunks('CR at the end', '5\r\nhello\r\n0\r\n\r', 'hello', { end: 'leave' }),
  inChunks('no last chunk', '5\r\nhello\r\n', 'hello', { end: 'leave' }),
  inChunks('cut in a chunk', '5\r\nhel', 'hel', { end: 'leave' }),
  inChunks('smuggled in a chunk', `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`, SMUGGLED),
  ...['00', '0000', '0;a', '0 ', '-0', '0x0', '+0'].map(last),
];

const TRAILERS = [
  'X-Odd: a',
  'X-User: mallory',
  'X_User: mallory',
  'Content-Length: 99',
  'Transfer-Encoding: chunked',
  'Host: priv.test',
  'Authorization: Bearer x',
  'X-Odd : a',
  ' X-Odd: a',
  'X-Odd: a\r\n b',
  'X-Odd: a\nX-User: mallory',
  'X-Odd: a\rX-User: mallory',
  'no colon',
  `X-Odd: ${'a'.repeat(17_000)}`,
].flatMap(line => {
  const wire = `5\r\nhello\r\n0\r\n${line}\r\n\r\n`;
  const name = JSON.stringify(line.slice(0, 40));
  const announced = { fields: ['Transfer-Encoding: chunked', 'Trailer: X-User, X-Odd', 'TE: trailers'] };
  return [inChunks(`trailer ${name}`, wire), inChunks(`announced trailer ${name}`, wire, 'hello', announced)];
});

export const framing: readonly PayloadClass[] = [
  { name: 'Content-Length', payloads: [...LENGTHS, ...HUGE] },
  { name: 'Transfer-Encoding', payloads: TRANSFER },
  { name: 'two framings', payloads: RIVALS },
  { name: 'chunk extensions', payloads: EXTENSIONS },
  { name: 'chunk sizes and data', payloads: [...SIZES, ...CHUNKED] },
  { name: 'trailers', payloads: TRAILERS },
];
