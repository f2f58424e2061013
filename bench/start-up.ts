import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUN, SAMPAN } from '#tools/places.ts';
import { interleave } from './interleave.ts';
import type { Section } from './report.ts';

const EMPTY = 'empty Bun executable';

/** `sampan --version` beside an empty program compiled in the same way. */
export function startUp(directory: string): Section {
  const source = join(directory, 'empty.ts');
  const target = join(directory, 'empty');
  writeFileSync(source, 'export {};\n');
  const options = ['--compile', '--minify', '--bytecode', '--format=esm', `--outfile=${target}`];
  execFileSync(BUN, ['build', ...options, source], { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] });
  const contenders = [
    { name: 'sampan --version', argv: () => [SAMPAN, '--version'] },
    { name: 'sampan oci --version', argv: () => [SAMPAN, 'oci', '--version'] },
    { name: EMPTY, argv: () => [target] },
    { name: 'crun --version', argv: () => ['crun', '--version'] },
    { name: 'runc --version', argv: () => ['runc', '--version'] },
    { name: 'podman --version', argv: () => ['podman', '--version'] },
  ];
  return {
    title: 'Start-up',
    about: 'What every command pays before it does anything.',
    samples: interleave(contenders, { count: 60, warmUp: 3, idle: 0, scratch: directory }),
    goals: [{ against: EMPTY, factor: 2 }],
  };
}
