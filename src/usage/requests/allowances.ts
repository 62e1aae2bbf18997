/**
 * Tokens that providers put around a caller's text. None publishes all of them for every model, so these are set well
 * above what is published: they are the one part of a bound that is chosen and not derived.
 *
 * - a message: OpenAI counts 3, and 1 for a name, and 3 for the reply
 *   (https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken).
 * - tools: Anthropic puts up to 935 tokens of instructions before them
 *   (https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview#pricing), and up to 735 for a tool of its own.
 * - a system prompt that is not the caller's: templates of open models name the date and their rules; xAI adds one of
 *   its own (https://docs.x.ai/docs/key-information/consumption-and-rate-limits).
 */
export const allowances = {
  request: 256,
  xaiRequest: 2048,
  message: 16,
  toolInstructions: 1024,
  tool: 32,
  vendorTool: 1024,
  answerSchema: 1024,
  citations: 1024,
  /** Marks around each text that is embedded. */
  embeddedText: 16,
} as const

export function requestAllowance(provider: string): number {
  return /^(?:x-?ai|x\.ai|grok)$/i.test(provider) ? allowances.xaiRequest : allowances.request
}
