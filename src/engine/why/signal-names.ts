import { constants } from 'node:os';

const SHELL_BASE = 128;
const LAST = 64;

/** `SIGTERM` for 15; `signal 34` for one that has no name. */
export function signalName(number: number): string {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return found?.[0] ?? `signal ${number}`;
}

/** The signal that a shell or an init says with 128+n; undefined for any other status. */
export function signalOfStatus(code: number): number | undefined {
  return code > SHELL_BASE && code <= SHELL_BASE + LAST ? code - SHELL_BASE : undefined;
}
