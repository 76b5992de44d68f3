// The validator of electron-store, for stores with a JSON schema. What is read from disk here is parsed by zod.
exports.Ajv2020 = class {
  constructor() {
    throw new Error('JSON schemas are not built in: see build/standIns/ajv.cjs');
  }
};
exports.default = undefined;
