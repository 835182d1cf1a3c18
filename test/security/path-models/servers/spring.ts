/**
 * Spring MVC. UrlPathHelper (Javadoc of `getRequestUri` and `getPathWithinApplication`, `setRemoveSemicolonContent`): the raw
 * request URI without `;` content, decoded, with `//` replaced by `/`. PathPatternParser (the default since 5.3): "URL paths
 * are parsed into segments first, and each is decoded and freed of its path parameters" (PathContainer.PathSegment,
 * `valueToMatch`), so an encoded slash stays within its segment.
 */

import { decodeBytes, pathOf, replaceInvalid, type ServerModel, split } from '../server-model.ts';

function decode(text: string): string | undefined {
  const bytes = decodeBytes(text);
  return bytes === undefined ? undefined : replaceInvalid(bytes);
}

export const springUrlPathHelper: ServerModel = {
  name: 'Spring (UrlPathHelper)',
  read: target => split(decode(pathOf(target).replace(/;[^/]*/g, ''))?.replace(/\/{2,}/g, '/')),
};

export const springPathPattern: ServerModel = {
  name: 'Spring (PathPattern)',
  read: target => {
    const segments = pathOf(target)
      .split('/')
      .slice(1)
      .map(segment => decode(segment.replace(/;.*$/s, '')));
    const whole = segments.filter(segment => segment !== undefined);
    return whole.length === segments.length ? whole : undefined;
  },
};
