/** Every model of a server, alone and behind nginx. */

import type { ServerModel } from './server-model.ts';
import { iis, iisDecodingAgain } from './servers/iis.ts';
import { behindNginx, nginx, nginxOnWindows } from './servers/nginx.ts';
import { springPathPattern, springUrlPathHelper } from './servers/spring.ts';
import { tomcat, tomcatDecoding, tomcatLatin1 } from './servers/tomcat.ts';

const DIRECT = [
  nginx,
  nginxOnWindows,
  tomcat,
  tomcatDecoding,
  tomcatLatin1,
  iis,
  springUrlPathHelper,
  springPathPattern,
];
export const MODELS: readonly ServerModel[] = [...DIRECT, iisDecodingAgain, ...DIRECT.map(behindNginx)];
