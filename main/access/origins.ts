import type { ProgramList } from './programList.ts';

/** How many refused origins the window offers to the person. */
const maxRefused = 20;

/** An origin as the window shows it. `fixed`: from the settings; `managed`: from the administrator's policy. */
export interface OriginDecision {
  readonly origin: string;
  readonly decision: 'fixed' | 'managed' | 'allowed' | 'refused';
}

/** The origins that may call (L2): from the settings, and those that the person allowed. */
export class Origins {
  readonly #fixed: readonly string[];
  readonly #areManaged: boolean;
  readonly #list: ProgramList;
  readonly #refused = new Set<string>();
  /** Rebuilt on a change only, because the guard compares every request with it. */
  #all: readonly string[];

  /** @param areManaged - the administrator sets the fixed origins, and the person cannot add any */
  constructor(fixed: readonly string[], areManaged: boolean, list: ProgramList) {
    this.#fixed = fixed;
    this.#areManaged = areManaged;
    this.#list = list;
    this.#all = this.#joined();
  }

  get all(): readonly string[] {
    return this.#all;
  }

  get decisions(): readonly OriginDecision[] {
    if (this.#areManaged) return this.#fixed.map((origin) => ({ origin, decision: 'managed' }));
    return [
      ...this.#fixed.map((origin) => ({ origin, decision: 'fixed' as const })),
      ...this.#list.origins.map((origin) => ({ origin, decision: 'allowed' as const })),
      ...[...this.#refused].map((origin) => ({ origin, decision: 'refused' as const })),
    ];
  }

  /**
   * Offers a refused origin to the person when it belongs to an app or an extension, never to a web page. For an
   * editor's webview it offers the scheme, because each webview has its own origin.
   * @returns whether there is a new origin to show
   */
  refused(origin: string): boolean {
    if (this.#areManaged) return false;
    const offered = origin.startsWith('vscode-webview://') ? 'vscode-webview:' : origin;
    if (!/^[a-z][a-z0-9+.-]*:(\/\/[a-z0-9._-]+)?$/.test(offered) || /^(https?|null|file|data|blob):/.test(offered))
      return false;
    if (this.#refused.has(offered) || this.#all.includes(offered)) return false;
    this.#refused.add(offered);
    const [oldest] = this.#refused;
    if (this.#refused.size > maxRefused && oldest !== undefined) this.#refused.delete(oldest);
    return true;
  }

  /**
   * Allows an origin that was refused before.
   * @returns whether it was among the refused ones
   */
  allow(origin: string): boolean {
    if (!this.#refused.delete(origin)) return false;
    this.#list.allowOrigin(origin);
    this.#all = this.#joined();
    return true;
  }

  remove(origin: string): void {
    this.#list.removeOrigin(origin);
    this.#all = this.#joined();
  }

  #joined(): readonly string[] {
    return this.#areManaged ? this.#fixed : [...this.#fixed, ...this.#list.origins];
  }
}

/** L2: whether the list contains an origin, by its full name or by its scheme (`vscode-webview:`). */
export function isListedOrigin(origin: string, listed: readonly string[]): boolean {
  return listed.some((one) => (one.endsWith(':') ? origin.startsWith(`${one}//`) : origin === one));
}
