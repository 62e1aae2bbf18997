import type { UsageReader } from '../reader.ts'
import { lastOf, toEvents } from './events.ts'
import { asFields, asText, type Fields, unreadable } from './fields.ts'
import { openBatchLine } from './openai-batch.ts'
import { addOpenAiTokens, responseFields, responseNames } from './openai-tokens.ts'
import { addOpenAiTools } from './openai-tools.ts'
import { costFields, readReportedCost } from './reported-cost.ts'
import { addServerTools, serverToolFields } from './server-tools.ts'
import { toServiceTier } from './service-tier.ts'
import { UsageDraft } from './usage-draft.ts'

const knownFields = new Set([...responseFields, ...costFields, ...serverToolFields])

/** OpenAI's responses API (also Azure's, OpenRouter's and xAI's), whole or streamed, and the realtime API's `response.done`. */
export const openAiResponses: UsageReader = {
  providers: ['openai', 'azure', 'azure-openai', '*'],
  apis: ['responses', 'realtime'],
  inputTotalIncludesCache: true,
  source: 'https://platform.openai.com/docs/api-reference/responses/object',
  read: (body) => {
    const opened = openBatchLine(body)
    const events = toEvents(opened.body)
    const response = lastOf(events, responseOf)
    const usage = asFields(response?.['usage'])
    if (response === undefined || usage === undefined) {
      throw unreadable('responses', 'it has no "usage"; a stream sends it with the response.completed event')
    }
    const draft = new UsageDraft()
    addOpenAiTokens(draft, usage, responseNames)
    draft.reportUnknown(usage, knownFields, 'usage.')
    const counted = addServerTools(draft, usage, asText(response['model']))
    if (!counted) addOpenAiTools(draft, response)
    return draft.toReading({
      model: asText(response['model']),
      serviceTier: opened.serviceTier ?? toServiceTier(response['service_tier']),
      responseId: asText(response['id']),
      stopReason: asText(asFields(response['incomplete_details'])?.['reason']) ?? asText(response['status']),
      reportedCostUsd: readReportedCost(draft, usage),
    })
  },
}

/** The response itself, or the one that a `response.completed`, `response.incomplete` or `response.done` event carries. */
function responseOf(event: Fields): Fields | undefined {
  const response = asFields(event['response']) ?? event
  return asFields(response['usage']) === undefined ? undefined : response
}
