import { createRequire } from 'node:module';

// Electron is not ready before a module of this kind is done (its guide "ES Modules"): a CommonJS one cannot make it wait.
await createRequire(import.meta.url)('./index.cjs').beforeReady();
