/**
 * `npm run five-minutes`: does what the first page of docs/authors/extension-authors.md says, in a clean folder, as a person does it
 * with two terminals and a browser, and prints how long each step took. The commands are those of the page.
 */
import { execFile, spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { BrowserDouble } from '../demo/identity-provider/person.ts';
import { blocksOf } from './support/guide.ts';
import { projectFolder } from './support/headless.ts';

export interface FiveMinutes {
  /** In milliseconds, by step, in their order. */
  readonly took: Readonly<Record<string, number>>;
  /** Who the provider says that the token is for. */
  readonly person: string;
}

/**
 * Does it. What runs on this machine already is left alone: a data folder of its own, and any free port.
 * @param options.installs - false: without `npm ci`, with the packages of this folder
 * @param announce - takes a line for each step
 * @throws when a command fails, with what it said
 */
export async function fiveMinutes(
  { installs }: { installs: boolean },
  announce: (line: string) => void,
): Promise<FiveMinutes> {
  const scratch = await mkdtemp(join(tmpdir(), 'loopgate-five-minutes-'));
  const folder = join(scratch, 'loopgate');
  // Without BROWSER the first terminal shows where to sign in.
  const environment = { ...process.env, LOOPGATE_HOME: join(scratch, 'home'), LOOPGATE_PORT: '0', BROWSER: '' };
  const took: Record<string, number> = {};
  const step = async <Result>(name: string, does: () => Promise<Result>) => {
    const start = performance.now();
    const result = await does();
    took[name] = performance.now() - start;
    announce(`${seconds(took[name])}  ${name}`);
    return result;
  };
  let first: FirstTerminal | undefined;
  try {
    await copyClean(folder);
    if (!installs) await symlink(join(projectFolder, 'node_modules'), join(folder, 'node_modules'));
    const { install, serve, other, file, lastly } = await firstPage(folder);
    const run = (script: string) => runInShell(script, folder, environment);
    if (installs) await step(install, () => run(install));
    const terminal = new FirstTerminal(serve, folder, environment);
    first = terminal;
    await step(serve, () => terminal.shows(/ listening on (\S+)/));
    const printed = await step('sign in, and a token with curl', async () => {
      const [ended] = await Promise.all([run(other), signIn(terminal)]);
      return ended;
    });
    // curl has printed the profile, which is JSON, and behind it the token.
    const person = await personOf(terminal, printed.slice(printed.lastIndexOf('}') + 1));
    await writeFile(join(folder, 'first.mts'), file);
    const said = await step('the same in TypeScript', () => run(lastly));
    if (!said.startsWith(`A token of ${person}: `)) throw new Error(`first.mts printed: ${said}`);
    announce(`${seconds(Object.values(took).reduce((sum, one) => sum + one, 0))}  all of it, as ${person}`);
    return { took, person };
  } finally {
    await first?.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The blocks of the page: the first terminal's two lines, the second one's, the file, and how that is run. */
async function firstPage(folder: string) {
  const guide = await readFile(join(folder, 'docs', 'authors', 'extension-authors.md'), 'utf8');
  const blocks = blocksOf(guide).filter(({ section }) => section === 'Five minutes');
  const [terminal = '', other = '', file = '', lastly = '', ...more] = blocks.map(({ text }) => text);
  const [install = '', serve = '', ...others] = terminal.split('\n');
  if (lastly === '' || serve === '' || more.length + others.length > 0)
    throw new Error('The first page of docs/authors/extension-authors.md has other blocks than this program knows.');
  return { install, serve, other, file, lastly };
}

/** Copies the project as a clone has it: without what `.gitignore` names. */
async function copyClean(folder: string): Promise<void> {
  const ignored = await readFile(join(projectFolder, '.gitignore'), 'utf8');
  const names = new Set([
    '.git',
    ...ignored
      .trim()
      .split('\n')
      .map((line) => line.replaceAll('/', '')),
  ]);
  await cp(projectFolder, folder, {
    recursive: true,
    filter: (source) =>
      !relative(projectFolder, source)
        .split(sep)
        .some((name) => names.has(name)),
  });
}

/** Runs the lines of a block to their end, and gives what they printed. */
function runInShell(script: string, cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('bash', ['-ec', script], { cwd, env }, (error, printed, said) => {
      if (error) reject(new Error(`${script}\nended with ${error.code}: ${said}${printed}`));
      else resolve(printed);
    });
  });
}

/** Where Loopgate runs. */
class FirstTerminal {
  readonly #child;
  readonly #ended: Promise<void>;
  readonly #lines: string[] = [];
  readonly #waiting = new Set<() => void>();

  constructor(command: string, cwd: string, env: NodeJS.ProcessEnv) {
    // A group of its own, as a terminal has it: Ctrl+C reaches all that npm has started.
    this.#child = spawn('bash', ['-c', command], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#ended = new Promise((resolve) => this.#child.once('close', () => resolve()));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.#lines.push(line);
        for (const look of this.#waiting) look();
      });
    }
  }

  /** The first group of a pattern, once a line fits. @throws when the command has ended before */
  shows(pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = this.#lines.map((line) => pattern.exec(line)).find((match) => match !== null);
        if (!found) return;
        this.#waiting.delete(look);
        resolve(found[1] ?? '');
      };
      this.#waiting.add(look);
      look();
      void this.#ended.then(() => reject(new Error(`Loopgate has ended:\n${this.#lines.join('\n')}`)));
    });
  }

  async close(): Promise<void> {
    if (this.#child.pid !== undefined && this.#child.exitCode === null) process.kill(-this.#child.pid, 'SIGINT');
    await this.#ended;
  }
}

/** Plays the person, who reads the first terminal and opens in a browser what it shows. */
async function signIn(terminal: FirstTerminal): Promise<void> {
  const [address, userCode] = await Promise.all([
    terminal.shows(/^ {2}(http\S+\/activate)$/),
    terminal.shows(/^ {2}([A-Z]{4}-[A-Z]{4})$/),
  ]);
  await new BrowserDouble().approveDevice(address, 'Ada Lovelace', { userCode });
}

/** The provider's own word. */
async function personOf(terminal: FirstTerminal, token: string): Promise<string> {
  const provider = await terminal.shows(/^The demo identity provider runs at (\S+):/);
  const answer = await fetch(`${provider}userinfo`, { headers: { Authorization: `Bearer ${token}` } });
  const { name } = (await answer.json()) as { name?: string };
  if (name === undefined) throw new Error(`The provider does not take the token: ${answer.status}`);
  return name;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1).padStart(6)} s`;
}

const isProgram = process.argv[1] !== undefined && pathToFileURL(process.argv[1]).href === import.meta.url;
if (isProgram) await fiveMinutes({ installs: true }, (line) => console.log(line));
