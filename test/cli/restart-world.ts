/** What the tests of restarts share. */
import type { CliWorld } from './world.ts';

export interface Inspected {
  Id: string;
  RestartCount: number;
  State: { Status: string; Restarting: boolean; Running: boolean; ExitCode: number; Pid: number; Error: string };
  HostConfig: { RestartPolicy: { Name: string; MaximumRetryCount: number } };
}

export async function inspectContainer(world: CliWorld, name: string): Promise<Inspected> {
  const { stdout, stderr } = await world.sampan('inspect', name);
  const [found] = JSON.parse(stdout) as Inspected[];
  if (found === undefined) throw new Error(`no ${name}: ${stderr}`);
  return found;
}

export async function eventually(condition: () => Promise<boolean>, patienceMs = 60_000): Promise<void> {
  for (const end = Date.now() + patienceMs; !(await condition()); await Bun.sleep(20)) {
    if (Date.now() > end) throw new Error(`still not: ${condition.toString()}`);
  }
}
