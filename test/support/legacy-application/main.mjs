/**
 * One instance of a web application that knows nothing of gateways: sessions by cookie, absolute redirects, a certificate of a
 * private CA. What it needs of other instances is in files that they share. Run as a process of its own:
 *
 *     node main.mjs --port 8443 --cert tls.crt --key tls.key --data FOLDER [--base /app] [--installed URL] [--proxy-headers]
 *
 * `--installed`: the URL that was typed in when it was installed, the same for every instance; some redirects name it.
 * `--proxy-headers`: it believes X-Forwarded-Host and X-Forwarded-Prefix, as frameworks do where they are told to. SIGTERM ends it
 * when its requests have ended. Over the channel of `fork` it tells of what happens (`event`), and holds uploads that `hold` asks for.
 */

import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { parseArgs } from 'node:util';
import { Address } from './address.mjs';
import { serve } from './pages.mjs';
import { Sessions } from './sessions.mjs';
import { Sockets } from './sockets.mjs';
import { Uploads } from './uploads.mjs';

const { values: options } = parseArgs({
  options: {
    port: { type: 'string' },
    cert: { type: 'string' },
    key: { type: 'string' },
    data: { type: 'string' },
    base: { type: 'string', default: '' },
    installed: { type: 'string' },
    'proxy-headers': { type: 'boolean', default: false },
  },
});

const tell = event => process.send?.({ event });
const sessions = new Sessions(options.data);
const uploads = new Uploads(options.data, tell);
const sockets = new Sockets(sessions, tell);
const locate = request => new Address(request, options);

const server = createServer(
  { cert: readFileSync(options.cert), key: readFileSync(options.key) },
  (request, response) => {
    serve({ request, response, address: locate(request), sessions, uploads }).catch(error => {
      process.stderr.write(`${error.stack}\n`);
      response.destroy();
    });
  },
);
// Longer than any story: where the server closes first, a proxy may send a form into a connection that is gone.
server.keepAliveTimeout = 600_000;
server.on('upgrade', (request, socket, head) => sockets.accept(request, socket, head, locate(request)));
server.listen(Number(options.port), '127.0.0.1', () => tell('listening'));

process.on('message', message => uploads.control(message));
process.once('disconnect', () => process.exit());
process.once('SIGTERM', () => {
  server.close(() => process.disconnect?.());
  server.closeIdleConnections();
  server.keepAliveTimeout = 1;
  sockets.close();
});
