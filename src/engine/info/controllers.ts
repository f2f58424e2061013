import type { CgroupLayout } from '#kernel/cgroup-layout.ts';
import type { Patient } from '#engine/doctor/doctor.ts';

/** What can be limited here, in docker's names. */
export function controllerFields(cgroup: CgroupLayout, { exists }: Pick<Patient, 'exists'>): Record<string, unknown> {
  const isNew = cgroup.mode === 'v2';
  const there = new Set(isNew ? cgroup.unified?.controllers : cgroup.hierarchies.flatMap((one) => one.controllers));
  const fileOf = (controller: string, file: string): boolean => {
    const place = cgroup.hierarchies.find(({ controllers }) => controllers.includes(controller))?.mountPoint;
    return place !== undefined && exists(`${place}/${file}`);
  };
  const quota = isNew ? there.has('cpu') : fileOf('cpu', 'cpu.cfs_quota_us');
  return {
    MemoryLimit: there.has('memory'),
    SwapLimit: isNew ? there.has('memory') : fileOf('memory', 'memory.memsw.limit_in_bytes'),
    CpuCfsPeriod: quota,
    CpuCfsQuota: quota,
    CPUShares: there.has('cpu'),
    CPUSet: there.has('cpuset'),
    PidsLimit: there.has('pids'),
    OomKillDisable: !isNew && there.has('memory'),
    CgroupDriver: cgroup.mode === 'none' ? 'none' : 'cgroupfs',
    CgroupVersion: isNew ? '2' : '1',
  };
}
