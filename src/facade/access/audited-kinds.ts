/**
 * Events that tell of a change that somebody made, and how what they changed is called: the place in the event's body that
 * names it. What calls do to budgets and runs by themselves is no change of anybody.
 */
export const auditedKinds: Readonly<Record<string, string>> = {
  'budget.changed': 'budget',
  'member.changed': 'after.id',
  'member.removed': 'before.id',
  'key.created': 'after.id',
  'key.revoked': 'after.id',
  'key.rotated': 'before.id',
  'profile.changed': 'project',
  'catalog.updated': 'source',
  'import.undone': 'batch',
  'run.planned': 'run',
  'run.replanned': 'run',
  'run.estimated': 'run',
  'run.approved': 'run',
  'run.declined': 'run',
  'run.pause-asked': 'run',
  'run.resume-asked': 'run',
  'run.stop-asked': 'run',
  'run.terminate-asked': 'run',
  'run.raised': 'run',
}
