/**
 * Local Network Access: what browsers do before a page of an allowed origin (the setting `origins`) reaches Loopgate. All is this
 * machine here, so the browsers are told to take the addresses of the sites for ones of the Internet. They have no window:
 * Chromium then answers its question with no, and Firefox waits for an answer.
 */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, onTestFinished, type TestContext, test } from 'vitest';
import { type Pair, startPair } from './support/client.ts';
import {
  type Engine,
  type EngineName,
  enginePrograms,
  type Frame,
  startChromium,
  type Tab,
} from './support/engines.ts';
import { Firefox } from './support/firefox.ts';
import { type HostileSite, startHostileSite } from './support/hostileSite.ts';
import { managedMachine, whyNoPolicy } from './support/managedMachine.ts';

let site: HostileSite;
let pair: Pair;
/** Both are in the setting. */
let secure: string;
let plain: string;
let token: string;
const engines: { Chromium?: Engine; Firefox?: Engine } = {};

const start = (name: EngineName, program?: string): Promise<Engine> =>
  name === 'Chromium'
    ? startChromium(
        [...site.browserFlags, `--ip-address-space-overrides=${site.listensAt.map((at) => `${at}=public`).join()}`],
        program,
      )
    : Firefox.start({ 'network.lna.address_space.public.override': site.listensAt.join() }, program);

beforeAll(async () => {
  site = await startHostileSite();
  secure = site.address('tool.example');
  plain = site.address('tool.example', 'http');
  pair = await startPair({ host: { environment: { LOOPGATE_ORIGINS: `${secure},${plain}` } }, browser: true });
  expect((await fetch(`${pair.host.address}/os/sign_in`, { method: 'POST' })).status).toBe(200);
  token = await (await fetch(`${pair.host.address}/user/access_token`)).text();
  for (const name of ['Chromium', 'Firefox'] as const) {
    if (existsSync(enginePrograms[name])) engines[name] = await start(name);
  }
});
afterAll(async () => {
  await Promise.all([engines.Chromium?.close(), engines.Firefox?.close()]);
  await Promise.all([site?.stop(), pair?.stop()]);
});

async function browse(name: EngineName, context: TestContext): Promise<Tab> {
  const engine = engines[name];
  if (!engine) context.skip(`not installed: ${name} (${enginePrograms[name]})`);
  const tab = await engine.browse();
  onTestFinished(() => tab.close());
  // Debian's first release of a year has an older Firefox than its security updates.
  const isKnown = await tab.evaluate(
    "navigator.permissions.query({ name: 'loopback-network' }).then(() => true, () => false)",
  );
  if (!isKnown) context.skip(`${name} is too old: it asks nobody`);
  return tab;
}

const permission = (frame: Frame) =>
  frame.evaluate("navigator.permissions.query({ name: 'loopback-network' }).then(({ state }) => state)");

/** A page that calls, in each of the ways that a page has, as a script whose value is what it got. */
const ways = {
  fetch: (address: string) => `fetch('${address}/user/access_token').then((answer) => answer.text(), String)`,
  'fetch of 127.0.0.1': (address: string) =>
    `fetch('${address.replace('localhost', '127.0.0.1')}/user/access_token').then((answer) => answer.text(), String)`,
  'fetch that asks first': (address: string) =>
    `fetch('${address}/user/access_token', { headers: json }).then((answer) => answer.text(), String)`,
  'fetch that names the address space': (address: string) =>
    `fetch('${address}/user/access_token', { targetAddressSpace: 'loopback' }).then((answer) => answer.text(), String)`,
  'fetch of a worker': (address: string) => `new Promise((resolve) => {
    const code = "fetch('${address}/user/access_token').then((answer) => answer.text(), String).then(postMessage)";
    new Worker(URL.createObjectURL(new Blob([code]))).onmessage = ({ data }) => resolve(data);
  })`,
};
const callFrom = (frame: Frame, way: keyof typeof ways) => frame.evaluate(ways[way](pair.host.address));
const stream = (frame: Frame) =>
  frame.evaluate(`attack('WebSocket', [{ address: '${pair.host.address}/user/stream' }])`);

const wayNames = Object.keys(ways) as (keyof typeof ways)[];
const isRefused = expect.stringMatching(/^TypeError/);

/** Whether Loopgate has had a request of a page since it was last asked. A request of our own marks the place in its log. */
async function cameThrough(): Promise<boolean> {
  const parts = () => pair.host.errors().split('"method":"DELETE"');
  const before = parts().length;
  await fetch(`${pair.host.address}/nowhere`, { method: 'DELETE' });
  await expect.poll(() => parts().length, { timeout: 20_000 }).toBe(before + 1);
  return parts().at(-2)?.includes('"path":"/user/access_token"') ?? false;
}

describe('Chromium', { timeout: 60_000 }, () => {
  test('nobody has said yes: nothing of a page by https reaches Loopgate', async (context) => {
    const tab = await browse('Chromium', context);
    await tab.goto(`${secure}/`);
    await cameThrough();
    for (const way of wayNames) expect(await callFrom(tab, way), way).toEqual(isRefused);
    expect(await stream(tab)).toEqual([expect.stringMatching(/^error/)]);
    expect(await cameThrough()).toBe(false);
  });

  test('the person has said yes: all of it does', async (context) => {
    const tab = await browse('Chromium', context);
    await tab.permitLoopback(secure);
    await tab.goto(`${secure}/`);
    expect(await permission(tab)).toBe('granted');
    for (const way of wayNames) {
      expect(await callFrom(tab, way), way).toBe(token);
      expect(await cameThrough(), way).toBe(true);
    }
    expect(await stream(tab)).toEqual([expect.stringMatching(/^message/)]);
  });

  test('a page without https: nothing of it', async (context) => {
    const tab = await browse('Chromium', context);
    await tab.goto(`${plain}/`);
    await cameThrough();
    // Newer ones say 'denied', older ones 'prompt'.
    expect(await permission(tab)).not.toBe('granted');
    for (const way of wayNames) expect(await callFrom(tab, way), way).toEqual(isRefused);
    expect(await cameThrough()).toBe(false);
  });
});

describe('Firefox', { timeout: 60_000 }, () => {
  test.for(['https', 'http'] as const)(
    'a page by %s: the person is asked, and nothing is sent before',
    async (scheme, context) => {
      const tab = await browse('Firefox', context);
      await tab.goto(`${site.address('tool.example', scheme)}/`);
      await cameThrough();
      expect(await permission(tab)).toBe('prompt');
      // What waits for the person never ends. Loopgate itself has answered ten times in the meantime, as a WebSocket asks nobody.
      const others = `(async () => {
        for (let count = 0; count < 10; count++) await attack('WebSocket', [{ address: '${pair.host.address}/user/stream' }]);
        return 'waits';
      })()`;
      const call = ways.fetch(pair.host.address);
      expect(await tab.evaluate(`Promise.race([${call}, ${others}])`)).toBe('waits');
      expect(await cameThrough()).toBe(false);
    },
  );

  test.for(['https', 'http'] as const)('a page by %s: the person has said yes', async (scheme, context) => {
    const tab = await browse('Firefox', context);
    await tab.permitLoopback(site.address('tool.example', scheme));
    await tab.goto(`${site.address('tool.example', scheme)}/`);
    expect(await permission(tab)).toBe('granted');
    for (const way of wayNames) expect(await callFrom(tab, way), way).toBe(token);
  });

  test('a WebSocket asks nobody', async (context) => {
    const tab = await browse('Firefox', context);
    await tab.goto(`${secure}/`);
    expect(await stream(tab)).toEqual([expect.stringMatching(/^message/)]);
    expect(await permission(tab)).toBe('prompt');
  });
});

describe.skipIf(whyNoPolicy)('a policy of the browser answers for the person', { timeout: 60_000 }, () => {
  const chromiumPolicy = 'chromium/policies/managed/company.json';
  const firefoxPolicy = 'firefox/policies/policies.json';
  const rows: [EngineName, string, string, (origin: string) => object, 'reaches' | 'does not reach'][] = [
    [
      'Chromium',
      'LoopbackNetworkAllowedForUrls',
      chromiumPolicy,
      (origin) => ({ LoopbackNetworkAllowedForUrls: [origin] }),
      'reaches',
    ],
    [
      'Chromium',
      'LocalNetworkAccessAllowedForUrls',
      chromiumPolicy,
      (origin) => ({ LocalNetworkAccessAllowedForUrls: [origin] }),
      'reaches',
    ],
    [
      'Chromium',
      'LoopbackNetworkBlockedForUrls beside LoopbackNetworkAllowedForUrls',
      chromiumPolicy,
      (origin) => ({ LoopbackNetworkAllowedForUrls: [origin], LoopbackNetworkBlockedForUrls: [origin] }),
      'does not reach',
    ],
    [
      'Firefox',
      'SkipDomains',
      firefoxPolicy,
      () => ({ policies: { LocalNetworkAccess: { SkipDomains: ['tool.example'] } } }),
      'reaches',
    ],
    [
      'Firefox',
      'Enabled: false',
      firefoxPolicy,
      () => ({ policies: { LocalNetworkAccess: { Enabled: false } } }),
      'reaches',
    ],
  ];

  test.for(rows)('%s, %s', async ([name, , path, policy, end], context) => {
    if (!engines[name]) context.skip(`not installed: ${name} (${enginePrograms[name]})`);
    const machine = await managedMachine('{}', { etc: { [path]: JSON.stringify(policy(secure)) } });
    onTestFinished(() => machine.remove());
    const engine = await start(name, await machine.commandFor(enginePrograms[name]));
    onTestFinished(() => engine.close());
    const tab = await engine.browse();
    await tab.goto(`${secure}/`);
    expect(await callFrom(tab, 'fetch')).toEqual(end === 'reaches' ? token : isRefused);
    if (name === 'Firefox') return;
    // No policy of that kind helps a page without https.
    await tab.goto(`${plain}/`);
    expect(await callFrom(tab, 'fetch')).toEqual(isRefused);
  });
});
