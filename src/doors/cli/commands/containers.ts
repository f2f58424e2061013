import type { Entry } from './entry.ts';

/** Commands about containers. */
export const CONTAINER_COMMANDS: Record<string, Entry> = {
  run: {
    usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
    summary: 'Create and run a new container from an image',
    load: async () => (await import('#doors/cli/engine/run.ts')).run,
  },
  create: {
    usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
    summary: 'Create a new container from an image, without starting it',
    load: async () => (await import('#doors/cli/engine/create.ts')).create,
  },
  attach: {
    usage: '[OPTIONS] CONTAINER',
    summary: 'Attach standard input, output and error to a running container',
    load: async () => (await import('#doors/cli/engine/attach.ts')).attach,
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
    usage: '[OPTIONS] CONTAINER [CONTAINER...]',
    summary: 'Fetch the logs of containers',
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
  restart: {
    usage: '[OPTIONS] CONTAINER [CONTAINER...]',
    summary: 'Restart one or more containers',
    load: async () => (await import('#doors/cli/engine/restart.ts')).restart,
  },
  pause: {
    usage: 'CONTAINER [CONTAINER...]',
    summary: 'Pause all processes within one or more containers',
    load: async () => (await import('#doors/cli/engine/pause.ts')).pause,
  },
  unpause: {
    usage: 'CONTAINER [CONTAINER...]',
    summary: 'Unpause all processes within one or more containers',
    load: async () => (await import('#doors/cli/engine/unpause.ts')).unpause,
  },
  rename: {
    usage: 'CONTAINER NEW_NAME',
    summary: 'Rename a container',
    load: async () => (await import('#doors/cli/engine/rename.ts')).rename,
  },
  wait: {
    usage: '[OPTIONS] CONTAINER [CONTAINER...]',
    summary: 'Block until one or more containers stop, then print their exit codes',
    load: async () => (await import('#doors/cli/engine/wait.ts')).wait,
  },
  'healthcheck run': {
    usage: 'CONTAINER',
    summary: 'Check the health of a container now',
    load: async () => (await import('#doors/cli/engine/healthcheck-run.ts')).healthcheckRun,
  },
  top: {
    usage: 'CONTAINER [ps OPTIONS]',
    summary: 'Display the running processes of a container',
    load: async () => (await import('#doors/cli/engine/top.ts')).top,
  },
  stats: {
    usage: '[OPTIONS] [CONTAINER...]',
    summary: 'Display what containers use, live',
    load: async () => (await import('#doors/cli/engine/stats.ts')).stats,
  },
  events: {
    usage: '[OPTIONS]',
    summary: 'Show what happened and what happens to containers and images',
    load: async () => (await import('#doors/cli/engine/events.ts')).events,
  },
  port: {
    usage: 'CONTAINER [PRIVATE_PORT[/PROTO]]',
    summary: 'List port mappings of a container',
    load: async () => (await import('#doors/cli/engine/port.ts')).port,
  },
  update: {
    usage: '[OPTIONS] CONTAINER [CONTAINER...]',
    summary: 'Update the resource limits and restart policy of one or more containers',
    load: async () => (await import('#doors/cli/engine/update.ts')).update,
  },
  rm: {
    usage: '[OPTIONS] CONTAINER [CONTAINER...]',
    summary: 'Remove one or more containers',
    load: async () => (await import('#doors/cli/engine/rm.ts')).rm,
  },
  inspect: {
    usage: '[OPTIONS] NAME|ID [NAME|ID...]',
    summary: 'Show all that is known of containers, images or volumes',
    load: async () => (await import('#doors/cli/engine/inspect.ts')).inspect,
  },
  cp: {
    usage: 'CONTAINER:SRC_PATH DEST_PATH|- | SRC_PATH|- CONTAINER:DEST_PATH',
    summary: 'Copy files between a container and this machine',
    load: async () => (await import('#doors/cli/engine/cp.ts')).cp,
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
  why: {
    usage: '[OPTIONS] CONTAINER',
    summary: 'Explain how a container ended, or why it does not start',
    load: async () => (await import('#doors/cli/engine/why.ts')).why,
  },
  'container prune': {
    usage: '[OPTIONS]',
    summary: 'Remove containers that do not run',
    load: async () => (await import('#doors/cli/engine/container-prune.ts')).containerPrune,
  },
  'container inspect': {
    usage: '[OPTIONS] CONTAINER [CONTAINER...]',
    summary: 'Show all that is known of containers',
    hidden: true,
    load: async () => (await import('#doors/cli/engine/inspect.ts')).containerInspect,
  },
  'container cleanup': {
    usage: 'CONTAINER',
    summary: 'Take note of the end of a container',
    hidden: true,
    load: async () => (await import('#doors/cli/engine/cleanup.ts')).cleanup,
  },
};
