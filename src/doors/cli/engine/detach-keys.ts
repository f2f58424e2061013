import { Fault } from '#base/fault.ts';
import type { FlagSpec } from '#doors/cli/flags.ts';

export const DETACH_KEYS_FLAG: FlagSpec = {
  kind: 'text',
  value: 'KEYS',
  does: 'Keys that leave it running and go: letters or ctrl-LETTER, joined by commas (ctrl-p,ctrl-q)',
};

const DEFAULT = 'ctrl-p,ctrl-q';

/** Bytes of a sequence such as `ctrl-p,ctrl-q` or `a,b`; an empty one is the usual one, as docker has it. */
export function parseDetachKeys(text: string | undefined): number[] {
  return (text || DEFAULT).split(',').map((key) => {
    const control = /^ctrl-([a-z@^[\]\\_])$/i.exec(key)?.[1];
    if (control !== undefined) return control.toUpperCase().charCodeAt(0) - 64;
    if (/^[\x20-\x7e]$/.test(key)) return key.charCodeAt(0);
    throw new Fault('invalid', `read --detach-keys: "${key}" is neither a letter nor ctrl-LETTER`, {
      field: '--detach-keys',
    });
  });
}

export interface Filtered {
  pass: Uint8Array;
  /** The whole sequence came; nothing after it is passed. */
  detached: boolean;
}

/** Watches typed bytes for the sequence. What may be its beginning is held back until it is known not to be. */
export function detachFilter(keys: readonly number[]): (data: Uint8Array) => Filtered {
  let held: number[] = [];
  return (data) => {
    const pass: number[] = [];
    for (const byte of data) {
      held.push(byte);
      while (held.some((one, at) => one !== keys[at])) pass.push(...held.splice(0, 1));
      if (held.length < keys.length) continue;
      held = [];
      return { pass: Uint8Array.from(pass), detached: true };
    }
    return { pass: Uint8Array.from(pass), detached: false };
  };
}
