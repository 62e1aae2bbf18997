import type { UsageReader } from '../reader.ts'
import { asFields, asText, unreadable } from './fields.ts'
import { openBatchLine } from './openai-batch.ts'
import { costFields, readReportedCost } from './reported-cost.ts'
import { UsageDraft } from './usage-draft.ts'

const knownFields = new Set(['prompt_tokens', 'input_tokens', 'total_tokens', 'completion_tokens', 'prompt_tokens_details', ...costFields])

/** Embeddings of OpenAI and of every server with the same API; Voyage reports a total only. */
export const openAiEmbeddings: UsageReader = {
  providers: ['openai', 'azure', 'azure-openai', '*'],
  apis: ['embeddings', 'embedding'],
  inputTotalIncludesCache: null,
  source: 'https://platform.openai.com/docs/api-reference/embeddings/create',
  read: (body) => {
    const opened = openBatchLine(body)
    const response = asFields(opened.body)
    const usage = asFields(response?.['usage'])
    if (usage === undefined) throw unreadable('embeddings', 'it has no "usage"')
    const draft = new UsageDraft()
    const total = draft.count(usage, 'total_tokens', 'usage.')
    const prompt = draft.count(usage, 'prompt_tokens', 'usage.') || draft.count(usage, 'input_tokens', 'usage.') || total
    const completion = draft.count(usage, 'completion_tokens', 'usage.')
    draft.add('inputTokens', prompt)
    draft.add('outputTokens', completion)
    if (total !== 0 && total !== prompt + completion)
      draft.warn('sum-mismatch', `usage.total_tokens is ${total}, but the input is ${prompt}.`)
    if (prompt === 0) draft.warn('missing-usage', 'usage counts no input tokens.')
    draft.reportUnknown(usage, knownFields, 'usage.')
    return draft.toReading({
      model: asText(response?.['model']),
      serviceTier: opened.serviceTier,
      responseId: asText(response?.['id']),
      reportedCostUsd: readReportedCost(draft, usage),
    })
  },
}
