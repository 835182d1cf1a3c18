/** What README and tutorial show of the demo, held against the demo itself. Needs `npm run build` before. */

import { expect, test } from 'vitest';
import type { DemoOutput } from '../demo/demo-output.ts';
import { startGatewayProcess } from '../demo/gateway-process.ts';
import { BILLING, PROFILE, runSteps } from '../demo/steps.ts';
import { startAuthorizationServer } from '../support/authorization-server.ts';
import { startUpstream } from '../support/upstream.ts';
import { eventually } from '../support/waiting.ts';
import { readPages } from './markdown.ts';
import { isShown } from './shown-output.ts';

/** Writes as the demo does, into a list. */
function createRecorder(): DemoOutput & { readonly lines: string[] } {
  const lines: string[] = [];
  const failures: string[] = [];
  let steps = 0;
  return {
    lines,
    failures,
    step: sentence => {
      steps += 1;
      lines.push(`${steps}. ${sentence}`);
    },
    show: (...shown) => lines.push(...shown.map(line => `     ${line}`)),
    print: (...printed) => lines.push(...printed),
    check: (sentence, facts) => {
      failures.push(...Object.keys(facts).filter(fact => !facts[fact]));
      lines.push(`   ✓ ${sentence}`);
    },
  };
}

test('README.md and docs/tutorial/demo.md: show what the demo prints', async () => {
  const blocks = readPages().flatMap(page => page.blocks.filter(({ notes }) => notes.demo !== undefined));
  expect(blocks.map(({ page }) => page).toSorted()).toEqual(['README.md', 'docs/tutorial/demo.md']);
  const printed = await runDemo();
  for (const { page, text } of blocks) {
    if (!isShown(`…\n${text.trim()}\n…`, printed)) expect(printed, page).toBe(text);
  }
  expect(isShown('…\n   ✓ refused: the token is for billing\n…', printed)).toBe(false);
});

async function runDemo(): Promise<string> {
  const authorizationServer = await startAuthorizationServer({
    issuer: 'https://login.example.com',
    clients: [{ clientId: 'demo-client', clientSecret: 'demo-secret' }],
    resources: [
      { resource: PROFILE, scopes: ['profile:read'] },
      { resource: BILLING, scopes: ['billing:read', 'billing:write'] },
    ],
  });
  const [profile, billing] = await Promise.all([
    startUpstream({ name: 'profile' }),
    startUpstream({ name: 'billing' }),
  ]);
  const gateway = await startGatewayProcess({
    DEMO_JWKS_URI: authorizationServer.jwksUri,
    DEMO_PROFILE: profile.origin,
    DEMO_BILLING: billing.origin,
  });
  const recorder = createRecorder();
  try {
    // The demo itself waits for 5 s only, which a busy machine may not meet.
    await eventually(() => isReady(gateway.adminOrigin));
    await runSteps({ authorizationServer, profile, billing, gateway }, recorder);
  } finally {
    await gateway.close();
    await Promise.all([authorizationServer.close(), profile.close(), billing.close()]);
  }
  expect(recorder.failures).toEqual([]);
  return recorder.lines.join('\n');
}

async function isReady(origin: string): Promise<boolean> {
  return origin !== '' && (await fetch(`${origin}/readyz`)).ok;
}
