/** Debian's libseccomp, by way of libseccomp.c: what it makes of a profile that is handed to it as runc does. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SeccompArgument, SeccompProfile, SeccompRule } from '#runtime/spec/spec.ts';
import type { Architecture } from '#runtime/seccomp/architectures.ts';
import { returnValue } from '#runtime/seccomp/actions.ts';

const OPERATORS = ['', 'NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'];
/** libseccomp's own name for the x32 ABI, which has no audit number. */
const X32 = 0x4000003e;
const RETURN = 0x06;

export interface Libseccomp extends Disposable {
  /** Programs of the profiles in the form of a little-endian machine. `level` is SCMP_FLTATR_CTL_OPTIMIZE. */
  compile(profile: SeccompProfile, family: readonly Architecture[], level: 1 | 2): Uint8Array;
  /** Numbers by name; names that it does not know at all are left out, those of other architectures are negative. */
  numbers(architecture: Architecture, names: readonly string[]): Map<string, number>;
}

export function libseccomp(): Libseccomp {
  const directory = mkdtempSync(join(tmpdir(), 'sampan-libseccomp-'));
  const program = join(directory, 'libseccomp');
  const source = join(import.meta.dirname, 'libseccomp.c');
  const built = spawnSync('gcc', ['-O1', '-Wall', '-Werror', '-o', program, source, '-lseccomp'], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(built.stderr);
  const ask = (lines: readonly string[]): Buffer => {
    const { status, stdout, stderr } = spawnSync(program, { input: `${lines.join('\n')}\n`, maxBuffer: 1 << 26 });
    if (status !== 0 || stderr.length > 0) throw new Error(`libseccomp: ${stderr.toString()}`);
    return stdout;
  };
  return {
    compile: (profile, family, level) =>
      programOf(ask(linesOf(profile, family, level)), profile, family[0]?.bigEndian === true),
    numbers: (architecture, names) => {
      const answers = ask(names.map((name) => `name ${token(architecture)} ${name}`))
        .toString()
        .split('\n')
        .map(Number);
      const known = names.map((name, index) => [name, answers[index] ?? -1] as const);
      return new Map(known.filter(([, number]) => number !== -1));
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function token({ name, audit }: Architecture): number {
  return name === 'SCMP_ARCH_X32' ? X32 : audit;
}

function linesOf(profile: SeccompProfile, family: readonly Architecture[], level: number): string[] {
  const fallback = returnValue(profile.defaultAction, profile.defaultErrnoRet);
  const [native, ...companions] = family;
  const named = companions.filter(({ name }) => profile.architectures?.includes(name));
  const tokens = (native === undefined ? named : [native, ...named]).map(token);
  const lines = [`filter ${fallback} ${level} ${tokens.join(' ')}`];
  for (const rule of profile.syscalls ?? []) {
    const action = returnValue(rule.action, rule.errnoRet);
    if (action === fallback) continue;
    for (const name of rule.names) for (const args of alternatives(rule)) lines.push(`rule ${action} ${name}${args}`);
  }
  return [...lines, 'end'];
}

/** With two conditions on one argument runc adds each condition as a rule of its own. */
function alternatives({ args }: SeccompRule): string[] {
  const given = args ?? [];
  const indexes = new Set(given.map(({ index }) => index));
  return indexes.size === given.length ? [given.map(argument).join('')] : given.map(argument);
}

function argument({ index, op, value, valueTwo }: SeccompArgument): string {
  return ` ${index} ${OPERATORS.indexOf(op.replace('SCMP_CMP_', ''))} ${BigInt(value)} ${BigInt(valueTwo ?? 0)}`;
}

/** The length, then the program in the byte order of the machine that it is for. */
function programOf(answer: Buffer, profile: SeccompProfile, bigEndian: boolean): Uint8Array {
  const program = answer.subarray(4, 4 + answer.readUInt32LE(0));
  if (!bigEndian) return program;
  const rules = (profile.syscalls ?? []).map((rule) => returnValue(rule.action, rule.errnoRet));
  const returns = new Set([0, returnValue(profile.defaultAction, profile.defaultErrnoRet), ...rules]);
  for (let at = 0; at < program.length; at += 8) {
    program.subarray(at, at + 2).reverse();
    // On a machine of the other order libseccomp forgets some of the values that are returned.
    const isOurs = program[at] === RETURN && returns.has(program.readUInt32LE(at + 4));
    if (!isOurs) program.subarray(at + 4, at + 8).reverse();
  }
  return program;
}
