import type { Verb } from '#doors/cli/verb.ts';

export interface Entry {
  /** Words after the command in its usage line. */
  usage: string;
  summary: string;
  /** Loaded only when it is called: start-up time is part of every command. */
  load: () => Promise<Verb>;
  /** Not shown in the list of commands. */
  hidden?: true;
}
