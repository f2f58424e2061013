import { randomBytes } from 'node:crypto';
import { lstatSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import { ByteWriter } from '#kernel/byte-writer.ts';
import { encodePlan } from '#kernel/encode.ts';
import type { Plan } from '#kernel/plan.ts';
import { planAsJson } from '#runtime/explain/print.ts';
import type { TerminalMode } from '#runtime/lower/context.ts';
import { hasHooks } from '#runtime/lower/hooks.ts';
import { linkSources } from '#runtime/lower/mounts.ts';
import { answersOf } from '#runtime/stored/answers.ts';
import { Checks } from '#runtime/stored/checks.ts';
import { storedFile } from '#runtime/stored/stored-file.ts';
import { TemplateWriter, textTemplate } from '#runtime/stored/template.ts';
import { holdsVariable, STAND_IN } from '#runtime/stored/variables.ts';
import { withCleanUp } from '#runtime/stored/clean-up.ts';
import type { Bundle } from './bundle.ts';
import { NAMESPACE_FILES } from './host-namespaces.ts';
import { compile, stateOf, type Compiled } from './prepare.ts';
import type { CreateOptions, Runtime } from './runtime.ts';

export const COMPILED = 'sampan.plan';
const UNFINISHED_MS = 60_000;

/**
 * Stores beside the bundle what `create` and `run` would make of it, for the front to execute. Returns the path.
 * Throws for a bundle that cannot be created as it is, and `unsupported` for one that has to be thought about each time.
 */
export function compileBundle(runtime: Runtime, bundle: string): string {
  const { stored } = runtime;
  if (stored === undefined)
    throw new Fault('unsupported', 'compile: only the front of dist/sampan executes stored plans');
  const parts = compileParts(runtime, bundle);
  const path = join(bundle, COMPILED);
  dropUnfinished(bundle);
  replaceFile(path, storedFile(stored.build, parts));
  return path;
}

/** What a compile that was killed has left; one that is under way takes no time at all. */
function dropUnfinished(bundle: string): void {
  for (const name of readdirSync(bundle)) {
    if (!/^sampan\.plan\.[0-9a-f]{16}$/.test(name)) continue;
    const path = join(bundle, name);
    if (Date.now() - lstatSync(path).mtimeMs > UNFINISHED_MS) rmSync(path, { force: true });
  }
}

/** Does the same for a bundle whose stored plan does not hold any more; it is only a matter of speed. */
export function compileAnew(runtime: Runtime, bundle: string): void {
  if (runtime.stored?.looked !== 'stale') return;
  try {
    compileBundle(runtime, bundle);
  } catch {
    // What is there is not used again until it holds again.
  }
}

function compileParts(runtime: Runtime, path: string): Parameters<typeof storedFile>[1] {
  const asked: CreateOptions = { id: STAND_IN.id, bundle: path, pidFile: STAND_IN.pidFile };
  const placeless = { ...runtime, stateRoot: STAND_IN.root };
  const run = compile(placeless, asked, 'run', { kind: 'relay' });
  const held = compile(placeless, asked, 'hold', heldTerminal(run.bundle));
  refuse(run);
  const { bundle, directory, lowered } = held;
  const state = { ...stateOf(asked, held), created: STAND_IN.created };
  const answers = answersOf(bundle.spec, state, false);
  if (answers === undefined) throw new Fault('unsupported', 'compile: a control group has a line break in its path');
  const place = new ByteWriter(path.length * 3 + 8);
  place.text(path, 'utf8');
  return {
    config: Buffer.from(bundle.text),
    checks: checksOf(runtime, bundle),
    create: planTemplate(held.lowered.plan),
    // Hooks at the end are for the TypeScript to run, which is not there then.
    ...(hasHooks(bundle.spec, 'poststop') ? {} : { run: planTemplate(withCleanUp(run.lowered.plan, directory)) }),
    state: textTemplate(JSON.stringify(state)),
    plan: textTemplate(JSON.stringify(planAsJson(lowered.plan))),
    answers: textTemplate(answers),
    bundle: place.take(),
  };
}

function heldTerminal({ spec }: Bundle): TerminalMode {
  return spec.process?.terminal === true ? { kind: 'socket', path: STAND_IN.consoleSocket } : { kind: 'none' };
}

/** What a run would warn of must not be left unsaid, and an id of ours must not be mistaken for a word of theirs. */
function refuse({ bundle, lowered, placed }: Compiled): void {
  if (placed) {
    throw new Fault('unsupported', `compile ${bundle.path}: where its control groups may be is asked each time`, {
      hint: 'Plans are stored for root of the machine, with control groups that are made directly.',
    });
  }
  const [warning] = lowered.warnings;
  if (warning !== undefined) {
    throw new Fault('unsupported', `compile ${bundle.path}: each run of it warns: ${warning}`, {
      hint: 'Change the configuration so that nothing has to be left out; until then it runs without being compiled.',
    });
  }
  if (bundle.spec.linux?.intelRdt !== undefined) {
    throw new Fault('unsupported', `compile ${bundle.path}: groups of resctrl have to be looked at each time`, {
      field: 'linux.intelRdt',
    });
  }
  if (holdsVariable(bundle.text) || holdsVariable(bundle.path)) {
    throw new Fault(
      'invalid',
      `compile ${bundle.path}: it holds a word that stands for something else in stored plans`,
    );
  }
}

function checksOf(runtime: Runtime, { spec, path, rootfs, sources }: Bundle): Uint8Array {
  const checks = new Checks().self(runtime.facts()).kind(rootfs);
  for (const source of sources.keys()) checks.kind(source);
  for (const link of linkSources(spec, path)) checks.link(link);
  for (const { type, path: joined } of spec.linux?.namespaces ?? []) {
    if (joined) checks.same(joined).same(`/proc/self/ns/${NAMESPACE_FILES[type]}`);
  }
  if (!(spec.linux?.cgroupsPath ?? '/').startsWith('/')) checks.text('/proc/self/cgroup');
  return checks.take();
}

function planTemplate(plan: Plan): Uint8Array {
  return encodePlan(plan, new TemplateWriter(16 * 1024));
}

/** Under a name that nobody can have put a link at. */
export function replaceFile(path: string, bytes: Uint8Array): void {
  const aside = `${path}.${randomBytes(8).toString('hex')}`;
  try {
    writeFileSync(aside, bytes, { mode: 0o600, flag: 'wx' });
    renameSync(aside, path);
  } catch (error) {
    rmSync(aside, { force: true });
    throw new Fault('denied', `write ${path}`, { cause: error });
  }
}
