/** nginx with auth_request. */

import { configureNginx } from '../../../support/nginx.ts';
import { findProgram } from '../../differential/servers/real-server.ts';
import type { FrontProxyKind } from './front-proxy.ts';

const FILES = ['http.conf', 'server.conf', 'location.conf', 'example.conf'];

export const nginx: FrontProxyKind = {
  name: 'nginx',
  program: findProgram('nginx'),
  statusWhenDown: 503,
  patience: 6_000,
  sendsBody: false,
  define: (folder, recipe) => {
    const place = (file: string) => recipe(`nginx/${file}`).replaceAll('/etc/nginx/audgate/', `${folder}/`);
    return {
      args: ['-p', folder, '-c', `${folder}/nginx.conf`],
      files: {
        ...Object.fromEntries(FILES.map(file => [file, place(file)])),
        'nginx.conf': configureNginx(folder, `access_log off;\n  include ${folder}/example.conf;`, 512),
      },
    };
  },
};
