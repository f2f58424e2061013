/** The commands of the campaign. A further one is an entry here. */
import { join } from 'node:path';
import type { CliWorld } from '#test/cli/world.ts';
import type { Known } from './world-model.ts';

export interface Choice {
  world: CliWorld;
  /** The container that it is done to. */
  target: Known;
  name: string;
  random(below: number): number;
}

export interface CampaignVerb {
  /** Milliseconds that it takes at most; it is killed within them. */
  span: number;
  args(choice: Choice): string[];
}

export const PROGRAM = ['sh', '-c', 'trap "exit 7" TERM; while :; do sleep 0.05; done'];

export const VERBS: Readonly<Record<string, CampaignVerb>> = {
  create: { span: 40, args: ({ world }) => ['create', world.image, ...PROGRAM] },
  createToGo: { span: 40, args: ({ world }) => ['create', '--rm', world.image, ...PROGRAM] },
  runToGo: { span: 60, args: ({ world }) => ['run', '--rm', '-d', world.image, 'true'] },
  start: { span: 50, args: ({ name }) => ['start', name] },
  stop: { span: 200, args: ({ name }) => ['stop', name] },
  restart: { span: 250, args: ({ name }) => ['restart', name] },
  pause: { span: 20, args: ({ name }) => ['pause', name] },
  unpause: { span: 20, args: ({ name }) => ['unpause', name] },
  rename: {
    span: 20,
    args: ({ target, name, random }) => {
      const wanted = `n${random(1_000_000)}`;
      target.names.add(wanted);
      return ['rename', name, wanted];
    },
  },
  update: {
    span: 30,
    args: ({ target, name, random }) => {
      const wanted = 32 + random(64);
      target.memory.add(wanted);
      return ['update', '-m', `${wanted}m`, name];
    },
  },
  copyIn: { span: 150, args: ({ world, name }) => ['cp', join(world.root, 'big'), `${name}:/tmp/big`] },
  copyOut: { span: 150, args: ({ world, name }) => ['cp', `${name}:/bin`, join(world.root, 'out')] },
  commit: { span: 200, args: ({ name }) => ['commit', name, 'campaign:1'] },
  commitMoving: { span: 200, args: ({ name }) => ['commit', '--pause=false', name, 'campaign:2'] },
};
