import type { Entry } from './entry.ts';

const INFO: Entry = {
  usage: '[OPTIONS]',
  summary: 'Show what there is here, and what this machine is',
  load: async () => (await import('#doors/cli/engine/system-info.ts')).systemInfoVerb,
};

/** Commands about sampan itself. */
export const SYSTEM_COMMANDS: Record<string, Entry> = {
  version: {
    usage: '[OPTIONS]',
    summary: 'Show the version',
    load: async () => (await import('#doors/cli/engine/version.ts')).version,
  },
  info: INFO,
  'system info': INFO,
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
  'generate systemd': {
    usage: '[OPTIONS] CONTAINER | --all',
    summary: 'Print a systemd unit that runs a container as a service, or one that starts containers at boot',
    load: async () => (await import('#doors/cli/engine/generate-systemd.ts')).generateSystemd,
  },
  'system check': {
    usage: '[OPTIONS]',
    summary: 'Compare records, files and the host with each other, and mend what does not fit',
    load: async () => (await import('#doors/cli/engine/system-check.ts')).systemCheck,
  },
  'system reset': {
    usage: '[OPTIONS]',
    summary: 'Remove everything: containers, volumes and images',
    load: async () => (await import('#doors/cli/engine/system-reset.ts')).systemReset,
  },
  doctor: {
    usage: '[OPTIONS]',
    summary: 'Say what this machine can do for containers, and how to mend what it cannot',
    load: async () => (await import('#doors/cli/engine/doctor.ts')).doctor,
  },
  unshare: {
    usage: '[PROGRAM [ARGUMENT...]]',
    summary: "Run a program, or a shell, in the user namespace of an ordinary user's containers",
    load: async () => (await import('#doors/cli/engine/unshare.ts')).unshare,
  },
  completion: {
    usage: 'bash|zsh|fish',
    summary: 'Print the script that completes command lines in a shell',
    load: async () => (await import('#doors/cli/engine/completion.ts')).completion,
  },
  __complete: {
    usage: '-- [WORD...]',
    summary: 'Say what may come next in a command line',
    hidden: true,
    load: async () => (await import('#doors/cli/engine/completion.ts')).complete,
  },
};
