/**
 * What the front does itself, and by which names: the one list, for engine.ts, for the bundler and, as a header that
 * tools/build-front.ts writes, for entry.c.
 */

/** The engine's commands, each with the flags that make it a matter of the large program. */
export const FRONT_COMMANDS: Readonly<Record<string, readonly string[]>> = {
  run: ['interactive', 'tty', 'device', 'gpus'],
  start: ['attach', 'interactive'],
  exec: [],
  ps: [],
  stop: [],
  kill: [],
  rm: [],
  inspect: [],
  create: ['device', 'gpus'],
  restart: [],
  pause: [],
  unpause: [],
  rename: [],
  wait: [],
  top: [],
  port: [],
  update: [],
  // What a monitor calls at the end of a container that removes itself, and the long forms of the others.
  container: [],
  cleanup: [],
};

/** A process of this name is always the large program. */
export const LARGE_NAME = 'sampan-large';
