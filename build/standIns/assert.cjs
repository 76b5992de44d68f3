// What the log's writer asserts with. Node's own brings comparisons and their colours into every start.
module.exports = (holds, message) => {
  if (!holds) throw new Error(message);
};
