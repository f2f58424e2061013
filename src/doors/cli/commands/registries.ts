import type { Entry } from './entry.ts';

/** Commands that speak to registries. */
export const REGISTRY_COMMANDS: Record<string, Entry> = {
  pull: {
    usage: '[OPTIONS] NAME[:TAG|@DIGEST] [NAME...]',
    summary: 'Download images from a registry',
    load: async () => (await import('#doors/cli/engine/pull.ts')).pull,
  },
  push: {
    usage: '[OPTIONS] NAME[:TAG] [DESTINATION]',
    summary: 'Upload an image to a registry',
    load: async () => (await import('#doors/cli/engine/push.ts')).push,
  },
  login: {
    usage: '[OPTIONS] [SERVER]',
    summary: 'Authenticate to a registry',
    load: async () => (await import('#doors/cli/engine/login.ts')).login,
  },
  logout: {
    usage: '[SERVER]',
    summary: 'Forget the credentials for a registry',
    load: async () => (await import('#doors/cli/engine/logout.ts')).logout,
  },
  search: {
    usage: '[OPTIONS] [REGISTRY/]TERM',
    summary: 'Search a registry for images',
    load: async () => (await import('#doors/cli/engine/search.ts')).search,
  },
  'registry serve': {
    usage: '[OPTIONS]',
    summary: 'Serve a registry of your own, or the images of this store',
    load: async () => (await import('#doors/cli/engine/registry-serve.ts')).registryServe,
  },
  'registry gc': {
    usage: '[OPTIONS] --root DIR',
    summary: 'Remove what nothing leads to from a registry of your own',
    load: async () => (await import('#doors/cli/engine/registry-gc.ts')).registryGc,
  },
};
