import { Fault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import { noteContainer } from '#engine/event/container.ts';
import { showNetworksIfPossible } from '#engine/network/show.ts';
import { wantNames } from '#engine/network/wanted.ts';
import type { ContainerRecord } from './record.ts';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** Throws `invalid`, with `field`, for what cannot be a container's name. */
export function checkName(name: string, doing: string, field: string): void {
  if (NAME.test(name)) return;
  throw new Fault('invalid', `${doing}: the name "${name}" is not allowed`, {
    field,
    hint: `Names match ${NAME.source}.`,
  });
}

/** Throws `alreadyExists` when a container has the name; inside the transaction that takes it. */
export function needFreeName(engine: Engine, name: string, doing: string, field: string): void {
  const holder = engine.containers.nameOwner(name);
  if (holder === undefined) return;
  throw new Fault('alreadyExists', `${doing}: the name "${name}" is in use by container ${holder.id.slice(0, 12)}`, {
    field,
    hint: 'Remove that container (sampan rm), or take another name.',
  });
}

/** Gives a container, running or not, another name. */
export async function renameContainer(
  engine: Engine,
  { id, name: old }: ContainerRecord,
  wanted: string,
): Promise<void> {
  // Docker writes names with a slash in front, and takes them so.
  const name = wanted.replace(/^\//, '');
  const doing = `rename container ${old}`;
  checkName(name, doing, 'NEW_NAME');
  engine.database.durably(() => {
    const record = engine.containers.get(id);
    if (record === undefined) throw new Fault('notFound', `${doing}: No such container: ${old}`);
    if (record.name === name) {
      throw new Fault('conflict', `${doing}: the new name is the one it has`, { field: 'NEW_NAME' });
    }
    needFreeName(engine, name, doing, 'NEW_NAME');
    engine.containers.setName(id, name);
    noteContainer(engine, { ...record, name }, 'rename', { attributes: { oldName: `/${record.name}` } });
    wantNames(engine);
  });
  await showNetworksIfPossible(engine);
}
