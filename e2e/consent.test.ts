/** Programs that are real processes ask the real API, and the test is the person who is asked (C10). */
import { spawn } from 'node:child_process';
import { appendFileSync, copyFileSync, existsSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { GuardMode } from '../main/access/decisions.ts';
import { unknownProgram } from '../main/access/program.ts';
import type { Operation } from '../main/api/operation.ts';
import { apiOperations } from '../main/api/operationList.ts';
import { ownChallenge } from '../testing/brokerWorld.ts';
import { hour } from '../testing/durations.ts';
import {
  type Answered,
  barrier,
  ConsentStage,
  errorIn,
  installed,
  ProgramFolder,
  person,
  run,
  type Sent,
  subject,
  type Talker,
} from './support/consentStage.ts';
import { projectFolder } from './support/headless.ts';
import { runs } from './support/realPrograms.ts';

const isLinux = process.platform === 'linux';
const allow = 'allow';
/** As a browser asks when somebody has typed or clicked an address. */
const navigation = {
  Accept: 'text/html',
  'Sec-Fetch-Site': 'none',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Dest': 'document',
};
const application = { application: { name: 'Honest Editor', version: '1.0.0', platform: 'LINUX' } };
const folder = new ProgramFolder('editor', 'viewer', 'chromium', 'one', 'two', 'three', 'four');
const curlOptions = ['-s', '-w', '\n%{http_code}'];

/** A login with the client's own challenge: another name makes it another one. */
function authorize(name: string, changes: Record<string, string> = {}): string {
  return `/authorize?${new URLSearchParams({
    response_type: 'code',
    client_id: 'loopgate-demo',
    audience: 'https://api.loopgate.test/',
    scope: 'openid',
    code_challenge_method: 'S256',
    code_challenge: ownChallenge(name).codeChallenge,
    response_mode: 'form_post',
    state: `the-state-of-${name}`,
    ...changes,
  })}`;
}

describe.skipIf(!isLinux)('the first request [C10]', () => {
  test('waits for one question with the program’s name and path; Allow is for good, and for it alone', async () => {
    const stage = await ConsentStage.set(folder);
    const [editor, viewer] = [stage.start('editor'), stage.start('viewer')];
    const asking = Promise.all([
      editor.ask('GET', '/user/access_token'),
      editor.ask('GET', '/userinfo'),
      editor.ask('GET', '/user/access_token'),
    ]);
    const { program } = await stage.answer(allow);
    expect(program).toMatchObject({ name: 'editor', path: folder.of('editor'), kind: 'program', lasting: 'always' });
    const [token, profile, again] = await asking;
    expect([token.status, profile.status, again.status]).toEqual([200, 200, 200]);
    expect(token.body).toBe((await stage.broker.accessToken()).accessToken);
    expect(again.body).toBe(token.body);
    expect(JSON.parse(profile.body)).toMatchObject({ name: person });
    expect(stage.asked).toHaveLength(1);
    stage.clock.advance(400 * 24 * hour);
    await editor.end();
    expect((await stage.start('editor').ask('GET', '/users')).status).toBe(200);
    expect(stage.asked).toHaveLength(1);

    const other = viewer.ask('GET', '/user/access_token');
    expect((await stage.answer('deny')).program).toMatchObject({ name: 'viewer', path: folder.of('viewer') });
    stage.expectDenied(await other);
    for (const path of ['/user/access_token', '/userinfo', '/users', '/user/refresh']) {
      stage.expectDenied(await viewer.ask('GET', path));
    }
    expect(stage.asked).toHaveLength(2);
  });

  test('curl may be allowed for twelve hours [C4]', async (context) => {
    const curl = installed(context, 'curl');
    const stage = await ConsentStage.set(folder);
    const ask = () => run(curl, [...curlOptions, `${stage.address}/users`]);
    const first = ask();
    expect((await stage.answer(allow)).program).toMatchObject({ path: curl, kind: 'httpClient', lasting: 'hours' });
    expect(await first).toContain(person);
    stage.clock.advance(12 * hour - 1);
    expect(await ask()).toMatch(/\n200$/);
    expect(stage.asked).toHaveLength(1);
    stage.clock.advance(1);
    const later = ask();
    await stage.answer('deny');
    const [body = '', status] = (await later).split('\n');
    expect([status, errorIn({ body })]).toEqual(['403', 'consent_denied']);
    stage.expectNothingOf(body);
  });

  test.for([
    [
      'node',
      'client.cjs',
      (address: string) => `fetch('${address}/userinfo').then((one) => one.text()).then(console.log);`,
    ],
    [
      'python3',
      'client.py',
      (address: string) =>
        `import urllib.request, urllib.error\ntry: print(urllib.request.urlopen('${address}/userinfo').read().decode())\nexcept urllib.error.HTTPError as error: print(error.read().decode())`,
    ],
  ] as const)(
    'a script of %s is asked about with its script as a claim, and another script by itself [C4]',
    async ([command, name, code], context) => {
      installed(context, command);
      const stage = await ConsentStage.set(folder);
      const script = (file: string) => {
        writeFileSync(folder.of(file), code(stage.address));
        return folder.of(file);
      };
      const first = run(command, [script(name)]);
      const asked = await stage.answer('deny');
      expect(asked.program).toMatchObject({ kind: 'interpreter', lasting: 'hours', claim: folder.of(name) });
      stage.expectNothingOf(await first);
      expect(await first).toContain('consent_denied');
      // A Deny is for all that it runs: else a script need only rename itself.
      expect(await run(command, [script(`renamed-${name}`)])).toContain('consent_denied');
      stage.gate.remove(asked.program.id);
      const second = run(command, [script(`other-${name}`)]);
      expect((await stage.answer(allow)).program.claim).toBe(folder.of(`other-${name}`));
      expect(await second).toContain(person);
    },
  );

  test('a shell without any program, by /dev/tcp [C4]', async (context) => {
    const bash = installed(context, 'bash');
    const stage = await ConsentStage.set(folder);
    const request = `GET /userinfo HTTP/1.1\\r\\nHost: localhost:${stage.port}\\r\\nConnection: close\\r\\n\\r\\n`;
    const answer = run(bash, [
      '-c',
      `exec 3<>/dev/tcp/127.0.0.1/${stage.port}; printf '${request}' >&3; while read -r line || [ -n "$line" ]; do echo "$line"; line=; done <&3`,
    ]);
    expect((await stage.answer('deny')).program).toMatchObject({ path: bash, kind: 'shell', lasting: 'hours' });
    expect(await answer).toContain(' 403 Forbidden');
    stage.expectNothingOf(await answer);
  });

  test('Allow once is for this process: another one of the same program is asked about anew', async () => {
    const stage = await ConsentStage.set(folder);
    const first = stage.start('editor');
    const asking = first.ask('GET', '/userinfo');
    await stage.answer('once');
    expect((await asking).body).toContain(person);
    expect((await first.ask('GET', '/user/access_token')).status).toBe(200);
    const second = stage.start('editor');
    const anew = second.ask('GET', '/userinfo');
    await stage.answer('deny');
    stage.expectDenied(await anew);
    // The Deny is about the program: it ends what the first was allowed.
    stage.expectDenied(await first.ask('GET', '/userinfo'));
    expect(stage.asked).toHaveLength(2);
  });

  test('nobody answers: consent_denied after 110 s and not before, for everybody who waits [R15]', async () => {
    const stage = await ConsentStage.set(folder);
    const editor = stage.start('editor');
    const asking = Promise.all([editor.ask('GET', '/user/access_token'), editor.ask('POST', '/os/sign_out')]);
    await stage.questions();
    stage.clock.advance(109_999);
    expect(stage.gate.questions).toHaveLength(1);
    stage.clock.advance(1);
    for (const answer of await asking) stage.expectDenied(answer);
    stage.expectDenied(await editor.ask('GET', '/user/access_token'));
    expect(stage.asked).toHaveLength(1);
    expect(stage.broker.state().person?.subject).toBe(subject);
  });
});

describe.skipIf(!isLinux)('what was allowed is the program [C3]', () => {
  test('a copy of it at another path, and a changed one at the same path, are asked about anew', async () => {
    const stage = await ConsentStage.set(folder);
    const original = folder.copy('original');
    const running = await stage.startAllowed('original');
    await running.end();
    copyFileSync(original, folder.of('copied'));
    const copied = stage.start('copied').ask('GET', '/user/access_token');
    expect((await stage.answer('deny')).program.path).toBe(folder.of('copied'));
    stage.expectDenied(await copied);

    appendFileSync(original, 'x');
    const changed = stage.start('original').ask('GET', '/user/access_token');
    expect((await stage.answer('deny')).program.path).toBe(original);
    stage.expectDenied(await changed);
    for (const path of [original, folder.of('copied')]) rmSync(path);
  });

  test('a program that calls itself another one gets nothing by it', async () => {
    const stage = await ConsentStage.set(folder);
    await stage.startAllowed('editor');
    const liar = stage.start('viewer');
    await liar.call(folder.of('editor'));
    await liar.ask('POST', '/connect', { body: application });
    const asking = liar.ask('GET', '/user/access_token');
    const asked = await stage.answer('deny');
    expect(asked.program).toMatchObject({ name: 'viewer', path: folder.of('viewer') });
    expect(asked.claimedName).toBe('Honest Editor');
    stage.expectDenied(await asking);
  });

  test('a program at the port number of an allowed one that has gone is asked about as itself [C1]', async () => {
    const stage = await ConsentStage.set(folder);
    await stage.startAllowed('editor');
    const viewer = stage.start('viewer');
    /** Undefined when somebody else on this machine was faster to take the port. */
    const askInItsPlace = async () => {
      const editor = stage.start('editor');
      const { status, localPort } = await editor.ask('GET', '/user/access_token', { reset: true });
      expect(status).toBe(200);
      await editor.end();
      const asking = viewer.ask('GET', '/user/access_token', { localPort }).catch(() => undefined);
      await Promise.race([stage.questions(), asking]);
      if (stage.gate.questions.length === 0) return await asking;
      expect((await stage.answer('deny')).program.path).toBe(folder.of('viewer'));
      const answer = await asking;
      expect(answer?.localPort).toBe(localPort);
      return answer;
    };
    let answer = await askInItsPlace();
    for (let attempt = 0; attempt < 5 && !answer; attempt += 1) answer = await askInItsPlace();
    if (!answer) throw new Error('no port could be had');
    stage.expectDenied(answer);
    expect(stage.asked).toHaveLength(2);
  });

  test('an allowed program that has gone before its connection is looked up is nobody [C9]', async () => {
    const looking = barrier();
    let isHeld = false;
    const stage = await ConsentStage.set(folder, {
      beforeFind: async () => {
        if (isHeld) await looking.wait();
      },
    });
    const editor = await stage.startAllowed('editor');
    const [before] = stage.gate.history;
    isHeld = true;
    stage.clock.advance(1000);
    const orphan = editor.ask('POST', '/os/sign_out').catch((error: unknown) => error);
    await looking.reached;
    await editor.end();
    looking.open();
    expect(await orphan).toBeInstanceOf(Error);
    // Whoever comes later is looked up after it.
    expect((await stage.start('editor').ask('GET', '/user/access_token')).status).toBe(200);
    expect(stage.gate.history.map(({ permission }) => permission)).toEqual([before?.permission]);
    expect(stage.broker.state().person?.subject).toBe(subject);
  });

  test.for([
    ['becomes an allowed one', 'exec'],
    ['starts an allowed one with its socket', ''],
  ] as const)('a program that asks and then %s is not taken for it [C8]', async ([, how], context) => {
    const bash = installed(context, 'bash');
    const looking = barrier();
    let isHeld = false;
    const stage = await ConsentStage.set(folder, {
      beforeProgram: async () => {
        if (isHeld) await looking.wait();
      },
    });
    await (await stage.startAllowed('editor')).end();
    isHeld = true;
    // The allowed program reads the answer, as whoever has the socket can.
    const reader = folder.of('reader.cjs');
    writeFileSync(
      reader,
      `new (require('node:net').Socket)({ fd: 3 }).on('data', (data) => process.stdout.write(data)).on('end', () => process.exit());`,
    );
    const request = `GET /user/access_token HTTP/1.1\\r\\nHost: localhost:${stage.port}\\r\\nConnection: close\\r\\n\\r\\n`;
    const script = `exec 3<>/dev/tcp/127.0.0.1/${stage.port}; printf '${request}' >&3; read -r; ${how} ${folder.of('editor')} ${reader} & echo $!; wait`;
    const child = spawn(bash, ['-c', how === 'exec' ? script.replace(' & echo $!; wait', '') : script], {
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
    });
    onTestFinished(() => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    });
    let printed = '';
    const closed = new Promise((resolve) => child.stdout.on('close', resolve));
    const started = new Promise<number>((resolve) =>
      child.stdout.on('data', (data: Buffer) => {
        printed += data.toString();
        resolve(Number(printed.split('\n')[0]));
      }),
    );
    await looking.reached;
    child.stdin.write('\n');
    await runs(how === 'exec' ? child.pid : await started, folder.of('editor'));
    looking.open();
    await Promise.race([stage.questions(), closed]);
    expect(stage.gate.questions.map(({ program }) => program)).toEqual([unknownProgram]);
    await stage.answer('deny');
    await closed;
    expect(printed).toContain('consent_denied');
    stage.expectNothingOf(printed);
  });
});

describe.skipIf(!isLinux)('what plug-ins poll asks nobody', () => {
  /** @returns what each of the polled operations says of who is signed in */
  async function poll(program: Talker): Promise<{ people: unknown[]; answers: Answered[] }> {
    const connected = await program.ask('POST', '/connect', { body: application });
    const user = await program.ask('GET', '/user');
    const rest = await Promise.all(
      ['/.well-known/health', '/.well-known/version', '/openapi.json', '/pkce/challenge'].map((path) =>
        program.ask('GET', path),
      ),
    );
    const people = [
      (JSON.parse(connected.body) as { user?: unknown }).user,
      (JSON.parse(user.body) as { user?: unknown }).user,
    ];
    return { people, answers: [connected, user, ...rest] };
  }

  test('to a program that is not allowed nobody is signed in, and no question is asked', async () => {
    const stage = await ConsentStage.set(folder);
    const editor = stage.start('editor');
    const { people, answers } = await poll(editor);
    expect(people).toEqual([undefined, undefined]);
    for (const answer of answers) {
      expect(answer.status).toBe(200);
      stage.expectNothingOf(answer);
    }
    expect(await editor.listen().frame(0)).toBe('');
    expect(stage.asked).toEqual([]);

    const asking = editor.ask('GET', '/user/access_token');
    await stage.answer(allow);
    await asking;
    for (const known of (await poll(editor)).people) expect(known).toMatchObject({ name: person });
  });

  test('after Allow the open WebSocket gets the profile by itself, after Deny and Remove the empty frame', async () => {
    const stage = await ConsentStage.set(folder);
    const editor = stage.start('editor');
    const viewer = stage.start('viewer').listen();
    const [plain, reasons] = [editor.listen(), editor.listen(['loopgate.reasons'])];
    expect(await Promise.all([plain.frame(0), viewer.frame(0)])).toEqual(['', '']);
    expect(errorIn({ body: await reasons.frame(0) })).toBe('consent_denied');
    expect(stage.asked).toEqual([]);

    const asking = editor.ask('GET', '/user/access_token');
    const { program } = await stage.answer(allow);
    await asking;
    for (const stream of [plain, reasons]) expect(JSON.parse(await stream.frame(1))).toMatchObject({ name: person });
    stage.gate.deny(program.id);
    expect(await plain.frame(2)).toBe('');
    expect(errorIn({ body: await reasons.frame(2) })).toBe('consent_denied');
    stage.gate.allow(program.id);
    for (const stream of [plain, reasons]) expect(JSON.parse(await stream.frame(3))).toMatchObject({ id: subject });
    stage.gate.remove(program.id);
    expect(await plain.frame(4)).toBe('');
    expect(errorIn({ body: await reasons.frame(4) })).toBe('consent_denied');
    expect(viewer.frames()).toEqual(['']);
  });

  test('when the twelve hours of an interpreter are over, its open WebSocket gets the empty frame by itself', async () => {
    const stage = await ConsentStage.set(folder);
    const node = await stage.startAllowed(realpathSync(process.execPath));
    const stream = node.listen();
    expect(JSON.parse(await stream.frame(0))).toMatchObject({ name: person });
    stage.clock.advance(12 * hour);
    // A renewal that was due meanwhile may have sent the profile anew.
    for (let index = 1; ; index += 1) if ((await stream.frame(index)) === '') break;
  });
});

describe.skipIf(!isLinux)('every operation there is [C10]', () => {
  /** What an operation wants beside its address, so that nothing but consent is missing. */
  const wellAsked: Readonly<Record<string, Sent & { query?: string }>> = {
    'GET /authorize': { query: authorize('refused').slice('/authorize'.length) },
    'POST /oauth/token': {
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        client_id: 'loopgate-demo',
        code: 'none',
        redirect_uri: 'none',
        code_verifier: 'none',
      }),
    },
    'POST /user/select': { body: { user_id: subject } },
    'POST /connect': { body: application },
    'POST /:application/onboarded': { body: true },
    'POST /pkce/response/code': { body: new URLSearchParams({ code: 'none', state: 'none' }) },
    'GET /pkce/response/code': { query: '?code=none&state=none' },
  };

  function askFor(program: Talker, { method, path }: Operation): Promise<Answered> {
    const { query = '', ...sent } = wellAsked[`${method} ${path}`] ?? {};
    const address = path.replace(':user', encodeURIComponent(subject)).replace(/:\w+/, 'none');
    return program.ask(method, `${address}${query}`, sent);
  }

  test.for<[string, GuardMode, string]>([
    ['a program whose question was closed', 'ask', 'viewer'],
    ['a program that is not on the list', 'listed', 'viewer'],
    ['a browser', 'ask', 'chromium'],
    ['a browser, where every program may', 'same-user', 'chromium'],
  ])(
    '%s gets consent_denied from all that need anything, and nothing of the person’s from any',
    async ([, mode, name]) => {
      const stage = await ConsentStage.set(folder, { mode });
      const program = stage.start(name);
      if (mode === 'ask' && name === 'viewer') {
        const asking = program.ask('GET', '/user/access_token');
        await stage.questions();
        stage.gate.leaveUnanswered();
        stage.expectDenied(await asking);
      }
      // A login of the person's waits, which nobody may end or finish.
      stage.browser.signsIn = false;
      const adding = stage.broker.addAccount();
      const login = await stage.browser.tab(1);
      const questions = stage.asked.length;
      const stored = JSON.stringify(stage.vault.state);
      const state = stage.broker.state();
      const operations = apiOperations(stage.api);
      for (const operation of operations) {
        const answer = await askFor(program, operation);
        const isOpen = operation.needs === 'nothing' && !['/programs', '/window'].includes(operation.path);
        const code = answer.status === 403 ? errorIn(answer) : undefined;
        expect(code, `${operation.method} ${operation.path}`).toBe(isOpen ? undefined : 'consent_denied');
        stage.expectNothingOf(answer);
      }
      expect(operations.filter(({ needs }) => needs !== 'nothing').length).toBeGreaterThan(12);
      expect(stage.asked).toHaveLength(questions);
      expect(JSON.stringify(stage.vault.state)).toBe(stored);
      expect(stage.broker.state()).toEqual(state);
      expect(stage.browser.opened).toHaveLength(2);
      expect(stage.provider.count('/oauth/revoke')).toBe(0);
      expect(await stage.browser.finish(login, 'Somebody Else')).toBe(200);
      await adding;
      expect(stage.broker.state().person?.subject).toBe('auth0|somebody-else');
    },
  );
});

describe.skipIf(!isLinux)('a flood of sign-ins or questions does not reach the person [L8]', () => {
  test('equal sign-ins of one program open one tab, from whichever of its processes', async () => {
    const stage = await ConsentStage.set(folder);
    const processes = [await stage.startAllowed('editor'), stage.start('editor')];
    stage.browser.signsIn = false;
    const tabs = stage.browser.tabs.length;
    const signIns = processes.flatMap((one) => Array.from({ length: 10 }, () => one.ask('POST', '/pkce/code')));
    const login = await stage.browser.tab(tabs);
    // One that comes after the login joins its result.
    await stage.browser.finish(login);
    const codes = (await Promise.all(signIns)).map(({ status, body }) => {
      expect(status).toBe(200);
      return (JSON.parse(body) as { result: { code: string } }).result.code;
    });
    expect(new Set(codes).size).toBe(1);
    expect(stage.browser.tabs).toHaveLength(tabs + 1);
  });

  test('the 61st start in a minute is rate_limited, for that program alone and not for the person', async () => {
    const stage = await ConsentStage.set(folder);
    const editor = await stage.startAllowed('editor');
    const viewer = await stage.startAllowed('viewer');
    stage.browser.signsIn = false;
    const tabs = stage.browser.tabs.length;
    const starts = Array.from({ length: 60 }, (_, index) =>
      editor.ask('GET', authorize(String(index))).catch(() => undefined),
    );
    await stage.browser.tab(tabs + 59);
    const refused = await editor.ask('GET', authorize('one too many'));
    expect([refused.status, errorIn(refused)]).toEqual([429, 'rate_limited']);
    expect(stage.browser.tabs).toHaveLength(tabs + 60);
    void viewer.ask('GET', authorize('of the viewer')).catch(() => undefined);
    await stage.browser.tab(tabs + 60);
    stage.browser.signsIn = true;
    await stage.broker.signIn();
    expect(stage.browser.tabs).toHaveLength(tabs + 62);
    stage.clock.advance(60_000);
    stage.browser.signsIn = false;
    void editor.ask('GET', authorize('a minute later')).catch(() => undefined);
    await stage.browser.tab(tabs + 62);
    await Promise.all([editor.end(), viewer.end()]);
    await Promise.all(starts);
  });

  test('/os/sign_in counts for the program that asks, and leaves the person their own sign-in', async () => {
    const stage = await ConsentStage.set(folder, { signedIn: false });
    const editor = await stage.startAllowed('editor');
    const viewer = await stage.startAllowed('viewer');
    stage.browser.signsIn = false;
    for (let index = 0; index < 60; index += 1) {
      const asking = editor.ask('POST', '/os/sign_in', { connection: 'kept' });
      await stage.browser.tab(index);
      stage.broker.cancel(stage.broker.state().waiting?.id ?? '');
      expect(errorIn(await asking)).toBe('authorization_cleared');
    }
    const refused = await editor.ask('POST', '/os/sign_in');
    expect([refused.status, errorIn(refused)]).toEqual([429, 'rate_limited']);
    expect(stage.browser.tabs).toHaveLength(60);
    stage.browser.signsIn = true;
    const signedIn = await viewer.ask('POST', '/os/sign_in');
    expect(JSON.parse(signedIn.body)).toMatchObject({ id: subject });
    await stage.broker.signOut();
    await stage.broker.signIn();
    expect(stage.broker.state().person?.subject).toBe(subject);
  });

  test('five programs are asked about at a time; the sixth gets rate_limited, and nothing', async () => {
    const stage = await ConsentStage.set(folder);
    const five = ['editor', 'viewer', 'one', 'two', 'three'].map((name) =>
      stage.start(name).ask('GET', '/user/access_token'),
    );
    await stage.questions(5);
    const four = stage.start('four');
    const sixth = await four.ask('GET', '/user/access_token');
    expect([sixth.status, errorIn(sixth)]).toEqual([429, 'rate_limited']);
    stage.expectNothingOf(sixth);
    stage.gate.leaveUnanswered();
    for (const answer of await Promise.all(five)) stage.expectDenied(answer);
    const later = four.ask('GET', '/user/access_token');
    await stage.answer(allow);
    expect((await later).status).toBe(200);
  });
});

describe.skipIf(!isLinux)('consent and login together [R15]', () => {
  test.for([
    ['POST /pkce/code', 'POST', '/pkce/code'],
    ['GET /authorize', 'GET', authorize('slow')],
  ] as const)('consent after 100 s leaves %s 140 s for the login', async ([, method, path]) => {
    const stage = await ConsentStage.set(folder, { signedIn: false });
    stage.browser.signsIn = false;
    const editor = stage.start('editor');
    let isAnswered = false;
    const asking = editor.ask(method, path);
    void asking.then(() => {
      isAnswered = true;
    });
    await stage.questions();
    expect(stage.browser.opened).toEqual([]);
    stage.clock.advance(100_000);
    await stage.answer(allow);
    await stage.browser.tab();
    stage.clock.advance(139_999);
    await editor.ask('GET', '/user');
    expect(isAnswered).toBe(false);
    expect(stage.broker.state().waiting).toBeDefined();
    stage.clock.advance(1);
    const answer = await asking;
    expect([answer.status, errorIn(answer)]).toEqual([504, 'authorization_timeout']);
  });

  test('/os/sign_in ends after 110 s in all; the login itself goes on', async () => {
    const stage = await ConsentStage.set(folder, { signedIn: false });
    stage.browser.signsIn = false;
    const editor = stage.start('editor');
    let isAnswered = false;
    const asking = editor.ask('POST', '/os/sign_in');
    void asking.then(() => {
      isAnswered = true;
    });
    await stage.questions();
    stage.clock.advance(100_000);
    await stage.answer(allow);
    const login = await stage.browser.tab();
    stage.clock.advance(9_999);
    await editor.ask('GET', '/user');
    expect(isAnswered).toBe(false);
    stage.clock.advance(1);
    const answer = await asking;
    expect([answer.status, errorIn(answer)]).toEqual([504, 'authorization_timeout']);
    expect(stage.browser.tabs).toEqual([login]);
    expect(stage.broker.state().waiting).toBeDefined();
  });
});

describe.skipIf(!isLinux)('the published TypeScript client, unmodified, in a process of its own', () => {
  /** The whole flow as an editor's extension has it; prints what came of each step. */
  const flow = `
    const { createRequire } = require('node:module');
    const { Configuration, PKCEApi, Auth0Api, UserApi } = createRequire(${JSON.stringify(join(projectFolder, 'package.json'))})('@pieces.app/pieces-os-client');
    const configuration = new Configuration({ basePath: process.argv[2] });
    const [pkce, auth0, user] = [new PKCEApi(configuration), new Auth0Api(configuration), new UserApi(configuration)];
    const clientId = 'loopgate-demo';
    (async () => {
      const { challenge } = await pkce.getChallenge();
      const answer = await pkce.generateCode({ seededPKCE: { responseType: 'code', state: challenge.state,
        nonce: challenge.nonce, codeChallenge: challenge.challenge, codeChallengeMethod: 'S256', clientId,
        audience: 'https://api.loopgate.test/', scope: ['openid', 'profile', 'email', 'offline_access'] } });
      const redirectUri = process.argv[2] + '/pkce/response/code';
      const code = { clientId, code: answer.result.code, redirectUri, codeVerifier: challenge.verifier };
      const token = await pkce.generateToken({ tokenizedPKCE: { grantType: 'authorization_code', ...code } });
      const info = await auth0.getAuth0UserInfo();
      const refreshed = await auth0.exchangeForAuth0Token({ grantType: 'refresh_token', ...code });
      const still = await user.userSnapshot();
      await auth0.auth0Logout({});
      const after = await user.userSnapshot();
      console.log(JSON.stringify({ token: token.auth0.oAuth.token.accessToken.length > 20, info: info.name,
        refreshed: refreshed.accessToken.length > 20, still: still.user?.name, after: after.user ?? null }));
    })().catch(async (error) => console.log(JSON.stringify({ failed: String(error), status: error.response?.status, body: await error.response?.text() })));
  `;

  test.for([
    ['a program of its own', 'editor', { kind: 'program', lasting: 'always' }],
    ['a script of node', process.execPath, { kind: 'interpreter', lasting: 'hours' }],
  ] as const)('as %s: the whole flow after one Allow, and consent_denied after a Deny', async ([, name, program]) => {
    const stage = await ConsentStage.set(folder, {
      signedIn: false,
      provider: { audiences: ['https://api.loopgate.test/'] },
    });
    const script = folder.of('extension.cjs');
    writeFileSync(script, flow);
    const executable = realpathSync(name.startsWith('/') ? name : folder.of(name));
    const first = run(executable, [script, stage.address]);
    const asked = await stage.answer(allow);
    expect(asked).toMatchObject({ permission: 'sign_in', program });
    expect(JSON.parse(await first)).toEqual({ token: true, info: person, refreshed: true, still: person, after: null });
    expect(stage.asked).toHaveLength(1);
    stage.gate.deny(asked.program.id);
    expect(JSON.parse(await run(executable, [script, stage.address]))).toMatchObject({
      status: 403,
      body: expect.stringContaining('consent_denied'),
    });
    expect(stage.asked).toHaveLength(1);
  });
});

describe.skipIf(!isLinux)('a browser [C5]', () => {
  const origin = 'https://tool.example';

  test.for<GuardMode>(['ask', 'same-user', 'listed'])(
    'is no program to be allowed, with the guard %s',
    async (mode) => {
      const stage = await ConsentStage.set(folder, { mode });
      const browser = stage.start('chromium');
      // An extension's request has these.
      const headers = { 'Sec-Fetch-Site': 'none', 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty' };
      for (const path of ['/userinfo', '/user/access_token', '/users']) {
        stage.expectDenied(await browser.ask('GET', path, { headers }));
        stage.expectDenied(await browser.ask('GET', path, { headers: navigation }));
      }
      expect((await browser.ask('GET', '/user', { headers })).body).toBe('{}');
      expect(stage.asked).toEqual([]);
    },
  );

  test('real Chromium shows the refusal, and no question', async (context) => {
    if (!existsSync('/usr/bin/chromium')) context.skip('this machine has no /usr/bin/chromium');
    const stage = await ConsentStage.set(folder);
    const options = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      `--user-data-dir=${folder.of('profile')}`,
      '--dump-dom',
    ];
    const page = await run('/usr/bin/chromium', [...options, `http://127.0.0.1:${stage.port}/userinfo`]);
    expect(page).toContain('consent_denied');
    stage.expectNothingOf(page);
    expect(stage.asked).toEqual([]);
  }, 60_000);

  test('a browser that is sent to /v2/logout is asked on the page each time, and a program that says it is one is asked about as itself', async () => {
    const stage = await ConsentStage.set(folder);
    const browser = stage.start('chromium');
    const confirmedByPage = { ...navigation, 'Sec-Fetch-Site': 'same-origin' };
    for (const _ of ['once', 'again']) {
      const page = await browser.ask('GET', '/v2/logout', { headers: navigation });
      expect(page.status).toBe(200);
      stage.expectNothingOf(page);
      expect(stage.broker.state().person?.subject).toBe(subject);
      const [, link = ''] = /"(\/v2\/logout\?[^"]*)"/.exec(page.body) ?? [];
      expect((await browser.ask('GET', link, { headers: confirmedByPage })).status).toBe(303);
      expect(stage.broker.state().person).toBeUndefined();
      await stage.broker.signIn();
      // What was confirmed is done, and no more than that.
      expect((await browser.ask('GET', link, { headers: confirmedByPage })).status).toBe(200);
      expect(stage.broker.state().person?.subject).toBe(subject);
    }
    stage.expectDenied(await browser.ask('GET', '/userinfo', { headers: navigation }));
    stage.expectDenied(await browser.ask('GET', '/v2/logout'));
    expect(stage.asked).toEqual([]);

    const program = stage.start('viewer').ask('GET', '/v2/logout', { headers: navigation });
    expect((await stage.answer('deny')).program.path).toBe(folder.of('viewer'));
    stage.expectDenied(await program);
    expect(stage.broker.state().person?.subject).toBe(subject);
  });

  test('a browser brings /authorize for the program that made the state, which must be allowed', async () => {
    const stage = await ConsentStage.set(folder, { signedIn: false });
    const [browser, viewer] = [stage.start('chromium'), stage.start('viewer')];
    const editor = await stage.startAllowed('editor');
    const prepared = async (program: Talker) => {
      const { challenge } = JSON.parse((await program.ask('GET', '/pkce/challenge')).body) as {
        challenge: { state: string; challenge: string };
      };
      return authorize('prepared', { state: challenge.state, code_challenge: challenge.challenge });
    };
    const sent = await browser.ask('GET', await prepared(editor), { headers: navigation });
    expect(sent.status).toBe(303);
    expect(new URL(sent.headers.location ?? '').origin).toBe(new URL(stage.provider.issuer).origin);
    expect(stage.asked).toHaveLength(1);

    const asking = browser.ask('GET', await prepared(viewer), { headers: navigation });
    expect(await stage.answer('deny')).toMatchObject({ permission: 'sign_in', program: { path: folder.of('viewer') } });
    stage.expectDenied(await asking);
    expect((await browser.ask('GET', authorize('nobody’s'), { headers: navigation })).status).toBe(400);
    expect(stage.asked).toHaveLength(2);
  });

  test('an allow-listed origin is served in a browser that lies where anybody could lie when the person says so; the word of curl for it is curl’s [L2]', async (context) => {
    const curl = installed(context, 'curl');
    const stage = await ConsentStage.set(folder, { origins: [origin] });
    const browser = stage.start('chromium');
    const headers = {
      Origin: origin,
      'Sec-Fetch-Site': 'cross-site',
      'Sec-Fetch-Mode': 'cors',
      'Sec-Fetch-Dest': 'empty',
    };
    const asking = browser.ask('GET', '/userinfo', { headers });
    expect(await stage.answer('allow')).toMatchObject({
      program: { path: folder.of('chromium'), name: expect.stringContaining(origin) },
    });
    const served = await asking;
    expect([served.status, served.headers['access-control-allow-origin']]).toEqual([200, origin]);
    expect(served.body).toContain(person);
    expect((await browser.ask('GET', '/userinfo', { headers })).status).toBe(200);
    expect(stage.asked).toHaveLength(1);
    const answer = run(curl, [...curlOptions, '-H', `Origin: ${origin}`, `${stage.address}/userinfo`]);
    expect((await stage.answer('deny')).program.path).toBe(curl);
    stage.expectNothingOf(await answer);
  });

  test('an origin that the person removes is told at once, also on its open WebSocket [L2]', async () => {
    const stage = await ConsentStage.set(folder);
    const browser = stage.start('chromium');
    const webview = 'app://notes';
    const headers = { Origin: webview };
    expect((await browser.ask('GET', '/userinfo', { headers })).status).toBe(403);
    await expect.poll(() => stage.gate.originDecisions).toEqual([{ origin: webview, decision: 'refused' }]);
    stage.gate.allowOrigin(webview);
    const served = browser.ask('GET', '/userinfo', { headers });
    await stage.answer('allow');
    expect((await served).body).toContain(person);
    const stream = browser.listen([], headers);
    expect(JSON.parse(await stream.frame(0))).toMatchObject({ id: subject });
    stage.gate.removeOrigin(webview);
    expect(await stream.frame(1)).toBe('');
    stage.expectNothingOf(await browser.ask('GET', '/userinfo', { headers }));
    expect(stage.asked).toHaveLength(1);
  });
});
