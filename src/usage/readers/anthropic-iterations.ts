import { addCacheWrites } from './anthropic-cache-writes.ts'
import { asFields, asText, type Fields } from './fields.ts'
import type { UsageDraft } from './usage-draft.ts'

/** Iterations that the totals of the message include. */
const included = new Set(['message', 'fallback_message'])

/**
 * The samplings of one message. The message's own totals leave a compaction out although it is billed, by the same
 * model: https://platform.claude.com/docs/en/build-with-claude/compaction-threshold. They leave the advisor out too,
 * billed at another model's rates: https://platform.claude.com/docs/en/agents-and-tools/tool-use/advisor-tool
 */
export function addIterations(draft: UsageDraft, usage: Fields): void {
  const samplings: Fields[] = []
  for (const item of draft.list(usage, 'iterations', 'usage.')) {
    const iteration = asFields(item)
    const type = asText(iteration?.['type'])
    if (iteration === undefined) continue
    if (type !== undefined && included.has(type)) samplings.push(iteration)
    else if (type === 'compaction') addCompaction(draft, iteration)
    else reportApart(draft, iteration, type ?? 'without a type')
  }
  if (samplings.length === 0) return
  checkSamplings(draft, usage, samplings)
  reportRefused(draft, usage, samplings)
}

/**
 * Where a fallback model answered, the totals are its own: the attempt that was refused before it is billed where it
 * had begun to answer, at its model's rates: https://platform.claude.com/docs/en/build-with-claude/fallback-credit
 */
function reportRefused(draft: UsageDraft, usage: Fields, samplings: readonly Fields[]): void {
  const last = samplings.at(-1)
  if (last?.['type'] !== 'fallback_message' || bothSides(usage) !== bothSides(last)) return
  for (const refused of samplings.slice(0, -1)) reportApart(draft, refused, 'refused before the fallback')
}

/** The totals are those of all samplings, or of the last one; anything else may leave tokens out. */
function checkSamplings(draft: UsageDraft, usage: Fields, samplings: readonly Fields[]): void {
  const total = bothSides(usage)
  const sum = samplings.reduce((all, sampling) => all + bothSides(sampling), 0)
  if (total !== sum && total !== bothSides(samplings.at(-1))) {
    draft.warn('sum-mismatch', `usage counts ${total} input and output tokens, but its iterations sum to ${sum}.`)
  }
}

function bothSides(fields: Fields | undefined): number {
  const { input_tokens: input, output_tokens: output } = fields ?? {}
  return (typeof input === 'number' ? input : 0) + (typeof output === 'number' ? output : 0)
}

function addCompaction(draft: UsageDraft, iteration: Fields): void {
  const where = 'usage.iterations.compaction.'
  draft.add('inputTokens', draft.required(iteration, 'input_tokens', where))
  draft.add('outputTokens', draft.required(iteration, 'output_tokens', where))
  draft.add('cacheReadTokens', draft.count(iteration, 'cache_read_input_tokens', where))
  addCacheWrites(draft, iteration, where)
}

function reportApart(draft: UsageDraft, iteration: Fields, type: string): void {
  const where = `usage.iterations.${type}.`
  const names = ['input_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens', 'output_tokens']
  const counts = names.map((name) => ({ name, tokens: draft.count(iteration, name, where) })).filter(({ tokens }) => tokens > 0)
  if (counts.length === 0) return
  const model = asText(iteration['model']) ?? 'a model it does not name'
  const listed = counts.map(({ name, tokens }) => `${name} ${tokens}`).join(', ')
  draft.warn(
    'missing-usage',
    `The call also used ${model} (iteration ${type}: ${listed}), billed at that model's rates; it is not counted here.`,
  )
}
