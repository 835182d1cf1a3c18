/** Every proxy that has a recipe which runs here. */

import { caddies } from './caddy.ts';
import { envoy } from './envoy.ts';
import type { FrontProxyKind } from './front-proxy.ts';
import { nginx } from './nginx.ts';
import { traefik } from './traefik.ts';

export const FRONT_PROXIES: readonly FrontProxyKind[] = [envoy, nginx, ...caddies, traefik];
