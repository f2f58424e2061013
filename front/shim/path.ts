/** As much of node:path as the runtime uses. */
import { host } from './host.ts';

/** Most paths are what they were to become. */
const isNormal = (path: string): boolean =>
  path !== '' && !path.startsWith('.') && !path.endsWith('/') && !path.includes('//') && !path.includes('/.');

export function normalize(path: string): string {
  if (isNormal(path)) return path;
  if (path === '') return '.';
  const absolute = path.startsWith('/');
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!absolute) kept.push('..');
  }
  const joined = `${absolute ? '/' : ''}${kept.join('/')}`;
  if (joined === '') return path.endsWith('/') ? './' : '.';
  return path.endsWith('/') && !joined.endsWith('/') ? `${joined}/` : joined;
}

export const join = (...parts: string[]): string => normalize(parts.filter((part) => part !== '').join('/'));

export function resolve(...parts: string[]): string {
  let path = '';
  for (const part of [host.directory, ...parts]) path = part.startsWith('/') ? part : `${path}/${part}`;
  const whole = normalize(path);
  return whole.length > 1 && whole.endsWith('/') ? whole.slice(0, -1) : whole;
}

export const isAbsolute = (path: string): boolean => path.startsWith('/');

export function dirname(path: string): string {
  const trimmed = path.replace(/\/+$/, '');
  const at = trimmed.lastIndexOf('/');
  if (at < 0) return path.startsWith('/') ? '/' : '.';
  return at === 0 ? '/' : trimmed.slice(0, at);
}

export const basename = (path: string): string => path.replace(/\/+$/, '').split('/').at(-1) ?? '';
