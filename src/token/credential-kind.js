/**
 * A kind of credential behind `Authorization: Bearer`. One that is not verified by the keys of an issuer is one class with this
 * interface, which `TokenVerifier.judge` asks first.
 */
export {};
