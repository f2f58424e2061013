import { expect, test } from 'bun:test';
import { nextPage } from './tags.ts';

const FROM = new URL('https://registry.example/v2/app/tags/list?n=2');

test.each([
  ['</v2/app/tags/list?last=b&n=2>; rel="next"', '/v2/app/tags/list?last=b&n=2'],
  ['<list?last=b>; rel=next', '/v2/app/tags/list?last=b'],
  ['<http://registry.example/v2/app/tags/list?last=b>; rel="next"', '/v2/app/tags/list?last=b'],
  ['<https://attacker.example/v2/app/tags/list?last=b>; rel="next"', '/v2/app/tags/list?last=b'],
  ['<https://user:word@attacker.example:444/x?y>; rel="next"', '/x?y'],
  ['<//attacker.example/x>; rel="next"', '/x'],
  ['<https://registry.example//attacker.example/x>; rel="next"', '//attacker.example/x'],
])('The next page is asked for at the same registry, whatever it names: %s', (link, path) => {
  expect(nextPage(link, FROM)?.href).toBe(`https://registry.example${path}`);
});

test.each([null, '', '</x>; rel="prev"', 'next', '<http://[>; rel="next"'])('There is no next page: %s', (link) => {
  expect(nextPage(link, FROM)).toBeUndefined();
});
