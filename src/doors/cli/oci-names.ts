/** Names by which callers know an OCI runtime: called by one of them, the executable is `sampan oci`. */
export const OCI_NAMES: ReadonlySet<string> = new Set(['sampan-oci', 'runc', 'crun']);

/** Whether `program`, a name or a path, is one of them. */
export const isOciName = (program: string): boolean => OCI_NAMES.has(program.slice(program.lastIndexOf('/') + 1));
