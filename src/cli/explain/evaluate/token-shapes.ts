/** The forms that a value after `Bearer` can have: a JWT, another kind of token, or a common error of a client. */

/** None of the texts contains a part of the token. */
export interface Shape {
  /** Printed after `presented`. */
  readonly name: string;
  readonly cause: string;
  /** `anew`: the client should read the token response again. `ask`: it should request another kind of token. */
  readonly remedy: 'anew' | 'ask' | { readonly text: string };
}

const VARIABLE = {
  text: 'send what the token response has as access_token, and see that the variable is set where the request is made',
};

export const SHAPES = {
  none: { name: 'none', cause: 'there is no token', remedy: 'anew' },
  jws: {
    name: 'three parts with dots between',
    cause:
      'it has the form of a JWT, but a part of it is not base64url of a JSON object, or its header has crit or b64: it may be cut or re-wrapped',
    remedy: 'anew',
  },
  jwe: {
    name: 'an encrypted token (JWE, five parts)',
    cause: 'it is encrypted (JWE): only the issuer and the API it is for can read it',
    remedy: 'ask',
  },
  google: {
    name: 'an opaque token of Google (ya29.)',
    cause: 'it is an opaque access token of Google, which only Google can look up',
    remedy: 'ask',
  },
  github: {
    name: 'a token of GitHub (gh?_)',
    cause: 'it is a token for the API of GitHub, which only GitHub can look up',
    remedy: 'ask',
  },
  several: {
    name: 'several credentials in one field',
    cause: 'the field holds more than one credential, as proxies join two fields with a comma',
    remedy: { text: 'send one Authorization field with one token (RFC 6750 section 2)' },
  },
  scheme_twice: {
    name: 'the scheme twice',
    cause: 'the scheme stands there twice (Bearer Bearer …): the client adds it to a value that has it already',
    remedy: { text: 'let the client write Bearer once' },
  },
  quoted: {
    name: 'a token in quotation marks',
    cause: 'there are quotation marks around the token, which are no part of it',
    remedy: { text: 'take it out of the JSON with jq -r .access_token, without the marks' },
  },
  json: {
    name: 'JSON',
    cause: 'it is JSON, such as a whole token response, and not the token in it',
    remedy: { text: 'send the value of access_token alone' },
  },
  no_value: {
    name: 'the text of a value that is none (undefined, null, [object Object])',
    cause:
      'a variable without a token in it was written as text (undefined, null, None, [object Object]): the client had no token',
    remedy: VARIABLE,
  },
  placeholder: {
    name: 'a placeholder',
    cause:
      'it is a placeholder, as of an example, or a variable that was not replaced (a shell does not within single quotes)',
    remedy: VARIABLE,
  },
  percent_encoded: {
    name: 'a percent-encoded text',
    cause: 'it is percent-encoded, as belongs into a URL and not into a field',
    remedy: { text: 'send the token as it stands in the token response' },
  },
  spaced: {
    name: 'a text with white space in it',
    cause: 'there is white space within the token: it was wrapped over lines, or something stands behind it',
    remedy: 'anew',
  },
  padded: {
    name: 'three parts with dots between, in plain base64',
    cause: 'its parts are plain base64, with =, + or /, where a JWT has base64url without padding (RFC 7515 section 2)',
    remedy: 'anew',
  },
  cut: {
    name: 'a part of a JWT',
    cause: 'it begins as a JWT does, but has not its three parts: it was cut, as terminals and logs do',
    remedy: 'anew',
  },
  password: {
    name: 'base64 of a name and a password',
    cause: 'it is base64 of a name and a password, which belong to the scheme Basic and not to Bearer',
    remedy: 'ask',
  },
  opaque: {
    name: 'an opaque token',
    cause:
      'it is opaque: an issuer gives such tokens where the client named no resource (Auth0: no audience; oidc-provider: no resource)',
    remedy: 'ask',
  },
  answer: {
    name: 'the answer of an introspection endpoint',
    cause:
      'it is the answer of an introspection endpoint, and it is open which issuer of this route gave it, if one is asked at all',
    remedy: { text: 'name the one issuer that introspects under issuers of the route' },
  },
} as const satisfies Readonly<Record<string, Shape>>;

export type TokenShape = keyof typeof SHAPES;
