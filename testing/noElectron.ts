/** Replaces `electron` when plain Node runs code that only checks for it, as electron-store does. */
export default {};
