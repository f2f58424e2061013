import type { Entry } from './entry.ts';

/** Commands about sampan itself. */
export const SYSTEM_COMMANDS: Record<string, Entry> = {
  version: {
    usage: '[OPTIONS]',
    summary: 'Show the version',
    load: async () => (await import('#doors/cli/engine/version.ts')).version,
  },
};
