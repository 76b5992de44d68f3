import { setFlagsFromString } from 'node:v8';

// After heavy work V8 would keep 24 MB more for new objects, as long as there is a little to do.
setFlagsFromString('--semi-space-growth-factor=1');
// Node's fetch parses responses with WebAssembly. V8 would compile that a second time, to make it fast: 15 MB for a rare
// request.
setFlagsFromString('--liftoff-only');
