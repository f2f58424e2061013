import { expect, test } from 'bun:test';
import { placeCopy, type CopySource, type CopyTarget } from './place.ts';

const file: CopySource = { isDirectory: false, contents: false, name: 'f' };
const directory: CopySource = { isDirectory: true, contents: false, name: 'd' };
const contents: CopySource = { isDirectory: true, contents: true, name: 'd' };
const at = (kind: CopyTarget['kind'], path = '/x/to'): CopyTarget => ({ kind, path, name: 'to' });

test('each kind of source goes where cp would put it', () => {
  expect(placeCopy(file, at('directory'))).toEqual({ below: 'itself', as: 'f' });
  expect(placeCopy(directory, at('directory'))).toEqual({ below: 'itself', as: 'd' });
  expect(placeCopy(contents, at('directory'))).toEqual({ below: 'itself' });
  expect(placeCopy(file, at('other'))).toEqual({ below: 'parent', as: 'to' });
  expect(placeCopy(file, at('missing'))).toEqual({ below: 'parent', as: 'to' });
  expect(placeCopy(directory, at('missing'))).toEqual({ below: 'parent', as: 'to' });
  expect(placeCopy(contents, at('missing', '/x/to/'))).toEqual({ below: 'parent', as: 'to' });
});

test('what would lose something, or has no place, is refused', () => {
  expect(() => placeCopy(directory, at('other'))).toThrow('no directory');
  expect(() => placeCopy(file, at('other', '/x/to/'))).toThrow('no directory');
  expect(() => placeCopy(file, at('missing', '/x/to/'))).toThrow('does not exist');
});
