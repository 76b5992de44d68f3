/** The headless host, which has nobody to ask: it serves every program of the user, or those that are on the list. */
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { Program } from '../main/access/program.ts';
import type { StoredList } from '../main/access/programList.ts';
import { type Pair, startPair } from './support/client.ts';
import { type Answered, errorIn, ProgramFolder, Talker } from './support/consentStage.ts';
import { failureOf, startHeadless } from './support/headless.ts';
import { Doorkeeper } from './support/realPrograms.ts';

const folder = new ProgramFolder('editor', 'viewer');
const listFile = () => join(home, 'programs.json');
const keyFile = () => join(home, 'command.key');

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'loopgate-modes-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
});

async function hostWith(environment: NodeJS.ProcessEnv): Promise<Pair> {
  const pair = await startPair({ browser: true, host: { home, environment } });
  onTestFinished(() => pair.stop());
  return pair;
}

function start({ host }: Pair, name: string): Talker {
  return new Talker(host.port, [folder.of(name), folder.talking], folder.path);
}

/** What the look-up knows this program as. */
async function programNamed(name: string): Promise<Program> {
  await using door = await Doorkeeper.open();
  return await door.whoIs(folder.of(name), '-e', door.connecting);
}

/** A list on which the person has decided about one program, as a desktop has left it behind. */
function writeList({ id, name, path, kind, lasting }: Program, decision: 'allowed' | 'denied'): void {
  const times = { firstUsed: 1, lastUsed: 1 };
  const list: StoredList = {
    version: 1,
    programs: [{ program: { id, name, path, kind, lasting }, decision, ...times, wishes: ['tokens'] }],
    history: [],
    origins: [],
  };
  writeFileSync(listFile(), JSON.stringify(list), { mode: 0o600 });
}

const outcome = (answer: Answered) => [answer.status, errorIn(answer)];
const denied = [403, 'consent_denied'];
const logOf = ({ host }: Pair) =>
  host
    .errors()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const uses = (pair: Pair) => logOf(pair).filter(({ msg }) => msg === 'a program uses the sign-in');

describe.skipIf(process.platform !== 'linux')('LOOPGATE_GUARD=listed', () => {
  test('listed: serves the program on the list, and refuses every other one without asking', async () => {
    writeList(await programNamed('editor'), 'allowed');
    const pair = await hostWith({ LOOPGATE_GUARD: 'listed' });
    const [editor, viewer] = [start(pair, 'editor'), start(pair, 'viewer')];
    expect((await editor.ask('POST', '/os/sign_in')).body).toContain('Ada Lovelace');
    expect((await editor.ask('GET', '/user/access_token')).status).toBe(200);
    for (const [method, path] of [
      ['GET', '/user/access_token'],
      ['POST', '/os/sign_in'],
      ['POST', '/os/sign_out'],
      ['GET', '/userinfo'],
    ] as const) {
      const answer = await viewer.ask(method, path);
      expect(outcome(answer)).toEqual(denied);
      expect(answer.body).toContain('list');
    }
    expect((await viewer.ask('GET', '/user')).body).toBe('{}');
    expect((await fetch(`${pair.host.address}/userinfo`)).status).toBe(403);
    expect((await editor.ask('GET', '/userinfo')).body).toContain('Ada Lovelace');
    expect(pair.host.errors()).not.toContain('the person is asked');
  });

  test('listed: a listed program whose file was changed is another one', async () => {
    folder.copy('original');
    writeList(await programNamed('original'), 'allowed');
    // As an update does it, for the old one still runs.
    appendFileSync(folder.copy('update'), 'x');
    renameSync(folder.of('update'), folder.of('original'));
    const pair = await hostWith({ LOOPGATE_GUARD: 'listed' });
    expect(outcome(await start(pair, 'original').ask('POST', '/os/sign_in'))).toEqual(denied);
  });

  test('listed: a list that cannot be read is set aside, and nobody is let in', async () => {
    const garbage = '{"version":1,"programs":[{"program":{"id":"/usr/bin/';
    writeFileSync(listFile(), garbage);
    const pair = await hostWith({ LOOPGATE_GUARD: 'listed' });
    expect(outcome(await start(pair, 'editor').ask('POST', '/os/sign_in'))).toEqual(denied);
    expect(readFileSync(join(home, 'programs.unreadable.json'), 'utf8')).toBe(garbage);
    expect(pair.host.errors()).toContain('set aside');
  });
});

describe.skipIf(process.platform !== 'linux')('LOOPGATE_GUARD=same-user', () => {
  test('same-user: the log says which program used what, without a token or an e-mail address', async () => {
    const pair = await hostWith({});
    const [editor, viewer] = [start(pair, 'editor'), start(pair, 'viewer')];
    expect((await editor.ask('POST', '/os/sign_in')).status).toBe(200);
    const { body: token } = await editor.ask('GET', '/user/access_token');
    await editor.ask('GET', '/user/access_token');
    expect((await viewer.ask('GET', '/userinfo')).body).toContain('ada-lovelace@example.test');
    expect(uses(pair)).toMatchObject([
      { program: folder.of('editor'), wish: 'sign_in', outcome: 'allowed' },
      { program: folder.of('editor'), wish: 'tokens', outcome: 'allowed' },
      { program: folder.of('viewer'), wish: 'profile', outcome: 'allowed' },
    ]);
    await pair.host.stop();
    const said = `${pair.host.output()}\n${pair.host.errors()}\n${readFileSync(listFile(), 'utf8')}`;
    expect(said.includes(token)).toBe(false);
    expect(said).not.toMatch(/lovelace|@example/i);
    const list = JSON.parse(readFileSync(listFile(), 'utf8')) as StoredList;
    expect(list.programs.map(({ program, decision }) => [program.path, decision])).toEqual([
      [folder.of('editor'), 'unanswered'],
      [folder.of('viewer'), 'unanswered'],
    ]);
  });

  test('same-user: what the person has denied stays denied', async () => {
    writeList(await programNamed('viewer'), 'denied');
    const pair = await hostWith({ LOOPGATE_GUARD: 'same-user' });
    expect(outcome(await start(pair, 'viewer').ask('POST', '/os/sign_in'))).toEqual(denied);
    expect((await start(pair, 'editor').ask('POST', '/os/sign_in')).status).toBe(200);
  });
});

test('LOOPGATE_GUARD=ask: the headless host has nobody to ask, and says so before it starts', async () => {
  const failed = await failureOf(startHeadless({ home, environment: { LOOPGATE_GUARD: 'ask' } }));
  expect(failed.exitCode).toBe(2);
  expect(failed.errors).toMatch(
    /^LOOPGATE_GUARD or "guard" is "ask": nobody can be asked here\..*same-user or listed\.$/,
  );
  expect(existsSync(keyFile())).toBe(false);
});

describe.skipIf(process.platform !== 'linux')('the command’s key', () => {
  const path = (id: string) => `/programs?id=${encodeURIComponent(id)}`;

  test('lies in the data folder for its user alone, is new at each start, and gone afterwards', async () => {
    const keys: string[] = [];
    for (const _ of ['once', 'again']) {
      const host = await startHeadless({ home });
      expect(statSync(keyFile()).mode & 0o777).toBe(0o600);
      keys.push(readFileSync(keyFile(), 'utf8'));
      expect(await host.stop()).toBe(0);
      expect(existsSync(keyFile())).toBe(false);
      expect(`${host.output()}\n${host.errors()}`.includes(keys.at(-1) ?? '')).toBe(false);
    }
    expect(keys[0]).not.toBe(keys[1]);
  });

  test('lists and removes; an allowed program without it, a wrong one and a web page do not', async () => {
    const program = await programNamed('editor');
    writeList(program, 'allowed');
    const pair = await hostWith({ LOOPGATE_GUARD: 'listed' });
    const editor = start(pair, 'editor');
    expect((await editor.ask('POST', '/os/sign_in')).status).toBe(200);
    const headers = { Authorization: `Bearer ${readFileSync(keyFile(), 'utf8')}` };
    for (const method of ['GET', 'DELETE']) {
      expect(outcome(await editor.ask(method, path(program.id)))).toEqual(denied);
      const wrong = { Authorization: 'Bearer wrong' };
      expect(outcome(await editor.ask(method, path(program.id), { headers: wrong }))).toEqual(denied);
      const page = { ...headers, Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' };
      const stopped = await editor.ask(method, path(program.id), { headers: page });
      expect(outcome(stopped)).toEqual([403, 'forbidden_origin']);
    }
    // The key is the proof, whoever brings it: the viewer is on no list.
    const viewer = start(pair, 'viewer');
    const { body } = await viewer.ask('GET', '/programs', { headers });
    expect(JSON.parse(body)).toMatchObject({ guard: 'listed', programs: [{ id: program.id, decision: 'allowed' }] });
    expect((await viewer.ask('DELETE', path(program.id), { headers })).status).toBe(204);
    expect(outcome(await editor.ask('GET', '/user/access_token'))).toEqual(denied);
    expect(outcome(await viewer.ask('DELETE', path('/usr/bin/none'), { headers }))).toEqual([404, 'not_found']);
    await pair.host.stop();
    const left = JSON.parse(readFileSync(listFile(), 'utf8')) as StoredList;
    expect(left.programs).toMatchObject([{ program: { id: program.id }, decision: 'unanswered' }]);
  });

  test('another user’s program has neither the key nor an answer', async (context) => {
    if (process.getuid?.() !== 0) context.skip('only root can start a program as another user');
    const pair = await hostWith({});
    const script = `
      const { readFileSync } = require('node:fs');
      let key = '';
      try { key = readFileSync(${JSON.stringify(keyFile())}, 'utf8'); } catch (error) { console.log(error.code); }
      fetch('${pair.host.address}/programs', { headers: { Authorization: 'Bearer ' + key } })
        .then(async (answer) => console.log(answer.status, (await answer.json()).error));`;
    const setpriv = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, '-e', script];
    const child = spawn('setpriv', setpriv, { stdio: ['ignore', 'pipe', 'inherit'], cwd: '/' });
    expect(await text(child.stdout)).toBe('EACCES\n403 forbidden_origin\n');
  });
});
