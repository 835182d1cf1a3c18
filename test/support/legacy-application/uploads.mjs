/** Files that were sent with a form (multipart/form-data, RFC 7578). */

import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export class Uploads {
  #folder;
  #tell;
  #held = Promise.resolve();
  #release = () => undefined;

  constructor(data, tell) {
    this.#folder = join(data, 'uploads');
    this.#tell = tell;
    mkdirSync(this.#folder, { recursive: true });
  }

  /** `hold`: the next upload stops at its first piece until `release`. */
  control(message) {
    if (message === 'hold') {
      this.#held = new Promise(resolve => {
        this.#release = resolve;
      });
    }
    if (message === 'release') this.#release();
  }

  /** @returns the id of what was uploaded. */
  async receive(request) {
    const pieces = [await firstPiece(request)];
    this.#tell('upload');
    await this.#held;
    for await (const piece of request) pieces.push(piece);
    const id = randomUUID();
    const [, boundary = ''] = /boundary=(\S+)/.exec(request.headers['content-type'] ?? '') ?? [];
    writeFileSync(join(this.#folder, id), JSON.stringify(readFile(Buffer.concat(pieces), boundary)));
    return id;
  }

  /** @returns its name, bytes and SHA-256. */
  describe(id) {
    return JSON.parse(readFileSync(join(this.#folder, id), 'utf8'));
  }
}

async function firstPiece(request) {
  for (;;) {
    const piece = request.read();
    if (piece !== null) return piece;
    await once(request, 'readable');
  }
}

function readFile(body, boundary) {
  const start = body.indexOf('\r\n\r\n') + 4;
  const end = body.lastIndexOf(`\r\n--${boundary}--`);
  const [, name = ''] = /filename="([^"]*)"/.exec(body.subarray(0, start).toString()) ?? [];
  const content = body.subarray(start, end);
  return { name, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
}
