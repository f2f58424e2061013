import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Contender, interleave } from './interleave.ts';
import { RUNTIMES, writeBundle } from './low-level.ts';
import type { Section } from './report.ts';

const COUNT = 1000;
const ids = Array.from({ length: COUNT }, (_, at) => `list-${at}`);

interface Populated {
  contender: Contender;
  empty: () => void;
}

/** So many containers that were created and wait to be started, each with a control group of its own. */
function populate(name: string, base: string[], bundle: string, cgroupParent: string): void {
  const file = join(bundle, 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8')) as { linux: { cgroupsPath: string } };
  const [command = '', ...args] = base;
  for (const id of ids) {
    config.linux.cgroupsPath = `${cgroupParent}/${id}`;
    writeFileSync(file, JSON.stringify(config));
    // Standard output and error must not be pipes: the container keeps them.
    const made = spawnSync(command, [...args, 'create', '--bundle', bundle, id], { stdio: 'ignore' });
    if (made.status !== 0) throw new Error(`${name} create ${id}: status ${made.status}`);
  }
}

function populated(name: string, base: (root: string) => string[], directory: string, parent: string): Populated {
  const bundle = join(directory, name, 'bundle');
  const root = join(directory, name, 'state');
  writeBundle(bundle, parent);
  mkdirSync(root, { recursive: true });
  populate(name, base(root), bundle, `${parent}/${name}`);
  const remove = [...base(root), 'delete', '--force'];
  return {
    contender: { name, argv: () => [...base(root), 'list'] },
    empty: () => execFileSync('xargs', ['-n', '1', ...remove], { input: ids.join('\n'), stdio: ['pipe', 'ignore', 2] }),
  };
}

/** `list` with a thousand containers alive. */
export function listing(directory: string, cgroupParent: string): Section {
  const all: Populated[] = [];
  try {
    for (const { name, base } of RUNTIMES) {
      const word = name.split(' ')[0] ?? name;
      all.push(populated(word, base, join(directory, 'list'), cgroupParent));
    }
    const contenders = all.map(({ contender }) => contender);
    return {
      title: `\`list\` of ${COUNT} containers`,
      about: 'Created and not started, each with a control group of its own; state on tmpfs.',
      samples: interleave(contenders, { count: 15, warmUp: 1, idle: 0, scratch: directory }),
      goals: [{ against: 'runc', factor: 0.5 }],
    };
  } finally {
    for (const { empty } of all) empty();
  }
}
