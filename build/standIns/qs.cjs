// Express's reader of nested parameters. Queries are read by URLSearchParams, and bodies as text.
exports.parse = () => {
  throw new Error('Nested parameters are not built in: see build/standIns/qs.cjs');
};
