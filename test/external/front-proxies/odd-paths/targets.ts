/** What is sent: paths that two servers may read as two, below each route; spellings of a route; other forms; other Hosts. */

import { CONTESTED, DOTS, PREFIXES, TARGETS } from '../../differential/payloads/paths.ts';

export interface OddTarget {
  readonly target: string;
  readonly host: string;
  readonly method?: string;
}

export const HOST = 'api.test';
/** Has routes of its own. */
export const OTHER_HOST = 'priv.test';

const ROUTES = ['/api', '/open', '/loose'];

/** What is below `/scoped/admin` needs a scope that nobody has here. */
const ADMIN = [
  '/scoped/admin',
  '/scoped/%61dmin',
  '/scoped/./admin',
  '/scoped//admin',
  '/scoped/x/../admin',
  '/scoped/x/%2e%2e/admin',
  '/scoped/x/..%2fadmin',
  '/scoped/ADMIN',
  '/scoped/admin;x',
  '/scoped/admin%3bx',
  '/scoped/admin/',
  '/scoped/admin.',
  '/scoped/admin%20',
  '/scoped/admin%00',
  '/scoped\\admin',
  '/scoped/%5cadmin',
  '/scoped/admin?x',
  '/scoped/admin%3Fx',
  '/api/../scoped/admin',
];

const HOSTS = [
  'API.TEST',
  'api.test:80',
  'api.test.',
  'PRIV.test',
  'priv.test:80',
  'priv.test.',
  'priv.test:',
  '',
  'a b',
];

const at = (target: string, host = HOST): OddTarget => ({ target, host });

export const ODD_TARGETS: readonly OddTarget[] = [
  ...ROUTES.flatMap(route => [...DOTS, ...CONTESTED].map(rest => at(route + rest))),
  ...[...PREFIXES, ...TARGETS, ...ADMIN].map(target => at(target)),
  ...HOSTS.flatMap(host => [at('/api/x', host), at('/open', host), at('http://priv.test/api/x', host)]),
  ...['get', 'HEAD', 'PROPFIND', 'M-SEARCH', 'TRACE', 'QUERY'].map(method => ({ ...at('/api/x'), method })),
];

export const ORDINARY: readonly OddTarget[] = [
  ...[...ROUTES, '/files', '/scoped'].flatMap(route =>
    ['', '/', '/x', '/x/y.html', '/x?y=/../z'].map(rest => at(route + rest)),
  ),
  at('/@me/box/x'),
  at('/api/x', OTHER_HOST),
];
