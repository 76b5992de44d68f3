import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { ensureBundle } from '../../build/bundle.ts';
import {
  type IdentityProvider,
  type IdentityProviderOptions,
  startIdentityProvider,
} from '../../demo/identity-provider/provider.ts';
import { providerEnvironment } from '../../e2e/support/client.ts';
import { type Headless, startHeadless } from '../../e2e/support/headless.ts';
import type { RecordedAnswer } from './callers.ts';
import { endLater, portOf, startScript } from './processes.ts';
import { Program } from './program.ts';

/** Which programs are let in: every one of the user, or those on the list, on which the callers are. */
export type Guard = 'same-user' | 'listed';

/** The bundled headless host with somebody signed in, and its provider, which runs in this process. */
export interface Stage {
  readonly host: Headless;
  readonly provider: IdentityProvider;
}

export interface StageOptions {
  /** Default `listed`. */
  readonly guard?: Guard;
  readonly provider?: IdentityProviderOptions;
  readonly environment?: NodeJS.ProcessEnv;
}

/** Starts both as a user would have them: what is logged is the default, and the session rests in a file. */
export async function startStage({ guard = 'listed', ...options }: StageOptions = {}): Promise<Stage> {
  await ensureBundle({ quiet: true });
  const provider = await startIdentityProvider({ anyLoopbackCallback: true, deviceFlow: false, ...options.provider });
  endLater(() => provider.close());
  const home = await mkdtemp(join(tmpdir(), 'loopgate-bench-'));
  endLater(() => rm(home, { recursive: true, force: true }));
  const start = async (mode: Guard) => {
    const host = await startHeadless({
      home,
      environment: {
        ...providerEnvironment(provider),
        LOOPGATE_GUARD: mode,
        LOOPGATE_LOG_LEVEL: 'info',
        LOOPGATE_VAULT_KEY: Buffer.alloc(32, 7).toString('base64'),
        NODE_ENV: 'production',
        ...options.environment,
      },
    });
    endLater(() => host.stop());
    return host;
  };
  if (guard === 'listed') {
    // Who calls is found out by the host itself; then the answer that a person would give is put into its list.
    const before = await start('same-user');
    await new Program(before, provider).signIn();
    await before.stop();
    await allowAll(home);
  }
  const host = await start(guard);
  if (guard === 'same-user') await new Program(host, provider).signIn();
  return { host, provider };
}

const list = z.looseObject({ programs: z.array(z.looseObject({ decision: z.string() })).min(1) });

/** Allows every program that has called so far, for as long as an interpreter can be: it stands in for the person. */
async function allowAll(home: string): Promise<void> {
  const path = join(home, 'programs.json');
  const { programs, ...rest } = list.parse(JSON.parse(await readFile(path, 'utf8')));
  const until = Date.now() + 11 * 60 * 60_000;
  const allowed = programs.map((program) => ({ ...program, decision: 'allowed', until }));
  await writeFile(path, JSON.stringify({ ...rest, programs: allowed }));
}

/** A server that the host is compared with. */
export interface Reference {
  readonly port: number;
  readonly pid: number;
}

/** Starts a server that sends the very bytes of a recorded answer. */
export async function startReference(
  kind: 'node:http' | 'express',
  { head, body }: RecordedAnswer,
  environment: NodeJS.ProcessEnv = {},
): Promise<Reference> {
  const child = startScript(fileURLToPath(new URL('answerServer.cjs', import.meta.url)), [kind], environment);
  child.send({ headers: ownHeaders(head), body });
  return { port: await portOf(child), pid: child.pid ?? -1 };
}

/** The headers without those that Node adds to every answer. */
function ownHeaders(head: string): Record<string, string> {
  const lines = head.trim().split('\r\n').slice(1);
  const headers = lines.map((line): [string, string] => [line.split(': ', 1)[0] ?? '', line.replace(/^.*?: /, '')]);
  return Object.fromEntries(headers.filter(([name]) => !/^(date|connection|keep-alive)$/i.test(name)));
}

/** @throws Error when two answers differ in anything but their time and the order of their headers */
export function checkSameBytes(one: RecordedAnswer, other: RecordedAnswer): void {
  const [ours, theirs] = [one, other].map(({ head, body }) => {
    const lines = head.replace(/^date: .*$/im, 'Date: …').split('\r\n');
    return `${lines.sort().join('\n')}\n${body}`;
  });
  if (ours !== theirs) throw new Error(`The reference does not send the same bytes: ${theirs} instead of ${ours}`);
}
