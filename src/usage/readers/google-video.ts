import type { UsageReader } from '../reader.ts'
import { asFields, asList, asText, type Fields, firstFields, firstText, unreadable } from './fields.ts'
import { UsageDraft } from './usage-draft.ts'

/**
 * Veo: the finished operation of predictLongRunning, or what generateVideos returns. It names neither length nor
 * resolution: the caller adds them from its request, as `parameters` (or `config`) beside the operation's fields.
 * What the request left to the API is its default: 8 seconds, 720p, with sound from Veo 3 on.
 */
export const googleVideo: UsageReader = {
  providers: ['google', 'gemini', 'vertex', 'vertex-ai', 'google-vertex', 'google-ai-studio'],
  apis: ['veo', 'predictLongRunning', 'generateVideos', 'video', 'videos'],
  inputTotalIncludesCache: null,
  source: 'https://ai.google.dev/gemini-api/docs/video',
  read: (body) => {
    const operation = asFields(body)
    const videos = operation === undefined ? undefined : countVideos(operation)
    if (operation === undefined || videos === undefined)
      throw unreadable('video', 'it has no list of generated videos; hand over the finished operation')
    const draft = new UsageDraft()
    const name = asText(operation['name'])
    const model = firstText(operation, ['model', 'modelVersion']) ?? /models\/([^/]+)/.exec(name ?? '')?.[1]
    addVideos(draft, operation, videos, model)
    return draft.toReading({ model, responseId: name })
  },
}

function addVideos(draft: UsageDraft, operation: Fields, videos: number, model: string | undefined): void {
  const parameters = firstFields(operation, ['parameters', 'config']) ?? operation
  const assumed: string[] = []
  const said = parameters['durationSeconds']
  if (said === undefined || said === null) assumed.push('8 seconds')
  const seconds = said === undefined || said === null ? 8 : draft.decimal(said, 'parameters.durationSeconds')
  const resolution = asText(parameters['resolution'])?.toLowerCase()
  if (resolution === undefined) assumed.push('720p')
  const soundless = model?.startsWith('veo-2') === true
  const audio = parameters['generateAudio']
  draft.add('videoSeconds', seconds * videos)
  draft.describe('resolution', resolution ?? '720p')
  draft.describe('audio', typeof audio === 'boolean' ? audio : !soundless)
  if (assumed.length > 0 && videos > 0)
    draft.warn('assumed', `Neither response nor parameters say it, so the API's defaults are assumed: ${assumed.join(', ')}.`)
}

/** Videos delivered; those that a filter withheld are not billed. */
function countVideos(operation: Fields): number | undefined {
  const response = asFields(operation['response']) ?? operation
  const inner = asFields(response['generateVideoResponse']) ?? response
  for (const name of ['generatedSamples', 'generatedVideos', 'videos']) {
    if (Array.isArray(inner[name])) return asList(inner[name]).length
  }
  return typeof inner['raiMediaFilteredCount'] === 'number' ? 0 : undefined
}
