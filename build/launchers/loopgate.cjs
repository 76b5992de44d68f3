#!/usr/bin/env node
'use strict';
// The command `loopgate` in the repository: the built one, with plain Node.
try {
  require('../../out/cli/index.cjs');
} catch (error) {
  if (error.code !== 'MODULE_NOT_FOUND') throw error;
  process.stderr.write('The command has not been built yet. Run "npm run build" in the folder of Loopgate.\n');
  process.exitCode = 1;
}
