import type { UsageReader } from '../reader.ts'
import { lastOf, toEvents } from './events.ts'
import { asFields, asList, asText, type Fields, unreadable } from './fields.ts'
import { addOpenAiTokens, responseNames } from './openai-tokens.ts'
import { costFields, readReportedCost } from './reported-cost.ts'
import { UsageDraft } from './usage-draft.ts'

const knownFields = new Set([
  'input_tokens',
  'output_tokens',
  'total_tokens',
  'input_tokens_details',
  'output_tokens_details',
  ...costFields,
])

/**
 * OpenAI image generation and editing. The gpt-image models report tokens, by which they are priced; the dall-e models
 * report nothing, and are priced by image, size and quality, which the caller adds from its request.
 */
export const openAiImages: UsageReader = {
  providers: ['openai', 'azure', 'azure-openai', '*'],
  apis: ['images', 'images.generate', 'images.generations', 'images.edit', 'image'],
  inputTotalIncludesCache: true,
  source: 'https://platform.openai.com/docs/api-reference/images/object',
  read: (body) => {
    const events = toEvents(body)
    const response = lastOf(events, (event) => (asFields(event['usage']) === undefined ? undefined : event)) ?? events.at(-1)
    if (response === undefined) throw unreadable('images', 'it is no object')
    const draft = new UsageDraft()
    const usage = asFields(response['usage'])
    if (usage === undefined) addImages(draft, response)
    else {
      // Without a split every output token is one of the image: the text of newer models comes with a split.
      addOpenAiTokens(draft, usage, responseNames, { outputMedium: 'image' })
      draft.reportUnknown(usage, knownFields, 'usage.')
      draft.describe('size', response['size'])
      draft.describe('quality', response['quality'])
    }
    const reportedCostUsd = usage === undefined ? undefined : readReportedCost(draft, usage)
    return draft.toReading({ model: asText(response['model']), responseId: asText(response['id']), reportedCostUsd })
  },
}

function addImages(draft: UsageDraft, response: Fields): void {
  const delivered = asList(response['data']).length
  const images = delivered > 0 ? delivered : draft.count(response, 'images') || draft.count(response, 'n')
  if (images === 0) throw unreadable('images', 'it has neither "usage" nor "data"')
  draft.add('images', images)
  const isDallE = asText(response['model'])?.startsWith('dall-e') === true
  const size = asText(response['size'])
  const quality = asText(response['quality'])
  draft.describe('size', size ?? (isDallE ? '1024x1024' : undefined))
  draft.describe('quality', quality ?? (isDallE ? 'standard' : undefined))
  if (isDallE && (size === undefined || quality === undefined)) {
    const missing = [size === undefined ? 'size 1024x1024' : '', quality === undefined ? 'quality standard' : ''].filter(
      (text) => text !== '',
    )
    draft.warn('assumed', `The response does not say it, so the API's default is assumed: ${missing.join(', ')}.`)
  }
}
