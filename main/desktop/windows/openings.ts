import { type Message, message } from '../../../preload/texts/messages.ts';

/**
 * Chromium switches with which a program that starts the app could answer its questions, read its traffic or redirect it, run
 * code in it or take its walls away. No fuse turns them off. Other switches are left to the person and their system.
 */
const openings = [
  // For drivers of pages. A screen reader needs no switch: Chromium hears of it from the system.
  ...['remote-debugging-port', 'remote-debugging-pipe', 'remote-debugging-address', 'remote-allow-origins'],
  ...['enable-automation', 'force-renderer-accessibility'],
  ...['ignore-certificate-errors', 'ignore-certificate-errors-spki-list', 'allow-insecure-localhost'],
  ...['host-rules', 'host-resolver-rules', 'log-net-log', 'net-log-capture-mode', 'ssl-key-log-file'],
  // A trace has what log-net-log writes, too.
  ...['trace-startup', 'trace-config-file', 'trace-to-console', 'enable-tracing'],
  ...['js-flags', 'renderer-cmd-prefix', 'utility-cmd-prefix', 'zygote-cmd-prefix', 'gpu-launcher'],
  ...['browser-subprocess-path', 'disable-web-security', 'single-process'],
] as const;

/** The value of `password-store` that protects nothing. */
const weakerStore = { name: 'password-store', value: 'basic' } as const;

/** A start that is refused. */
export interface Opening {
  /** The switches that it had, by name. */
  readonly switches: readonly string[];
  readonly reason: Message;
}

/** @returns undefined for a start without any of these switches */
export function openingOf(given: Pick<Electron.CommandLine, 'hasSwitch' | 'getSwitchValue'>): Opening | undefined {
  const switches = openings.filter((name) => given.hasSwitch(name));
  if (switches.length > 0) {
    return { switches, reason: message('openingSwitches', { switches: `--${switches.join(' --')}` }) };
  }
  const { name, value } = weakerStore;
  if (given.getSwitchValue(name) !== value) return undefined;
  return { switches: [name], reason: message('weakerStoreSwitch', { switches: `--${name}=${value}` }) };
}
