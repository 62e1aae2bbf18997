import type { Command } from 'commander'

export interface ListedCommand {
  readonly name: string
  readonly summary: string
  /** Commands are loaded one at a time, so that none pays for the others. */
  readonly load: () => Promise<() => Command>
}

/** Every command, in the order of the help. */
export const commandList: readonly ListedCommand[] = [
  { name: 'init', summary: 'write a purser.yaml to start from', load: async () => (await import('./commands/init.ts')).defineInit },
  {
    name: 'import',
    summary: 'book calls from records that exist already',
    load: async () => (await import('./commands/import.ts')).defineImport,
  },
  { name: 'record', summary: 'book one call', load: async () => (await import('./commands/record.ts')).defineRecord },
  { name: 'costs', summary: 'show what calls cost, by anything', load: async () => (await import('./commands/costs.ts')).defineCosts },
  { name: 'runs', summary: 'see what runs cost, and report on them', load: async () => (await import('./commands/runs.ts')).defineRuns },
  {
    name: 'budgets',
    summary: 'limit what is spent, and see where limits stand',
    load: async () => (await import('./commands/budgets.ts')).defineBudgets,
  },
  { name: 'hold', summary: 'set money aside before calls', load: async () => (await import('./commands/hold.ts')).defineHold },
  {
    name: 'why',
    summary: 'tell whether a call would be granted, and what is in its way',
    load: async () => (await import('./commands/why.ts')).defineWhy,
  },
  {
    name: 'guard',
    summary: 'run a command within an amount of money',
    load: async () => (await import('./commands/guard.ts')).defineGuard,
  },
  {
    name: 'estimate',
    summary: 'foresee what a run will cost',
    load: async () => (await import('./commands/estimate.ts')).defineEstimate,
  },
  {
    name: 'profiles',
    summary: 'choose which models are used, and see them',
    load: async () => (await import('./commands/profiles.ts')).defineProfiles,
  },
  { name: 'price', summary: 'price usage without booking it', load: async () => (await import('./commands/price.ts')).definePrice },
  { name: 'catalog', summary: 'look at prices and update them', load: async () => (await import('./commands/catalog.ts')).defineCatalog },
  {
    name: 'reprice',
    summary: 'price booked calls again and book the difference',
    load: async () => (await import('./commands/reprice.ts')).defineReprice,
  },
  { name: 'export', summary: 'write charges as CSV or JSONL', load: async () => (await import('./commands/export.ts')).defineExport },
  {
    name: 'verify',
    summary: 'check every sum of the ledger against its charges',
    load: async () => (await import('./commands/verify.ts')).defineVerify,
  },
  { name: 'serve', summary: 'serve ledger and gate over HTTP', load: async () => (await import('./commands/serve.ts')).defineServe },
  {
    name: 'members',
    summary: 'who uses the ledger, and what they see',
    load: async () => (await import('./commands/members.ts')).defineMembers,
  },
  {
    name: 'keys',
    summary: 'make and revoke the keys of a server',
    load: async () => (await import('./commands/keys.ts')).defineKeys,
  },
  { name: 'backup', summary: 'copy the ledger while it is used', load: async () => (await import('./commands/backup.ts')).defineBackup },
  {
    name: 'restore',
    summary: 'make a backup the ledger again',
    load: async () => (await import('./commands/restore.ts')).defineRestore,
  },
  {
    name: 'doctor',
    summary: 'find what is wrong, and what to do about it',
    load: async () => (await import('./commands/doctor.ts')).defineDoctor,
  },
  { name: 'config', summary: 'show and check the configuration', load: async () => (await import('./commands/config.ts')).defineConfig },
  { name: 'tour', summary: 'see the tables on a small sample', load: async () => (await import('./commands/tour.ts')).defineTour },
]
