import type { Entry } from './entry.ts';

/** Commands about networks. */
export const NETWORK_COMMANDS: Record<string, Entry> = {
  'network create': {
    usage: '[OPTIONS] NETWORK',
    summary: 'Create a network',
    load: async () => (await import('#doors/cli/engine/network-create.ts')).networkCreate,
  },
  'network ls': {
    usage: '[OPTIONS]',
    summary: 'List networks',
    load: async () => (await import('#doors/cli/engine/network-ls.ts')).networkLs,
  },
  'network inspect': {
    usage: '[OPTIONS] NETWORK [NETWORK...]',
    summary: 'Show all that is known of networks',
    load: async () => (await import('#doors/cli/engine/inspect.ts')).networkInspect,
  },
  'network connect': {
    usage: '[OPTIONS] NETWORK CONTAINER',
    summary: 'Put a container into one more network',
    load: async () => (await import('#doors/cli/engine/network-connect.ts')).networkConnect,
  },
  'network disconnect': {
    usage: 'NETWORK CONTAINER',
    summary: 'Take a container out of a network',
    load: async () => (await import('#doors/cli/engine/network-connect.ts')).networkDisconnect,
  },
  'network rm': {
    usage: '[OPTIONS] NETWORK [NETWORK...]',
    summary: 'Remove one or more networks',
    load: async () => (await import('#doors/cli/engine/network-rm.ts')).networkRm,
  },
  'network repair': {
    usage: '',
    summary: 'Make bridges, addresses and rules again as the records say',
    load: async () => (await import('#doors/cli/engine/network-repair.ts')).networkRepair,
  },
  'network prune': {
    usage: '[OPTIONS]',
    summary: 'Remove networks that no container is in',
    load: async () => (await import('#doors/cli/engine/network-prune.ts')).networkPrune,
  },
};
