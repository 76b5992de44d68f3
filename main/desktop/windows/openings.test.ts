import { expect, test } from 'vitest';
import { inEnglish } from '../../../preload/texts/messages.ts';
import { openingOf } from './openings.ts';

/** The switches of a start, as Chromium parses them; packed.spec.ts has it parse some. */
function startWith(...switches: string[]) {
  const given = new Map(switches.map((one) => [one.split('=')[0] ?? '', one.split('=')[1] ?? '']));
  return openingOf({
    hasSwitch: (name) => given.has(name),
    getSwitchValue: (name) => given.get(name) ?? '',
  });
}

test.each([
  ['a debugger', ['remote-debugging-port=0', 'remote-debugging-pipe', 'remote-allow-origins=*', 'enable-automation']],
  [
    'a press of Allow over the accessibility bus',
    ['force-renderer-accessibility', 'force-renderer-accessibility=form'],
  ],
  ['a provider that is not checked', ['ignore-certificate-errors', 'allow-insecure-localhost']],
  ['another provider under its name', ['host-rules=MAP * 127.0.0.1', 'host-resolver-rules=MAP * 127.0.0.1']],
  ['the traffic', ['log-net-log=x', 'ssl-key-log-file=x', 'trace-startup=*', 'enable-tracing', 'trace-config-file=x']],
  ['code', ['js-flags=--x', 'zygote-cmd-prefix=x', 'utility-cmd-prefix=x', 'renderer-cmd-prefix=x', 'gpu-launcher=x']],
  ['walls that are down', ['disable-web-security', 'single-process']],
])('a start is refused that would open the app to %s, and is told which switch it was', (_what, switches) => {
  for (const one of switches) {
    const name = one.split('=')[0] ?? '';
    const opening = startWith('disable-gpu', one);
    expect(opening?.switches, one).toEqual([name]);
    expect(opening && inEnglish(opening.reason)).toContain(`was started with --${name}, by which others could use it.`);
  }
});

test('a start is refused that would store the sign-in without the keyring: only the setting may choose that', () => {
  const opening = startWith('password-store=basic');
  expect(opening?.switches).toEqual(['password-store']);
  expect(opening && inEnglish(opening.reason)).toContain('was started with --password-store=basic');
});

test.each([
  'password-store=gnome-libsecret',
  'password-store=kwallet',
  'password-store=kwallet5',
  'password-store=kwallet6',
  'ozone-platform=wayland',
  'ozone-platform-hint=auto',
  'enable-features=UseOzonePlatform,WaylandWindowDecorations',
  'disable-features=Vulkan',
  'disable-gpu',
  'no-sandbox',
  'no-zygote',
  'force-device-scale-factor=2',
  'gtk-version=4',
  'lang=de',
  'proxy-server=proxy.example:3128',
  'proxy-pac-url=http://proxy.example/pac',
  'auth-server-whitelist=*.example',
  'user-data-dir=/x',
  'enable-logging',
])('what people and their systems pass is left to them: --%s', (one) => {
  expect(startWith(one)).toBeUndefined();
});
