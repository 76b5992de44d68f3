import { lookup } from 'node:dns/promises';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { defaultPorts, healthPath } from '../../protocol/protocol.ts';
import type { Settings } from '../../settings/settings.ts';
import { type Endpoint, readEndpoint } from '../../storage/endpointFile.ts';
import { isAlive, lockHolder } from '../../storage/folderLock.ts';
import type { CommandWorld } from '../command.ts';
import { type Found, ok, problem, warning } from './finding.ts';

/** How long this machine may take to answer itself, in milliseconds. */
const timeout = 3_000;

/** Checks whether a Loopgate runs on this data folder, and what a killed one has left. */
export function checkRunning({ home }: CommandWorld, endpoint: Endpoint | undefined): Found {
  if (endpoint) return ok(`Loopgate ${endpoint.version} runs (process ${endpoint.pid}) at ${endpoint.address}.`);
  const holder = lockHolder(home);
  if (holder && isAlive(holder)) {
    return problem(
      `Process ${holder.pid} holds ${home}, but has not published its address.`,
      'It may just be starting or ending: try again in a moment. If that stays, end it and start Loopgate again.',
    );
  }
  const left = readEndpoint(home)
    ? 'It does not run. endpoint.json is left from one that was killed; the next start replaces it.'
    : 'It does not run.';
  return problem(
    left,
    'Start it: open the app, or "loopgate serve" without a desktop; in the repository "npm start" or "npm run serve".',
  );
}

/** Checks whether Loopgate has, or could have, the port that programs try first. */
export async function checkPort(
  { platform }: CommandWorld,
  settings: Settings | undefined,
  endpoint: Endpoint | undefined,
): Promise<Found> {
  const wanted = settings?.port ?? settings?.ports?.[0] ?? defaultPorts[0];
  if (wanted === 0 || endpoint?.port === wanted) return ok(`It is ${endpoint?.port ?? 'any free one'}.`);
  const code = await tryPort(wanted);
  const inUse = endpoint ? ` Loopgate uses ${endpoint.port}.` : '';
  if (code === undefined) {
    return endpoint
      ? warning(`Port ${wanted} is free now.${inUse}`, 'Restart Loopgate to use it, or press the button in its window.')
      : ok(`Port ${wanted} is free.`);
  }
  const judge = endpoint ? warning : problem;
  if (code === 'EACCES' && platform === 'linux') {
    return judge(
      `Port ${wanted} is privileged here.${inUse}`,
      `An administrator opens it: sudo sysctl -w net.ipv4.ip_unprivileged_port_start=${wanted} (docs/start/port.md).`,
    );
  }
  return judge(
    `Port ${wanted} is not available (${code}).${inUse}`,
    `${seeWho(platform, wanted)}, end that program and restart Loopgate, or set another port.`,
  );
}

function seeWho(platform: NodeJS.Platform, port: number): string {
  const command = {
    linux: `ss -ltnp 'sport = :${port}'`,
    darwin: `lsof -nP -iTCP:${port} -sTCP:LISTEN`,
    win32: `netstat -ano | findstr :${port}`,
  }[platform as string];
  return `See who has it${command === undefined ? '' : ` (${command})`}`;
}

/** Resolves with the system's error code, or with undefined if the port is available. */
function tryPort(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error) => resolve('code' in error ? String(error.code) : error.message));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(undefined)));
  });
}

/**
 * Checks that both families of `localhost` lead to the same Loopgate, because clients differ in which they try first.
 */
export async function checkFamilies(
  { platform }: Pick<CommandWorld, 'platform'>,
  endpoint: Endpoint | undefined,
): Promise<Found> {
  const found = await lookup('localhost', { all: true }).catch(() => []);
  const addresses = found.map(({ address }) => address);
  const foreign = addresses.filter((address) => !/^127\.|^::1$/.test(address));
  const hostsFile = 'Correct the lines of localhost in the hosts file: 127.0.0.1 and ::1.';
  if (foreign.length > 0)
    return problem(`localhost leads to ${foreign.join(', ')}, which is not this machine.`, hostsFile);
  if (addresses.length === 0) return problem('The name localhost leads nowhere.', hostsFile);
  if (!endpoint) return ok(`localhost is ${addresses.join(' and ')}.`);
  const answers = await Promise.all(
    addresses.map(async (address) => ({ address, who: await whoAnswers(address, endpoint) })),
  );
  const where = (wanted: Answers) =>
    answers
      .filter(({ who }) => who === wanted)
      .map(({ address }) => address)
      .join(' and ');
  const [own, another, silent, absent] = [where('Loopgate'), where('another'), where('nothing'), where('absent')];
  if (another !== '') {
    return problem(
      `At ${another} another program answers on port ${endpoint.port}: programs that try that first reach it.`,
      `${seeWho(platform, endpoint.port)}, end that program and restart Loopgate.`,
    );
  }
  if (silent !== '') {
    return problem(
      `At ${silent} nothing answers on port ${endpoint.port}: programs that try only that do not reach Loopgate.`,
      'Restart Loopgate: it takes every address of localhost that is there when it starts.',
    );
  }
  if (absent === '') return ok(`Loopgate answers at ${own}.`);
  const leads = `localhost leads to ${absent}, which this machine does not have (its family is switched off)`;
  if (own === '') {
    return problem(
      `${leads}, and nowhere else: programs cannot reach Loopgate by that name.`,
      'Add the line "127.0.0.1 localhost" to the hosts file.',
    );
  }
  return warning(
    `Loopgate answers at ${own}. But ${leads}.`,
    `A program that tries only that does not reach it: take ${absent} out of the hosts file's line of localhost, or switch its family on and restart Loopgate.`,
  );
}

/** What answers at one address of localhost; `absent`: this machine does not have the address. */
type Answers = 'Loopgate' | 'another' | 'nothing' | 'absent';

/** Asks by number and without a proxy. */
function whoAnswers(host: string, { port, instance }: Endpoint): Promise<Answers> {
  return new Promise((resolve) => {
    const options = { host, port, path: healthPath, headers: { Host: `localhost:${port}` } };
    const asked = get({ ...options, timeout }, (answer) =>
      text(answer).then(
        (body) => resolve(body === `ok:${instance}` ? 'Loopgate' : 'another'),
        () => resolve('another'),
      ),
    );
    asked.on('timeout', () => asked.destroy());
    asked.on('error', (error) => {
      const code = 'code' in error ? String(error.code) : '';
      if (code === 'ECONNREFUSED') return resolve('nothing');
      // A server that accepts the connection but stays silent, or does not speak HTTP, counts too.
      resolve(/^(EADDRNOTAVAIL|EAFNOSUPPORT|ENETUNREACH|EHOSTUNREACH)$/.test(code) ? 'absent' : 'another');
    });
  });
}
