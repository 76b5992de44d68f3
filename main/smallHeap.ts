import { setFlagsFromString } from 'node:v8';

// Imported before everything else. V8 lets the place for new objects grow to 48 MB after a moment of much work, and does not give
// it back: what stays resident of a host that waits nearly always would be mostly that. It is collected more often instead.
setFlagsFromString('--semi-space-growth-factor=1');

// Node's own fetch reads its answers by WebAssembly. V8 compiles that a second time, in the background, to make it fast: 8 MB that
// stay with the process, for a request now and then. Without WebAssembly, as in the app, it changes nothing.
setFlagsFromString('--liftoff-only');
