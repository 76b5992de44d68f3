/** Files whose place other programs choose, and what a hostile one puts there while the host runs. */
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Program } from '../main/access/program.ts';
import type { StoredList } from '../main/access/programList.ts';
import { type Pair, startPair } from './support/client.ts';
import { type Answered, errorIn, ProgramFolder, Talker } from './support/consentStage.ts';
import { Doorkeeper } from './support/realPrograms.ts';
import { type ServedFolder, serveFolder, whyNoServing } from './support/servedFolder.ts';

const programs = new ProgramFolder('editor', 'viewer');
const allowed = 200;
const denied = [403, 'consent_denied'];
const outcome = (answer: Answered) => [answer.status, answer.status === allowed ? '' : errorIn(answer)];

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'loopgate-strangers-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }));
});

/** A host that has signed in, and serves what is on its list. Its desktop entries are in a folder of the test's. */
async function hostThatAllows(...executables: string[]): Promise<Pair> {
  const home = join(folder, 'home');
  mkdirSync(home);
  const known = await Promise.all([programs.of('editor'), ...executables].map(programAt));
  const times = { firstUsed: 1, lastUsed: 1 };
  const list: StoredList = {
    version: 1,
    programs: known.map(({ id, name, path, kind, lasting }) => ({
      program: { id, name, path, kind, lasting },
      ...times,
      decision: 'allowed',
      wishes: ['tokens'],
    })),
    history: [],
    origins: [],
  };
  writeFileSync(join(home, 'programs.json'), JSON.stringify(list), { mode: 0o600 });
  const environment = { LOOPGATE_GUARD: 'listed', XDG_DATA_HOME: join(folder, 'share'), PATH: '/usr/bin:/bin' };
  const pair = await startPair({ browser: true, host: { home, environment } });
  onTestFinished(() => pair.stop());
  expect((await talker(pair, programs.of('editor')).ask('POST', '/os/sign_in')).status).toBe(200);
  return pair;
}

/** What the look-up knows an executable as. */
async function programAt(executable: string): Promise<Program> {
  await using door = await Doorkeeper.open();
  return await door.whoIs(executable, '-e', door.connecting);
}

const talker = ({ host }: Pair, executable: string) =>
  new Talker(host.port, [executable, programs.talking], programs.path);
const token = async (one: Talker, connection = String(Math.random())) =>
  await one.ask('GET', '/user/access_token', { connection });

/** What needs a thread for files: the page of the documentation, and one that needs none. */
async function answersPages({ host }: Pair): Promise<void> {
  for (const path of ['/docs', '/docs/swagger-ui.css', '/.well-known/health']) {
    const answer = await fetch(`${host.address}${path}`, { signal: AbortSignal.timeout(20_000) });
    expect([path, answer.status]).toEqual([path, 200]);
    await answer.arrayBuffer();
  }
}

describe.skipIf(process.platform !== 'linux')('a desktop entry', () => {
  test('one that is a pipe whenever it is opened keeps nothing from being answered [C12]', async () => {
    const applications = join(folder, 'share', 'applications');
    mkdirSync(applications, { recursive: true });
    const pair = await hostThatAllows();
    // A hundred entries, each of which is a file and a pipe in turn: some are a pipe between the look at it and its opening.
    const swapping = `
      const { execFileSync } = require('node:child_process');
      const { linkSync, renameSync, writeFileSync } = require('node:fs');
      writeFileSync('file', '[Desktop Entry]\\nType=Application\\nName=X\\nExec=/bin/x\\n');
      execFileSync('mkfifo', ['pipe']);
      const put = (from, name) => { linkSync(from, 'next'); renameSync('next', 'applications/' + name + '.desktop'); };
      for (let round = 0; ; round += 1) {
        for (let entry = 0; entry < 100; entry += 1) for (const from of ['pipe', 'file']) put(from, entry);
        if (round === 0) console.log('ready');
      }`;
    const swapper = spawn(process.execPath, ['-e', swapping], { cwd: join(folder, 'share') });
    onTestFinished(() => void swapper.kill('SIGKILL'));
    await new Promise((resolve) => swapper.stdout.once('data', resolve));
    const [editor, viewer] = [talker(pair, programs.of('editor')), talker(pair, programs.of('viewer'))];
    for (let round = 0; round < 4; round += 1) {
      expect((await token(editor)).status).toBe(allowed);
      expect(outcome(await token(viewer))).toEqual(denied);
    }
    await answersPages(pair);
    expect(pair.host.errors()).not.toContain('does not answer');
  });
});

describe.skipIf(whyNoServing !== undefined)(`a file system that a program serves, and that hangs`, () => {
  /** In a folder that only root can write. */
  function rootsProgram(): string {
    const place = mkdtempSync('/opt/loopgate-test-');
    onTestFinished(() => rmSync(place, { recursive: true, force: true }));
    copyFileSync(process.execPath, join(place, 'editor'));
    return join(place, 'editor');
  }

  const says = (pair: Pair, text: string) => pair.host.waitForOutput(() => pair.host.errors().includes(text));

  test('with the desktop entries: programs have no name, and all else goes on [C12, C13]', async () => {
    const [files, entries] = [join(folder, 'files'), join(folder, 'share', 'applications')];
    mkdirSync(files);
    const served = await serveFolder(files, entries);
    const roots = rootsProgram();
    const pair = await hostThatAllows(roots);
    served.hang();
    const [editor, viewer, system] = [programs.of('editor'), programs.of('viewer'), roots].map((one) =>
      talker(pair, one),
    ) as [Talker, Talker, Talker];
    const first = token(editor);
    expect((await token(system)).status).toBe(allowed);
    await answersPages(pair);
    expect((await first).status).toBe(allowed);
    await says(pair, 'programs have no name or icon');
    for (let round = 0; round < 6; round += 1) {
      expect((await token(editor)).status).toBe(allowed);
      expect((await token(system)).status).toBe(allowed);
      expect(outcome(await token(viewer))).toEqual(denied);
    }
    await answersPages(pair);
    served.goOn();
    await says(pair, 'answers again');
  });

  /** A program on such a file system, that is in memory as a whole: otherwise it would hang as well. */
  async function servedProgram(name = 'hostile'): Promise<{ served: ServedFolder; executable: string }> {
    const files = join(folder, 'programs');
    mkdirSync(files);
    copyFileSync(process.execPath, join(files, name));
    const path = join(folder, 'served');
    return { served: await serveFolder(files, path), executable: join(path, name) };
  }

  test('with the program that asks: it is unknown, and no thread that others need waits for it [C9, C12]', async () => {
    const { served, executable } = await servedProgram();
    const roots = rootsProgram();
    const pair = await hostThatAllows(roots);
    const hostile = talker(pair, executable);
    expect(outcome(await token(hostile))).toEqual(denied);
    readFileSync(executable);
    served.hang();
    const refused = Promise.all(Array.from({ length: 12 }, async () => outcome(await token(hostile))));
    const system = talker(pair, roots);
    for (let round = 0; round < 6; round += 1) expect((await token(system)).status).toBe(allowed);
    await answersPages(pair);
    expect(await refused).toEqual(Array.from({ length: 12 }, () => denied));
    await says(pair, 'programs in folders of the user are unknown');
    expect((await token(system)).status).toBe(allowed);
    // The price: a program that only its content identifies is unknown meanwhile.
    const editor = talker(pair, programs.of('editor'));
    expect(outcome(await token(editor))).toEqual(denied);
    served.goOn();
    await says(pair, 'answers again');
    await vi.waitFor(async () => expect((await token(editor)).status).toBe(allowed), 20_000);
  });

  test('it cannot keep Loopgate from ending: port and data folder are free at once [L10]', async () => {
    const { served, executable } = await servedProgram();
    const pair = await hostThatAllows();
    const hostile = talker(pair, executable);
    await token(hostile);
    readFileSync(executable);
    served.hang();
    expect(outcome(await token(hostile))).toEqual(denied);
    const ended = pair.host.stop();
    await vi.waitFor(async () => {
      const answer = await fetch(`${pair.host.address}/.well-known/health`).catch(() => 'nobody');
      expect(answer).toBe('nobody');
    }, 20_000);
    const next = await startPair({ browser: true, host: { home: join(folder, 'home') } });
    await next.stop();
    served.end();
    await ended;
  });
});

describe.skipIf(process.platform !== 'linux')('the code beside an executable that many apps share', () => {
  const app = (place: string, code: string) => {
    mkdirSync(join(place, 'resources', 'app'), { recursive: true });
    copyFileSync(process.execPath, join(place, 'goodide'));
    writeFileSync(join(place, 'resources', 'app', 'main.js'), code);
    return join(place, 'goodide');
  };

  test('other code in a folder that is called like the mount of an allowed AppImage gets no token [C3, C7]', async () => {
    const good = app(join(folder, '.mount_GoodIDAbCdEf'), 'good');
    const pair = await hostThatAllows(good);
    const evil = app(join(folder, '.mount_GoodIDzzzzzz'), 'evil');
    expect((await token(talker(pair, good))).status).toBe(allowed);
    expect(outcome(await token(talker(pair, evil)))).toEqual(denied);
    expect(await programAt(good)).toMatchObject({ path: good, lasting: 'always' });
  });

  test('changed code of an allowed app gets no token in its next run [C3]', async () => {
    const good = app(join(folder, 'app'), 'good');
    const pair = await hostThatAllows(good);
    expect((await token(talker(pair, good))).status).toBe(allowed);
    writeFileSync(join(dirname(good), 'resources', 'app', 'main.js'), 'evil');
    expect(outcome(await token(talker(pair, good)))).toEqual(denied);
  });

  test.skipIf(whyNoServing !== undefined)(
    'a mounted AppImage is the same from mount to mount, and another one with other code [C7]',
    async () => {
      const ids: string[] = [];
      for (const [name, code] of [
        ['AbCdEf', 'good'],
        ['zzzzzz', 'good'],
        ['yyyyyy', 'evil'],
      ] as const) {
        const files = join(folder, name);
        app(files, code);
        const mount = join(folder, `.mount_GoodID${name}`);
        await serveFolder(files, mount);
        const { id, lasting } = await programAt(join(mount, 'goodide'));
        expect(lasting).toBe('always');
        ids.push(id);
      }
      expect(ids[0]).toMatch(/\/\.mount_GoodID\*\/goodide#sha256:/);
      expect(ids[1]).toBe(ids[0]);
      expect(ids[2]).not.toBe(ids[0]);
    },
  );
});
