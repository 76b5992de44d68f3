import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { type Message, message, verbatim } from '../../preload/texts/messages.ts';
import { normaliseIssuer } from '../broker/provider/providerChecks.ts';
import { defaultPorts } from '../protocol/protocol.ts';

/** One setting, as a row of {@link settingsTable}. */
export interface Setting {
  /** The environment variable; it wins over settings.json. */
  readonly environment: string;
  /** False if only the environment can set it. */
  readonly inFile: boolean;
  /** What the setting does, for the documentation. */
  readonly description: string;
  /** The requirement for a value, for errors and the documentation. */
  readonly expected: Message;
  /** The default as the documentation shows it. */
  readonly default: string;
  /** Parses a value of settings.json, or the text of the environment after {@link fromText}. */
  readonly schema: z.ZodType;
  /** Turns the environment's text into a value for the schema; by default it stays text. */
  readonly fromText?: (text: string) => unknown;
}

const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
const list = z.array(z.string().min(1));
const listFromText = (text: string) => text.split(/[\s,]+/).filter((entry) => entry !== '');
const numberFromText = (text: string) => (/^\d+$/.test(text) ? Number(text) : text);
const numbersFromText = (text: string) => listFromText(text).map(numberFromText);
const booleanFromText = (text: string) => ({ '1': true, true: true, '0': false, false: false })[text] ?? text;

const vaultKey = z.string().transform((text, context) => {
  const key = Buffer.from(text, 'base64');
  if (/^[A-Za-z0-9+/]{43}=?$/.test(text) && key.length === 32) return key;
  context.addIssue({ code: 'custom', message: 'not a key' });
  return z.NEVER;
});

const issuer = z.string().transform((text, context) => {
  try {
    return normaliseIssuer(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'not an issuer' });
    return z.NEVER;
  }
});

/** Schemes that run or read something instead of opening a page. */
const refusedSchemes = ['javascript:', 'data:', 'file:', 'blob:', 'about:', 'vbscript:'];
const webAddress = z
  .string()
  .refine((text) => URL.canParse(text) && !text.includes('#') && !refusedSchemes.includes(new URL(text).protocol));
const origin = z.string().refine((text) => text === 'vscode-webview:' || (URL.canParse(text) && isOrigin(text)));

/** An exact origin as a browser sends it: only scheme, host and port, and never `*` or `null`. */
function isOrigin(text: string): boolean {
  if (/^https?:/.test(text)) return new URL(text).origin === text && !text.includes('*');
  // By the URL standard other schemes have no origin; browsers send scheme and host.
  return /^[a-z][a-z0-9+.-]*:\/\/[a-z0-9.-]+$/.test(text);
}

/** All settings, each once: parsing, defaults, documentation and errors use this table. */
export const settingsTable = {
  home: {
    environment: 'LOOPGATE_HOME',
    inFile: false,
    description: 'The data folder: settings.json, the session, the lock.',
    expected: verbatim('an absolute path'),
    default: "the system's folder for application data",
    schema: z.string().refine((text) => isAbsolute(text)),
  },
  port: {
    environment: 'LOOPGATE_PORT',
    inFile: true,
    description:
      'The port of the API. When it is set, no other port is tried, whatever `ports` says; 0 takes any free one.',
    expected: message('expectedPort'),
    default: 'the first of `ports` that is free',
    schema: z.int().min(0).max(65535),
    fromText: numberFromText,
  },
  ports: {
    environment: 'LOOPGATE_PORTS',
    inFile: true,
    description:
      'The ports that are tried, in this order, when no single port is set. 39300 to 39333 are passed over where Pieces OS is installed or answers.',
    expected: verbatim(
      'a list of different whole numbers from 1 to 65535 (environment: separated by commas or spaces)',
    ),
    default: defaultPorts.join(', '),
    schema: z
      .array(z.int().min(1).max(65535))
      .min(1)
      .refine((ports) => new Set(ports).size === ports.length),
    fromText: numbersFromText,
  },
  issuer: {
    environment: 'LOOPGATE_ISSUER',
    inFile: true,
    description: 'The identity provider: an Auth0 domain or any OpenID issuer.',
    expected: message('expectedIssuer'),
    default: 'none',
    schema: issuer,
  },
  clientId: {
    environment: 'LOOPGATE_CLIENT_ID',
    inFile: true,
    description: 'The client id of the Native application at the provider.',
    expected: message('expectedNoSpaces'),
    default: 'none',
    schema: z.string().regex(/^[\x21-\x7e]+$/),
  },
  audience: {
    environment: 'LOOPGATE_AUDIENCE',
    inFile: true,
    description: 'The API that access tokens are for (Auth0: its identifier).',
    expected: message('expectedNoSpaces'),
    default: 'none',
    schema: z.string().regex(/^[\x21-\x7e]+$/),
  },
  scope: {
    environment: 'LOOPGATE_SCOPE',
    inFile: true,
    description: 'The scopes of the session.',
    expected: verbatim('scopes separated by single spaces, openid among them'),
    default: 'openid profile email offline_access',
    schema: z.string().refine((text) => {
      const scopes = text.split(' ');
      return scopes.includes('openid') && scopes.every((scope) => scopeToken.test(scope));
    }),
  },
  demo: {
    environment: 'LOOPGATE_DEMO',
    inFile: false,
    description:
      'Start the demo identity provider on this machine (npm start and npm run serve only; not in the packaged app).',
    expected: verbatim('1 or 0'),
    default: '1 for npm start when no issuer is set',
    schema: z.boolean(),
    fromText: booleanFromText,
  },
  signInTimeout: {
    environment: 'LOOPGATE_SIGN_IN_TIMEOUT',
    inFile: true,
    description: 'How many seconds a login in the browser may take.',
    expected: verbatim('a whole number of seconds from 1 to 240'),
    default: '240',
    schema: z.int().min(1).max(240),
    fromText: numberFromText,
  },
  clients: {
    environment: 'LOOPGATE_CLIENTS',
    inFile: true,
    description: 'Further client ids that programs may use.',
    expected: verbatim('a list of client ids (environment: separated by commas or spaces)'),
    default: 'empty',
    schema: list,
    fromText: listFromText,
  },
  redirectUris: {
    environment: 'LOOPGATE_REDIRECT_URIS',
    inFile: true,
    description:
      "Redirect URIs of programs that take the code themselves, beside Loopgate's own callback; matched exactly.",
    expected: verbatim('a list of addresses without fragment (environment: separated by commas or spaces)'),
    default: 'empty',
    schema: z.array(webAddress),
    fromText: listFromText,
  },
  returnTo: {
    environment: 'LOOPGATE_RETURN_TO',
    inFile: true,
    description: 'Addresses that /v2/logout may return to; matched exactly.',
    expected: verbatim('a list of addresses (environment: separated by commas or spaces)'),
    default: 'empty',
    schema: z.array(webAddress),
    fromText: listFromText,
  },
  origins: {
    environment: 'LOOPGATE_ORIGINS',
    inFile: true,
    description:
      'Web origins that may call the API from a browser or webview; "vscode-webview:" allows that whole scheme. An origin here is allowed for every program of the user that can start a browser. Browsers [ask the person too](../admin/browsers.md).',
    expected: verbatim(
      'a list of exact origins such as https://tool.example (environment: separated by commas or spaces)',
    ),
    default: 'empty',
    schema: z.array(origin),
    fromText: listFromText,
  },
  guard: {
    environment: 'LOOPGATE_GUARD',
    inFile: true,
    description:
      'Which programs may use the sign-in: those that the person allows when they first ask; every program of the same user; or only what the list of programs allows already.',
    expected: message('expectedGuard'),
    default: 'ask; headless: same-user',
    schema: z.enum(['ask', 'same-user', 'listed']),
  },
  compatibleVersion: {
    environment: 'LOOPGATE_COMPATIBLE_VERSION',
    inFile: true,
    description:
      'The version of Pieces OS that its clients take Loopgate for, which `/.well-known/version` answers with its own behind it. The current clients work with 12.0.1 to 12.999.999 alone.',
    expected: verbatim('three numbers such as 12.3.4'),
    default: '12.3.4',
    schema: z.string().regex(/^(0|[1-9]\d{0,5})(\.(0|[1-9]\d{0,5})){2}$/),
  },
  theme: {
    environment: 'LOOPGATE_THEME',
    inFile: true,
    description: 'The brightness of the windows.',
    expected: message('expectedTheme'),
    default: 'system',
    schema: z.enum(['system', 'light', 'dark']),
  },
  exposeRefreshToken: {
    environment: 'LOOPGATE_EXPOSE_REFRESH_TOKEN',
    inFile: true,
    description: 'Hand the refresh token to programs. Off by default, and shown in the window while on.',
    expected: verbatim('true or false (environment: 1 or 0)'),
    default: 'false',
    schema: z.boolean(),
    fromText: booleanFromText,
  },
  vaultKey: {
    environment: 'LOOPGATE_VAULT_KEY',
    inFile: false,
    description:
      'Headless only, where no keyring is there: the key that the stored session is encrypted with. A systemd credential `loopgate-vault-key` does the same.',
    expected: verbatim('32 bytes as base64 (openssl rand -base64 32)'),
    default: 'none',
    schema: vaultKey,
  },
  withoutKeyring: {
    environment: 'LOOPGATE_WITHOUT_KEYRING',
    inFile: true,
    description:
      'What to do with the sign-in where no keyring is there: keep it for this run only, or in a file that only its permissions protect.',
    expected: verbatim('memory or file'),
    default: 'the app asks; headless: memory',
    schema: z.enum(['memory', 'file']),
  },
  logLevel: {
    environment: 'LOOPGATE_LOG_LEVEL',
    inFile: true,
    description: 'How much is logged.',
    expected: verbatim('debug, info, warn, error or silent'),
    default: 'info',
    schema: z.enum(['debug', 'info', 'warn', 'error', 'silent']),
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof settingsTable;

/** The rows of the table by their names. */
export function settingRows(): [string, Setting][] {
  return Object.entries(settingsTable);
}
