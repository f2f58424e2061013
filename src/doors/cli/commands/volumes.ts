import type { Entry } from './entry.ts';

/** Commands about volumes. */
export const VOLUME_COMMANDS: Record<string, Entry> = {
  'volume create': {
    usage: '[OPTIONS] [NAME]',
    summary: 'Create a volume',
    load: async () => (await import('#doors/cli/engine/volume-create.ts')).volumeCreate,
  },
  'volume ls': {
    usage: '[OPTIONS]',
    summary: 'List volumes',
    load: async () => (await import('#doors/cli/engine/volume-ls.ts')).volumeLs,
  },
  'volume inspect': {
    usage: '[OPTIONS] VOLUME [VOLUME...]',
    summary: 'Show all that is known of volumes',
    load: async () => (await import('#doors/cli/engine/inspect.ts')).volumeInspect,
  },
  'volume rm': {
    usage: '[OPTIONS] VOLUME [VOLUME...]',
    summary: 'Remove one or more volumes with all that is in them',
    load: async () => (await import('#doors/cli/engine/volume-rm.ts')).volumeRm,
  },
  'volume prune': {
    usage: '[OPTIONS]',
    summary: 'Remove volumes that no container has',
    load: async () => (await import('#doors/cli/engine/volume-prune.ts')).volumePrune,
  },
  'volume export': {
    usage: '[OPTIONS] VOLUME',
    summary: 'Write what is in a volume to a tar archive',
    load: async () => (await import('#doors/cli/engine/volume-export.ts')).volumeExport,
  },
  'volume import': {
    usage: 'VOLUME [FILE|-]',
    summary: 'Unpack a tar archive into a volume',
    load: async () => (await import('#doors/cli/engine/volume-import.ts')).volumeImport,
  },
  'volume clone': {
    usage: 'VOLUME DESTINATION',
    summary: 'Make a volume with all that another one has in it',
    load: async () => (await import('#doors/cli/engine/volume-clone.ts')).volumeClone,
  },
};
