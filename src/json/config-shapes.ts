import { z } from 'zod'
import { budgetShape } from './budget-shape.ts'

// What the commands of the configuration print with --json.

export const configShowShape = z.strictObject({
  db: z.string(),
  dbFrom: z.string().describe('--db, PURSER_DB, COST_STORAGE_PATH, default, or the file that says so'),
  files: z.array(z.string()).describe('the one that wins first'),
  timezone: z.string().nullable().describe('null: as the ledger says'),
  weekStarts: z.string(),
  subjects: z.array(z.string()),
  ownerCards: z.int().min(0),
  sources: z.array(z.record(z.string(), z.unknown())),
  retention: z.record(z.string(), z.union([z.number(), z.literal('forever')])).nullable(),
  serviceTiers: z.record(z.string(), z.array(z.string())).describe('tiers that accounts are served where a request leaves them open'),
  server: z
    .strictObject({
      host: z.string(),
      port: z.int(),
      corsOrigins: z.array(z.string()),
      requestsPerMinute: z.int().nullable().describe('null: the usual'),
      bodyLimitBytes: z.int().nullable().describe('null: the usual'),
      logLevel: z.string(),
    })
    .describe('how `purser serve` serves the ledger'),
  notifications: z.array(z.record(z.string(), z.unknown())).describe('who is told of alerts'),
  notificationEmails: z.record(z.string(), z.string()).describe('by user, from their profiles'),
  costPreferences: z.record(z.string(), z.record(z.string(), z.boolean())).describe('by user, from their profiles'),
  budgetNames: z.array(z.string()),
  profileNames: z.array(z.string()).describe('profiles of models'),
  profile: z.string().nullable().describe('the profile that is in force unless `purser profiles use` says another'),
  trackingEnabled: z.boolean(),
  optimizationEnabled: z.boolean(),
  environment: z.record(z.string(), z.string()).describe('variables in effect, those of env_file with them'),
  prices: z
    .array(z.strictObject({ provider: z.string(), model: z.string(), rates: z.array(z.record(z.string(), z.unknown())) }))
    .optional()
    .describe('with --expanded: your own'),
  budgets: z.array(budgetShape).optional().describe('with --expanded'),
})

export const configCheckShape = z.strictObject({ files: z.array(z.string()), warnings: z.array(z.string()) })

export const initShape = z.strictObject({ path: z.string(), sources: z.array(z.string()) })
