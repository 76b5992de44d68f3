import { z } from 'zod';
import { policySources } from '../../main/settings/policy.ts';
import { settingsTable } from '../../main/settings/settingsTable.ts';
import { inEnglish } from '../../preload/texts/messages.ts';
import { page, table } from './markdown.ts';

/** All settings, with their variables and defaults. */
export function settingsMarkdown(): string {
  const rows = Object.entries(settingsTable).map(([name, row]) => [
    `\`${row.environment}\``,
    row.inFile ? `\`${name}\`` : '–',
    row.description,
    inEnglish(row.expected),
    row.default,
  ]);
  return table(['environment', 'settings.json', 'what it decides', 'value', 'default'], rows);
}

/** `docs/reference/settings.md`. */
export function settingsPage(): string {
  return page(
    'Settings',
    'A setting is an environment variable, or an entry of `settings.json` in the data folder: `~/.config/loopgate` on Linux, `~/Library/Application Support/Loopgate` on macOS, `%APPDATA%\\Loopgate` on Windows. The environment wins over `settings.json`, and [the administrator’s policy](policy.md) wins over both. Loopgate refuses to start with a wrong value, and names the setting and what it expected.',
    'The window changes the provider, the port, the theme, the start at login and which programs may ask, under "Settings". It tries each change before it keeps it, and takes it back if it does not work. It keeps a client ID that the provider does not know only if you say so.',
    settingsMarkdown(),
  );
}

/** The types of registry values for the types that a setting has in JSON. */
const registryTypes: Readonly<Record<string, string>> = {
  string: '`REG_SZ`',
  integer: '`REG_DWORD` or `REG_SZ`',
  boolean: '`REG_DWORD` (1 or 0) or `REG_SZ`',
  array: '`REG_MULTI_SZ`, or `REG_SZ` with commas or spaces',
};

/** `docs/reference/policy.md`. */
export function policyPage(): string {
  const rows = Object.entries(settingsTable)
    .filter(([, { inFile }]) => inFile)
    .map(([name, { schema, expected }]) => {
      const { type = 'string' } = z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' });
      const written = registryTypes[String(type)];
      if (written === undefined)
        throw new Error(`The setting ${name} is of the type ${type}, which has no registry type.`);
      return [`\`${name}\``, inEnglish(expected), written];
    });
  return page(
    'The policy file',
    'What an administrator decides for a machine wins over the environment, over `settings.json` and over the window. [For administrators](../admin/policy.md) says how to set it up.',
    '## Where it is',
    table(
      ['system', 'place', 'who must own it'],
      [
        [
          'Linux',
          `\`${policySources.linux}\``,
          'root; no group and nobody else may write the file or its folder, and neither may be a link',
        ],
        [
          'macOS',
          `\`${policySources.darwin}\`, which a configuration profile for \`dev.loopgate.app\` makes`,
          'the same',
        ],
        ['Windows', `the registry key \`${policySources.win32}\`, with a value for each setting`, 'as Windows has it'],
      ],
    ),
    '## What can be in it',
    'A policy takes every setting that `settings.json` takes, under the same name. [The settings](settings.md) say what each of them decides. A text in the registry is written as in the environment.',
    table(['setting', 'value', 'type in the registry'], rows),
  );
}
