/** Where the process listens, and with which certificates. */

export interface ListenAddress {
  /** A host name, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface UnixAddress {
  /** Of the socket file; absolute. */
  readonly path: string;
}

/** Of the data listener. */
export type DataAddress = ListenAddress | UnixAddress;

/** HTTPS on the data listener. */
export interface ListenerTls {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** At least one. The first is for clients that ask for no name, or for one that no certificate has. */
  readonly certificates: readonly [ListenerCertificate, ...ListenerCertificate[]];
}

/** The texts are in PEM; `key` is a secret. */
export interface ListenerCertificate {
  /** The certificate, its chain behind it. */
  readonly cert: string;
  readonly key: string;
  /** DNS names of the subjectAltName, in lower case; `*.example.com` stands for one label more. */
  readonly names: readonly string[];
  /** What the metric calls it: its first DNS name, else its first address or its common name. */
  readonly label: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}
