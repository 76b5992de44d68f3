/** R4: a sign-in belongs to the program that started it. Both programs here are allowed; neither has what is the other's. */
import { describe, expect, test } from 'vitest';
import { BrowserDouble } from '../demo/identity-provider/person.ts';
import { ownChallenge } from '../testing/brokerWorld.ts';
import {
  type Answered,
  ConsentStage,
  errorIn,
  ProgramFolder,
  person,
  subject,
  type Talker,
} from './support/consentStage.ts';

const folder = new ProgramFolder('editor', 'viewer', 'chromium');
const clientId = 'loopgate-demo';

interface Prepared {
  readonly state: string;
  readonly challenge: string;
  readonly verifier: string;
}

/** Two allowed programs; nobody is signed in, and login pages stay open. */
async function set(options: Parameters<typeof ConsentStage.set>[1] = {}) {
  const stage = await ConsentStage.set(folder, { signedIn: false, ...options });
  const [editor, viewer] = [await stage.startAllowed('editor'), await stage.startAllowed('viewer')];
  stage.browser.signsIn = false;
  return { stage, editor, viewer };
}

async function prepare(program: Talker): Promise<Prepared> {
  const { body } = await program.ask('GET', '/pkce/challenge');
  return (JSON.parse(body) as { challenge: Prepared }).challenge;
}

const seedOf = ({ state, challenge }: Pick<Prepared, 'state' | 'challenge'>) => ({
  response_type: 'code',
  state,
  nonce: state,
  code_challenge: challenge,
  code_challenge_method: 'S256',
  scope: ['openid'],
  client_id: clientId,
  audience: 'https://api.loopgate.test/',
});

const authorizeOf = ({ state, challenge }: Pick<Prepared, 'state' | 'challenge'>) =>
  `/authorize?${new URLSearchParams({
    response_type: 'code',
    state,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    scope: 'openid',
    client_id: clientId,
    audience: 'https://api.loopgate.test/',
    response_mode: 'form_post',
  })}`;

const exchangeOf = (stage: ConsentStage, code: string, verifier: string) => ({
  grant_type: 'authorization_code',
  client_id: clientId,
  code,
  redirect_uri: `${stage.address}/pkce/response/code`,
  code_verifier: verifier,
});

const codeIn = ({ body }: Answered) => (JSON.parse(body) as { result: { code: string } }).result.code;
const outcome = (answer: Answered) => [answer.status, errorIn(answer)];

describe.skipIf(process.platform !== 'linux')('what one program has started, another one [R4]', () => {
  test('cannot bring to its end by relaying the answer, although it has state and code', async () => {
    const { stage, editor, viewer } = await set();
    const prepared = await prepare(editor);
    const asking = editor.ask('POST', '/pkce/code', { body: seedOf(prepared) });
    const answer = await stage.browser.callback(await stage.browser.tab());
    for (const method of ['POST', 'GET']) {
      const [path, sent] =
        method === 'POST' ? ['/pkce/response/code', { body: answer }] : [`/pkce/response/code?${answer}`, {}];
      expect(outcome(await viewer.ask(method, path, sent))).toEqual([400, 'unknown_state']);
    }
    // A wrong one has disturbed nothing: its own program relays it, from another process.
    const second = stage.start('editor');
    expect((await second.ask('POST', '/pkce/response/code', { body: answer })).status).toBe(200);
    expect(codeIn(await asking)).toBe(answer.get('code'));
  });

  test('cannot exchange: neither without a body, nor with its code, nor with its verifier too', async () => {
    const { stage, editor, viewer } = await set();
    stage.browser.signsIn = true;
    const prepared = await prepare(editor);
    const code = codeIn(await editor.ask('POST', '/pkce/code', { body: seedOf(prepared) }));
    const exchange = exchangeOf(stage, code, prepared.verifier);
    expect(outcome(await viewer.ask('POST', '/pkce/token'))).toEqual([400, 'invalid_grant']);
    for (const body of [exchange, exchangeOf(stage, code, ownChallenge().codeVerifier)]) {
      expect(outcome(await viewer.ask('POST', '/pkce/token', { body }))).toEqual([400, 'invalid_grant']);
      const form = new URLSearchParams(body);
      expect(outcome(await viewer.ask('POST', '/oauth/token', { body: form }))).toEqual([400, 'invalid_grant']);
    }
    expect(stage.provider.count('/oauth/token')).toBe(0);
    // A second process of the program that started it is that program.
    const second = await stage.start('editor').ask('POST', '/pkce/token');
    expect([second.status, stage.broker.state().person?.subject]).toEqual([200, subject]);
    // R15: the answer is kept for whoever asks again, and for that program alone.
    expect((await editor.ask('POST', '/pkce/token', { body: exchange })).body).toContain(person);
    expect(outcome(await viewer.ask('POST', '/pkce/token', { body: exchange }))).toEqual([400, 'invalid_grant']);
    expect(stage.provider.count('/oauth/token')).toBe(1);
  });

  test('cannot take over: its state and challenge are as unknown as any', async () => {
    const { stage, editor, viewer } = await set();
    const prepared = await prepare(editor);
    const attempts = async () => {
      const answers = [
        await viewer.ask('GET', authorizeOf(prepared)),
        await viewer.ask('POST', '/pkce/code', { body: seedOf(prepared) }),
        await viewer.ask('GET', authorizeOf({ ...prepared, challenge: ownChallenge().codeChallenge })),
        await viewer.ask('POST', '/pkce/code', {
          body: seedOf({ ...prepared, challenge: ownChallenge().codeChallenge }),
        }),
      ];
      expect(answers.map(outcome)).toEqual(answers.map(() => [400, 'unknown_state']));
    };
    await attempts();
    expect(stage.browser.tabs).toEqual([]);
    const asking = editor.ask('POST', '/pkce/code', { body: seedOf(prepared) });
    const login = await stage.browser.tab();
    await attempts();
    expect(stage.browser.tabs).toEqual([login]);
    await stage.browser.finish(login);
    expect((await asking).status).toBe(200);
  });

  test('cannot wait on it: the same request opens a login of its own, and gets a code of its own', async () => {
    const { stage, editor, viewer } = await set();
    const first = editor.ask('POST', '/pkce/code');
    await stage.browser.tab(0);
    const second = viewer.ask('POST', '/pkce/code');
    const own = await stage.browser.tab(1);
    await stage.browser.finish(own);
    const code = codeIn(await second);
    expect(stage.broker.state().waiting).toBeDefined();
    await stage.browser.finish(await stage.browser.tab(0));
    expect(codeIn(await first)).not.toBe(code);
  });

  test('cannot clear it; the program that started it can, from any of its processes', async () => {
    const { stage, editor, viewer } = await set();
    const asking = editor.ask('POST', '/pkce/code');
    await stage.browser.tab();
    const prepared = await prepare(editor);
    expect((await viewer.ask('POST', '/pkce/clear')).status).toBe(204);
    expect(stage.broker.state().waiting).toBeDefined();
    const other = editor.ask('GET', authorizeOf(prepared));
    await stage.browser.finish(await stage.browser.tab(1));
    expect((await other).status).toBe(200);
    expect((await stage.start('editor').ask('POST', '/pkce/clear')).status).toBe(204);
    expect(outcome(await asking)).toEqual([409, 'authorization_cleared']);
    expect(stage.broker.state().waiting).toBeUndefined();
  });

  test('joins by /os/sign_in alone, which hands out no code [R15]', async () => {
    const { stage, editor, viewer } = await set();
    const asking = editor.ask('POST', '/pkce/code');
    const login = await stage.browser.tab();
    const joined = viewer.ask('POST', '/os/sign_in');
    // It has come when it was let in.
    const isLetIn = () =>
      stage.gate.history.some(({ name, permission }) => name === 'viewer' && permission === 'sign_in');
    await expect.poll(isLetIn, { timeout: 20_000 }).toBe(true);
    await stage.browser.finish(login);
    const code = codeIn(await asking);
    expect((await editor.ask('POST', '/pkce/token')).status).toBe(200);
    const answer = await joined;
    expect([answer.status, (JSON.parse(answer.body) as { id: string }).id]).toEqual([200, subject]);
    expect(answer.body).not.toContain(code);
    expect(stage.browser.tabs).toEqual([login]);
  });

  test('a program that is not allowed yet has its own challenges, and ends nobody’s', async () => {
    const { stage, editor } = await set();
    const asking = editor.ask('POST', '/pkce/code');
    const login = await stage.browser.tab();
    const browser = stage.start('chromium');
    expect((await browser.ask('POST', '/pkce/clear')).status).toBe(204);
    const foreign = await prepare(browser);
    expect(outcome(await editor.ask('GET', authorizeOf(foreign)))).toEqual([400, 'unknown_state']);
    await stage.browser.finish(login);
    expect((await asking).status).toBe(200);
  });

  test('in the mode same-user too', async () => {
    const stage = await ConsentStage.set(folder, { signedIn: false, mode: 'same-user' });
    stage.browser.signsIn = false;
    const [editor, viewer] = [stage.start('editor'), stage.start('viewer')];
    const asking = editor.ask('POST', '/pkce/code');
    const answer = await stage.browser.callback(await stage.browser.tab());
    await viewer.ask('POST', '/pkce/clear');
    expect(outcome(await viewer.ask('POST', '/pkce/response/code', { body: answer }))).toEqual([400, 'unknown_state']);
    expect((await editor.ask('POST', '/pkce/response/code', { body: answer })).status).toBe(200);
    await asking;
    expect(outcome(await viewer.ask('POST', '/pkce/token'))).toEqual([400, 'invalid_grant']);
    expect((await stage.start('editor').ask('POST', '/pkce/token')).body).toContain(person);
    expect(stage.asked).toEqual([]);
  });

  test('an application id from /connect is the program’s: another one cannot speak for it', async () => {
    const { editor, viewer } = await set();
    const application = { application: { name: 'VS_CODE', version: '1.0.0', platform: 'LINUX' } };
    const connected = await editor.ask('POST', '/connect', { body: application });
    const { id } = (JSON.parse(connected.body) as { application: { id: string } }).application;
    expect((await viewer.ask('POST', `/${id}/onboarded`, { body: true })).status).toBe(401);
    const own = await viewer.ask('POST', '/connect', { body: application });
    expect(own.body).not.toContain(id);
    expect((await editor.ask('POST', `/${id}/onboarded`, { body: true })).status).toBe(200);
  });
});

describe.skipIf(process.platform !== 'linux')('a login on another device [R4]', () => {
  test('belongs to the program that started it: another one’s /pkce/clear leaves it, its own ends it [T13]', async () => {
    const shown: { address: string; userCode: string }[] = [];
    const { stage, editor, viewer } = await set({
      provider: { deviceFlow: true, deviceIntervalSeconds: 1 },
      showDeviceCode: ({ verificationUri, userCode }) => void shown.push({ address: verificationUri, userCode }),
    });
    const asking = editor.ask('POST', '/os/sign_in');
    await expect.poll(() => shown.length, { timeout: 20_000 }).toBe(1);
    const joined = viewer.ask('POST', '/os/sign_in');
    // The code is shown again to whoever joins.
    await expect.poll(() => shown.length, { timeout: 20_000 }).toBe(2);
    expect(shown[1]).toEqual(shown[0]);
    expect((await viewer.ask('POST', '/pkce/clear')).status).toBe(204);
    expect(stage.broker.state().waiting).toBeDefined();
    expect((await stage.start('editor').ask('POST', '/pkce/clear')).status).toBe(204);
    for (const answer of await Promise.all([asking, joined])) {
      expect(outcome(answer)).toEqual([409, 'authorization_cleared']);
    }

    const again = editor.ask('POST', '/os/sign_in');
    await expect.poll(() => shown.length, { timeout: 20_000 }).toBe(3);
    await viewer.ask('POST', '/pkce/clear');
    const { address = '', userCode = '' } = shown[2] ?? {};
    await new BrowserDouble().approveDevice(address, person, { userCode });
    stage.clock.advance(1000);
    expect((await again).body).toContain(person);
    expect(stage.browser.opened).toEqual([]);
  });
});
