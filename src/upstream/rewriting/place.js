/** Where the upstream believes itself to be, and where a client of the gateway finds it. */
import { joinPrefixes } from '../client-info/prefix.js';
/**
 * @returns the place. With `preserve_host` the upstream also goes by the Host that it got: with its own scheme, or with that of
 *   the gateway, which X-Forwarded-Proto tells it.
 */
export function createPlace({ route, hostSent, client }, endpoint) {
    const own = readOrigin(endpoint.origin);
    const isSecure = client.protocol === 'https' || client.protocol === 'wss';
    const sent = hostSent === undefined
        ? []
        : [
            { scheme: own.scheme, authority: hostSent },
            { scheme: isSecure ? 'https' : 'http', authority: hostSent },
        ];
    return {
        origins: [own, ...sent],
        isSecure,
        authority: client.authority,
        paths: {
            basePath: endpoint.basePath,
            prefix: route.prefix === '/' ? '' : route.prefix,
            isStripped: route.stripPrefix,
            front: joinPrefixes(client.prefix),
        },
    };
}
function readOrigin(origin) {
    const [scheme = '', authority = ''] = origin.split('://');
    return { scheme: scheme === 'https' ? 'https' : 'http', authority };
}
