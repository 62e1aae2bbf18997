import type { Attributes } from '../../usage/usage.ts'

/** Providers whose name in LiteLLM is not the one under which our cards stand. */
const providers: Readonly<Record<string, string>> = {
  'text-completion-openai': 'openai',
  chatgpt: 'openai',
  azure_ai: 'azure',
  azure_text: 'azure',
  bedrock: 'aws',
  bedrock_converse: 'aws',
  bedrock_mantle: 'aws',
  gemini: 'google',
  palm: 'google',
  codestral: 'mistral',
  'text-completion-codestral': 'mistral',
  cohere_chat: 'cohere',
  fireworks_ai: 'fireworks',
  'fireworks_ai-embedding-models': 'fireworks',
  github_copilot: 'github-copilot',
  moonshot: 'moonshotai',
  together_ai: 'together',
  voyage: 'voyageai',
  xai: 'x-ai',
}

export interface LiteLlmName {
  readonly provider: string
  readonly model: string
  /** Size and quality that stand in front of the name of an image model. */
  readonly attributes?: Attributes
}

const routes = new Set(['azure', 'azure_ai', 'bedrock', 'fireworks_ai', 'gemini', 'vertex_ai', 'openai', 'mistral', 'cohere'])
const imageName = /^(?:(low|medium|high|standard|hd)\/)?(\d+)-x-(\d+)\/([^/]+)$/

/** Our provider and model name for a key of LiteLLM: `low/1024-x-1024/gpt-image-1` is `gpt-image-1` of a size and quality. */
export function readName(key: string, listedProvider: string): LiteLlmName {
  const provider = listedProvider.startsWith('vertex_ai') ? 'google' : (providers[listedProvider] ?? listedProvider)
  const slash = key.indexOf('/')
  const route = key.slice(0, slash)
  const model = route === listedProvider || route === provider || routes.has(route) ? key.slice(slash + 1) : key
  const image = imageName.exec(model)
  if (image === null) return { provider, model }
  const [, quality, width = '', height = '', name = model] = image
  return { provider, model: name, attributes: { size: `${width}x${height}`, ...(quality === undefined ? {} : { quality }) } }
}
