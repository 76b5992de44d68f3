import type { Bridge } from '../preload/contract.ts';

declare global {
  interface Window {
    /** The preload script defines it; it is the page's only access to the outside. */
    readonly loopgate: Bridge;
  }
}
