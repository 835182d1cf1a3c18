/** How the application is put behind a proxy, and the name under which the browser knows it. */

export const PUBLIC_NAME = 'portal.example.com';
export const PUBLIC_ORIGIN = `https://${PUBLIC_NAME}`;
/** Where the application is below that. */
export const PREFIX = '/app';

export interface Variant {
  readonly stripPrefix: boolean;
  readonly preserveHost: boolean;
  /** Whether the application believes what the proxy says of the client's side: X-Forwarded-Host and X-Forwarded-Prefix. */
  readonly proxyHeaders: boolean;
}

export const VARIANTS: readonly Variant[] = [
  { stripPrefix: false, preserveHost: true, proxyHeaders: false },
  { stripPrefix: true, preserveHost: true, proxyHeaders: false },
  { stripPrefix: true, preserveHost: true, proxyHeaders: true },
  { stripPrefix: false, preserveHost: false, proxyHeaders: true },
  { stripPrefix: true, preserveHost: false, proxyHeaders: true },
  { stripPrefix: false, preserveHost: false, proxyHeaders: false },
  { stripPrefix: true, preserveHost: false, proxyHeaders: false },
];

export function nameVariant({ stripPrefix, preserveHost, proxyHeaders }: Variant): string {
  const parts = [
    `strip_prefix ${stripPrefix ? 'on' : 'off'}`,
    `preserve_host ${preserveHost ? 'on' : 'off'}`,
    `application ${proxyHeaders ? 'believes' : 'ignores'} X-Forwarded-*`,
  ];
  return parts.join(', ');
}

/** @returns whether the application takes a form for forged: by Host it has another name than the browser says in Origin. */
export function refusesForms({ preserveHost, proxyHeaders }: Variant): boolean {
  return !preserveHost && !proxyHeaders;
}
