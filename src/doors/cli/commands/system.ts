import type { Entry } from './entry.ts';

/** Commands about sampan itself. */
export const SYSTEM_COMMANDS: Record<string, Entry> = {
  version: {
    usage: '[OPTIONS]',
    summary: 'Show the version',
    load: async () => (await import('#doors/cli/engine/version.ts')).version,
  },
  'system df': {
    usage: '[OPTIONS]',
    summary: 'Show what takes room on disk, and how much of it could be had back',
    load: async () => (await import('#doors/cli/engine/system-df.ts')).systemDf,
  },
  'system gc': {
    usage: '[OPTIONS]',
    summary: 'Make room as the configuration says',
    load: async () => (await import('#doors/cli/engine/system-gc.ts')).systemGc,
  },
  'system prune': {
    usage: '[OPTIONS]',
    summary: 'Remove stopped containers and images that nothing uses',
    load: async () => (await import('#doors/cli/engine/system-prune.ts')).systemPrune,
  },
};
