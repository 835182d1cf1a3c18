/** Where the keys of an issuer come from. */

export type KeySource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'uri'; readonly uri: string }
  | { readonly kind: 'discovery' }
  /** An issuer that only introspects. */
  | { readonly kind: 'none' };
