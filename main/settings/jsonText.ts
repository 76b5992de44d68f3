import { message } from '../../preload/texts/messages.ts';
import { MessageError } from '../errors/errors.ts';

/**
 * Parses a file that a person or an administrator has written. Editors on Windows put a byte order mark before the text, and
 * PowerShell may write UTF-16.
 * @param text - the file, read as UTF-8
 * @throws MessageError for UTF-16, SyntaxError for anything else that is not JSON
 */
export function parseJsonText(text: string): unknown {
  // Read as UTF-8, UTF-16 has a NUL beside each letter.
  if (text.includes('\0')) throw new MessageError(message('savedAsUtf16'));
  return JSON.parse(text.replace(/^\uFEFF/, ''));
}
