import type { Entry } from './entry.ts';

/** Commands about manifest lists, which are indexes in OCI's words. */
export const MANIFEST_COMMANDS: Record<string, Entry> = {
  'manifest create': {
    usage: '[OPTIONS] LIST [IMAGE...]',
    summary: 'Make a manifest list out of images',
    load: async () => (await import('#doors/cli/engine/manifest.ts')).manifestCreate,
  },
  'manifest add': {
    usage: '[OPTIONS] LIST IMAGE',
    summary: 'Add an image to a manifest list',
    load: async () => (await import('#doors/cli/engine/manifest.ts')).manifestAdd,
  },
  'manifest annotate': {
    usage: '[OPTIONS] LIST IMAGE|DIGEST',
    summary: 'Change what a manifest list says of an image',
    load: async () => (await import('#doors/cli/engine/manifest.ts')).manifestAnnotate,
  },
  'manifest inspect': {
    usage: '[OPTIONS] NAME',
    summary: 'Show a manifest or manifest list, of the store or a registry',
    load: async () => (await import('#doors/cli/engine/manifest.ts')).manifestInspect,
  },
  'manifest push': {
    usage: '[OPTIONS] LIST [DESTINATION]',
    summary: 'Push a manifest list and its images',
    load: async () => (await import('#doors/cli/engine/manifest-push.ts')).manifestPush,
  },
  'manifest remove': {
    usage: 'LIST IMAGE|DIGEST',
    summary: 'Take an image out of a manifest list',
    load: async () => (await import('#doors/cli/engine/manifest.ts')).manifestRemove,
  },
  'manifest rm': {
    usage: 'LIST [LIST...]',
    summary: 'Remove manifest lists',
    load: async () => (await import('#doors/cli/engine/manifest.ts')).manifestRm,
  },
  'manifest exists': {
    usage: 'LIST',
    summary: 'End with 0 when there is such a manifest list, else with 1',
    load: async () => (await import('#doors/cli/engine/manifest.ts')).manifestExists,
  },
};
