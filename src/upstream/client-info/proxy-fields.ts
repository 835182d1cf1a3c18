/** What proxies say of a request in X-Forwarded-*, and in Forwarded where none of them is there. */

import { type HeaderList, isName, listMembers, reduceFields } from '../../http/header-list.ts';
import { isAuthority } from '../../route/authority.ts';
import { type ForwardedElement, readForwarded } from './forwarded.ts';
import { isNode } from './node.ts';

/** `undefined`: not said, or not in a form that can be read. */
export interface ProxyWord {
  /** From the client on, each the address of who sent the request to the next proxy. */
  readonly chain: readonly string[];
  /** The chain was longer: it is cut behind the last entry that cannot be read. */
  readonly isCut: boolean;
  readonly host: string | undefined;
  /** `http`, `https`, `ws` or `wss`. */
  readonly protocol: string | undefined;
  readonly port?: string | undefined;
  readonly prefix?: string | undefined;
}

/** Values as sent; those of several fields of one name joined by commas (RFC 9110 section 5.3). */
interface Fields {
  forwarded?: string;
  for?: string;
  host?: string;
  protocol?: string;
  port?: string;
  prefix?: string;
}

const NAMES: readonly (readonly [name: string, key: keyof Fields])[] = [
  ['forwarded', 'forwarded'],
  ['x-forwarded-for', 'for'],
  ['x-forwarded-host', 'host'],
  ['x-forwarded-proto', 'protocol'],
  ['x-forwarded-port', 'port'],
  ['x-forwarded-prefix', 'prefix'],
];
const PROTOCOL = /^(?:http|ws)s?$/i;
const PORT = /^[1-9]\d{0,4}$/;
/** Path segments without `.`, `..` and empty ones: pages make links of it, and `//evil` would be another host. */
const PREFIX = /^\/$|^(?:\/(?!\.{1,2}(?:\/|$))[\w.~!$&'()*+;=:@%-]+)+\/?$/;

/**
 * @param fields of a request that a trusted proxy sent.
 * @param chooseElement of a Forwarded field with several elements, the one whose `host` and `proto` count.
 */
export function readProxyFields(
  fields: HeaderList,
  chooseElement: (elements: readonly ForwardedElement[]) => ForwardedElement | undefined,
): ProxyWord {
  const { forwarded, ...sent } = reduceFields(fields, addField, {} as Fields);
  // Beside X-Forwarded-* a Forwarded may be the client's own: many proxies write the one and pass the other on.
  const isLone = Object.keys(sent).length === 0;
  if (isLone && forwarded !== undefined) return describeForwarded(forwarded, chooseElement);
  const chain = readList(sent.for, isNode);
  return {
    chain: chain.entries,
    isCut: chain.isCut,
    host: sent.host !== undefined && isAuthority(sent.host) ? sent.host : undefined,
    protocol: readList(sent.protocol, isProtocol).entries[0]?.toLowerCase(),
    port: readList(sent.port, isPort).entries[0],
    prefix: sent.prefix !== undefined && isPrefix(sent.prefix) ? sent.prefix : undefined,
  };
}

function describeForwarded(
  text: string,
  chooseElement: (elements: readonly ForwardedElement[]) => ForwardedElement | undefined,
): ProxyWord {
  const { elements, isCut } = readForwarded(text);
  const { host, protocol } = chooseElement(elements) ?? {};
  return {
    chain: elements.map(({ node }) => node),
    isCut,
    host: host !== undefined && isAuthority(host) ? host : undefined,
    protocol: protocol !== undefined && isProtocol(protocol) ? protocol.toLowerCase() : undefined,
  };
}

/** Each proxy adds at the end, so that what stands before an entry that no proxy writes was not checked by any. */
function readList(text: string | undefined, isReadable: (entry: string) => boolean) {
  const entries = listMembers(text ?? '');
  const broken = entries.findLastIndex(entry => !isReadable(entry));
  return { entries: entries.slice(broken + 1), isCut: broken !== -1 };
}

function isProtocol(text: string): boolean {
  return PROTOCOL.test(text);
}

function isPort(text: string): boolean {
  return PORT.test(text) && Number(text) < 65_536;
}

/** Spring takes a list for prefixes that follow one another. */
function isPrefix(text: string): boolean {
  return text.split(',').every(prefix => PREFIX.test(prefix.trim()));
}

function addField(fields: Fields, name: string, value: string): Fields {
  for (const [field, key] of NAMES) {
    if (isName(name, field)) fields[key] = fields[key] === undefined ? value : `${fields[key]}, ${value}`;
  }
  return fields;
}
