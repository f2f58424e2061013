/** As much of node:fs/promises as is reachable from the front; nothing here can wait, so it is done at once. */
import * as fs from './fs.ts';

type Later<F extends (...args: never[]) => unknown> = (...args: Parameters<F>) => Promise<ReturnType<F>>;
const later =
  <F extends (...args: never[]) => unknown>(act: F): Later<F> =>
  async (...args) =>
    act(...args) as ReturnType<F>;

export const lstat = later(fs.lstatSync);
export const readFile = later(fs.readFileSync);
export const readdir = later(fs.readdirSync);
