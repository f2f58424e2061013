import { setTimeout as sleep } from 'node:timers/promises';
import { sentence } from '#base/fault.ts';
import { reconcile } from '#engine/container/reconcile.ts';
import type { Engine } from '#engine/engine.ts';
import { rehearsed } from '#engine/image/rehearse.ts';
import { verifyImages, type NamedFinding } from '#engine/image/verify.ts';
import type { RegistryAccess } from '#engine/registry/access.ts';
import { CONTAINER_RULES } from './containers.ts';
import { DATABASE_RULES } from './database.ts';
import { HOST_RULES } from './host.ts';
import type { Rule, Survey } from './rule.ts';
import { STORE_RULES } from './store.ts';
import { VOLUME_RULES } from './volumes.ts';

export interface CheckRequest {
  repair: boolean;
  /** Only what is seen from records and names: no byte of an image is read. */
  quick: boolean;
  access: RegistryAccess;
  signal: AbortSignal;
}

export interface CheckFinding {
  /** Name of the rule; scripts may rely on it. */
  rule: string;
  subject: string;
  problem: string;
  /** `wrong` when no repair was asked for. */
  state: 'wrong' | 'mended' | 'left';
  /** What to do, or why a repair did not help. */
  todo: string;
}

const SECOND_LOOK_MS = 500;

/**
 * Compares records, files and the host of one root with each other, and mends what can be without losing anything.
 * Looks at what no living process is at work on; may run beside any other command, and be killed.
 */
export async function checkSystem(engine: Engine, request: CheckRequest): Promise<CheckFinding[]> {
  const before = await lookTwice(engine, request.quick);
  const bytes = await lookAtBytes(engine, request, before);
  if (!request.repair) return [...before, ...bytes];
  const failures = await mendAll(engine, before);
  const after = new Set((await lookTwice(engine, request.quick)).map(keyOf));
  const told = before.map((finding): CheckFinding => {
    if (!after.has(keyOf(finding))) return { ...finding, state: 'mended', todo: '' };
    const failure = failures.get(keyOf(finding));
    return { ...finding, state: 'left', todo: failure === undefined ? finding.todo : `${failure}. ${finding.todo}` };
  });
  return [...told, ...bytes];
}

const keyOf = ({ rule, subject, problem }: CheckFinding): string => `${rule} ${subject} ${problem}`;

/** What can be the passing state of a command that is at work has to last. */
async function lookTwice(engine: Engine, quick: boolean): Promise<CheckFinding[]> {
  const first = look(engine, quick);
  if (!first.some(({ rule }) => allRules(quick)[rule]?.passing === true)) return first;
  await sleep(SECOND_LOOK_MS);
  const again = new Set(look(engine, quick).map(keyOf));
  return first.filter((finding) => again.has(keyOf(finding)));
}

const allRules = (quick: boolean): Readonly<Record<string, Rule>> => ({
  ...DATABASE_RULES[quick ? 'quick' : 'whole'],
  ...CONTAINER_RULES,
  ...VOLUME_RULES,
  ...STORE_RULES,
  ...HOST_RULES,
});

/** In one transaction, which is rolled back: records and the files that go with them are changed in transactions, or under an owner. */
function look(engine: Engine, quick: boolean): CheckFinding[] {
  return rehearsed(engine, () => {
    const containers = engine.containers.list();
    const rows = <T>(sql: string): T[] => engine.database.all<T & object>(sql);
    const actors = rows<{ actor: string }>("SELECT DISTINCT actor FROM event WHERE type = 'container'");
    const everKnown = new Set([...containers.map(({ id }) => id), ...actors.map(({ actor }) => actor)]);
    const survey: Survey = { engine, containers, everKnown, rows };
    return Object.entries(allRules(quick)).flatMap(([rule, { look: find, todo }]) =>
      find(survey).map(({ subject, problem }): CheckFinding => {
        return { rule, subject, problem, state: 'wrong', todo: todo.replaceAll('SUBJECT', subject) };
      }),
    );
  });
}

/** Before anything else is mended: to forget a lost layer would take its image along, which can be unpacked again. */
async function lookAtBytes(
  engine: Engine,
  { repair, quick, access, signal }: CheckRequest,
  found: readonly CheckFinding[],
): Promise<CheckFinding[]> {
  const torn = found.some(({ rule }) => ['blob-lost', 'layer-lost', 'image-torn'].includes(rule));
  if (quick && !(repair && torn)) return [];
  const { findings } = await verifyImages(engine, { names: [], repair, access, signal });
  // What the rules have told already is theirs.
  const told = new Set(found.map(({ subject }) => subject));
  return findings.filter(({ digest }) => !told.has(digest)).map(ofImages);
}

function ofImages({ kind, digest, problem, state, outcome, differences, images }: NamedFinding): CheckFinding {
  const names = images.flatMap((image) => (image.names.length > 0 ? image.names : [image.id.slice(7, 19)]));
  const of = names.length === 0 ? '' : ` (${names.join(', ')})`;
  const what = [problem, ...differences].join('; ');
  const todo = state === 'wrong' ? 'sampan system check --repair' : outcome;
  return {
    rule: `${kind}-damaged`,
    subject: `${digest}${of}`,
    problem: what,
    state: state === 'lost' ? 'left' : state,
    todo,
  };
}

/** Gives why a repair failed, by finding. */
async function mendAll(engine: Engine, found: readonly CheckFinding[]): Promise<Map<string, string>> {
  const failures = new Map<string, string>();
  await reconcile(engine);
  await engine.store.reconcile();
  for (const finding of found) {
    const { mend } = allRules(false)[finding.rule] ?? {};
    try {
      await mend?.(engine, finding.subject);
    } catch (error) {
      failures.set(keyOf(finding), sentence(error));
    }
  }
  return failures;
}
