/** `id` of a route: the value of the label `route` of metrics, and of the field `route` of the log. */

import { accept, type ParsedValue, reject } from '../values/parsed-value.ts';
import { text } from './building-blocks.ts';

const ID = '1 to 200 characters, none of them a control character, no blank at either end';
const ID_FORM = /^(?!\s)[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]{1,200}(?<!\s)$/u;
/** What metrics and log say where no route was found. */
const TAKEN = '(none)';

function parseId(written: string): ParsedValue<string> {
  if (written === TAKEN) return reject('stands for requests without a route');
  return ID_FORM.test(written) ? accept(written) : reject('cannot be the name of a route');
}

export const routeId = text(ID, parseId, { minLength: 1, maxLength: 200 });
