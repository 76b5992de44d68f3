import { join } from 'node:path';
import { readProgram } from './system/codeCache.ts';

// What is started: the program is in the file beside it.
readProgram(join(__dirname, 'program.cjs')).run();
