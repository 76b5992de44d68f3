// Whether the log is written by a thread of its own, which it is not (pinoTransport.cjs).
exports.isMainThread = true;
