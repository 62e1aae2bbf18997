import { asFields, asList, asText, type Fields } from './fields.ts'
import type { UsageDraft } from './usage-draft.ts'

/**
 * What OpenAI's tools did in a response, by its output items: searches and file searches by the call, code interpreter
 * and hosted shell by the container (https://developers.openai.com/api/docs/pricing). Web searches are billed only where
 * their action is `search`; opening a page or finding in it is not.
 */
export function addOpenAiTools(draft: UsageDraft, response: Fields): void {
  const containers = new Set<string>()
  let drawings = 0
  for (const item of asList(response['output'])) {
    const fields = asFields(item)
    const type = asText(fields?.['type'])
    if (type === 'web_search_call') {
      const action = asText(asFields(fields?.['action'])?.['type'])
      if (action === undefined || action === 'search') draft.add('searches', 1)
    } else if (type === 'file_search_call') draft.add('fileSearches', 1)
    else if (type === 'code_interpreter_call') containers.add(asText(fields?.['container_id']) ?? '')
    else if (type === 'shell_call') addShell(containers, asFields(fields?.['environment']))
    else if (type === 'image_generation_call') drawings += 1
  }
  if (containers.size > 0) addContainers(draft, containers.size, response)
  if (drawings > 0) {
    draft.warn(
      'missing-usage',
      `The response drew ${drawings} with its image tool, which is billed as a call of the image model and not counted here: ` +
        'record that model with images, or with its imageInputTokens and imageOutputTokens.',
    )
  }
}

/** A shell on the caller's own machine has no container. */
function addShell(containers: Set<string>, environment: Fields | undefined): void {
  const container = asText(environment?.['container_id'])
  if (container !== undefined) containers.add(container)
}

function addContainers(draft: UsageDraft, containers: number, response: Fields): void {
  draft.add('containerSessions', containers)
  draft.describe('memory', memoryOf(response))
  draft.warn(
    'assumed',
    `${containers} ${containers === 1 ? 'container counts as a session' : 'containers count as a session each'} of 20 minutes. ` +
      'OpenAI bills a container by the minute, from five on, and once for all the responses that use it; the response does not tell how long it ran.',
  )
}

/** The memory that the request asked for, which the response repeats; a container made before does not show its own. */
function memoryOf(response: Fields): string | undefined {
  for (const item of asList(response['tools'])) {
    const tool = asFields(item)
    const container = asFields(tool?.['container']) ?? asFields(tool?.['environment'])
    const memory = asText(container?.['memory_limit'])
    if (memory !== undefined) return memory
  }
  return undefined
}
