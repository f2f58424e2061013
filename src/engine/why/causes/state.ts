import { spanText } from '#engine/why/span.ts';
import { certain, type Look } from '#engine/why/cause.ts';

const running: Look = ({ status, startedAt, now, name }) => {
  if (status !== 'running') return undefined;
  const since = startedAt === undefined ? '' : ` for ${spanText(now - startedAt)}`;
  return certain(`It runs${since}.`, [], `sampan logs ${name} shows what it says, sampan top ${name} its processes.`);
};

const paused: Look = ({ status, name }) =>
  status === 'paused'
    ? certain('It is paused: its processes are held.', [], `sampan unpause ${name} lets them go on.`)
    : undefined;

const neverStarted: Look = ({ status, failure, exit, name }) =>
  status === 'created' && exit === undefined && failure === undefined
    ? certain('It has never been started.', [], `sampan start ${name} starts it.`)
    : undefined;

/** What it is now, when there is no end to explain. */
export const STATES: Readonly<Record<string, Look>> = { running, paused, 'never-started': neverStarted };
