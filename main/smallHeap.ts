import { setFlagsFromString } from 'node:v8';

// Imported before everything else. V8 lets the place for new objects grow to 48 MB after a moment of much work, and does not give
// it back: what stays resident of a host that waits nearly always would be mostly that. It is collected more often instead.
setFlagsFromString('--semi-space-growth-factor=1');
