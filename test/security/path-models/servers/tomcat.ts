/**
 * Apache Tomcat (CoyoteAdapter.postParseRequest): path parameters are cut off each segment, then the rest is decoded, then
 * normalised: `//`, `/./` and `/../`. Configuration reference, HTTP connector: `encodedSolidusHandling` (reject, decode,
 * passthrough), `encodedReverseSolidusHandling`, `allowBackslash`, `URIEncoding`.
 */

import { decodeBytes, pathOf, replaceInvalid, resolveDots, type ServerModel, split } from '../server-model.ts';

interface Connector {
  readonly decodesSolidus: boolean;
  readonly isLatin1: boolean;
}

const read =
  ({ decodesSolidus, isLatin1 }: Connector) =>
  (target: string) => {
    const bare = pathOf(target).replace(/;[^/]*/g, '');
    if (!decodesSolidus && /%(?:2f|5c)/i.test(bare)) return undefined;
    const decoded = decodeBytes(bare)?.replaceAll('\\', '/');
    if (decoded === undefined || decoded.includes('\0')) return undefined;
    const path = resolveDots(decoded.replace(/\/{2,}/g, '/'));
    return split(path !== undefined && !isLatin1 ? replaceInvalid(path) : path);
  };

export const tomcat: ServerModel = { name: 'Tomcat', read: read({ decodesSolidus: false, isLatin1: false }) };
export const tomcatDecoding: ServerModel = {
  name: 'Tomcat with encodedSolidusHandling=decode and allowBackslash',
  read: read({ decodesSolidus: true, isLatin1: false }),
};
export const tomcatLatin1: ServerModel = {
  name: 'Tomcat with URIEncoding=ISO-8859-1',
  read: read({ decodesSolidus: true, isLatin1: true }),
};
