/** Reads what the probe presents: from files or standard input, never from an argument. */

import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { accept, type ParsedValue, reject } from '../../config/values/parsed-value.ts';
import { type IssuerKey, readIssuerKey } from '../../probe/tokens/signing-keys.ts';
import { readTokenFile } from '../explain/evaluate/token-file.ts';
import type { ProbeOptions } from './arguments.ts';

export interface GivenTokens {
  readonly right: string | undefined;
  readonly others: readonly string[];
  readonly idToken: string | undefined;
  readonly expired: string | undefined;
  readonly insufficient: string | undefined;
  readonly mintKey: IssuerKey | undefined;
}

const SINGLE = ['token-file', 'id-token-file', 'expired-token-file', 'insufficient-token-file'] as const;

/** @returns the tokens; rejects a file that cannot be read or holds something else, and standard input that is named twice. */
export async function readGivenTokens(
  options: ProbeOptions,
  standardInput: Readable,
): Promise<ParsedValue<GivenTokens>> {
  const files: (readonly [option: string, file: string])[] = [
    ...SINGLE.flatMap(option => (options[option] === undefined ? [] : [[option, options[option]] as const])),
    ...(options['other-token-file'] ?? []).map(file => ['other-token-file', file] as const),
  ];
  if (files.filter(([, file]) => file === '-').length > 1) return reject('standard input, -, holds one token');
  const tokens = new Map<string, string[]>();
  for (const [option, file] of files) {
    const token = await readToken(file, standardInput);
    if (!token.ok) return reject(`--${option} ${token.rejection.what}`);
    tokens.set(option, [...(tokens.get(option) ?? []), token.value]);
  }
  const mintKey = readMintKey(options['mint-key']);
  if (!mintKey.ok) return mintKey;
  const [right, idToken, expired, insufficient] = SINGLE.map(option => tokens.get(option)?.[0]);
  return accept({
    right,
    idToken,
    expired,
    insufficient,
    others: tokens.get('other-token-file') ?? [],
    mintKey: mintKey.value,
  });
}

async function readToken(file: string, standardInput: Readable): Promise<ParsedValue<string>> {
  const input = await readTokenFile(file, standardInput);
  if (!input.ok) return input;
  const { fields, answer } = input.value;
  const [, token] = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(fields[0] ?? '') ?? [];
  return token === undefined || fields.length !== 1 || answer !== undefined
    ? reject('holds no single bearer token')
    : accept(token);
}

function readMintKey(file: string | undefined): ParsedValue<IssuerKey | undefined> {
  if (file === undefined) return accept(undefined);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return reject('--mint-key cannot be read');
  }
  const key = readIssuerKey(text);
  return key.ok ? key : reject(`--mint-key ${key.rejection.what}`);
}
