/** The whole file that `audgate init` prints. */

import type { InitRoute } from './arguments.ts';
import { type Inspection, inspectName } from './inspection.ts';
import { describeIssuer } from './issuer-lines.ts';
import { describeRoutes } from './route-lines.ts';

const HEADER = `\
# Written by audgate init. Every route is on report: nothing is refused for its token; what would be is counted and
# logged, and the API gets what it got before. From here on:
#
# 1. Can the issuer and the APIs be reached from this machine?
#      audgate check --online audgate.yaml
# 2. Run it, and let the clients call it in place of the API. Whom would it refuse, and why? The status page on admin
#    shows it, and so does a metric:
#      audgate --config audgate.yaml > access.ndjson
#      curl -s http://127.0.0.1:9090/metrics | grep '^audgate_denials_total.* [1-9]'
# 3. What is wrong with one token, and what has to change?
#      audgate explain --config audgate.yaml --token-file TOKEN URL
# 4. What do the callers in the log need before their routes enforce? It is printed as a patch to review.
#      audgate propose --config audgate.yaml access.ndjson
# 5. Whom would a stricter file refuse?
#      audgate simulate --config stricter.yaml access.ndjson
# 6. When nobody is left, set enforcement of that route to verify, and then to enforce.
`;

const EXAMPLE_ISSUER = 'https://login.example.com';
const EXAMPLE_ROUTE: InitRoute = {
  key: '/',
  resource: 'https://billing.example.com/',
  upstream: 'http://127.0.0.1:8081',
};

/**
 * @param issuer `undefined` for an example. @param routes none for an example.
 * @returns YAML that loads without an error.
 */
export function writeConfiguration(issuer: Inspection | undefined, routes: readonly InitRoute[]): string {
  const inspection = issuer ?? inspectName(EXAMPLE_ISSUER, undefined);
  return [
    HEADER,
    'listen: 0.0.0.0:8080',
    '# /metrics, health and the status page: for operators only.',
    'admin: 127.0.0.1:9090',
    '',
    ...(issuer === undefined ? ['# An example: write the issuer of your tokens.'] : []),
    ...describeIssuer(inspection),
    '',
    ...(routes.length === 0 ? ['# An example: write your own API.'] : []),
    ...describeRoutes(routes.length === 0 ? [EXAMPLE_ROUTE] : routes, inspection),
  ].join('\n');
}
