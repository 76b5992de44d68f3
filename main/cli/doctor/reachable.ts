import { lookup } from 'node:dns/promises';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { type Endpoint, readEndpoint } from '../../endpointFile.ts';
import { isAlive } from '../../lock.ts';
import type { Settings } from '../../settings.ts';
import { readText } from '../../settingsFile.ts';
import type { CommandWorld } from '../command.ts';
import { type Found, ok, problem, warning } from './finding.ts';

/** How long this machine may take to answer itself, in milliseconds. */
const patience = 3_000;

const lockModel = z.object({ pid: z.int().positive(), startedAt: z.string() });

/** Whether a Loopgate runs on this data folder, and what a killed one has left. */
export function checkRunning({ home }: CommandWorld, endpoint: Endpoint | undefined): Found {
  if (endpoint) return ok(`Loopgate ${endpoint.version} runs (process ${endpoint.pid}) at ${endpoint.address}.`);
  const holder = lockHolder(home);
  if (holder && isAlive(holder)) {
    return problem(
      `Process ${holder.pid} holds ${home}, and has not said where it listens.`,
      'It may just be starting or ending: try again in a moment. If that stays, end it and start Loopgate again.',
    );
  }
  const left = readEndpoint(home)
    ? 'It does not run. endpoint.json is left from one that was killed; the next start replaces it.'
    : 'It does not run.';
  return problem(left, 'Start it: open the app, or "npm start" or "npm run serve" in the repository.');
}

function lockHolder(home: string): z.output<typeof lockModel> | undefined {
  try {
    const parsed = lockModel.safeParse(JSON.parse(readText(join(home, 'lock.json')) ?? 'null'));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the port that programs try first is, or could be, Loopgate's. */
export async function checkPort(
  { platform }: CommandWorld,
  settings: Settings | undefined,
  endpoint: Endpoint | undefined,
): Promise<Found> {
  const wanted = settings?.port ?? settings?.ports?.[0] ?? 1000;
  if (wanted === 0 || endpoint?.port === wanted) return ok(`It is ${endpoint?.port ?? 'any free one'}.`);
  const code = await tryPort(wanted);
  const inUse = endpoint ? ` Loopgate uses ${endpoint.port}.` : '';
  if (code === undefined) {
    return endpoint
      ? warning(
          `Port ${wanted} is free by now.${inUse}`,
          'Restart Loopgate to have it, or press the button in its window.',
        )
      : ok(`Port ${wanted} is free.`);
  }
  const judge = endpoint ? warning : problem;
  if (code === 'EACCES' && platform === 'linux') {
    return judge(
      `Port ${wanted} is privileged here.${inUse}`,
      `An administrator opens it: sudo sysctl -w net.ipv4.ip_unprivileged_port_start=${wanted} (README, "The port").`,
    );
  }
  const who = {
    linux: `ss -ltnp 'sport = :${wanted}'`,
    darwin: `lsof -nP -iTCP:${wanted} -sTCP:LISTEN`,
    win32: `netstat -ano | findstr :${wanted}`,
  }[platform as string];
  return judge(
    `Port ${wanted} cannot be had (${code}).${inUse}`,
    `See who has it${who === undefined ? '' : ` (${who})`}, end that program and restart Loopgate, or set another port.`,
  );
}

/** Resolves with the system's error code, or undefined when the port could be had. */
function tryPort(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error) => resolve('code' in error ? String(error.code) : error.message));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(undefined)));
  });
}

/** Both families of `localhost` must lead to the same Loopgate: clients differ in which they try first. */
export async function checkFamilies(endpoint: Endpoint | undefined): Promise<Found> {
  const found = await lookup('localhost', { all: true }).catch(() => []);
  const addresses = found.map(({ address }) => address);
  const foreign = addresses.filter((address) => !/^127\.|^::1$/.test(address));
  const hostsFile = 'Correct the lines of localhost in the hosts file: 127.0.0.1 and ::1.';
  if (foreign.length > 0)
    return problem(`localhost leads to ${foreign.join(', ')}, which is not this machine.`, hostsFile);
  if (addresses.length === 0) return problem('The name localhost leads nowhere.', hostsFile);
  if (!endpoint) return ok(`localhost is ${addresses.join(' and ')}.`);
  const silent: string[] = [];
  for (const address of addresses) {
    const body = await health(address, endpoint.port);
    if (body !== `ok:${endpoint.instance}`) silent.push(address);
  }
  if (silent.length === 0) return ok(`Loopgate answers at ${addresses.join(' and ')}.`);
  return problem(
    `At ${silent.join(' and ')} something else answers, or nothing.`,
    `Restart Loopgate. If that stays, another program has port ${endpoint.port} there: end it.`,
  );
}

/** What health answers there; undefined when nothing does. By number and without a proxy. */
function health(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = {
      host,
      port,
      path: '/.well-known/health',
      headers: { Host: `localhost:${port}` },
      timeout: patience,
    };
    const asked = get(options, (answer) => text(answer).then(resolve, () => resolve(undefined)));
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(undefined));
  });
}
