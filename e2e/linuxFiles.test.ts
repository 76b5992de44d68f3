import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { projectFolder } from './support/headless.ts';
import { whyNoOwnNetwork } from './support/ownNetwork.ts';

const run = promisify(execFile);
const linux = join(projectFolder, 'build', 'linux');

describe('the systemd units', () => {
  test('systemd-analyze verify finds nothing, and little is left open', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'loopgate-units-'));
    try {
      for (const kind of ['socket', 'service']) {
        const unit = readFileSync(join(linux, `loopgate@.${kind}`), 'utf8');
        // Where a package puts the launcher; it is not installed here.
        const here = unit.replace('/opt/Loopgate/resources/bin/', `${join(projectFolder, 'build', 'launchers')}/`);
        writeFileSync(join(folder, `loopgate@.${kind}`), here);
      }
      const env = { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` };
      const verified = await run('systemd-analyze', ['verify', 'loopgate@root.socket', 'loopgate@root.service'], {
        env,
      });
      expect(verified.stderr.split('\n').filter((line) => line.includes('loopgate'))).toEqual([]);
      // Fails above this exposure, of 100: what is open is what the look-up of callers needs.
      const argv = ['security', '--offline=true', '--threshold=25', '--no-pager', join(folder, 'loopgate@.service')];
      await run('systemd-analyze', argv, { env });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('the socket unit opens both families of loopback, and nothing else [R8]', () => {
    const unit = readFileSync(join(linux, 'loopgate@.socket'), 'utf8');
    expect(unit.match(/^Listen.*$/gm)).toEqual(['ListenStream=127.0.0.1:1000', 'ListenStream=[::1]:1000']);
  });

  test('the service starts the installed app as a host, by the launcher that is packed', () => {
    const unit = readFileSync(join(linux, 'loopgate@.service'), 'utf8');
    expect(unit.match(/^ExecStart=.*$/gm)).toEqual(['ExecStart=/opt/Loopgate/resources/bin/loopgate serve']);
  });

  test('the service can see who calls [C1]', () => {
    const unit = readFileSync(join(linux, 'loopgate@.service'), 'utf8');
    expect(unit).not.toMatch(/^(PrivateUsers|ProcSubset|PrivateNetwork|PrivateTmp|PrivatePIDs)=/m);
    expect(unit).toMatch(/^ProtectHome=read-only$/m);
    expect(unit).toMatch(/^User=%i$/m);
  });
});

describe.skipIf(whyNoOwnNetwork !== undefined)('loopgate-port', () => {
  /** In a network and an /etc/sysctl.d of its own, so that the machine stays as it is. */
  const inPrivate = async (script: string) => {
    const whole = `ip link set lo up; mount -t tmpfs tmpfs /etc/sysctl.d; sysctl -qw net.ipv4.ip_unprivileged_port_start=1024; ${script}`;
    const argv = ['--net', '--mount', 'sh', '-c', whole, 'sh', join(linux, 'loopgate-port')];
    return (await run('unshare', argv)).stdout;
  };
  const state = 'sysctl -n net.ipv4.ip_unprivileged_port_start; ls /etc/sysctl.d';

  test('opens port 1000 when the administrator says yes, for good, and takes it back', async () => {
    const printed = await inPrivate(`echo y | "$1"; ${state}; echo again; "$1" --yes; "$1" --undo; ${state}`);
    expect(printed).toMatch(/ports from 1000 to 1023[\s\S]*Go on\? \[y\/N\] Done: port 1000 is open/);
    const [first, second] = printed.split('again\n');
    expect(first).toMatch(/1000\n50-loopgate\.conf\n$/);
    expect(second).toMatch(
      /open to ordinary users already: .* is 1000\. Nothing was changed\.\nTaken back: .* is 1024\.\n1024\n$/,
    );
  });

  test('changes nothing without a yes', async () => {
    const printed = await inPrivate(`echo | "$1" || echo "ended with $?"; "$1" </dev/null || echo "and $?"; ${state}`);
    expect(printed).toMatch(/ended with 1[\s\S]*and 1\n1024\n$/);
  });

  test('the example file sets the same, and nothing else', () => {
    const settings = readFileSync(join(linux, '50-loopgate.conf'), 'utf8').match(/^[^#\n].*$/gm);
    expect(settings).toEqual(['net.ipv4.ip_unprivileged_port_start = 1000']);
  });
});
