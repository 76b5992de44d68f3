import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { BrowserDouble } from '../../demo/identity-provider/person.ts';
import { type IdentityProvider, startIdentityProvider } from '../../demo/identity-provider/provider.ts';
import { apiOperations } from '../../main/api/operationList.ts';
import { type ApiOptions, createApi } from '../../main/api/server.ts';
import { Broker } from '../../main/broker/broker.ts';
import { systemClock } from '../../main/broker/clock.ts';
import { MemoryVault } from '../../main/broker/session/vault.ts';
import { callerWith } from '../../main/callers/caller.ts';
import { listen } from '../../main/listener/listen.ts';
import { readSettings } from '../../main/settings/settings.ts';
import { verbatim } from '../../preload/texts/messages.ts';
import { testGate } from '../../testing/testGate.ts';
import { providerEnvironment } from './client.ts';
import { projectFolder } from './headless.ts';

/** One answer, as the API logs it. */
interface Answered {
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

/** The files of the page /docs. */
export const builtDocs = join(projectFolder, 'out', 'headless', 'docs');

/** The API and the broker of this process, with a provider. */
export interface OpenHost {
  readonly address: string;
  readonly port: number;
  readonly provider: IdentityProvider;
  readonly broker: Broker;
  /** Of every operation. */
  readonly operations: readonly { readonly method: string; readonly path: string }[];
  /** The addresses that a browser was opened for. */
  readonly opened: readonly string[];
  /** The next answer to that path. */
  nextAnswer(path: string): Promise<Answered>;
  /** Signs Ada Lovelace in, unless she is. */
  signIn(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts what the guard stands before. The caller is any program of this user: who asks is another lock, and would hold what
 * is to be seen here.
 * @param options.docsFolder - the files of the page /docs; those of the build by default
 */
export async function startOpenHost({ docsFolder = builtDocs }: { docsFolder?: string } = {}): Promise<OpenHost> {
  const provider = await startIdentityProvider({ anyLoopbackCallback: true, deviceFlow: false });
  const environment = { ...providerEnvironment(provider), LOOPGATE_HOME: projectFolder };
  const settings = readSettings(environment, () => ({}));
  const opened: string[] = [];
  const waiting = new Set<(answered: Answered) => void>();
  const log: ApiOptions['log'] = {
    debug: (fields, message) => {
      if (message === 'request') for (const take of waiting) take(fields as Answered);
    },
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
  };
  const person = new BrowserDouble();
  const broker = new Broker(settings, {
    clock: systemClock,
    random: Math.random,
    fetch,
    vault: new MemoryVault(verbatim('a test')),
    log,
    openBrowser: async (address) => {
      opened.push(address);
      if (signing) void person.signInAs(address, 'Ada Lovelace');
    },
  });
  let signing = false;
  const options: ApiOptions = {
    broker,
    gate: testGate(),
    callers: { find: async () => callerWith(async () => undefined), mayBringLogin: async () => true },
    now: () => systemClock.now(),
    log,
    instance: { id: randomUUID(), version: '1.2.3', compatibleVersion: '12.3.4' },
    commandKey: 'unused',
    docsFolder,
  };
  const api = createApi(options);
  const listening = await listen({ port: 0, handler: api.handler, onUpgrade: api.onUpgrade });
  const address = `http://localhost:${listening.port}`;
  await broker.start(address);
  return {
    address,
    port: listening.port,
    provider,
    broker,
    operations: apiOperations(options),
    opened,
    nextAnswer: (path) =>
      new Promise((resolve) => {
        const take = (answered: Answered) => {
          if (answered.path !== path) return;
          waiting.delete(take);
          resolve(answered);
        };
        waiting.add(take);
      }),
    async signIn() {
      if (broker.state().person) return;
      signing = true;
      try {
        // Another program each time: how often one may ask is limited (L8).
        await broker.ensureSignedIn(`program:${randomUUID()}`, 20_000);
      } finally {
        signing = false;
      }
    },
    async stop() {
      await broker.close();
      await Promise.all([api.close(), listening.close(), provider.close()]);
    },
  };
}
