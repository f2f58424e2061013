/** The stages of `make test`, in order. Each runs whatever became of the others. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUN, TREE } from '#tools/places.ts';
import { judge, ONE_FAILED, ONE_PASSED, readJunit, readTap, type Tally } from '#tools/test/tally.ts';

export interface Stage {
  name: string;
  command: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** Ended after so many seconds, and failed. */
  limit: number;
  /** Left out by FAST=1. */
  slow?: boolean;
  /** What exit status and report files in `reports` come to; by default one passed or one failed. */
  count?: (status: number, output: string) => Tally;
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

const make = (name: string, target: string, limit: number): Stage => ({ name, command: ['make', target], limit });
const native = (name: string, target: string, limit: number): Stage => ({
  name,
  command: ['make', '-C', 'launcher', target],
  limit,
});

const testFiles = (pattern: string, except: RegExp): string[] =>
  globSync(pattern, { cwd: TREE })
    .filter((path) => !except.test(path))
    .sort()
    .map((path) => `./${path}`);

/** One `bun test` over the files that match. `seconds` is the limit of one test. */
function bunTests(reports: string, name: string, files: string[], limit: number, seconds: number): Stage {
  const report = join(reports, `${name.replaceAll(' ', '-')}.xml`);
  return {
    name,
    command: [BUN, 'test', `--timeout=${seconds * 1000}`, '--reporter=junit', `--reporter-outfile=${report}`, ...files],
    limit,
    count: (status) => judge(readJunit(read(report)), status),
  };
}

/** Debian's engines with our runtime, in namespaces of their own; the packages they need are installed first. */
function otherEngines(reports: string): Stage {
  const stage = bunTests(reports, 'other engines', testFiles('test/engines/*.test.ts', /^$/), 420, 60);
  const install = 'tools/install-packages.sh engines && exec tools/alone.sh --v1 "$@"';
  return { ...stage, command: ['sh', '-c', install, 'sh', ...stage.command], slow: true };
}

/** What people run in containers; the first run ever makes the image of it. */
function realSoftware(reports: string): Stage {
  const stage = bunTests(reports, 'real software', testFiles('test/software/*.test.ts', /^$/), 600, 240);
  const command = stage.command.flatMap((word) =>
    word === 'test' ? [word, '--preload=./test/software/shared.ts'] : [word],
  );
  return { ...stage, command, slow: true };
}

/** Tests in a virtual machine; the first one ever also makes its disk. */
function machine(reports: string, name: string, extent: string, limit: number): Stage {
  const report = join(reports, `vm-${extent}.xml`);
  return {
    name,
    command: [BUN, 'vm/test.ts', `--${extent}`, `--report=${report}`],
    limit,
    slow: true,
    count: (status) => judge(readJunit(read(report)), status),
  };
}

const NODE = join(TREE, 'node_modules/.bin/node');

/** Tests of other stages. */
const ELSEWHERE =
  /^test\/(cli|v2|old-kernel|systemd|engines|software|corpus|network|store-check|verbs-campaign|crash-campaign|fuzz)\//;

/** `reports` is an empty directory for the runners' report files. */
export function stages(reports: string): Stage[] {
  return [
    make('build', 'build', 300),
    make('types', 'typecheck', 120),
    make('lint', 'lint', 120),
    make('format', 'format-check', 60),
    make('generated files', 'generate-check', 60),
    native('launcher size', 'size-check', 120),
    native('launcher for arm64', 'arm64-check', 300),
    native('launcher with sanitizers', 'asan', 300),
    make('front with sanitizers', 'front-asan', 300),
    make('front for arm64', 'front-arm64-check', 300),
    bunTests(reports, 'units', testFiles('{src,front,tools,bench,demo,vm}/**/*.test.ts', /^$/), 600, 30),
    bunTests(reports, 'command line', testFiles('test/cli/**/*.test.ts', /^$/), 1200, 120),
    bunTests(reports, 'networks', testFiles('test/network/*.test.ts', /^$/), 600, 120),
    bunTests(reports, 'whole program', testFiles('test/**/*.test.ts', ELSEWHERE), 900, 120),
    bunTests(
      reports,
      'campaigns',
      testFiles('test/{corpus,store-check,verbs-campaign,crash-campaign,fuzz}/**/*.test.ts', /^$/),
      900,
      240,
    ),
    otherEngines(reports),
    realSoftware(reports),
    {
      ...bunTests(
        reports,
        'stored plans',
        testFiles('test/{oci,security}/**/*.test.ts', /\/stored.*\.test\.ts$/),
        900,
        120,
      ),
      env: { SAMPAN_TEST_COMPILED: '1' },
    },
    {
      name: 'sources on Node',
      command: [NODE, '--test', '--test-reporter=tap', 'test/node/*.test.mjs'],
      limit: 120,
      count: (status, output) => judge(readTap(output), status),
    },
    machine(reports, 'cgroup v2 in a virtual machine', 'short', 520),
    machine(reports, 'systemd in a virtual machine', 'systemd', 540),
  ];
}

/** The tally of a stage that ended by itself. */
export const tallyOf = (stage: Stage, status: number, output: string): Tally =>
  stage.count === undefined ? (status === 0 ? ONE_PASSED : ONE_FAILED) : stage.count(status, output);
