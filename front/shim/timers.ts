import { later } from './loop.ts';

export const setTimeout = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    later(milliseconds, resolve);
  });
