// What express knows a proxy in front of it by. There is none, and none is ever trusted.
exports.isValid = () => {
  throw new Error('Trusting a proxy is not built in: see build/standIns/ipaddr.cjs');
};
exports.parse = exports.isValid;
