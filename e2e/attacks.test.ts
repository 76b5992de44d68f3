import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Page } from 'playwright';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, type TestContext, test, vi } from 'vitest';
import { BrowserDouble } from '../demo/identity-provider/person.ts';
import { type Attack, attackScript, attacks, socketAttack, type Target } from './support/attackPage.ts';
import { type Pair, printedAddresses, printedLogin, startPair } from './support/client.ts';
import {
  type Chromium,
  type Engine,
  type EngineName,
  engineNames,
  enginePrograms,
  type Frame,
  startChromium,
  type Tab,
} from './support/engines.ts';
import { Firefox } from './support/firefox.ts';
import { off, type Rule, rules } from './support/guardWithout.ts';
import { type HostileSite, startHostileSite } from './support/hostileSite.ts';
import { type OpenHost, startOpenHost } from './support/openHost.ts';

/** Only for the API of this process: the headless host is a program of its own, with the guard as it is. */
vi.mock('../main/api/guard.ts', async (original) => {
  const real = await original<typeof import('../main/api/guard.ts')>();
  const { withoutRules } = await import('./support/guardWithout.ts');
  const guard: typeof real.guard = (request, policy) => real.guard(withoutRules(request, policy), policy);
  return { ...real, guard };
});

const evilName = 'evil.example';
const toolName = 'tool.example';
const reboundName = 'rebound.example';
const ada = 'Ada Lovelace';
/** A person may have switched these on: without them a link of Firefox's pings nobody. */
const firefoxPreferences = { 'browser.send_pings': true, 'browser.send_pings.require_same_host': false };
/** For a busy machine. */
const patient = { timeout: 20_000 };

/** Those that are installed. */
const engines: { Chromium?: Chromium; Firefox?: Engine } = {};
let site: HostileSite;
let pair: Pair;
let open: OpenHost;
/** The origins of a hostile site and of an allowed one. */
let evil: string;
let tool: string;

beforeAll(async () => {
  site = await startHostileSite();
  evil = site.address(evilName);
  tool = site.address(toolName);
  [pair, open] = await Promise.all([startPair({ host: { environment: { LOOPGATE_ORIGINS: tool } } }), startOpenHost()]);
  if (existsSync(enginePrograms.Chromium)) engines.Chromium = await startChromium(site.browserFlags);
  if (existsSync(enginePrograms.Firefox)) engines.Firefox = await Firefox.start(firefoxPreferences);
});
afterAll(async () => {
  await Promise.all([engines.Chromium?.close(), engines.Firefox?.close()]);
  await Promise.all([site?.stop(), pair?.stop(), open?.stop()]);
});

function skipWithout(name: EngineName, context: TestContext): void {
  if (!engines[name]) context.skip(`not installed: ${name} (${enginePrograms[name]})`);
}

/** The same for all tests of a group. */
const needs = (name: EngineName) => beforeEach((context) => skipWithout(name, context));

const inEachEngine = (some: readonly Place[]) =>
  engineNames.flatMap((engine) => some.map((place) => ({ engine, place })));

/** A person's browser; ends with the test. */
async function browse(name: EngineName): Promise<Tab> {
  const tab = await engines[name]?.browse();
  if (!tab) throw new Error(`no ${name}`);
  onTestFinished(() => tab.close());
  return tab;
}

/** The same, where a test needs more of it. */
async function browsePage(): Promise<Page> {
  const context = await engines.Chromium?.browser.newContext();
  if (!context) throw new Error('no Chromium');
  onTestFinished(() => context.close());
  return context.newPage();
}

/** Where a hostile page comes from. */
interface Place {
  readonly name: string;
  /** How the page of that place calls the host at this port. */
  address(port: number): string;
  /** Gives the frame that attacks. */
  enter(tab: Tab, port: number): Promise<Frame>;
  /** True where the browser lets a form of it reach the callback, whose state is its own proof (L3a). */
  readonly formReachesCallback: boolean;
}

const local = (port: number) => `http://localhost:${port}`;

const anotherSite: Place = {
  name: 'an https site',
  address: local,
  async enter(tab) {
    await tab.goto(`${evil}/`);
    return tab;
  },
  // From https to http a browser says `null` instead of its origin.
  formReachesCallback: true,
};

const rebound: Place = {
  name: 'a name that was rebound to this machine',
  address: (port) => `http://${reboundName}:${port}`,
  async enter(tab, port) {
    // What the name's own server sent before. This answer is a refusal, and from then on scripts are of the same origin.
    await tab.goto(`http://${reboundName}:${port}/before`);
    await tab.evaluate(attackScript);
    return tab;
  },
  formReachesCallback: false,
};

const places: readonly Place[] = [
  anotherSite,
  {
    name: 'a frame without an origin',
    address: local,
    async enter(tab) {
      await tab.goto(`${evil}/framing`);
      return tab.inner();
    },
    formReachesCallback: true,
  },
  {
    name: 'another port of this machine',
    address: local,
    async enter(tab) {
      await tab.goto(`${site.localAddress}/`);
      return tab;
    },
    formReachesCallback: false,
  },
  rebound,
];

/** What the page of that place can do there. */
function attacksFrom(place: Place, engine: EngineName): readonly Attack[] {
  // Firefox can do none of these.
  const isSecureTab = engine === 'Chromium' && [anotherSite, places[2]].includes(place);
  return attacks.filter(({ inSecureTab }) => !inSecureTab || isSecureTab);
}

/** With what an operation would act, where it needs something. */
function parametersOf(path: string): Record<string, string> {
  const { clientId, audience } = pair.provider;
  const known: Readonly<Record<string, Record<string, string>>> = {
    '/authorize': {
      audience,
      scope: 'openid',
      response_type: 'code',
      client_id: clientId,
      code_challenge_method: 'S256',
      code_challenge: createHash('sha256').update(randomUUID()).digest('base64url'),
      response_mode: 'form_post',
    },
    '/oauth/token': { grant_type: 'refresh_token', client_id: clientId },
    '/pkce/response/code': { code: 'x', state: 'y' },
    '/user/select': { user_id: 'auth0|ada-lovelace' },
    '/user/access_token': { audience },
  };
  return known[path] ?? {};
}

/** Every address that takes this method, from the operations themselves, so that no new one is forgotten. */
function targetsOf(place: Place, method: 'GET' | 'POST', port: number): Target[] {
  const values: Readonly<Record<string, string>> = {
    user: 'auth0%7Cada-lovelace',
    application: 'x',
    id: 'x',
    ticket: 'x',
  };
  const paths = open.operations.filter((operation) => operation.method === method).map(({ path }) => path);
  return [...paths, '/nowhere'].map((path) => {
    const filled = path.replace(/:(\w+)/g, (_, name: string) => {
      const value = values[name];
      if (value === undefined) throw new Error(`${path}: what is :${name}?`);
      return value;
    });
    const fields = parametersOf(path);
    const query = new URLSearchParams(fields).toString();
    return { address: `${place.address(port)}${filled}${query === '' ? '' : `?${query}`}`, fields };
  });
}

const pathOf = ({ address }: Target) => new URL(address).pathname;

/** L3a, L3b: where a tab may go from anywhere. What it finds there has tests of its own, below. */
function mayBeAnswered(place: Place, attack: Attack, target: Target): boolean {
  if (place === rebound || !attack.inTab) return false;
  const path = pathOf(target);
  if (attack.method === 'POST') return path === '/pkce/response/code' && place.formReachesCallback;
  return path === '/docs' || path.startsWith('/pkce/response/');
}

const calling = ({ name }: Attack, targets: readonly Target[]) =>
  `attack(${JSON.stringify(name)}, ${JSON.stringify(targets)})`;

/** Lets the page attack, and gives all that it could see. */
async function attackWith(frame: Frame, attack: Attack, targets: readonly Target[]): Promise<string> {
  // A page behind another tab cannot do everything.
  await frame.bringToFront();
  if (!attack.inTab && !attack.isSilent) return JSON.stringify(await frame.evaluate(calling(attack, targets)));
  const run = (target: Target) => frame.evaluate(`void ${calling(attack, [target])}`);
  for (const target of targets) {
    const ended = frame.requestEnds(target.address);
    await run(target);
    // A tab that is still busy with the answer before now and then goes nowhere: it is sent there again.
    const again = setInterval(() => void run(target).catch(() => undefined), 3_000);
    await ended.finally(() => clearInterval(again));
  }
  return '';
}

/** What the host logs of a request of our own: all that was answered before stands before it. */
const markLine = /^.*"method":"DELETE".*$/gm;
const marks = () => pair.host.errors().match(markLine)?.length ?? 0;

async function markLog(): Promise<void> {
  const before = marks();
  await fetch(`${pair.host.address}/nowhere`, { method: 'DELETE' });
  await expect.poll(marks, patient).toBe(before + 1);
}

/** The statuses of what the host has answered since then, as it logs them. */
function statuses(): number[] {
  const lines = pair.host.errors().split(markLine).at(-1) ?? '';
  return [...lines.matchAll(/"status":(\d+).*"msg":"request"/g)].map(([, status]) => Number(status));
}

/** A program's sign-in that waits for its person, to see whether somebody disturbs it. */
async function waitingSignIn(): Promise<{ state: string; finish(): Promise<void> }> {
  const state = randomUUID();
  const query = new URLSearchParams({ ...parametersOf('/authorize'), state });
  const waiting = fetch(`${pair.host.address}/authorize?${query}`);
  const address = await printedLogin(pair.host, state);
  return {
    state,
    async finish() {
      expect((await new BrowserDouble().signInAs(address, ada)).status).toBe(200);
      expect(await (await waiting).json()).toMatchObject({ state });
    },
  };
}

const whoIsSignedIn = async () => await (await fetch(`${pair.host.address}/userinfo`)).json();

/** Signs Ada Lovelace in at the headless host, unless she is. */
async function signIn(): Promise<void> {
  const { host } = pair;
  if ((await fetch(`${host.address}/userinfo`)).ok) return;
  // A login that still waits would be joined, and nothing printed.
  await fetch(`${host.address}/pkce/clear`, { method: 'POST' });
  const logins = () => printedAddresses(host);
  const before = logins().length;
  const done = fetch(`${host.address}/os/sign_in`, { method: 'POST' });
  await expect.poll(() => logins().length, patient).toBe(before + 1);
  await new BrowserDouble().signInAs(logins().at(-1) ?? '', ada);
  expect((await done).status).toBe(200);
}

/**
 * Attacks, while a sign-in waits: nothing that happens meanwhile may leave a trace.
 * @param attack - gives what the page saw
 */
async function expectNoEffect(attack: (waitingState: string) => Promise<string>): Promise<void> {
  const { host, provider } = pair;
  await signIn();
  const person = (await whoIsSignedIn()) as { name: string; email: string };
  expect(person).toMatchObject({ name: ada });
  const token = await (await fetch(`${host.address}/user/access_token`)).text();
  const waiting = await waitingSignIn();
  const printed = host.output();
  const asked = provider.requests.length;
  await markLog();

  const seen = await attack(waiting.state);

  for (const secret of [person.name, person.email, token]) expect(seen).not.toContain(secret);
  expect(host.output()).toBe(printed);
  expect(provider.requests.slice(asked).map(({ path }) => path)).toEqual([]);
  expect(await whoIsSignedIn()).toEqual(person);
  expect(await (await fetch(`${host.address}/user/access_token`)).text()).toBe(token);
  await waiting.finish();
}

describe.each(inEachEngine(places))('$engine, from $place.name', { timeout: 120_000 }, ({ engine, place }) => {
  needs(engine);

  test('every attack leaves the browser', async () => {
    const { control } = site;
    const frame = await place.enter(await browse(engine), control.port);
    control.arrived.length = 0;
    for (const attack of [...attacksFrom(place, engine), socketAttack]) {
      const path = `/${encodeURIComponent(attack.name)}`;
      await attackWith(frame, attack, [{ address: `${place.address(control.port)}${path}`, fields: { a: 'b' } }]);
      const method = attack.preflight && place !== rebound ? 'OPTIONS' : attack.method;
      await expect
        .poll(() => control.arrived.filter(({ url }) => url === path).map((one) => one.method), {
          message: attack.name,
        })
        .toContain(method);
    }
  });

  test('every attack on every operation gets 403, and has no effect [L1, L2, L3]', async () => {
    const { host } = pair;
    const frame = await place.enter(await browse(engine), host.port);
    await expectNoEffect(async () => {
      const seen: string[] = [];
      let sent = 0;
      let done = false;
      // A frame that gets no refusal may never load.
      const isOpen = vi.waitUntil(() => done || statuses().some((status) => status !== 403), {
        timeout: 120_000,
        interval: 500,
      });
      for (const attack of attacksFrom(place, engine)) {
        const targets = targetsOf(place, attack.method, host.port).filter((target) =>
          attack.isDialogue ? pathOf(target) === '/v2/logout' : !mayBeAnswered(place, attack, target),
        );
        seen.push(await Promise.race([attackWith(frame, attack, targets), isOpen.then(() => '')]));
        sent += targets.length;
      }
      done = true;
      expect(new Set(statuses())).toEqual(new Set([403]));
      const socket = await attackWith(frame, socketAttack, [
        { address: `${place.address(host.port)}/user/stream`, fields: {} },
      ]);
      // Never open.
      expect(JSON.parse(socket)).toEqual([expect.stringMatching(/^(error|close)\b(?!.*open)/)]);
      await expect.poll(() => statuses().length, patient).toBeGreaterThanOrEqual(sent);
      expect(new Set(statuses())).toEqual(new Set([403]));
      return [...seen, socket].join('\n');
    });
  });
});

test.for(engineNames)(
  '%s: a page that goes on and on opens no tab [L8]',
  { timeout: 120_000 },
  async (engine, context) => {
    skipWithout(engine, context);
    const frame = await anotherSite.enter(await browse(engine), pair.host.port);
    const starts = ['/pkce/code', '/os/sign_in', '/authorize'];
    const often = Array.from({ length: 50 }, (_, number) => {
      const path = starts[number % starts.length] ?? '';
      const query = new URLSearchParams({ ...parametersOf(path), number: String(number) });
      return { address: `${pair.host.address}${path}?${query}`, fields: {} };
    });
    const flood = attacks.filter(({ name }) => /^(fetch without CORS|img|beacon|form in an iframe)$/.test(name));
    await expectNoEffect(async () => {
      const seen = await Promise.all(flood.map((attack) => attackWith(frame, attack, often)));
      await expect.poll(() => statuses().length, patient).toBeGreaterThanOrEqual(4 * often.length);
      expect(new Set(statuses())).toEqual(new Set([403]));
      return seen.join('\n');
    });
  },
);

/** The table: which rules stop an attack. Each of them is enough by itself, and no other would help. */
interface Row {
  readonly place: Place;
  readonly attack: Attack;
  readonly heldBy: readonly Rule[];
}

const byFetchMetadata: Rule[] = ['L3'];
const byOriginToo: Rule[] = ['L2', 'L3'];
const tableOf = (engine: EngineName): Row[] => [
  ...attacksFrom(anotherSite, engine).map(
    (attack): Row => ({
      place: anotherSite,
      attack,
      // A GET without CORS has no Origin.
      heldBy: attack.method === 'POST' || /^(fetch|EventSource)$/.test(attack.name) ? byOriginToo : byFetchMetadata,
    }),
  ),
  // A handshake of Chromium's has no Sec-Fetch-Site.
  { place: anotherSite, attack: socketAttack, heldBy: engine === 'Chromium' ? ['L2'] : byOriginToo },
  ...attacksFrom(rebound, engine).map(
    // Neither has anything that comes from a name which is not secure; and to such a page it is its own origin.
    (attack): Row => ({
      place: rebound,
      attack,
      // What is loaded ahead says so to every server.
      heldBy: attack.method === 'POST' ? ['L1', 'L2'] : attack.name === 'prefetch' ? ['L1', 'L3'] : ['L1'],
    }),
  ),
  { place: rebound, attack: socketAttack, heldBy: ['L1', 'L2'] },
];

describe.each(inEachEngine([anotherSite, rebound]))(
  'with rules switched off, $engine, from $place.name',
  ({ engine, place }) => {
    let tab: Tab | undefined;
    let frame: Frame;

    needs(engine);
    beforeAll(async () => {
      tab = await engines[engine]?.browse();
      if (tab) frame = await place.enter(tab, open.port);
    });
    afterAll(() => tab?.close());
    beforeEach(async () => {
      await open.signIn();
      return () => off.clear();
    });

    const rows = tableOf(engine)
      .filter((row) => row.place === place)
      .map((row) => ({ ...row, name: row.attack.name }));

    /** Sends one, and gives the status that it got; 200 for a WebSocket that was told who is signed in. */
    async function statusOf(attack: Attack, path: string): Promise<number> {
      // Another address each time, because the browser may still be busy with the one before.
      const targets = [{ address: `${place.address(open.port)}${path}?${randomUUID()}`, fields: {} }];
      if (attack === socketAttack) return (await attackWith(frame, attack, targets)).includes(ada) ? 200 : 403;
      const answered = open.nextAnswer(path);
      // Not awaited: what a 204 answers never loads. A busy browser opens no tab now and then: it is told again.
      await frame.bringToFront();
      const send = () => frame.evaluate(`void ${calling(attack, targets)}`);
      await send();
      const again = setInterval(() => void send().catch(() => undefined), 5_000);
      return await answered.then(({ status }) => status).finally(() => clearInterval(again));
    }

    test.for(rows)('$name is held by each of $heldBy, and by nothing else', async ({ attack, heldBy }) => {
      const isSocket = attack === socketAttack;
      const path = isSocket ? '/user/stream' : attack.method === 'GET' ? '/userinfo' : '/pkce/clear';
      // What is left of an attack that must ask first: it is not forbidden, but nobody said yes (L4).
      const reached = attack.preflight && place !== rebound ? 405 : attack.method === 'GET' ? 200 : 204;
      expect(await statusOf(attack, path)).toBe(403);
      for (const only of rules) {
        off.clear();
        for (const rule of rules) if (rule !== only) off.add(rule);
        expect(await statusOf(attack, path), `only ${only}`).toBe(heldBy.includes(only) ? 403 : reached);
      }
    });

    const acting = rows.filter(({ attack }) => attack !== socketAttack && (!attack.preflight || place === rebound));

    test.for(acting)('$name without $heldBy signs the person out', async ({ attack, heldBy }) => {
      const path = attack.method === 'GET' ? '/v2/logout' : '/user/clear';
      for (const rule of heldBy) off.add(rule);
      await statusOf(attack, path);
      expect(open.broker.state().person).toBeUndefined();
    });
  },
);

test.for(engineNames)(
  '%s: a rebound name would read the access token without the check of Host [L1]',
  async (engine, context) => {
    skipWithout(engine, context);
    onTestFinished(() => off.clear());
    await open.signIn();
    const token = await (await fetch(`${open.address}/user/access_token`)).text();
    const frame = await rebound.enter(await browse(engine), open.port);
    const read = () => frame.evaluate("fetch('/user/access_token').then((answer) => answer.text())");
    expect(await read()).toContain('forbidden_origin');
    off.add('L1');
    expect(await read()).toBe(token);
  },
);

test.for(engineNames)(
  '%s: a beacon would open a tab without the checks of Origin and Sec-Fetch-Site [L2, L3]',
  async (engine, context) => {
    skipWithout(engine, context);
    onTestFinished(() => off.clear());
    const frame = await anotherSite.enter(await browse(engine), open.port);
    const before = open.opened.length;
    off.add('L2').add('L3');
    const [beacon] = attacks.filter(({ name }) => name === 'beacon');
    if (!beacon) throw new Error('no beacon');
    await attackWith(frame, beacon, [{ address: `${open.address}/pkce/code`, fields: {} }]);
    await expect.poll(() => open.opened.length, patient).toBe(before + 1);
    // Equal sign-ins share a tab (L8): in the next engine it is a new one.
    const { waiting } = open.broker.state();
    if (waiting) open.broker.cancel(waiting.id);
  },
);

/** An authorization that somebody else has made with an account of their own, as their browser would bring it. */
async function codeOfMallory(): Promise<Record<string, string>> {
  const { provider, host } = pair;
  const query = new URLSearchParams({
    ...parametersOf('/authorize'),
    redirect_uri: `${host.address}/pkce/response/code`,
    state: randomUUID(),
  });
  const { fields } = await new BrowserDouble().signInAs(`${provider.issuer}authorize?${query}`, 'Mallory', {
    deliver: false,
  });
  expect(fields).toHaveProperty('code');
  return fields;
}

describe('a login that somebody else began [R2, R9]', { timeout: 60_000 }, () => {
  needs('Chromium');

  const states: readonly [string, (fields: Record<string, string>, waiting: string) => Record<string, string>][] = [
    ['its own state', (fields) => fields],
    ['a made-up state', (fields) => ({ ...fields, state: randomUUID() })],
    [
      'a guess at the state of the login that waits',
      (fields, state) => ({ ...fields, state: `${state.slice(0, -1)}_` }),
    ],
    ['no state', ({ state: _, ...fields }) => fields],
  ];

  test.each(states)('with %s ends in a refusal, by a form and by a link, and ends no login', async (_, change) => {
    const { host, provider } = pair;
    const brought = await codeOfMallory();
    const callback = `${host.address}/pkce/response/code`;
    const page = await browsePage();
    await expectNoEffect(async (waiting) => {
      const fields = new URLSearchParams(change(brought, waiting));
      await page.goto(`${evil}/form?${new URLSearchParams({ to: callback })}&${fields}`);
      await page.getByText('No sign-in was waiting').waitFor();
      expect(page.url()).toBe(callback);
      const posted = await page.content();
      await page.goto(`${evil}/link?${new URLSearchParams({ to: `${callback}?${fields}` })}`);
      await page.getByText('there').click();
      await page.getByText('No sign-in was waiting').waitFor();
      return posted + (await page.content());
    });
    expect(provider.count('/oauth/token')).toBeGreaterThan(0);
  });
});

/** No hostile page may send the person's browser there, and no address that somebody has typed either. */
describe('no way leads to another site [T11, R10]', { timeout: 60_000 }, () => {
  needs('Chromium');

  /** Stands for the other site. */
  const target = 'STOLEN';
  test.each([
    `/v2/logout?returnTo=${target}`,
    `/v2/logout?returnTo=${target}&client_id=x`,
    `/authorize?redirect_uri=${target}`,
    `/pkce/response/code?redirect_uri=${target}&returnTo=${target}&code=x&state=y`,
    `/pkce/response/result/x?returnTo=${target}`,
    '/\\evil.example/stolen',
    '//evil.example/stolen',
  ])('%s, typed', async (pattern) => {
    const { host } = pair;
    const path = pattern.replaceAll(target, encodeURIComponent(`${evil}/stolen`));
    const [before = '', query = ''] = path.split('?');
    const parameters = new URLSearchParams({ ...(before === '/authorize' && parametersOf(before)) });
    for (const [name, value] of new URLSearchParams(query)) parameters.set(name, value);
    const page = await browsePage();
    await expectNoEffect(async () => {
      await page.goto(`${host.address}${before}${parameters.size === 0 ? '' : `?${parameters}`}`);
      expect(new URL(page.url()).origin).toBe(host.address);
      return await page.content();
    });
    expect(site.visits.filter((visit) => visit.includes('/stolen'))).toEqual([]);
  });
});

/**
 * A link in a message opens a site that redirects here: to the browser that is an address which somebody typed, and it says
 * `Sec-Fetch-Site: none`.
 */
test('an address that somebody opens, and that redirects here, has no effect', { timeout: 60_000 }, async (context) => {
  skipWithout('Chromium', context);
  const page = await browsePage();
  const acting = targetsOf(anotherSite, 'GET', pair.host.port).filter(
    (target) => !/^\/(docs|pkce\/response)\b/.test(pathOf(target)),
  );
  await expectNoEffect(async () => {
    for (const { address } of acting) {
      const answered = page.waitForResponse(address);
      await page.goto(`${evil}/redirect?${new URLSearchParams({ to: address })}`);
      await answered;
    }
    // It is the person who sees the page, not the site.
    return '';
  });
});

describe('what must work in that browser', { timeout: 60_000 }, () => {
  needs('Chromium');

  test('/docs, typed and linked to by another site', async () => {
    const page = await browsePage();
    const docs = `${pair.host.address}/docs`;
    await page.goto(docs);
    await page.locator('.opblock').first().waitFor();
    await page.goto(`${evil}/link?${new URLSearchParams({ to: docs })}`);
    await page.getByText('there').click();
    await page.locator('.opblock').first().waitFor();
    expect(page.url()).toBe(docs);
  });

  test('a sign-out that somebody typed: a page asks, its button signs out at the provider too, and is good once [T10]', async () => {
    const { host, provider } = pair;
    await signIn();
    const page = await browsePage();
    const signedIn = () => fetch(`${host.address}/userinfo`).then(({ status }) => status);
    await page.goto(`${host.address}/v2/logout`);
    await page.getByRole('heading', { name: 'Sign out of Loopgate?' }).waitFor();
    expect(await signedIn()).toBe(200);
    const link = await page.getByRole('link', { name: 'Sign out' }).getAttribute('href');
    const ended = provider.waitFor(({ path }) => path === '/v2/logout');
    await page.getByRole('link', { name: 'Sign out' }).click();
    await ended;
    expect(await signedIn()).toBe(401);
    // Kept in the history, or sent on by a site that knew it: it asks again.
    await signIn();
    await page.goto(`${host.address}${link}`);
    await page.getByRole('heading', { name: 'Sign out of Loopgate?' }).waitFor();
    expect(await signedIn()).toBe(200);
  });

  test('the callback, from an https page of the provider [L2, L3a]', async () => {
    const { host } = pair;
    const state = randomUUID();
    const waiting = fetch(`${host.address}/authorize?${new URLSearchParams({ ...parametersOf('/authorize'), state })}`);
    const login = await printedLogin(host, state);
    const { action, fields } = await new BrowserDouble().signInAs(login, ada, { deliver: false });
    const page = await browsePage();
    const sent = page.waitForRequest(action);
    await page.goto(`${site.address('provider.example')}/form?${new URLSearchParams({ to: action, ...fields })}`);
    await page.getByRole('heading', { name: 'Login received' }).waitFor();
    expect((await (await sent).allHeaders()).origin).toBe('null');
    expect(await (await waiting).json()).toMatchObject({ state });
  });

  test('an origin of the setting: a fetch that asks first, one that does not, and a WebSocket [L4]', async () => {
    const { host } = pair;
    await signIn();
    const page = await browsePage();
    await page.goto(`${tool}/`);
    const asked = await page.evaluate<string>(`seenIn(fetch('${host.address}/connect', {
      method: 'POST', headers: json, body: '{"application":{"name":"VS_CODE","version":"1","platform":"LINUX"}}' }))`);
    expect(asked).toContain('cors 200');
    expect(asked).toContain('"application"');
    expect(await page.evaluate<string>(`seenIn(fetch('${host.address}/userinfo'))`)).toContain(ada);
    const [frame] = await page.evaluate<string[]>(`attack('WebSocket', [{ address: '${host.address}/user/stream' }])`);
    expect(frame).toMatch(/^message\b.*Ada Lovelace/);
  });

  test('not another origin beside it [L4]', async () => {
    const page = await browsePage();
    await page.goto(`${evil}/`);
    expect(await page.evaluate<string>(`seenIn(fetch('${pair.host.address}/userinfo'))`)).toMatch(/^TypeError/);
  });
});
