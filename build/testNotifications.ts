/** The notification service of the tests' desktop: dunst, a real one. What it shows is what a person sees. */

import { execFile } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** How long it may take to answer, in milliseconds. Only reached when something is broken. */
const DEADLINE = 15_000;

/** Owned on the bus by what shows notifications. */
export const NOTIFICATIONS_NAME = 'org.freedesktop.Notifications';

/** The notifications on the screen. */
export interface ShownNotifications {
  /** The texts of all that were shown until now, the newest last, as a person reads them. */
  texts(): Promise<string[]>;
  /** How many are on the screen now. */
  count(): Promise<number>;
  /** Clicks the oldest of those that are on the screen, with the mouse. */
  click(): Promise<void>;
  /** Closes all that are on the screen, as a person does who has read them. */
  dismiss(): Promise<void>;
  /** Chooses a button by its label, of the one on the screen that has it. */
  choose(label: string): Promise<void>;
}

/** No time-out: a notification goes when it is taken back or clicked, and no test has to be quick. */
const configuration = (menu: string) => `[global]
markup = full
mouse_middle_click = do_action, close_current
dmenu = ${menu}
[urgency_normal]
timeout = 0
`;

/**
 * @param folder - what it writes goes there
 * @param start - starts a program on that desktop
 */
export async function startDunst(
  folder: string,
  environment: Record<string, string>,
  start: (command: string, args: readonly string[]) => void,
): Promise<ShownNotifications> {
  const file = (name: string) => join(folder, `dunst-${name}`);
  const run = (command: string, ...argv: string[]) => execute(command, argv, { env: environment, timeout: DEADLINE });
  await writeFile(file('choice'), '');
  // dunst has a program choose: it gets a line for each button of each notification, such as `#Undo (Loopgate) [3,undo]`.
  await writeFile(file('menu'), `#!/bin/sh\ngrep -F -m 1 -- "#$(cat ${file('choice')}) ("\n`);
  await chmod(file('menu'), 0o755);
  await writeFile(file('rc'), configuration(file('menu')));
  await writeFile(file('shown'), '');
  // It prints what it is given, line by line.
  const script = `exec stdbuf -oL dunst -print -config "$0" >"$1"`;
  start('sh', ['-c', script, file('rc'), file('shown')]);
  await run('gdbus', 'wait', '--session', '--timeout', String(DEADLINE / 1000), NOTIFICATIONS_NAME);
  return {
    texts: async () => textsOf(await readFile(file('shown'), 'utf8')),
    count: async () => Number((await run('dunstctl', 'count', 'displayed')).stdout),
    async click() {
      const { stdout } = await run('xdotool', 'search', '--sync', '--onlyvisible', '--limit', '1', '--class', 'Dunst');
      await run('xdotool', 'mousemove', '--window', stdout.trim(), '20', '20', 'click', '2');
    },
    async dismiss() {
      await run('dunstctl', 'close-all');
    },
    async choose(label) {
      await writeFile(file('choice'), label);
      await run('dunstctl', 'context');
    },
  };
}

/** dunst prints the text as it was given, in Pango's markup: what is markup is not read by a person, what is escaped is. */
function textsOf(printed: string): string[] {
  const bodies = [...printed.matchAll(/^\tbody: '(.*?)'\n\ticon: /gms)].map(([, body = '']) => body);
  const characters: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'", '#39': "'" };
  return bodies.map((body) =>
    body.replace(/<[^>]*>/g, '').replace(/&(lt|gt|amp|quot|apos|#39);/g, (_, name: string) => characters[name] ?? ''),
  );
}
