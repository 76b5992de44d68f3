import { join } from 'node:path';
import { projectFolder } from './headless.ts';
import { treeForOtherUser } from './otherUser.ts';
import type { OwnNetwork } from './ownNetwork.ts';

/** Starts the provider in that network; what makes a host use it, with a browser that signs in there by itself. */
export async function providerIn(on: OwnNetwork): Promise<NodeJS.ProcessEnv> {
  const script = join(projectFolder, 'e2e', 'support', 'providerProcess.ts');
  const line = await on.start([process.execPath, '--import', 'tsx', script]);
  const browser = join(treeForOtherUser(), 'demo', 'identity-provider', 'browser.ts');
  return { ...(JSON.parse(line) as NodeJS.ProcessEnv), BROWSER: `${process.execPath} --import tsx ${browser}` };
}

/** The real thing that systemd does for a socket unit: it listens, and starts the command when somebody connects. */
export function socketActivate(listen: readonly string[], environment: NodeJS.ProcessEnv): string[] {
  const names = [...Object.keys(environment), 'LOOPGATE_HOME', 'LOOPGATE_PORT', 'LOOPGATE_LOG_LEVEL', 'HOME'];
  return [
    'systemd-socket-activate',
    ...listen.flatMap((address) => ['-l', address]),
    ...[...new Set(names)].flatMap((name) => ['-E', name]),
  ];
}

/** JavaScript that connects until somebody listens, asks for nothing but health, and waits for the answer. */
export const knock = `
  const [address] = process.argv.slice(1);
  for (;;) {
    const response = await fetch(address + '/.well-known/health').catch(() => undefined);
    if (response) { console.log(response.status); break; }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
`;
