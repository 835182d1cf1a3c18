/** `upstream.tls` of the routes: its files read, and judged by the code that opens connections with them. */

import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { TlsMaterial } from '../../http/client/tls-context.ts';
import type { DiagnosticCollector } from '../diagnostics/diagnostic-collector.ts';
import { upstreamTls } from '../schema/upstream-schema.ts';
import type { Path } from '../source/document.ts';
import { isRawMap } from '../source/raw-map.ts';
import type { ReferencedFiles } from '../source/referenced-files.ts';
import type { UpstreamTls } from '../upstream-config.ts';
import { parseEndpoint } from '../values/address/endpoint.ts';
import type { Rejection } from '../values/parsed-value.ts';
import {
  CERTIFICATES,
  checkAuthorities,
  checkCertificate,
  checkPair,
  checkPrivateKey,
  PRIVATE_KEY,
  unreadable,
} from './pem-files.ts';

type TlsSettings = z.output<typeof upstreamTls>;
type FileKey = 'ca_file' | 'cert_file' | 'key_file';

interface TlsReading {
  readonly tls: UpstreamTls;
  readonly problems: readonly (readonly [FileKey, Rejection])[];
}

export class UpstreamTlsReader {
  readonly #files: ReferencedFiles;
  /** By the settings as text: routes with the same ones share one object. */
  readonly #known = new Map<string, TlsReading>();

  constructor(files: ReferencedFiles) {
    this.#files = files;
  }

  /**
   * @param raw the entry of the route, which may have errors elsewhere.
   * @param path of the route.
   * @returns its TLS settings where it has some, with every error reported.
   */
  read(raw: unknown, path: Path, diagnostics: DiagnosticCollector): UpstreamTls | undefined {
    const written = isRawMap(raw) ? raw['upstream'] : undefined;
    if (!isRawMap(written) || written['tls'] === undefined) return undefined;
    const place = [...path, 'upstream', 'tls'];
    if ([written['url'], written['urls']].flat().some(isPlain)) {
      const what = 'has no effect on an http:// upstream';
      diagnostics.error(place, { what, expected: 'an https:// URL, or no such key' }, 'key');
    }
    const settings = upstreamTls.safeParse(written['tls']);
    if (!settings.success) return undefined;
    checkBothOrNeither(settings.data, place, diagnostics);
    const { tls, problems } = this.#readOnce(settings.data);
    for (const [key, rejection] of problems) diagnostics.error([...place, key], rejection);
    return tls;
  }

  #readOnce(settings: TlsSettings): TlsReading {
    const name = JSON.stringify(settings);
    const reading = this.#known.get(name) ?? this.#readFiles(settings);
    this.#known.set(name, reading);
    return reading;
  }

  #readFiles(settings: TlsSettings): TlsReading {
    const problems: [FileKey, Rejection][] = [];
    const read = (key: FileKey, expected: string): string | undefined => {
      const name = settings[key];
      const file = name === undefined ? undefined : this.#files.readText(name);
      if (file?.ok === false) problems.push([key, unreadable(file.rejection, expected)]);
      return file?.ok ? file.value : undefined;
    };
    const material = {
      ca: read('ca_file', CERTIFICATES),
      cert: read('cert_file', CERTIFICATES),
      key: read('key_file', PRIVATE_KEY),
    };
    problems.push(...judge(material));
    const serverName = settings.server_name;
    const bytes = JSON.stringify([material.ca, material.cert, material.key, serverName]);
    return {
      tls: { ...material, serverName, fingerprint: createHash('sha256').update(bytes).digest('hex') },
      problems,
    };
  }
}

function isPlain(url: unknown): boolean {
  const parsed = typeof url === 'string' ? parseEndpoint(url) : undefined;
  return parsed?.ok === true && parsed.value.origin.startsWith('http:');
}

function checkBothOrNeither({ cert_file, key_file }: TlsSettings, place: Path, diagnostics: DiagnosticCollector): void {
  if ((cert_file === undefined) === (key_file === undefined)) return;
  const [alone, other] = cert_file === undefined ? ['key_file', 'cert_file'] : ['cert_file', 'key_file'];
  const what = `${alone} does not go without ${other}`;
  diagnostics.error([...place, alone], { what, expected: 'both or neither', standsAlone: true }, 'key');
}

/** @returns what is wrong with each part by itself, else with certificate and key together. */
function judge({ ca, cert, key }: TlsMaterial): [FileKey, Rejection][] {
  const problems: [FileKey, Rejection][] = [];
  const add = (name: FileKey, rejection: Rejection | undefined) => rejection && problems.push([name, rejection]);
  add('ca_file', ca === undefined ? undefined : checkAuthorities(ca));
  add('cert_file', cert === undefined ? undefined : checkCertificate(cert));
  add('key_file', key === undefined ? undefined : checkPrivateKey(key));
  if (problems.length === 0 && cert !== undefined && key !== undefined) add('key_file', checkPair(cert, key));
  return problems;
}
