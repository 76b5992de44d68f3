import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem, type } from 'node:os';

/** On what was measured, in one line: the figures of another machine are others. */
export function machineText(): string {
  const processors = cpus();
  const commit = commitText();
  return [
    `${processors.length} × ${processors[0]?.model.trim()}`,
    `${Math.round(totalmem() / 2 ** 30)} GB`,
    systemName(),
    `Node ${process.version}`,
    `load average ${(loadavg()[0] ?? 0).toFixed(1)} at the start`,
    ...(commit === undefined ? [] : [`commit ${commit}`]),
  ].join(', ');
}

function systemName(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? type();
  } catch {
    return type();
  }
}

/** Undefined where there is no git, or no repository. */
function commitText(): string | undefined {
  const git = (...argv: string[]) =>
    execFileSync('git', argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const commit = git('rev-parse', '--short', 'HEAD').trim();
    return git('status', '--porcelain').trim() === '' ? commit : `${commit} with changes`;
  } catch {
    return undefined;
  }
}
