/** Run by `addLoader` of bundle.ts, with the runtime that the program is for: a code cache is good for one V8 alone. */

import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { readProgram } from '../main/system/codeCache.ts';

const [, , file = ''] = process.argv;
const program = readProgram(file);
const load = createRequire(file);
process.once('exit', () => writeFileSync(program.codeCacheFile, program.makeCodeCache()));
// V8 takes a cache only with the same flags as it was made with, and the program is loaded before it sets its own.
const withoutFlags = { ...(load('node:v8') as object), setFlagsFromString: () => undefined };
program.run(Object.assign((id: string): unknown => (id === 'node:v8' ? withoutFlags : load(id)), load));
