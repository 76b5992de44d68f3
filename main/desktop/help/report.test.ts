import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorTable, LoopgateError, loopgateErrorOf } from '../../errors/errors.ts';
import { createLog } from '../../system/log.ts';
import { openLogFile } from '../system/logFile.ts';
import { logMessages, type ReportFacts, readLog, reportOf } from './report.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'loopgate-report-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const facts: ReportFacts = {
  versions: { loopgate: '0.1.0', electron: '45.4.1', chromium: '148.0.7778.12', node: '24.11.0' },
  system: {
    platform: 'linux',
    release: '6.8.0-45-generic',
    architecture: 'x64',
    environment: { XDG_SESSION_TYPE: 'wayland', XDG_CURRENT_DESKTOP: 'ubuntu:GNOME', APPIMAGE: '/home/ada/x' },
    isPackaged: true,
  },
  state: {
    isSignedIn: true,
    accounts: 2,
    renewable: true,
    provider: 'tenant.us.auth0.com',
    port: 5323,
    guard: 'ask',
    storage: 'keyring',
    hasTray: false,
    programs: 3,
    problem: 'provider_unreachable',
  },
  log: [],
};

const entry = (fields: object) => JSON.stringify({ level: 40, time: '2026-03-04T05:06:07.089Z', ...fields });

/** Values that a person would not want to see in public; each has its own name, so that a failure shows which one leaked. */
const secrets = {
  word: 'canary',
  capitals: 'CANARY',
  error: 'ERR_CANARY',
  email: 'ada.canary@example.com',
  token: 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl-canary',
  opaque: 'v1.canary0123456789abcdefABCDEF_-',
  person: 'Ada Canary',
  homeOnLinux: '/home/canary/projects',
  homeOnMac: '/Users/canary/Library',
  homeOnWindows: 'C:\\Users\\canary\\AppData',
  address: 'https://canary.example/callback?code=canary&state=canary',
  lines: 'one\ncanary\n    at canary (/home/canary/index.cjs:1:2)',
};

/** The paths of all texts in the facts. */
function inputs(value: unknown, path: string[] = []): string[][] {
  if (typeof value === 'string') return [path];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => inputs(inner, [...path, key]));
}

function withText(value: unknown, [key, ...rest]: string[], text: string): unknown {
  if (key === undefined) return text;
  const inner = (value as Record<string, unknown>)[key];
  const changed = withText(inner, rest, text);
  return Array.isArray(value) ? [changed] : { ...(value as object), [key]: changed };
}

describe('no secret comes out of a report [T9]', () => {
  const full: ReportFacts = {
    ...facts,
    log: [
      entry({
        code: 'provider_error',
        msg: 'text',
        failure: 'text',
        id: 'text',
        owner: 'text',
        other: { deep: 'text' },
      }),
    ],
  };

  it.each(Object.entries(secrets))('%s, in every input in turn, does not come out', (_name, secret) => {
    const tried = inputs(full).map((path) => {
      const report = reportOf(withText(full, path, secret) as ReportFacts);
      return [path.join('.'), /canary/i.test(report)];
    });
    expect(tried.length).toBeGreaterThan(12);
    expect(tried.filter(([, isOut]) => isOut)).toEqual(
      // The provider's host appears on purpose, and a single word can be one.
      secret === 'canary' ? [['state.provider', true]] : [],
    );
  });

  it.each(Object.entries(secrets))('%s behind what is known, and before it, does not come out', (_name, secret) => {
    for (const known of ['0.1.0', '6.8.0', 'linux', 'x64', 'wayland', 'GNOME', 'ask', 'keyring', 'tenant.auth0.com']) {
      for (const text of [`${known} ${secret}`, `${known}-${secret}/`, `${secret} ${known}`]) {
        for (const path of inputs(full)) {
          expect(reportOf(withText(full, path, text) as ReportFacts), path.join('.')).not.toMatch(/canary/i);
        }
      }
    }
  });

  it.each(Object.entries(secrets))('%s, in every field of a log entry in turn, does not come out', (_name, secret) => {
    for (const field of ['level', 'time', 'code', 'msg', 'failure', 'id', 'owner', 'refused', secret]) {
      for (const words of [
        secret,
        `unexpected failure ${secret}`,
        `invalid_client ${secret}`,
        { nested: secret },
        [secret],
      ]) {
        for (const level of [40, 50, 60]) {
          const report = reportOf({ ...facts, log: [entry({ level, msg: 'listener failed', [field]: words })] });
          expect(report, field).not.toMatch(/canary/i);
        }
      }
    }
  });

  it('a line of the log that is no entry does not come out', () => {
    const lines = [...Object.values(secrets), JSON.stringify('canary'), '{"level":50,"msg":"canary', 'null', '[]'];
    expect(reportOf({ ...facts, log: lines })).toContain('No warnings and errors in the log.');
  });

  it('what the real log holds of an unexpected failure comes out as its id and its place in our code', () => {
    const log = createLog('info', openLogFile(folder));
    const failure = new TypeError(`cannot read ${secrets.email} of ${secrets.homeOnLinux}`);
    failure.stack += `\n    at Canary.canary (/opt/canary/resources/app.asar/out/main/index.cjs:4321:17)`;
    const error = loopgateErrorOf(failure, log);
    log.warn({ code: 'invalid_token' }, `${secrets.person} (invalid_client) is not allowed.`);
    const report = reportOf({ ...facts, log: readLog(folder) });
    expect(report).toContain('unexpected failure · id ');
    expect(report).toContain(/\(id (.*)\)/.exec(error.message)?.[1]);
    expect(report).toContain('TypeError · at index.cjs:4321:17');
    expect(report).toContain('warning · invalid_token · invalid_client');
    expect(report).not.toMatch(/canary|not allowed|cannot read/i);
  });
});

describe('a report', () => {
  it('says the versions, the system and the state', () => {
    expect(reportOf(facts).split('\n')).toEqual([
      'Loopgate 0.1.0 (AppImage)',
      'Electron 45.4.1, Chromium 148.0.7778.12, Node 24.11.0',
      'linux 6.8.0 x64',
      'Desktop: ubuntu, gnome; session: wayland',
      '',
      'Signed in: yes; accounts: 2; renews by itself: yes',
      'Provider: tenant.us.auth0.com',
      'Port: 5323; guard: ask; programs: 3',
      'The session rests in: keyring; tray: no',
      'Problem: provider_unreachable',
      '',
      'No warnings and errors in the log.',
      '',
    ]);
  });

  it('says what is not known as such', () => {
    const report = reportOf({
      ...facts,
      versions: { ...facts.versions, electron: undefined, loopgate: '1.0.0-beta.2' },
      system: { ...facts.system, platform: 'darwin', environment: {}, isPackaged: false },
      state: { ...facts.state, provider: undefined, hasTray: undefined, problem: undefined, port: Number.NaN },
    });
    expect(report).toContain('Loopgate 1.0.0-beta.2 (from its sources)\nElectron unknown,');
    expect(report).toContain('\ndarwin 6.8.0 x64\n\n');
    expect(report).toContain('Provider: none\nPort: unknown;');
    expect(report).toMatch(/tray: unknown\nProblem: none/);
  });

  it.each(['localhost:8443', '[::1]:8443', '127.0.0.1:9', 'xn--bcher-kva.example'])(
    'names the provider %s',
    (provider) => {
      expect(reportOf({ ...facts, state: { ...facts.state, provider } })).toContain(`Provider: ${provider}\n`);
    },
  );

  it('has the last 20 warnings and errors with their times and codes, the newest last, and nothing that is only said', () => {
    const codes = Object.keys(errorTable);
    const lines = Array.from({ length: 30 }, (_, number) =>
      entry({
        level: number === 29 ? 50 : 40,
        code: codes[number % codes.length],
        time: `2026-01-01T00:00:${number + 10}Z`,
      }),
    );
    const info = entry({ level: 30, msg: 'listening', code: 'internal' });
    const report = reportOf({ ...facts, log: lines.flatMap((line) => [line, info]) });
    const entries = report.split('\n').filter((line) => line.startsWith('2026'));
    expect(entries).toHaveLength(20);
    expect(entries[0]).toBe(`2026-01-01T00:00:20.000Z · warning · ${codes[10]}`);
    expect(entries.at(-1)).toBe(`2026-01-01T00:00:39.000Z · error · ${codes[29 % codes.length]}`);
  });

  it('names every code of the table', () => {
    for (const code of Object.keys(errorTable)) {
      const problem = new LoopgateError(code as keyof typeof errorTable).code;
      expect(reportOf({ ...facts, state: { ...facts.state, problem }, log: [entry({ code })] })).toMatch(
        new RegExp(`Problem: ${code}\n[^]*warning · ${code}\n`),
      );
    }
  });

  it('knows every message that our code gives the log as a warning or an error', () => {
    const main = fileURLToPath(new URL('../..', import.meta.url));
    const sources = readdirSync(main, { recursive: true, encoding: 'utf8' }).filter((file) =>
      /(?<!\.test)\.ts$/.test(file),
    );
    const given = sources.flatMap((file) => {
      const text = readFileSync(join(main, file), 'utf8');
      return [...text.matchAll(/log\.(?:warn|error|fatal)\(\s*\{[^}]*\},\s*'([^']+)',?\s*\)/g)].map(
        ([, message]) => message,
      );
    });
    expect([...new Set(given)].sort()).toEqual([...logMessages].sort());
  });
});

describe('the log of a report', () => {
  it('is read from the file and the one before it, the oldest first', () => {
    writeFileSync(join(folder, 'loopgate.1.log'), 'first\nsecond\n');
    writeFileSync(join(folder, 'loopgate.log'), 'third\n');
    expect(readLog(folder)).toEqual(['first', 'second', 'third']);
  });

  it('is empty where there is none', () => {
    expect(readLog(join(folder, 'none'))).toEqual([]);
  });

  it('of a large file, only the end is read', () => {
    writeFileSync(join(folder, 'loopgate.log'), ['begin', ...Array(5000).fill('x'.repeat(99)), 'end', ''].join('\n'));
    const lines = readLog(folder);
    expect(lines.at(-1)).toBe('end');
    expect(lines.join('\n').length).toBeLessThan(300_000);
  });
});
