// What express sends files with. The few files of the page /docs are read whole (main/api/docs.ts).
module.exports = () => {
  throw new Error('Sending files by express is not built in: see build/standIns/send.cjs');
};
