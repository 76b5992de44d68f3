/** Loaded into a server whose memory is measured: SIGUSR2 collects its garbage, so that what is left is what it needs. */
const { setFlagsFromString } = require('node:v8');
const { runInNewContext } = require('node:vm');

let collect;
process.on('SIGUSR2', () => {
  if (!collect) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc');
  }
  collect();
});
