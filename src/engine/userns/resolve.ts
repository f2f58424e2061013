import { readFileSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import { subordinateIds, type IdRange } from '#engine/rootless/subordinate-ids.ts';
import type { Engine } from '#engine/engine.ts';
import type { IdMapping } from '#runtime/spec/spec.ts';
import { firstFree, MOST_IDS, noIdsLeft } from './allot.ts';
import type { Userns, UsernsWish } from './wish.ts';

const FIELD = '--userns';
/** Who has the ids that `auto` shares out; podman's name, so that both share one supply. */
const SUPPLY = 'containers';
const EVERYBODY = 4_294_967_295;
const FILES = { uids: '/etc/subuid', gids: '/etc/subgid' } as const;
type Kind = keyof typeof FILES;

/** What a wish comes to; undefined for the engine's own namespace. Inside the transaction that records the container. */
export function resolveUserns(engine: Engine, wish: UsernsWish, needed: number): Userns | undefined {
  if (wish.kind === 'host') return undefined;
  if (engine.facts().inUserNamespace) throw needsRoot(wish);
  switch (wish.kind) {
    case 'maps':
      return { mode: 'private', uids: wish.uids, gids: wish.gids };
    case 'names':
      return { mode: 'private', uids: allOf('uids', wish.uids), gids: allOf('gids', wish.gids) };
    case 'keep-id':
      return keepId(wish);
    case 'nomap':
      throw new Fault('unsupported', 'read --userns: nomap is for ordinary users, root has no other ids to map', {
        field: FIELD,
      });
    case 'join':
      return { mode: wish.mode };
    case 'auto':
      return {
        mode: 'auto',
        uids: allot(engine, 'uids', wish.size ?? needed),
        gids: allot(engine, 'gids', wish.size ?? needed),
      };
  }
}

/** Only the machine's root may show a file system with other owners, and an ordinary user's layers have one set of them. */
function needsRoot({ kind }: UsernsWish): Fault {
  return new Fault('unsupported', `read --userns: an ordinary user's containers have one mapping, not ${kind}`, {
    field: FIELD,
    hint: 'Leave it out: root of the container is you, everybody else one of your ids in /etc/subuid.',
  });
}

/** Root's own mapping is the whole one: the namespace is new, the numbers are not. */
function keepId({ uid = 0, gid = 0 }: Extract<UsernsWish, { kind: 'keep-id' }>): Userns {
  if (uid !== 0 || gid !== 0) {
    throw new Fault('unsupported', 'read --userns: root keeps its own numbers with keep-id, no others', {
      field: FIELD,
    });
  }
  const all: IdMapping[] = [{ containerID: 0, hostID: 0, size: EVERYBODY }];
  return { mode: 'keep-id', uids: all, gids: all };
}

function allOf(kind: Kind, name: string): IdMapping[] {
  let containerID = 0;
  return rangesOf(kind, name).map(({ start, count }) => {
    const mapping = { containerID, hostID: start, size: count };
    containerID += count;
    return mapping;
  });
}

/** Ids that are no other container's: what those have is in their records, and comes back with their removal. */
function allot(engine: Engine, kind: Kind, count: number): IdMapping[] {
  if (count > MOST_IDS) throw new Fault('invalid', `read --userns: a size above ${MOST_IDS}`, { field: FIELD });
  const taken = engine.containers
    .list()
    .flatMap(({ options }) => (options.userns?.mode === 'auto' ? (options.userns[kind] ?? []) : []))
    .map(({ hostID, size }): IdRange => ({ start: hostID, count: size }));
  const start = firstFree(rangesOf(kind, SUPPLY), taken, count);
  if (start === undefined) throw noIdsLeft(count, FILES[kind]);
  return [{ containerID: 0, hostID: start, size: count }];
}

function rangesOf(kind: Kind, name: string): IdRange[] {
  let text = '';
  try {
    text = readFileSync(FILES[kind], 'utf8');
  } catch {
    // None are given then.
  }
  const ranges = subordinateIds(text, [name]);
  if (ranges.length > 0) return ranges;
  throw new Fault('unsupported', `read --userns: ${FILES[kind]} gives "${name}" no ids`, {
    field: FIELD,
    hint: `Give it some: echo ${name}:2147483647:2147483648 >> ${FILES[kind]}`,
  });
}
