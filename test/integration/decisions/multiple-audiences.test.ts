/** Narrowing `multiple_audiences`: the counter, `simulate` and the gateway with the narrower rule agree. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runSimulate } from '../../support/commands.ts';
import { startGateway } from '../../support/gateway.ts';
import { bearer, request } from '../../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const OWN = 'https://a.example.com/';
const SIBLING = 'https://b.example.com/';
const FOREIGN = 'https://elsewhere.example.com/';

let issuer: TokenIssuer;
let upstream: Upstream;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'audgate-narrowing-'));
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await Promise.all([issuer.close(), upstream.close()]);
});

const gatewayYaml = (rule: string, enforcement: string) => `
issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" } }
routes:
  /a: { resource: "${OWN}", upstream: "${upstream.origin}", multiple_audiences: ${rule}, enforcement: ${enforcement}, forward_token: false }
  /b: { resource: "${SIBLING}", upstream: "${upstream.origin}" }
`;

/** @returns the statuses, the counter of /a and the log of one request for each list of audiences. */
async function requestEach(yaml: string, audiences: readonly (readonly string[])[]) {
  const gateway = await startGateway(yaml);
  const statuses: number[] = [];
  for (const aud of audiences) {
    const headers = [bearer(await issuer.sign({ claims: { aud: [...aud] } }))] as const;
    statuses.push((await request(gateway.port, { path: '/a', headers })).status);
  }
  const log = await gateway.requestLines(audiences.length);
  const page = await gateway.scrape();
  await gateway.close();
  const count = (outcome: string) =>
    Number(
      new RegExp(`audgate_multiple_audience_tokens_total\\{route="/a",outcome="${outcome}"\\} (\\d+)`).exec(page)?.[1],
    );
  return { statuses, known: count('known'), foreign: count('foreign'), log };
}

test.each([
  ['one audience each', [[OWN], [OWN]], { known: 0, foreign: 0 }, { known: 0, only: 0 }],
  ['audiences of this gateway', [[OWN], [OWN, SIBLING]], { known: 1, foreign: 0 }, { known: 0, only: 1 }],
  ['the same audience twice', [[OWN, OWN]], { known: 1, foreign: 0 }, { known: 0, only: 1 }],
  [
    'a foreign audience',
    [
      [OWN, FOREIGN],
      [OWN, SIBLING],
    ],
    { known: 1, foreign: 1 },
    { known: 1, only: 2 },
  ],
] as const)(
  '%s: the counter predicts what a stricter rule refuses',
  async (_, audiences, counts, breaks) => {
    for (const enforcement of ['enforce', 'report']) {
      const { log, ...counted } = await requestEach(gatewayYaml('any', enforcement), audiences);
      expect(counted).toEqual({ statuses: audiences.map(() => 200), ...counts });
      const file = join(folder, 'log.ndjson');
      writeFileSync(file, log.map(line => `${JSON.stringify(line)}\n`).join(''));
      for (const rule of ['known', 'only'] as const) {
        const narrowed = gatewayYaml(rule, 'enforce');
        writeFileSync(join(folder, 'new.yaml'), narrowed);
        const { code, stdout } = await runSimulate({ config: join(folder, 'new.yaml'), log: file });
        expect({ rule, code }).toEqual({ rule, code: breaks[rule] === 0 ? 0 : 3 });
        expect(JSON.parse(stdout)).toMatchObject({
          judged: audiences.length,
          unchanged: audiences.length - breaks[rule],
        });
        const { statuses } = await requestEach(narrowed, audiences);
        expect(statuses.filter(status => status === 401)).toHaveLength(breaks[rule]);
      }
    }
  },
  60_000,
);
