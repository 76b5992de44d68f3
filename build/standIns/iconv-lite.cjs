// What body-parser takes of iconv-lite, by the decoder that is built in: it knows every encoding of the Encoding Standard,
// and iconv-lite's own tables are 0.27 MB.

function decoderOf(encoding) {
  try {
    return new TextDecoder(encoding);
  } catch {
    return undefined;
  }
}

exports.encodingExists = (encoding) => decoderOf(encoding) !== undefined;

/** @throws RangeError with the words by which raw-body knows an encoding that there is not */
exports.getDecoder = (encoding) => {
  const decoder = decoderOf(encoding);
  if (!decoder) throw new RangeError(`Encoding not recognized: '${encoding}'`);
  return { write: (bytes) => decoder.decode(bytes, { stream: true }), end: () => decoder.decode() };
};

exports.decode = (bytes, encoding) => exports.getDecoder(encoding).write(bytes);
