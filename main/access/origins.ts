import type { ProgramList } from './programList.ts';

/** How many refused origins are offered to the person. */
const maxRefused = 20;

/** What there is to show about an origin. `fixed`: from the settings; `managed`: from the administrator's policy. */
export interface OriginDecision {
  readonly origin: string;
  readonly decision: 'fixed' | 'managed' | 'allowed' | 'refused';
}

/** The origins that may call (L2): those of the settings, and those that the person allowed. */
export class Origins {
  readonly #fixed: readonly string[];
  readonly #areManaged: boolean;
  readonly #list: ProgramList;
  readonly #refused = new Set<string>();
  /** Put together once for a change: every request is compared with them. */
  #all: readonly string[];

  /** @param areManaged - the fixed origins are the administrator's, and the person cannot add to them */
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
   * An origin was refused: it is offered to the person when it is an app's or an extension's, never a web page's. Of editors'
   * webviews that is the scheme, as each has an origin of its own.
   * @returns whether there is a new one to show
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

  /** Allows an origin that was refused before, which the person sees in the list. @returns whether it was */
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

/** L2: whether an origin is listed, itself or by its scheme (`vscode-webview:`). */
export function isListedOrigin(origin: string, listed: readonly string[]): boolean {
  return listed.some((one) => (one.endsWith(':') ? origin.startsWith(`${one}//`) : origin === one));
}
