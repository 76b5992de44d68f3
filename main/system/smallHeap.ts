import { setFlagsFromString } from 'node:v8';

// After much work V8 would hold 24 MB more for new objects, for as long as there is a little to do.
setFlagsFromString('--semi-space-growth-factor=1');
// Node's fetch reads its answers by WebAssembly. V8 would compile that a second time, to make it fast: 15 MB for a request now and then.
setFlagsFromString('--liftoff-only');
