/** Traefik with forwardAuth. No package of Debian has it: it is skipped where it is neither in the PATH nor named by `AUDGATE_TRAEFIK`. */

import { findProgram } from '../../differential/servers/real-server.ts';
import type { FrontProxyKind } from './front-proxy.ts';

export const traefik: FrontProxyKind = {
  name: 'Traefik',
  program: process.env['AUDGATE_TRAEFIK'] ?? findProgram('traefik'),
  statusWhenDown: 500,
  patience: 30_000,
  sendsBody: true,
  unready: '404 page not found',
  define: (folder, recipe) => ({
    args: [`--configFile=${folder}/traefik.yaml`],
    files: {
      'traefik.yaml': recipe('traefik/traefik.yaml').replace('/etc/traefik/', `${folder}/`),
      'dynamic.yaml': recipe('traefik/dynamic.yaml'),
    },
  }),
};
