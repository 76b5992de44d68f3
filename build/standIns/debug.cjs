// T9: express tells whoever sets DEBUG the address of each request, past the log that hides secrets.
const silent = Object.assign(() => undefined, { enabled: false });
module.exports = () => silent;
module.exports.default = module.exports;
