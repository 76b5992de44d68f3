import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { ensureBundle } from '../../build/bundle.ts';
import { startIdentityProvider } from '../../demo/identity-provider/provider.ts';
import { providerEnvironment } from '../../e2e/support/client.ts';
import { startHeadless } from '../../e2e/support/headless.ts';
import { freePort } from '../../testing/freePort.ts';
import type { Metric } from '../metric.ts';
import { median, pairedRounds } from '../rounds.ts';
import { signInOnDevice } from '../signIn.ts';
import { ratioResult } from '../target.ts';
import { ensureOidcAgent, startOidcAgent } from './oidcAgent.ts';
import { startSecretFront } from './secretFront.ts';

const rounds = 20;
/** Commands in a round, one after the other. */
const commandsInRound = 10;

/** P14. Both hold a valid token of the same provider in memory, and hand it to a command that is started for it. */
export const command: Metric = {
  id: 'P14',
  what: 'one access token as a whole command: curl of /user/access_token, against oidc-token of oidc-agent',
  async measure(announce) {
    await ensureOidcAgent(announce);
    await ensureBundle({ quiet: true });
    const stops: (() => Promise<unknown>)[] = [];
    try {
      const port = await freePort();
      const provider = await startIdentityProvider({ issuer: `http://localhost:${port}/`, deviceIntervalSeconds: 1 });
      stops.push(() => provider.close());
      const front = await startSecretFront({ port, providerPort: provider.port, clientId: provider.clientId });
      stops.push(() => front.close());
      const agent = await startOidcAgent(provider);
      stops.push(() => agent.stop());
      const environment = { ...providerEnvironment(provider), LOOPGATE_LOG_LEVEL: 'info' };
      const host = await startHeadless({ environment });
      stops.push(() => host.stop());
      await signInOnDevice(host.address, 'Ada Lovelace');
      announce(`P14: ${rounds} rounds of ${commandsInRound} commands each`);
      const { PATH } = process.env;
      const ours = several(() => timeOf('curl', ['-s', `${host.address}/user/access_token`], { PATH }));
      const theirs = several(() => timeOf('oidc-token', [agent.account], agent.environment));
      const bare = await startBareServer();
      stops.push(() => bare.close());
      const curlAlone = several(() => timeOf('curl', ['-s', bare.address], { PATH }));
      await pairedRounds(1, ours, theirs);
      const asked = provider.requests.length;
      const both = await pairedRounds(rounds, ours, theirs);
      const requests = provider.requests.length - asked;
      const alone = await pairedRounds(rounds / 4, curlAlone, theirs);
      return [
        ratioResult(
          {
            id: 'P14',
            metric: 'one access token as a whole command, ms',
            note: `valid token in memory (${requests} requests to the provider); curl of a bare node:http takes ${median(alone.values).toFixed(0)} ms, ${median(alone.ratios).toFixed(1)}×`,
          },
          both,
          { atMost: 4 },
        ),
      ];
    } finally {
      for (const stop of stops.reverse()) await stop();
    }
  },
};

/** The mean of a round's commands. */
function several(runOne: () => Promise<number>): () => Promise<number> {
  return async () => {
    let sum = 0;
    for (let count = 0; count < commandsInRound; count += 1) sum += await runOne();
    return sum / commandsInRound;
  };
}

/** What curl costs by itself: a server that knows no caller and sends as many bytes. */
async function startBareServer(): Promise<{ address: string; close(): Promise<void> }> {
  const token = 'x'.repeat(800);
  const server = createServer((_request, response) => response.end(token)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://localhost:${port}/`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** How long a command takes, in milliseconds. @throws Error when what it prints is no token */
async function timeOf(program: string, argv: string[], env: NodeJS.ProcessEnv): Promise<number> {
  const began = performance.now();
  const child = spawn(program, argv, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'close');
  const printed = (await text(child.stdout)).trim();
  await ended;
  const took = performance.now() - began;
  // A JWT: three parts, or a reference of the provider's. Never shown.
  if (!/^[\w.-]{20,}$/.test(printed)) throw new Error(`${program} printed no token`);
  return took;
}
