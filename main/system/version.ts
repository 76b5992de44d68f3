declare const __LOOPGATE_VERSION__: string;

/** The version of package.json, put in by the build. */
export const version: string = __LOOPGATE_VERSION__;
