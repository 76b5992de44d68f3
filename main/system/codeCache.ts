import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Script } from 'node:vm';

/** A bundled program, read but not yet run. */
export interface Program {
  /**
   * Runs it, as Node runs a CommonJS module.
   * @param load - its `require`, where it is to have another one than Node's
   */
  run(load?: NodeJS.Require): void;
  /** Where its code cache is looked for. */
  readonly codeCacheFile: string;
  /** Whether there was one, and V8 took it. */
  readonly isFromCodeCache: boolean;
  /** V8's code cache of it, with every function that it has called so far. */
  makeCodeCache(): Buffer;
}

/**
 * Reads a bundled program by the code cache beside it, so that V8 neither parses nor compiles again what it did when the program was
 * built. The cache is code as much as the program is: so it lies in the same folder, which only whoever installs can write, and
 * never among a user's data; and it is named after what it was made of, as V8 compares no more of the program than its length.
 * Where there is none, or one that another V8 has made, V8 compiles as ever. The program may `require`, and not `import()`: Node
 * cannot do that for what comes from a cache.
 * @param file - absolute
 */
export function readProgram(file: string): Program {
  const source = readFileSync(file);
  const codeCacheFile = `${file}.${madeOf(source)}.cache`;
  const cachedData = readIfThere(codeCacheFile);
  const script = new Script(`(function (exports, require, module, __filename, __dirname) {\n${source.toString()}\n})`, {
    filename: file,
    lineOffset: -1,
    ...(cachedData && { cachedData }),
  });
  return {
    run(load = createRequire(file)) {
      const module = { exports: {} };
      script.runInThisContext()(module.exports, load, module, file, dirname(file));
    },
    codeCacheFile,
    isFromCodeCache: script.cachedDataRejected === false,
    makeCodeCache: () => script.createCachedData(),
  };
}

/** The program, and what runs it. */
function madeOf(source: Buffer): string {
  const digest = createHash('sha256').update(source).digest('hex').slice(0, 16);
  return [digest, process.platform, process.arch, process.versions.v8].join('-');
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
