/** Any config.json becomes a plan or a Fault, and soon. */
import { isFault } from '#base/fault.ts';
import { encodePlan } from '#kernel/encode.ts';
import { HYBRID_HOST, LIMITED_HOST, V1_HOST, V2_HOST } from '#kernel/host-facts.fixture.ts';
import { lowerContainer } from '#runtime/lower/container.ts';
import type { LaunchMode } from '#runtime/lower/context.ts';
import { lowerExec } from '#runtime/lower/exec.ts';
import { bindSources } from '#runtime/lower/mounts.ts';
import { checkProcess } from '#runtime/spec/check-process.ts';
import { checkSpec } from '#runtime/spec/check-spec.ts';
import type { Spec } from '#runtime/spec/spec.ts';
import { defaultSpec } from '#runtime/spec/default-spec.ts';
import { seeded, type Random } from '#test/seccomp/profiles.ts';
import { EVERYTHING } from './configuration.ts';
import { damaged, mutated } from './mutate.ts';

const HOSTS = [HYBRID_HOST, V1_HOST, V2_HOST, LIMITED_HOST];
const MODES: LaunchMode[] = ['hold', 'run', 'detached'];
/** No configuration takes longer, on a busy machine. */
const PATIENCE_MS = 3000;

export type End = 'plan' | 'fault' | 'no JSON';

/** Throws for what is neither a plan nor a Fault; the message holds the seed. */
export function fuzzConfig(seed: number): End {
  const random = seeded(seed);
  const base = random(4) === 0 ? defaultSpec() : EVERYTHING;
  const plain = JSON.stringify(random(20) === 0 ? base : mutated(base, random));
  const text = random(8) === 0 ? damaged(plain, random) : plain;
  const start = performance.now();
  const end = outcome(text, random, seed);
  const took = performance.now() - start;
  if (took > PATIENCE_MS) throw new Error(`seed ${seed}: took ${Math.round(took)} ms`);
  return end;
}

function outcome(text: string, random: Random, seed: number): End {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'no JSON';
  }
  try {
    compile(value, text, random);
    return 'plan';
  } catch (error) {
    if (isFault(error) && error.kind !== 'internal') return 'fault';
    throw new Error(`seed ${seed}: neither a plan nor a fault of the input`, { cause: error });
  }
}

function compile(value: unknown, text: string, random: Random): void {
  const facts = HOSTS[random(HOSTS.length)] ?? HYBRID_HOST;
  const mode = MODES[random(MODES.length)] ?? 'run';
  const spec = checkSpec(value);
  const sources = new Map(bindSources(spec, '/bundle').map((path) => [path, 'directory'] as const));
  const paths = { state: '/run/x/pid', go: '/run/x/go', report: '/run/x/report' };
  const terminal = { kind: spec.process?.terminal === true ? 'relay' : 'none' } as const;
  const root = { kind: 'directory', path: '/bundle/rootfs' } as const;
  const context = { id: 'box', facts, root, bundle: '/bundle', mode, terminal, paths, sources };
  encodePlan(lowerContainer(spec, context).plan);
  const init = { pid: 4711, startTime: '123' };
  // What exec reads is the text that was stored, not what was checked.
  const stored = JSON.parse(text) as Spec;
  const exec = {
    spec: stored,
    facts,
    init,
    cgroupsPath: '/sampan/box',
    terminal,
    mode: mode === 'hold' ? 'run' : mode,
  } as const;
  encodePlan(lowerExec(checkProcess(stored.process), exec).plan);
}
