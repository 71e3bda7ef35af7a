/** The version of mmrec that the page belongs to; a test holds it to that of the engine. */
export const VERSION = "0.1.0";
