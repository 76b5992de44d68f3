#!/usr/bin/env node
'use strict';
// The command `loopgate` in the repository: the built one, with plain Node. `serve` is the headless host itself.
const isHost = process.argv.length === 3 && process.argv[2] === 'serve';
try {
  require(isHost ? '../../out/headless/index.cjs' : '../../out/cli/index.cjs');
} catch (error) {
  if (error.code !== 'MODULE_NOT_FOUND') throw error;
  process.stderr.write('The command has not been built yet. Run "npm run build" in the folder of Loopgate.\n');
  process.exitCode = 1;
}
