/** The entries of `routes` that `audgate init` writes: every one on `report`. */

import type { IdentityProduct } from '../../config/lint/identity-products/identity-product.ts';
import { writeList, writeScalar } from '../../config/source/yaml-text.ts';
import type { InitRoute } from './arguments.ts';
import { comment } from './comment.ts';
import type { Inspection } from './inspection.ts';

/** @returns the lines of the map; what holds for every route is said at the first. */
export function describeRoutes(routes: readonly InitRoute[], { product, scopes }: Inspection): readonly string[] {
  return [
    ...comment(
      0,
      'Which token each API takes. The key is [host]/path: a request goes by the longest one that its path begins with, and keeps that path (strip_prefix: true takes it off).',
    ),
    'routes:',
    ...routes.flatMap((route, index) => [
      ...(index === 0 ? [] : ['']),
      ...describeRoute(route, product),
      ...(index === 0 ? describeRest(product, scopes) : []),
    ]),
  ];
}

function describeRoute({ key, resource, upstream }: InitRoute, product: IdentityProduct): readonly string[] {
  return [
    `  ${writeScalar(key)}:`,
    ...comment(4, `What aud has to hold, to the letter. To get such a token, ${product.ask(resource)}.`),
    `    resource: ${writeScalar(resource)}`,
    `    upstream: ${writeScalar(upstream)}`,
    ...comment(4, 'Then verify, then enforce.'),
    '    enforcement: report',
  ];
}

function describeRest({ apiAudiences = [], isForEveryone }: IdentityProduct, scopes: readonly string[]): string[] {
  const aliases = apiAudiences.flatMap(({ cause, condition }) =>
    comment(4, `Where the log shows another aud: ${cause}. List it, ${condition}.`),
  );
  const claims = comment(
    4,
    'Anybody gets a token of this issuer. Name what is your own, or the audience alone keeps nobody out:',
  );
  return [
    ...aliases,
    ...(aliases.length > 0 ? ['    # audiences: [WHAT-AUD-HOLDS]'] : []),
    ...(isForEveryone ? [...claims, '    # claims: { sub: [WHO-MAY-COME] }'] : []),
    ...comment(4, 'All of these are needed, on every request; or by method and path, such as GET: [billing:read].'),
    ...comment(4, `scopes: ${writeList(scopes.length > 0 ? scopes : ['billing:read'])}`),
  ];
}
