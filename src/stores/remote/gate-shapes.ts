import { z } from 'zod'
import { actions, levels, metrics, modes, origins } from '../../budgets/budget.ts'
import { basisShape, draftShape, idShape, ignoreShape, labelsShape, nameShape } from './charge-shapes.ts'

const amount = z
  .bigint()
  .min(0n)
  .max(2n ** 63n - 1n)
const amounts = z.partialRecord(z.enum(metrics), amount)
const text = z.string().max(4096)
const hold = z
  .string()
  .min(1)
  .max(200)
  .regex(/^\P{Cc}*$/u)
const ttlMs = z.number().min(0).max(1e13)
const filter = z.strictObject({
  field: text,
  op: z.enum(['equals', 'not', 'anyOf', 'noneOf', 'prefix', 'absent', 'present']),
  values: z.array(text),
})

const asked = z.strictObject({
  labels: labelsShape,
  worst: amounts,
  saysCalls: z.boolean().optional(),
  isForParts: z.boolean().optional(),
  expected: amounts,
  ttlMs,
  basis: basisShape,
  provider: nameShape.nullable(),
  model: nameShape.nullable(),
  refusal: z.strictObject({ kind: z.enum(['unpriced', 'unbounded']), message: text }).nullable(),
  catalog: text.nullable(),
  request: text.nullable(),
  maxOutputTokens: z.number().nullable(),
})

const settlement = z.strictObject({
  draft: draftShape,
  otherParts: z.array(draftShape).optional(),
  ignore: ignoreShape,
  settling: z.enum(['partial', 'partial-uncertain', 'final', 'uncertain']),
  takesBasis: z.boolean().optional(),
  isMeasured: z.boolean().optional(),
})

const threshold = z.strictObject({
  percent: z.number(),
  level: z.enum(levels),
  message: text.optional(),
  action: z.enum(actions).optional(),
})

const terms = {
  limit: amount,
  mode: z.enum(modes),
  tolerance: amount,
  onLimit: z.enum(actions),
  thresholds: z.array(threshold).max(100),
}

const window = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.enum(['run', 'total', 'hour', 'day', 'quarter', 'year']) }),
  z.strictObject({ kind: z.literal('week'), startsOn: z.int().min(1).max(7) }),
  z.strictObject({ kind: z.literal('month'), anchorDay: z.int().min(1).max(31) }),
  z.strictObject({ kind: z.literal('rolling'), hours: z.number().positive() }),
])

const budget = z.strictObject({
  ...terms,
  name: nameShape,
  metric: z.enum(metrics),
  where: z.array(filter),
  each: z.array(text),
  window,
  zone: text,
  overrides: z.array(z.strictObject({ ...z.strictObject(terms).partial().shape, match: labelsShape })),
  increase: z.strictObject({ by: amount, until: z.number() }).nullable(),
  countsPlan: z.boolean(),
  countsCacheReads: z.boolean(),
  ceiling: amount.nullable(),
  learnBy: z.array(text),
  quantile: z.number().gt(0).max(1),
  origin: z.enum(origins),
})

const change = { author: text, expected: z.number().nullable().optional() }

/** What each operation of the gate takes. */
export const gateShapes = {
  reserve: z.strictObject({ id: hold, asked }),
  split: z.strictObject({ from: idShape, id: hold, asked }),
  raise: z.strictObject({ id: idShape, to: amounts }),
  settle: z.strictObject({ id: idShape, settlement }),
  resolve: z.strictObject({ id: idShape, settlement }),
  release: z.strictObject({ id: idShape, resolving: z.boolean().optional() }),
  extend: z.strictObject({ id: idShape, ttlMs }),
  why: z.strictObject({ asked }),
  hold: z.strictObject({ id: idShape }),
  holds: z.strictObject({ budget: text.optional() }),
  define: z.strictObject({ ...change, budget }),
  remove: z.strictObject({ ...change, name: text }),
  seed: z.strictObject({ name: text }),
  budgets: z.strictObject({}),
  status: z.strictObject({ names: z.array(text).optional() }),
  standing: z.strictObject({ labels: labelsShape }),
  lapse: z.strictObject({}),
}
