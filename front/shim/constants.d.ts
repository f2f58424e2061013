/** Made by tools/build-front.ts from the numbers of the machine that builds. */
declare module 'front:constants' {
  export const FS_CONSTANTS: Readonly<Record<string, number>>;
  export function errno(): Readonly<Record<string, number>>;
  export function signals(): Readonly<Record<string, number>>;
}
