// What electron-store migrates its files with. What is stored here has a version of its own (main/broker/session/vault.ts).
exports.valid = () => {
  throw new Error('Migrations of electron-store are not built in: see build/standIns/semver.cjs');
};
