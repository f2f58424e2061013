import { closeSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import { encodePlan } from './encode.ts';
import { failureFault } from './failure.ts';
import type { Plan, Step } from './plan.ts';
import { reportFrom } from './report-stream.ts';
import { scratchFile } from './scratch.ts';

export interface HeldMount {
  /** Where this process finds the mount: by way of the one that holds it. */
  path: string;
  release(): Promise<void>;
}

/**
 * Executes steps in a mount namespace of their own and keeps it until `release`, or until this process dies: the
 * launcher waits for a byte on a socket that we hold. What is mounted at `point` is then found at `path`. Whoever has
 * opened it may release it at once: descriptors keep it mounted.
 */
export async function holdMount(
  binary: string,
  scratch: string,
  steps: readonly Step[],
  point: string,
): Promise<HeldMount> {
  const { spawn } = process.getBuiltinModule('node:child_process');
  const { Duplex, Readable } = process.getBuiltinModule('node:stream');
  const plan = scratchFile(scratch, encodePlan(holdingPlan(steps)));
  const child = spawn(binary, ['launch', '3', '4', '5'], {
    stdio: ['ignore', 'inherit', 'inherit', plan, 'pipe', 'pipe'],
    env: {},
  });
  closeSync(plan);
  const [, , , , report, channel]: readonly unknown[] = child.stdio;
  if (!(report instanceof Readable && channel instanceof Duplex))
    throw new Fault('internal', 'start the launcher: it has no pipes');
  const records = reportFrom(report);
  const ended = new Promise((resolve) => child.once('close', resolve).once('error', resolve));
  const ready = new Promise<boolean>((resolve) => {
    channel.once('data', () => resolve(true));
    void ended.then(() => resolve(false));
  });
  if (!(await ready)) {
    const { exitCode: code, signalCode: signal } = child;
    throw failureFault('mount what is to be copied', { code, signal, records: await records });
  }
  return {
    path: `/proc/${child.pid}/root${point}`,
    release: async () => {
      channel.end('.');
      await ended;
    },
  };
}

const CLONE_NEWNS = 0x20000n;
const MS_REC_SLAVE = 0x84000n;

function holdingPlan(steps: readonly Step[]): Plan {
  return {
    inherited: ['starter'],
    programs: [
      {
        name: 'main',
        steps: [
          { op: 'unshare', flags: CLONE_NEWNS },
          { op: 'propagation', flags: MS_REC_SLAVE },
          ...steps,
          { op: 'writeSlot', slot: 'starter', data: '.' },
          // Its end, too, should the one who holds the mount die.
          { op: 'wait', slot: 'starter', onError: 'ignore' },
        ],
      },
    ],
  };
}
