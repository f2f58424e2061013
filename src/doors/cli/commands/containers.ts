import type { Entry } from './entry.ts';

/** Commands about containers. */
export const CONTAINER_COMMANDS: Record<string, Entry> = {
  run: {
    usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
    summary: 'Create and run a new container from an image',
    load: async () => (await import('#doors/cli/engine/run.ts')).run,
  },
  exec: {
    usage: '[OPTIONS] CONTAINER COMMAND [ARG...]',
    summary: 'Execute a command in a running container',
    load: async () => (await import('#doors/cli/engine/exec.ts')).exec,
  },
  ps: {
    usage: '[OPTIONS]',
    summary: 'List containers',
    load: async () => (await import('#doors/cli/engine/ps.ts')).ps,
  },
  logs: {
    usage: '[OPTIONS] CONTAINER',
    summary: 'Fetch the logs of a container',
    load: async () => (await import('#doors/cli/engine/logs.ts')).logs,
  },
  start: {
    usage: '[OPTIONS] CONTAINER [CONTAINER...]',
    summary: 'Start one or more stopped containers',
    load: async () => (await import('#doors/cli/engine/start.ts')).start,
  },
  stop: {
    usage: '[OPTIONS] CONTAINER [CONTAINER...]',
    summary: 'Stop one or more running containers',
    load: async () => (await import('#doors/cli/engine/stop.ts')).stop,
  },
  kill: {
    usage: '[OPTIONS] CONTAINER [CONTAINER...]',
    summary: 'Kill one or more running containers',
    load: async () => (await import('#doors/cli/engine/kill.ts')).kill,
  },
  rm: {
    usage: '[OPTIONS] CONTAINER [CONTAINER...]',
    summary: 'Remove one or more containers',
    load: async () => (await import('#doors/cli/engine/rm.ts')).rm,
  },
  inspect: {
    usage: '[OPTIONS] NAME|ID [NAME|ID...]',
    summary: 'Show all that is known of containers or images',
    load: async () => (await import('#doors/cli/engine/inspect.ts')).inspect,
  },
  export: {
    usage: '[OPTIONS] CONTAINER',
    summary: "Write a container's root file system to a tar archive",
    load: async () => (await import('#doors/cli/engine/export.ts')).exportVerb,
  },
  commit: {
    usage: '[OPTIONS] CONTAINER [REPOSITORY[:TAG]]',
    summary: "Make an image out of a container's changes",
    load: async () => (await import('#doors/cli/engine/commit.ts')).commit,
  },
  diff: {
    usage: '[OPTIONS] CONTAINER|IMAGE [CONTAINER|IMAGE]',
    summary: 'List what was added, changed and deleted',
    load: async () => (await import('#doors/cli/engine/diff.ts')).diff,
  },
  'container diff': {
    usage: '[OPTIONS] CONTAINER [CONTAINER]',
    summary: 'List what was added, changed and deleted in a container',
    hidden: true,
    load: async () => (await import('#doors/cli/engine/diff.ts')).containerDiff,
  },
  explain: {
    usage: '[OPTIONS] IMAGE [COMMAND] [ARG...] | --bundle DIR',
    summary: 'Print the plan of what run would do, without doing it',
    load: async () => (await import('#doors/cli/engine/explain.ts')).explain,
  },
  'container prune': {
    usage: '[OPTIONS]',
    summary: 'Remove containers that do not run',
    load: async () => (await import('#doors/cli/engine/container-prune.ts')).containerPrune,
  },
  'container cleanup': {
    usage: 'CONTAINER',
    summary: 'Take note of the end of a container',
    hidden: true,
    load: async () => (await import('#doors/cli/engine/cleanup.ts')).cleanup,
  },
};
