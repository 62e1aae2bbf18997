import { z } from 'zod'
import { instant, labels, nanosText, usd } from '../reports/schemas/schema-fields.ts'
import { approvals } from '../runs/approval.ts'
import { runStates, stageStates } from '../runs/run.ts'
import { estimateShape } from './estimate-shapes.ts'

export const listedRunShape = z.strictObject({
  run: z.string(),
  project: z.string().nullable().describe('null where its calls name none, or several'),
  state: z.enum(runStates).nullable().describe('null for a run that is known by the label of its calls only'),
  message: z.string().nullable().describe('why it is paused, or what it failed with'),
  started: z.string().describe('an instant in UTC; the date of the first call where only calls tell of it'),
  endedAt: z.iso.datetime().nullable().describe('when it ended or paused'),
  calls: z.int(),
  costUsd: usd,
  costNanos: nanosText,
  isLowerBound: z.boolean().describe('whether calls have no price, or none for a part of them'),
  planUsd: usd.describe('list price of what a subscription covers; not in costUsd'),
  estimateUsd: usd.nullable().describe('made before the run; null without one'),
  estimateIsLowerBound: z.boolean().describe('whether calls without a price are missing from the estimate'),
  varianceUsd: usd.nullable().describe('costUsd minus estimateUsd'),
  variancePercent: z.number().nullable().describe('of the estimate, to one decimal'),
})

export const runListShape = z.strictObject({
  runs: z.array(listedRunShape),
  more: z.int().min(0).describe('runs beyond --limit'),
})

const amounts = z.record(z.string(), nanosText).describe('by metric, in its unit: nanos for cost')

export const runStateShape = z.strictObject({
  run: z.string(),
  project: z.string().nullable(),
  state: z.enum(runStates),
  attempt: z.int().min(0).describe('how often it was started'),
  message: z.string().nullable().describe('why it is in its state'),
  wanted: z.enum(['pause', 'stop', 'terminate']).nullable().describe('what it is asked for while it runs'),
  cap: amounts.nullable().describe('what it may spend; null without a cap of its own'),
  limit: z
    .strictObject({
      budget: z.string().describe('the budget that stopped it; `run` or `stage` for a cap of its own'),
      metric: z.string(),
      scope: z.record(z.string(), z.string()),
      limit: nanosText,
      spent: nanosText,
      held: nanosText,
      presumed: nanosText,
      asked: nanosText.nullable(),
      resetsAt: z.iso.datetime().nullable(),
    })
    .nullable()
    .describe('the limit that it reached, with its figures'),
})

const soFar = { costUsd: usd, isLowerBound: z.boolean().describe('whether calls have no price, or none for a part of them') }

export const stageShape = z.strictObject({
  key: z.string(),
  name: z.string(),
  state: z.enum(stageStates),
  attempt: z.int().min(1),
  startedAt: z.iso.datetime().nullable(),
  endedAt: z.iso.datetime().nullable(),
  message: z.string().nullable(),
  costUsd: usd.nullable().describe('null while it runs'),
})

/** One line for each change that `runs watch` sees. */
export const runWatchShape = z.union([
  z.strictObject({ run: runStateShape.extend(soFar) }),
  z.strictObject({
    run: z.strictObject({
      run: z.string(),
      project: z.string().nullable(),
      state: z.null().describe('of a run that is known by the label of its calls only'),
      message: z.string(),
      ...soFar,
    }),
  }),
  z.strictObject({
    stage: stageShape,
  }),
])

/** A run as the server tells of it. */
export const runShape = runStateShape.extend({
  labels,
  createdAt: instant,
  startedAt: instant.nullable().describe('when it first ran'),
  endedAt: instant.nullable().describe('when it ended or paused'),
  profile: z.string().nullable().describe('that it begins with; null for the one in force'),
  approval: z.enum(approvals).nullable().describe('waiting: it is not begun before somebody approves it; null where nobody has to'),
  estimate: estimateShape.omit({ learned: true, stages: true, leftOut: true, actual: true, saved: true }).nullable(),
})

export const runShowShape = z.strictObject({ run: runShape, stages: z.array(stageShape).describe('in their order') })
