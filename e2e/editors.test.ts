import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { whyNoProgram } from '../build/systemPackages.ts';
import { projectFolder } from './support/headless.ts';
import { type OwnNetwork, ownNetwork, whyNoOwnNetwork } from './support/ownNetwork.ts';
import { startTestKit, type TestKit } from './support/testKit.ts';

vi.setConfig({ testTimeout: 60_000 });

const execute = promisify(execFile);

/** What a person sees of a command of the plug-in, and what a program gets by its function. */
interface Seen {
  /** All that the editor has said and still has in its list of messages. */
  readonly messages: string;
  /** What the command has put into the register, or into the kill ring; empty when nothing. */
  readonly copied: string;
  /** What the function gave. */
  readonly token?: string;
  readonly problem?: string;
}

interface Editor {
  readonly program: string;
  readonly executable: RegExp;
  /** Words that say how to sign in here. */
  readonly signInAdvice: string;
  /** Runs a command of the plug-in to its end, then asks its function for a token. */
  run(command: 'token' | 'sign in', home: string, prefix?: readonly string[]): Promise<Seen>;
}

const inFolder = (name: string) => join(folder, name);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'loopgate-editor-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function start(argv: readonly string[], home: string, prefix: readonly string[] = []): Promise<void> {
  const [command = '', ...rest] = [...prefix, ...argv];
  const env = { PATH: process.env.PATH, HOME: folder, LOOPGATE_HOME: home, LANG: 'C.UTF-8' };
  const running = execute(command, rest, { env, timeout: 40_000, cwd: folder });
  running.child.stdin?.end();
  await running;
}

const neovimArgv = ['nvim', '--headless', '-u', 'NONE', '--cmd', `set rtp+=${join(projectFolder, 'examples/neovim')}`];

/** Waits for the command's last word: the one before says only that it waits. */
const neovimScript = (command: string, result: string) => `
local said
local notify = vim.notify
vim.notify = function(words, level)
  notify(words, level)
  if not words:find('waiting') then said = words end
end
local loopgate = require('loopgate')
vim.cmd('${command}')
vim.wait(20000, function() return said ~= nil end, 10)
local seen = { messages = vim.fn.execute('messages'), copied = vim.fn.getreg('"') }
loopgate.token(function(problem, token)
  seen.problem, seen.token = problem and problem.code .. ': ' .. problem.message, token
  local file = io.open('${result}', 'w')
  file:write(vim.json.encode(seen))
  file:close()
  vim.cmd('qa!')
end)
`;

const neovim: Editor = {
  program: 'nvim',
  executable: /"program":"[^"]*\/nvim"/,
  signInAdvice: ':LoopgateSignIn',
  async run(command, home, prefix) {
    const script = inFolder('script.lua');
    const result = inFolder('result.json');
    writeFileSync(script, neovimScript(command === 'token' ? 'LoopgateToken' : 'LoopgateSignIn', result));
    await start([...neovimArgv, '-i', inFolder('shada'), '-c', `luafile ${script}`], home, prefix);
    return JSON.parse(readFileSync(result, 'utf8'));
  },
};

/** In batch mode nobody answers questions, and there is no list of messages but what was printed to it. */
const emacsScript = (command: string, result: string) => `
(load "${join(projectFolder, 'examples/emacs/loopgate.el')}" nil t)
(let (said token problem)
  (cl-letf (((symbol-function 'message)
             (lambda (form &rest words) (when form (push (apply #'format-message form words) said))))
            ((symbol-function 'y-or-n-p) (lambda (question) (push question said) nil)))
    (condition-case failure (call-interactively '${command})
      (error (push (error-message-string failure) said)))
    (condition-case failure (setq token (loopgate-token))
      (loopgate-error (setq problem (format "%s: %s" (car failure) (cadr failure))))))
  (with-temp-file "${result}"
    (insert (json-encode (append (list (cons 'messages (mapconcat #'identity said "\\n")) (cons 'copied (or (car kill-ring) "")))
                                 (and token (list (cons 'token token)))
                                 (and problem (list (cons 'problem problem))))))))
`;

const emacs: Editor = {
  program: 'emacs',
  executable: /"program":"[^"]*\/emacs[^"/]*"/,
  signInAdvice: 'Sign in now?',
  async run(command, home, prefix) {
    const script = inFolder('script.el');
    const result = inFolder('result.json');
    writeFileSync(script, emacsScript(command === 'token' ? 'loopgate-token' : 'loopgate-sign-in', result));
    await start(['emacs', '-Q', '--batch', '-l', 'cl-lib', '-l', script], home, prefix);
    return JSON.parse(readFileSync(result, 'utf8'));
  },
};

const jwt = /^[\w-]+\.[\w-]+\.[\w-]+$/;

describe.each([
  ['Neovim', neovim],
  ['Emacs', emacs],
])('%s', (_name, editor) => {
  let kit: TestKit;
  let missing: string | undefined;
  beforeAll(async () => {
    missing = await whyNoProgram(editor.program);
    if (missing === undefined) kit = await startTestKit();
  });
  beforeEach(async (context) => {
    if (missing !== undefined) context.skip(missing);
    await kit.recover();
  });
  afterAll(() => kit?.stop());

  test('a token, and whose it is; it is in no message', async () => {
    const { messages, copied, token, problem } = await editor.run('token', kit.home);
    expect(problem).toBeUndefined();
    expect(token).toMatch(jwt);
    expect(copied).toMatch(jwt);
    expect(messages).toContain('Ada Lovelace (ada-lovelace@example.test)');
    expect(messages).not.toContain(copied.slice(0, 20));
    // Loopgate sees the editor itself, and would ask about that: no curl, no shell.
    expect(kit.lines.filter((line) => editor.executable.test(line)).length).toBeGreaterThan(0);
  });

  test.each([
    ['signed-out', 'Nobody is signed in'],
    ['expired', 'The session has ended'],
  ] as const)('%s: the reason, how to sign in, and a sign-in', async (fault, reason) => {
    await kit.fault(fault);
    const before = await editor.run('token', kit.home);
    expect(before.copied).toBe('');
    expect(before.problem).toMatch(/not.signed.in: /);
    expect(before.problem).toContain(reason);
    expect(before.messages).toContain(reason);
    expect(before.messages).toContain(editor.signInAdvice);
    const after = await editor.run('sign in', kit.home);
    expect(after.messages).toContain('signed in as Ada Lovelace');
    expect(after.token).toMatch(jwt);
  });

  test.each([
    ['consent-denied', 'Ask the person to allow the program in Loopgate.'],
    ['offline', 'Check the network connection and try again'],
  ] as const)('%s: in Loopgate’s own words', async (fault, words) => {
    await kit.fault(fault);
    const { messages, copied, token, problem } = await editor.run('token', kit.home);
    expect(messages).toContain(words);
    expect(problem).toContain(words);
    expect(token).toBeUndefined();
    expect(copied).toBe('');
  });
});

describe.skipIf(whyNoOwnNetwork !== undefined).each([
  ['Neovim', neovim],
  ['Emacs', emacs],
])('%s in a network of its own', (_name, editor) => {
  let network: OwnNetwork;
  beforeEach(async (context) => {
    const missing = await whyNoProgram(editor.program);
    if (missing !== undefined) context.skip(missing);
    network = await ownNetwork(1000);
    return () => network.stop();
  });

  test('not running: how to start it', async () => {
    const { messages, problem } = await editor.run('token', folder, network.prefix);
    expect(messages).toContain('No Loopgate is running. Start the app');
    expect(problem).toMatch(/not.running/);
  });

  test('a stale endpoint.json whose port is another program’s by now: that one is asked for nothing', async () => {
    const script = `require('node:http').createServer((request, response) => {
      console.log(request.method + ' ' + request.url);
      response.end('ok:another-run');
    }).listen(0, '127.0.0.1', function () { console.log(this.address().port); });`;
    const [command = '', ...rest] = network.prefix;
    const other = spawn(command, [...rest, process.execPath, '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines: string[] = [];
    const port = await new Promise<number>((resolve) => {
      createInterface({ input: other.stdout }).on('line', (line) => {
        lines.push(line);
        resolve(Number(line));
      });
    });
    writeEndpoint(port, 'the-run-that-crashed');
    const { problem } = await editor.run('token', folder, network.prefix);
    other.kill();
    expect(problem).toMatch(/not.running/);
    expect(new Set(lines.slice(1))).toEqual(new Set(['GET /.well-known/health']));
  });

  test('without endpoint.json it is found at port 1000', async () => {
    const [command = '', ...rest] = network.prefix;
    const kit = await startTestKit({
      command: [command, ...rest, process.execPath, '--import', 'tsx', 'build/serve.ts'],
      environment: { LOOPGATE_PORT: '1000' },
    });
    try {
      expect((await editor.run('token', folder, network.prefix)).token).toMatch(jwt);
    } finally {
      await kit.stop();
    }
  });
});

describe('Neovim alone', () => {
  beforeEach(async (context) => {
    const missing = await whyNoProgram('nvim');
    if (missing !== undefined) context.skip(missing);
  });

  test('goes on while the person is asked (a double stands for Loopgate, which cannot be held up on cue)', async () => {
    let answer: (token: string) => void = () => undefined;
    const isAsked = new Promise<void>((resolve) => {
      void listen((request, response) => {
        const known = { '/.well-known/health': 'ok:this-run', '/user': '{"user":{"id":"x","name":"Ada Lovelace"}}' };
        const body = Object.entries(known).find(([path]) => path === request.url)?.[1];
        if (body !== undefined) return void response.end(body);
        answer = (token) => response.end(token);
        return resolve();
      }).then((server) => {
        opened.push(server);
        writeEndpoint((server.address() as AddressInfo).port, 'this-run');
        writeFileSync(inFolder('init.lua'), "require('loopgate')\nvim.cmd('LoopgateToken a')\n");
        const pipe = inFolder('pipe');
        void start([...neovimArgv, '-i', 'NONE', '--listen', pipe, '-c', `luafile ${inFolder('init.lua')}`], folder);
      });
    });
    await isAsked;
    const remote = async (expression: string) => {
      const argv = ['--server', inFolder('pipe'), '--remote-expr', expression];
      // Neovim 0.7 prints it to standard error.
      const { stdout, stderr } = await execute('nvim', argv, { timeout: 10_000 });
      return (stdout + stderr).trim();
    };
    expect(await remote('6 * 7')).toBe('42');
    expect(await remote('getreg("a")')).toBe('');
    answer('aa.bb.cc');
    await expect.poll(() => remote('getreg("a")'), { timeout: 20_000 }).toBe('aa.bb.cc');
    expect(await remote('execute("messages")')).toContain('a token of Ada Lovelace is in register a');
    await remote('execute("qa!")').catch(() => undefined);
    for (const server of opened.splice(0)) await close(server);
  });

  test('no token is in the shada file that Neovim writes at its end', async () => {
    const kit = await startTestKit();
    try {
      const { copied } = await neovim.run('token', kit.home);
      const shada = readFileSync(inFolder('shada'), 'latin1');
      expect(copied).toMatch(jwt);
      // That the file is written at all, and has what Neovim was told to do.
      expect(shada.length).toBeGreaterThan(20);
      expect(shada).not.toContain(copied);
    } finally {
      await kit.stop();
    }
  });
});

const opened: Server[] = [];

async function listen(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

function writeEndpoint(port: number, instance: string): void {
  writeFileSync(inFolder('endpoint.json'), JSON.stringify({ address: `http://localhost:${port}`, port, instance }));
}
