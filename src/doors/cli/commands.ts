import type { Verb } from './verb.ts';

export interface Entry {
  /** Words after the command in its usage line. */
  usage: string;
  summary: string;
  /** Loaded only when it is called: start-up time is part of every command. */
  load: () => Promise<Verb>;
  /** Not shown in the list of commands. */
  hidden?: true;
}

/** Every command of the engine by name; `oci` has a command line of its own. */
export const COMMANDS: Record<string, Entry> = {
  run: {
    usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
    summary: 'Create and run a new container from an image',
    load: async () => (await import('./engine/run.ts')).run,
  },
  exec: {
    usage: '[OPTIONS] CONTAINER COMMAND [ARG...]',
    summary: 'Execute a command in a running container',
    load: async () => (await import('./engine/exec.ts')).exec,
  },
  ps: { usage: '[OPTIONS]', summary: 'List containers', load: async () => (await import('./engine/ps.ts')).ps },
  logs: {
    usage: '[OPTIONS] CONTAINER',
    summary: 'Fetch the logs of a container',
    load: async () => (await import('./engine/logs.ts')).logs,
  },
  start: {
    usage: '[OPTIONS] CONTAINER [CONTAINER...]',
    summary: 'Start one or more stopped containers',
    load: async () => (await import('./engine/start.ts')).start,
  },
  stop: {
    usage: '[OPTIONS] CONTAINER [CONTAINER...]',
    summary: 'Stop one or more running containers',
    load: async () => (await import('./engine/stop.ts')).stop,
  },
  kill: {
    usage: '[OPTIONS] CONTAINER [CONTAINER...]',
    summary: 'Kill one or more running containers',
    load: async () => (await import('./engine/kill.ts')).kill,
  },
  rm: {
    usage: '[OPTIONS] CONTAINER [CONTAINER...]',
    summary: 'Remove one or more containers',
    load: async () => (await import('./engine/rm.ts')).rm,
  },
  inspect: {
    usage: '[OPTIONS] NAME|ID [NAME|ID...]',
    summary: 'Show all that is known of containers or images',
    load: async () => (await import('./engine/inspect.ts')).inspect,
  },
  pull: {
    usage: '[OPTIONS] NAME[:TAG|@DIGEST]',
    summary: 'Download an image from a registry',
    load: async () => (await import('./engine/pull.ts')).pull,
  },
  images: {
    usage: '[OPTIONS] [REPOSITORY[:TAG]]',
    summary: 'List images',
    load: async () => (await import('./engine/images.ts')).images,
  },
  history: {
    usage: '[OPTIONS] IMAGE',
    summary: 'Show the steps that made an image',
    load: async () => (await import('./engine/history.ts')).history,
  },
  tag: {
    usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
    summary: 'Give a further name to an image',
    load: async () => (await import('./engine/tag.ts')).tag,
  },
  untag: {
    usage: 'IMAGE [NAME...]',
    summary: 'Take names, or all names, from an image and keep it',
    load: async () => (await import('./engine/tag.ts')).untag,
  },
  save: {
    usage: '[OPTIONS] IMAGE [IMAGE...]',
    summary: 'Write images to an archive',
    load: async () => (await import('./engine/save.ts')).save,
  },
  load: {
    usage: '[OPTIONS]',
    summary: 'Read images from an archive or an OCI layout',
    load: async () => (await import('./engine/load.ts')).load,
  },
  export: {
    usage: '[OPTIONS] CONTAINER',
    summary: "Write a container's root file system to a tar archive",
    load: async () => (await import('./engine/export.ts')).exportVerb,
  },
  import: {
    usage: '[OPTIONS] FILE|- [REPOSITORY[:TAG]]',
    summary: 'Make an image out of a root file system in a tar archive',
    load: async () => (await import('./engine/import.ts')).importVerb,
  },
  'image prune': {
    usage: '[OPTIONS]',
    summary: 'Remove images that nothing uses',
    load: async () => (await import('./engine/image-prune.ts')).imagePrune,
  },
  'image inspect': {
    usage: '[OPTIONS] IMAGE [IMAGE...]',
    summary: 'Show all that is known of images',
    hidden: true,
    load: async () => (await import('./engine/inspect.ts')).imageInspect,
  },
  push: {
    usage: '[OPTIONS] NAME[:TAG] [DESTINATION]',
    summary: 'Upload an image to a registry',
    load: async () => (await import('./engine/push.ts')).push,
  },
  login: {
    usage: '[OPTIONS] [SERVER]',
    summary: 'Authenticate to a registry',
    load: async () => (await import('./engine/login.ts')).login,
  },
  logout: {
    usage: '[SERVER]',
    summary: 'Forget the credentials for a registry',
    load: async () => (await import('./engine/logout.ts')).logout,
  },
  rmi: {
    usage: '[OPTIONS] IMAGE [IMAGE...]',
    summary: 'Remove one or more images',
    load: async () => (await import('./engine/rmi.ts')).rmi,
  },
  explain: {
    usage: '[OPTIONS] IMAGE [COMMAND] [ARG...] | --bundle DIR',
    summary: 'Print the plan of what run would do, without doing it',
    load: async () => (await import('./engine/explain.ts')).explain,
  },
  version: {
    usage: '[OPTIONS]',
    summary: 'Show the version',
    load: async () => (await import('./engine/version.ts')).version,
  },
  'container cleanup': {
    usage: 'CONTAINER',
    summary: 'Take note of the end of a container',
    hidden: true,
    load: async () => (await import('./engine/cleanup.ts')).cleanup,
  },
};
