import { absolutePath, integer, list, shape, text, type Check } from './check.ts';

const hook: Check = shape({
  required: { path: absolutePath },
  optional: { args: list(text), env: list(text), timeout: integer(1, 0x7fff_ffff) },
});

export const hooksShape: Check = shape({
  optional: {
    prestart: list(hook),
    createRuntime: list(hook),
    createContainer: list(hook),
    startContainer: list(hook),
    poststart: list(hook),
    poststop: list(hook),
  },
});
