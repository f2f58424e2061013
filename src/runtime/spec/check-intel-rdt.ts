import { Fault } from '#base/fault.ts';
import { flag, list, shape, text, type Check } from './check.ts';

const closId: Check = (value, field) => {
  text(value, field);
  const name = value as string;
  if (name === '' || name === '/') return;
  if (name === '.' || name === '..' || /[/\n]/.test(name)) {
    throw new Fault('invalid', `${field}: "${name}" is no name of a group`, { field });
  }
};

const line: Check = (value, field) => {
  text(value, field);
  if (/\n/.test(value as string)) throw new Fault('invalid', `${field} must be one line`, { field });
};

export const intelRdt = shape({
  optional: { closID: closId, schemata: list(line), l3CacheSchema: text, memBwSchema: text, enableMonitoring: flag },
});
