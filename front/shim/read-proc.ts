import { host } from './host.ts';

/** In one call of C. */
export function readProc(path: string): string {
  try {
    return host.readText(path, true);
  } catch {
    return '';
  }
}
