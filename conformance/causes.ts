/** Why a check does not hold for somebody; every one that fails with ours has to be here. */
export const CAUSES: Readonly<Record<string, string>> = {
  'create: a version that does not exist yet is an error': 'runc reads no more than the form of the version',
  'delete: of a created container is an error':
    'all of them remove it: engines clean up by `delete` what they could not start',
};
