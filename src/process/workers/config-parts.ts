/** A configuration on its way from the primary to a worker, in parts, so that a worker which serves stays responsive. */

import type { ConfigPieces } from '../../config/loader/pieces.ts';
import type { ConfigPart } from './calls.ts';

/** Taking in so many pieces delays no request noticeably. */
const PIECES_PER_PART = 4;

/** @returns `pieces` in the parts in which they are sent. */
export function* listParts(pieces: ConfigPieces): Generator<ConfigPart> {
  for (let start = 0; start < pieces.length; start += PIECES_PER_PART) {
    const part = pieces.slice(start, start + PIECES_PER_PART).map(piece => Buffer.from(piece).toString('base64'));
    yield { isFirst: start === 0, pieces: part };
  }
}

/** The pieces that a worker has received so far. */
export class ReceivedPieces {
  #pieces: Buffer[] = [];

  add({ isFirst, pieces }: ConfigPart): void {
    if (isFirst) this.#pieces = [];
    for (const piece of pieces) this.#pieces.push(Buffer.from(piece, 'base64'));
  }

  /**
   * @returns the pieces, which are not kept any longer.
   * @throws where their number is not the expected one: an incomplete configuration is never served.
   */
  take(expected: number): ConfigPieces {
    const pieces = this.#pieces;
    this.#pieces = [];
    if (pieces.length !== expected) throw new Error('the configuration is not complete');
    return pieces;
  }
}
