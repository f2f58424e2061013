/**
 * The launcher inside the shipped executable. Only Bun understands this import, so only main.ts, which is only ever
 * compiled by Bun, uses this file.
 */
// @ts-expect-error -- the attribute makes Bun embed the file and give its path; the compiler knows no such module
import path from '#dist/launcher' with { type: 'file' };

/** Where the launcher's bytes can be read; a path inside the executable cannot be executed itself. */
export const EMBEDDED_LAUNCHER: string = path as string;
