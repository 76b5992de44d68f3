import { render } from 'preact';
import type { Bridge } from '../preload/contract.ts';
import { App } from './app.tsx';

declare global {
  interface Window {
    /** Put there by the preload script; the only thing the window knows of the world outside. */
    readonly loopgate: Bridge;
  }
}

render(<App bridge={window.loopgate} />, document.body);
