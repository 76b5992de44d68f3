import { settingsTable } from '../../main/settings/settingsTable.ts';
import { page, table } from './markdown.ts';

/** Variables of the system or of other programs that Loopgate minds, and what for. */
const otherVariables: readonly (readonly [names: string, what: string])[] = [
  ['`BROWSER`', 'Headless: [the browser that opens a login](../start/sign-in.md#the-browser).'],
  ['`XDG_CONFIG_HOME`, `APPDATA`', 'Where the data folder lies if `LOOPGATE_HOME` is not set.'],
  ['`CREDENTIALS_DIRECTORY`', 'Set by systemd: the folder of the credential `loopgate-vault-key`.'],
  [
    '`LISTEN_FDS`, `LISTEN_PID`, `LISTEN_FDNAMES`',
    'Set by systemd: [the sockets that it hands over](../remote/headless-linux.md).',
  ],
  ['`LC_ALL`, `LC_MESSAGES`, `LANG`', 'Headless: the language of the pages in the browser.'],
  ['`LC_TIME`', 'On Linux: how dates and times are written.'],
  ['`DBUS_SESSION_BUS_ADDRESS`', 'On Linux: the session bus, for the keyring and the notifications.'],
  [
    '`http_proxy`, `https_proxy`, `no_proxy`, `auto_proxy`',
    'On Linux without desktop settings: [the proxy](../admin/network.md).',
  ],
  [
    '`HTTPS_PROXY`, `NODE_USE_ENV_PROXY`, `NODE_EXTRA_CA_CERTS`',
    'For `npm run serve`: [the proxy and the company’s certificate authority](../admin/network.md).',
  ],
  ['`LOOPGATE_CLIENT_SECRET`', 'Refused: Loopgate takes no client secret.'],
];

/** `docs/reference/environment.md`. */
export function environmentPage(): string {
  return page(
    'Environment variables',
    'An empty variable counts as one that is not set.',
    '## Settings',
    '[The settings](settings.md) say what each of them takes, and its default.',
    table(
      ['variable', 'what it decides'],
      Object.values(settingsTable).map(({ environment, description }) => [`\`${environment}\``, description]),
    ),
    '## Others',
    table(['variable', 'what it is for'], otherVariables),
  );
}
