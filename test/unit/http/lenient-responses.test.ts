/** Whatever the strict parsers accept, the lenient ones read alike; and nothing but responses can reach them. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LenientChunks } from '../../../src/http/client/lenient/chunks.ts';
import { LenientHeads } from '../../../src/http/client/lenient/response-head.ts';
import type { ChunkReader } from '../../../src/http/framing/body-reader.ts';
import { ChunkParser } from '../../../src/http/parsing/chunk-parser.ts';
import { HeadParser } from '../../../src/http/parsing/head-parser.ts';
import { RESPONSE } from '../../../src/http/parsing/llhttp.ts';
import { readResponseHead } from '../../../src/http/parsing/response-head.ts';

const LIMIT = 16_384;

/** `bytes` in segments that begin at `cuts`. */
function segmentsOf(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...cuts.map(cut => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

/** @returns the body and what is left behind it; `undefined` where it is refused or not complete. */
function readChunks(reader: ChunkReader, segments: readonly Buffer[]): readonly [string, string] | undefined {
  const body: string[] = [];
  try {
    for (const [index, segment] of segments.entries()) {
      const end = reader.read(segment, 0);
      body.push(reader.piece(segment, 0)?.toString('latin1') ?? '');
      if (reader.isComplete) {
        const rest = Buffer.concat([segment.subarray(end), ...segments.slice(index + 1)]);
        return [body.join(''), rest.toString('latin1')];
      }
    }
    return undefined;
  } catch {
    return undefined;
  } finally {
    reader.close();
  }
}

function readHead(
  heads: Pick<LenientHeads, 'read' | 'close'>,
  parser: HeadParser,
  segments: readonly Buffer[],
): unknown {
  try {
    for (const [index, segment] of segments.entries()) {
      const end = segment.length === 0 ? -1 : heads.read(segment, 0);
      if (end === -1) continue;
      const rest = Buffer.concat([segment.subarray(end), ...segments.slice(index + 1)]);
      return { head: readResponseHead(parser, false), rest: rest.toString('latin1') };
    }
    return undefined;
  } catch {
    return undefined;
  } finally {
    heads.close();
  }
}

const strictHead = (segments: readonly Buffer[]) => {
  const parser = new HeadParser(RESPONSE, LIMIT);
  return readHead(parser, parser, segments);
};
const lenientHead = (segments: readonly Buffer[]) => {
  const heads = new LenientHeads(LIMIT);
  return readHead(heads, heads.parser, segments);
};

const atoms = (...list: readonly string[]) =>
  fc.array(fc.constantFrom(...list), { minLength: 1, maxLength: 14 }).map(parts => parts.join(''));
const chunks = fc.oneof(
  atoms(
    '5\r\nhello\r\n',
    '0\r\n',
    '\r\n',
    '\n',
    '5',
    '5\n',
    ' ',
    '\t',
    ';a=b',
    'hello',
    'A: b\r\n',
    'a',
    '\r',
    '1\r\nx\r\n',
    '0',
  ),
  atoms('5\r\nhello\r\n', '1\r\nx\r\n', 'A;x\r\n0123456789\r\n').map(text => `${text}0\r\n\r\n`),
);
const heads = fc.oneof(
  atoms(
    'HTTP/1.1 200 OK',
    '\r\n',
    '\n',
    'A: b',
    'Content-Length: 5',
    'content-length:5',
    ' ',
    '\r',
    ':',
    'hello',
    '\0',
    'HTTP/1.0 204',
  ),
  fc
    .array(
      fc.constantFrom(
        'A: b',
        'Content-Length: 5',
        'Transfer-Encoding: chunked',
        'Connection: close',
        'B:',
        'X y: z',
        'C: \x80',
      ),
      { maxLength: 6 },
    )
    .chain(lines => fc.constantFrom('\r\n', '\n').map(end => ['HTTP/1.1 200 OK', ...lines, '', 'rest'].join(end))),
);
const cuts = fc.array(fc.nat(200), { maxLength: 5 });

describe('what the strict parser accepts: read alike, however it is cut', () => {
  test('chunks', () => {
    let accepted = 0;
    fc.assert(
      fc.property(chunks, cuts, (text, at) => {
        const segments = segmentsOf(Buffer.from(text, 'latin1'), at);
        const strict = readChunks(new ChunkParser(), segments);
        accepted += strict ? 1 : 0;
        if (strict) expect(readChunks(new LenientChunks(), segments)).toEqual(strict);
      }),
      { numRuns: 4_000 },
    );
    expect(accepted).toBeGreaterThan(500);
  });

  test('heads', () => {
    let accepted = 0;
    fc.assert(
      fc.property(heads, cuts, (text, at) => {
        const segments = segmentsOf(Buffer.from(text, 'latin1'), at);
        const strict = strictHead(segments);
        accepted += strict ? 1 : 0;
        if (strict) expect(lenientHead(segments)).toEqual(strict);
      }),
      { numRuns: 4_000 },
    );
    expect(accepted).toBeGreaterThan(300);
  });
});

describe('what only the lenient parser accepts: the strict form of it is accepted, and read alike', () => {
  test('heads', () => {
    let more = 0;
    fc.assert(
      fc.property(heads, cuts, (text, at) => {
        const lenient = lenientHead(segmentsOf(Buffer.from(text, 'latin1'), at)) as
          | { readonly head: object }
          | undefined;
        if (!lenient || strictHead([Buffer.from(text, 'latin1')])) return;
        more += 1;
        const [own = ''] = /^[\s\S]*?\n\r?\n/.exec(text) ?? [];
        const once = own.replace(/\r?\n/g, '\r\n').replace(/(\r\ncontent-length: *5)(?=\r\n)(?=[\s\S]*\1\r\n)/gi, '');
        const lengths = once.match(/content-length/gi)?.length ?? 0;
        if (lengths <= 1)
          expect(strictHead([Buffer.from(once, 'latin1')])).toMatchObject({ head: { status: expect.any(Number) } });
      }),
      { numRuns: 4_000 },
    );
    expect(more).toBeGreaterThan(100);
  });

  test('chunks: body and end as with CRLF and without blanks', () => {
    const parts = fc.array(
      fc.tuple(
        fc.constantFrom('x', 'hello', '0123456789'),
        fc.constantFrom('', ' ', '\t ', ';a=b'),
        fc.constantFrom('\n', '\r\n'),
        fc.constantFrom('\n', '\r\n'),
      ),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(parts, cuts, (list, at) => {
        const text = list.map(
          ([data, blanks, first, second]) => `${data.length.toString(16)}${blanks}${first}${data}${second}`,
        );
        const bytes = Buffer.from(`${text.join('')}0 \n\nHTTP`);
        expect(readChunks(new LenientChunks(), segmentsOf(bytes, at))).toEqual([
          list.map(([data]) => data).join(''),
          'HTTP',
        ]);
      }),
    );
  });
});

test('chunk lines and trailers without end: refused at a bound', () => {
  for (const piece of [' ', 'A: b\n']) {
    const chunks = new LenientChunks();
    chunks.read(Buffer.from('0\n'), 0);
    expect(() => {
      for (let count = 0; count < 20_000; count += 1) chunks.read(Buffer.from(piece), 0);
    }).toThrow();
  }
});

test('only the client side imports the lenient parsers, and no switch of llhttp is used', () => {
  const source = join(import.meta.dirname, '../../../src');
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'));
  const textOf = (file: string) => readFileSync(join(source, file), 'utf8');
  expect(files.filter(file => /from '[^']*lenient\//.test(textOf(file)))).toEqual(['http/client/response-reader.ts']);
  expect(files.filter(file => /llhttp_set_lenient/.test(textOf(file)))).toEqual([]);
});
