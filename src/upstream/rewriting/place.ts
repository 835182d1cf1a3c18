/** Where the upstream believes itself to be, and where a client of the gateway finds it. */

import type { Route } from '../../config/config.ts';
import type { Endpoint } from '../../config/upstream-config.ts';
import type { ClientInfo } from '../client-info/client-info.ts';
import { joinPrefixes } from '../client-info/prefix.ts';
import type { PathMapping } from './path-mapping.ts';

/** What decides where a response points to. */
export interface Rewriting {
  readonly route: Pick<Route, 'prefix' | 'stripPrefix'>;
  /** The Host that it got, where that is the client's (`preserve_host`). */
  readonly hostSent: string | undefined;
  /** How the client knows the gateway. */
  readonly client: Pick<ClientInfo, 'authority' | 'protocol' | 'prefix'>;
  /** Every server of the upstream: an application of several often has one name configured, that of the first. Default: none but the one that responds. */
  readonly endpoints?: readonly RespondingEndpoint[];
}

/** The server that responds. A path without a host is one of its paths. */
export type RespondingEndpoint = Pick<Endpoint, 'origin' | 'basePath'>;

export interface Place {
  /** The names of the upstream. */
  readonly origins: readonly Origin[];
  /** The gateway's own. */
  readonly isSecure: boolean;
  /** `undefined` where the client, of HTTP/1.0, named none. */
  readonly authority: string | undefined;
  readonly paths: PathMapping;
}

export interface Origin {
  readonly scheme: 'http' | 'https';
  /** Host, and a port that is not the usual one. */
  readonly authority: string;
  /** The paths there that are forwarded to. */
  readonly basePath: string;
}

/**
 * @returns the place. With `preserve_host` the upstream also goes by the Host that it got: with its own scheme, or with that of
 *   the gateway, which X-Forwarded-Proto tells it.
 */
export function createPlace(rewriting: Rewriting, endpoint: RespondingEndpoint): Place {
  const { route, hostSent, client, endpoints = [] } = rewriting;
  const own = readOrigin(endpoint);
  const { basePath } = endpoint;
  const isSecure = client.protocol === 'https' || client.protocol === 'wss';
  const sent: Origin[] =
    hostSent === undefined
      ? []
      : [
          { scheme: own.scheme, authority: hostSent, basePath },
          { scheme: isSecure ? 'https' : 'http', authority: hostSent, basePath },
        ];
  return {
    origins: [own, ...sent, ...endpoints.filter(each => each !== endpoint).map(readOrigin)],
    isSecure,
    authority: client.authority,
    paths: {
      basePath,
      prefix: route.prefix === '/' ? '' : route.prefix,
      isStripped: route.stripPrefix,
      front: joinPrefixes(client.prefix),
    },
  };
}

function readOrigin({ origin, basePath }: RespondingEndpoint): Origin {
  const [scheme = '', authority = ''] = origin.split('://');
  return { scheme: scheme === 'https' ? 'https' : 'http', authority, basePath };
}
