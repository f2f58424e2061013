import { expect, test } from 'bun:test';
import type { Linux } from '#runtime/spec/spec.ts';
import { lowerContainer } from './container.ts';
import type { LowerContext } from './context.ts';
import { all, CONTEXT, inOrder, is, program, spec } from './lowering.fixture.ts';

const netDevices: Linux['netDevices'] = { eth7: { name: 'net0' }, eth8: {} };
const plan = (linux: Partial<Linux>, context: Partial<LowerContext> = {}) =>
  lowerContainer(spec({}, {}, linux), { ...CONTEXT, ...context }).plan;

test('devices are moved by the first program before init goes on to settings that may be for them', () => {
  const made = plan({ netDevices });
  const main = program(made, 'main');
  expect(all(main, 'moveDevice')).toMatchObject([
    { target: 'init', name: 'eth7', newName: 'net0', origin: 'linux.netDevices.eth7' },
    { target: 'init', name: 'eth8', newName: '' },
  ]);
  expect(inOrder(main, is('clone'), is('moveDevice'), is('moveDevice'), is('post'))).toBe(true);
  expect(inOrder(program(made, 'init'), is('wait'), is('propagation'), is('tree'))).toBe(true);
});

test('a namespace joined by its path is given them by that path', () => {
  const namespaces: Linux['namespaces'] = [{ type: 'mount' }, { type: 'network', path: '/run/netns/x' }];
  expect(all(program(plan({ netDevices, namespaces }), 'main'), 'moveDevice')[0]?.target).toBe('ns.network');
});

test('in a user namespace init waits once, for its maps and its devices', () => {
  const namespaces: Linux['namespaces'] = [
    { type: 'pid' },
    { type: 'ipc' },
    { type: 'mount' },
    { type: 'network' },
    { type: 'user' },
  ];
  const map = [{ containerID: 0, hostID: 1000, size: 10 }];
  const made = plan({ netDevices, namespaces, uidMappings: map, gidMappings: map });
  expect(inOrder(program(made, 'main'), is('idmap'), is('moveDevice'), is('post'))).toBe(true);
  expect(inOrder(program(made, 'init'), is('wait'), is('ids'), is('wait'), is('wait'))).toBe(false);
});

test('refused where the namespace is the host’s, or is made too late', () => {
  const path = '/proc/1/ns/net';
  const joined: Linux['namespaces'] = [{ type: 'mount' }, { type: 'network', path }];
  const late: Linux['namespaces'] = [
    { type: 'pid', path },
    { type: 'ipc' },
    { type: 'mount' },
    { type: 'network' },
    { type: 'user', path },
  ];
  const refused = expect.objectContaining({ field: 'linux.netDevices' });
  expect(() => plan({ netDevices, namespaces: joined }, { hostNamespaces: new Set(['network']) })).toThrow(refused);
  expect(() => plan({ netDevices, namespaces: late })).toThrow(refused);
});
