import { randomBytes } from 'node:crypto';

/** 64 hexadecimal digits, as every engine names containers. */
export function randomId(): string {
  return randomBytes(32).toString('hex');
}

/** The twelve digits that people are shown. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}
