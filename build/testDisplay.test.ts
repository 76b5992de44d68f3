import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assembleApp, sandboxArguments } from './electronRuntime.ts';
import { findMissing } from './systemPackages.ts';
import { findTestRuntime } from './testApp.ts';
import { type DesktopSession, readMenuLayout, startDesktopSession } from './testDisplay.ts';

const APP = `
const { app, Menu, nativeImage, safeStorage, Tray } = require('electron');
let tray;
app.whenReady().then(() => {
  tray = new Tray(nativeImage.createFromBitmap(Buffer.alloc(22 * 22 * 4, 255), { width: 22, height: 22 }));
  tray.setToolTip('Here');
  tray.on('click', () => console.log('activated'));
  tray.setContextMenu(Menu.buildFromTemplate([
    { label: 'Greyed', enabled: false },
    { type: 'separator' },
    { label: 'Ticked', type: 'checkbox', checked: true },
    { label: 'More', submenu: [{ label: 'Leave', click: () => app.quit() }] },
  ]));
  console.log(safeStorage.getSelectedStorageBackend());
});
`;

const obstacle = await findObstacle();

async function findObstacle(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'needs Linux';
  const missing = await findMissing();
  if (missing.length > 0) return `not installed: ${missing.join(', ')}`;
  return (await findTestRuntime()) ? undefined : 'no Electron runtime';
}

describe('startDesktopSession', () => {
  let session: DesktopSession | undefined;
  let app: ChildProcess;
  let lines: AsyncIterator<string>;

  beforeAll(async () => {
    const runtime = obstacle ? undefined : await findTestRuntime();
    if (!runtime) return;
    session = await startDesktopSession();
    const appFolder = join(session.home, 'app');
    mkdirSync(appFolder);
    writeFileSync(join(appFolder, 'package.json'), '{ "name": "probe", "main": "main.cjs" }');
    writeFileSync(join(appFolder, 'main.cjs'), APP);
    const { executable, args } = await assembleApp({ runtime, appFolder });
    app = spawn(executable, [...args, ...sandboxArguments()], {
      env: session.environment,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    if (app.stdout) lines = createInterface(app.stdout)[Symbol.asyncIterator]();
  });

  afterAll(async () => {
    app?.kill('SIGKILL');
    await session?.stop();
  });

  it('gives an app a screen, a tray and a keyring', async (context) => {
    if (!session) return context.skip(obstacle);
    const { tray } = session;
    await tray.waitForItem();
    expect(await tray.property('ToolTip')).toContain('Here');
    expect(await tray.menu()).toMatchObject([
      { label: 'Greyed', enabled: false },
      { separator: true },
      { label: 'Ticked', checked: true },
      { label: 'More', children: [{ label: 'Leave', enabled: true }] },
    ]);
    expect((await lines.next()).value).toBe('gnome_libsecret');

    await tray.activate();
    expect((await lines.next()).value).toBe('activated');

    await session.screenshot(join(session.home, 'screen.png'));
    expect(readFileSync(join(session.home, 'screen.png')).subarray(1, 4).toString()).toBe('PNG');

    await session.lockKeyring();
    await session.unlockKeyring();

    await expect(tray.click('Greyed')).rejects.toThrow('greyed out');
    await expect(tray.click('Absent')).rejects.toThrow('No "Absent"');
    const left = once(app, 'exit');
    await tray.click('Leave');
    expect(await left).toEqual([0, null]);
  });

  it('leaves nothing behind', async (context) => {
    if (obstacle) return context.skip(obstacle);
    const passing = await startDesktopSession({ panel: false });
    await passing.stop();
    expect(existsSync(passing.home)).toBe(false);
  });
});

it('readMenuLayout drops access keys', () => {
  const answer = [7, [0, {}, [[1, { label: 'Sign _in as a__b' }, []]]]];
  expect(readMenuLayout(answer)[0]?.label).toBe('Sign in as a_b');
});
