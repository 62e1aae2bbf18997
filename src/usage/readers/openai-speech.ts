import type { UsageReader } from '../reader.ts'
import { lastOf, lastText, toEvents } from './events.ts'
import { asFields, unreadable } from './fields.ts'
import { addOpenAiTokens, responseFields, responseNames } from './openai-tokens.ts'
import { UsageDraft } from './usage-draft.ts'

const knownFields = new Set<string>(responseFields)

/**
 * OpenAI text to speech. The response is sound without a usage: the caller hands over `{ model, characters }`, the
 * length of its input in Unicode code points. A stream of the token-priced models ends with `speech.audio.done`,
 * which reports tokens; all of its output is audio.
 */
export const openAiSpeech: UsageReader = {
  providers: ['openai', 'azure', 'azure-openai', '*'],
  apis: ['speech', 'audio.speech', 'tts'],
  inputTotalIncludesCache: null,
  source: 'https://platform.openai.com/docs/api-reference/audio/createSpeech',
  read: (body) => {
    const events = toEvents(body)
    const draft = new UsageDraft()
    const usage = lastOf(events, (event) => asFields(event['usage']))
    if (usage !== undefined) {
      addOpenAiTokens(draft, usage, responseNames, { outputMedium: 'audio' })
      draft.reportUnknown(usage, knownFields, 'usage.')
    } else {
      const name = ['characters', 'input_characters'].find((field) => lastOf(events, (event) => event[field]) !== undefined)
      const counted = events.at(-1)
      if (name === undefined || counted === undefined)
        throw unreadable('speech', 'hand over { "model": …, "characters": length of the input }')
      draft.add('characters', draft.count(counted, name))
    }
    return draft.toReading({ model: lastText(events, 'model'), responseId: lastText(events, 'id') })
  },
}
