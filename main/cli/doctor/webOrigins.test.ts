import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkWebOrigins } from './webOrigins.ts';

const tool = 'https://tool.example:8443';

/** Stands for `/`. */
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'loopgate-policies-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** What an administrator has put there. */
function plant(path: string, policy: unknown): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), typeof policy === 'string' ? policy : JSON.stringify(policy));
}

describe('the doctor, of allowed origins', () => {
  test.each([
    ['none', []],
    ['pages of this machine', ['http://localhost:3000', 'http://127.0.0.1:8080', 'http://[::1]:8080']],
    ['extensions and apps', ['vscode-webview:', 'chrome-extension://abc', 'app://obsidian.md']],
  ])('says nothing where there are %s', (_, origins) => {
    expect(checkWebOrigins(origins, root)).toBeUndefined();
  });

  test('says which browsers ask, where no policy answers', () => {
    plant('etc/chromium/policies/managed/other.json', { HomepageLocation: 'https://company.example' });
    plant('etc/chromium/policies/managed/broken.json', '{');
    for (const place of [root, undefined]) {
      const found = checkWebOrigins([tool, 'vscode-webview:'], place);
      expect(found).toMatchObject({ outcome: 'note', next: expect.stringContaining('LoopbackNetworkAllowedForUrls') });
      expect(found?.found).toBe(
        `Chromium, Chrome and Edge since 142, and Firefox ESR 153, ask before a page of ${tool} reaches Loopgate.`,
      );
    }
  });

  test('warns of an origin without https', () => {
    expect(checkWebOrigins(['http://tool.example'], root)).toMatchObject({
      outcome: 'warning',
      found: expect.stringMatching(/^http:\/\/tool\.example: Chromium, Chrome and Edge let no page without https/),
    });
  });

  test.each([
    ['etc/chromium', 'Chromium', 'LoopbackNetworkAllowedForUrls', tool],
    ['etc/opt/chrome', 'Chrome', 'LocalNetworkAccessAllowedForUrls', 'tool.example'],
    ['etc/opt/edge', 'Edge', 'LoopbackNetworkAllowedForUrls', '[*.]example'],
    ['etc/brave', 'Brave', 'LoopbackNetworkAllowedForUrls', '*'],
    ['etc/chromium', 'Chromium', 'LoopbackNetworkAllowedForUrls', 'https://tool.example:8443/'],
  ])('names the policy in /%s that allows it in %s: %s %s', (folder, browser, policy, pattern) => {
    plant(`${folder}/policies/managed/company.json`, { [policy]: [pattern] });
    const { outcome, found } = checkWebOrigins([tool], root) ?? {};
    expect(outcome).toBe('note');
    expect(found).toContain(`${root}/${folder}/policies/managed (${policy}) allows ${tool} in ${browser}.`);
  });

  test.each(['http://tool.example:8443', 'tool.example:443', 'xtool.example', 'example', '[*.]ool.example', '(', ''])(
    'a pattern for others is not one for it: %j',
    (pattern) => {
      plant('etc/chromium/policies/managed/company.json', { LoopbackNetworkBlockedForUrls: [pattern] });
      expect(checkWebOrigins([tool], root)).toEqual(checkWebOrigins([tool], undefined));
    },
  );

  test.each(['LoopbackNetworkBlockedForUrls', 'LocalNetworkAccessBlockedForUrls'])(
    'a policy that blocks it is a problem: %s',
    (policy) => {
      plant('etc/opt/chrome/policies/managed/company.json', { [policy]: ['https://tool.example:8443'] });
      expect(checkWebOrigins([tool], root)).toEqual({
        outcome: 'problem',
        found: `${root}/etc/opt/chrome/policies/managed (${policy}) blocks ${tool} in Chrome.`,
        next: expect.stringContaining('administrator'),
      });
    },
  );

  test('says so where policies do both', () => {
    plant('etc/chromium/policies/managed/a.json', { LoopbackNetworkBlockedForUrls: ['*'] });
    plant('etc/chromium/policies/managed/b.json', { LoopbackNetworkAllowedForUrls: [tool] });
    expect(checkWebOrigins([tool], root)).toMatchObject({
      outcome: 'note',
      found: expect.stringContaining('both allows and blocks'),
    });
  });

  test.each([
    ['the check is off', { Enabled: false }],
    ['it asks nobody', { Enabled: true, EnablePrompting: false }],
    ['the site is left out', { SkipDomains: ['tool.example'] }],
    ['all sites of a domain are', { SkipDomains: ['*.example'] }],
    ['this machine is', { SkipDomains: ['localhost'] }],
  ])('names the policy of Firefox by which %s', (_, policy) => {
    plant('etc/firefox/policies/policies.json', { policies: { LocalNetworkAccess: policy } });
    expect(checkWebOrigins([tool], root)?.found).toContain(
      `${root}/etc/firefox/policies/policies.json allows ${tool} in Firefox.`,
    );
  });

  test.each([{ Enabled: true }, { EnablePrompting: false }, { SkipDomains: ['other.example'] }])(
    'a policy of Firefox that answers nothing for it is not named: %j',
    (policy) => {
      plant('etc/firefox/policies/policies.json', { policies: { LocalNetworkAccess: policy } });
      expect(checkWebOrigins([tool], root)).toEqual(checkWebOrigins([tool], undefined));
    },
  );
});
