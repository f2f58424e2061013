import type { Io } from '#doors/cli/io.ts';

/** The terminal's mode while its keys are the container's. Each way may be gone more than once. */
export interface RawMode {
  enter(): void;
  leave(): void;
}

const NONE: RawMode = { enter: () => undefined, leave: () => undefined };

/**
 * Raw from here on, where input is a terminal; an exit of this process takes it back, too. The runtime's raw mode leaves
 * the output's newlines translated, so the launcher does the rest.
 */
export function rawMode(io: Io, launcher: string): RawMode {
  if (io.stdin.isTTY !== true) return NONE;
  const set = (raw: boolean): void => {
    try {
      io.stdin.setRawMode(raw);
    } catch {
      // the terminal has gone, and its mode with it
    }
  };
  const leave = (): void => {
    process.off('exit', leave);
    set(false);
  };
  const enter = (): void => {
    process.off('exit', leave);
    process.once('exit', leave);
    set(true);
    // The front, which never has a terminal here, has no such function.
    const { spawnSync } = process.getBuiltinModule('node:child_process');
    spawnSync(launcher, ['raw'], { stdio: ['inherit', 'ignore', 'ignore'], env: {} });
  };
  enter();
  return { enter, leave };
}
