import type { Bridge } from '../preload/contract.ts';

declare global {
  interface Window {
    /** Put there by the preload script; the only thing a page knows of the world outside. */
    readonly loopgate: Bridge;
  }
}
