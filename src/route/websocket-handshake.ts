/** Recognises the client's opening handshake of a WebSocket (RFC 6455 section 4.2.1). */

import { type Denial, deny } from '../denial.ts';
import { type HeaderList, valuesOf } from '../http/header-list.ts';

/** 16 bytes in base64. */
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;
/** RFC 6455 section 4.3, but for 3 digits over 255. */
const VERSION = /^(?:0|[1-9]\d{0,2})$/;

/** Fields that a client sends with a handshake alone (RFC 6455 section 4.1); the last two in drafts of it. */
const SIGNS = ['sec-websocket-key', 'sec-websocket-version', 'sec-websocket-key1', 'sec-websocket-key2'];

export interface UpgradeRequest {
  readonly method: string;
  readonly fields: HeaderList;
  /** `none`, or 0 where a Content-Length says so. */
  readonly body: number | 'unknown' | 'none';
  /** What Upgrade lists; `undefined` where it is ignored: in HTTP/1.0, or where Connection does not name it (RFC 9110 section 7.8). */
  readonly protocol: string | undefined;
}

/**
 * A server chooses among the protocols that Upgrade lists, or ignores all of them (RFC 9110 section 7.8). Here a WebSocket is
 * chosen wherever it is listed, since RFC 6455 section 4.1 lets a client list more. Of all else, such as `h2c`, nothing is
 * chosen: requests within such a connection would not be authorized.
 *
 * @returns `none` where the request is to be served as if it had no Upgrade; `websocket` for a valid handshake; else
 *   `upgrade_required` for one of another version (RFC 6455 section 4.4), `malformed_request` for one that is not valid.
 */
export function readHandshake(
  request: UpgradeRequest,
): 'none' | 'websocket' | Denial<'upgrade_required' | 'malformed_request'> {
  const { method, fields, body, protocol } = request;
  if (protocol === undefined || !listsWebSocket(protocol)) return 'none';
  const [version = '', ...otherVersions] = valuesOf(fields, 'sec-websocket-version');
  const isVersion = otherVersions.length === 0 && VERSION.test(version);
  if (method !== 'GET' || !isVersion || (body !== 'none' && body !== 0)) return deny('malformed_request');
  if (version !== '13') return deny('upgrade_required');
  const [key = '', ...otherKeys] = valuesOf(fields, 'sec-websocket-key');
  return otherKeys.length === 0 && KEY.test(key) ? 'websocket' : deny('malformed_request');
}

/**
 * For a request that another server has received, which may open a WebSocket by rules of its own: of an older version, without Connection,
 * or after it has taken Upgrade off the question that it asks.
 *
 * @returns whether any field says that a WebSocket is wanted.
 */
export function mayOpenWebSocket(fields: HeaderList): boolean {
  return SIGNS.some(name => valuesOf(fields, name).length > 0) || valuesOf(fields, 'upgrade').some(listsWebSocket);
}

/** Names of protocols are compared without regard to case; `websocket` has no version there (RFC 6455 section 11.2). */
function listsWebSocket(protocols: string): boolean {
  return protocols.split(',').some(protocol => protocol.trim().toLowerCase() === 'websocket');
}
