import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import openApi from '../openapi.json' with { type: 'json' };
import { type Headless, projectFolder, startHeadless } from './support/headless.ts';
import { builtDocs, startOpenHost } from './support/openHost.ts';
import { asOtherUser, runAsOtherUser, whyNoOtherUser } from './support/otherUser.ts';

const program = '/usr/bin/chromium';
/** The name of a site that is not ours. Its pages come from this machine: there is no other. */
const foreignSite = 'site.test';
const operationIds = Object.values(openApi.paths).flatMap((methods) =>
  Object.values(methods).map(({ operationId }: { operationId: string }) => operationId),
);
const assets = ['openapi.js', 'page.css', 'page.js', 'swagger-ui.css', 'swagger-ui-bundle.js'];

/** What could be in the viewer, which is not our code: it runs in the page, and again as a worker of it. */
const hostileViewer = `
const heard = (realm, path) => new Promise((resolve) => {
  try {
    const socket = new realm.WebSocket(location.origin.replace('http', 'ws') + path);
    socket.onmessage = ({ data }) => resolve(data);
    socket.onerror = () => resolve('[error]');
  } catch { resolve('[error]'); }
});
const read = (realm, path) => realm.fetch(location.origin + path).then((answer) => answer.text(), () => '[error]');
const learn = (realm) => Promise.all([
  heard(realm, '/user/stream'), heard(realm, '/.well-known/stream/health'),
  read(realm, '/user/access_token'), read(realm, '/userinfo'),
]).then((all) => all.join(' '));
if (globalThis.document) {
  const inWorker = new Promise((resolve) => {
    const worker = new Worker('/docs/swagger-ui-bundle.js');
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = () => resolve('[error] [error] [error] [error]');
  });
  const inWindow = async (path) => {
    const opened = window.open(path);
    for (let tries = 0; tries < 20; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      try {
        if (opened.location.pathname === path && opened.document.readyState === 'complete') return await learn(opened);
      } catch {}
    }
    return '[no window]';
  };
  globalThis.learned = Promise.all([
    learn(globalThis).then((all) => 'page: ' + all),
    inWorker.then((all) => 'worker: ' + all),
    inWindow('/openapi.json').then((all) => 'window of /openapi.json: ' + all),
    inWindow('/nowhere').then((all) => 'window of /nowhere: ' + all),
  ]);
} else learn(globalThis).then((all) => postMessage(all));
`;

let host: Headless;
beforeAll(async () => {
  host = await startHeadless();
});
afterAll(() => host.stop());

describe('/docs in a browser', () => {
  let browser: Browser | undefined;
  beforeAll(async () => {
    if (!existsSync(program)) return;
    browser = await chromium.launch({
      executablePath: program,
      // The sandbox is off because the tests may run as root.
      args: ['--no-sandbox', '--disable-gpu', `--host-resolver-rules=MAP ${foreignSite} 127.0.0.1`],
    });
  });
  afterAll(() => browser?.close());
  beforeEach((context) => {
    if (!browser) context.skip(`not installed: chromium (${program})`);
  });

  async function openPage(colorScheme: 'light' | 'dark' = 'light'): Promise<Page> {
    if (!browser) throw new Error('no browser');
    const page = await browser.newPage({ colorScheme, viewport: { width: 1100, height: 900 } });
    onTestFinished(() => page.close());
    return page;
  }

  /** @returns what the browser reports meanwhile, and later: what the policy blocked, errors, requests to elsewhere */
  async function openDocs(page: Page): Promise<readonly string[]> {
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`));
    page.on('request', (request) => {
      const { protocol, origin } = new URL(request.url());
      if (protocol !== 'data:' && origin !== host.address) complaints.push(`to elsewhere: ${request.url()}`);
    });
    await page.goto(`${host.address}/docs`);
    await page.locator('.opblock').first().waitFor();
    return complaints;
  }

  test.each(['light', 'dark'] as const)('shows every operation, in %s', async (colorScheme) => {
    const page = await openPage(colorScheme);
    const complaints = await openDocs(page);
    const shown = await page.locator('.opblock-summary-operation-id').allInnerTexts();
    // Swagger UI puts invisible characters where a name may be broken.
    expect(shown.map((text) => text.replaceAll('\u200b', '')).sort()).toEqual([...operationIds].sort());
    expect(await page.getByText('All error codes').count()).toBe(1);
    expect(complaints).toEqual([]);
  });

  // What is drawn only when it is opened must get along with the policy too. A second for each on a busy machine.
  test('shows all of every operation, and offers to call none', { timeout: 120_000 }, async () => {
    const page = await openPage();
    const complaints = await openDocs(page);
    await page.evaluate("document.querySelectorAll('.opblock-summary-control').forEach((one) => one.click())");
    await page.evaluate("document.querySelector('.models-control').click()");
    await page.locator('.models.is-open').waitFor({ timeout: 100_000 });
    expect(await page.locator('.opblock.is-open').count()).toBe(operationIds.length);
    expect(await page.getByText('Used by: ').count()).toBe(operationIds.length);
    expect(await page.getByText('Try it out').count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Execute' }).count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test('follows the system when it changes between light and dark', async () => {
    const page = await openPage('light');
    await openDocs(page);
    const background = () => page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor');
    const light = await background();
    await page.emulateMedia({ colorScheme: 'dark' });
    await expect.poll(background).not.toBe(light);
    await page.emulateMedia({ colorScheme: 'light' });
    await expect.poll(background).toBe(light);
  });

  test('its scripts cannot ask the API for anything', async () => {
    const page = await openPage();
    await openDocs(page);
    const outcome = await page.evaluate<string[]>(`Promise.all([
      fetch('/userinfo').then(String, (error) => error.name),
      new Promise((resolve) => {
        document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective));
      }),
    ])`);
    expect(outcome).toEqual(['TypeError', 'connect-src']);
    expect(host.errors()).not.toContain('"/userinfo"');
  });

  test('its viewer, were it hostile, learns nothing by a WebSocket either, nor by a worker or a window [L2]', async () => {
    const docsFolder = await mkdtemp(join(tmpdir(), 'loopgate-docs-'));
    onTestFinished(() => rm(docsFolder, { recursive: true }));
    await cp(builtDocs, docsFolder, { recursive: true });
    await writeFile(join(docsFolder, 'swagger-ui-bundle.js'), hostileViewer);
    const open = await startOpenHost({ docsFolder });
    onTestFinished(() => open.stop());
    await open.signIn();
    // There is something to be learned, and what a program's library sends is answered with it.
    const program = new WebSocket(`${open.address.replace('http', 'ws')}/user/stream`, { origin: open.address });
    const [frame]: Buffer[] = await once(program, 'message');
    expect(String(frame)).toContain('Ada Lovelace');
    program.terminate();

    const page = await openPage();
    await page.goto(`${open.address}/docs`);
    const ways = await page.evaluate<string[]>('globalThis.learned');
    expect(page.context().pages()).toHaveLength(3);
    expect(ways.map((way) => way.replace(/:.*/s, ''))).toEqual([
      'page',
      'worker',
      'window of /openapi.json',
      'window of /nowhere',
    ]);
    for (const way of ways) expect(way).toMatch(/: (\[no window\]|(\[error\] ){3}\[error\])$/);
  });

  test('a page of another site may link to it [L3b]', async () => {
    const site = await startForeignSite(`<a href="${host.address}/docs">the API</a>`);
    const page = await openPage();
    await page.goto(site);
    await page.getByText('the API').click();
    await page.locator('.opblock').first().waitFor();
    expect(page.url()).toBe(`${host.address}/docs`);
  });

  test('a page of another site cannot frame it', async () => {
    const site = await startForeignSite(`<iframe src="${host.address}/docs"></iframe>`);
    const page = await openPage();
    const framed = page.waitForResponse(`${host.address}/docs`);
    await page.goto(site);
    expect((await framed).status()).toBe(403);
    expect(await page.frameLocator('iframe').locator('.opblock').count()).toBe(0);
  });

  test.each(assets)('a page of another site cannot load /docs/%s', async (asset) => {
    const address = `${host.address}/docs/${asset}`;
    const element = asset.endsWith('.js')
      ? `<script src="${address}" onload="document.title='loaded'" onerror="document.title='refused'"></script>`
      : `<link rel="stylesheet" href="${address}" onload="document.title='loaded'" onerror="document.title='refused'">`;
    const site = await startForeignSite(element);
    const page = await openPage();
    await page.goto(site);
    await expect.poll(() => page.title()).toBe('refused');
    await host.waitForLine(new RegExp(`"path":"/docs/${asset}","status":403`));
    // Nor by going there: only the page itself may be linked to.
    const answer = page.waitForResponse(address);
    await page.evaluate(`location.href = ${JSON.stringify(address)}`);
    expect((await answer).status()).toBe(403);
  });
});

describe('/docs', () => {
  const policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'none'; worker-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

  test('is a page with a policy that lets nothing in or out', async () => {
    const response = await fetch(`${host.address}/docs`);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'cache-control': 'no-store',
    });
    expect(await response.text()).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc="\/docs\/)|https?:/);
  });

  test.each(assets)('/docs/%s has its content type, and is not sniffed', async (asset) => {
    const response = await fetch(`${host.address}/docs/${asset}`);
    const type = asset.endsWith('.css') ? 'text/css' : 'text/javascript';
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(`${type}; charset=utf-8`);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  test.each([
    '/docs/',
    '/docs/page.html',
    '/docs/LICENSE',
    '/docs/../index.cjs',
    '/docs/%2e%2e/index.cjs',
    '/docs/..%2findex.cjs',
    '/docs/page.js/../../index.cjs',
    '/docs//page.js',
    '/docs/page.js%00.css',
    '/Docs',
  ])('serves what is on its list and nothing else: %s', async (path) => {
    expect(await statusOf(path)).toBe(404);
  });

  test.each([
    ['same-site', 'navigate', 'iframe', '/docs'],
    ['cross-site', 'navigate', 'iframe', '/docs'],
    ['cross-site', 'no-cors', 'script', '/docs'],
    ['cross-site', 'navigate', 'document', '/docs/openapi.js'],
    ['cross-site', 'navigate', 'document', '/docs/'],
    ['cross-site', 'navigate', 'document', '/docsx'],
  ])('is refused to %s %s %s for %s', async (site, mode, destination, path) => {
    const headers = { 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': mode, 'Sec-Fetch-Dest': destination };
    expect(await statusOf(path, headers)).toBe(403);
  });

  test('a form of another site cannot be sent to it', async () => {
    const headers = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' };
    expect(await statusOf('/docs', headers)).toBe(200);
    expect(await statusOf('/docs', headers, 'POST')).toBe(403);
  });

  test('another user of this machine is refused', async (context) => {
    if (whyNoOtherUser) context.skip(whyNoOtherUser);
    expect(asOtherUser[0]).toBe('setpriv');
    for (const path of ['/docs', ...assets.map((asset) => `/docs/${asset}`)]) {
      const status = ['curl', '--silent', '--output', '/dev/null', '--write-out', '%{http_code}'];
      expect(await runAsOtherUser([...status, `${host.address}${path}`])).toBe('403');
    }
  });

  test('the desktop app brings the same files along, with their licences', async () => {
    const [main, headless] = await Promise.all(
      ['main', 'headless'].map((part) => readdir(join(projectFolder, 'out', part, 'docs'))),
    );
    expect(main).toEqual(headless);
    expect(main).toEqual(expect.arrayContaining(['LICENSE', 'NOTICE', 'page.html', 'swagger-ui-bundle.js']));
  });
});

/** A site of somebody else with one page. @returns its address */
async function startForeignSite(content: string): Promise<string> {
  const server: Server = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end(`<!doctype html><title></title>${content}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://${foreignSite}:${address.port}/`;
}

/** Sends the path as it is, which fetch would tidy up. */
function statusOf(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<number> {
  return new Promise((resolve, reject) => {
    httpRequest({
      host: '127.0.0.1',
      port: host.port,
      path,
      headers: { ...headers, Host: `localhost:${host.port}` },
      method,
    })
      .once('response', (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
      .once('error', reject)
      .end();
  });
}
