import type { Settings } from '../settings/settings.ts';
import type { Command, CommandWorld } from './command.ts';
import { interrupted, runningEndpoint } from './connection.ts';
import type { Finding, Found } from './doctor/finding.ts';
import { checkBrowser, checkFiles, checkHsts, checkKeyring, checkProxy, checkSettings } from './doctor/machine.ts';
import { checkCallbacks, checkClientId, checkClock, checkProvider, discover } from './doctor/provider.ts';
import { checkFamilies, checkPort, checkRunning } from './doctor/reachable.ts';
import { checkWebOrigins } from './doctor/webOrigins.ts';
import { exitCodes } from './failure.ts';

const marks = { ok: 'ok      ', note: 'note    ', warning: 'warning ', problem: 'PROBLEM ' } as const;

/** `doctor`: checks everything that sign-ins and programs depend on, changes nothing, and advises on each finding. */
export const doctor: Command = async ({ world }) => {
  const findings: Finding[] = [];
  const look = async (check: string, found: Promise<Found> | Found) => {
    if (world.interrupted.aborted) throw interrupted();
    findings.push({ check, ...(await found) });
  };
  const read = checkSettings(world);
  await look('settings', read.finding);
  await look('files', checkFiles(world));
  const endpoint = runningEndpoint(world.home);
  await look('running', checkRunning(world, endpoint));
  await look('port', checkPort(world, read.settings, endpoint));
  await look('localhost', checkFamilies(world, endpoint));
  await look('proxy', checkProxy(world));
  await look('hsts', checkHsts(endpoint));
  await look('keyring', checkKeyring(world));
  await look('browser', checkBrowser(world));
  const origins = checkWebOrigins(read.settings?.origins ?? [], world.platform === 'linux' ? '/' : undefined);
  if (origins) await look('origins', origins);
  await lookAtProvider(world, read.settings, look);
  return resultOf(findings);
};

async function lookAtProvider(
  world: CommandWorld,
  settings: Settings | undefined,
  look: (check: string, found: Promise<Found> | Found) => Promise<void>,
): Promise<void> {
  const discovered = settings?.issuer === undefined ? undefined : await discover(settings.issuer, world.interrupted);
  await look('provider', checkProvider(settings, discovered));
  const endpoint = runningEndpoint(world.home);
  await look('client', checkClientId(settings, discovered, { endpoint, interrupted: world.interrupted }));
  await look('clock', checkClock(discovered));
  await look('callbacks', checkCallbacks(settings, endpoint));
}

function resultOf(findings: readonly Finding[]) {
  const problems = findings.filter(({ outcome }) => outcome === 'problem').length;
  const lines = findings.flatMap(({ check, outcome, found, next }) => [
    `${marks[outcome]}${check.padEnd(10)} ${found}`,
    ...(next === undefined ? [] : [`${' '.repeat(19)}→ ${next}`]),
  ]);
  const sum =
    problems === 0 ? 'Nothing is in the way.' : `${problems} ${problems === 1 ? 'thing is' : 'things are'} in the way.`;
  return {
    text: [...lines, '', sum],
    json: { ok: problems === 0, checks: findings },
    exitCode: problems === 0 ? exitCodes.done : exitCodes.failed,
  };
}
