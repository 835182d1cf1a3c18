/** What a page shows of an output, held against the output itself. `…` stands for what is left out. */

/**
 * @param shown a line that is only `…` stands for any lines, `…` within a line for any characters.
 * @returns whether `output` is what is shown; blank lines at the end and spaces before a line's end do not count.
 */
export function isShown(shown: string, output: string): boolean {
  return toPattern(shown).test(`${trimLines(output)}\n`);
}

function toPattern(shown: string): RegExp {
  const lines = trimLines(shown).split('\n');
  const source = lines.map(line => (line.trim() === '…' ? '(?:.*\\n)*?' : `${escapeLine(line)}\\n`)).join('');
  return new RegExp(`^${source}$`);
}

function escapeLine(line: string): string {
  return line.split('…').map(escapeText).join('.*?');
}

function escapeText(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

function trimLines(text: string): string {
  return text.replaceAll('\r', '').replace(/ +$/gm, '').trimEnd();
}
