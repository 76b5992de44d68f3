// A log that a thread of its own writes: it brings worker_threads into every start. Loopgate writes to a file or to standard error.
module.exports = () => {
  throw new Error('Transports of pino are not built in: see build/standIns/pinoTransport.cjs');
};
