import { setFlagsFromString } from 'node:v8';
import { serve } from './host/headless.ts';
import { systemKeyring } from './storage/keyringProtection.ts';

// Node's fetch reads its answers by WebAssembly. V8 would compile that a second time, to make it fast: 15 MB for a request now and then.
setFlagsFromString('--liftoff-only');

// The headless host as Node runs it. The packed app runs the same one: packedHeadless.ts.
void serve({ keyring: systemKeyring });
