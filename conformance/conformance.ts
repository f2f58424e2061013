/**
 * `make conformance`: our own checks of the OCI runtime specification on ours and on Debian's runc and crun, one after
 * the other. Writes docs/conformance-checks.md, and fails when ours does not do what another one does, or when a check
 * fails whose cause nobody has written down. `bun conformance/conformance.ts WORDS` tries only checks with them in their
 * names, and writes nothing.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SAMPAN, TREE } from '#tools/places.ts';
import { CAUSES } from './causes.ts';
import { BUNDLE } from './checks/bundle.ts';
import { FILES } from './checks/files.ts';
import { GROUPS } from './checks/groups.ts';
import { HOOKS } from './checks/hooks.ts';
import { ISOLATION } from './checks/isolation.ts';
import { LIFE } from './checks/life.ts';
import { PROCESS } from './checks/process.ts';
import type { Check } from './check.ts';
import { page, type Row, type Verdict } from './report.ts';
import { trial } from './trial.ts';

const RUNTIMES: Readonly<Record<string, string>> = { sampan: `${SAMPAN} oci`, runc: 'runc', crun: 'crun' };
const CHECKS: readonly Check[] = [...LIFE, ...PROCESS, ...FILES, ...ISOLATION, ...GROUPS, ...HOOKS, ...BUNDLE];

async function verdict(check: Check, command: string): Promise<Verdict> {
  const missing = check.missing?.();
  if (missing !== undefined) return { kind: 'skipped', why: missing };
  using one = trial(command);
  try {
    await check.run(one);
    return { kind: 'passed' };
  } catch (error) {
    return { kind: 'failed', why: error instanceof Error ? error.message : String(error) };
  }
}

const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const rows: Row[] = [];
for (const check of CHECKS) {
  if (words.length > 0 && !words.some((word) => check.name.includes(word))) continue;
  const verdicts: Record<string, Verdict> = {};
  for (const [name, command] of Object.entries(RUNTIMES)) verdicts[name] = await verdict(check, command);
  rows.push({ name: check.name, rule: check.rule, verdicts, cause: CAUSES[check.name] });
  for (const [name, one] of Object.entries(verdicts)) {
    if (one.kind === 'failed') console.log(`${check.name}: ${name}: ${one.why}`);
  }
}

const count = (name: string, kind: Verdict['kind']): number =>
  rows.filter(({ verdicts }) => verdicts[name]?.kind === kind).length;
for (const name of Object.keys(RUNTIMES)) {
  console.log(
    `${name}: ${count(name, 'passed')} passed, ${count(name, 'failed')} failed, ${count(name, 'skipped')} skipped`,
  );
}

const wrong = rows.filter(({ verdicts, cause }) => {
  if (verdicts['sampan']?.kind !== 'failed') return false;
  return cause === undefined || ['runc', 'crun'].some((peer) => verdicts[peer]?.kind === 'passed');
});
for (const { name } of wrong) console.log(`Not as it should be: ${name}`);
if (words.length === 0) writeFileSync(join(TREE, 'docs/conformance-checks.md'), page(rows, Object.keys(RUNTIMES)));
process.exit(wrong.length > 0 ? 1 : 0);
