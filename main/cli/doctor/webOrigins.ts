import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Found, note, problem, warning } from './finding.ts';

/**
 * Local Network Access (wicg.github.io/local-network-access): before a page from elsewhere reaches this machine, browsers ask the
 * person, unless a policy of their own answers. No answer of Loopgate's can change that.
 */

/** Where Chromium's kind has its policies on Linux, below the root of the file system. */
const chromiumFolders: Readonly<Record<string, readonly string[]>> = {
  Chromium: ['etc/chromium/policies/managed', 'etc/chromium-browser/policies/managed'],
  Chrome: ['etc/opt/chrome/policies/managed'],
  Edge: ['etc/opt/edge/policies/managed'],
  Brave: ['etc/brave/policies/managed'],
};
/** Where Firefox has its. */
const firefoxFiles = ['etc/firefox/policies/policies.json', 'usr/lib/firefox-esr/distribution/policies.json'];

const patterns = z.array(z.string()).catch([]);
const chromiumPolicy = z.object({
  LoopbackNetworkBlockedForUrls: patterns,
  LoopbackNetworkAllowedForUrls: patterns,
  LocalNetworkAccessBlockedForUrls: patterns,
  LocalNetworkAccessAllowedForUrls: patterns,
});
const firefoxPolicy = z.object({
  policies: z.object({
    LocalNetworkAccess: z.object({
      Enabled: z.boolean().optional(),
      EnablePrompting: z.boolean().optional(),
      SkipDomains: patterns,
    }),
  }),
});

/**
 * What browsers do to pages of the allowed origins; undefined when none of these is a web page from elsewhere.
 * @param origins - the setting
 * @param root - of the file system; undefined where the doctor does not know the places of policies
 */
export function checkWebOrigins(origins: readonly string[], root: string | undefined): Found | undefined {
  const pages = origins.filter(isFromElsewhere).map((origin) => new URL(origin));
  if (pages.length === 0) return undefined;
  const answers = root === undefined ? [] : pages.flatMap((page) => answersFor(page, root));
  const said = answers.map(({ sentence }) => ` ${sentence}`).join('');
  if (answers.some(({ isBlocked }) => isBlocked)) {
    return problem(said.trim(), 'Ask your administrator. In the browser, chrome://policy shows the same.');
  }
  const insecure = pages.filter(({ protocol }) => protocol === 'http:').map(({ origin }) => origin);
  if (insecure.length > 0) {
    return warning(
      `${insecure.join(', ')}: Chromium, Chrome and Edge let no page without https reach Loopgate, whatever the person says.${said}`,
      'Serve it by https, and change the setting "origins".',
    );
  }
  return note(
    `Chromium, Chrome and Edge since 142, and Firefox ESR 153, ask before a page of ${pages.map(({ origin }) => origin).join(', ')} reaches Loopgate.${said}`,
    'Click "Allow" there. An administrator can answer for all, by the policies LoopbackNetworkAllowedForUrls (Firefox: LocalNetworkAccess).',
  );
}

/** Not a page of this machine, and not an extension's. */
function isFromElsewhere(origin: string): boolean {
  return /^https?:\/\/(?!localhost(:|$)|127\.|\[::1\])./.test(origin);
}

interface Answer {
  readonly sentence: string;
  readonly isBlocked: boolean;
}

/** What the policies of the browsers of this machine answer in the person's place. */
function answersFor(page: URL, root: string): Answer[] {
  const ofChromium = Object.entries(chromiumFolders).flatMap(([browser, folders]) =>
    folders.flatMap((folder) => answerOfChromium(page, browser, join(root, folder))),
  );
  const ofFirefox = firefoxFiles.flatMap((file) => answerOfFirefox(page, join(root, file)));
  return [...ofChromium, ...ofFirefox];
}

function answerOfChromium({ origin, hostname, protocol, port }: URL, browser: string, folder: string): Answer[] {
  const own = { hostname, protocol, port: port || (protocol === 'https:' ? '443' : '80') };
  const named = new Set<string>();
  for (const name of namesIn(folder)) {
    const read = chromiumPolicy.safeParse(contentOf(join(folder, name)));
    if (!read.success) continue;
    for (const [policy, listed] of Object.entries(read.data))
      if (listed.some((one) => fits(one, own))) named.add(policy);
  }
  const sentenceOf = (verb: string) => `${folder} (${[...named].join(', ')}) ${verb} ${origin} in ${browser}.`;
  const isAllowed = [...named].some((policy) => policy.includes('Allowed'));
  const isBlocked = [...named].some((policy) => policy.includes('Blocked'));
  if (isAllowed && isBlocked) {
    return [{ sentence: sentenceOf('both allows and blocks'), isBlocked: false }];
  }
  if (isAllowed) return [{ sentence: sentenceOf('allows'), isBlocked }];
  return isBlocked ? [{ sentence: sentenceOf('blocks'), isBlocked }] : [];
}

function answerOfFirefox({ origin, hostname }: URL, file: string): Answer[] {
  const read = firefoxPolicy.safeParse(contentOf(file));
  if (!read.success) return [];
  const { Enabled, EnablePrompting, SkipDomains } = read.data.policies.LocalNetworkAccess;
  const isSkipped = SkipDomains.some((one) =>
    one.startsWith('*.') ? hostname.endsWith(one.slice(1)) : one === hostname || one === 'localhost',
  );
  const asksNobody = Enabled === false || (Enabled === true && EnablePrompting === false) || isSkipped;
  return asksNobody ? [{ sentence: `${file} allows ${origin} in Firefox.`, isBlocked: false }] : [];
}

/** A pattern of Chromium's: `https://tool.example:443`, each part but the host may be missing; `[*.]tool.example`; `*`. */
function fits(pattern: string, own: { hostname: string; protocol: string; port: string }): boolean {
  const parts = /^(?:([a-z*]+):\/\/)?(\[\*\.\])?([^/:[\]]+)(?::([\d*]+))?(?:\/.*)?$/i.exec(pattern);
  if (!parts) return false;
  const [, scheme = '*', andBelow, host = '', port = '*'] = parts;
  const isHost = host === '*' || host === own.hostname || (andBelow !== undefined && own.hostname.endsWith(`.${host}`));
  return isHost && ['*', own.protocol.slice(0, -1)].includes(scheme) && ['*', own.port].includes(port);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
}

/** Undefined for what is no JSON, or not to be read: the browser ignores it too. */
function contentOf(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
