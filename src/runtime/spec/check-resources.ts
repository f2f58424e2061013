import { Fault } from '#base/fault.ts';
import { amount, count, filledText, flag, integer, list, oneOf, record, shape, text, type Check } from './check.ts';

const access: Check = (value, field) => {
  text(value, field);
  if (/[^rwm]/.test(value as string)) throw new Fault('invalid', `${field} may hold only r, w and m`, { field });
};

const deviceRule = shape({
  required: { allow: flag },
  optional: { type: oneOf('a', 'c', 'b', ''), major: amount, minor: amount, access },
});

const cpuList: Check = (value, field) => {
  text(value, field);
  if (/[^0-9,\- ]/.test(value as string))
    throw new Fault('invalid', `${field} must be a list such as 0-2,5`, { field });
};

const pageSize: Check = (value, field) => {
  text(value, field);
  if (!/^[1-9][0-9]*[KMG]B$/.test(value as string)) {
    throw new Fault('invalid', `${field} must be a size such as 2MB`, { field });
  }
};

const number = integer(0, 0xffff_ffff);
const weight = integer(0, 1000);
const throttle = list(shape({ required: { major: number, minor: number, rate: count } }));

const blockIO = shape({
  optional: {
    weight,
    leafWeight: weight,
    weightDevice: list(shape({ required: { major: number, minor: number }, optional: { weight, leafWeight: weight } })),
    throttleReadBpsDevice: throttle,
    throttleWriteBpsDevice: throttle,
    throttleReadIOPSDevice: throttle,
    throttleWriteIOPSDevice: throttle,
  },
});

/** `linux.resources`, and what `update` takes. */
export const resources = shape({
  optional: {
    devices: list(deviceRule),
    memory: shape({
      optional: {
        limit: amount,
        reservation: amount,
        swap: amount,
        swappiness: integer(0, 200),
        disableOOMKiller: flag,
        useHierarchy: flag,
        checkBeforeUpdate: flag,
        kernel: amount,
        kernelTCP: amount,
      },
    }),
    cpu: shape({
      optional: {
        shares: count,
        quota: amount,
        burst: count,
        period: count,
        realtimeRuntime: amount,
        realtimePeriod: count,
        cpus: cpuList,
        mems: cpuList,
        idle: amount,
      },
    }),
    pids: shape({ optional: { limit: amount } }),
    unified: record(text),
    blockIO,
    hugepageLimits: list(shape({ required: { pageSize, limit: count } })),
    network: shape({
      optional: {
        classID: number,
        priorities: list(shape({ required: { name: filledText, priority: number } })),
      },
    }),
    rdma: record(shape({ optional: { hcaHandles: number, hcaObjects: number } })),
  },
});
