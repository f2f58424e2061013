import { Fault } from '#base/fault.ts';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
/** What a file system takes as one name. */
const LONGEST = 255;

/** A name becomes the name of a directory, so it has no slash and does not begin with a dot. Throws `invalid`. */
export function checkVolumeName(name: string, doing: string, field: string): void {
  const refuse = (why: string): never => {
    throw new Fault('invalid', `${doing}: "${name}" ${why}`, {
      field,
      hint: 'A volume has a name of letters, digits, "_", "." and "-"; a directory of this machine begins with / or ./',
    });
  };
  if (name.length === 1) refuse('is too short for a volume: names have at least two characters');
  if (!NAME.test(name)) refuse('is no name for a volume');
  if (name.length > LONGEST) refuse(`is longer than ${LONGEST} characters`);
}
