import { setTimeout as sleep } from 'node:timers/promises';
import { Fault, isFault } from '#base/fault.ts';
import { isAlive } from '#base/process-identity.ts';
import { ownIdentity } from '#engine/container/ownership.ts';
import type { Engine } from '#engine/engine.ts';
import { applyFirewall } from './apply-firewall.ts';
import { writeNames } from './names.ts';

const LOOK_AGAIN_MS = 5;
const PATIENCE_MS = 30_000;

/**
 * Makes the kernel's rules and the resolver's names those of the records. One process does it at a time, for all whose
 * changes were recorded by then; who dies in the middle is succeeded by the next command.
 */
export async function showNetworks(engine: Engine): Promise<void> {
  const target = state(engine).wanted;
  const deadline = Date.now() + PATIENCE_MS;
  while (state(engine).shown < target) {
    if (takeTurn(engine)) return await showAsOwner(engine);
    if (Date.now() > deadline) throw new Fault('conflict', 'set up networks: another process has been at it for long');
    await sleep(LOOK_AGAIN_MS);
  }
}

/**
 * The same at the end of something that is done already: that rules cannot be set is said by the next start in a
 * network, and keeps nobody from removing a container.
 */
export async function showNetworksIfPossible(engine: Engine): Promise<void> {
  await showNetworks(engine).catch((error: unknown) => {
    if (!isFault(error, 'unavailable')) throw error;
  });
}

/** Whether a process died while it was at it. */
export function isShowOpen(engine: Pick<Engine, 'database'>): boolean {
  const { wanted, shown, owner } = state(engine);
  return shown < wanted && (owner === null || !isAlive(owner));
}

interface State {
  wanted: number;
  shown: number;
  rules_wanted: number;
  rules_shown: number;
  owner: string | null;
}

const NOTHING: State = { wanted: 0, shown: 0, rules_wanted: 0, rules_shown: 0, owner: null };

const state = ({ database }: Pick<Engine, 'database'>): State =>
  database.all<State>('SELECT wanted, shown, rules_wanted, rules_shown, owner FROM network_state')[0] ?? NOTHING;

function takeTurn(engine: Engine): boolean {
  return engine.database.transaction(() => {
    const { owner } = state(engine);
    if (owner !== null && isAlive(owner)) return false;
    engine.database.run('UPDATE network_state SET owner = ?', ownIdentity());
    return true;
  });
}

async function showAsOwner(engine: Engine): Promise<void> {
  try {
    // What is recorded from here on has a higher number, and its own turn.
    const { wanted, rules_wanted: rules, rules_shown: ruled } = state(engine);
    if (rules > ruled) await applyFirewall(engine);
    await writeNames(engine);
    engine.database.run('UPDATE network_state SET shown = ?, rules_shown = ?', wanted, rules);
  } finally {
    engine.database.run('UPDATE network_state SET owner = NULL');
  }
}
