import type { UsageReader } from '../reader.ts'
import { asFields, asText, type Fields, firstText, unreadable } from './fields.ts'
import { UsageDraft } from './usage-draft.ts'

/**
 * ElevenLabs text to speech. The response is sound; what it consumed stands in its headers. Handed over is
 * `{ model_id, characters }`, or the headers, as `{ model_id, headers }`: `x-character-count`, or `character-cost`,
 * which counts credits. A character is one credit, half a credit with the flash and turbo models
 * (https://elevenlabs.io/docs/models), so for these a count of characters from the request is the better source.
 */
export const elevenLabsSpeech: UsageReader = {
  providers: ['elevenlabs', 'eleven-labs'],
  apis: ['text-to-speech', 'speech', 'tts'],
  inputTotalIncludesCache: null,
  source: 'https://elevenlabs.io/docs/api-reference/introduction#tracking-generation-costs',
  read: (body) => {
    const response = asFields(body)
    if (response === undefined) throw unreadable('text-to-speech', 'it is no object')
    const headers = lowerCaseNames(asFields(response['headers']) ?? response)
    const model = firstText(response, ['model_id', 'modelId', 'model'])
    const draft = new UsageDraft()
    draft.add('characters', readCharacters(draft, response, headers, model))
    return draft.toReading({ model, responseId: asText(headers['request-id']) ?? firstText(response, ['request_id', 'history_item_id']) })
  },
}

function readCharacters(draft: UsageDraft, response: Fields, headers: Fields, model: string | undefined): number {
  for (const name of ['characters', 'character_count', 'input_characters']) {
    if (response[name] !== undefined) return draft.count(response, name)
  }
  const isHalfCredit = model === undefined || /flash|turbo/.test(model)
  const named = model ?? 'no model named'
  if (headers['x-character-count'] !== undefined) {
    const counted = Math.ceil(draft.decimal(headers['x-character-count'], 'x-character-count'))
    if (isHalfCredit) draft.warn('assumed', `x-character-count says ${counted}, read as characters, not as credits (${named}).`)
    return counted
  }
  if (headers['character-cost'] === undefined) {
    throw unreadable('text-to-speech', 'hand over { "model_id": …, "characters": … } or the response headers')
  }
  const credits = draft.decimal(headers['character-cost'], 'character-cost')
  const perCredit = isHalfCredit && model !== undefined ? 2 : 1
  if (isHalfCredit) draft.warn('assumed', `character-cost says ${credits}, read as credits of ${perCredit} characters each (${named}).`)
  return Math.ceil(credits * perCredit)
}

function lowerCaseNames(headers: Fields): Fields {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value[0] : value]))
}
