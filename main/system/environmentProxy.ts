const loopbackNames = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Node's own fetch uses the environment's proxy only when told to, and then for loopback too. So that a provider on this
 * machine is reached directly, this adds loopback to `no_proxy`, which Node reads again for every request.
 */
export function keepLoopbackDirect(environment: NodeJS.ProcessEnv): void {
  const set = environment.no_proxy ?? environment.NO_PROXY ?? '';
  environment.no_proxy = [...set.split(/[\s,]+/).filter((name) => name !== ''), ...loopbackNames].join(',');
}

/**
 * A notice for a person who has set a proxy that this Node does not use.
 * @param nodeVersion - as in `process.versions.node`
 */
export function proxyNotice(environment: NodeJS.ProcessEnv, nodeVersion: string): string | undefined {
  const name = ['https_proxy', 'HTTPS_PROXY'].find((one) => environment[one]);
  if (name === undefined) return undefined;
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  const isAble = major >= 24 || (major === 22 && minor >= 21);
  if (isAble && environment.NODE_USE_ENV_PROXY === '1') return undefined;
  const remedy = isAble
    ? 'set NODE_USE_ENV_PROXY=1'
    : 'start it with Node 22.21 or 24, or newer, and NODE_USE_ENV_PROXY=1';
  return `${name} is set, but Node ${nodeVersion} does not use it here: to reach the provider by that proxy, ${remedy}.`;
}
