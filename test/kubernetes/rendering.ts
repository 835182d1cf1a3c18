/** What kustomize and helm make of the files in config/: the objects that a cluster would get. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { ROOT } from '../docs/markdown.ts';
import { createAuthority } from '../support/certificates.ts';
import { HELM, KUSTOMIZE, run } from './tools.ts';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  // biome-ignore lint/suspicious/noExplicitAny: each kind has its own fields
  readonly [field: string]: any;
}

export const CHART = join(ROOT, 'config/helm/audgate');

/** @param folder of a kustomization, below config. */
export function renderKustomization(folder: string): string {
  return run(KUSTOMIZE, join(ROOT, 'config', folder));
}

/** @param options of `helm template`. */
export function renderChart(...options: readonly string[]): string {
  return run(HELM, 'template', 'prod', CHART, ...options);
}

/** @returns the objects of a rendering. Throws for what is no YAML. */
export function readManifests(text: string): readonly Manifest[] {
  const documents = parseAllDocuments(text);
  for (const document of documents) if (document.errors.length > 0) throw document.errors[0];
  return documents.map(document => document.toJS() as Manifest | null).filter(manifest => manifest !== null);
}

/** @returns the one object of `kind`, whose name ends in `suffix`. */
export function find(manifests: readonly Manifest[], kind: string, suffix = ''): Manifest {
  const [found, ...others] = manifests.filter(
    ({ kind: own, metadata }) => own === kind && metadata.name.endsWith(suffix),
  );
  if (!found || others.length > 0) throw new Error(`there is not one ${kind} ${suffix}, but ${others.length + 1}`);
  return found;
}

/**
 * Writes `yaml` into a folder where everything is that it names below /run/secrets: text, and a certificate with its key.
 *
 * @param use gets the file; the folder is gone afterwards.
 */
export async function withConfiguration<T>(yaml: string, use: (file: string) => T | Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-kubernetes-'));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };
  for (const [, path = ''] of yaml.matchAll(/(\/run\/secrets\/[\w./-]+)/g)) write(folder + path, '0123456789abcdef');
  if (yaml.includes('/run/secrets/tls/')) {
    const { cert, key } = createAuthority(folder).issue('DNS:gateway.example.com');
    write(join(folder, 'run/secrets/tls/tls.crt'), cert);
    write(join(folder, 'run/secrets/tls/tls.key'), key);
  }
  write(join(folder, 'audgate.yaml'), yaml.replaceAll('/run/secrets/', `${folder}/run/secrets/`));
  try {
    return await use(join(folder, 'audgate.yaml'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
