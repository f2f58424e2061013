import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { Fault, sentence } from '#base/fault.ts';
import { parseYaml } from '#base/yaml.ts';
import { checkSpecification, type CdiSpecification } from './specification.ts';

export interface CdiDevice {
  path: string;
  specification: CdiSpecification;
  name: string;
}

export interface CdiDevices {
  /** By their whole name. */
  devices: ReadonlyMap<string, CdiDevice>;
  /** Names that two files of one directory claim. */
  disputed: ReadonlyMap<string, readonly string[]>;
  /** What is wrong with files that were left out. */
  broken: readonly string[];
}

/** All devices that are described, those of a later directory before an earlier one's. A file that cannot be read spoils none of the others. */
export function readCdi(directories: readonly string[]): CdiDevices {
  const devices = new Map<string, CdiDevice>();
  const disputed = new Map<string, string[]>();
  const broken: string[] = [];
  for (const directory of directories) {
    const seen = new Map<string, string>();
    for (const path of filesIn(directory)) {
      let specification: CdiSpecification;
      try {
        specification = readSpecification(path);
      } catch (error) {
        broken.push(sentence(error));
        continue;
      }
      for (const { name } of specification.devices) {
        const whole = `${specification.kind}=${name}`;
        const other = seen.get(whole);
        if (other === undefined) disputed.delete(whole);
        else disputed.set(whole, [...(disputed.get(whole) ?? [other]), path]);
        seen.set(whole, path);
        devices.set(whole, { path, specification, name });
      }
    }
  }
  return { devices, disputed, broken };
}

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => /^\.(json|yaml)$/.test(extname(name)))
      .sort()
      .map((name) => join(directory, name));
  } catch {
    // Most machines have neither directory.
    return [];
  }
}

function readSpecification(path: string): CdiSpecification {
  try {
    const text = readFileSync(path, 'utf8');
    return checkSpecification(extname(path) === '.json' ? JSON.parse(text) : parseYaml(text));
  } catch (cause) {
    const field = cause instanceof Fault ? cause.field : undefined;
    throw new Fault('invalid', `read ${path}`, { cause, ...(field === undefined ? {} : { field }) });
  }
}
