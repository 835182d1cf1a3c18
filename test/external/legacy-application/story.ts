/** What the visitor does, step by step, while instances of the application are restarted. */

import type { Instance, LegacyApplication } from '../../support/legacy-application.ts';
import { eventually } from '../../support/waiting.ts';
import { PREFIX } from './variant.ts';
import type { Observation, Visitor } from './visitor.ts';

interface Stage {
  readonly visitor: Visitor;
  readonly application: LegacyApplication;
}

/** @returns text for what it found out beside what is shown. */
type Step = (stage: Stage) => Promise<unknown>;

const FILE = { name: 'invoice.pdf', mimeType: 'application/pdf', buffer: Buffer.alloc(5_000_000, 'an invoice\n') };

const open =
  (path: string): Step =>
  ({ visitor }) =>
    visitor.go(`${PREFIX}${path}`);

const click =
  (selector: string): Step =>
  ({ visitor }) =>
    visitor.follow(() => visitor.page.click(selector));

/** Before the login is refused, or done. */
const ENTRY: Readonly<Record<string, Step>> = {
  'first visit': open('/'),
  'log in': async ({ visitor }) => {
    await visitor.page.fill('[name=user]', 'alice');
    await visitor.page.fill('[name=password]', 'open sesame');
    await visitor.follow(() => visitor.page.click('button'));
  },
};

const REST: Readonly<Record<string, Step>> = {
  'each form of redirect': open('/chain'),
  'a relative link': click('#up'),
  'a link with an absolute path': click('#absolute'),
  'the first instance is down': withInstanceDown(0),
  'the second instance is down': withInstanceDown(1),
  'a page that goes on by Refresh': async ({ visitor }) => {
    await visitor.go(`${PREFIX}/refresh`);
    await visitor.page.waitForURL('**/refreshed');
  },
  'a script that Link announces': open('/preload'),
  'a cookie for some pages': open('/documents/preferences/'),
  'and again': open('/documents/preferences/'),
  upload: async stage => sendFile(stage),
  'upload while the other instance restarts': async stage => {
    const { held, sent, instance: busy } = await beginUpload(stage);
    const [first, second] = stage.application.instances;
    const other = busy === first ? second : first;
    await other.stop();
    await other.start();
    held.release();
    await sent;
    await untilServed(stage.visitor, other);
  },
  'upload whose instance is killed': async stage => {
    const { held, sent, instance } = await beginUpload(stage);
    await instance.kill();
    held.release();
    await sent;
    await instance.start();
    await stage.visitor.go(`${PREFIX}/documents/`);
    await untilServed(stage.visitor, instance);
  },
  'WebSocket, whose instance restarts': async ({ visitor, application }) => {
    const accepted = application.nextWebSocket();
    await visitor.go(`${PREFIX}/live`);
    const instance = await accepted;
    await waitForText(visitor, 1, '70000 bytes');
    await instance.stop();
    await waitForText(visitor, 2, '70000 bytes');
    await instance.start();
    await untilServed(visitor, instance);
  },
  'a page without a length': open('/old'),
  'a page in Latin-1': open('/latin'),
  'a page behind Basic': open('/admin'),
  'an error page of the application': open('/absent'),
  'nothing at all': ({ visitor }) => visitor.go('/elsewhere'),
  'the prefix without its slash': open(''),
  'home once more': open('/home'),
  'a download': ({ visitor }) => visitor.download('#report'),
  'a form that is sent again': click('#moved'),
  'log out': async stage => {
    await open('/home')(stage);
    await click('#logout')(stage);
  },
  'home without a session': open('/home'),
};

/** @returns what was seen after each step. @param isRefused whether the story ends at the login. */
export async function tell(stage: Stage, isRefused: boolean): Promise<readonly Observation[]> {
  const seen: Observation[] = [];
  for (const [name, step] of Object.entries(isRefused ? ENTRY : { ...ENTRY, ...REST })) {
    const note = await step(stage);
    seen.push(await stage.visitor.observe(name, typeof note === 'string' ? note : ''));
  }
  return seen;
}

/** Three pages, so that both instances would have had one. */
function withInstanceDown(index: 0 | 1): Step {
  return async ({ visitor, application }) => {
    const instance = application.instances[index];
    await instance.stop();
    for (let page = 0; page < 3; page++) await visitor.go(`${PREFIX}/home`);
    await instance.start();
    await untilServed(visitor, instance);
  };
}

/** A proxy leaves out for a while what it could not connect to. */
async function untilServed(visitor: Visitor, { port }: Instance): Promise<void> {
  await eventually(async () => (await visitor.findInstance(`${PREFIX}/login`)) === port);
}

/** Until its first piece is at an instance, which waits then. */
async function beginUpload(stage: Stage) {
  const held = stage.application.holdUpload();
  const sent = sendFile(stage);
  const lost = sent.then(() => {
    throw new Error('the upload has ended, and did not arrive');
  });
  return { held, sent, instance: await Promise.race([held.instance, lost]) };
}

async function sendFile({ visitor }: Stage): Promise<void> {
  await visitor.go(`${PREFIX}/upload`);
  await visitor.page.setInputFiles('[name=file]', FILE);
  await visitor.follow(() => visitor.page.click('button'));
}

/** Waits until the page shows `text` `count` times. */
async function waitForText({ page }: Visitor, count: number, text: string): Promise<void> {
  await page.waitForFunction(`document.body.innerText.split(${JSON.stringify(text)}).length > ${count}`);
}
