import { expect, test } from 'bun:test';
import { exactJson } from './exact-json.ts';

test('big integers keep every digit, and all else is as JSON.stringify has it', () => {
  expect(exactJson({ a: 18446744073709551615n, b: [1n, 'x"', null, undefined], c: undefined, d: null, e: true })).toBe(
    '{"a":18446744073709551615,"b":[1,"x\\"",null,null],"d":null,"e":true}',
  );
  const plain = { text: '\u2028\n', list: [1.5, { deep: [] }], object: {} };
  expect(exactJson(plain)).toBe(JSON.stringify(plain));
});
