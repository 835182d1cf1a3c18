/**
 * One name, without a slash, against `*`, `?` and `[…]` (POSIX Shell, section 2.14). Whoever may write into a folder chooses the
 * names, so the time is at most the product of both lengths: a regular expression would take it to the power of the asterisks.
 */

type Fits = (character: string) => boolean;
/** `*`, or what one character has to be. */
type Step = '*' | Fits;

const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[\p{L}\p{N}]/u,
  alpha: /\p{L}/u,
  blank: /[ \t]/,
  cntrl: /\p{Cc}/u,
  digit: /[0-9]/,
  graph: /[^\s\p{C}]/u,
  lower: /\p{Ll}/u,
  print: /[^\p{C}]/u,
  punct: /[\p{P}\p{S}]/u,
  space: /\s/,
  upper: /\p{Lu}/u,
  xdigit: /[0-9A-Fa-f]/,
};

/** @returns whether `name` is a pattern, not the name of one file. */
export function isPattern(name: string): boolean {
  return /[*?[]/.test(name);
}

/** @returns whether a name fits `pattern`; only a dot fits the dot that a hidden name begins with. */
export function compileName(pattern: string): (name: string) => boolean {
  const steps = readSteps([...pattern]);
  const acceptsHidden = /^\\?\./.test(pattern);
  return name => (acceptsHidden || !name.startsWith('.')) && fits(steps, [...name]);
}

/** After a mismatch only the last `*` takes one character more: what is before it fits as well as it ever will. */
function fits(steps: readonly Step[], name: readonly string[]): boolean {
  let [step, at, afterStar, taken] = [0, 0, -1, 0];
  while (at < name.length) {
    const wanted = steps[step];
    if (wanted === '*') {
      step += 1;
      [afterStar, taken] = [step, at];
    } else if (wanted?.(name[at] ?? '')) {
      step += 1;
      at += 1;
    } else if (afterStar === -1) {
      return false;
    } else {
      taken += 1;
      [step, at] = [afterStar, taken];
    }
  }
  return steps.slice(step).every(left => left === '*');
}

function readSteps(pattern: readonly string[]): readonly Step[] {
  const steps: Step[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern[at] ?? '';
    const bracket = character === '[' ? readBracket(pattern, at + 1) : undefined;
    if (bracket) {
      steps.push(bracket.fits);
      at = bracket.end;
    } else if (character === '*') steps.push('*');
    else if (character === '?') steps.push(() => true);
    else if (character === '\\' && at + 1 < pattern.length) steps.push(isOne(pattern[++at] ?? ''));
    else steps.push(isOne(character));
  }
  return steps;
}

const isOne =
  (wanted: string): Fits =>
  character =>
    character === wanted;

/** @returns `undefined` where no `]` ends it: then the `[` is a letter. `end` is the place of the `]`. */
function readBracket(pattern: readonly string[], start: number): { fits: Fits; end: number } | undefined {
  const isNegated = pattern[start] === '!' || pattern[start] === '^';
  const first = isNegated ? start + 1 : start;
  const members: Fits[] = [];
  for (let at = first; at < pattern.length; at += 1) {
    if (pattern[at] === ']' && at > first) {
      return { fits: character => members.some(member => member(character)) !== isNegated, end: at };
    }
    const member = readMember(pattern, at);
    members.push(member.fits);
    at = member.end;
  }
  return undefined;
}

/** A class such as `[:digit:]`, a range such as `a-z`, or one letter. */
function readMember(pattern: readonly string[], at: number): { fits: Fits; end: number } {
  const named = /^\[:([a-z]+):\]/.exec(pattern.slice(at, at + 12).join(''));
  const known = named && CLASSES[named[1] ?? ''];
  if (named && known) return { fits: character => known.test(character), end: at + named[0].length - 1 };
  const from = readLetter(pattern, at);
  if (pattern[from.end + 1] !== '-' || (pattern[from.end + 2] ?? ']') === ']') {
    return { fits: isOne(from.letter), end: from.end };
  }
  const to = readLetter(pattern, from.end + 2);
  const [low, high] = [codeOf(from.letter), codeOf(to.letter)];
  return { fits: character => codeOf(character) >= low && codeOf(character) <= high, end: to.end };
}

function readLetter(pattern: readonly string[], at: number): { letter: string; end: number } {
  const isEscaped = pattern[at] === '\\' && at + 1 < pattern.length;
  const end = isEscaped ? at + 1 : at;
  return { letter: pattern[end] ?? '', end };
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}
