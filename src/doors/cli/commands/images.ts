import type { Entry } from './entry.ts';

/** Commands about the store's images. */
export const IMAGE_COMMANDS: Record<string, Entry> = {
  images: {
    usage: '[OPTIONS] [REPOSITORY[:TAG]]',
    summary: 'List images',
    load: async () => (await import('#doors/cli/engine/images.ts')).images,
  },
  history: {
    usage: '[OPTIONS] IMAGE',
    summary: 'Show the steps that made an image',
    load: async () => (await import('#doors/cli/engine/history.ts')).history,
  },
  tag: {
    usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
    summary: 'Give a further name to an image',
    load: async () => (await import('#doors/cli/engine/tag.ts')).tag,
  },
  untag: {
    usage: 'IMAGE [NAME...]',
    summary: 'Take names, or all names, from an image and keep it',
    load: async () => (await import('#doors/cli/engine/tag.ts')).untag,
  },
  rmi: {
    usage: '[OPTIONS] IMAGE [IMAGE...]',
    summary: 'Remove one or more images',
    load: async () => (await import('#doors/cli/engine/rmi.ts')).rmi,
  },
  save: {
    usage: '[OPTIONS] IMAGE [IMAGE...]',
    summary: 'Write images to an archive',
    load: async () => (await import('#doors/cli/engine/save.ts')).save,
  },
  load: {
    usage: '[OPTIONS]',
    summary: 'Read images from an archive or an OCI layout',
    load: async () => (await import('#doors/cli/engine/load.ts')).load,
  },
  import: {
    usage: '[OPTIONS] FILE|- [REPOSITORY[:TAG]]',
    summary: 'Make an image out of a root file system in a tar archive',
    load: async () => (await import('#doors/cli/engine/import.ts')).importVerb,
  },
  'image copy': {
    usage: '[OPTIONS] SOURCE DESTINATION',
    summary: 'Copy an image between registries, archives, layouts and the store',
    load: async () => (await import('#doors/cli/engine/image-copy.ts')).imageCopy,
  },
  'image diff': {
    usage: '[OPTIONS] IMAGE [IMAGE]',
    summary: 'List what was added, changed and deleted by an image',
    hidden: true,
    load: async () => (await import('#doors/cli/engine/diff.ts')).imageDiff,
  },
  'image mount': {
    usage: '[OPTIONS] [IMAGE...]',
    summary: "Show images' files at a path of this machine, read-only",
    load: async () => (await import('#doors/cli/engine/image-mount.ts')).imageMount,
  },
  'image unmount': {
    usage: '[OPTIONS] [IMAGE...]',
    summary: 'Take such a path away',
    load: async () => (await import('#doors/cli/engine/image-mount.ts')).imageUnmount,
  },
  'image umount': {
    usage: '[OPTIONS] [IMAGE...]',
    summary: 'Take such a path away',
    hidden: true,
    load: async () => (await import('#doors/cli/engine/image-mount.ts')).imageUnmount,
  },
  'image prune': {
    usage: '[OPTIONS]',
    summary: 'Remove images that nothing uses',
    load: async () => (await import('#doors/cli/engine/image-prune.ts')).imagePrune,
  },
  'image pin': {
    usage: 'IMAGE [IMAGE...]',
    summary: 'Keep images from prune and from the garbage collection',
    load: async () => (await import('#doors/cli/engine/pin.ts')).pin,
  },
  'image unpin': {
    usage: 'IMAGE [IMAGE...]',
    summary: 'Keep images no longer',
    load: async () => (await import('#doors/cli/engine/pin.ts')).unpin,
  },
  'image tree': {
    usage: 'IMAGE',
    summary: 'Show the layers of an image',
    load: async () => (await import('#doors/cli/engine/image-tree.ts')).imageTree,
  },
  'image verify': {
    usage: '[OPTIONS] [IMAGE...]',
    summary: 'Check what is stored of images against its digests, and mend it with --repair',
    load: async () => (await import('#doors/cli/engine/image-verify.ts')).imageVerify,
  },
  'image inspect': {
    usage: '[OPTIONS] IMAGE [IMAGE...]',
    summary: 'Show all that is known of images',
    hidden: true,
    load: async () => (await import('#doors/cli/engine/inspect.ts')).imageInspect,
  },
};
