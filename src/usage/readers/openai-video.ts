import type { UsageReader } from '../reader.ts'
import { asFields, asText, unreadable } from './fields.ts'
import { UsageDraft } from './usage-draft.ts'

/** OpenAI's video job (Sora): seconds are text in this API, and a job that failed costs nothing. */
export const openAiVideo: UsageReader = {
  providers: ['openai', 'azure', 'azure-openai', '*'],
  apis: ['video', 'videos'],
  inputTotalIncludesCache: null,
  source: 'https://platform.openai.com/docs/api-reference/videos/object',
  read: (body) => {
    const job = asFields(body)
    const said = job?.['seconds'] ?? job?.['n_seconds']
    if (job === undefined || said === undefined) throw unreadable('video', 'it has no "seconds"')
    const draft = new UsageDraft()
    const status = asText(job['status'])
    const seconds = draft.decimal(said, 'seconds')
    if (status !== 'failed' && status !== 'cancelled') draft.add('videoSeconds', seconds)
    if (status === 'queued' || status === 'in_progress')
      draft.warn('assumed', `The job is ${status}: its ${seconds} seconds are counted as if it had succeeded.`)
    const size = asText(job['size'])
    draft.describe('size', size)
    draft.describe('resolution', size === undefined ? undefined : toResolution(size))
    return draft.toReading({ model: asText(job['model']), responseId: asText(job['id']), stopReason: status })
  },
}

/** The shorter side, by which price lists name a resolution: `1280x720` is `720p`. */
function toResolution(size: string): string | undefined {
  const [width, height] = size.split('x').map(Number)
  return width === undefined || height === undefined || Number.isNaN(width + height) ? undefined : `${Math.min(width, height)}p`
}
