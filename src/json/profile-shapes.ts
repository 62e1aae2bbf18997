import { z } from 'zod'

// What `purser profiles` prints with --json.

const name = z.string().nullable()
const by = z
  .enum(['project', 'ledger', 'configured'])
  .nullable()
  .describe('chosen for the project, chosen for all, or said by purser.yaml; null where none is in force')

const profile = z.strictObject({
  name: z.string(),
  choices: z
    .array(
      z.strictObject({
        stage: name,
        role: name,
        pass: name,
        model: z.string().describe('as written'),
        resolved: name.describe('provider/model; null where the catalog does not know it'),
      }),
    )
    .describe('the most specific first'),
  stepDown: z.strictObject({ to: z.string(), atPercent: z.number(), budget: name.describe('null: each that applies') }).nullable(),
  warnings: z.array(z.string()).describe('models without a price, with the nearest names'),
})

export const profileListShape = z.strictObject({
  inForce: name.describe('for projects that have none of their own'),
  by,
  projects: z.record(z.string(), z.string()).describe('profiles of single projects'),
  profiles: z.array(profile),
})

export const profileShowShape = z.strictObject({
  ...profile.shape,
  inForceFor: z.array(z.string()).describe('projects; `*` is all others'),
})

export const profileUseShape = z.strictObject({
  project: name.describe('null: all projects that have none of their own'),
  before: name,
  after: name,
})

export const profileInForceShape = z.strictObject({
  project: name.describe('null: all projects that have none of their own'),
  profile: name.describe('null where none is in force'),
  by,
})
