// Express's table of a thousand media types. Every answer of ours names its own, and no file is sent by its ending.
module.exports = {};
