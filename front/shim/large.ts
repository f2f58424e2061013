/** What the front does not do itself: this process becomes the large program, which starts the command anew. */
import { host } from './host.ts';

/** A process of this name is always the large program (front/entry.c). */
export const LARGE_NAME = 'sampan-large';

export function becomeLarge(): never {
  return host.become('/proc/self/exe', [LARGE_NAME, ...host.argv.slice(1)]);
}

export const pullWithProgress = becomeLarge;
export const pull = becomeLarge;
