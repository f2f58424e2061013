import type { Launcher } from '#kernel/launcher.ts';
import type { StoredPlans } from '#runtime/stored/world.ts';

interface Output {
  write(text: string): unknown;
}

/** What the composition root hands to the OCI runtime's command line. */
export interface World {
  env: Readonly<Record<string, string | undefined>>;
  stdout: Output;
  stderr: Output;
  /** Installed on first use: `state`, `list` and `kill` need none. */
  launcher(): Promise<Launcher>;
  /** Directory for what does not outlive the machine's run; containers are in `oci` below it. */
  runDirectory: string;
  /** What the front did with stored plans; missing where there is none. */
  stored?: StoredPlans;
}
