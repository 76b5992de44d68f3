import { access } from 'node:fs/promises';
import { get } from 'node:http';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Message, message } from '../../preload/texts/messages.ts';
import { portOwner } from './portOwner.ts';

/** The ports of Pieces OS, where its clients look for it. */
const firstPort = 39300;
const lastPort = 39333;
/** Its health check. */
const healthPath = '/.well-known/health';
/** For the answer of a server there, in milliseconds. Pieces OS's clients wait 100; this allows for a busy machine. */
const probeTimeout = 2_000;
/** `ok:` and an id, in characters. */
const maxHealth = 200;

/** Whether clients of Pieces OS look for it on this port. */
export function isPiecesPort(port: number): boolean {
  return port >= firstPort && port <= lastPort;
}

/** The outside world of this check; for tests. */
export interface PiecesWorld {
  readonly platform: NodeJS.Platform;
  readonly environment: NodeJS.ProcessEnv;
  readonly home: string;
  readonly isThere: (path: string) => Promise<boolean>;
  /** The text of a 200 answer to `GET /.well-known/health`; undefined for none. */
  readonly health: (port: number) => Promise<string | undefined>;
  /** Whether a Loopgate of this user listens there. It gives the same answer. */
  readonly isLoopgate: (port: number) => Promise<boolean>;
}

/**
 * Finds out why Loopgate should leave the ports from 39300 on alone: Pieces OS is installed, or answers there.
 * @returns the reason as the second half of a sentence; undefined when there is none
 */
export async function piecesOs(world: Partial<PiecesWorld> = {}): Promise<Message | undefined> {
  const { platform, environment, home, isThere, health, isLoopgate }: PiecesWorld = { ...realWorld(), ...world };
  for (const path of piecesPaths(platform, environment, home)) {
    if (await isThere(path)) return message('piecesInstalled', { path });
  }
  const ports = Array.from({ length: lastPort - firstPort + 1 }, (_, index) => firstPort + index);
  const answers = await Promise.all(ports.map(async (port) => ({ port, text: await health(port) })));
  for (const { port, text } of answers) {
    if (text?.startsWith('ok') && !(await isLoopgate(port))) return message('piecesAnswers', { port });
  }
  return undefined;
}

/**
 * Its executables and data folders, from its documentation and packages (Homebrew, snap, flatpak, Windows installer).
 */
export function piecesPaths(platform: NodeJS.Platform, environment: NodeJS.ProcessEnv, home: string): string[] {
  if (platform === 'darwin') {
    return [
      '/Applications/Pieces OS.app',
      join(home, 'Applications', 'Pieces OS.app'),
      join(home, 'Library', 'com.pieces.os'),
    ];
  }
  if (platform === 'win32') {
    const local = environment.LOCALAPPDATA ?? join(home, 'AppData', 'Local');
    return [join(local, 'Mesh Intelligent Technologies, Inc', 'Pieces OS'), join(home, 'Documents', 'com.pieces.os')];
  }
  const data = environment.XDG_DATA_HOME || join(home, '.local', 'share');
  return [
    '/snap/pieces-os',
    '/var/lib/snapd/snap/pieces-os',
    '/var/lib/flatpak/app/com.pieces.os',
    join(data, 'flatpak', 'app', 'com.pieces.os'),
    join(data, 'com.pieces.os'),
  ];
}

function realWorld(): PiecesWorld {
  return {
    platform: process.platform,
    environment: process.env,
    home: homedir(),
    isThere: (path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    health: healthOf,
    isLoopgate: async (port) => (await portOwner(port))?.isLoopgate === true,
  };
}

/** Without `fetch`, which takes longer to load than to ask (seen: 600 ms on a busy machine). */
function healthOf(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asked = get({ host: '127.0.0.1', port, path: healthPath, agent: false }, (response) => {
      let text = '';
      response.setEncoding('latin1').on('data', (chunk: string) => {
        text += chunk;
        // Too long for an answer of Pieces OS.
        if (text.length > maxHealth) asked.destroy();
      });
      response.once('end', () => resolve(response.statusCode === 200 ? text : undefined));
      response.once('close', () => resolve(undefined));
    });
    const timer = setTimeout(() => asked.destroy(new Error('no answer')), probeTimeout);
    asked.once('close', () => clearTimeout(timer));
    asked.once('error', () => resolve(undefined));
  });
}
