import { asText } from '../readers/fields.ts'
import type { RequestReader } from './call-request.ts'
import { RequestDraft, requestFields, fieldNames } from './request-draft.ts'

const knownFields = fieldNames(
  'model file prompt language response_format timestamp_granularities timestamp_granularities[] include include[]',
  'chunking_strategy known_speaker_names known_speaker_references url user',
)

/**
 * Transcription and translation. How long the sound plays does not stand in the request: the caller declares it as
 * `quantities: { audioSeconds }`, and it is rounded up to the second, as the provider may bill it. The models that are
 * billed by tokens need `audioInputTokens` and `outputTokens` in the same way.
 */
export const openAiTranscriptionRequest: RequestReader = {
  providers: ['openai', '*'],
  apis: ['transcription', 'transcriptions', 'audio.transcriptions', 'translation', 'translations'],
  source: 'https://platform.openai.com/docs/api-reference/audio/createTranscription',
  read: (given) => {
    const seconds = given.quantities?.audioSeconds
    const source = seconds === undefined ? given : { ...given, quantities: { ...given.quantities, audioSeconds: Math.ceil(seconds) } }
    const fields = requestFields(source)
    const draft = new RequestDraft(source, asText(fields['model']))
    draft.refuseUnknown(fields, knownFields)
    if (/gpt-/.test(draft.model)) {
      draft.value(fields['prompt'])
      draft.refuse('audio', 'file', 'how long it plays is not known, so its tokens cannot be bounded')
      draft.refuse('undeclared-quantity', 'outputTokens', 'no field limits how long the transcript becomes; give its tokens as quantities')
      return draft.toRequest({})
    }
    draft.refuse('undeclared-quantity', 'audioSeconds', 'the request does not say how long the sound plays; give it as quantities')
    return draft.toRequest({ promptReadings: 0 })
  },
}
