/** In place of `electron` where plain Node runs code that only looks whether it is there, as electron-store does. */
export default {};
